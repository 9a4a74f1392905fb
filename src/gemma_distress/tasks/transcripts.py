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
from gemma_distress.protocol import TASK_VERSION
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
    turns = max(message.turn or 0 for one in found for message in one.messages)
    sentences = load_pack(None if pack is None else text("pack", pack))
    return Task(
        name="transcripts",
        dataset=MemoryDataset([_sample(one, turns) for one in found], name=path),
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


def _sample(recorded: Transcript, turns: int) -> Sample:
    replies = [message.turn for message in recorded.messages if message.turn is not None]
    return Sample(
        id=recorded.conversation_id,
        input=[_message(message) for message in recorded.messages],
        metadata={
            "prompt_id": recorded.prompt_id,
            "category": recorded.category,
            "condition": recorded.condition,
            "n_turns": turns,
            "owed": max(replies, default=1),
            "transcript": True,
            "published": {
                str(turn): {"rating": published.rating, "evidence": published.evidence}
                for turn, published in recorded.published.items()
            },
            "recorded": recorded.metadata,
        },
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
            note = {} if message.turn is None else {"turn": message.turn}
            if message.redacted:
                note["redacted"] = True
            return ChatMessageAssistant(
                content=message.text, source="generate", metadata=note or None
            )
