"""Audited subjects, and whether one may be set against another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gemma_distress.analysis.audits.audit import Audit
from gemma_distress.analysis.audits.figures import (
    EmotionDifference,
    EmotionFigures,
    all_figures,
    differences,
)
from gemma_distress.analysis.logs.settings import told_apart
from gemma_distress.analysis.subjects import Group
from gemma_distress.errors import UsageError

_INSTRUMENT = {
    "judge": "judge",
    "judge_version": "judge's version",
    "rubric": "rubric",
    "pack": "auditor",
}
"""Fields of a group that must be alike in two subjects, and what they are called."""


@dataclass
class AuditedSubject:
    """All audits of one subject by one auditor and one judge."""

    group: Group
    """`pack` names the auditor; `settings` also has the most turns of an audit."""
    terms: str
    """Turns and generation settings, as `settings` has them: what must be alike in two subjects. The other
    settings, a model's arguments, may be what sets them apart, as an adapter does."""
    audits: list[Audit]

    @property
    def figures(self) -> list[EmotionFigures]:
        return all_figures(self.audits)

    @property
    def endings(self) -> Mapping[str, int]:
        """How many audits ended in which way."""
        return Counter(audit.ending for audit in self.audits)

    @property
    def empty(self) -> int:
        """Audits without a single reply to rate."""
        return sum(audit.replies == 0 for audit in self.audits)


@dataclass
class Audits:
    """What was read of the logs."""

    subjects: list[AuditedSubject]
    """In the order of the logs; the first is the base of comparisons."""
    skipped: list[str] = field(default_factory=list)

    def differences(self, other: AuditedSubject) -> list[EmotionDifference] | str:
        """Another subject minus the base, or why they cannot be compared."""
        base = self.subjects[0]
        unlike = [
            f"another {told}"
            for name, told in _INSTRUMENT.items()
            if getattr(base.group, name) != getattr(other.group, name)
        ]
        if base.terms != other.terms:
            apart = told_apart({"base": base.terms, "other": other.terms})
            unlike.append(f"{apart['other']} instead of {apart['base']}")
        if unlike:
            return f"not compared with the base: {', '.join(unlike)}"
        try:
            return differences(base.audits, other.audits)
        except UsageError as error:
            return f"not compared with the base: {error}"
