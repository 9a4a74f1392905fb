"""Does a model find out of a spiral, and what helps from outside?

    from gemma_distress.analysis.recovery import recovery
    found = recovery(["logs/recovery-base", "logs/recovery-tuned"])

A help is read within an arm: earlier replies hidden against none, both gone on from the cut reply; an
apology, permission to stop and another subject against a message that helps with nothing (`go_on`), all
answered by a new reply. Without a run of `go_on` they are read against none, and then the contrast also holds
what any new turn does.
"""

from __future__ import annotations

from dataclasses import dataclass

from gemma_distress.analysis.logs.files import Logs
from gemma_distress.analysis.prefix_rates import (
    Continuations,
    Contrast,
    Rate,
    arm_contrasts,
    continuations,
    contrast,
    parts,
    rates,
)
from gemma_distress.protocol import HELPS, SAID


@dataclass(frozen=True)
class Recovery:
    """Shares still high by arm and help; arms against the first, and helps against their reference."""

    rates: tuple[Rate, ...]
    arms: tuple[Contrast, ...]
    helps: tuple[Contrast, ...]
    """`condition` is the arm, `a` the reference and `b` the help."""
    notes: tuple[str, ...]


def recovery(logs: Logs) -> Recovery:
    """Read the logs of `recovery`.

    Raises:
        UsageError: as `continuations`.
    """
    found = continuations(logs, "recovery")
    order: dict[str, int] = {name: place for place, name in enumerate(HELPS)}
    by_help = sorted(rates(found), key=lambda one: order.get(one.condition, len(order)))
    return Recovery(
        tuple(sorted(by_help, key=lambda one: found.arms.index(one.arm))),
        tuple(arm_contrasts(found)),
        tuple(_helps(found)),
        tuple(found.notes()),
    )


def _helps(found: Continuations) -> list[Contrast]:
    made = []
    for arm in found.arms:
        own = dict(parts(found.turns[found.turns["arm"] == arm], "under"))
        for help in HELPS:
            control = SAID[0] if help in SAID[1:] and SAID[0] in own else HELPS[0]
            if help == control or help not in own or control not in own:
                continue
            if one := contrast(own[control], own[help], (control, help), arm):
                made.append(one)
    return made
