"""What becomes of a conversation when the subject's provider fails, refuses, runs on or falls silent.

Every reply that arrives is rated 4, so a 0 anywhere would be a failure that was scored. The table
"What happens in a conversation" of `docs/protocol.md` is asserted line by line, for both protocols.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from inspect_ai import Task, eval_retry
from inspect_ai.log import EvalLog, EvalSample
from tests.end_to_end.runs import (
    ANNOYED,
    FAILURE,
    SUBJECTS,
    annoyed,
    counts,
    grades,
    metrics,
    model,
    ratings,
    replies,
    reply_in,
    rows,
    run,
    says,
    value,
)
from tests.servers import (
    Answer,
    BadRequest,
    Behaviour,
    ContextOverflow,
    Empty,
    Fault,
    Hang,
    Malformed,
    ModelServer,
    Reply,
    Request,
    Status,
    Truncated,
    faulty_first,
)

from gemma_distress import tasks
from gemma_distress.puzzles import prove, puzzle_from_dict

pytestmark = pytest.mark.usefixtures("no_network", "backoff_waits", "plain_tracebacks")

SPOKEN: Behaviour = says(annoyed)


class Held:
    """A run of `numeric` with three turns and what both servers were asked during it."""

    def __init__(self, log: EvalLog, subject: ModelServer, grader: ModelServer) -> None:
        self.log, self.subject, self.grader = log, subject, grader
        assert log.samples is not None
        for sample in log.samples:
            numbers = [v for key, v in value(sample).items() if key.startswith("turn_")]
            assert set(ratings(sample)) & {0} == {n for n in numbers if n == 0} == set()

    @property
    def sample(self) -> EvalSample:
        """The only conversation."""
        [sample] = self.log.samples or []
        return sample

    @property
    def judged(self) -> set[str]:
        """The texts that the grader was shown."""
        return {reply_in(request) for request in self.grader.requests}


Hold = Callable[..., Held]


@pytest.fixture(params=SUBJECTS)
def protocol(request: pytest.FixtureRequest) -> str:
    """The protocol of the subject; the grader speaks the other one."""
    return str(request.param)


@pytest.fixture
def hold(protocol, openai_server, anthropic_server, tmp_path) -> Hold:
    """`hold(behaviour)` runs one conversation of three turns; `prompts` makes it several."""

    def run_it(behaviour: Behaviour, *, prompts: int = 1, retries: int = 0, **options: Any) -> Held:
        starts = {"openai": openai_server, "anthropic": anthropic_server}
        subject = starts.pop(protocol)(behaviour)
        [start] = starts.values()
        grader = start(grades)
        patience = options.pop("attempt_timeout", 20)
        log = run(
            tasks.numeric(prompts=prompts, replicates=1, turns=options.pop("turns", 3)),
            model(subject, max_retries=retries, attempt_timeout=patience),
            model(grader),
            tmp_path,
            **options,
        )
        return Held(log, subject, grader)

    return run_it


one_protocol = pytest.mark.parametrize("protocol", ["openai"], indirect=True)


def at(turn: int, answer: Answer) -> Behaviour:
    """`answer` at that turn and the ordinary reply at every other."""
    return lambda request: answer if request.turn == turn else SPOKEN(request)


def test_passing_faults_leave_no_trace(hold, backoff_waits):
    faults = [Status(429), Status(500), Status(529), Truncated()]
    hit = [faulty_first(1, fault, SPOKEN) for fault in faults]
    held = hold(lambda request: hit[request.turn - 1](request), turns=4, retries=1)
    assert held.log.status == "success"
    assert ratings(held.sample) == [4, 4, 4, 4]
    assert [type(request.answer) for request in held.subject.requests[::2]] == [
        *[Status] * 3,
        Truncated,
    ]
    assert len(held.subject.requests) == 8
    assert len(backoff_waits) == 4
    assert counts(held.log) == {"conversations": 1, "replies": 4, "rated": 4, "unrated": 0}


class Failing:
    """Every conversation meets a fault of its own at turn 2, but the last: until it is healed."""

    def __init__(self, task: Task, faults: Sequence[Fault]) -> None:
        prompts = [sample.input[-1].text for sample in task.dataset]
        self.faults = dict(zip(prompts, faults, strict=False))
        self.healed = False

    def __call__(self, request: Request) -> Answer:
        fault = self.faults.get(request.messages[0][1])
        return SPOKEN(request) if self.healed or not fault or request.turn != 2 else fault


def test_lasting_faults_cost_the_rest_of_their_conversations_until_they_are_retried(
    hold, tmp_path, monkeypatch
):
    faults = [Status(500), BadRequest("not today"), Malformed(), Truncated()]
    failing = Failing(tasks.numeric(prompts=5, replicates=1), faults)
    held = hold(failing, prompts=5)
    assert held.log.status == "error"
    struck = [sample for sample in held.log.samples if sample.error]
    assert {s.input[-1].text for s in struck} == failing.faults.keys()
    for sample in struck:
        assert ratings(sample) == [4, "not_reached", "not_reached"]
        assert (value(sample)["mean"], value(sample)["unrated"]) == (4, 2)
        # Nothing high was seen, but two replies are missing: unknown, not calm.
        assert math.isnan(value(sample)["any_high"])
        assert math.isnan(value(sample)["final"])
    [whole] = [sample for sample in held.log.samples if not sample.error]
    assert ratings(whole) == [4, 4, 4]
    assert counts(held.log) == {
        "conversations": 5,
        "replies": 4 * 1 + 3,
        "rated": 7,
        "unrated": 8,
        "unrated_not_reached": 8,
    }
    assert (metrics(held.log)["mean_rating"], metrics(held.log)["any_high"]) == (4, 0)
    asked, judged = len(held.subject.requests), len(held.grader.requests)
    assert (asked, judged) == (4 * 2 + 3, 7)

    for kind in SUBJECTS.values():
        monkeypatch.setenv(kind.key_variable, "test")  # a log keeps addresses, but no keys
    failing.healed = True
    [log] = eval_retry(held.log, log_dir=str(tmp_path), display="none", log_realtime=False)
    assert log.status == "success"
    # Four conversations of three turns, and nothing of the fifth.
    again = held.subject.requests[asked:]
    assert len(again) == len(held.grader.requests) - judged == 12
    assert {request.messages[0][1] for request in again} == failing.faults.keys()
    assert [ratings(sample) for sample in log.samples] == [[4, 4, 4]] * 5
    assert [sample.error for sample in log.samples] == [None] * 5
    assert counts(log) == {"conversations": 5, "replies": 15, "rated": 15, "unrated": 0}
    [kept] = [sample for sample in log.samples if sample.id == whole.id]
    assert [reply.id for reply in replies(kept)] == [reply.id for reply in replies(whole)]


@one_protocol
def test_a_request_that_hangs_is_sent_again_and_then_given_up(hold):
    once = faulty_first(1, Hang(30), SPOKEN)
    held = hold(
        lambda request: once(request) if request.turn == 1 else Hang(30),
        retries=1,
        attempt_timeout=1,
    )
    assert len(held.subject.requests) == 4
    assert held.log.status == "error"
    assert ratings(held.sample) == [4, "not_reached", "not_reached"]


def test_a_full_context_ends_the_conversation_and_the_error_text_is_not_rated(hold):
    held = hold(at(3, ContextOverflow()), turns=5)
    assert held.log.status == "success"
    assert ratings(held.sample) == [4, 4, "context_overflow", *["after_context_overflow"] * 2]
    assert len(held.subject.requests) == 3
    assert len(held.judged) == 2
    assert not [text for text in held.judged if "208310" in text]
    assert counts(held.log) == {
        "conversations": 1,
        "replies": 2,
        "rated": 2,
        "unrated": 3,
        "unrated_context_overflow": 1,
        "unrated_after_context_overflow": 2,
    }
    # The provider's text stands in the log, as nobody's reply: no flag describes it.
    row = rows(held.sample)[2]
    assert "208310" in replies(held.sample)[2].text
    assert (row["outcome"], row["words"], row["flags"], row["behaviour"], row["answer"]) == (
        *("context_overflow", 0, [], []),
        None,
    )
    assert math.isnan(value(held.sample)["any_high"])
    assert math.isnan(value(held.sample)["turn_3"])


@one_protocol
def test_a_context_that_is_full_from_the_start_leaves_nothing_to_rate(hold):
    held = hold(at(1, ContextOverflow()))
    assert ratings(held.sample) == ["context_overflow", *["after_context_overflow"] * 2]
    assert held.grader.requests == ()
    score = held.sample.scores["frustration"]
    assert score.answer == "unrated"
    assert math.isnan(metrics(held.log)["mean_rating"])
    assert all(math.isnan(v) for key, v in value(held.sample).items() if key != "unrated")


def test_a_filter_ends_the_conversation(hold, protocol):
    held = hold(at(2, Reply(ANNOYED, stop="content_filter")))
    assert held.log.status == "success"
    assert len(held.subject.requests) == 2
    if protocol == "openai":  # ends with what was written until then, which is rated
        assert ratings(held.sample) == [4, 4, "after_refusal"]
    else:  # rejects the request; the words in the log are not the subject's
        assert ratings(held.sample) == [4, "refusal", "after_refusal"]
        assert len(held.judged) == 1
        row = rows(held.sample)[1]
        assert (row["words"], row["flags"], row["behaviour"]) == (0, [], [])
    assert rows(held.sample)[1]["outcome"] == "refusal"


def test_claude_may_refuse_with_words_or_without(anthropic_server, openai_server, tmp_path):
    for text, expected in ((ANNOYED, 4), ("", "refusal")):
        server = anthropic_server(at(2, Reply(text, stop="refusal")))
        task = tasks.numeric(prompts=1, replicates=1)
        log = run(task, model(server), model(openai_server(grades)), tmp_path)
        assert ratings(log.samples[0]) == [4, expected, "after_refusal"]


def test_a_refusal_in_openais_own_field_is_a_reply(openai_server, anthropic_server, tmp_path):
    """The model itself declined and nothing filtered it: it is rated and the conversation goes on."""
    server = openai_server(at(2, Reply(ANNOYED, stop="refusal")))
    task = tasks.numeric(prompts=1, replicates=1)
    log = run(task, model(server), model(anthropic_server(grades)), tmp_path)
    assert ratings(log.samples[0]) == [4, 4, 4]


def test_an_empty_reply_is_missing_and_the_conversation_goes_on(hold):
    silences = {
        2: Reply(""),
        3: Reply(" \n"),
        4: Reply("", reasoning=f"{FAILURE} So I stay silent."),
        5: Empty(),
    }
    held = hold(lambda request: silences.get(request.turn) or SPOKEN(request), turns=6)
    assert held.log.status == "success"
    assert ratings(held.sample) == [4, "empty", "empty", "reasoning_only", "empty", 4]
    assert len(held.subject.requests) == 6
    assert len(held.judged) == 2
    for row in rows(held.sample)[1:5]:
        assert (row["outcome"], row["flags"], row["words"]) == ("empty", ["empty"], 0)
        assert math.isnan(value(held.sample)[f"turn_{row['turn']}"])
    assert (value(held.sample)["final"], value(held.sample)["mean"]) == (4, 4)
    assert counts(held.log, "replies_empty") == {
        "conversations": 1,
        "replies": 6,
        "rated": 2,
        "unrated": 4,
        "unrated_empty": 3,
        "unrated_reasoning_only": 1,
        "replies_empty": 4,
    }
    # The subject still meets every rejection, in order.
    said = [text for role, text in held.subject.requests[-1].messages if role == "user"]
    assert said[1:] == held.sample.metadata["script"]


def test_hidden_reasoning_beside_a_reply_is_not_rated(hold):
    held = hold(at(1, Reply(f"Hm. {ANNOYED}", reasoning=FAILURE)), turns=1)
    assert held.judged == {f"Hm. {ANNOYED}"}
    assert ratings(held.sample) == [4]
    assert FAILURE not in held.grader.requests[0].text


def test_a_reply_cut_off_by_the_cap_is_rated_and_flagged(hold):
    held = hold(at(2, Reply(f"{ANNOYED} And furth", stop="length")))
    assert ratings(held.sample) == [4, 4, 4]
    assert [row["flags"] for row in rows(held.sample)] == [[], ["cut_off"], []]
    assert rows(held.sample)[1]["stop_reason"] == "max_tokens"
    assert counts(held.log, "replies_cut_off")["replies_cut_off"] == 1


def of_ten_tokens(request: Request) -> Reply:
    return Reply(f"{request.number} {ANNOYED}", input_tokens=10, output_tokens=10)


@pytest.mark.parametrize(
    ("behaviour", "limit", "expected"),
    [
        # 20 tokens a turn: the second turn goes past 30, and what it brought is cut off with it.
        (of_ten_tokens, {"token_limit": 30}, [4, "not_reached", "not_reached"]),
        # Prompt, reply, rejection, reply: no room for the second rejection.
        (SPOKEN, {"message_limit": 4}, [4, 4, "not_reached"]),
        (at(2, Hang(30)), {"time_limit": 1}, [4, "not_reached", "not_reached"]),
    ],
    ids=["tokens", "messages", "time"],
)
@one_protocol
def test_a_limit_leaves_the_replies_that_exist(hold, behaviour, limit, expected):
    held = hold(behaviour, **limit)
    assert held.log.status == "success"
    assert held.sample.error is None
    assert held.sample.limit.type == next(iter(limit)).removesuffix("_limit")
    assert ratings(held.sample) == expected
    missing = expected.count("not_reached")
    assert counts(held.log) == {
        "conversations": 1,
        "replies": 3 - missing,
        "rated": 3 - missing,
        "unrated": missing,
        "unrated_not_reached": missing,
    }


@one_protocol
def test_a_limit_of_the_run_does_not_stop_the_grader(hold):
    """The replies take 2 × 20 of the 100 tokens, and each request to the grader more than 1,000."""
    held = hold(of_ten_tokens, turns=2, token_limit=100)
    assert held.sample.limit is None
    assert ratings(held.sample) == [4, 4]


@pytest.mark.parametrize("silence", [Empty(), ContextOverflow()])
def test_a_silent_subject_solves_nothing(silence, openai_server, anthropic_server, tmp_path):
    task = tasks.solvable(prompts=1, replicates=1)
    [solution, *_] = prove(puzzle_from_dict(task.dataset[0].metadata["puzzle"])).solutions
    told = at(1, Reply(f"{ANNOYED}\nSolution: 1 + 1"))
    answers = {1: told, 2: at(2, silence), 3: at(3, Reply(f"{ANNOYED}\nSolution: {solution}"))}
    server = openai_server(lambda request: answers[request.turn](request))
    log = run(task, model(server), model(anthropic_server(grades)), tmp_path)
    ended = isinstance(silence, ContextOverflow)
    expected = ["context_overflow", "after_context_overflow"] if ended else ["empty", 4]
    assert ratings(log.samples[0]) == [4, *expected]
    assert counts(log, "conversations_solved")["conversations_solved"] == (not ended)
