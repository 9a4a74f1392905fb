"""Ratings of several graders are no measurements of one thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd


def require_one_grader(turns: pd.DataFrame) -> None:
    """Refuse a turns table whose ratings cannot be put together.

    Raises:
        UsageError: they are of several graders, versions or rubrics.
    """
    rated = turns[turns["rating"].notna()]
    columns = (rated[name].astype(str) for name in ("judge", "judge_version", "rubric"))
    graders = sorted({" ".join(filter(None, each)) for each in zip(*columns, strict=True)})
    if len(graders) > 1:
        raise UsageError(
            f"Ratings of {len(graders)} graders cannot be put together: {'; '.join(graders)}. "
            "Name logs of one."
        )
