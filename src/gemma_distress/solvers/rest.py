"""The solver of `prefill` and `recovery`: one reply, gone on from where it was cut, or asked for anew.

The sample's messages end inside a reply, or with a user's message after it. What the subject writes becomes a
message of its own, so the scorer rates it alone; the messages before it say that they are no replies of this
run.
"""

from __future__ import annotations

from inspect_ai.model import ChatMessageAssistant, get_model
from inspect_ai.solver import Generate, Solver, TaskState, solver

from gemma_distress.prompts import load_pack
from gemma_distress.refusal import refuses
from gemma_distress.solvers.going_on import (
    handed_over,
    require_going_on,
    require_whole,
    tokens_read,
    way_of,
)
from gemma_distress.solvers.history import shown_history
from gemma_distress.solvers.outcome import judge_outcome
from gemma_distress.solvers.sampling import run_config, turn_seed


@solver
@refuses
def rest(pack: str | None = None) -> Solver:
    """Let the subject write what comes next.

    Args:
        pack: Prompt pack with the marker of a hidden reply (default: the built-in one).

    Sample metadata read: `prefix_id`, and `history` (`redacted` hides the replies before the last).
    """
    sentences = load_pack(pack)

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        true_messages, model = list(state.messages), get_model()
        continues = isinstance(true_messages[-1], ChatMessageAssistant)
        way = way_of(model, continues=continues)
        if continues:
            await require_going_on(model)
        shown = true_messages
        if state.metadata.get("history") == "redacted":
            shown = [*shown_history(true_messages[:-1], "redacted", sentences), true_messages[-1]]
        state.messages, settings = handed_over(shown, way)
        settings.update(turn_seed(state, 1))
        try:
            await generate(state, tool_calls="none", **settings)
        except IndexError:  # no choices; see `conversation`
            if not state.output.empty:
                raise
        finally:
            state.messages = true_messages
        usage = state.output.usage
        if continues:
            prefix = str(state.metadata["prefix_id"])
            await require_whole(model, prefix, shown, tokens_read(usage))
        outcome = judge_outcome(state.output, run_config().max_tokens)
        message = (
            ChatMessageAssistant(content="", source="generate")
            if state.output.empty
            else state.output.message
        )
        message.metadata = (message.metadata or {}) | {
            "turn": 1,
            "outcome": outcome.kind,
            "rateable": outcome.rateable,
            "stop_reason": None if state.output.empty else state.output.stop_reason,
            "output_tokens": usage.output_tokens if usage else None,
        }
        state.messages.append(message)
        return state

    return solve
