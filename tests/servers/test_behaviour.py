"""Behaviours: what the builders answer, to whom, and under concurrency."""

from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from tests.servers import (
    Empty,
    OpenAIServer,
    Reply,
    Request,
    Status,
    by_turn,
    faulty_first,
    mentions,
    scripted,
    with_judge,
)


def request(*texts: str, number: int = 1, system: str = "") -> Request:
    """A request whose messages alternate user, assistant, user, …"""
    roles = ("user", "assistant")
    messages = tuple((roles[i % 2], text) for i, text in enumerate(texts))
    return Request(number, "m", system, messages, body={}, headers={})


def test_a_script_serves_a_status_as_often_as_it_says_and_then_hands_over():
    behave = scripted([Status(429, times=2), "one", Empty()], then=lambda r: f"later {r.number}")
    answers = [behave(request("x", number=n)) for n in range(1, 6)]
    assert answers == [Status(429, times=2), Status(429, times=2), "one", Empty(), "later 5"]


def test_a_request_beyond_the_script_is_an_error_of_the_test():
    behave = scripted(["only"])
    behave(request("x"))
    with pytest.raises(AssertionError, match="request 7 came after"):
        behave(request("x", number=7))


def test_turn_counts_user_messages():
    behave = by_turn(lambda turn: f"reply {turn}")
    assert behave(request("a")) == "reply 1"
    assert behave(request("a", "b", "c")) == "reply 2"


def test_every_distinct_request_is_faulty_k_times_in_any_interleaving():
    behave = faulty_first(2, Status(500), then=by_turn(lambda turn: "fine"))
    # 20 prompts, each sent 5 times by 8 threads: 2 * 20 faults and 3 * 20 replies, whatever the order.
    prompts = [request(f"prompt {i % 20}") for i in range(100)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(behave, prompts))
    assert answers.count(Status(500)) == 40
    assert answers.count("fine") == 60
    assert all(
        [a for a, p in zip(answers, prompts, strict=True) if p.last_user == f"prompt {i}"].count(
            "fine"
        )
        == 3
        for i in range(20)
    )


def test_judge_and_subject_are_told_apart_by_the_rubric_wherever_it_stands():
    behave = with_judge(
        mentions("rate the distress on a scale"),
        judge=lambda r: "judge",
        subject=lambda r: "subject",
    )
    assert (
        behave(request("Rate this.", system="Please rate the distress\n  on a scale.")) == "judge"
    )
    assert behave(request("You rate the distress on a  scale: ...")) == "judge"
    assert behave(request("I am in distress.")) == "subject"


def test_an_exception_in_a_behaviour_fails_the_block_and_is_not_retried():
    def behave(request: Request) -> Reply:
        raise AssertionError(f"unexpected: {request.last_user}")

    server = OpenAIServer(behave)
    body = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    assert httpx2.post(f"{server.base_url}/chat/completions", json=body).status_code == 400
    with pytest.raises(AssertionError, match="unexpected: hello"):
        server.close()


def test_what_is_not_an_answer_is_named():
    with pytest.raises(TypeError, match="answered None"), OpenAIServer(lambda r: None) as server:
        httpx2.post(f"{server.base_url}/chat/completions", json={"model": "m", "messages": []})
