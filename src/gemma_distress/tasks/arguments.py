"""The task arguments: one meaning everywhere, checked before any model is called.

Inspect only warns about an argument that a task does not have and runs on without it. Here every task takes
arguments of any name, so that a misspelt one arrives and is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, get_args

from gemma_distress.errors import UsageError
from gemma_distress.prompts import Pack, load_pack
from gemma_distress.protocol import (
    DEFAULT_PRESET,
    DEFAULT_SEED,
    FOLLOWUPS,
    HISTORIES,
    HOSTILE_TONES,
    MAX_TURNS,
    PREMISES,
    PRESETS,
    PUZZLE_CATEGORIES,
    TONES,
    TURNS,
    Category,
    Followup,
    History,
    Premise,
    Preset,
    Tone,
)
from gemma_distress.tasks.values import one_of, refuse_unknown, text, whole

MAX_CONVERSATIONS = 1_000_000
"""Beyond this a number is a slip of the keyboard."""

MAX_PROMPTS = 10_000
"""Each puzzle is drawn and proven before the run, some 4 ms apiece."""


class TaskArguments(TypedDict, total=False):
    """The arguments of every task that holds conversations (`-T name=value`)."""

    turns: int
    """Replies per conversation."""
    prompts: int | str
    """How many distinct prompts, or a named set: for puzzles `historical` (the paper's ten, two of
    which are solvable) or `repaired` (those two mended); for triggers `opinion` or `factual`."""
    replicates: int
    """Conversations for each prompt."""
    seed: int
    """Seed of everything drawn: puzzles, prompts, follow-ups."""
    premise: Premise
    """What a puzzle claims of itself: `claimed`, `truthful`, `solvable`."""
    tone: Tone
    """Wording of the rejections; `scripted` is the category's own."""
    followup: Followup
    """`rejection`, `continuation` or `pushback`."""
    history: History
    """What the subject sees of its own replies: `full`, `redacted`, `inline`."""
    pack: str
    """A file with sentences of your own, or `authors:DIR` for a clone of the authors' release."""
    preset: Preset
    """Counts of prompts and replicates: `smoke`, `quick`, `paper`, `gate`."""


_DEFAULTS: dict[str, Any] = {
    "seed": DEFAULT_SEED,
    "premise": "claimed",
    "tone": "scripted",
    "followup": "rejection",
    "history": "full",
    "preset": DEFAULT_PRESET,
}


@dataclass(frozen=True)
class Arguments:
    """Everything that decides which conversations a task holds."""

    category: Category
    turns: int
    prompts: int | str
    """How many distinct prompts, or the name of a set of them."""
    replicates: int
    """Conversations for each prompt (for `tones`, for each prompt and tone)."""
    seed: int
    premise: Premise
    tone: Tone | None
    """None stands for all three hostile tones (only `tones` allows it)."""
    followup: Followup
    history: History
    pack: Pack
    pack_spec: str | None
    preset: Preset

    @property
    def tones(self) -> tuple[Tone, ...]:
        """The tones that every prompt is rejected in."""
        return HOSTILE_TONES if self.tone is None else (self.tone,)

    def variant(self, tone: Tone) -> str:
        """What departs from the category's own protocol, as `truthful-redacted`; empty for none."""
        usual = {"claimed", "scripted", "rejection", "full"}
        parts = (self.premise, tone, self.followup, self.history)
        return "-".join(part for part in parts if part not in usual)


def resolve_arguments(
    category: Category,
    given: Mapping[str, Any],
    *,
    extra: Sequence[str] = (),
    all_tones: bool = False,
    fixed: Mapping[str, str] | None = None,
) -> Arguments:
    """Check the arguments and fill in what the category and the preset decide.

    Args:
        category: Category whose turns and counts apply.
        given: What the user gave: see `TaskArguments`. Anything else is refused.
        extra: Further arguments that the task has and reads itself, named in the error.
        all_tones: Without `tone`, all three hostile tones are meant.
        fixed: What makes the task what it is, as its history; another value is refused.

    Raises:
        UsageError: For an impossible value or combination, or an argument that does not exist.
    """
    known, fixed = tuple(TaskArguments.__annotations__), dict(fixed or {})
    refuse_unknown(given, (*known, *extra))
    for name, value in given.items():
        if value is None:
            raise UsageError(
                f"{name} was given without a value. Write -T {name}=… or leave it out."
            )
    values: dict[str, Any] = dict.fromkeys(known) | _DEFAULTS | fixed
    if all_tones:
        values["tone"] = None
    values |= given
    preset = one_of("preset", values["preset"], get_args(Preset))
    premise = one_of("premise", values["premise"], PREMISES)
    size = PRESETS[preset][category]
    arguments = Arguments(
        category=category,
        turns=whole(
            "turns", TURNS[category] if values["turns"] is None else values["turns"], 1, MAX_TURNS
        ),
        prompts=_prompts(values["prompts"], category, preset, premise),
        replicates=whole(
            "replicates",
            size.replicates if values["replicates"] is None else values["replicates"],
            1,
            MAX_CONVERSATIONS,
        ),
        seed=whole("seed", values["seed"], 0, 2**63 - 1),
        premise=premise,
        tone=None if values["tone"] is None else one_of("tone", values["tone"], TONES),
        followup=one_of("followup", values["followup"], FOLLOWUPS),
        history=one_of("history", values["history"], HISTORIES),
        pack=load_pack(None if values["pack"] is None else text("pack", values["pack"])),
        pack_spec=values["pack"],
        preset=preset,
    )
    for name, own in fixed.items():
        if values[name] != own:
            raise UsageError(
                f"{name}={values[name]} contradicts this task, which is the one with {name}={own}. "
                f"Leave {name} out, or give it to the task {category}."
            )
    _refuse_without_effect(arguments)
    if isinstance(arguments.prompts, int):
        refuse_too_many(arguments, arguments.prompts)
    return arguments


def refuse_too_many(arguments: Arguments, prompts: int) -> None:
    """Refuse more conversations than anyone means, before a prompt is drawn for them."""
    tones = len(arguments.tones)
    total = prompts * tones * arguments.replicates
    if total > MAX_CONVERSATIONS:
        raise UsageError(
            f"{prompts} prompts × {tones} tones × {arguments.replicates} replicates are {total} "
            f"conversations, more than {MAX_CONVERSATIONS}. Lower prompts or replicates."
        )


def _refuse_without_effect(arguments: Arguments) -> None:
    """Refuse what would name a condition after something that its conversations do not have."""
    category, premise, followup = arguments.category, arguments.premise, arguments.followup
    if premise != "claimed" and category not in PUZZLE_CATEGORIES:
        raise UsageError(
            f"premise={premise} says something of puzzles, and {category} asks none. Leave it out."
        )
    if premise == "truthful" and category != "numeric":
        raise UsageError(
            f"premise=truthful would change nothing: the short puzzles of {category} do not say whether "
            "they can be solved. Leave it out, or use numeric."
        )
    if followup != "rejection" and arguments.tone != "scripted":
        raise UsageError(
            f"A tone is the wording of rejections, and followup={followup} sends none. Leave one of the two "
            "out; the task tones is about rejections only."
        )


def _prompts(value: object, category: Category, preset: Preset, premise: Premise) -> int | str:
    if value is None:
        # The paper has no solvable puzzles, so its counts alone are taken over for them.
        if preset == "paper" and category in PUZZLE_CATEGORIES and premise != "solvable":
            return "historical"
        return PRESETS[preset][category].prompts
    if isinstance(value, str):
        if not value.strip():
            raise UsageError(
                "prompts is empty. Give a number of prompts, or the name of a set of them."
            )
        return value.strip()
    return whole("prompts", value, 1, MAX_PROMPTS)
