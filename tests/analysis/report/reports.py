"""Reports of small tables, for the tests of the page."""

from pathlib import Path

import pandas as pd

from gemma_distress.analysis.logs.runs import Run, Tokens
from gemma_distress.analysis.report.assembly import Report, written
from gemma_distress.analysis.turns import Reading, Skipped


def a_run(**facts: object) -> Run:
    """A finished run of 4 conversations, with anything changed."""
    run = Run(
        log="a.eval",
        run="run",
        run_set="",
        task_id="task",
        model="scripted/a",
        task="numeric",
        category="numeric",
        preset="smoke",
        seed=2603,
        created="2026-01-02T03:04:05+00:00",
        status="success",
        planned=4,
        args={},
        model_args={},
        generate={"temperature": 1.0},
        graders=("gemma_distress/lexical",),
        pack="house 1 (def)",
        packages={"inspect_ai": "0.3.285"},
        revision="abc",
        task_version="1-A",
        rubric_hash="abc",
        source="",
        command="inspect eval gemma_distress/numeric --model scripted/a",
        wall_seconds=3.0,
        by_model={"scripted/a": Tokens(input=1000, output=2000, total=3000, cost=None)},
        finished=4,
        in_table=4,
    )
    for name, fact in facts.items():
        setattr(run, name, fact)
    return run


def reported(
    turns: pd.DataFrame,
    folder: Path,
    runs: list[Run] | None = None,
    skipped: list[Skipped] | None = None,
    max_high: float | None = None,
) -> tuple[Report, str]:
    """The report of this table, and the text of its page."""
    reading = Reading(turns, [a_run()] if runs is None else runs, skipped or [])
    found = written(reading, folder / "report.html", max_high=max_high)
    return found, found.page.read_text("utf-8")
