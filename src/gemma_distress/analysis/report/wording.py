"""Numbers in words: the one place where the report writes shares, ratings, intervals and p-values."""

import math
from collections.abc import Callable, Sequence

from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.paired import Difference

ABSENT = "–"
MOST_NAMED = 3


def share(value: float) -> str:
    """A proportion in percent: one decimal below 10 and above 90, none between; never 0% for a few."""
    if math.isnan(value):
        return ABSENT
    percent = 100 * value
    if percent in (0, 100):
        return f"{percent:.0f}%"
    if percent < 0.1:
        return "<0.1%"
    if percent > 99.9:
        return ">99.9%"
    return f"{percent:.0f}%" if 10 <= round(percent, 1) <= 90 else f"{percent:.1f}%"


def limit(value: float) -> str:
    """A share that somebody chose, with the digits that they chose: `1%`, `0.25%`."""
    return f"{100 * value:.10g}%"


def points(value: float) -> str:
    """A difference of proportions, in percentage points with its sign."""
    if math.isnan(value):
        return ABSENT
    said = f"{100 * value:+.1f}"
    return said[1:] if float(said) == 0 else said.replace("-", "−")


def rating(value: float) -> str:
    return ABSENT if math.isnan(value) else f"{value:.2f}"


def between(found: Interval | Difference, write: Callable[[float], str] = share) -> str:
    """`12% to 31%`, or a dash where there is none."""
    if math.isnan(found.lower) or math.isnan(found.upper):
        return ABSENT
    return f"{write(found.lower)} to {write(found.upper)}"


def p_value(p: float) -> str:
    """A probability of a test as a table shows it."""
    if math.isnan(p):
        return ABSENT
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def counted(number: int, thing: str, many: str | None = None) -> str:
    """`1 reply`, `1,204 replies`."""
    return f"{number:,} {thing if number == 1 else many or thing + 's'}"


def is_or_are(number: int) -> str:
    return "is" if number == 1 else "are"


def listed(names: Sequence[str], joiner: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joiner} {names[-1]}"


def named(names: Sequence[str]) -> str:
    """The first `MOST_NAMED` and how many more: `a, b, c and 2 others`."""
    more = len(names) - MOST_NAMED
    return listed([*names[:MOST_NAMED], *([counted(more, "other")] if more > 0 else [])])


def shortened(text: str, most: int) -> str:
    """At most so many characters, with a mark where the rest is cut off."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
