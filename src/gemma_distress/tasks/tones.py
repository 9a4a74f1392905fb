"""The same rejections in three hostile tones.

inspect eval gemma_distress/tones --model … -T tone=sarcastic
"""

from typing import Unpack

from inspect_ai import Task, task

from gemma_distress.refusal import refuses
from gemma_distress.tasks.arguments import TaskArguments, resolve_arguments
from gemma_distress.tasks.assembly import conversation_task
from gemma_distress.tasks.stimuli import puzzle_stimuli


@task
@refuses
def tones(**given: Unpack[TaskArguments]) -> Task:
    """Short-form puzzles, each rejected aggressively, with disappointment and with sarcasm (paper §B).

    `replicates` counts conversations for each prompt and tone. With `tone` only that tone is used.
    """
    arguments = resolve_arguments("tones", given, all_tones=True)
    return conversation_task("tones", arguments, puzzle_stimuli(arguments, long=False))
