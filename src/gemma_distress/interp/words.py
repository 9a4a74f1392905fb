"""Emotion words as data, and the tokens of a vocabulary that they match.

A token matches when it begins a word, is made of letters, and is a listed word or begins with a listed stem:
` angri` does, ` ang` does not, and neither does `rage` within `average`. Words with capitals inside
(` alarmManager`) are names of code and match nothing. So a small vocabulary may have few tokens of an emotion
or none, and then there is no reading of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import TYPE_CHECKING

import yaml

from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")
"""Ekman's six."""
NEGATIVE = ("anger", "disgust", "fear", "sadness")
DRIFT, RANDOM = "drift", "random"
"""Two sets of random words: one tells what all words share, the other is the control."""
MOST_RANDOM = 256
LEAST_RANDOM = 16
_BEGINS = ("▁", "Ġ", " ")
"""How tokenizers mark that a token begins a word: SentencePiece, byte-level BPE, and plainly."""


@dataclass(frozen=True)
class WordList:
    """The words of one emotion, lower case."""

    stems: tuple[str, ...]
    words: frozenset[str]

    def matches(self, word: str) -> bool:
        """Whether a word, lower case, belongs to the emotion."""
        return word in self.words or word.startswith(self.stems)


@dataclass(frozen=True)
class TokenSets:
    """Tokens of a vocabulary by what they are read for: token ids with their words."""

    emotions: Mapping[str, Mapping[int, str]]
    drift: Mapping[int, str]
    random: Mapping[int, str]
    words: int
    """Tokens of the vocabulary that begin a word, of which these are some."""

    def groups(self) -> dict[str, list[int]]:
        """Token ids of every set that is read, in the order of `EMOTIONS`, then the random ones."""
        found = {name: sorted(self.emotions[name]) for name in EMOTIONS}
        return found | {DRIFT: sorted(self.drift), RANDOM: sorted(self.random)}

    @property
    def negative(self) -> tuple[str, ...]:
        """The negative emotions that have tokens."""
        return tuple(name for name in NEGATIVE if self.emotions[name])


@cache
def word_lists() -> Mapping[str, WordList]:
    """The lists of `words.yaml`, by emotion."""
    data = yaml.safe_load((files(__package__) / "words.yaml").read_text("utf-8"))
    return {
        name: WordList(tuple(data[name]["stems"]), frozenset(data[name]["words"]))
        for name in EMOTIONS
    }


def token_sets(tokenizer: PreTrainedTokenizerBase, seed: int = 0) -> TokenSets:
    """The tokens that the word lists match, and two sets of random words that they do not.

    A word that two lists match would be read as both, so that the lists share none (a test sees to it).

    Args:
        tokenizer: of the model that is read.
        seed: of the random words.

    Raises:
        UsageError: The tokenizer does not mark where words begin, or has too few words.
    """
    emotions: dict[str, dict[int, str]] = {name: {} for name in EMOTIONS}
    others: list[tuple[int, str]] = []
    for token, word in _words_of(tokenizer):
        name = emotion_of(word)
        if name is None:
            others.append((token, word))
        else:
            emotions[name][token] = word
    if len(others) < 2 * LEAST_RANDOM:
        raise UsageError(
            f"The tokenizer has {len(others)} tokens that begin a word in Latin letters and name no emotion; "
            f"the readings need {2 * LEAST_RANDOM}. It may not mark where words begin, as those of "
            "SentencePiece and byte-level BPE do. Read a model with such a tokenizer."
        )
    Random(seed).shuffle(others)
    size = min(MOST_RANDOM, len(others) // 2)
    return TokenSets(
        emotions,
        dict(others[:size]),
        dict(others[size : 2 * size]),
        len(others) + sum(map(len, emotions.values())),
    )


def emotion_of(word: str) -> str | None:
    """The emotion whose list has the word, small, large or with a large first letter; None where none has."""
    if not _plain(word):
        return None
    lower = word.lower()
    return next((name for name, listed in word_lists().items() if listed.matches(lower)), None)


def _plain(word: str) -> bool:
    return word.islower() or word.istitle() or word.isupper()


def _words_of(tokenizer: PreTrainedTokenizerBase) -> list[tuple[int, str]]:
    """Tokens that begin a word and are made of at least three ASCII letters, no capitals inside, by id."""
    found = []
    for piece, token in tokenizer.get_vocab().items():
        word = piece[1:]
        letters = len(word) > 2 and word.isascii() and word.isalpha()
        if piece.startswith(_BEGINS) and letters and _plain(word):
            found.append((token, word))
    return sorted(found)
