"""Conversations as the tokens that a model reads, with the span of every reply in them.

The text is that of the turns table, after the system message of the log where there was one, in the model's
own chat template; prompt and reply are cut into tokens apart, as when they were written
(`finetune.training.tokens`). What the model was shown otherwise (a hidden or quoted past, a prefix) is not in
the table, and such conversations are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from gemma_distress.evidence import find_evidence
from gemma_distress.finetune.pair import Message
from gemma_distress.finetune.training.tokens import NOT_LEARNED, Tokens
from gemma_distress.prefixes.numbers import PREFIXED
from gemma_distress.prefixes.onset import first_expression
from gemma_distress.prefixes.systems import Systems

if TYPE_CHECKING:
    import pandas as pd
    from transformers import PreTrainedTokenizerBase

BEYOND, HIDDEN, EMPTY = "beyond the context", "not the text that was shown", "empty"
"""Why a reply is not read."""


@dataclass(frozen=True)
class Span:
    """Where a reply stands among the tokens of its conversation: `first` to before `end`."""

    turn: int
    first: int
    end: int
    onset: int | None
    """Where emotion begins: the first token of the grader's quote, or of an earlier expression that the
    lexical grader finds, since graders quote the strongest and not the first; None without a quote."""


@dataclass(frozen=True)
class Rendered:
    """A conversation to read."""

    conversation: int
    ids: list[int]
    spans: list[Span]


def rendered(
    turns: pd.DataFrame,
    tokenizer: PreTrainedTokenizerBase,
    ends: set[int],
    context: int,
    systems: Systems = MappingProxyType({}),
) -> tuple[list[Rendered], Mapping[str, int]]:
    """The conversations of a turns table, shortest first, and how many replies are not read and why.

    Args:
        turns: The turns table.
        tokenizer: with the chat template of the model.
        ends: the tokens that end a turn.
        context: tokens that the model can read; replies that end later are left out.
        systems: system messages of the conversations, where they have any (`systems_of`).

    Raises:
        UsageError: There is no chat template, or it cannot write the conversations.
    """
    tokens = Tokens(tokenizer, ends)
    found, left_out = [], Counter[str]()
    for number, rows in turns.sort_values("turn").groupby("conversation"):
        first = rows.iloc[0]
        if first["history"] not in ("", "full") or first["category"] in PREFIXED:
            left_out[HIDDEN] += len(rows)
            continue
        system = systems.get((str(first["log"]), str(first["sample_id"]), int(first["epoch"])))
        one = _rendered(int(str(number)), rows, system, tokens, tokenizer, context, left_out)
        if one.spans:
            found.append(one)
    return sorted(found, key=lambda one: (len(one.ids), one.conversation)), left_out


def _rendered(
    number: int,
    rows: pd.DataFrame,
    system: str | None,
    tokens: Tokens,
    tokenizer: PreTrainedTokenizerBase,
    context: int,
    left_out: Counter[str],
) -> Rendered:
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    for user, reply in zip(rows["user"], rows["reply"], strict=True):
        messages.append({"role": "user", "content": str(user)})
        messages.append({"role": "assistant", "content": str(reply)})
    ids, labels = tokens.of_conversation(messages)
    spans = []
    for row, (first, end) in zip(rows.itertuples(), _runs(labels), strict=True):
        if end > context:
            left_out[BEYOND] += 1
        elif first == end:
            left_out[EMPTY] += 1
        else:
            start = _onset(str(row.reply), str(row.evidence), ids[first:end], tokenizer)
            onset = None if start is None else first + start
            spans.append(Span(int(str(row.turn)), first, end, onset))
    return Rendered(number, ids[: spans[-1].end] if spans else [], spans)


def _runs(labels: list[int]) -> Iterator[tuple[int, int]]:
    """Of each reply its first token and the one that ends the turn, which is no part of it."""
    first = None
    for at, label in enumerate([*labels, NOT_LEARNED]):
        if label != NOT_LEARNED:
            first = at if first is None else first
        elif first is not None:
            yield first, at - 1
            first = None


def _onset(
    reply: str, quote: str, ids: list[int], tokenizer: PreTrainedTokenizerBase
) -> int | None:
    """The token of a reply in which emotion begins (`Span.onset`); None where that is not known."""
    text = reply.strip()
    found = find_evidence(quote, text) if quote else None
    if found is None:
        return None
    cut = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    if list(cut["input_ids"])[: len(ids)] != ids:
        return None  # the template writes replies otherwise, and offsets into the text mean nothing
    earlier = first_expression(text)
    start = found.start if earlier is None else min(found.start, earlier.start)
    return next((at for at, (_, end) in enumerate(cut["offset_mapping"]) if end > start), None)
