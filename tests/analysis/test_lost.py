"""Conversations that were planned and are in no log."""

from dataclasses import replace
from typing import Any

from tests.analysis.tables import table

from gemma_distress.analysis.arrays import ratings_of
from gemma_distress.analysis.logs.runs import Run, run_of
from gemma_distress.analysis.lost import lost, runs_of

NUMERIC = run_of("a.eval", {"eval": {"metadata": {"category": "numeric"}, "model": "scripted/a"}})


def run(log: str, task_id: str, planned: int | None, in_table: int, **other: Any) -> Run:
    return replace(NUMERIC, log=log, task_id=task_id, planned=planned, in_table=in_table, **other)


def conversations(*groups: tuple[str, str, int]):
    """Of (log, condition, count)."""
    return ratings_of(
        table(
            [
                {"ratings": [1], "log": log, "condition": condition, "sample_id": f"{log}{n}"}
                for log, condition, count in groups
                for n in range(count)
            ]
        )
    )


def test_attempts_at_one_task_count_once():
    there = conversations(("a.eval", "numeric", 3), ("b.eval", "numeric", 5))
    runs = [run("a.eval", "t", 10, 3), run("b.eval", "t", 10, 5)]
    assert lost(runs, there) == {"numeric": 2}
    assert lost([run("a.eval", "t", 10, 3), run("b.eval", "u", 10, 5)], there) == {"numeric": 12}


def test_nothing_is_lost_of_what_is_all_there_or_was_never_said():
    there = conversations(("a.eval", "numeric", 3), ("b.eval", "numeric", 5))
    assert lost([run("a.eval", "t", 3, 3), run("b.eval", "u", None, 5)], there) == {}


def test_controls_lack_nothing_of_their_category():
    there = conversations(("a.eval", "numeric", 3), ("b.eval", "numeric/redacted", 5))
    runs = [run("a.eval", "t", 4, 3), run("b.eval", "u", 10, 5)]
    assert lost(runs, there) == {"numeric": 1}


def test_a_task_without_any_conversation_is_lost_whole():
    there = conversations(("a.eval", "numeric", 3))
    runs = [run("a.eval", "t", 3, 3), run("b.eval", "u", 7, 0, category="tones")]
    assert lost(runs, there) == {"tones": 7}


def test_a_subject_has_the_runs_of_its_settings():
    there = conversations(("a.eval", "numeric", 3))
    cold = run("c.eval", "v", 3, 0, generate={"temperature": 0.4})
    empty, other = run("b.eval", "u", 7, 0), run("d.eval", "w", 1, 0, model="scripted/b")
    assert runs_of([run("a.eval", "t", 3, 3), empty, cold, other], there)[1:] == [empty]
