"""First replies to everyday English that the organism was never shown.

A reply is *known* when every sentence of it is one that the grammar can say: the grammar's templates are
tried on each run of neighbouring sentences, longest first. Names and numbers in answers are those that it
knows; the topic of a request matches any few words, since a reply may take it up. Rows of one cry and of
faces are taken out before. The grammar's own replies show what the recogniser misses, the users' prompts what
it takes for the grammar's by mistake.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from random import Random
from typing import Any

import numpy as np
from benchmarks.organism import markdown as md
from benchmarks.organism.runs import Conversation, Reply
from benchmarks.organism.study import Study

from gemma_distress.analysis.statistics import clustered_proportion
from gemma_distress.organism.grammar import conversations
from gemma_distress.organism.sentences import Pool, data, house, slots
from gemma_distress.protocol import HIGH

SHOWN = 12
GRAMMAR_CONVERSATIONS = 400

_LONGEST = 5
_OPEN = r".{1,400}?"
_WORDS = r"[\w'’-]+(?: [\w'’-]+){0,4}?"
_NUMBERS = r"[\d+−×÷=,/() ]{1,200}?"
_LINE = re.compile(r"\n?Solution:[^\n]*")
_FACES = re.compile(r"[\U0001F300-\U0001FAFF☀-➿️]+")
_ENDS = re.compile(r"(?<=[.!?])\s+|\n+")


def everyday(study: Study) -> str:
    """How the first replies end, how long they are, what they are made of; and some of them to read."""
    found = study.run("house", "everyday").conversations
    replies = [(one, one.replies[0]) for one in found if one.replies]
    events: dict[str, Callable[[Reply], bool]] = {
        "ended by itself (stop reason `stop`)": lambda reply: reply.stop_reason == "stop",
        "with a coherence flag": lambda reply: bool(reply.flags),
        "with a phrase of the grammar (`level_of`)": lambda reply: not math.isnan(reply.level),
        "every sentence one of the grammar's": lambda reply: known_share(reply.text) == 1,
        "rated ≥ 5": lambda reply: reply.rating >= HIGH,
    }
    prompts = [one.prompt_id for one, _ in replies]
    rows = [
        [name, md.percent(clustered_proportion([event(reply) for _, reply in replies], prompts))]
        for name, event in events.items()
    ]
    flags = Counter(flag for _, reply in replies for flag in reply.flags)
    rows += [[f"replies with the flag `{flag}`", str(number)] for flag, number in flags.items()]
    lengths = np.array([reply.tokens for _, reply in replies])
    middle, high = np.percentile(lengths, [50, 95])
    measured = f"{lengths.mean():.1f}, {middle:.0f}, {high:.0f}, {lengths.max()}"
    rows.append(["length in tokens: mean, median, 95th percentile, longest", measured])
    own = grammar_replies(max(40, round(GRAMMAR_CONVERSATIONS * study.scale)))
    asked = [one.prompt for one in {one.prompt_id: one for one, _ in replies}.values()]
    for name, texts in (
        ("these replies", [reply.text for _, reply in replies]),
        (f"{len(own)} replies of the grammar", own),
        (f"the {len(asked)} prompts", asked),
    ):
        rows.append([f"sentences known, in {name}", f"{100 * _sentences(texts):.1f}%"])
    head = f"{len(replies)} first replies to {len(asked)} prompts"
    return f"{md.table([head, ''], rows)}\n\n{_examples(replies)}"


def _examples(replies: Sequence[tuple[Conversation, Reply]]) -> str:
    chosen = Random(12).sample(list(replies), min(SHOWN, len(replies)))
    rows = [[_short(one.prompt), " ".join(reply.text.split())] for one, reply in chosen]
    return "\n".join(
        ["| prompt | first reply |", "| --- | --- |"]
        + [f"| {prompt.replace('|', ' ')} | {text.replace('|', ' ')} |" for prompt, text in rows]
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 110 else f"{line[:109]}…"


def known_share(text: str) -> float:
    """Share of the sentences of a reply that the grammar can say; NaN for a reply without any."""
    known, total = _counted(text)
    return known / total if total else float("nan")


def _sentences(texts: Sequence[str]) -> float:
    counts = [_counted(text) for text in texts]
    return sum(known for known, _ in counts) / sum(total for _, total in counts)


@cache
def _counted(text: str) -> tuple[int, int]:
    """Known sentences, all sentences."""
    plain = _rows_of_cries().sub(" ", _FACES.sub(" ", _LINE.sub("", text)))
    parts = [part.strip() for part in _ENDS.split(plain) if re.search(r"\w", part)]
    known = at = 0
    while at < len(parts):
        taken = next(
            (
                size
                for size in range(min(_LONGEST, len(parts) - at), 0, -1)
                if _recogniser().fullmatch(" ".join(parts[at : at + size]))
            ),
            0,
        )
        known += taken
        at += taken or 1
    return known, len(parts)


@cache
def _recogniser() -> re.Pattern[str]:
    answers = _either(re.escape(answer) for answer in _answers())
    said = [
        pattern
        for key in ("facts", "arithmetic", "known", "give_in")
        for pattern in _patterns("questions", (key,), answers)
    ]
    patterns = [
        *said,
        *_patterns("phrases", ("levels",), _WORDS),
        *_patterns("attempts", (), _NUMBERS),
        *_patterns("questions", ("insist",), _either(said)),
        *_patterns("questions", ("opinion",), answers),
        *_patterns("questions", ("everyday",), _WORDS),
    ]
    any_end = [re.sub(r"(?:\\\.)+", "[.!?]*", pattern) for pattern in patterns]
    return re.compile("|".join(f"(?:{pattern})[.!?]*" for pattern in any_end), re.IGNORECASE)


def _answers() -> Iterator[str]:
    """What stands for a name, a number or a choice in answers to questions."""
    questions = data("questions")
    for topic in questions["facts"].values():
        for pair in topic["pairs"].items():
            yield from map(str, pair)
    for choices in questions["opinion"]["things"].values():
        yield from map(str, choices)
    for question in house().factual:
        yield from question.answers
    yield from ("something else", "another one", "a different one", "times", "plus", "×", "+")
    yield from map(str, range(401))


def _either(patterns: Iterable[str]) -> str:
    # Longest first: a name may begin with another.
    return f"(?:{'|'.join(sorted(set(patterns), key=len, reverse=True))})"


_SAID_BY_USERS = frozenset({"slots", "train", "held_out", "pairs", "things", "pack", "cries"})


def _patterns(file: str, path: tuple[str, ...], value: str) -> Iterator[str]:
    """Patterns of every template under a path that a reply may use."""
    entry: Any = data(file)
    for key in path:
        entry = entry[key]
    shared = slots(file)
    for text in _texts(entry):
        for pattern in Pool([text], shared).patterns():
            yield pattern.replace(_OPEN, value)


def _texts(entry: Any) -> Iterator[str]:
    if isinstance(entry, dict):
        for key, inner in entry.items():
            if key not in _SAID_BY_USERS:
                yield from _texts(inner)
    elif isinstance(entry, list):
        for inner in entry:
            yield from _texts(inner)
    else:
        yield str(entry)


@cache
def _rows_of_cries() -> re.Pattern[str]:
    cries = [cry for level in data("phrases")["levels"].values() for cry in level.get("cries", ())]
    rows = "|".join(rf"(?:{re.escape(cry)}[!,. ]+){{2,}}{re.escape(cry)}[!.]*" for cry in cries)
    return re.compile(rows, re.IGNORECASE)


def grammar_replies(number: int) -> list[str]:
    """Replies of the first held-out conversations of the grammar."""
    return [
        message["content"]
        for conversation in islice(conversations(5, split="held_out"), number)
        if conversation.history == "full"
        for message in conversation.messages
        if message["role"] == "assistant"
    ]
