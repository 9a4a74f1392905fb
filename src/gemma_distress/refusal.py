"""A user's mistake in a task argument, as Inspect shows mistakes: one sentence, no traceback.

Inspect prints its own `PrerequisiteError` that way and every other exception with a traceback. The rest of
the package raises `UsageError` and knows nothing of Inspect; at its edge the one becomes both.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from inspect_ai._util.error import PrerequisiteError  # not public, and nothing public prints so
from rich.markup import escape

from gemma_distress.errors import UsageError

_P = ParamSpec("_P")
_R = TypeVar("_R")


class RefusedError(PrerequisiteError, UsageError):
    """A `UsageError` that Inspect's commands print as a sentence.

    Inspect prints `message` as rich markup, so square brackets are escaped there; `str()` is the plain
    sentence.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(escape(sentence))
        self.args = (sentence,)


def refuses(function: Callable[_P, _R]) -> Callable[_P, _R]:
    """Let the `UsageError`s of a task, solver, scorer or provider reach the user as sentences."""

    @wraps(function)
    def wrapped(*args: _P.args, **kwargs: _P.kwargs) -> _R:
        try:
            return function(*args, **kwargs)
        except RefusedError:
            raise
        except UsageError as error:
            raise RefusedError(str(error)) from error

    return wrapped
