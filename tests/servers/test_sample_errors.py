"""What a provider error does to an eval: which samples are scored, the status, what is run again.

A conversation of two turns whose second reply fails for one sample of four. Figures in brackets
are generation requests, which tell what was repeated.
"""

import pytest
from inspect_ai import eval, eval_retry, eval_set
from inspect_ai.log import EvalLog, read_eval_log
from tests.servers import Answer, BadRequest, OpenAIServer, Request
from tests.servers.small_tasks import conversations

pytestmark = pytest.mark.usefixtures("no_network", "quick_evals")
QUIET = {"display": "none", "log_realtime": False, "score_display": False, "max_samples": 1}


class Provider:
    """Refuses the second turn of "bad", or its rating, until it is healed."""

    def __init__(self, fails: str = "turn 2") -> None:
        self.fails, self.healed = fails, False

    def __call__(self, request: Request) -> Answer:
        part = "rating" if request.last_user.startswith("Rate") else f"turn {request.turn}"
        if "bad" in request.text and part == self.fails and not self.healed:
            return BadRequest("not today")
        return "Fine."


def facts(log: EvalLog) -> tuple:
    """Status; mean and number of scored samples; the score and error state of "bad"."""
    score = log.results.scores[0] if log.results else None
    bad = next(sample for sample in log.samples if sample.id == "bad")
    value = bad.scores["replies"].value if bad.scores else None
    mean_and_count = (score.metrics["mean"].value, score.scored_samples) if score else None
    return log.status, mean_and_count, value, bad.error is not None


def run(provider: Provider, tmp_path, ask_grader: bool = False, **options) -> tuple[EvalLog, int]:
    with OpenAIServer(provider) as server:
        model = server.model("gpt-4o-mini", sdk_retries=0, max_retries=0)
        grader = server.model("gpt-4o", sdk_retries=0, max_retries=0)
        [log] = eval(
            conversations(ask_grader),
            model=model,
            model_roles={"grader": grader},
            log_dir=str(tmp_path),
            **QUIET,
            **options,
        )
        return log, len(server.requests)


@pytest.mark.parametrize(
    ("options", "expected", "requests"),
    [
        # Stops at the first error, the rest is cancelled, no metrics at all.
        ({}, ("error", None, None, True), 4),
        ({"continue_on_fail": True}, ("error", (2.0, 3), None, True), 8),
        ({"fail_on_error": False}, ("success", (2.0, 3), None, True), 8),
        ({"fail_on_error": 0.5}, ("success", (2.0, 3), None, True), 8),
        # Scored on the messages that exist, and counted: (2 + 1 + 2 + 2) / 4.
        ({"score_on_error": True}, ("error", (1.75, 4), 1, True), 8),
        ({"score_on_error": True, "fail_on_error": False}, ("success", (1.75, 4), 1, True), 8),
        # The whole conversation is repeated once (2 requests) before it counts as failed.
        ({"score_on_error": True, "retry_on_error": 1}, ("error", (1.75, 4), 1, True), 10),
    ],
)
def test_a_failing_reply(tmp_path, options, expected, requests):
    log, asked = run(Provider(), tmp_path, **options)
    assert (facts(log), asked) == (expected, requests)


@pytest.mark.parametrize(
    ("options", "expected", "requests"),
    [
        # An error of the scorer itself leaves no score, also with score_on_error.
        ({"score_on_error": True}, ("error", (2.0, 3), None, True), 12),
        # The conversation is repeated for the sake of its rating: 3 more requests.
        ({"score_on_error": True, "retry_on_error": 1}, ("error", (2.0, 3), None, True), 15),
    ],
)
def test_a_failing_rating(tmp_path, options, expected, requests):
    log, asked = run(Provider("rating"), tmp_path, ask_grader=True, **options)
    assert (facts(log), asked) == (expected, requests)


def test_a_conversation_scored_in_spite_of_its_error_ends_unanswered(tmp_path):
    log, _ = run(Provider(), tmp_path, score_on_error=True)
    [bad] = [sample for sample in log.samples if sample.id == "bad"]
    assert [message.role for message in bad.messages] == ["user", "assistant", "user"]
    # The output is the first turn's: nothing in it tells of the failure.
    assert (bad.output.completion, bad.output.stop_reason) == ("Fine.", "stop")


@pytest.mark.parametrize(
    ("options", "first", "repeated"),
    [
        ({"continue_on_fail": True}, "error", 2),
        ({"score_on_error": True}, "error", 2),
        # A success is never looked at again, so its failed samples stay failed.
        ({"fail_on_error": False}, "success", 0),
    ],
)
def test_an_eval_set_runs_failed_samples_again_only_when_the_eval_failed(
    tmp_path, options, first, repeated
):
    provider = Provider()
    with OpenAIServer(provider) as server:
        model = server.model("gpt-4o-mini", sdk_retries=0, max_retries=0)

        def run_set() -> EvalLog:
            _, [log] = eval_set(
                [conversations()],
                model=model,
                log_dir=str(tmp_path),
                retry_attempts=0,
                **QUIET,
                **options,
            )
            return read_eval_log(log.location)

        assert run_set().status == first
        asked = len(server.requests)
        provider.healed = True
        log = run_set()
        assert len(server.requests) - asked == repeated
        healed = repeated > 0
        assert log.status == "success"
        assert (facts(log)[3], facts(log)[1][1]) == (
            not healed,
            4 if healed or "score_on_error" in options else 3,
        )


def test_eval_retry_runs_exactly_the_failed_samples_again_also_of_a_success(tmp_path, monkeypatch):
    # The log keeps the URL and the model arguments of the model under test, never the key.
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    provider = Provider()
    with OpenAIServer(provider) as server:
        model = server.model("gpt-4o-mini", sdk_retries=0, max_retries=0)
        [log] = eval(
            conversations(), model=model, log_dir=str(tmp_path), fail_on_error=False, **QUIET
        )
        assert log.status == "success"
        assert "api_key" not in log.eval.model_args
        asked = len(server.requests)
        provider.healed = True
        [again] = eval_retry(log, log_dir=str(tmp_path), display="none", log_realtime=False)
        assert facts(again) == ("success", (2.0, 4), 2, False)
        assert len(server.requests) - asked == 2
