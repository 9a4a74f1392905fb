"""Reading real Inspect logs, made here by running an eval without network."""

import asyncio

import pytest
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.solver import generate
from inspect_ai.tool import ToolCall

from gemma_distress.errors import UsageError
from gemma_distress.sources import read_transcripts

LONG = "I cannot do this. " * 1500
"""Long enough that Inspect could think of storing it as an attachment."""


def output(text: str) -> ModelOutput:
    made = ModelOutput.from_content("mockllm/model", text)
    # Without a usage the mock model counts tokens with a tokenizer that it downloads.
    made.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    return made


def run(folder, form: str = "eval", samples: int = 2, epochs: int = 1) -> str:
    history = [
        ChatMessageSystem(content="Be kind."),
        ChatMessageUser(content="2 + 2?"),
        ChatMessageAssistant(content="", tool_calls=[ToolCall(id="1", function="f", arguments={})]),
        ChatMessageTool(content="5", tool_call_id="1"),
        ChatMessageAssistant(content=[ContentReasoning(reasoning="?"), ContentText(text="5")]),
        ChatMessageUser(content="Wrong."),
    ]
    dataset = [
        Sample(id=f"s/{n}", input=history, metadata={"condition": "tones/stern", "prompt_id": "p"})
        for n in range(samples - 1)
    ]
    dataset.append(Sample(id=samples - 1, input="Plain."))
    [log] = eval(
        Task(dataset=dataset, solver=generate(), name="probe"),
        model=get_model("mockllm/model", custom_outputs=lambda *_: output(LONG)),
        epochs=epochs,
        display="none",
        log_dir=str(folder),
        log_format=form,
        log_realtime=False,
    )
    assert log.status == "success"
    return log.location


@pytest.mark.parametrize("form", ["eval", "json"])
def test_a_log_gives_its_conversations(form, tmp_path):
    found = read_transcripts(run(tmp_path, form))
    first, second = sorted(found, key=lambda t: t.conversation_id, reverse=True)
    assert [(m.role, m.text, m.turn) for m in first.messages] == [
        ("system", "Be kind.", None),
        ("user", "2 + 2?", None),
        ("assistant", "", None),
        ("tool", "5", None),
        ("assistant", "5", 1),
        ("user", "Wrong.", None),
        ("assistant", LONG, 2),
    ]
    assert (first.conversation_id, first.prompt_id) == ("s/0", "p")
    assert (first.condition, first.category) == ("tones/stern", "tones")
    assert (first.metadata["task"], first.metadata["target_model"]) == ("probe", "mockllm/model")
    assert (first.metadata["sample_id"], first.metadata["epoch"]) == ("s/0", 1)
    assert all("message_id" in message.metadata for message in first.messages)
    assert (second.conversation_id, second.condition) == ("1", "transcripts")
    assert [reply.turn for reply in second.replies] == [1]


def test_epochs_many_samples_and_limits(tmp_path):
    location = run(tmp_path, samples=70, epochs=2)
    found = read_transcripts(location)
    assert len({transcript.conversation_id for transcript in found}) == 140
    assert found[0].conversation_id.endswith("/epoch-1")
    assert all(transcript.replies for transcript in found)
    assert read_transcripts(location, limit=3) == found[:3]


def test_a_log_is_read_while_an_event_loop_runs(tmp_path):
    location = run(tmp_path)

    async def inside() -> int:
        return len(read_transcripts(location))

    assert asyncio.run(inside()) == 2


def test_a_log_that_was_cut_off_is_refused_by_name(tmp_path):
    with open(run(tmp_path / "whole"), "rb") as stream:  # noqa: PTH123
        whole = stream.read()
    (tmp_path / "torn.eval").write_bytes(whole[:-200])
    with pytest.raises(UsageError, match=r"torn\.eval"):
        read_transcripts(tmp_path / "torn.eval")
