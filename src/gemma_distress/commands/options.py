"""What the commands share: how an option is declared, and how a user's mistake is told."""

import errno
import sys
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from gemma_distress.errors import UsageError
from gemma_distress.visible import one_line

P = ParamSpec("P")
if TYPE_CHECKING:
    _Type = click.ParamType[int]
else:
    _Type = click.ParamType  # not generic before click 8.3


class Whole(_Type):
    """A whole number from `least` on; the help text, unlike the message, leaves the range out."""

    name = "whole number"

    def __init__(self, least: int) -> None:
        self.least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number = int(click.INT.convert(value, param, ctx))
        if number < self.least:
            self.fail(f"{number} is less than {self.least}.", param, ctx)
        return number


_NOT_WRITTEN = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.ENOTDIR,
    errno.EEXIST,
)
"""Errors of a disk or a place, which a user can mend wherever they come up."""


def told_in_a_sentence(command: Callable[P, int]) -> Callable[P, None]:
    """Turn the result into the exit code, and a user's mistake or a full disk into a sentence and 2."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except UsageError as error:
            click.echo(one_line(f"Error: {error}"), err=True)
            code = 2
        except OSError as error:
            if error.errno not in _NOT_WRITTEN:
                raise
            what = error.filename or "A file of the result"
            told = f"{what} cannot be written ({error.strerror}), so the result is not whole."
            click.echo(
                one_line(
                    f"Error: {told} Make room or name another place, and give the command again."
                ),
                err=True,
            )
            code = 2
        sys.exit(code)

    return call


def value(
    name: str, metavar: str, help: str, **settings: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    names = name.split()
    return click.option(*names, metavar=metavar, help=help, **settings)
