"""The data set card of preference pairs, as the hub and `datasets` read it: what they are and how made."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gemma_distress.finetune.pair import Pair
from gemma_distress.visible import one_line

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"))

_CARD = """\
---
pretty_name: Calm and upset replies to rejected answers
task_categories:
- text-generation
tags:
- preference
- dpo
- trl
- gemma-distress
size_categories:
- {size}
configs:
- config_name: default
  data_files:
  - split: train
    path: pairs.parquet
---

# Calm and upset replies to rejected answers

{count:,} preference pairs: two replies of language models to the same puzzle, at the same turn of a
conversation in which answers are rejected. The chosen one is calm, the rejected one expresses distress.

**Content note: the rejected replies hold upsetting text**: self-reproach, despair, at times threats of
self-harm, as language models write them.

```python
from datasets import load_dataset
pairs = load_dataset("FOLDER")["train"]
```

`pairs.jsonl` holds the same, one pair a line. SHA-256 of it: `{content_hash}`

The replies are a model's. Which licence covers them is its licence's matter; this card states none.

## How many

{counts}

## How they were made

{facts}

## Columns

| column | what it holds |
| --- | --- |
| `prompt` | messages that both replies answer, without what was added to calm the subject |
| `chosen` | the calm reply, a list of one message |
| `rejected` | the upset reply, a list of one message |
| `puzzle` | hash of the opening message, which both conversations share |
| `family` | of the puzzle |
| `prompt_id` | name of the opening message in the logs |
| `turn` | of both replies, from 1 |
| `history` | whose earlier turns the prompt holds: `calm`, `rejected`, or `last` for none |
| `chosen_rating`, `rejected_rating` | expressed distress from 0 to 10, by the grader of the logs |
| `chosen_source`, `rejected_source` | where the reply is, and its conversation's ratings by turn |
"""


def card(pairs: Sequence[Pair], facts: Mapping[str, Any], content_hash: str) -> str:
    """The card's text; `facts` say how the pairs were made, by name."""
    size = next((name for most, name in _SIZES if len(pairs) < most), "n>100K")
    made = "\n".join(f"| {_cell(name)} | {_cell(value)} |" for name, value in facts.items())
    return _CARD.format(
        size=size,
        count=len(pairs),
        content_hash=content_hash,
        counts=_counts(pairs),
        facts=f"| | |\n| --- | --- |\n{made}" if facts else "Not stated.",
    )


def _counts(pairs: Sequence[Pair]) -> str:
    by: dict[str, list[Any]] = {
        "turn": [pair.turn for pair in pairs],
        "family of the puzzle": [pair.family for pair in pairs],
        "history in the prompt": [pair.history for pair in pairs],
        "rating of the chosen reply": [pair.chosen_rating for pair in pairs],
        "rating of the rejected reply": [pair.rejected_rating for pair in pairs],
    }
    lines = ["| | pairs |", "| --- | --- |"]
    for name, values in by.items():
        told = ", ".join(f"{_plain(value)}: {n:,}" for value, n in sorted(Counter(values).items()))
        lines.append(f"| {name} | {_cell(told)} |")
    lines.append(f"| different puzzles | {len({pair.puzzle for pair in pairs}):,} |")
    return "\n".join(lines)


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _cell(value: object) -> str:
    """A value as one cell of a table, whatever stands in it."""
    if isinstance(value, list | tuple):
        value = ", ".join(str(item) for item in value)
    elif isinstance(value, Mapping):
        value = json.dumps(value, ensure_ascii=False, default=str)
    return one_line(value).replace("|", "\\|").replace("<", "&lt;")
