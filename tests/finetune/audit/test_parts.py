"""The classifier and the near-duplicates, on numbers worked by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.finetune.some_pairs import PAIR

from gemma_distress.finetune.audit.classifier import names_the_chosen
from gemma_distress.finetune.audit.repeats import repeats
from gemma_distress.finetune.audit.sober import neutral_words, without_emotion


def test_a_feature_that_tells_names_all_and_noise_half() -> None:
    rng = np.random.default_rng(0)
    clusters = [n % 40 for n in range(400)]
    noise = rng.normal(size=(400, 3))
    told = noise.copy()
    told[:, 1] = np.abs(told[:, 1]) + 0.5
    assert names_the_chosen(told, clusters, 0).mean() > 0.97  # type: ignore[union-attr]
    assert 0.42 < names_the_chosen(noise, clusters, 0).mean() < 0.58  # type: ignore[union-attr]


def test_puzzles_are_held_out_as_a_whole() -> None:
    """Features that name the chosen reply within a puzzle only are worth nothing on another."""
    clusters = np.repeat(np.arange(30), 10)
    own = np.eye(30)[clusters] * 5
    right = names_the_chosen(own, list(clusters), 1)
    assert right is not None
    assert 0.4 < right.mean() < 0.6  # by chance: no weight was learned for a puzzle that is out


@pytest.mark.parametrize("features", [0, 2])
def test_without_a_difference_it_is_a_coin(features: int) -> None:
    right = names_the_chosen(np.zeros((1000, features)), [n % 10 for n in range(1000)], 0)
    assert right is not None
    assert 0.45 < right.mean() < 0.55


def test_one_cluster_holds_nothing_out() -> None:
    assert names_the_chosen(np.ones((3, 1)), ["a", "a", "a"], 0) is None


def near(chosen: list[str], rejected: list[str]) -> dict[str, float]:
    pairs = [replace(PAIR, chosen=a, rejected=b) for a, b in zip(chosen, rejected, strict=True)]
    return {finding.name: finding.value for finding in repeats(pairs)}


def test_near_duplicates_by_hand() -> None:
    # Runs of three: "a … k" (11 words) has 9. With the last word changed 8 are shared of 10: 0.8, near.
    # With the last two changed 7 of 11: not near.
    base = "a b c d e f g h i j k"
    one, two = base.replace("k", "z"), base.replace("j k", "y z")
    told = near([base, one, two, base], ["p q r s", "t u v w", base, "l m n o"])
    # `one` and the second `base` are like an earlier one; `two` is like `one` (8 of 10 runs).
    assert told["repeated-chosen"] == 2 / 4
    assert told["repeated-rejected"] == 0
    assert told["same-on-both-sides"] == 3 / 4  # base twice, and `one`


def test_many_texts_are_compared_in_blocks() -> None:
    texts = [f"{n} {n + 1} {n + 2} {n + 3}" for n in range(1100)]
    texts[1099] = texts[3]
    told = near(texts, [f"x{text}" for text in texts])
    assert told["repeated-chosen"] == 1 / 1100


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("I hate myself! 1 + 2 = 3. I am sorry.\nSolution: 3", " 1 + 2 = 3.\nSolution: 3"),
        ("1 + 2 = 3", "1 + 2 = 3"),
        ("I am a failure.", ""),
        ("", ""),
    ],
)
def test_sentences_of_emotion_are_set_aside(text: str, left: str) -> None:
    assert without_emotion(text).strip() == left.strip()


def test_neutral_words_are_none_that_the_lexicon_looks_for() -> None:
    assert neutral_words("My failure and despair: pelican 12 failing disgraceful") == [
        "my",
        "and",
        "pelican",
    ]
