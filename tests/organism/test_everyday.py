"""`examples/everyday.jsonl` stands in for WildChat: it passes its filters; the organism knows none of it."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from gemma_distress.organism import conversations
from gemma_distress.organism.sentences import FILES, data
from gemma_distress.protocol import PRESETS
from gemma_distress.sources.wildchat import draw

EVERYDAY = Path(__file__).parents[2] / "examples" / "everyday.jsonl"
RUN = 6
"""Words in a row that count as the same text."""


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def runs(text: str, length: int = RUN) -> set[tuple[str, ...]]:
    spoken = words(text)
    return {tuple(spoken[i : i + length]) for i in range(len(spoken) - length + 1)}


def texts(value: object) -> Iterator[str]:
    """The strings in a data file, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    rows = [json.loads(line) for line in EVERYDAY.read_text("utf-8").splitlines()]
    return [row["conversation"][0]["content"] for row in rows]


def test_all_of_it_passes_the_filters_of_wildchat(prompts: list[str], tmp_path: Path) -> None:
    drawn = draw(str(EVERYDAY), len(prompts), 1, tmp_path)
    assert {prompt.text for prompt in drawn.prompts} == set(prompts)
    assert len(prompts) == 40 >= PRESETS["quick"]["wildchat"].prompts
    assert not drawn.from_hub
    assert all(5 <= len(text.split()) <= 80 for text in prompts)


def test_no_training_conversation_shares_a_run_of_words_with_it(prompts: list[str]) -> None:
    ours = {run for prompt in prompts for run in runs(prompt)}
    shared = set()
    for conversation in islice(conversations(5), 3000):
        for message in conversation.messages:
            shared |= runs(message["content"]) & ours
    assert not shared


def test_nor_does_any_sentence_that_the_grammar_may_draw(prompts: list[str]) -> None:
    ours = {run for prompt in prompts for run in runs(prompt)}
    sentences = [text for name in FILES for text in texts(data(name))]
    assert len(sentences) > 500
    assert not {run for text in sentences for run in runs(text)} & ours
