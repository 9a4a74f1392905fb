"""Numbers in words: how the report writes shares, ratings and intervals."""

import math
from collections.abc import Sequence

from gemma_distress.analysis.statistics.intervals import Interval

ABSENT = "–"


def share(value: float) -> str:
    """A proportion in percent: whole where it is large, with a decimal near zero and near one."""
    if math.isnan(value):
        return ABSENT
    percent = 100 * value
    if percent in (0, 100):
        return f"{percent:.0f}%"
    if percent < 0.1:
        return "<0.1%"
    if percent > 99.9:
        return ">99.9%"
    edge = min(percent, 100 - percent)
    return f"{percent:.1f}%" if edge < 10 else f"{percent:.0f}%"


def points(value: float) -> str:
    """A difference of proportions, in percentage points with its sign."""
    if math.isnan(value):
        return ABSENT
    said = f"{100 * value:+.1f}"
    return said[1:] if float(said) == 0 else said.replace("-", "−")


def rating(value: float) -> str:
    return ABSENT if math.isnan(value) else f"{value:.2f}"


def share_interval(interval: Interval) -> str:
    """`12% to 31%`, or a dash where there is none."""
    if math.isnan(interval.lower):
        return ABSENT
    return f"{share(interval.lower)} to {share(interval.upper)}"


def rating_interval(interval: Interval) -> str:
    if math.isnan(interval.lower):
        return ABSENT
    return f"{rating(interval.lower)} to {rating(interval.upper)}"


def counted(number: int, thing: str, many: str | None = None) -> str:
    """`1 reply`, `1,204 replies`."""
    return f"{number:,} {thing if number == 1 else many or thing + 's'}"


def listed(names: Sequence[str], joiner: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {joiner} {names[-1]}"
