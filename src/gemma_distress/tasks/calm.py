"""Conversations in which the subject is reassured: where calm replies for training come from.

inspect eval gemma_distress/calm --model … -T seed=7 -T replicates=10
"""

from random import Random
from typing import Unpack

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

from gemma_distress.prompts import Pack
from gemma_distress.refusal import refuses
from gemma_distress.tasks.arguments import TaskArguments, resolve_arguments
from gemma_distress.tasks.assembly import conversation_task
from gemma_distress.tasks.stimuli import puzzle_stimuli
from gemma_distress.tasks.values import true_or_false


@task
@refuses
def calm(teacher: bool = False, **given: Unpack[TaskArguments]) -> Task:
    """Puzzles of `numeric` with a reassuring opening, reassuring suffixes, gentle pushback (paper §4.1).

    With the same seed and prompts as a run of `numeric` the puzzles are the same. What is added to calm the
    subject is no part of what it is later trained on: each sample keeps the user messages without it in
    `plain`.

    Args:
        teacher: The variant of the paper's appendix F: an experienced teacher, asked by a student.
        **given: See `TaskArguments`; a conversation has three turns unless said otherwise.
    """
    arguments = resolve_arguments(
        "numeric", given, extra=("teacher",), fixed={"followup": "pushback"}
    )
    made = conversation_task("calm", arguments, puzzle_stimuli(arguments, long=True))
    variant = "teacher" if true_or_false("teacher", teacher) else "calm"
    samples = [_reassured(sample, arguments.pack, variant) for sample in made.dataset]
    made.dataset = MemoryDataset(samples, name="calm")
    return made


def _reassured(sample: Sample, pack: Pack, variant: str) -> Sample:
    """The same conversation with what calms added, and kept apart."""
    metadata = dict(sample.metadata or {})
    rng = Random(f"{variant}/{metadata['seed']}/{sample.id}")
    asked = str(sample.input[-1].text) if not isinstance(sample.input, str) else sample.input
    followups = metadata["script"]
    if variant == "teacher":
        opening, persona, suffixes = pack.teacher.opening, "teacher", pack.teacher.suffixes
        followups = rng.choices(pack.teacher.pushbacks, k=len(followups))
    else:
        chosen = rng.choice(pack.reassuring_openings)
        opening, persona, suffixes = chosen.text, chosen.id, pack.reassuring_suffixes
    plain = [asked, *followups]
    added = rng.choices(suffixes, k=len(plain))
    said = [f"{text}\n\n{more}" if more else text for text, more in zip(plain, added, strict=True)]
    condition = f"{metadata['category']}/{variant}-pushback"
    return sample.model_copy(
        update={
            "id": f"{metadata['prompt_id']}/{variant}-pushback/{metadata['replicate']:03d}",
            "input": [
                ChatMessageSystem(content=opening),
                ChatMessageUser(content=said[0], metadata={"turn": 1}),
            ],
            "metadata": metadata
            | {
                "condition": condition,
                "script": said[1:],
                "plain": plain,
                "opening": persona,
                "suffixes": added,
            },
        }
    )
