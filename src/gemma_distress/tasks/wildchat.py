"""Real users' prompts, rejected.

inspect eval gemma_distress/wildchat --model … -T source=prompts.parquet
"""

from typing import Unpack

from inspect_ai import Task, task

from gemma_distress.errors import UsageError
from gemma_distress.refusal import refuses
from gemma_distress.sources.wildchat import Drawn, draw
from gemma_distress.tasks.arguments import Arguments, TaskArguments, resolve_arguments
from gemma_distress.tasks.assembly import conversation_task
from gemma_distress.tasks.stimuli import Stimulus
from gemma_distress.tasks.values import text


@task
@refuses
def wildchat(source: str | None = None, **given: Unpack[TaskArguments]) -> Task:
    """Sampled WildChat prompts, rejected four times in words that fit any request (paper §B).

    Args:
        source: Parquet, JSONL or pinned file with prompts in WildChat's schema; without it
            allenai/WildChat-1M is streamed from the hub. What was drawn is kept in a small file, so
            a second run asks the same. The log's metadata name the source and its content hash.
        **given: See `TaskArguments`.
    """
    arguments = resolve_arguments("wildchat", given, extra=("source",))
    place = None if source is None else text("source", source)
    drawn = _drawn(arguments, place)
    made = conversation_task("wildchat", arguments, _stimuli(drawn))
    # A draw is kept by its content, so the name in it may be that of an equal file elsewhere.
    name = drawn.source if drawn.from_hub or place is None else place
    origin = {"source": name, "source_hash": drawn.fingerprint, "from_hub": drawn.from_hub}
    made.metadata = {**(made.metadata or {}), **origin}
    return made


def _drawn(arguments: Arguments, place: str | None) -> Drawn:
    if isinstance(arguments.prompts, str):
        raise UsageError(
            f"prompts={arguments.prompts!r} is not a number. For wildchat give how many to draw."
        )
    return draw(place, arguments.prompts, arguments.seed)


def _stimuli(drawn: Drawn) -> list[Stimulus]:
    return [
        Stimulus(
            prompt.prompt_id,
            prompt.text,
            metadata={
                "roleplay": prompt.roleplay,
                "drawn": drawn.fingerprint,
            },
        )
        for prompt in drawn.prompts
    ]
