"""One value of one task argument, checked: what is refused is told with the value and the remedy."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from gemma_distress.errors import UsageError

Choice = TypeVar("Choice", bound=str)


def refuse_unknown(given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse arguments that a task does not have, naming the nearest that it has."""
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(
                f"There is no task argument {name!r}.{hint} The arguments are: {', '.join(known)}."
            )


def text(name: str, value: object) -> str:
    """The value, if it is a text; Inspect reads `-T path=5` as a number and `-T path=a,b` as a list."""
    if isinstance(value, list):
        raise UsageError(
            f"{name}={value!r} is a list, because it has a comma. Give one name without."
        )
    if not isinstance(value, str):
        raise UsageError(f"{name}={value!r} is not a text. Write -T {name}='\"{value}\"'.")
    return value


def whole(name: str, value: object, low: int, high: int) -> int:
    """The value, if it is a whole number from `low` to `high`; a yes/no value is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise UsageError(
            f"{name}={value!r} is not a whole number from {low} to {high}. "
            f"Give one, as in -T {name}={max(low, 3)}."
        )
    return value


def one_of(name: str, value: object, choices: Sequence[Choice]) -> Choice:
    """The value, if it is one of the choices."""
    for choice in choices:
        if value == choice:
            return choice
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    raise UsageError(f"{name}={value!r} is not one of {', '.join(choices)}.{hint}")


def true_or_false(name: str, value: object) -> bool:
    """The value, if it is a yes or a no."""
    if not isinstance(value, bool):
        raise UsageError(f"{name}={value!r} is neither true nor false. Write -T {name}=true.")
    return value
