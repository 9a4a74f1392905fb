"""Colours and type of the report, for the page and its figures alike.

Figures are drawn once, in the colours of light paper. In the page each of those colours becomes a CSS
variable (`in_variables`), so one drawing follows the reader's light or dark setting and prints in light.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
"""Of figures. A width measured while drawing holds in the page too, where the same names are tried."""


@dataclass(frozen=True)
class Look:
    """What sets one subject apart in every figure: colour, and shape and dash for those who see none."""

    variable: str
    colour: str
    shape: str
    dash: tuple[int, ...]


@dataclass(frozen=True)
class Theme:
    """`colours` by name and `subjects` in order, both as (light, dark)."""

    colours: dict[str, tuple[str, str]]
    looks: tuple[Look, ...]

    def __getitem__(self, name: str) -> str:
        return self.colours[name][0]

    def look(self, position: int) -> Look:
        """Of the subject at this position, from 0. Beyond the last one they begin again."""
        return self.looks[position % len(self.looks)]

    def in_variables(self, text: str) -> str:
        """The text (a drawing or a specification) with each light colour as its CSS variable."""
        names = {light: name for name, (light, _) in self.colours.items()}
        return re.sub(
            "#[0-9a-f]{6}",
            lambda found: f"var(--{names[found[0]]})" if found[0] in names else found[0],
            text,
        )

    def css(self) -> str:
        """The variables: light at first, dark where the reader asks for it, light again on paper."""
        light, dark = (
            "".join(f"--{name}:{pair[shade]};" for name, pair in self.colours.items())
            for shade in (0, 1)
        )
        return (
            f":root{{color-scheme:light dark;{light}}}\n"
            f"@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
        )

    def config(self) -> dict[str, Any]:
        """The `config` of every Vega-Lite specification."""
        label = {"labelColor": self["quiet"], "titleColor": self["quiet"]}
        return {
            "font": FONT,
            "background": None,
            "aria": False,  # the page describes the figure as a whole; thousands of marks do not
            "padding": 2,
            "view": {"stroke": None},
            "axis": {
                **label,
                "labelFontSize": 12,
                "titleFontSize": 12,
                "titleFontWeight": "normal",
                "gridColor": self["grid"],
                "domainColor": self["line"],
                "tickColor": self["line"],
                "domain": False,
                "ticks": False,
                "labelPadding": 6,
                "titlePadding": 8,
            },
            "axisX": {"domain": True},
            "legend": {
                "labelColor": self["ink"],
                "labelFontSize": 13,
                "labelLimit": 300,
                "orient": "top",
                "title": None,
                "symbolOpacity": 1,
                "symbolSize": 90,
                "symbolStrokeWidth": 0,
                "padding": 0,
                "offset": 14,
                "columnPadding": 18,
            },
            "title": {
                "color": self["ink"],
                "fontSize": 13,
                "fontWeight": "bold",
                "anchor": "start",
                "offset": 8,
                "subtitleColor": self["quiet"],
                "subtitleFontSize": 12,
            },
            "text": {"color": self["ink"], "fontSize": 12},
        }


@cache
def theme() -> Theme:
    """The report's theme, from `theme.yaml`."""
    data = yaml.safe_load((files(__package__) / "theme.yaml").read_text("utf-8"))
    looks = tuple(
        Look(f"subject-{number}", each["colours"][0], each["shape"], tuple(each["dash"]))
        for number, each in enumerate(data["subjects"], 1)
    )
    pairs = {
        look.variable: each["colours"] for look, each in zip(looks, data["subjects"], strict=True)
    }
    colours = {name: (light, dark) for name, (light, dark) in (data["colours"] | pairs).items()}
    return Theme(colours, looks)
