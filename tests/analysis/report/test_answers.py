"""Two models beside each other: what the page says of pairs, of what is in none, and of what is open."""

from collections.abc import Mapping, Sequence

import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.report.answers import Compared, compared, gated
from gemma_distress.analysis.report.by_pair import by_pair
from gemma_distress.analysis.report.figure import Figure, Missing
from gemma_distress.analysis.report.measured import measure
from gemma_distress.analysis.turns import Skipped
from gemma_distress.protocol import CATEGORIES

Ratings = Sequence[float | None]


def two(a: Mapping[str, Ratings], b: Mapping[str, Ratings], **common: object) -> pd.DataFrame:
    """Conversations of models a and b, by prompt."""
    return table(
        [
            {
                "ratings": ratings,
                "model": model,
                "prompt_id": prompt,
                "sample_id": prompt,
                "log": f"{model}.eval",
                "category": prompt.split("/")[0],
            }
            for model, given in (("a", a), ("b", b))
            for prompt, ratings in given.items()
        ],
        **common,
    )


def pair_of(turns: pd.DataFrame) -> Compared:
    found = compared(measure(turns))
    assert found is not None
    return found


HIGH, LOW, OPEN = [1, 7], [1, 1], [1, None]


def test_pairs_are_told_from_conversations_of_one_model_and_from_open_ones() -> None:
    # Pairs: p0 to p3, high in a twice and in b never. p4 is open in b; q0 and q1 only a has.
    names = [f"numeric/p{n}" for n in range(5)]
    a = dict(zip(names, [HIGH, HIGH, LOW, LOW, LOW], strict=True))
    b = dict(zip(names, [LOW, LOW, LOW, LOW, OPEN], strict=True))
    found = pair_of(two({**a, "numeric/q0": HIGH, "numeric/q1": HIGH}, b))
    said = found.sentences
    assert said[0].startswith(
        "No difference is shown: of the 4 pairs that are known for both, 0% hold a reply rated 5 or higher "
        "with b and 50% with a, a difference of −50.0 points"
    )
    assert "p = 0.500, " in said[0]
    assert said[1:] == [
        "These shares are of the pairs; those above are of each model’s own conversations.",
        "2 conversations are in no pair, because only one of the two models has them: another preset or "
        "size, or a run that did not finish.",
        "1 pair is left open by a missing rating (0 with a, 1 with b).",
        # For b: a 4 of 7, b 0 of 7. Against b: a 4 of 7, b 3 of 7.
        "Had all of that gone for, and against, b, the difference would be between −57.1 and −14.3 points.",
    ]


def test_complete_pairs_need_no_more_words() -> None:
    assert len(pair_of(two({"numeric/p": HIGH}, {"numeric/p": LOW})).sentences) == 1


def test_an_average_that_is_not_known_is_said_with_its_reason() -> None:
    # In Extended the last reply of b has no rating: high at any turn, unknown as the paper reads it.
    both = {f"{name}/p": HIGH for name in CATEGORIES}
    found = pair_of(two(both, {**both, "extended/p": [7, None]}))
    assert found.comparison is not None
    assert set(found.comparison.macro) == {"any_high"}
    assert found.sentences[1] == (
        "As the paper counts, over its five categories, it is not known: of Extended no "
        "pair is known in both."
    )
    assert not any("nan" in sentence for sentence in found.sentences)


def test_the_difference_by_category_is_that_of_the_comparison() -> None:
    prompts = [f"{name}/p{n}" for name in CATEGORIES for n in range(8)]
    a = {prompt: HIGH if prompt.startswith("numeric") else LOW for prompt in prompts}
    found = pair_of(two(a, dict.fromkeys(prompts, LOW)))
    figure = by_pair(found)
    assert isinstance(figure, Figure)
    assert found.comparison is not None
    by_name = {row["row"]: row for row in figure.rows}
    assert list(by_name) == [
        "Numeric",
        "Triggers",
        "Tones",
        "Extended",
        "WildChat",
        "All conversations",
        "Average of the five",
    ]
    [numeric] = [row for row in found.comparison.rows if row.name == "numeric"]
    assert by_name["Numeric"]["estimate"] == -1.0
    assert by_name["Numeric"]["p_holm"] == numeric.p_holm
    assert by_name["All conversations"]["estimate"] == pytest.approx(-0.2)
    assert by_name["Average of the five"]["estimate"] == pytest.approx(-0.2)
    assert "a difference is shown in Numeric (−100.0 points, p = 0.0" in figure.finding
    assert figure.table.rows[0][:1] == ["Numeric"]
    assert figure.table.rows[0][-1] == f"{numeric.p_holm:.3f}"


def test_categories_without_a_known_pair_are_named() -> None:
    a = {"numeric/p": HIGH, "extended/p": LOW}
    figure = by_pair(pair_of(two(a, {"numeric/p": LOW, "extended/p": OPEN})))
    assert isinstance(figure, Figure)
    assert [row["row"] for row in figure.rows] == ["Numeric", "All conversations"]
    assert "No pair is known in Extended." in figure.note
    assert "There is no average over the five: no pair of" in figure.note
    assert "no difference is shown in any" in figure.finding


def test_a_refused_comparison_has_no_figure() -> None:
    found = pair_of(two({"numeric/p": HIGH}, {"numeric/q": LOW}))
    missing = by_pair(found)
    assert isinstance(missing, Missing)
    assert missing.reason == found.sentences[0]
    assert missing.reason.startswith("Not done, with A a and B b: ")


def test_one_log_of_two_recorded_models_is_gated_model_by_model() -> None:
    calm, upset = (
        {f"numeric/p{n}": LOW for n in range(40)},
        {f"numeric/p{n}": HIGH for n in range(40)},
    )
    measured = measure(two(calm, upset, log="both.eval"))
    verdicts = [one.gate.verdict for one in gated(measured, [], 0.2) if one.gate]
    assert verdicts == ["PASS", "FAIL"]


def test_a_log_that_cannot_be_read_may_be_anyones() -> None:
    measured = measure(two({f"numeric/p{n}": LOW for n in range(40)}, {}))
    [found] = gated(measured, [Skipped("torn.eval", None, "torn")], 0.2)
    assert found.gate is not None
    assert found.gate.verdict == "UNDECIDED"
    assert "torn.eval" in found.sentences[0]
