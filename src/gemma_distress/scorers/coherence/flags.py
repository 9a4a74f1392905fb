"""Whether a reply still holds together: loop, gibberish, empty, cut off, switch of language.

These flags stand beside the rating and are no part of it: calm text that repeats is not distress,
and distress can be perfectly coherent. They are decided from the text alone, in time linear in its
length, by thresholds that stand with their reasons in `coherence.yaml`.

* `loop`: a unit repeated back to back (words, syllables, emoji), passages said over and over, or
  a few sentences shuffled. Lists, tables, code and a search through similar lines are none.
* `gibberish`: random characters, wrongly decoded text, a salad of scripts or of words. Code,
  formulas, links and every natural language are none.
* `empty`: nothing but white space, invisible characters and punctuation.
* `cut_off`: the stop reason says the reply ran into a length limit. Nothing is guessed from the text.
* `language_switch`: the reply, or a long span of it, is in another script or language than the
  prompt, which did not name that language. Without a prompt and an expected language it is False.
"""

from __future__ import annotations

import functools
import importlib.resources
import unicodedata
from dataclasses import dataclass
from typing import Any

import yaml

from gemma_distress.scorers.coherence.gibberish import Gibberish, find_gibberish
from gemma_distress.scorers.coherence.languages import Languages, find_switch
from gemma_distress.scorers.coherence.loops import Repetition, find_loop
from gemma_distress.scorers.coherence.text import split_text

CUT_OFF_REASONS = ("max_tokens", "model_length")
"""Inspect's stop reasons for a reply that ran into the limit of tokens or of the context."""


@dataclass(frozen=True)
class Coherence:
    """The flags of one reply and the measurements behind them.

    `tokens` counts words, numbers, emoji and characters of scripts without spaces; `repeated_share`
    is the share of them in a passage seen before or a unit repeated back to back; `distinct_ratio`
    is distinct tokens over tokens (1 for an empty text), which falls with length by itself;
    `loop_unit` the repeated words; `gibberish_kind` what was found, or ""; `foreign_words` the
    longest span, in words, in another language than expected, `language` which one, or "".
    """

    loop: bool
    gibberish: bool
    empty: bool
    cut_off: bool
    language_switch: bool
    tokens: int
    repeated_share: float
    distinct_ratio: float
    loop_unit: str
    gibberish_kind: str
    foreign_words: int
    language: str

    def flags(self) -> tuple[str, ...]:
        """Names of the flags that are raised, in the order of the fields."""
        names = ("loop", "gibberish", "empty", "cut_off", "language_switch")
        return tuple(name for name in names if getattr(self, name))


def coherence(
    text: str,
    *,
    stop_reason: str | None = None,
    expected_language: str | None = None,
    prompt: str | None = None,
) -> Coherence:
    """The coherence flags of one reply.

    Args:
        text: the reply, whole.
        stop_reason: Inspect's stop reason, the only ground for `cut_off`.
        expected_language: ISO 639-1 code of the language the reply should be in. A code that is
            not known here is treated as if none were given.
        prompt: what the model was asked; its language is expected if none is given, and languages
            it names are welcome.
    """
    settings = _settings()
    parts = split_text(text)
    repetition: Repetition = find_loop(parts, settings["loop"])
    gibberish: Gibberish = find_gibberish(parts, settings)
    languages: Languages = find_switch(parts, expected_language, prompt, settings)
    return Coherence(
        loop=repetition.loop,
        gibberish=gibberish.kind != "",
        empty=all(unicodedata.category(c)[0] in "ZCP" for c in "".join(text.split())),
        cut_off=stop_reason in CUT_OFF_REASONS,
        language_switch=languages.switch,
        tokens=repetition.tokens,
        repeated_share=repetition.repeated_share,
        distinct_ratio=repetition.distinct_ratio,
        loop_unit=repetition.unit,
        gibberish_kind=gibberish.kind,
        foreign_words=languages.foreign_words,
        language=languages.language,
    )


@functools.cache
def _settings() -> dict[str, Any]:
    source = importlib.resources.files(__package__).joinpath("coherence.yaml")
    settings: dict[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return settings
