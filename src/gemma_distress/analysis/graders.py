"""Two graders on the logs that were given: pairing, agreement and corrected rates in one call.

Three ways to have the same replies rated twice: two sets of logs, logs that two graders rated at once
(`second_rating`), and logs with people's labels. Grader A is the reference.

Rates are corrected for what grader B gets wrong. With labels these are the rates of the labelled logs
themselves (`verification`); otherwise, and in addition, those of other logs rated by B (`correct`), by
Rogan–Gladen. The share of high replies (`turn_high`) is corrected by agreement on replies; `any_high`
by agreement on whole conversations, where there are such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gemma_distress.analysis.labels.files import read_labels
from gemma_distress.analysis.labels.key import key_path, read_key
from gemma_distress.analysis.labels.labelled import Labelled, labelled
from gemma_distress.analysis.rated_twice import (
    Grader,
    RatedTwice,
    grader_of,
    pair,
    second_ratings,
    whole_conversations,
)
from gemma_distress.analysis.statistics.agreement import Agreement, agreement, alpha_of_raters
from gemma_distress.analysis.statistics.correction import Corrected, corrected_rate
from gemma_distress.analysis.statistics.estimands import any_high, turn_high
from gemma_distress.analysis.statistics.intervals import Interval, clustered_proportion
from gemma_distress.analysis.statistics.verification import Verification, verified_rate, verify
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Found:
    """What is known of two graders.

    `raters` holds each person's agreement with B where several labelled; `corrected` rates by name;
    `not_corrected` says why a rate could not be corrected; `labels` what the labels stand for.
    """

    a: Grader
    b: Grader
    cluster: str
    agreement: Agreement
    unpaired_a: int
    unpaired_b: int
    other_text: int
    labels: str = ""
    raters: Mapping[str, Agreement] = field(default_factory=dict)
    alpha_among_raters: Interval | None = None
    corrected: Mapping[str, Corrected] = field(default_factory=dict)
    not_corrected: str = ""
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
    if labels:
        reading = read(_flat(logs))
        skipped, turns = list(reading.skipped), reading.turns
        joined = _joined(turns, labels, key)
        twice = joined.twice
    else:
        readings = (
            [read(_flat(logs), score) for score in scores]
            if scores
            else [read(_flat([one])) for one in logs]
        )
        skipped = [one for reading in readings for one in reading.skipped]
        if scores:  # that a log holds another score too is what was asked for
            skipped = [one for one in skipped if "to be read with score=" not in one.reason]
        joined = None
        if len(readings) == 2:
            twice = pair(readings[0].turns, readings[1].turns)
        else:
            twice = second_ratings(readings[0].turns)
        twice = twice.swapped() if swap else twice
    others = None
    if correct:
        reading = read(list(correct))
        skipped, others = [*skipped, *reading.skipped], reading.turns
        _same_grader(others, twice.b)
    found = between(twice, cluster) if joined is None else with_people(joined, turns, cluster)
    if others is not None:
        found = _with_others(found, twice, others, whole=joined is None)
    return replace(found, skipped=skipped)


def between(twice: RatedTwice, cluster: str = "conversation") -> Found:
    """Agreement of two graders' ratings of the same replies."""
    rows = twice.replies
    agreed = agreement(rows["a"], rows["b"], _clusters(rows, cluster))
    return Found(
        twice.a, twice.b, cluster, agreed, twice.unpaired_a, twice.unpaired_b, twice.other_text
    )


def with_people(joined: Labelled, turns: pd.DataFrame, cluster: str = "conversation") -> Found:
    """Agreement of a judge with people's labels of a sample, and the corrected rate of the logs."""
    rows = joined.twice.replies
    clusters = _clusters(rows, cluster)
    rate = _rates(turns)["turn_high"]
    agreed, found = _weighted(joined, rows["a"].to_numpy(dtype=float), clusters, rate)
    raters: dict[str, Agreement] = {}
    among = None
    if len(joined.names) > 1:
        for name, ratings in zip(joined.names, joined.raters, strict=True):
            raters[name], _ = _weighted(joined, ratings, clusters, rate)
        among = alpha_of_raters(joined.raters, clusters)
    corrected: dict[str, Corrected] = {}
    reason = ""
    if agreed.replies and rate.n:
        corrected["turn_high"] = verified_rate(rate, found)
    else:
        reason = "No labelled reply is rated by the judge, so no rate can be corrected."
    stand = f"they stand for {100 * joined.represented:.0f}% of the rated replies"
    if joined.blank:
        stand += f"; {joined.blank} of the replies drawn have no label"
    if joined.not_found:
        stand += f"; {joined.not_found} labelled replies are not in the logs"
    return Found(
        joined.twice.a,
        joined.twice.b,
        cluster,
        agreed,
        0,
        0,
        0,
        stand,
        raters,
        among,
        corrected,
        reason,
    )


def _weighted(
    joined: Labelled, reference: np.ndarray, clusters: Sequence[str], rate: Interval
) -> tuple[Agreement, Verification]:
    """Agreement by weights, with sensitivity and specificity from the shares within bands."""
    rows = joined.twice.replies
    judged, weights = rows["b"].to_numpy(dtype=float), joined.weights(reference)
    found = verify(reference, judged, weights, clusters, rate)
    agreed = agreement(reference, judged, clusters, weights)
    return replace(agreed, sensitivity=found.sensitivity, specificity=found.specificity), found


def _with_others(found: Found, twice: RatedTwice, others: pd.DataFrame, whole: bool) -> Found:
    """Rates of logs other than those compared, by Rogan–Gladen; or the sentence why not."""
    corrected, reasons = dict(found.corrected), [found.not_corrected]
    worth = {"turn_high": (found.agreement.sensitivity, found.agreement.specificity)}
    if whole:
        worth["any_high"] = _worth_of_conversations(twice)
    for name, (sensitivity, specificity) in worth.items():
        shown = f"{name} of --correct" if name in corrected else name
        try:
            corrected[shown] = corrected_rate(_rates(others)[name], sensitivity, specificity)
        except UsageError as error:
            reasons.append(f"{shown}: {error}")
    return replace(found, corrected=corrected, not_corrected=" ".join(filter(None, reasons)))


def _worth_of_conversations(twice: RatedTwice) -> tuple[Interval, Interval]:
    """Sensitivity and specificity of B for `any_high`, clustered by prompt."""
    both = whole_conversations(twice)
    a, b = both["a"].to_numpy(dtype=float), both["b"].to_numpy(dtype=float)
    prompts = both["prompt_id"].tolist()
    sensitivity = clustered_proportion(np.where(a == 1, b, np.nan), prompts)
    specificity = clustered_proportion(np.where(a == 0, 1 - b, np.nan), prompts)
    return sensitivity, specificity


def _rates(turns: pd.DataFrame) -> dict[str, Interval]:
    """The rates that are corrected, clustered by prompt."""
    from gemma_distress.analysis.arrays import ratings_of

    ratings = ratings_of(turns)
    return {
        "turn_high": clustered_proportion(
            turn_high(ratings.ratings, ratings.owed).ravel(), ratings.reply_prompts
        ),
        "any_high": clustered_proportion(any_high(ratings.ratings, ratings.owed), ratings.prompts),
    }


def _joined(turns: pd.DataFrame, labels: Sequence[Path], key: Path | None) -> Labelled:
    kept = read_key(key or _found_key(labels))
    return labelled(turns, [read_labels(file, kept) for file in labels], kept)


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
