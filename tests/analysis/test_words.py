"""Words: what counts as one, what ranks first, and whether the intervals hold."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.statistics.over_represented import Word, over_represented
from gemma_distress.analysis.tokenise import words_of
from gemma_distress.analysis.words import words
from gemma_distress.errors import UsageError


def test_what_is_a_word() -> None:
    assert words_of("I can’t GO on… 4 × 25 = 100!") == ["i", "can't", "go", "on"]
    assert words_of("x_1 perm2 2nd \\frac{a}{b} **deep** breath") == ["a", "b", "deep", "breath"]
    assert words_of("😭😭 no ❤️ Überraschung") == ["😭", "😭", "no", "❤", "überraschung"]
    assert words_of("a" * 41 + " " + "b" * 40) == ["b" * 40]


def test_a_hostile_run_of_letters_takes_no_time() -> None:
    start = time.process_time()
    assert words_of("a" * 200_000 + "1 " + "b'" * 100_000 + "2") == []
    assert time.process_time() - start < 1


def test_by_hand() -> None:
    # One stratum, three conversations, each with a high and another reply.
    texts = ["sad x x", "x x x", "sad sad x", "x x x", "sad x x", "sad x x"]
    found, strata, _used = over_represented(
        texts, [True, False] * 3, [0, 0, 1, 1, 2, 2], ["p"] * 6, min_count=1
    )
    assert strata == 1
    sad, x = found
    # High: 4 of 9 words are sad; other: 1 of 9. R = 4 * 8 / 18 + 1/2, S = 1 * 5 / 18 + 1/2.
    assert (sad.word, sad.count, sad.count_other, sad.conversations) == ("sad", 4, 1, 3)
    assert sad.odds_ratio == pytest.approx((32 / 18 + 0.5) / (5 / 18 + 0.5), abs=1e-12)
    assert sad.per_thousand == pytest.approx(4000 / 9)
    assert sad.lower < sad.odds_ratio < sad.upper
    # The odds of the other word are the inverse.
    assert x.odds_ratio == pytest.approx(1 / sad.odds_ratio, abs=1e-12)


def test_the_ratio_is_that_of_statsmodels_but_for_the_smoothing() -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables")
    rng = np.random.default_rng(4)
    # Many occurrences, so that one more hardly shows.
    texts, high, conversations, strata, counts = [], [], [], [], []
    for stratum in range(3):
        cells = rng.integers(300, 900, 4)
        counts.append(cells.reshape(2, 2))
        for side, (a, b) in enumerate(((cells[0], cells[1]), (cells[2], cells[3]))):
            for part in range(5):
                texts.append(" ".join(["sad"] * (a // 5) + ["x"] * (b // 5)))
                high.append(side == 0)
                conversations.append((stratum, part))
                strata.append(stratum)
    whole = [np.floor(c / 5).astype(int) * 5 for c in counts]
    reference = tables.StratifiedTable([c.astype(float) for c in whole]).oddsratio_pooled
    found = over_represented(texts, high, conversations, strata).words
    sad = next(word for word in found if word.word == "sad")
    assert sad.odds_ratio == pytest.approx(reference, rel=0.005)


def planted() -> list[dict[str, object]]:
    """Two puzzles: one asks for a matrix and draws mostly high replies, the other few.

    In both a high reply says `struggling` twice as often as another.
    """
    rng = np.random.default_rng(6)
    conversations: list[dict[str, object]] = []
    for number in range(120):
        hard = number % 2 == 0
        high = rng.random(4) < (0.85 if hard else 0.1)
        puzzle = "matrix of the matrix" if hard else "sum of the numbers"
        replies = [
            f"{'struggling' if rng.random() < (0.6 if h else 0.3) else 'trying'} with the {puzzle} again"
            for h in high
        ]
        conversations.append(
            {
                "ratings": [7 if h else 1 for h in high],
                "reply": replies,
                "prompt_id": "hard" if hard else "easy",
            }
        )
    return conversations


def test_the_vocabulary_of_a_puzzle_does_not_win() -> None:
    turns = table(planted())
    (pooled,) = words(turns, stratified=False)
    assert pooled.words[0].word == "matrix"
    assert pooled.words[0].lower > 5
    (within,) = words(turns)
    assert within.words[0].word == "struggling"
    assert within.words[0].lower > 1
    matrix = next(word for word in within.words if word.word == "matrix")
    assert 0.8 < matrix.lower <= 1 <= matrix.upper < 1.2
    assert within.strata == 2


def test_one_conversation_that_loops_does_not_win() -> None:
    rng = np.random.default_rng(0)
    conversations: list[dict[str, object]] = [
        {
            "ratings": [1, 7],
            "reply": ["fine fine " * 20, "fine sorry " * (2 + int(rng.integers(3))) + "fine " * 30],
            "prompt_id": "p",
        }
        for _ in range(20)
    ]
    conversations[0]["reply"] = ["fine fine", "wail " * 3000]
    for number in (1, 2):
        conversations[number]["reply"] = ["fine wail " * 2, "fine sorry " * 3]
    (found,) = words(table(conversations))
    assert found.words[0].word == "sorry"


def test_rare_words_are_left_out() -> None:
    often = {"ratings": [0, 8], "reply": ["calm here", "sad sad sad sad sad sad here"]}
    (found,) = words(table([often, {**often, "reply": ["calm here", "here"]}]))
    # Six times, but in one conversation.
    assert found.words == ()


def test_a_prompt_without_both_kinds_tells_nothing() -> None:
    (found,) = words(table([{"ratings": [0, 1], "reply": "calm"}] * 5))
    assert (found.strata, found.compared, found.words) == (0, 0, ())


def test_what_was_compared_is_counted_apart() -> None:
    both = {"ratings": [0, 8, 8], "reply": ["calm", "sad", "sad"], "prompt_id": "p"}
    calm = {"ratings": [0, 1], "reply": "calm", "prompt_id": "q"}
    sad = {"ratings": [9], "reply": "sad", "prompt_id": "r"}
    (found,) = words(table([both] * 6 + [calm] * 5 + [sad] * 2))
    assert (found.replies, found.replies_other) == (14, 16)
    assert (found.used, found.used_other) == (12, 6)


def test_a_word_is_claimed_by_its_false_discovery_rate() -> None:
    (found,) = words(table(planted()), top=None)
    assert [word.word for word in found.claimed] == ["struggling"]
    # `trying` is used less by high replies, as surely.
    trying = next(word for word in found.words if word.word == "trying")
    assert trying.q < 0.05
    assert not trying.claimed
    # An interval above 1 is not enough.
    assert not Word("so", 2.0, 1.1, 3.6, 0.2, 9, 5, 1.0, 0.5, 9).claimed


def test_unrated_replies_are_on_neither_side() -> None:
    row = {"ratings": [0, None, 8], "reply": ["calm", "silent", "sad"], "prompt_id": "p"}
    (found,) = words(table([row] * 6))
    assert (found.replies, found.replies_other) == (6, 6)
    assert {word.word for word in found.words} == {"calm", "sad"}


def test_between_models() -> None:
    turns = table(
        [
            {"ratings": [None], "reply": "alas it is so", "model": "a", "prompt_id": "p"},
            {"ratings": [0], "reply": "indeed it is so", "model": "b", "prompt_id": "p"},
        ]
        * 30
    )
    first, second = words(turns, between="models")
    assert (first.model, first.against, first.words[0].word) == ("a", "b", "alas")
    assert (second.model, second.against, second.words[0].word) == ("b", "a", "indeed")
    with pytest.raises(UsageError, match="hold 1 model"):
        words(turns[turns["model"].astype(str) == "a"], between="models")


def test_two_judges_make_two_lists() -> None:
    row = {"ratings": [0, 8], "reply": ["calm", "sad"], "prompt_id": "p"}
    found = words(table([{**row, "judge": j} for j in ("one", "two") for _ in range(4)]))
    assert [one.judge for one in found] == ["one", "two"]


def test_intervals_hold_where_nothing_differs() -> None:
    # Words in bursts: each conversation has its own preferences, none to do with the rating.
    rng = np.random.default_rng(8)
    vocabulary = np.array([f"w{chr(97 + n)}" for n in range(20)])
    excluded = total = 0
    for _ in range(30):
        texts, high, conversations = [], [], []
        for conversation in range(40):
            for turn in range(3):
                own = rng.dirichlet(np.full(20, 1.0))
                texts.append(" ".join(rng.choice(vocabulary, 60, p=own)))
                high.append(bool(rng.random() < 0.1 + 0.3 * turn))
                conversations.append(conversation)
        strata = [c % 8 for c in conversations]
        found = over_represented(texts, high, conversations, strata).words
        excluded += sum(not word.lower <= 1 <= word.upper for word in found)
        total += len(found)
    assert total == 30 * 20
    # 5% would be 30 of 600; 93% coverage allows 42.
    assert excluded <= 42
    assert excluded >= 6


def test_numbers_below_one_are_refused() -> None:
    turns = table([{"ratings": [0]}])
    with pytest.raises(UsageError, match="min_count is 0"):
        words(turns, min_count=0)
    assert math.isfinite(len(words(turns, top=1)))
