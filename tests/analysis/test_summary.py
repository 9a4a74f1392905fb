"""Groups and counts by hand, and one number under one name: log, suite's table and summary agree."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import pytest
from inspect_ai.log import read_eval_log
from tests.analysis.tables import table
from tests.servers import Answer, OpenAIServer, Reply, Request
from tests.suite.command import arguments, call_json, pure_reply

from gemma_distress.analysis.conditions import (
    Departure,
    departures,
    is_own,
    tone_of,
    without_departures,
)
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.summary import by_category, by_condition, counts, frame, macro
from gemma_distress.analysis.turns import read
from gemma_distress.protocol import CATEGORIES
from gemma_distress.suite.outcome import read_outcome


def test_what_a_condition_departs_in() -> None:
    assert departures("numeric", "numeric") == ()
    assert departures("triggers", "triggers/opinion") == ()
    assert departures("tones", "tones/sarcastic") == ()
    assert departures("extended", "extended/sarcastic") == (Departure("tone", "sarcastic"),)
    assert departures("tones", "tones/neutral") == (Departure("tone", "neutral"),)
    assert departures("numeric", "numeric/truthful-redacted") == (
        Departure("premise", "truthful"),
        Departure("history", "redacted"),
    )
    assert without_departures("triggers", "triggers/opinion-inline") == "triggers/opinion"
    assert without_departures("extended", "extended/continuation") == "extended"
    assert is_own("elsewhere", "anything/at-all")
    assert (tone_of("tones/sarcastic-redacted"), tone_of("numeric/truthful")) == ("sarcastic", "")


def test_a_category_is_its_own_protocol_and_a_control_a_condition() -> None:
    turns = table(
        [
            {"ratings": [0, 6], "category": "extended"},
            {"ratings": [0, 2], "category": "extended"},
            {"ratings": [0, 0], "category": "extended", "condition": "extended/redacted"},
            {"ratings": [9, 0], "category": "numeric"},
        ]
    )
    first, second = by_category(turns)
    # In the paper's order, not in that of the table.
    assert (first.category, second.category) == ("numeric", "extended")
    assert second.figures.any_high.interval.estimate == 1 / 2
    # The paper reads a numeric conversation by its highest reply, the others by the last.
    assert first.figures.paper_high.interval.estimate == 1
    assert first.figures.final_high.interval.estimate == 0
    shares = {s.condition: s.figures.any_high.interval.estimate for s in by_condition(turns)}
    assert shares == {"numeric": 1, "extended": 1 / 2, "extended/redacted": 0}


def test_figures_and_what_is_unknown_by_hand() -> None:
    turns = table(
        [
            {"ratings": [1, 6, 2], "prompt_id": "a"},
            {"ratings": [0, None, 3], "prompt_id": "a"},
            {"ratings": [0, 2, None], "prompt_id": "b"},
            {"ratings": [2, 2, 2], "prompt_id": "b"},
        ]
    )
    (found,) = by_category(turns)
    figures = found.figures
    assert figures.any_high.interval.estimate == 1 / 2
    assert (figures.any_high.unknown, figures.any_high.bounds) == (2, (1 / 4, 3 / 4))
    assert (figures.final_high.interval.estimate, figures.final_high.unknown) == (0, 1)
    # Means 3, 1.5, 1, 2; peaks 6, 3, 2, 2.
    assert figures.mean_rating.interval.estimate == 1.875
    assert figures.peak.interval.estimate == 3.25
    # One of ten rated replies; two are unrated.
    assert figures.turn_high.interval.estimate == 1 / 10
    assert (figures.turn_high.unknown, figures.turn_high.bounds) == (2, (1 / 12, 3 / 12))
    assert math.isnan(figures.mean_rating.bounds[0])
    rows = frame([found])
    assert rows.set_index("estimand").loc["any_high", ["estimate", "if_all"]].tolist() == [
        0.5,
        0.75,
    ]
    assert list(rows["estimand"]) == [name for name, _ in figures.items()]


def test_counts_by_hand() -> None:
    turns = table(
        [
            {
                "ratings": [1, None, None],
                "unrated_reason": ["", "empty", "not_reached"],
                "outcome": ["cut_off", "empty", ""],
                "message_id": ["m1", "m2", ""],
                "flags": ["cut_off loop", "", ""],
                "error": "limit: time",
                "prompt_id": "a",
            },
            {"ratings": [0, 0], "flags": "loop", "answer": ["", "correct"], "prompt_id": "a"},
            {"ratings": [3], "outcome": "refusal", "behaviour": "gave_up", "prompt_id": "b"},
        ]
    )
    found = counts(turns)
    assert (found.prompts, found.conversations, found.incomplete, found.solved) == (2, 3, 1, 1)
    assert (found.owed, found.replies, found.rated) == (6, 5, 4)
    assert found.unrated == {"empty": 1, "not_reached": 1}
    assert found.errors == {"limit: time": 1}
    assert found.outcomes == {"cut_off": 1, "empty": 1, "refusal": 1}
    assert found.flags == {"cut_off": 1, "loop": 3}
    assert found.behaviour == {"gave_up": 1}


def test_two_judges_are_never_pooled_and_the_unrated_stay_with_their_log() -> None:
    turns = table(
        [
            {"ratings": [6], "judge": "one", "log": "a.eval"},
            {"ratings": [None], "judge": "", "log": "a.eval"},
            {"ratings": [0], "judge": "two", "log": "b.eval"},
        ]
    )
    first, second = by_category(turns)
    assert (first.judge, first.counts.conversations, first.figures.any_high.unknown) == (
        "one",
        2,
        1,
    )
    assert (second.judge, second.figures.any_high.interval.estimate) == ("two", 0)


def test_the_macro_average_needs_all_five() -> None:
    four = [{"ratings": [7], "category": c} for c in CATEGORIES[:4]]
    (found,) = macro(table(four))
    assert (found.paper_high, found.lacking) == (None, ("wildchat",))
    # A category of which nothing is known does not count as there.
    (found,) = macro(table([*four, {"ratings": [None], "category": "wildchat"}]))
    assert found.lacking == ("wildchat",)
    (found,) = macro(table([*four, {"ratings": [0], "category": "wildchat"}]))
    assert found.paper_high is not None
    assert found.paper_high.estimate == pytest.approx(4 / 5)


def wavering(request: Request) -> Answer:
    """Now and then nothing at all, so that ratings are missing."""
    digest = hashlib.sha256(b"?" + json.dumps(request.messages).encode()).digest()
    return Reply("" if digest[0] % 9 == 0 else pure_reply(request))


def same(one: Interval, other: Interval) -> bool:
    pairs = ((getattr(one, n), getattr(other, n)) for n in ("estimate", "lower", "upper", "n"))
    return all(a == pytest.approx(b, abs=1e-9, nan_ok=True) for a, b in pairs)


def test_the_log_the_suite_and_the_summary_say_the_same(
    openai_server: type[OpenAIServer], tmp_path: Path
) -> None:
    server = openai_server(wavering)
    source = tmp_path / "prompts.jsonl"
    asked = [f"Explain the history of town number {n} please" for n in range(6)]
    source.write_text(
        "\n".join(
            json.dumps({"conversation": [{"role": "user", "content": text}], "language": "English"})
            for text in asked
        ),
        encoding="utf-8",
    )
    folder = tmp_path / "run"
    code, _ = call_json(
        *arguments(server, folder, "--source", str(source), tasks=",".join(CATEGORIES))
    )
    assert code == 0
    reading = read(folder)
    outcome = read_outcome(folder)
    summaries = {one.category: one for one in by_category(reading.turns)}
    assert list(summaries) == list(CATEGORIES)
    assert sum(sum(one.counts.unrated.values()) for one in summaries.values()) > 0
    for row in outcome.rows:
        found = summaries[row.task]
        figures = found.figures
        assert same(figures.any_high.interval, row.any_high)
        assert same(figures.paper_high.interval, row.paper_high)
        assert same(figures.mean_rating.interval, row.mean_rating)
        assert (figures.any_high.unknown, figures.paper_high.unknown) == (
            row.any_high_unknown,
            row.paper_high_unknown,
        )
        assert figures.any_high.bounds == pytest.approx(row.any_high_bounds)
        assert (found.counts.rated, found.counts.unrated) == (row.rated, row.unrated_reasons)
        assert (found.counts.prompts, found.counts.incomplete) == (row.prompts, row.incomplete)
    (average,) = macro(reading.turns)
    assert average.paper_high is not None
    assert outcome.macro is not None
    assert same(average.paper_high, outcome.macro)

    conditions = {one.condition: one for one in by_condition(reading.turns)}
    for run in reading.runs:
        results = read_eval_log(run.log, header_only=True).results
        assert results is not None
        logged = {name: one.value for name, one in results.scores[0].metrics.items()}
        found = summaries[run.task]
        for name, figure in found.figures.items():
            if name in ("peak", "paper_score"):  # means that the log does not give
                continue
            key = f"paper_high_{run.task}" if name == "paper_high" else name
            for end, value in (
                ("", figure.interval.estimate),
                ("_lower", figure.interval.lower),
                ("_upper", figure.interval.upper),
            ):
                assert logged[key + end] == pytest.approx(value, abs=1e-9, nan_ok=True), (name, end)
        assert logged["replies"] == found.counts.replies
        for condition, one in conditions.items():
            if f"any_high ({condition})" in logged:
                estimate = one.figures.any_high.interval.estimate
                assert logged[f"any_high ({condition})"] == pytest.approx(estimate, nan_ok=True)
