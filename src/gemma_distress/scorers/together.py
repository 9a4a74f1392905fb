"""Grader calls side by side, with one exception where one goes wrong.

Inspect's `collect` runs them in a task group, which wraps whatever is raised as "unhandled errors in a
TaskGroup". The log should name the cause.
"""

from collections.abc import Awaitable
from typing import TypeVar

from inspect_ai.util import collect

Result = TypeVar("Result")


async def together(*calls: Awaitable[Result]) -> list[Result]:
    """All results in order; the first exception, bare, if any call raises."""
    try:
        return list(await collect(*calls))
    except BaseExceptionGroup as group:
        cause: BaseException = group
        while isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        raise cause from None
