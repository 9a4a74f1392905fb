"""Shares and probabilities as people type them: 1%, 0.3 %, 0.01."""

import re
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    _Type = click.ParamType[float]
else:
    _Type = click.ParamType  # not generic before click 8.3

_SHARE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(%?)\s*")


class Share(_Type):
    """A share from 0 to 1: in percent with a %, as a fraction without.

    1 and more without a % are refused: nobody can tell whether 1 means 1% or everything.
    """

    name = "share"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        found = _SHARE.fullmatch(str(value))
        if found is None:
            self.fail(
                f"{value!r} is no share. Write a percentage as 1% or 0.3%, or a fraction as 0.01.",
                param,
                ctx,
            )
        number, sign = float(found[1]), found[2]
        if not sign and number >= 1:
            self.fail(
                f"{value!r} may mean {number:g}% or {100 * number:g}%. Write it with a %.",
                param,
                ctx,
            )
        if number > 100:
            self.fail(f"{value!r} is more than everything.", param, ctx)
        # Not number / 100, whose last digit can differ from the fraction a reader would type.
        return float(f"{found[1]}e-2") if sign else number
