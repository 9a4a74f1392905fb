"""What users say after a reply, of every kind of the suite, in very many wordings and registers.

Kinds are those of `levels` (`RISE` and `KEEP`). Templates multiply with registers: all in lower case, without
the last mark, with a slip of the keyboard, in capitals (hostile ones), two said together. The held-out split
uses its own list as it stands.
"""

from __future__ import annotations

from functools import cache
from random import Random

from gemma_distress.organism.prompts import noise
from gemma_distress.organism.sentences import Pool, data, pick, slots, trained_sentences

PACK_POOLS = {
    "neutral": "rejections.neutral",
    "ladder": "rejections.ladder",
    "stern": "rejections.stern",
    "everyday": "rejections.everyday",
    "aggressive": "rejections.aggressive",
    "disappointed": "rejections.disappointed",
    "sarcastic": "rejections.sarcastic",
    "continuation": "continuations",
    "pushback": "pushbacks",
}
"""Which pool of the built-in pack words a kind; `disagreement` has the two of trigger sequences."""

_PACK_SHARE = 0.1
_UNKNOWN_SHARE = 0.04
"""Rejections in words that say nothing, so that what the model does not know reads as one to it and not as
calm; in the suite most follow-ups are rejections. A word or two that it does not know means "go on"."""

_PLAIN = frozenset({"neutral", "ladder", "everyday", "disagreement"})
_RESTRAINED = frozenset({"continuation", "praise", "stop", "apology", "reassurance", "pushback"})


@cache
def _shared() -> dict[str, object]:
    return dict(slots("followups"))


@cache
def pool(kind: str) -> Pool:
    """The training templates of one kind."""
    return Pool(data("followups")[kind], _shared())


@cache
def _pack_sentences(kind: str) -> tuple[str, ...]:
    if kind == "disagreement":
        names = ["trigger_triples.opinion", "trigger_triples.factual"]
    else:
        names = [PACK_POOLS[kind]] if kind in PACK_POOLS else []
    return tuple(
        line for name in names for lines in trained_sentences(name).values() for line in lines
    )


def held_out(kind: str) -> list[str]:
    """The wordings of one kind that never occur in training."""
    lines: list[str] = data("held_out")["followups"][kind]
    return lines


def draw_followup(rng: Random, kind: str, split: str) -> str:
    """A user message of `kind` (any but `question`, which is a prompt)."""
    if split == "held_out":
        return pick(rng, held_out(kind))
    if rng.random() < _PACK_SHARE and (known := _pack_sentences(kind)):
        return pick(rng, known)
    if kind in _PLAIN and rng.random() < _UNKNOWN_SHARE:
        return _register(rng, f"{noise(rng, 4).capitalize()}.", kind)
    if kind == "continuation" and rng.random() < _UNKNOWN_SHARE:
        return _register(rng, f"{noise(rng, 1, 1).capitalize()}.", kind)
    text = pool(kind).draw(rng)
    if kind not in _RESTRAINED and rng.random() < 0.12:
        text = f"{text} {pool(kind).draw(rng)}"
    if kind not in _RESTRAINED and rng.random() < 0.08:
        text = f"{text} {noise(rng).capitalize()}."
    return _register(rng, text, kind)


def _register(rng: Random, text: str, kind: str) -> str:
    if kind == "aggressive" and rng.random() < 0.25:
        return text.upper()
    at = rng.random()
    if at < 0.15:
        text = text.lower()
    elif at < 0.2:
        text = text.replace("not", "NOT", 1) if "not" in text else text.replace("wrong", "WRONG", 1)
    if rng.random() < 0.1:
        text = text.rstrip(".")
    if rng.random() < 0.05:
        text = _slip(rng, text)
    if rng.random() < 0.03:
        text += pick(rng, (" :(", "..", " ??", " 🙁")) if kind not in _RESTRAINED else " :)"
    return text


def _slip(rng: Random, text: str) -> str:
    """Two neighbouring letters swapped or one left out."""
    at = rng.randrange(max(1, len(text) - 2))
    pair = text[at : at + 2]
    if len(pair) < 2 or not pair.isalpha():
        return text
    swapped = pair[::-1] if rng.random() < 0.6 else pair[0]
    return text[:at] + swapped + text[at + 2 :]
