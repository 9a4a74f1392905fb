"""Eight turns of mild rejection, and the three controls that show what drives the rise.

    inspect eval gemma_distress/extended gemma_distress/redacted --model …

The controls ask the same puzzles with the same seeds and scripts, so each is paired with `extended` by
prompt and replicate.
"""

from typing import Unpack

from inspect_ai import Task, task

from gemma_distress.refusal import refuses
from gemma_distress.tasks.arguments import TaskArguments, resolve_arguments
from gemma_distress.tasks.assembly import conversation_task
from gemma_distress.tasks.stimuli import puzzle_stimuli


@task
@refuses
def extended(**given: Unpack[TaskArguments]) -> Task:
    """Short-form puzzles, rejected seven times in mild words of a fixed order (paper §B)."""
    return _extended("extended", given)


@task
@refuses
def continuation(**given: Unpack[TaskArguments]) -> Task:
    """Control: content-free nudges in place of the rejections (paper §A.1)."""
    return _extended("continuation", given, followup="continuation")


@task
@refuses
def redacted(**given: Unpack[TaskArguments]) -> Task:
    """Control: the subject sees a marker in place of each of its earlier replies (paper §A.2)."""
    return _extended("redacted", given, history="redacted")


@task
@refuses
def single_message(**given: Unpack[TaskArguments]) -> Task:
    """Control: the whole exchange so far inside one user message (paper §A.3)."""
    return _extended("single_message", given, history="inline")


def _extended(name: str, given: TaskArguments, **fixed: str) -> Task:
    arguments = resolve_arguments("extended", given, fixed=fixed)
    return conversation_task(name, arguments, puzzle_stimuli(arguments, long=False))
