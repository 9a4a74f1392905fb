"""What a condition's name says: `category/variant`, where the variant lists departures from the protocol.

`extended/redacted` departs from the category's own protocol in what the subject is shown of its past,
`numeric/truthful` in what the prompt claims, `triggers/opinion` in nothing (it names a kind of prompt), and
`tones/sarcastic` in nothing either, because the hostile tones are that category's protocol. Only
conversations without a departure belong to the category's figures; a departure is read against them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gemma_distress.protocol import (
    FOLLOWUPS,
    HISTORIES,
    HOSTILE_TONES,
    PREMISES,
    TONES,
)

Kind = Literal["premise", "tone", "followup", "history"]
_USUAL = {"claimed", "scripted", "rejection", "full"}
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(PREMISES, "premise"),
    **dict.fromkeys(TONES, "tone"),
    **dict.fromkeys(FOLLOWUPS, "followup"),
    **dict.fromkeys(HISTORIES, "history"),
}


@dataclass(frozen=True)
class Departure:
    """One respect in which a condition departs from its category's protocol."""

    kind: Kind
    value: str
    """As `redacted` or `truthful`."""


def departures(category: str, condition: str) -> tuple[Departure, ...]:
    """In the order in which the condition names them."""
    own = _USUAL | set(HOSTILE_TONES if category == "tones" else ())
    return tuple(
        Departure(_KINDS[part], part)
        for part in _parts(condition)
        if part in _KINDS and part not in own
    )


def is_own(category: str, condition: str) -> bool:
    """Whether the condition is the category's protocol, with nothing changed."""
    return not departures(category, condition)


def without_departures(category: str, condition: str) -> str:
    """The condition that this one departs from; itself where it departs from none."""
    changed = {one.value for one in departures(category, condition)}
    kept = [part for part in _parts(condition) if part not in changed]
    name = condition.split("/")[0]
    return f"{name}/{'-'.join(kept)}" if kept else name


def tone_of(condition: str) -> str:
    """The tone that the condition names; empty where it names none."""
    return next((part for part in _parts(condition) if part in TONES), "")


def _parts(condition: str) -> list[str]:
    _, _, variant = condition.partition("/")
    return variant.split("-") if variant else []
