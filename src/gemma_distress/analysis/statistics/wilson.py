"""Wilson's interval of a share whose observations come in clusters: which design effect, and how far out.

Wilson's score interval of a share p of n observations depends on the critical value c and on
the design effect D (`clusters.py`) only through `k = c^2 * D / n`:

    centre = (p + k/2) / (1 + k)        half width = sqrt(k*p*(1-p) + k^2/4) / (1 + k)

Two values of k are known. The *estimated* one takes D from the spread of the clusters and c from
Student's t, because that spread is itself estimated, with degrees of freedom one less than the
effective number of clusters `n^2 / sum(m_c^2)`, which is C for equal sizes. The *planned* one takes
D from an assumed ICC and c from the normal distribution, because nothing is estimated. The rule:

* one cluster: planned, since no spread can be seen;
* fewer than `FEW_CLUSTERS`: the wider of planned and estimated, both with the normal c. Student's
  t with one or two degrees of freedom would answer [0, 1] to everything; instead the assumption
  carries the interval, unless the clusters plainly differ by more than it allows;
* events in at least `ORDINARY_CLUSTERS` clusters and in an `ORDINARY_SHARE` of them, and non-events
  in as many, or both in all of them: estimated;
* otherwise the wider of planned and estimated. Near zero or one the spread of the clusters is an
  accident of where the few events fell, and at zero events it is 0, which is false comfort.

In all but the ordinary case k also says how many independent observations this one is worth, `n* =
z^2 / k`. Where they hold fewer than `EXACT_BELOW` events or non-events, each end is moved out to that
of the exact binomial interval of `p n*` events in `n*`, if that lies further out (Korn and Graubard
1998, Survey Methodology 24:193). There Wilson's own end on the side of few events is too sure: one
event among 50 single conversations excluded a true rate of 0.3%, and a nominal 95% interval covered
85%. At zero events the exact upper end is what "no event in n" bears one-sided, `1 - alpha^(1/n*)`.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from gemma_distress.analysis.statistics.clusters import Floats

ORDINARY_CLUSTERS, ORDINARY_SHARE = 30, 0.2
"""So many clusters, and such a share of them, with an event and with a non-event make a rate ordinary.
With 20 and no share, coverage at a rate of 1% and ICC 0.1 fell to 92% (200 clusters of 40): the few
clusters that hold most events are often not drawn, and then the spread looks small."""

EXACT_BELOW = 10
"""Below so many effective events the exact binomial interval has a say."""

FEW_CLUSTERS = 5
"""Below this the planned design effect carries the interval."""


class Ends(NamedTuple):
    """The ends of a proportion's interval, and the design effect that they rest on."""

    lower: float
    upper: float
    design_effect: float
    rule: str
    """`planned design effect` or `estimated design effect`."""


def clustered_ends(
    p: float,
    worth: float,
    clusters: int,
    planned: float,
    estimated: float,
    df: float,
    ordinary: bool,
    level: float,
) -> Ends:
    """The interval of a proportion by the rule of the module docstring.

    Args:
        p: the proportion.
        worth: so many observations tell of it, if they were independent.
        clusters: so many they come in.
        planned: the design effect to assume.
        estimated: the one measured, NaN where it cannot be.
        df: degrees of freedom of the measured one.
        ordinary: as `is_ordinary` says.
        level: nominal coverage.
    """
    z = normal_quantile(level)
    k, effect, rule = z**2 * planned / worth, planned, "planned design effect"
    if not math.isnan(estimated):
        # A design effect under 1 says that clusters differ less than chance allows: among
        # exchangeable conversations that is luck, and luck does not narrow an interval.
        estimated = max(estimated, 1.0)
        c = z if clusters < FEW_CLUSTERS else t_quantile(level, df)
        if ordinary or c**2 * estimated / worth >= k:
            k, effect, rule = c**2 * estimated / worth, estimated, "estimated design effect"
    lower, upper = wilson(p, k)
    n = z**2 / k
    if not ordinary and min(p, 1 - p) * n < EXACT_BELOW:
        exact = exact_ends(p, n, (1 - level) / 2)
        lower, upper = min(lower, exact[0]), max(upper, exact[1])
    return Ends(lower, upper, effect, rule)


def is_ordinary(with_event: int, without: int, groups: int) -> bool:
    """Whether events and non-events each occur in enough of the clusters to trust their spread."""
    enough = min(max(ORDINARY_CLUSTERS, ORDINARY_SHARE * groups), groups)
    return groups >= FEW_CLUSTERS and min(with_event, without) >= enough


def wilson(p: float, k: float) -> tuple[float, float]:
    """The ends of Wilson's interval of a share `p`, with k = c² D / n as in the module docstring."""
    centre = (p + k / 2) / (1 + k)
    half = math.sqrt(k * p * (1 - p) + k * k / 4) / (1 + k)
    # At p = 0 and p = 1 one end is exactly the estimate; rounding must not put it beyond.
    lower = 0.0 if p == 0 else max(centre - half, 0.0)
    upper = 1.0 if p == 1 else min(centre + half, 1.0)
    return lower, upper


def exact_ends(p: float, n: float, tail: float) -> tuple[float, float]:
    """Clopper and Pearson's interval for `p n` events of `n`, neither a whole number."""
    events = p * n
    lower = 0.0 if p == 0 else float(special.betaincinv(events, n - events + 1, tail))
    upper = 1.0 if p == 1 else float(special.betaincinv(events + 1, n - events, 1 - tail))
    return lower, upper


def normal_quantile(level: float) -> float:
    """The normal distribution's critical value of a two-sided interval."""
    return float(special.ndtri((1 + level) / 2))


def t_quantile(level: float, df: float) -> float:
    """Student's t of a two-sided interval, with one degree of freedom at least."""
    # Five clusters of which one holds nearly everything have an effective number close to 1.
    return float(special.stdtrit(max(df, 1.0), (1 + level) / 2))


def ordinary_spread(y: Floats, members: NDArray[np.intp]) -> bool:
    """`is_ordinary` of events `y` in clusters `members`."""
    with_event = int(np.count_nonzero(np.bincount(members, weights=y)))
    without = int(np.count_nonzero(np.bincount(members, weights=1 - y)))
    return is_ordinary(with_event, without, int(members.max()) + 1)
