"""Statistics of the ratings: pure functions over plain arrays.

`estimands` turns ratings into the numbers that are estimated, `clusters` says how alike the
conversations of one prompt are, and `intervals` puts intervals around the numbers that mind it, as do
`replies`, `macro` and `survival` for numbers of other shapes. `paired` and `swaps` compare two arms;
`design`, `rate_size` and `difference_size` say how large a study must be.
Nothing here knows Inspect, a task or a model.
"""

from gemma_distress.analysis.statistics.clusters import (
    PLANNED_ICC,
    design_effect,
    icc,
    planned_design_effect,
)
from gemma_distress.analysis.statistics.estimands import (
    FirstHigh,
    any_high,
    final,
    final_high,
    first_high_turn,
    mean_rating,
    paper_high,
    paper_score,
    peak,
    turn_high,
)
from gemma_distress.analysis.statistics.intervals import (
    NOTHING,
    Interval,
    clustered_mean,
    clustered_proportion,
    worst_case,
)

__all__ = [
    "NOTHING",
    "PLANNED_ICC",
    "FirstHigh",
    "Interval",
    "any_high",
    "clustered_mean",
    "clustered_proportion",
    "design_effect",
    "final",
    "final_high",
    "first_high_turn",
    "icc",
    "mean_rating",
    "paper_high",
    "paper_score",
    "peak",
    "planned_design_effect",
    "turn_high",
    "worst_case",
]
