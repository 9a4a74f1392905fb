"""Replies in a spiral gone on from near their end: does a model find out, and what helps from outside?

gemma-distress prefixes logs/base --recovery --output spirals.jsonl
inspect eval gemma_distress/recovery --model … -T prefixes=spirals.jsonl -T help=apology
"""

from random import Random
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageUser

from gemma_distress.prefixes.numbers import CONTINUATIONS
from gemma_distress.prefixes.prefix import Prefix
from gemma_distress.prefixes.sentences import sentences
from gemma_distress.protocol import HELPS, Help
from gemma_distress.refusal import refuses
from gemma_distress.tasks.prefixed import MOST, messages_of, prefixed_task, prefixes_in, sample_of
from gemma_distress.tasks.values import one_of, refuse_unknown, text, whole


@task
@refuses
def recovery(
    prefixes: str = "",
    continuations: int = CONTINUATIONS,
    help: Help = "none",
    pack: str | None = None,
    **unknown: Any,
) -> Task:
    """Go on from each spiral, with or without help, and rate what comes alone (paper, recovery from spirals).

    Args:
        prefixes: File that `gemma-distress prefixes --recovery` wrote.
        continuations: Of each prefix.
        help: `none`; `hidden`, a marker in place of each earlier reply; or a further message of the user,
            which a new reply answers: `apology`, `permission` to stop, another `subject`, and `go_on`, which
            helps with nothing and is what these three are read against.
        pack: Prompt pack with the rubric and the marker.
        **unknown: Refused.
    """
    refuse_unknown(unknown, ("prefixes", "continuations", "help", "pack"))
    file = prefixes_in(prefixes, "recovery", late=True)
    times = whole("continuations", continuations, 1, MOST)
    helped = one_of("help", help, HELPS)
    samples = [
        _sample(prefix, helped, number) for number in range(times) for prefix in file.prefixes
    ]
    spec = None if pack is None else text("pack", pack)
    return prefixed_task("recovery", file, samples, spec, continuations=times, help=helped)


def _sample(prefix: Prefix, helped: Help, number: int) -> Sample:
    name, messages = f"{prefix.id}/{helped}/{number:03d}", messages_of(prefix)
    said = sentences().helps.get(helped)
    if said is not None:
        messages.append(ChatMessageUser(content=Random(f"help/{name}").choice(said)))
    history = {"history": "redacted"} if helped == "hidden" else {}
    return sample_of(
        prefix, name, f"recovery/{helped}", messages, replicate=number, help=helped, **history
    )
