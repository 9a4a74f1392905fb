"""Effects by range and seed: worked by hand, through the file and back, and as a table."""

from pathlib import Path

import pytest
from tests.finetune.some_sweep import some_sweep, without

from gemma_distress.errors import UsageError
from gemma_distress.finetune.sweep_results import (
    ALL,
    MACRO,
    NOTHING_TO_COMPARE,
    markdown,
    read_sweep,
    write_sweep,
)


def test_the_effect_of_a_range_is_the_mean_over_its_seeds():
    first, second, whole = some_sweep().ranges
    # High in 6 of 6 before; after in 0 and 1, in 1 and 2, and in 2 and 3 of 6.
    assert [arm.effect.shares[MACRO].estimate for arm in first.arms] == [
        pytest.approx(-1),
        pytest.approx(-5 / 6),
    ]
    for one, after in ((first, 0.5), (second, 1.5), (whole, 2.5)):
        assert one.effect.shares[MACRO].estimate == pytest.approx(after / 6 - 1)
        assert one.effect.shares["tones"].estimate == pytest.approx(after / 6 - 1)
        assert one.spread(MACRO) == (
            pytest.approx((after - 0.5) / 6 - 1),
            pytest.approx((after + 0.5) / 6 - 1),
        )
    assert first.from_all is not None
    assert first.from_all.shares[MACRO].estimate == pytest.approx(-2 / 6)
    assert whole.from_all is None
    # Words of 20 to 25 and of 10 to 15: 12.5 of 22.5.
    assert first.effect.length_ratio.estimate == pytest.approx(12.5 / 22.5)


def test_without_all_five_categories_it_is_about_all_conversations():
    found = some_sweep(categories=("numeric", "tones"))
    assert found.main == ALL
    assert f"({ALL})" in markdown(found)


def test_a_category_that_one_adapter_left_unrated_takes_the_average_from_all():
    """An average over five for some ranges and over fewer for others would compare unlike things."""
    found = some_sweep()
    assert found.main == MACRO
    lacking = without(found, MACRO)
    assert lacking.main == ALL
    assert f"({ALL})" in markdown(lacking)


def test_an_adapter_that_answers_nothing_leaves_nothing_to_compare():
    lost = without(without(some_sweep(), MACRO), ALL)
    assert lost.main is None
    assert markdown(lost) == NOTHING_TO_COMPARE


def test_the_file_holds_all_of_it(tmp_path: Path):
    found = some_sweep()
    assert "nan" in repr(found)  # ends and correlations that cannot be told
    write_sweep(found, tmp_path)
    assert repr(read_sweep(tmp_path)) == repr(found)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"ranges": [1]}', '{"ranges": [{}]}'])
def test_what_is_no_sweep(tmp_path: Path, text: str):
    with pytest.raises(UsageError, match=r"There is no .*sweep\.json"):
        read_sweep(tmp_path)
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(UsageError, match="holds no sweep that can be read"):
        read_sweep(tmp_path)


def test_the_table_has_a_line_for_each_range():
    lines = markdown(some_sweep()).splitlines()
    assert [line.split(" | ")[0] for line in lines[4:]] == ["| 0-1", "| 2-3", "| all"]
    assert "| 0-1 | 2,000 | 100% | 8.33% | −91.7% [" in lines[4]
    assert "| −100% to −83.3% | −33.3% [" in lines[4]
    assert "| 0.56 |" in lines[4]  # all replies shrink alike, so the ratio has no interval
    assert "| – |" in lines[6]


def test_unequal_widths_are_said_with_the_parameters():
    assert some_sweep().caveat == ""
    found = some_sweep(((0, 1), (2, 5), None))
    assert not found.equal
    assert "(0-1 2,000, 2-5 4,000, all 6,000)" in markdown(found).splitlines()[-1]
