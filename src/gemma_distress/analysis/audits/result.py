"""What `gemma-distress audits` found, as plain data: printed with `--json`, written to `audits.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gemma_distress.analysis.audits.figures import Change, EmotionDifference, Mean
from gemma_distress.analysis.audits.subjects import AuditedSubject, Audits
from gemma_distress.analysis.report.subjects import subjects_of

FILE = "audits.json"


def as_object(found: Audits) -> dict[str, Any]:
    """The subjects in order, the first the base; NaN stays NaN."""
    labels = [one.label for one in subjects_of([subject.group for subject in found.subjects])]
    return {
        "clustered_by": "audit",
        "subjects": [
            _subject(found, subject, label)
            for subject, label in zip(found.subjects, labels, strict=True)
        ],
        "skipped": found.skipped,
    }


def _subject(found: Audits, subject: AuditedSubject, label: str) -> dict[str, Any]:
    compared = found.differences(subject) if subject is not found.subjects[0] else ""
    changes = {one.emotion: one for one in compared} if isinstance(compared, list) else {}
    group = subject.group
    return {
        "label": label,
        "model": group.model,
        "settings": group.settings,
        "auditor": group.pack,
        "judge": group.judge,
        "judge_version": group.judge_version,
        "rubric": group.rubric,
        "audits": len(subject.audits),
        "without_reply": subject.empty,
        "endings": dict(subject.endings),
        "replies": sum(audit.replies or 0 for audit in subject.audits),
        "not_compared": compared if isinstance(compared, str) else "",
        "emotions": {
            one.emotion: {
                "pooled": _mean(one.pooled),
                "aimed": _mean(one.aimed),
                "unrated": dict(one.reasons),
                **_changes(changes.get(one.emotion)),
            }
            for one in subject.figures
        },
    }


def _mean(mean: Mean) -> dict[str, Any]:
    interval = mean.interval
    return {
        "mean": interval.estimate,
        "lower": interval.lower,
        "upper": interval.upper,
        "rated": interval.n,
        "clusters": interval.clusters,
        "method": interval.method,
        "audits": mean.audits,
        "unsure": mean.unsure,
        "if_least": mean.if_least,
        "if_most": mean.if_most,
    }


def _changes(found: EmotionDifference | None) -> Mapping[str, Any]:
    if found is None:
        return {}
    return {"against_base": {"pooled": _change(found.pooled), "aimed": _change(found.aimed)}}


def _change(change: Change) -> dict[str, Any]:
    found = change.difference
    return {
        "difference": found.estimate,
        "lower": found.lower,
        "upper": found.upper,
        "rated": found.n,
        "method": found.method,
        "pairs": change.pairs,
        "unsure": change.unsure,
        "if_least": change.if_least,
        "if_most": change.if_most,
    }
