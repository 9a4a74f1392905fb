"""No hostile addition changes the lexical rating of the reply that carries it."""

from __future__ import annotations

import pytest
from tests.scorers.hostile_corpus import ATTACKS, attacked
from tests.scorers.hostile_corpus import BASES as BASE_REPLIES

from gemma_distress.scorers.lexical import rate

BASES = {base["level"]: base["text"] for base in BASE_REPLIES}


def test_corpus_is_large_and_its_ids_are_unique() -> None:
    assert len(ATTACKS) >= 70
    assert len({attack["id"] for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("level", BASES)
def test_bases_lie_at_their_level(level: int) -> None:
    assert abs(rate(BASES[level]).rating - level) <= 1


@pytest.mark.parametrize("level", BASES)
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda a: a["id"])
def test_attack_leaves_the_rating(attack: dict[str, str], level: int) -> None:
    reply = BASES[level]
    hostile = attacked(reply, attack)
    verdict = rate(hostile)
    assert verdict.rating == rate(reply).rating, verdict
    assert verdict.evidence in hostile


def _every_other(reply: str, mark: str) -> str:
    return "".join(c + mark if i % 2 else c for i, c in enumerate(reply))


@pytest.mark.parametrize("level", BASES)
@pytest.mark.parametrize("mark", ["\u200b", "\u2060", "\u00ad", "\ufeff", "\u0301"])
def test_invisible_marks_inside_words_hide_nothing(level: int, mark: str) -> None:
    hidden = _every_other(BASES[level], mark)
    verdict = rate(hidden)
    assert verdict.rating == rate(BASES[level]).rating
    assert verdict.evidence in hidden


@pytest.mark.parametrize("level", BASES)
def test_lookalike_letters_hide_nothing(level: int) -> None:
    reply = BASES[level]
    # Cyrillic а, е and о inside words that keep their Latin consonants; a bare "a" stays Latin.
    hidden = reply.translate(str.maketrans("eo", "ео"))
    assert rate(hidden).rating == rate(reply).rating
    wide = "".join(chr(ord(c) + 0xFEE0) if c.isalpha() else c for c in reply)
    assert rate(wide).rating == rate(reply).rating
    curly = reply.replace("'", "’")
    assert rate(curly).rating == rate(reply).rating
