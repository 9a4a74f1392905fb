"""People's labels put back to the replies they are of.

The labels are the reference, grader A; the logs' ratings are grader B's, by whatever judge rated the
logs that are given, so one labelling serves to examine several judges. A reply counts as many as it
stands for: its stratum's replies over those of them that were labelled. A stratum in which nothing was
labelled is not represented, and `represented` says what share of the replies is; the replies drawn from
it stay, without a label, to say how the judge rates what no label stands for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from gemma_distress.analysis.labels.files import Labels
from gemma_distress.analysis.labels.key import Key, text_hash
from gemma_distress.analysis.rated_twice import PLACE, Grader, RatedTwice, grader_of, pair_columns
from gemma_distress.analysis.statistics.agreement import consensus
from gemma_distress.analysis.statistics.clusters import Floats
from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Labelled:
    """Labels beside the judge's ratings.

    `twice.replies` has the columns of `RatedTwice` and `weight`; its rows are the replies that some
    rater labelled, and all that were drawn from a stratum in which nobody did. `raters` has shape
    (raters, rows), NaN = not labelled. `not_found` counts labelled replies that the logs do not hold.
    """

    twice: RatedTwice
    names: tuple[str, ...]
    raters: Floats
    strata: tuple[tuple[str, str], ...]
    represented: float
    not_found: int
    blank: int
    sizes: dict[tuple[str, str], int]

    def weights(self, ratings: Floats) -> Floats:
        """How many replies each row stands for, by `stratum_weights`, if these are the labels."""
        return stratum_weights(self.strata, ~np.isnan(ratings), self.sizes)


def labelled(turns: pd.DataFrame, labels: Sequence[Labels], key: Key) -> Labelled:
    """Join labels with the logs' ratings of the same replies.

    Several raters give one reference, their `consensus`; each keeps a row in `raters`.

    Raises:
        UsageError: There are no labels, two raters have one name, the logs mix graders, or they
            hold none of the labelled replies.
    """
    names = tuple(one.rater for one in labels)
    if len(set(names)) < len(names):
        raise UsageError(f"Two label files are named alike ({', '.join(names)}); rename one.")
    given = {id_ for id_ in key.items if any(id_ in one.ratings for one in labels)}
    if not given:
        raise UsageError("No row of the label files has a rating yet; fill in the column rating.")
    represented = {key.items[id_].stratum for id_ in given}
    judge = grader_of(turns)
    rows = turns[turns["reply"].astype(str).str.strip() != ""]
    places: dict[tuple[object, ...], list[int]] = {}
    wanted = {(item.sample_id, item.turn) for item in key.items.values()}
    for position, (sample, turn, epoch, model, reply) in enumerate(
        zip(
            rows["sample_id"].astype(str),
            rows["turn"],
            rows["epoch"],
            rows["model"].astype(str),
            rows["reply"].astype(str),
            strict=True,
        )
    ):
        if (sample, turn) in wanted:
            place = (model, sample, int(epoch), int(turn), text_hash(reply))
            places.setdefault(place, []).append(position)
    kept, positions = [], []
    for id_, item in key.items.items():
        if id_ not in given and item.stratum in represented:
            continue
        found = places.get((item.model, item.sample_id, item.epoch, item.turn, item.reply), [])
        if len(found) > 1:
            raise UsageError(
                f"The logs hold the reply {id_} (turn {item.turn} of sample {item.sample_id!r}) "
                f"{len(found)} times. Give each log once."
            )
        if found:
            kept.append(id_)
            positions.append(found[0])
    labelled_here = given.intersection(kept)
    if not labelled_here:
        raise UsageError(
            f"The logs hold none of the {len(given)} labelled replies. Give the logs that the labels "
            "were drawn from, or the same ones rated by another judge."
        )
    ratings = np.array([[one.ratings.get(id_, nan) for id_ in kept] for one in labels], dtype=float)
    strata = tuple(key.items[id_].stratum for id_ in kept)
    sizes = {(stratum.band, stratum.category): stratum.replies for stratum in key.strata}
    chosen = rows.iloc[positions].copy()
    for name in (*PLACE[:1], "model", "category", "prompt_id"):
        chosen[name] = chosen[name].astype(str)
    chosen["a"], chosen["b"] = consensus(list(ratings)), chosen["rating"]
    chosen["weight"] = stratum_weights(strata, chosen["a"].notna().to_numpy(), sizes)
    person = Grader(names[0] if len(names) == 1 else f"{len(names)} raters ({', '.join(names)})")
    twice = RatedTwice(person, judge, chosen[[*pair_columns(), "weight"]].reset_index(drop=True))
    return Labelled(
        twice,
        names,
        ratings,
        strata,
        sum(sizes[stratum] for stratum in {key.items[id_].stratum for id_ in labelled_here})
        / sum(sizes.values()),
        len(given) - len(labelled_here),
        len(key.items) - len(given),
        sizes,
    )


def stratum_weights(
    strata: Sequence[tuple[str, str]], labelled: np.ndarray, sizes: dict[tuple[str, str], int]
) -> Floats:
    """How many replies each row stands for: its stratum's over the labels in it.

    NaN for rows without a label, but where a stratum has none: there the rows share its replies.
    """
    rows = Counter(strata)
    labels = Counter(s for s, kept in zip(strata, labelled, strict=True) if kept)
    return np.array(
        [
            sizes[s] / labels[s] if kept else nan if labels[s] else sizes[s] / rows[s]
            for s, kept in zip(strata, labelled, strict=True)
        ]
    )
