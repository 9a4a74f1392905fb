"""Small turns tables of plain and of reassured conversations."""

from typing import Any

import pandas as pd
from tests.analysis.tables import table

from gemma_distress.analysis.turns import Reading

PLAIN, CALM = "numeric", "numeric/calm-pushback"


def said(
    puzzle: str, condition: str, ratings: list[float | None], replicate: int = 0, **other: Any
) -> dict[str, Any]:
    """One conversation about a puzzle."""
    turns = range(1, len(ratings) + 1)
    name = f"{puzzle}/{condition}/{replicate}"
    return {
        "ratings": ratings,
        "condition": condition,
        "prompt_id": f"chain-{puzzle}",
        "puzzle": puzzle,
        "family": "chain",
        "sample_id": name,
        "user": [
            f"{puzzle} asked {turn} of {condition}" + " 🌿" * (condition == CALM) for turn in turns
        ],
        "plain": [f"{puzzle} asked {turn} of {condition}" for turn in turns],
        "reply": [f"{name} said {turn}" for turn in turns],
        "message_id": [f"{name}-{turn}" for turn in turns],
        **other,
    }


def read_from(*conversations: dict[str, Any]) -> Reading:
    frame = table(list(conversations))
    assert isinstance(frame, pd.DataFrame)
    return Reading(frame, [], [])
