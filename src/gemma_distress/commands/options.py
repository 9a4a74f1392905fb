"""What the commands share: how an option is declared, and how a user's mistake is told."""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import click

from gemma_distress.errors import UsageError

P = ParamSpec("P")


class Whole(click.IntRange):
    """A whole number from `min` on, whose range the help text leaves out."""

    def _describe_range(self) -> str:
        return ""


def told_in_a_sentence(command: Callable[P, int]) -> Callable[P, None]:
    """Turn the command's result into the exit code, and a user's mistake into a sentence and 2."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except UsageError as error:
            click.echo(f"Error: {error}", err=True)
            code = 2
        sys.exit(code)

    return call


def value(
    name: str, metavar: str, help: str, **settings: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    names = name.split()
    return click.option(*names, metavar=metavar, help=help, **settings)
