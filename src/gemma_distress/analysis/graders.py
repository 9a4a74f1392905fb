"""Two graders on the logs that were given: pairing, agreement and corrected rates in one call.

Three ways to have the same replies rated twice: two sets of logs, logs that two graders rated at once
(`second_rating`), and logs with people's labels. Grader A is the reference.

Rates are corrected for what grader B gets wrong (`corrected_rates`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gemma_distress.analysis.corrected_rates import (
    CorrectedRate,
    of_labelled,
    of_others,
    rates_of,
    unlabelled,
)
from gemma_distress.analysis.labels.files import Labels, read_labels
from gemma_distress.analysis.labels.key import Key, key_path, read_key
from gemma_distress.analysis.labels.labelled import Labelled, labelled
from gemma_distress.analysis.rated_twice import Grader, RatedTwice, grader_of, pair, second_ratings
from gemma_distress.analysis.statistics.agreement import Agreement, agreement, alpha_of_raters
from gemma_distress.analysis.statistics.intervals import Interval
from gemma_distress.analysis.statistics.verification import Verification, sizes_of, verify
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from gemma_distress.analysis.turns import Reading


@dataclass(frozen=True)
class Found:
    """What is known of two graders.

    `models` wrote the replies that both rated. `raters` holds each person's agreement with B where
    several labelled; `not_corrected` says why a rate could not be corrected; `labels` what the labels
    stand for; `notes` what else the numbers rest on, in sentences.
    """

    a: Grader
    b: Grader
    cluster: str
    agreement: Agreement
    models: tuple[str, ...]
    unpaired_a: int = 0
    unpaired_b: int = 0
    other_text: int = 0
    labels: str = ""
    raters: Mapping[str, Agreement] = field(default_factory=dict)
    alpha_among_raters: Interval | None = None
    corrected: tuple[CorrectedRate, ...] = ()
    not_corrected: str = ""
    notes: tuple[str, ...] = ()
    skipped: Sequence[Any] = ()


def compare_graders(
    logs: Sequence[str | Path | Sequence[str | Path]],
    labels: Sequence[Path] = (),
    key: Path | None = None,
    scores: Sequence[str] = (),
    correct: Sequence[str | Path] = (),
    cluster: str = "conversation",
    swap: bool = False,
) -> Found:
    """Read, pair and compare; see the module docstring.

    Args:
        logs: with `labels` or `scores` any number; else one (rated by two graders) or two (A, then
            B), each a file, a folder, or a sequence of these.
        labels: filled-in CSV files, one for each rater.
        key: of the labels; by default beside the first of them.
        scores: names of two scores of the same logs, A's and B's, as `frustration` and `frustration1`
            after `inspect score --action append`.
        correct: logs rated by B whose rates are to be corrected.
        cluster: "conversation" or "prompt".
        swap: make B the reference; not with labels, which are the reference always.

    Raises:
        UsageError: The logs do not hold the same replies rated twice, or files do not fit.
    """
    from gemma_distress.analysis.turns import read

    if labels and swap:
        raise UsageError("Labels are the reference always; leave --swap out.")
    if scores and (labels or len(scores) != 2):
        raise UsageError(
            f"--scores names two scores of the same logs, A,B, and goes without labels; it was given "
            f"{','.join(scores)!r}."
        )
    if not labels and not scores and len(logs) > 2:
        raise UsageError(
            f"{len(logs)} logs were given. Give A and B, each a file or a folder, or one folder of logs "
            "that two graders rated."
        )
    if key and not labels:
        raise UsageError("--key belongs to --labels FILE; name the labels too.")
    sources: list[set[str]] = []
    if labels:
        kept, people = _people(labels, key)
        reading = read(_flat(logs))
        skipped, turns = list(reading.skipped), reading.turns
        joined = labelled(turns, people, kept)
        twice = joined.twice
    else:
        readings = (
            [_scored(read(_flat(logs), score), score) for score in scores]
            if scores
            else [read(_flat([one])) for one in logs]
        )
        skipped = [one for reading in readings for one in reading.skipped]
        if scores:  # that a log holds another score too is what was asked for
            skipped = [one for one in skipped if "to be read with score=" not in one.reason]
        joined = None
        if len(readings) == 2:
            twice = pair(readings[0].turns, readings[1].turns)
            sources = [{name} for name in scores] or [
                {str(Path(run.log).resolve()) for run in one.runs} for one in readings
            ]
        else:
            twice = second_ratings(readings[0].turns)
        twice = twice.swapped() if swap else twice
    others = None
    if correct:
        reading = read(list(correct))
        skipped, others = [*skipped, *reading.skipped], reading.turns
        _same_grader(others, twice.b)
    found = between(twice, cluster) if joined is None else with_people(joined, turns, cluster)
    if others is not None and not found.not_corrected:
        more, reason = of_others(others, found.agreement, twice if joined is None else None)
        found = replace(found, corrected=(*found.corrected, *more), not_corrected=reason)
    notes = [_same(twice, sources), _pooled(found)]
    return replace(found, notes=(*filter(None, notes), *found.notes), skipped=skipped)


def between(twice: RatedTwice, cluster: str = "conversation") -> Found:
    """Agreement of two graders' ratings of the same replies."""
    rows = twice.replies
    agreed = agreement(rows["a"], rows["b"], _clusters(rows, cluster))
    return Found(
        twice.a,
        twice.b,
        cluster,
        agreed,
        _models(rows),
        twice.unpaired_a,
        twice.unpaired_b,
        twice.other_text,
    )


def with_people(joined: Labelled, turns: pd.DataFrame, cluster: str = "conversation") -> Found:
    """Agreement of a judge with people's labels of a sample, and the corrected rate of each model."""
    rows = joined.twice.replies
    clusters = _clusters(rows, cluster)
    agreed, found = _weighted(joined, rows["a"].to_numpy(dtype=float), clusters, turns)
    raters: dict[str, Agreement] = {}
    among = None
    if len(joined.names) > 1:
        for name, ratings in zip(joined.names, joined.raters, strict=True):
            raters[name], _ = _weighted(joined, ratings, clusters, turns)
        among = alpha_of_raters(joined.raters, clusters)
    if agreed.replies:
        corrected, reason = of_labelled(turns, found), unlabelled(found, rows["b"])
    else:
        corrected = ()
        reason = "No labelled reply is rated by the judge, so no rate can be corrected."
    stand = f"they stand for {100 * joined.represented:.0f}% of the rated replies"
    if joined.represented < 1:
        stand += ", and all measures but sensitivity and specificity are of these"
    if joined.blank:
        stand += f"; {joined.blank} of the replies drawn have no label"
    if joined.not_found:
        stand += f"; {joined.not_found} labelled replies are not in the logs"
    return Found(
        joined.twice.a,
        joined.twice.b,
        cluster,
        agreed,
        _models(rows),
        labels=stand,
        raters=raters,
        alpha_among_raters=among,
        corrected=corrected,
        not_corrected=reason,
    )


def _weighted(
    joined: Labelled, reference: np.ndarray, clusters: Sequence[str], turns: pd.DataFrame
) -> tuple[Agreement, Verification]:
    """Agreement by weights, with sensitivity and specificity from the shares within bands."""
    judged = joined.twice.replies["b"].to_numpy(dtype=float)
    weights = joined.weights(reference)
    rate, sizes = rates_of(turns)["turn_high"], sizes_of(turns["rating"])
    found = verify(reference, judged, weights, clusters, rate, sizes)
    given = ~np.isnan(reference)
    own = [cluster for cluster, kept in zip(clusters, given, strict=True) if kept]
    agreed = agreement(reference[given], judged[given], own, weights[given])
    return replace(agreed, sensitivity=found.sensitivity, specificity=found.specificity), found


def _models(rows: pd.DataFrame) -> tuple[str, ...]:
    """The models whose replies both graders rated."""
    both = rows["a"].notna() & rows["b"].notna()
    return tuple(dict.fromkeys(rows.loc[both, "model"].astype(str)))


def _pooled(found: Found) -> str:
    """That errors were measured on replies of several models, or of another one; or nothing."""
    corrected = {one.model for one in found.corrected}
    if len({*found.models, *corrected}) < 2:
        return ""
    rates = ", each corrected rate of one model" if corrected else ""
    return (
        f"Agreement, sensitivity and specificity are of all replies compared, by "
        f"{', '.join(found.models)}{rates}. A grader may err more on one model than on another."
    )


def _same(twice: RatedTwice, sources: Sequence[set[str]]) -> str:
    """That both sides are one grader's, or even the same ratings; or nothing."""
    a, b = twice.a, twice.b
    if len(sources) == 2 and sources[0] & sources[1]:
        return (
            "A and B are the same ratings, given twice: that they agree says nothing of the grader."
        )
    if (a.model, a.rubric) == (b.model, b.rubric) and len({a.version, b.version} - {""}) < 2:
        return "A and B are the same grader: this is how far it agrees with itself."
    return ""


def _scored(reading: Reading, score: str) -> Reading:
    """The reading, if some log holds this score.

    Raises:
        UsageError: None does.
    """
    if not any(run.score == score for run in reading.runs):
        names = dict.fromkeys(name for run in reading.runs for name in run.scores)
        raise UsageError(
            f"No log holds ratings under the score {score!r}; the scores are "
            f"{', '.join(names) or '(none)'}. Name two of these with --scores A,B, or rate the logs once "
            "more: inspect score LOG --scorer gemma_distress/frustration --action append."
        )
    return reading


def _people(labels: Sequence[Path], key: Path | None) -> tuple[Key, list[Labels]]:
    """The key of the labels and each rater's, read before any log is."""
    for file in labels:
        if not file.is_file():
            raise UsageError(
                f"There are no labels {file}. Name with --labels the CSV that `gemma-distress label` "
                "wrote and people filled in."
            )
    kept = read_key(key or _found_key(labels))
    return kept, [read_labels(file, kept) for file in labels]


def _flat(logs: Sequence[str | Path | Sequence[str | Path]]) -> list[str | Path]:
    return [path for one in logs for path in ([one] if isinstance(one, str | Path) else one)]


def _found_key(labels: Sequence[Path]) -> Path:
    """The key beside a label file: of its name, or the only one in its folder."""
    for file in labels:
        if key_path(file).is_file():
            return key_path(file)
    beside = sorted(labels[0].parent.glob("*.key.json"))
    return beside[0] if len(beside) == 1 else key_path(labels[0])


def _same_grader(turns: pd.DataFrame, b: Grader) -> None:
    own = grader_of(turns, "The logs to correct")
    if own != b:
        raise UsageError(
            f"The logs to correct were rated by {own}, but grader B, whose errors are known, is {b}. "
            "What one judge gets wrong says nothing of another's ratings; rate them with the same, or "
            "--swap the graders."
        )


def _clusters(rows: pd.DataFrame, cluster: str) -> list[str]:
    name = {"conversation": "conversation", "prompt": "prompt_id"}[cluster]
    return [str(label) for label in rows[name]]
