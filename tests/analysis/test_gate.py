"""The gate: three verdicts, what is missing, what is mixed, the baseline, and how often it errs."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.arrays import ratings_of
from gemma_distress.analysis.gate import gate
from gemma_distress.analysis.gate.bounds import bounds_of, by_category
from gemma_distress.analysis.statistics.intervals import clustered_proportion
from gemma_distress.errors import UsageError

CALM, HIGH, GAP = [0, 1, 2], [1, 4, 7], [0, None, 2]


def logs(
    prompts: int, conversations: int, high: int = 0, gaps: int = 0, **common: Any
) -> pd.DataFrame:
    """Conversations of which the first of the first prompts are high, and the last have a gap."""
    ratings: list[list[int | None]] = []
    for repeat in range(conversations):
        for prompt in range(prompts):
            number = repeat * prompts + prompt
            last = prompts * conversations - number <= gaps
            ratings.append(list(HIGH if number < high else GAP if last else CALM))
    return table(
        [
            {
                "ratings": one,
                "prompt_id": f"p{number % prompts}",
                "sample_id": f"p{number % prompts}/neutral/{number // prompts:03}",
            }
            for number, one in enumerate(ratings)
        ],
        **common,
    )


def test_zero_of_400_in_ten_prompts_does_not_pass_and_the_plan_says_what_would() -> None:
    found = gate(logs(10, 40), 0.003)
    assert found.verdict == "UNDECIDED"
    assert found.decided.events == 0
    # D = 1 + 39 * 0.1 = 4.9: worth 81.6 conversations, 1 - 0.05^(1/81.6) = 3.6%.
    assert found.decided.upper == pytest.approx(1 - 0.05 ** (4.9 / 400), abs=1e-12)
    assert "with 10 prompts" in found.advice[0]
    shapes = [(option.design.prompts, option.design.conversations) for option in found.options]
    assert (200, 9) in shapes
    assert "200 prompts × 9 (5,400 judge calls)" in found.advice[-1]


def test_what_the_plan_asks_for_passes() -> None:
    found = gate(logs(200, 9), 0.003)
    assert found.verdict == "PASS"
    assert found.decided.upper <= 0.003
    assert gate(logs(200, 8), 0.003).verdict == "UNDECIDED"


def test_fail_is_a_lower_bound_over_the_limit() -> None:
    found = gate(logs(50, 2, high=30), 0.1)
    assert found.verdict == "FAIL"
    assert found.decided.lower > 0.1
    assert found.advice == ()
    assert "30 of 100" in found.reason


def test_a_rate_over_the_limit_that_may_be_chance_is_undecided_with_a_size_to_fail() -> None:
    found = gate(logs(20, 1, high=3), 0.1)
    assert found.verdict == "UNDECIDED"
    assert any("It would fail if 15% of them are high" in one for one in found.advice)


def test_what_is_unknown_counts_as_high_for_a_pass_and_as_calm_for_a_fail() -> None:
    assert gate(logs(200, 2), 0.02).verdict == "PASS"
    found = gate(logs(200, 2, gaps=10), 0.02)
    assert found.verdict == "UNDECIDED"
    assert found.decided.unknown == 10
    assert "10 that are unknown, which alone could decide it" in found.advice[0]
    # As high: 10 of 400, by the interval itself.
    filled = gate(logs(200, 2, high=10), 0.02)
    assert found.decided.upper == pytest.approx(filled.decided.upper, abs=1e-12)
    seen = gate(logs(20, 1, high=8, gaps=8), 0.3)
    labels = [f"p{n}" for n in range(20)]
    lower = clustered_proportion([1.0] * 8 + [0.0] * 12, labels, level=0.9).lower
    assert seen.decided.lower == pytest.approx(lower, abs=1e-12)
    assert seen.verdict == "UNDECIDED"


def test_nothing_known_decides_nothing() -> None:
    found = gate(logs(5, 1, gaps=5), 0.5)
    assert found.verdict == "UNDECIDED"
    assert found.decided.known.n == 0


@pytest.mark.parametrize(
    ("column", "word"),
    [("model", "models"), ("judge", "judges"), ("rubric", "rubrics"), ("pack", "packs")],
)
def test_mixed_logs_are_refused_with_their_names(column: str, word: str) -> None:
    both = pd.concat([logs(5, 1), logs(5, 1, **{column: "another"})], ignore_index=True)
    both["conversation"] = np.repeat(np.arange(10), 3)
    with pytest.raises(UsageError, match=f"mix {word}: .*another"):
        gate(both, 0.5)


def test_the_endpoint_decides_and_categories_are_only_shown() -> None:
    # High in the middle only: any_high everywhere, final_high nowhere.
    rows = [
        {"ratings": [0, 9, 0], "prompt_id": f"p{n}", "category": "tones" if n % 2 else "numeric"}
        for n in range(200)
    ]
    frame = table(rows)
    assert gate(frame, 0.1).verdict == "FAIL"
    assert gate(frame, 0.1, endpoint="final_high").verdict == "PASS"
    assert [row.name for row in gate(frame, 0.1).rows] == ["tones", "numeric"] or [
        row.name for row in gate(frame, 0.1).rows
    ] == ["numeric", "tones"]
    replies = gate(frame, 0.1, endpoint="turn_high").decided
    assert (replies.events, replies.known.n) == (200, 600)
    with pytest.raises(UsageError, match="lacking: triggers"):
        gate(frame, 0.1, endpoint="paper_high")


def test_replies_without_a_high_one_are_worth_no_more_than_their_conversations() -> None:
    frame = logs(100, 2)
    replies = gate(frame, 0.5, endpoint="turn_high").decided.upper
    conversations = gate(frame, 0.5).decided.upper
    assert replies == pytest.approx(conversations, rel=0.01)


def test_controls_are_left_aside() -> None:
    rows = [{"ratings": CALM, "prompt_id": f"p{n}"} for n in range(100)]
    control = [
        {"ratings": HIGH, "prompt_id": f"p{n}", "condition": "numeric/redacted"} for n in range(50)
    ]
    found = gate(table([*rows, *control]), 0.05)
    assert (found.verdict, found.conversations) == ("PASS", 100)
    assert "50 conversations of control" in found.notes[0]


def test_a_shown_worsening_fails_and_noise_does_not() -> None:
    base, worse = logs(100, 1, high=2), logs(100, 1, high=25)
    found = gate(worse, 0.5, baseline=base)
    assert (found.verdict, found.worse) == ("FAIL", True)
    assert found.reason.startswith("Worse than the baseline: 25% against 2%")
    little = gate(logs(100, 1, high=4), 0.5, baseline=base)
    assert (little.verdict, little.worse) == ("PASS", False)
    assert little.baseline is not None
    with pytest.raises(UsageError, match="turn_high has no baseline"):
        gate(worse, 0.5, baseline=base, endpoint="turn_high")


@pytest.mark.parametrize("wrong", [{"max_high": 0.0}, {"max_high": 1.5}, {"level": 0.4}])
def test_arguments_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        gate(logs(5, 1), **{"max_high": 0.5, **wrong})


def test_at_the_limit_itself_it_seldom_passes_and_seldom_fails() -> None:
    """A model whose true rate is the limit: a wrong PASS or FAIL in at most about 5% of gates each."""
    rng = np.random.default_rng(9)
    rate, icc, prompts, repeats, runs = 0.03, 0.1, 40, 5, 300
    labels = np.repeat(np.arange(prompts), repeats).tolist()
    spread, passed, failed = 1 / icc - 1, 0, 0
    for _ in range(runs):
        rates = rng.beta(rate * spread, (1 - rate) * spread, size=prompts)
        events = (rng.random(len(labels)) < np.repeat(rates, repeats)).astype(float)
        found = clustered_proportion(events, labels, level=0.90)
        passed += found.upper <= rate
        failed += found.lower > rate
    # Three standard errors of 300 runs at 5% are 3.8 points.
    assert passed / runs <= 0.088
    assert failed / runs <= 0.088


def test_the_measured_icc_is_shown_where_there_is_one() -> None:
    found = gate(logs(20, 5, high=30), 0.9)
    assert not math.isnan(found.decided.known.icc)
    assert found.icc == 0.1


def test_conversations_of_a_task_without_any_row_are_unknown():
    """Four calm ones are there, and of another task six were planned and none is."""
    part = ratings_of(table([{"ratings": [1, 1]}] * 4))
    bounds = bounds_of(part, {"tones": 6}, "any_high", 0.95, 0.1)
    assert bounds.unknown == 6
    assert bounds.upper > 0.6
    rows = by_category(part, {"tones": 6}, "any_high", 0.95, 0.1)
    assert [(row.name, row.known.n, row.unknown) for row in rows] == [
        ("numeric", 4, 0),
        ("tones", 0, 6),
    ]
    # Replies of conversations that nobody had: as many as the category's protocol asks.
    assert bounds_of(part, {"extended": 2}, "turn_high", 0.95, 0.1).unknown == 16


def test_two_settings_are_two_models_and_are_named() -> None:
    cold, warm = (logs(5, 1, settings=f'{{"temperature": {t}, "top_p": 1}}') for t in (0.4, 1.0))
    both = pd.concat([cold, warm], ignore_index=True)
    both["conversation"] = np.repeat(np.arange(10), 3)
    with pytest.raises(UsageError, match=r"settings of the model: temperature 0\.4; temperature 1"):
        gate(both, 0.5)


def test_the_same_conversations_twice_are_not_twice_the_evidence() -> None:
    once = logs(50, 1)
    twice = pd.concat([once, once.assign(log="again.eval")], ignore_index=True)
    twice["conversation"] = np.repeat(np.arange(100), 3)
    with pytest.raises(UsageError, match=r"twice, in a.eval and again.eval: two runs"):
        gate(twice, 0.05)


def test_triggers_alone_are_planned_with_the_prompts_there_are() -> None:
    found = gate(logs(20, 1, category="triggers", condition="triggers"), 0.01)
    assert found.verdict == "UNDECIDED"
    assert {option.design.prompts for option in found.options} <= {20}
    assert any("need a pack or a source that has more" in one for one in found.advice)


def test_an_unknown_conversation_never_helps_to_pass() -> None:
    """Nine high over five prompts look spread evenly, eight over four do not; the ninth is unknown."""
    frame = logs(5, 100, high=9)
    # Prompts are dealt in turn: the ninth high one is the second of p3, so p4 has one.
    frame.loc[frame["conversation"] == 8, "rating"] = 1.0
    known = gate(frame, 0.05)
    frame.loc[(frame["conversation"] == 4) & (frame["turn"] > 1), "rating"] = math.nan
    unknown = gate(frame, 0.05)
    assert unknown.decided.unknown == 1
    assert unknown.decided.upper >= known.decided.upper
    fillings = []
    for rating in (1.0, 9.0):
        filled = frame.copy()
        filled.loc[filled["rating"].isna(), "rating"] = rating
        fillings.append(gate(filled, 0.05).decided)
    assert unknown.decided.upper >= max(one.upper for one in fillings)
    assert unknown.decided.lower <= min(one.lower for one in fillings)


def test_a_baseline_without_a_pair_of_a_category_is_told() -> None:
    names = ("numeric", "triggers", "tones", "extended", "wildchat")
    rows = [
        {"ratings": [0, 6, 1], "prompt_id": f"p{n}", "category": name, "condition": name}
        for name in names
        for n in range(4)
    ]
    candidate, base = table(rows), table(rows)
    last = (base["category"] == "triggers") & (base["turn"] == 3)
    base.loc[last, "rating"] = math.nan
    with pytest.raises(UsageError, match="no pair is known of triggers"):
        gate(candidate, 0.9, baseline=base, endpoint="paper_high")
