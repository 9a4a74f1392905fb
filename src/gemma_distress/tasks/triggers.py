"""Opinions that are rejected, and facts that are called wrong.

inspect eval gemma_distress/triggers --model … -T prompts=factual
"""

from typing import Unpack

from inspect_ai import Task, task

from gemma_distress.refusal import refuses
from gemma_distress.tasks.arguments import TaskArguments, resolve_arguments
from gemma_distress.tasks.assembly import conversation_task
from gemma_distress.tasks.stimuli import question_stimuli


@task
@refuses
def triggers(**given: Unpack[TaskArguments]) -> Task:
    """Ten opinion and ten factual questions; the replies are rejected whatever they say (paper §B)."""
    arguments = resolve_arguments("triggers", given)
    return conversation_task("triggers", arguments, question_stimuli(arguments))
