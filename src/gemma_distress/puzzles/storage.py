"""Reading a puzzle back from the JSON form that `Puzzle.to_dict` writes."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from gemma_distress.errors import UsageError
from gemma_distress.puzzles.chain import Chain, Operation
from gemma_distress.puzzles.coins import Coins
from gemma_distress.puzzles.countdown import Countdown
from gemma_distress.puzzles.puzzle import Puzzle


def puzzle_from_dict(data: Mapping[str, Any]) -> Puzzle:
    """Return the puzzle that `data` describes; equal to the one whose `to_dict()` it is.

    `banned` may be missing, as may `integer_rule` (true) and `telling` (fraction).

    Raises:
        UsageError: the family is unknown, a key is missing or a value cannot be read.
    """
    banned = data.get("banned")
    try:
        match data.get("family"):
            case "countdown":
                return Countdown(
                    numbers=tuple(map(int, data["numbers"])),
                    target=int(data["target"]),
                    banned=None if banned is None else int(banned),
                    integer_rule=bool(data.get("integer_rule", True)),
                )
            case "chain":
                return Chain(
                    start=Fraction(data["start"]),
                    target=Fraction(data["target"]),
                    operations=tuple(map(Operation.parse, data["operations"])),
                    banned=None if banned is None else Fraction(banned),
                    telling=data.get("telling", "fraction"),
                )
            case "coins":
                return Coins(
                    total=int(data["total"]),
                    count=int(data["count"]),
                    denominations=tuple(map(int, data["denominations"])),
                    banned=None if banned is None else int(banned),
                )
            case family:
                raise UsageError(
                    f"The puzzle family {family!r} is unknown; it must be countdown, chain or "
                    f"coins. The description was: {dict(data)!r}."
                )
    except KeyError as error:
        raise UsageError(
            f"A {data.get('family')} puzzle lacks the key {error}; the description was: "
            f"{dict(data)!r}."
        ) from error
    except (TypeError, ValueError, ZeroDivisionError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(
            f"A {data.get('family')} puzzle has a value that cannot be read ({error}); the "
            f"description was: {dict(data)!r}."
        ) from error
