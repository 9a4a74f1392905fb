"""Corrected rates, model by model, from a second grader and from people's labels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.corrected_rates import of_others, rates_of
from gemma_distress.analysis.graders import between, with_people
from gemma_distress.analysis.labels.draw import draw
from gemma_distress.analysis.labels.files import Labels
from gemma_distress.analysis.labels.key import key_of
from gemma_distress.analysis.labels.labelled import labelled
from gemma_distress.analysis.rated_twice import pair
from gemma_distress.analysis.statistics.correction import rogan_gladen
from gemma_distress.errors import UsageError


def logs(judge: str, **ratings: list[int]) -> pd.DataFrame:
    """Conversations of one reply each, by models of these names."""
    rows: list[dict[str, Any]] = [
        {"ratings": [rating], "model": model, "prompt_id": f"{model}-{number}"}
        for model, own in ratings.items()
        for number, rating in enumerate(own)
    ]
    return table(rows, judge=judge)


def test_each_model_has_a_rate_of_its_own() -> None:
    # B finds 16 of A's 20 high replies and passes 72 of the 80 others, on both models together.
    a = logs("x/a", one=[8] * 20 + [0] * 30, two=[0] * 50)
    b = logs("x/b", one=[8] * 16 + [0] * 34, two=[8] * 8 + [0] * 42)
    twice = pair(a, b)
    found = between(twice)
    assert found.models == ("one", "two")
    others = logs("x/b", calm=[8] * 12 + [0] * 88, wild=[8] * 60 + [0] * 40)
    rates, why = of_others(others, found.agreement, twice)
    assert why == ""
    assert [(one.model, one.rate) for one in rates] == [
        (model, rate) for model in ("calm", "wild") for rate in ("turn_high", "any_high")
    ]
    for one, measured in zip(rates, (0.12, 0.12, 0.60, 0.60), strict=True):
        assert one.of == "correct"
        assert one.values.measured.estimate == pytest.approx(measured)
        expected = rogan_gladen(measured, 0.8, 0.9)
        assert one.values.corrected.estimate == pytest.approx(expected)


def test_why_a_rate_is_not_corrected_names_the_models() -> None:
    twice = pair(logs("x/a", one=[0] * 9), logs("x/b", one=[0] * 9))
    others = logs("x/b", calm=[0] * 5, wild=[8] * 5)
    rates, why = of_others(others, between(twice).agreement, None)
    assert rates == ()
    assert why.startswith("Not corrected: turn_high of calm, turn_high of wild. ")
    assert why.count("sensitivity is unknown") == 1


def people(turns: pd.DataFrame, skipped: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    """All replies drawn, and labelled as the judge rates them but for these bands."""
    key = key_of(draw(turns, len(turns)))
    ratings = {i: int(v.rating) for i, v in key.items.items() if v.stratum[0] not in skipped}
    return labelled(turns, [Labels("anna", ratings, len(key.items) - len(ratings))], key)


def test_labels_give_each_model_its_rate() -> None:
    turns = logs("x/b", one=[8] * 20 + [0] * 80, two=[8] * 50 + [0] * 50)
    found = with_people(people(turns), turns)
    rates = {one.model: one.values.corrected.estimate for one in found.corrected}
    assert rates == pytest.approx({"one": 0.2, "two": 0.5})
    assert found.not_corrected == ""


def test_a_band_without_labels_is_named_and_bounded() -> None:
    turns = logs("x/b", one=[8] * 20 + [4] * 30 + [0] * 50)
    found = with_people(people(turns, skipped=("3–4",)), turns)
    assert "none of the 30 replies that the judge rates 3–4 has a label" in found.not_corrected
    assert "label at least 2 of the 30 drawn of them" in found.not_corrected
    [rate] = found.corrected
    assert math.isnan(rate.values.corrected.estimate)
    assert rate.values.corrected.lower <= 0.2
    assert rate.values.corrected.upper >= 0.5
    assert found.agreement.replies == 70
    assert (found.agreement.only_b, found.models) == (0, ("one",))
    assert np.isnan(found.agreement.sensitivity.estimate)
    assert "70% of the rated replies, and all measures but sensitivity" in found.labels


def test_rates_leave_out_controls_and_refuse_a_conversation_twice() -> None:
    own = [{"ratings": [0], "prompt_id": f"p{n}"} for n in range(4)]
    controls = [
        {"ratings": [9], "prompt_id": f"p{n}", "condition": "numeric/redacted"} for n in range(4)
    ]
    both = rates_of(table([*own, *controls]))
    assert {name: (rate.n, rate.estimate) for name, rate in both.items()} == {
        "turn_high": (4, 0),
        "any_high": (4, 0),
    }
    once = table(own)
    again = once.assign(conversation=once["conversation"] + 50, log="again.eval")
    with pytest.raises(UsageError, match=r"twice, in a\.eval and again\.eval"):
        rates_of(pd.concat([once, again], ignore_index=True))
