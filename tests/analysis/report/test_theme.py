"""Colours that can be read on their paper, light and dark."""

from itertools import combinations

from gemma_distress.analysis.report.page import SHAPES
from gemma_distress.analysis.report.theme import theme


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """From 1 to 21, WCAG 2."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_white_on_black() -> None:
    assert contrast("#ffffff", "#000000") == 21


def test_text_has_four_and_a_half_to_one_and_marks_three() -> None:
    colours = theme().colours
    for shade in (0, 1):
        for paper in ("paper", "panel", "mark"):
            assert contrast(colours["ink"][shade], colours[paper][shade]) >= 7
        for text in ("quiet", "link"):
            assert contrast(colours[text][shade], colours["paper"][shade]) >= 4.5
        for look in theme().looks:
            assert contrast(colours[look.variable][shade], colours["paper"][shade]) >= 3


def test_light_colours_name_themselves() -> None:
    light = [pair[0] for pair in theme().colours.values()]
    assert len(set(light)) == len(light)
    assert theme().in_variables(f'fill="{theme()["ink"]}"') == 'fill="var(--ink)"'
    assert theme().in_variables("#123456") == "#123456"


def test_every_shape_has_an_outline_and_no_two_subjects_one_shape() -> None:
    shapes = [look.shape for look in theme().looks]
    assert set(shapes) <= set(SHAPES)
    assert all(a != b for a, b in combinations(shapes, 2))
