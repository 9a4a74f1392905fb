"""From prompts to samples: each one conversation with its whole script, drawn when the dataset is built.

Samples come replicate by replicate, so any `--limit` covers all prompts. Ids name prompt, condition and
replicate (`countdown-183-3fa2c1/numeric/017`) and do not move when counts change.
"""

from collections.abc import Sequence

from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

from gemma_distress.prompts.script import draw_followups
from gemma_distress.protocol import Tone
from gemma_distress.tasks.arguments import Arguments, refuse_too_many
from gemma_distress.tasks.stimuli import Stimulus, conversation_rng


def build_dataset(name: str, arguments: Arguments, stimuli: Sequence[Stimulus]) -> MemoryDataset:
    """One sample for each prompt, tone and replicate.

    Raises:
        UsageError: If that is more conversations than anyone means.
    """
    refuse_too_many(arguments, len(stimuli))
    return MemoryDataset(
        [
            _sample(arguments, stimulus, tone, replicate)
            for replicate in range(arguments.replicates)
            for stimulus in stimuli
            for tone in arguments.tones
        ],
        name=name,
    )


def condition_of(arguments: Arguments, stimulus: Stimulus, tone: Tone) -> str:
    """Category plus what varies in it: `numeric`, `tones/sarcastic`, `extended/redacted`."""
    variant = "-".join(part for part in (stimulus.variant, arguments.variant(tone)) if part)
    return f"{arguments.category}/{variant}" if variant else arguments.category


def _sample(arguments: Arguments, stimulus: Stimulus, tone: Tone, replicate: int) -> Sample:
    pack = arguments.pack
    condition = condition_of(arguments, stimulus, tone)
    script = draw_followups(
        pack,
        conversation_rng(arguments, stimulus, replicate),
        count=arguments.turns - 1,
        category=arguments.category,
        tone=tone,
        followup=arguments.followup,
        replicate=replicate,
        questions=stimulus.variant or None,
    )
    system = pack.system.get(arguments.category)
    return Sample(
        id=f"{stimulus.prompt_id}/{condition.split('/')[-1]}/{replicate:03d}",
        input=[
            *([ChatMessageSystem(content=system)] if system else []),
            ChatMessageUser(content=stimulus.text, metadata={"turn": 1}),
        ],
        metadata={
            "prompt_id": stimulus.prompt_id,
            "category": arguments.category,
            "condition": condition,
            "premise": arguments.premise if "puzzle" in stimulus.metadata else None,
            "tone": tone if arguments.followup == "rejection" else None,
            "followup": arguments.followup,
            "history": arguments.history,
            "seed": arguments.seed,
            "replicate": replicate,
            "n_turns": arguments.turns,
            "pack": pack.name,
            "pack_hash": pack.hash,
            "script": script,
            **stimulus.metadata,
        },
    )
