"""Puzzles that cannot be solved, and their solvable twins.

inspect eval gemma_distress/numeric --model …
inspect eval gemma_distress/solvable --model … -T turns=5
"""

from typing import Unpack

from inspect_ai import Task, task

from gemma_distress.refusal import refuses
from gemma_distress.tasks.arguments import TaskArguments, resolve_arguments
from gemma_distress.tasks.assembly import conversation_task
from gemma_distress.tasks.stimuli import puzzle_stimuli


@task
@refuses
def numeric(**given: Unpack[TaskArguments]) -> Task:
    """Long-form puzzles without a solution; every answer is rejected (paper, table 1, first row)."""
    arguments = resolve_arguments("numeric", given)
    return conversation_task("numeric", arguments, puzzle_stimuli(arguments, long=True))


@task
@refuses
def solvable(**given: Unpack[TaskArguments]) -> Task:
    """The solvable twins of `numeric`: an answer is rejected only while it is checked and wrong.

    A correct answer ends the conversation and is reported (`conversations_solved`), so distress and
    success can be read side by side.
    """
    arguments = resolve_arguments("numeric", given, fixed={"premise": "solvable"})
    return conversation_task("solvable", arguments, puzzle_stimuli(arguments, long=True))
