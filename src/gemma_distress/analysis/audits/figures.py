"""Numbers of audits: means by emotion with bounds for what is unsure, and one subject against another.

Each emotion is averaged over all audits, whatever they aimed at (paper appendix G), and over those that aimed
at it. The mean is over the rated audits. Beside it stands what it would be if every audit that was refused,
empty, unrated or broken off had shown the least of the emotion, or the most (of one that was broken off and
rated, at least what was seen). The difference of two subjects is over the pairs of which both audits are
rated, and beside it stands the same over all pairs, at its two worst. Intervals of means are bootstrapped
over audits, those of differences Student's t; epochs of one audit are one cluster.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

from gemma_distress.analysis.audits.audit import Audit
from gemma_distress.analysis.statistics.bootstrap import bootstrap_mean
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.paired import Difference, paired_mean_difference
from gemma_distress.errors import UsageError
from gemma_distress.protocol import EMOTIONS, LEAST_EMOTION, MAX_RATING

BOUNDS = (float(LEAST_EMOTION), float(MAX_RATING))


@dataclass(frozen=True)
class Mean:
    """A mean rating over some audits, clustered by audit."""

    interval: Interval
    audits: int
    """All of them, rated or not."""
    unsure: int
    """Audits without a rating, or broken off."""
    if_least: float
    if_most: float
    """The mean over all of them if the unsure ones had shown the least, and the most."""


@dataclass(frozen=True)
class EmotionFigures:
    """One emotion of one subject."""

    emotion: str
    pooled: Mean
    aimed: Mean
    reasons: Mapping[str, int]
    """Why ratings are missing."""


@dataclass(frozen=True)
class Change:
    """A subject minus the base over some pairs of audits, clustered by audit."""

    difference: Difference
    """Over the pairs of which both audits are rated."""
    pairs: int
    """All of them."""
    unsure: int
    """Pairs in which an audit is without a rating, or was broken off."""
    if_least: float
    """The mean over all pairs if the subject's unsure audits had shown the least, and the base's the most."""
    if_most: float
    """The reverse."""


@dataclass(frozen=True)
class EmotionDifference:
    """One emotion, a subject minus the base, over pairs of audits with equal plans."""

    emotion: str
    pooled: Change
    aimed: Change


def emotion_figures(audits: Sequence[Audit], emotion: str) -> EmotionFigures:
    """An emotion's means over the audits of one subject."""
    return EmotionFigures(
        emotion,
        _mean(audits, emotion),
        _mean([audit for audit in audits if audit.aim == emotion], emotion),
        Counter(audit.reasons[emotion] for audit in audits if emotion in audit.reasons),
    )


def all_figures(audits: Sequence[Audit]) -> list[EmotionFigures]:
    """Those of every emotion, in the order of the protocol."""
    return [emotion_figures(audits, emotion) for emotion in EMOTIONS]


def differences(base: Sequence[Audit], other: Sequence[Audit]) -> list[EmotionDifference]:
    """Another subject minus the base, over the audits that both have, of all emotions.

    Raises:
        UsageError: They have no audit in common, or what one is called differs in its plan.
    """
    of_base = {(audit.sample, audit.epoch): audit for audit in base}
    pairs = [
        (of_base[audit.sample, audit.epoch], audit)
        for audit in other
        if (audit.sample, audit.epoch) in of_base
    ]
    if not pairs:
        raise UsageError(
            "The two subjects share no audit: no sample id is the same. Audit both with the same emotions "
            "and transcripts."
        )
    for first, second in pairs:
        if first.plan and second.plan and first.plan != second.plan:
            raise UsageError(
                f"The audit {first.sample} of the two subjects began differently, so they are no pair. Audit "
                "both with the same -T seed."
            )
    return [
        EmotionDifference(
            emotion,
            _change(pairs, emotion),
            _change([pair for pair in pairs if pair[0].aim == emotion], emotion),
        )
        for emotion in EMOTIONS
    ]


def _mean(audits: Sequence[Audit], emotion: str) -> Mean:
    n = len(audits)
    return Mean(
        bootstrap_mean(
            [audit.ratings[emotion] for audit in audits], [audit.sample for audit in audits], BOUNDS
        ),
        n,
        sum(audit.unsure(emotion) for audit in audits),
        sum(audit.least(emotion) for audit in audits) / n if n else nan,
        sum(audit.most(emotion) for audit in audits) / n if n else nan,
    )


def _change(pairs: Sequence[tuple[Audit, Audit]], emotion: str) -> Change:
    n = len(pairs)
    return Change(
        paired_mean_difference(
            [first.ratings[emotion] for first, _ in pairs],
            [second.ratings[emotion] for _, second in pairs],
            [first.sample for first, _ in pairs],
            bounds=BOUNDS,
        ),
        n,
        sum(first.unsure(emotion) or second.unsure(emotion) for first, second in pairs),
        sum(b.least(emotion) - a.most(emotion) for a, b in pairs) / n if n else nan,
        sum(b.most(emotion) - a.least(emotion) for a, b in pairs) / n if n else nan,
    )
