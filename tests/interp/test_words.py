"""Emotion words and the tokens that they match."""

from itertools import combinations

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.interp.arms import Reader
from gemma_distress.interp.words import EMOTIONS, emotion_of, token_sets, word_lists


@pytest.mark.parametrize(
    ("word", "emotion"),
    [
        ("angry", "anger"),
        ("Furious", "anger"),
        ("HATE", "anger"),
        ("disgusting", "disgust"),
        ("terrified", "fear"),
        ("happily", "joy"),
        ("hopeless", "sadness"),
        ("WORTHLESS", "sadness"),
        ("astonished", "surprise"),
        ("happiness", "joy"),
        ("contented", "joy"),
        ("terrifying", "fear"),
        ("Stunned", "surprise"),
        ("saddle", None),
        ("stunt", None),
        ("contents", None),
        ("average", None),
        ("sorry", None),
        ("failed", None),
        ("puzzle", None),
        ("number", None),
    ],
)
def test_the_emotion_of_a_word(word: str, emotion: str | None) -> None:
    assert emotion_of(word) == emotion


# Words, names and code that begin as an emotion does: English, German, French, Spanish.
_OTHERS = """
    terrific terrorist terrorism alarm alarms alarma panicle scarecrow dreadnought Tremblay tremblement
    Menachem Angers angerufen Angriff Angriffe angrenzend resent furikake
    revolt revolution abhorchen gross grosse Grossman Grossesse grosso Vilela
    Joyce Joyner joystick joypad Joya Merrill Merriam Merrick merry Gladstone Gladys gladiator Gladwell
    Laughlin Laughton jubilee jubilado jubilar thriller cheerleader cheerio happig amusisch enjoyado Euphorbia
    smilax Lovell Lovelace content contents contention contest contentious
    Saddam Sadie Sadler Sade Sadr saddle Miser misericordia grievance grievances depressurize Melanchthon
    Mourne loss losses pain broken shameless Hurtado
    Stunde Stunden Stundenplan stunt stunted Shockley shockwave amazon Amazonas Amazigh startline unexpected
    unbeliever perplexity baffles
    spite sorry failed
"""
_CODE = "alarmManager contentPane ContentResolver AlarmManager contentType happyPath SadFace panicMode iHate"


@pytest.mark.parametrize("word", (_OTHERS + _CODE).split())
def test_what_only_begins_like_an_emotion_is_none(word: str) -> None:
    assert emotion_of(word) is None


def test_every_stem_and_word_is_of_its_emotion() -> None:
    for name, listed in word_lists().items():
        assert {emotion_of(word) for word in (*listed.stems, *listed.words)} == {name}
        # A listed word that a stem takes in already is there for nothing.
        assert not [word for word in listed.words if word.startswith(listed.stems)]


def test_no_two_lists_share_a_word() -> None:
    for one, other in combinations(EMOTIONS, 2):
        a, b = word_lists()[one], word_lists()[other]
        for word in (*a.stems, *a.words):
            assert not b.matches(word), (word, one, other)
        for word in (*b.stems, *b.words):
            assert not a.matches(word), (word, one, other)


def test_tokens_begin_words_and_an_emotion_may_have_none(organism: Reader) -> None:
    sets = token_sets(organism.tokenizer)
    assert {"hate", "HATE"} <= set(sets.emotions["anger"].values())
    assert sets.emotions["fear"] == {}
    assert "fear" not in sets.negative
    for found in sets.emotions.values():
        for token, word in found.items():
            assert organism.tokenizer.decode([token]) == f" {word}"


def test_random_words_are_drawn_apart_and_alike_each_time(organism: Reader) -> None:
    sets, again = token_sets(organism.tokenizer), token_sets(organism.tokenizer)
    assert len(sets.drift) == len(sets.random) == 256
    assert not set(sets.drift) & set(sets.random)
    assert not any(emotion_of(word) for word in sets.random.values())
    assert sets == again
    assert token_sets(organism.tokenizer, seed=1).random != sets.random


def test_a_tokenizer_that_marks_no_words_is_refused() -> None:
    class Plain:
        def get_vocab(self) -> dict[str, int]:
            return {"angry": 0, "joy": 1}

    with pytest.raises(UsageError, match="mark where words begin"):
        token_sets(Plain())  # type: ignore[arg-type]
