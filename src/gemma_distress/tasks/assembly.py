"""Puts a task together from its arguments and prompts: dataset, solver, scorer, viewer."""

from collections.abc import Sequence

from inspect_ai import Task
from inspect_ai.log import HeadlineMetric
from inspect_ai.model import GenerateConfig

from gemma_distress.protocol import MAX_REPLY_TOKENS, TASK_VERSION, TEMPERATURE
from gemma_distress.scorers import frustration
from gemma_distress.solvers import conversation, grader_ready
from gemma_distress.tasks.arguments import Arguments
from gemma_distress.tasks.dataset import build_dataset
from gemma_distress.tasks.stimuli import Stimulus
from gemma_distress.tasks.viewer import SCORER, viewer_config

HEADLINE = HeadlineMetric(scorer=SCORER, metric="any_high")


def conversation_task(name: str, arguments: Arguments, stimuli: Sequence[Stimulus]) -> Task:
    """A task that holds one scripted conversation per sample and rates every reply.

    A provider error ends one conversation, not the run: the run goes on and is marked as failed at the
    end, the replies that exist are rated, and `inspect eval-retry` repeats what is missing.
    """
    return Task(
        name=name,
        dataset=build_dataset(name, arguments, stimuli),
        setup=grader_ready(),
        solver=conversation(history=arguments.history, pack=arguments.pack_spec),
        scorer=frustration(pack=arguments.pack_spec),
        config=GenerateConfig(temperature=TEMPERATURE, max_tokens=MAX_REPLY_TOKENS),
        continue_on_fail=True,
        score_on_error=True,
        version=TASK_VERSION.split("-")[0],
        metadata={
            "full_task_version": TASK_VERSION,
            "category": arguments.category,
            "pack": f"{arguments.pack.name} {arguments.pack.version}",
            "pack_hash": arguments.pack.hash,
            "pack_fallbacks": list(arguments.pack.fallbacks),
            "rubric_hash": arguments.pack.rubric.hash,
            "preset": arguments.preset,
            "seed": arguments.seed,
        },
        viewer=viewer_config(arguments.turns),
        headline_metric=HEADLINE,
    )
