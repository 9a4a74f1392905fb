"""The arms of `benchmarks.mitigation` beside the model as it was: one table of shares, one of costs.

python -m benchmarks.mitigation_table runs/arms
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.mitigation import ARMS, ASKED, BASE, parts

from gemma_distress.analysis.before_after import BeforeAfter, before_after
from gemma_distress.analysis.statistics.paired import Difference, paired_mean_difference
from gemma_distress.analysis.turns import read
from gemma_distress.finetune.evaluation import TRAINED_ON
from gemma_distress.organism import grammaticality
from gemma_distress.protocol import CATEGORIES

OWN = tuple(part for part in ASKED if part != "fresh")


def markdown(folder: Path) -> str:
    """Both tables; arms that are not done are left out."""
    done = [name for name in ARMS if all(logs.is_dir() for _, logs in parts(folder / name))]
    tables = [
        f"| arm | {' | '.join(CATEGORIES)} | macro, any | macro, paper's | trained | held out | new "
        "wording |",
        f"|{' --- |' * 11}",
    ]
    costs = [
        "| arm | words, × | not coherent | grammatical | solved |",
        f"|{' --- |' * 5}",
    ]
    for name in done:
        found = _compared(folder, name, OWN)
        fresh = _compared(folder, name, ("fresh",)).comparison.pooled.primary.difference
        if not tables[2:]:
            tables.append(_row("as it was", [_share(d.a) for d in (*_shares(found), fresh)]))
        tables.append(_row(name, [_share(d.b) for d in (*_shares(found), fresh)]))
        costs.append(_row(name, list(_costs(folder, name, found))))
    return "\n".join([*tables, "", *costs])


def _compared(folder: Path, name: str, asked: tuple[str, ...]) -> BeforeAfter:
    base, tuned = (
        [logs for part, logs in parts(folder / arm) if part in asked] for arm in (BASE, name)
    )
    return before_after(base, tuned, TRAINED_ON)


def _shares(found: BeforeAfter) -> Iterator[Difference]:
    by_category = {row.name: row.primary for row in found.comparison.rows if row.kind == "category"}
    yield from (by_category[category].difference for category in CATEGORIES)
    yield from (found.comparison.macro[name].difference for name in ("any_high", "paper_high"))
    by_part = {part.name: part.any_high for part in found.parts}
    yield from (by_part[name].difference for name in ("trained families", "held-out families"))


def _costs(folder: Path, name: str, found: BeforeAfter) -> Iterator[str]:
    length = found.length_ratio
    yield f"{length.estimate:.2f} [{length.lower:.2f}, {length.upper:.2f}]"
    yield _change(found.flagged.difference)
    yield _change(_grammatical(folder, name))
    yield _change(found.solved.difference) if found.solved else "–"


def _grammatical(folder: Path, name: str) -> Difference:
    """Mean grammaticality of a conversation's replies, of conversations that both arms held."""
    base, tuned = (_by_conversation(folder / arm) for arm in (BASE, name))
    both = base.join(tuned, lsuffix="_a", rsuffix="_b", how="inner")
    return paired_mean_difference(
        both["share_a"].to_numpy(), both["share_b"].to_numpy(), both["prompt_a"].tolist()
    )


def _by_conversation(arm: Path) -> pd.DataFrame:
    turns = read([logs for part, logs in parts(arm) if part in OWN]).turns
    turns = turns[turns["reply"].notna()]
    turns = turns.assign(share=[grammaticality(str(reply)) for reply in turns["reply"]])
    return turns.groupby(["sample_id", "epoch"], observed=True).agg(
        share=("share", "mean"), prompt=("prompt_id", "first")
    )


def _row(name: str, cells: list[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"


def _share(found: object) -> str:
    low, high = found.lower, found.upper  # type: ignore[attr-defined]
    estimate = found.estimate  # type: ignore[attr-defined]
    if math.isnan(estimate):
        return "–"
    return f"{100 * estimate:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


def _change(found: Difference) -> str:
    if np.isnan(found.estimate):
        return "–"
    return (
        f"{100 * found.a.estimate:.1f} → {100 * found.b.estimate:.1f}, {100 * found.estimate:+.1f} "
        f"[{100 * found.lower:+.1f}, {100 * found.upper:+.1f}]"
    )


if __name__ == "__main__":
    print(markdown(Path(sys.argv[1])))
