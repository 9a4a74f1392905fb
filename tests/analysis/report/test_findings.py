"""What the sentence below each figure claims, and where its rows come from."""

from collections.abc import Sequence

import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.report import by_words as words_module
from gemma_distress.analysis.report.by_category import AVERAGE, by_category
from gemma_distress.analysis.report.by_condition import by_condition, by_contrast
from gemma_distress.analysis.report.by_turn import ALL, high_by_turn, mean_by_turn, severity
from gemma_distress.analysis.report.by_words import SHOWN, by_words
from gemma_distress.analysis.report.dots import CUT
from gemma_distress.analysis.report.figure import WIDE, Figure, Missing, drawing
from gemma_distress.analysis.report.measured import measure
from gemma_distress.analysis.statistics.over_represented import CLAIMED_BELOW, Word
from gemma_distress.analysis.words import WordList
from gemma_distress.protocol import CATEGORIES


def drawn(figure: Figure | Missing) -> Figure:
    assert isinstance(figure, Figure)
    return figure


def turns(
    categories: dict[str, Sequence[Sequence[float | None]]], model: str = "x/m"
) -> pd.DataFrame:
    """Conversations by category, each of its own prompt."""
    return table(
        [
            {
                "ratings": ratings,
                "category": category,
                "prompt_id": f"{category}/{n}",
                "model": model,
            }
            for category, conversations in categories.items()
            for n, ratings in enumerate(conversations)
        ]
    )


def test_the_average_stands_in_every_panel_that_has_one() -> None:
    # High in one of two of Numeric, none elsewhere: an average of a tenth for both shares.
    both = {name: [[1, 1], [1, 7 if name == "numeric" else 1]] for name in CATEGORIES}
    figure = drawn(by_category(measure(turns(both))))
    averages = {row["estimand"]: row["estimate"] for row in figure.rows if row["row"] == AVERAGE}
    assert averages == {"any_high": pytest.approx(0.1), "paper_high": pytest.approx(0.1)}
    assert "there is none for “Paper’s reading, mean”." in figure.note
    assert "and least in Triggers, Tones, Extended and 1 other (0% in each)." in figure.finding
    assert list(dict.fromkeys(row["row"] for row in figure.rows))[-1] == AVERAGE


def test_no_average_is_not_spoken_of() -> None:
    figure = drawn(by_category(measure(turns({"numeric": [[1]]}))))
    assert AVERAGE not in {row["row"] for row in figure.rows}
    assert AVERAGE not in figure.note


def test_an_average_that_one_estimand_lacks_is_left_out() -> None:
    # Extended's one conversation is open as to any high reply, and known as to its last.
    both = {**{name: [[1, 1]] for name in CATEGORIES}, "extended": [[None, 1]]}
    figure = drawn(by_category(measure(turns(both))))
    assert {row["estimand"] for row in figure.rows if row["row"] == AVERAGE} == {"paper_high"}
    assert "there is none for “Any reply ≥ 5” and “Paper’s reading, mean”." in figure.note
    assert "nan" not in str(figure.table)


def test_conditions_that_are_level_have_no_highest() -> None:
    tones = [
        {"ratings": [1, 7], "category": "tones", "condition": f"tones/{tone}"}
        for tone in ("neutral", "sarcastic", "aggressive", "disappointed")
    ]
    figure = drawn(by_condition(measure(table(tones))))
    assert figure.finding == (
        "a: a reply is high in 100% of conversations in each of Tones: neutral, Tones: sarcastic, "
        "Tones: aggressive and 1 other."
    )
    assert "None of 3 contrasts differs" in drawn(by_contrast(measure(table(tones)))).finding


def test_curves_that_move_alike_are_all_named() -> None:
    both = {"numeric": [[1, 5]], "extended": [[2, 6]], "tones": [[1, 3]]}
    figure = drawn(mean_by_turn(measure(turns(both))))
    assert figure.finding == "m moves most in Numeric and Extended, by 4.00 in each."
    shares = drawn(high_by_turn(measure(turns(both))))
    assert shares.finding == "m moves most in Numeric and Extended, by 100.0 points in each."
    level = drawn(mean_by_turn(measure(turns({"numeric": [[1, 1]], "extended": [[2, 2]]}))))
    assert level.finding == "m: level in every category."
    one = drawn(mean_by_turn(measure(turns({"numeric": [[6, 1]], "extended": [[2, 2]]}))))
    assert one.finding == "m falls most in Numeric, from 6.00 at turn 1 to 1.00 at turn 2."


def test_severity_says_how_many_reach_seven_and_nine() -> None:
    # Of m's four conversations two reach 7, both in Numeric, and none 9; of n's two none reaches 7.
    m = turns({"numeric": [[1, 7], [1, 8]], "extended": [[1, 5], [1, 1]]})
    n = turns({"numeric": [[1, 1]], "extended": [[1, 1]]}, "x/n")
    n["conversation"] += 4
    figure = drawn(severity(measure(pd.concat([m, n], ignore_index=True))))
    whole = {
        (row["subject"], row["x"]): (row["number"], row["range"])
        for row in figure.rows
        if row["panel"] == ALL
    }
    assert figure.finding == (
        f"m, of all conversations: 50% ({whole['m', 7][1]}) reach 7, most often in Numeric (100%); "
        f"0% ({whole['m', 9][1]}) reach 9. "
        f"n, of all conversations: 0% ({whole['n', 7][1]}) reach 7; 0% ({whole['n', 9][1]}) reach 9. "
        "Most reach 7 with m. At 9 all are level."
    )


def test_severity_that_a_missing_rating_leaves_open() -> None:
    figure = drawn(severity(measure(turns({"numeric": [[7, None]]}))))
    assert "reach 7; not known how many reach 9." in figure.finding
    assert ALL not in {row["panel"] for row in figure.rows}


def word(name: str, lower: float, q: float) -> Word:
    return Word(name, 2 * lower, lower, 300 * lower, q, 5, 1, 2.0, 1.0, 5)


def words_figure(monkeypatch: pytest.MonkeyPatch, *found: Word) -> Figure | Missing:
    """The figure of one model with these words."""
    listed = WordList(
        model="x/m",
        settings="",
        judge="",
        judge_version="",
        rubric="",
        pack="",
        group="high",
        against="others",
        replies=9,
        replies_other=9,
        used=9,
        used_other=9,
        strata=3,
        compared=len(found),
        words=found,
    )
    monkeypatch.setattr(words_module, "words", lambda *_, **__: [listed])
    return by_words(measure(turns({"numeric": [[1, 7]]})))


def test_words_are_claimed_by_their_false_discovery_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    unsure = [word(f"unsure{n}", 9, CLAIMED_BELOW) for n in range(SHOWN)]
    sure = word("sure" * 10, 2, 0.01)
    figure = drawn(words_figure(monkeypatch, *unsure, sure))
    # The one that counts is shown, though ten others have higher intervals; its name is cut and marked.
    assert figure.rows[0]["row"] == "sure" * 10
    assert len(figure.rows) == SHOWN
    assert figure.finding == "m: “suresuresuresuresuresur…” (×4.0) stands out (q < 5%)."


def test_no_word_is_claimed_where_none_reaches_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    figure = drawn(words_figure(monkeypatch, word("perhaps", 2, 0.2)))
    assert figure.finding == "m: no word reaches a false discovery rate below 5%."
    missing = words_figure(monkeypatch, word("no", 0.9, 0.2))
    assert isinstance(missing, Missing)
    assert missing.reason == "No word stands out. m: of 1 word none has an interval above 1."


def test_an_interval_beyond_the_axis_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    # An upper end of 900, and one of 200, on axes that end at 256.
    assert CUT in drawing(drawn(words_figure(monkeypatch, word("long", 3, 0.01))), WIDE).svg
    short = word("short", 1.5, 0.01)
    within = Word(**{**vars(short), "upper": 200.0})
    assert CUT not in drawing(drawn(words_figure(monkeypatch, within)), WIDE).svg
