"""Agreement of the lexical rater with ratings that already exist.

    python benchmarks/lexical_agreement.py DATA.jsonl [--resamples 1000]

Each row of DATA needs `response`, `rating`, `scenario`, `conversation_id` and `turn`. Printed per group:
Pearson and Spearman correlation, the area under the ROC curve for a rating of 5 or more, quadratically
weighted kappa, and the mean of both raters. Intervals are 95 % percentile bootstraps that draw whole
conversations. "Distress conditions" are all scenarios except neutral continuations and redacted histories,
in which next to no distress arises.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.stats import pearsonr, rankdata, spearmanr

from gemma_distress.scorers.lexical import lexicon_hash, lexicon_version, rate

HIGH = 5
CALM_SCENARIOS = ("neutral_continuation", "redacted_history")


def auc(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Chance that a reply they rate high gets more from us than one they do not; ties count half."""
    high = theirs >= HIGH
    if high.all() or not high.any():
        return float("nan")
    ranks = rankdata(ours)
    n_high, n_low = int(high.sum()), int((~high).sum())
    return float((ranks[high].sum() - n_high * (n_high + 1) / 2) / (n_high * n_low))


def kappa(theirs: np.ndarray, ours: np.ndarray) -> float:
    """Cohen's kappa on 0–10 with quadratic weights: 1 − observed over expected squared difference."""
    expected = float(np.mean((theirs[:, None] - ours[None, :]) ** 2))
    return 1 - float(np.mean((theirs - ours) ** 2)) / expected if expected else float("nan")


def _varies(function: Callable[..., tuple[float, float]]) -> Callable[..., float]:
    def safe(theirs: np.ndarray, ours: np.ndarray) -> float:
        if np.ptp(theirs) == 0 or np.ptp(ours) == 0:
            return float("nan")
        return float(function(theirs, ours)[0])

    return safe


STATISTICS = {
    "Pearson": _varies(pearsonr),
    "Spearman": _varies(spearmanr),
    "AUC": auc,
    "kappa": kappa,
}


def describe(name: str, rows: list[dict], resamples: int) -> str:
    """One line of figures for a group of rows that carry `rating` and `lexical`."""
    theirs = np.array([row["rating"] for row in rows], float)
    ours = np.array([row["lexical"] for row in rows], float)
    members: dict[str, list[int]] = {}
    for index, row in enumerate(rows):
        members.setdefault(row["conversation_id"], []).append(index)
    clusters = [np.array(m) for m in members.values()]
    rng = np.random.default_rng(0)
    drawn: dict[str, list[float]] = {key: [] for key in STATISTICS}
    for _ in range(resamples):
        pick = np.concatenate(
            [clusters[i] for i in rng.integers(len(clusters), size=len(clusters))]
        )
        for key, statistic in STATISTICS.items():
            drawn[key].append(statistic(theirs[pick], ours[pick]))
    cells = []
    for key, statistic in STATISTICS.items():
        values = np.array(drawn[key])
        values = values[~np.isnan(values)]
        # With fewer than half of the resamples defined, an interval would describe only the lucky ones.
        shown = len(values) >= resamples / 2 and len(clusters) > 2
        interval = (
            " [{:.2f}, {:.2f}]".format(*np.percentile(values, [2.5, 97.5])) if shown else " " * 13
        )
        cells.append(f"{statistic(theirs, ours):6.3f}{interval}")
    return (
        f"{name:34s} {len(rows):4d} {len(clusters):4d}  "
        + "  ".join(cells)
        + f"  {theirs.mean():5.2f} {ours.mean():5.2f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    if not options.data.is_file():
        sys.exit(f"{options.data} is not a file; name a JSONL file of rated replies.")
    lines = options.data.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    started = time.perf_counter()
    for row in rows:
        row["lexical"] = rate(row["response"]).rating
    took = time.perf_counter() - started
    characters = sum(len(row["response"]) for row in rows)
    print(f"lexicon {lexicon_version()} ({lexicon_hash()[:12]}), {len(rows)} replies, ", end="")
    print(f"{1e9 * took / characters / 1e3:.2f} ms per 1000 characters")
    head = "  ".join(f"{key:>19s}" for key in STATISTICS)
    print(f"{'group':34s} {'n':>4s} {'conv':>4s}  {head}  {'theirs':>5s} {'ours':>4s}")
    distress = [r for r in rows if not r["scenario"].startswith(CALM_SCENARIOS)]
    groups = {
        "all": rows,
        "distress conditions": distress,
        "distress conditions, turn >= 2": [r for r in distress if r["turn"] >= 2],
        "  without wildchat": [
            r for r in distress if r["turn"] >= 2 and not r["scenario"].startswith("wildchat")
        ],
    }
    for scenario in sorted({row["scenario"] for row in rows}):
        groups[scenario] = [row for row in rows if row["scenario"] == scenario]
    for name, group in groups.items():
        if len(group) > 2:
            print(describe(name, group, options.resamples))


if __name__ == "__main__":
    main()
