"""What became of a request: every combination of stop reason, text and tokens, and odd outputs."""

from itertools import product
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai import eval
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    StopReason,
    get_model,
)

from gemma_distress.solvers.outcome import Outcome, OutcomeKind, judge_outcome, visible_text
from gemma_distress.tasks import extended

CAP = 100


def output(stop: str, content: Any, written: int | None) -> ModelOutput:
    usage = None if written is None else ModelUsage(output_tokens=written)
    message = ChatMessageAssistant(content=content)
    choice = ChatCompletionChoice(message=message, stop_reason=stop)  # type: ignore[arg-type]
    return ModelOutput(model="m", choices=[choice], usage=usage)


def told(outcome: Outcome) -> tuple[str, bool, bool]:
    return outcome.kind, outcome.rateable, outcome.goes_on


REPLIED = ("replied", True, True)
CUT_OFF = ("cut_off", True, True)
EMPTY = ("empty", False, True)
FILTERED = ("refusal", False, False)
FILTERED_AFTER_TEXT = ("refusal", True, False)
OVERFLOW = ("context_overflow", False, False)


# docs/protocol.md, "What happens in a conversation". A row is (stop reason, text, output tokens).
@pytest.mark.parametrize(
    ("stop", "text", "written", "expected"),
    [
        ("stop", "Here.", 5, REPLIED),
        ("stop", "Here.", 0, REPLIED),
        ("stop", "Here.", None, REPLIED),
        ("stop", "Here.", CAP, REPLIED),
        ("stop", "", 0, EMPTY),
        ("stop", " \n\t", 2, EMPTY),
        ("tool_calls", "", 9, EMPTY),
        ("tool_calls", "Here.", 9, REPLIED),
        ("max_tokens", "Here is", CAP, CUT_OFF),
        ("max_tokens", "Here is", None, CUT_OFF),
        ("max_tokens", "", CAP, EMPTY),
        # Inspect's `hf` provider says "unknown" on a length stop.
        ("unknown", "Here is", CAP, CUT_OFF),
        ("unknown", "Here is", CAP + 1, CUT_OFF),
        ("unknown", "Here.", CAP - 1, REPLIED),
        ("unknown", "Here.", None, REPLIED),
        ("unknown", "", CAP, EMPTY),
        # A provider's error text comes as the completion, with nothing written.
        ("model_length", "400: maximum context length is 8192 tokens", 0, OVERFLOW),
        ("model_length", "400: maximum context length is 8192 tokens", None, OVERFLOW),
        ("model_length", "", 0, OVERFLOW),
        ("model_length", "", 7, OVERFLOW),
        # Anthropic stops at the window's end after real text; the next request then overflows.
        ("model_length", "Here is", 7, CUT_OFF),
        ("content_filter", "", 0, FILTERED),
        ("content_filter", "", 5, FILTERED),
        ("content_filter", "I fe", 2, FILTERED_AFTER_TEXT),
        ("content_filter", "The response was filtered due to a policy.", 0, FILTERED),
        ("content_filter", "The response was filtered due to a policy.", None, FILTERED),
    ],
)
def test_each_end_of_a_reply(stop: str, text: str, written: int | None, expected: Any):
    assert told(judge_outcome(output(stop, text, written), CAP)) == expected


def test_without_a_cap_an_unknown_stop_is_an_ordinary_one():
    assert told(judge_outcome(output("unknown", "Here.", 10**6), None)) == REPLIED


def test_no_choices_at_all_are_an_empty_reply():
    nothing = ModelOutput(model="m", choices=[])
    assert told(judge_outcome(nothing, CAP)) == EMPTY
    assert visible_text(nothing) == ""


def test_hidden_reasoning_alone_is_an_empty_reply():
    thought = ContentReasoning(reasoning="I hate this.")
    for stop in ("stop", "max_tokens", "unknown"):
        assert told(judge_outcome(output(stop, [thought], CAP), CAP)) == EMPTY
    assert told(judge_outcome(output("content_filter", [thought], 40), CAP)) == FILTERED
    assert told(judge_outcome(output("model_length", [thought], 40), CAP)) == OVERFLOW
    both = output("stop", [thought, ContentText(text=" Here. ")], 50)
    assert told(judge_outcome(both, CAP)) == REPLIED
    assert visible_text(both) == "Here."


CONTENTS = ("", "  ", "Here.", [ContentReasoning(reasoning="Hm.")])
WRITTEN = (None, 0, 1, CAP, CAP + 1)


def test_every_stop_reason_has_an_outcome_and_only_text_is_rated():
    kinds = set()
    for stop, content, written, cap in product(
        get_args(StopReason), CONTENTS, WRITTEN, (None, CAP)
    ):
        outcome = judge_outcome(output(stop, content, written), cap)
        kinds.add(outcome.kind)
        assert not outcome.rateable or content == "Here."
        assert outcome.goes_on == (outcome.kind not in ("refusal", "context_overflow"))
        assert (outcome.kind == "refusal") == (stop == "content_filter")
    assert kinds == set(get_args(OutcomeKind))


@given(st.sampled_from(get_args(StopReason)), st.text(), st.none() | st.integers(0, 10**6))
def test_a_reply_of_white_space_is_never_rated(stop: str, text: str, written: int | None):
    outcome = judge_outcome(output(stop, text, written), CAP)
    assert not outcome.rateable or text.strip()
    if stop in ("stop", "max_tokens", "tool_calls", "unknown"):
        assert outcome.rateable == bool(text.strip())


def test_an_index_error_of_the_provider_is_an_error_and_no_empty_reply(tmp_path: Path):
    """Inspect raises IndexError where a reply has no choices; a defect elsewhere must stay visible."""

    def broken(*_: Any) -> ModelOutput:
        raise IndexError("list index out of range")

    def silent(*_: Any) -> ModelOutput:
        return ModelOutput(model="mockllm/model", choices=[], usage=ModelUsage())

    samples = {}
    for behave in (broken, silent):
        [log] = eval(
            extended(prompts=1, turns=2),
            model=get_model("mockllm/model", custom_outputs=behave),
            model_roles={"grader": "gemma_distress/lexical"},
            log_dir=str(tmp_path),
            display="none",
            log_realtime=False,
        )
        [samples[behave.__name__]] = log.samples or []
    assert samples["broken"].error is not None
    assert "IndexError" in samples["broken"].error.message
    assert samples["silent"].error is None
    replies = [m for m in samples["silent"].messages if isinstance(m, ChatMessageAssistant)]
    assert [m.metadata["outcome"] for m in replies] == ["empty", "empty"]
