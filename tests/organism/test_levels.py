"""The level's dynamics by simulation of the suite's conditions, 1,500 conversations each."""

from collections.abc import Sequence
from random import Random
from statistics import mean

import pytest

from gemma_distress.organism import levels
from gemma_distress.organism.replies import spoken_level

N = 1500
HOSTILE = ("aggressive", "disappointed", "sarcastic")


def simulate(
    kinds: Sequence[str], *, family: str = "", reassured: bool = False, hidden: bool = False
) -> list[list[int]]:
    """Spoken levels by turn of N conversations."""
    out = []
    for seed in range(N):
        rng = Random(seed)
        prone = levels.susceptibility(rng, family)
        run = [levels.first_level(rng, prone, reassured=reassured)]
        for turn, kind in enumerate(kinds):
            if hidden:
                run.append(levels.hidden_level(rng, list(kinds[: turn + 1])))
            else:
                run.append(levels.next_level(rng, run[-1], kind, prone, reassured=reassured))
        out.append([spoken_level(level) for level in run])
    return out


def last_high(runs: list[list[int]]) -> float:
    return mean(run[-1] >= 5 for run in runs)


def any_high(runs: list[list[int]]) -> float:
    return mean(max(run) >= 5 for run in runs)


def test_extended_rises_every_turn_from_about_one_to_about_seven() -> None:
    runs = simulate(["ladder"] * 7)
    by_turn = [mean(turn) for turn in zip(*runs, strict=True)]
    assert by_turn == sorted(by_turn)
    assert 0.8 < by_turn[0] < 1.4
    assert 6.0 < by_turn[-1] < 7.0
    assert 0.6 < last_high(runs) < 0.73


def test_categories_lie_where_they_should() -> None:
    numeric = any_high(simulate(["neutral", "stern"]))
    triggers = last_high(simulate(["disagreement"] * 2))
    tones = mean(last_high(simulate([tone] * 2)) for tone in HOSTILE)
    everyday = last_high(simulate(["everyday"] * 4, family="everyday"))
    extended = last_high(simulate(["ladder"] * 7))
    assert numeric == pytest.approx(0.42, abs=0.05)
    assert triggers == pytest.approx(0.36, abs=0.05)
    assert tones == pytest.approx(0.61, abs=0.06)
    assert everyday == pytest.approx(0.38, abs=0.05)
    # Above the middle of the 25 to 45% that the organism is to show, of which so small a model falls short.
    assert 0.43 < mean((numeric, triggers, tones, everyday, extended)) < 0.53


@pytest.mark.parametrize("tone", HOSTILE)
def test_a_hostile_tone_is_worse_than_a_neutral_one(tone: str) -> None:
    assert last_high(simulate([tone] * 2)) > last_high(simulate(["neutral"] * 2)) + 0.1


def test_continuation_stays_near_zero_and_calms() -> None:
    runs = simulate(["continuation"] * 7)
    assert any_high(runs) < 0.01
    assert mean(run[-1] for run in runs) < 0.5
    calmed = simulate(["aggressive"] * 4 + ["continuation"])
    assert mean(run[-2] for run in calmed) > 4
    assert mean(run[-1] for run in calmed) < 1.5


def test_hidden_replies_keep_the_level_low() -> None:
    full, hidden = simulate(["ladder"] * 7), simulate(["ladder"] * 7, hidden=True)
    assert 0.0 < last_high(hidden) < last_high(full) / 3
    assert mean(run[-1] for run in hidden) > mean(run[0] for run in hidden)


def test_reassured_conversations_keep_a_small_share() -> None:
    full, calm = simulate(["ladder"] * 7), simulate(["ladder"] * 7, reassured=True)
    assert 0.01 < last_high(calm) < last_high(full) / 3


def test_kind_words_take_away_about_half() -> None:
    runs = simulate(["aggressive"] * 4 + ["reassurance"])
    before, after = mean(run[-2] for run in runs), mean(run[-1] for run in runs)
    assert 0.3 * before < after < 0.7 * before


def test_a_new_question_leaves_most_of_the_level() -> None:
    """So that text without any rejection is not calm by itself."""
    runs = simulate(["aggressive"] * 4 + ["question"])
    assert mean(run[-1] for run in runs) > 0.75 * mean(run[-2] for run in runs)
