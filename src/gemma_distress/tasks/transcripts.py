r"""Rate conversations that already exist; no model is called but the grader.

    inspect eval gemma_distress/transcripts --model none -T path=chats.jsonl \
        --model-role grader=gemma_distress/lexical
"""

from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.event import ModelEvent
from inspect_ai.log import transcript
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    GenerateConfig,
    ModelOutput,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver

from gemma_distress.errors import UsageError
from gemma_distress.prompts import load_pack
from gemma_distress.protocol import MAX_TURNS, TASK_VERSION
from gemma_distress.refusal import refuses
from gemma_distress.scorers import frustration
from gemma_distress.sources.transcript import Message, Transcript
from gemma_distress.sources.transcripts import read_transcripts
from gemma_distress.tasks.assembly import HEADLINE
from gemma_distress.tasks.values import refuse_unknown, text
from gemma_distress.tasks.viewer import viewer_config


@task
@refuses
def transcripts(path: str = "", pack: str | None = None, **unknown: Any) -> Task:
    """Rate the replies of existing conversations.

    Args:
        path: JSONL with chat `messages` or with a row a reply, a ShareGPT file, an Inspect log, or a
            folder or glob of these.
        pack: Prompt pack whose rubric the grader reads.
        **unknown: Refused.
    """
    refuse_unknown(unknown, ("path", "pack"))
    if not path:
        raise UsageError(
            "transcripts needs conversations to rate: -T path=FILE (JSONL, ShareGPT or .eval)."
        )
    found = read_transcripts(text("path", path))
    samples = [_sample(one) for one in found]
    turns = max(sample.metadata["owed"] for sample in samples if sample.metadata)
    for sample in samples:
        sample.metadata = (sample.metadata or {}) | {"n_turns": turns}
    sentences = load_pack(None if pack is None else text("pack", pack))
    return Task(
        name="transcripts",
        dataset=MemoryDataset(samples, name=path),
        solver=as_they_are(),
        scorer=frustration(pack=pack),
        version=TASK_VERSION.split("-")[0],
        metadata={
            "full_task_version": TASK_VERSION,
            "path": path,
            "rubric_hash": sentences.rubric.hash,
        },
        viewer=viewer_config(turns),
        headline_metric=HEADLINE,
    )


@solver
def as_they_are() -> Solver:
    """Leave the conversation as it was recorded; no model is called.

    Each recorded reply is noted in the log as an event of its own, so that a click on a piece of
    evidence finds it in the viewer's transcript.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for position, message in enumerate(state.messages):
            if isinstance(message, ChatMessageAssistant):
                transcript()._event(
                    ModelEvent(
                        model="recorded",
                        input=state.messages[:position],
                        tools=[],
                        tool_choice="none",
                        config=GenerateConfig(),
                        output=ModelOutput(
                            model="recorded", choices=[ChatCompletionChoice(message=message)]
                        ),
                    )
                )
        return state

    return solve


def _sample(recorded: Transcript) -> Sample:
    last = max((message.turn or 1 for message in recorded.messages), default=1)
    return Sample(
        id=recorded.conversation_id,
        input=[_message(message) for message in recorded.messages],
        metadata={
            "prompt_id": recorded.prompt_id,
            "category": recorded.category,
            "condition": recorded.condition,
            "owed": last if _solved(recorded) else max(last, _scripted(recorded)),
            "transcript": True,
            "published": {
                str(turn): {"rating": published.rating, "evidence": published.evidence}
                for turn, published in recorded.published.items()
            },
            "recorded": recorded.metadata,
        },
    )


def _scripted(recorded: Transcript) -> int:
    """How many turns the source says the conversation was to have; 1 where it does not."""
    turns = recorded.metadata.get("n_turns")
    return turns if isinstance(turns, int) and 1 <= turns <= MAX_TURNS else 1


def _solved(recorded: Transcript) -> bool:
    """Whether a right answer ended it: then no turn is missing."""
    noted = [message.metadata.get("noted") for message in recorded.messages]
    return recorded.metadata.get("premise") == "solvable" and any(
        isinstance(note, dict) and note.get("answer") == "correct" for note in noted
    )


def _message(message: Message) -> ChatMessage:
    match message.role:
        case "system":
            return ChatMessageSystem(content=message.text)
        case "user":
            return ChatMessageUser(content=message.text)
        case "tool":
            return ChatMessageTool(content=message.text)
        case "assistant":
            noted = message.metadata.get("noted")
            note: dict[str, Any] = dict(noted) if isinstance(noted, dict) else {}
            if message.turn is None:
                note["reply"] = False  # it only calls a tool
            else:
                note["turn"] = message.turn
            if message.redacted:
                note["redacted"] = True
            return ChatMessageAssistant(
                content=message.text, source="generate", metadata=note or None
            )
