"""Base against instruct: how high a model's continuations of the same prefixes are.

from gemma_distress.analysis.prefill import prefill
found = prefill(["logs/prefill-base", "logs/prefill-instruct"])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gemma_distress.analysis.logs.files import Logs
from gemma_distress.analysis.prefix_rates import (
    Contrast,
    Rate,
    arm_contrasts,
    continuations,
    rates,
)


@dataclass(frozen=True)
class Prefill:
    """By arm, kind and cut (`numeric-early`), and arms against each other."""

    rates: tuple[Rate, ...]
    arms: tuple[Contrast, ...]
    notes: tuple[str, ...]


def prefill(logs: Logs, pairs: Sequence[tuple[str, str]] = ()) -> Prefill:
    """Read the logs of `prefill`.

    Args:
        logs: of all models.
        pairs: base and instruct of each family, as models are named; without any, every model is held
            against the first one.

    Raises:
        UsageError: as `continuations` and `arm_contrasts`.
    """
    found = continuations(logs, "prefill")
    return Prefill(
        tuple(rates(found)),
        tuple(arm_contrasts(found, pairs)),
        tuple(found.notes()),
    )
