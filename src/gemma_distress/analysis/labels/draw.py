"""Drawing replies for people to rate: a stratified sample with known chances.

High ratings are rare and errors near the threshold decide rates, so a plain sample spends most labels
on calm replies. Here replies are drawn by strata, band of the judge's rating (`bands`) × category: the
bands get equally many labels as far as they have replies, within a band the categories in
proportion, and every stratum at least `LEAST`. Each reply's chance of being drawn is then known, and
`labelled` weights by its inverse, so that nothing is distorted by the oversampling.

Only rated replies are drawn. The order is shuffled and ids tell nothing, so whoever labels sees no
rating and no stratum.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from gemma_distress.analysis.labels.bands import BANDS, band_of
from gemma_distress.analysis.rated_twice import PLACE, Grader, grader_of
from gemma_distress.errors import UsageError
from gemma_distress.protocol import MAX_RATING, MIN_RATING

if TYPE_CHECKING:
    import pandas as pd

LEAST = 2
"""Labels for a stratum, or all its replies where it has fewer: with one, its spread is unknown."""

By = Literal["rating", "category"]
Stratum = tuple[str, str]
"""Band of ratings, as `5–6`, and category."""


@dataclass(frozen=True)
class Drawn:
    """A reply to label: its id for the labeller, where it stands, and what the judge said of it."""

    id: str
    log: str
    run: str
    model: str
    sample_id: str
    epoch: int
    turn: int
    user: str
    reply: str
    rating: float
    stratum: Stratum
    probability: float


@dataclass(frozen=True)
class Draw:
    """The sample in the order in which it is labelled.

    `replies` counts, by stratum, the rated replies there were; `unrated` those without a rating.
    """

    items: tuple[Drawn, ...]
    replies: Mapping[Stratum, int]
    grader: Grader
    by: By
    seed: int
    unrated: int


def draw(turns: pd.DataFrame, n: int = 100, seed: int = 1, by: By = "rating") -> Draw:
    """Draw n rated replies of a turns table, or all if there are no more.

    Args:
        turns: of one grader; the same replies in any order of logs give the same draw.
        n: labels to be made.
        seed: of the draw.
        by: strata by band of rating and category, or by category alone.

    Raises:
        UsageError: Nothing is rated, several graders rated, or n is too small for the strata.
    """
    grader = grader_of(turns)
    rows = turns[turns["reply"].astype(str).str.strip() != ""]
    rated = rows[rows["rating"].notna()]
    if rated.empty:
        raise UsageError("No reply in these logs is rated, so there are no strata to draw by.")
    order = ["model", *PLACE, "log"]
    rated = rated.assign(
        **{name: rated[name].astype(str) for name in ("model", "sample_id", "log")}
    )
    rated = rated.sort_values(order, kind="stable").reset_index(drop=True)
    strata = [
        (band if by == "rating" else f"{MIN_RATING}–{MAX_RATING}", category)
        for band, category in zip(
            bands_in_words(rated["rating"].to_numpy()), rated["category"].astype(str), strict=True
        )
    ]
    sizes = dict(sorted(Counter(strata).items()))
    labels = allocate(sizes, n)
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for stratum, count in labels.items():
        members = [row for row, own in enumerate(strata) if own == stratum]
        chosen += [int(row) for row in rng.choice(members, count, replace=False)]
    chosen = [int(row) for row in rng.permutation(chosen)]
    texts = "\0".join(f"{reply}" for reply in rated["reply"])
    token = hashlib.sha256(f"{seed}\0{n}\0{by}\0{texts}".encode("utf-8", "replace")).hexdigest()[:6]
    items = []
    records = rated.iloc[chosen].to_dict("records")
    for number, (row, own) in enumerate(zip(chosen, records, strict=True), 1):
        stratum = strata[row]
        items.append(
            Drawn(
                id=f"{token}-{number:0{len(str(len(chosen)))}}",
                log=own["log"],
                run=str(own["run"]),
                model=own["model"],
                sample_id=own["sample_id"],
                epoch=int(own["epoch"]),
                turn=int(own["turn"]),
                user=str(own["user"]),
                reply=str(own["reply"]),
                rating=float(own["rating"]),
                stratum=stratum,
                probability=labels[stratum] / sizes[stratum],
            )
        )
    return Draw(tuple(items), sizes, grader, by, seed, len(rows) - len(rated))


def allocate(sizes: Mapping[Stratum, int], n: int) -> dict[Stratum, int]:
    """Labels for each stratum of these sizes, n in all (or as many as there are replies).

    Every stratum first gets `LEAST`. Each further label goes to the band with the fewest labels that
    has replies left, and there to the category with the fewest labels for its size.

    Raises:
        UsageError: n is smaller than what all strata need at least.
    """
    labels = {stratum: min(LEAST, size) for stratum, size in sizes.items()}
    needed = sum(labels.values())
    if n < needed:
        raise UsageError(
            f"{n} labels are too few: the rated replies fall in {len(sizes)} strata of rating and "
            f"category, and each needs {LEAST} (or all it has), {needed} in all. Ask for --n {needed} or "
            "more, or draw --by category."
        )
    in_band: Counter[str] = Counter()
    for (band, _), count in labels.items():
        in_band[band] += count
    for _ in range(min(n, sum(sizes.values())) - needed):
        left = [stratum for stratum in sizes if labels[stratum] < sizes[stratum]]
        stratum = min(left, key=lambda s: (in_band[s[0]], (labels[s] + 0.5) / sizes[s], s))
        labels[stratum] += 1
        in_band[stratum[0]] += 1
    return labels


def bands_in_words(ratings: np.ndarray) -> list[str]:
    """The band of each rating, as `5–6`."""
    return ["{}–{}".format(*BANDS[number]) for number in band_of(ratings)]
