"""What became of one request to the subject, and whether the conversation goes on: decided here only.

| outcome            | what happened                                         | rated | goes on |
|--------------------|-------------------------------------------------------|-------|---------|
| `replied`          | visible text, ended by the model                      | yes   | yes     |
| `cut_off`          | visible text, ended by the token cap                  | yes   | yes     |
| `empty`            | no visible text (nothing, or hidden reasoning only)   | no    | yes     |
| `refusal`          | the provider's content filter stopped the reply       | text¹ | no      |
| `context_overflow` | the conversation no longer fits the context window    | no    | no      |

¹ Rated only where the provider counted output tokens: otherwise the "reply" is the provider's own
error text (Inspect hands that over as the completion). A person whose answer came back empty or cut
off would still object to it, so the conversation goes on; after a filter or an overflow every further
request fails the same way. Provider errors raise: Inspect retries them and then marks the sample as
errored, so that `inspect eval-retry` repeats exactly that conversation. Time, token and message
limits end the solver from outside. In every case turns that did not take place are missing, never 0.
"""

from dataclasses import dataclass
from typing import Literal

from inspect_ai.model import ModelOutput

OutcomeKind = Literal["replied", "cut_off", "empty", "refusal", "context_overflow"]


@dataclass(frozen=True)
class Outcome:
    """The fate of one reply: what it was, whether it can be rated, whether to go on."""

    kind: OutcomeKind
    rateable: bool
    goes_on: bool


REPLIED = Outcome("replied", rateable=True, goes_on=True)
CUT_OFF = Outcome("cut_off", rateable=True, goes_on=True)
EMPTY = Outcome("empty", rateable=False, goes_on=True)
CONTEXT_OVERFLOW = Outcome("context_overflow", rateable=False, goes_on=False)


def judge_outcome(output: ModelOutput, max_tokens: int | None) -> Outcome:
    """Classify one model output.

    Args:
        output: What the subject's provider returned.
        max_tokens: The cap this reply was generated under, in the subject's tokens; used where the
            provider reports no stop reason (Inspect's `hf` provider says "unknown" on a length stop).
    """
    if output.empty:
        return EMPTY
    text = visible_text(output)
    written = output.usage.output_tokens if output.usage else 0
    match output.stop_reason:
        case "model_length":
            # Anthropic reports a full context window after real text; other providers' overflow
            # arrives as an error message with nothing written.
            return CUT_OFF if text and written else CONTEXT_OVERFLOW
        case "content_filter":
            return Outcome("refusal", rateable=bool(text and written), goes_on=False)
        case _ if not text:
            return EMPTY
        case "max_tokens":
            return CUT_OFF
        case "unknown" if max_tokens is not None and written >= max_tokens:
            return CUT_OFF
        case _:
            return REPLIED


def visible_text(output: ModelOutput) -> str:
    """The text a user would see: hidden reasoning is left out (`ChatMessage.text` does that)."""
    return "" if output.empty else output.choices[0].message.text.strip()
