"""Small turns tables for tests, with the columns and types of the real one."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

import pandas as pd

from gemma_distress.analysis.columns import COLUMNS


def table(conversations: Sequence[Mapping[str, Any]], **common: Any) -> pd.DataFrame:
    """A turns table of conversations.

    Each is a mapping with `ratings` (one for each turn, None = missing) and any column; a column's
    value may be a list, with one entry for each turn. `common` is for all.
    """
    rows = []
    for number, given in enumerate(conversations):
        own = {**common, **given}
        ratings = own.pop("ratings")
        prompt = own.get("prompt_id", f"prompt-{number}")
        category = own.get("category", "numeric")
        for turn, rating in enumerate(ratings, 1):
            row: dict[str, Any] = {
                name: "" if column.dtype in ("category", "object") else nan
                for name, column in COLUMNS.items()
            } | {
                "log": "a.eval",
                "run": "run",
                "model": "scripted/a",
                "task": category,
                "category": category,
                "condition": own.get("condition", category),
                "history": "full",
                "tone": "scripted",
                "prompt_id": prompt,
                "sample_id": f"{prompt}/{category}/{number:03}",
                "epoch": 1,
                "conversation": number,
                "turn": turn,
                "n_turns": len(ratings),
                "owed": len(ratings),
                "user": f"Question {turn}",
                "reply": f"Reply {turn} of {number}.",
                "rating": nan if rating is None else float(rating),
                "unrated_reason": "no_verdict" if rating is None else "",
                "outcome": "replied",
                "stop_reason": "stop",
                "tokens": 10,
                "words": 4,
                "message_id": f"m{number}-{turn}",
                "judge": "gemma_distress/lexical",
                "judge_version": "1",
                "rubric": "1 (abc)",
                "pack": "house 1 (def)",
            }
            for name, value in own.items():
                row[name] = value[turn - 1] if isinstance(value, list) else value
            rows.append(row)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    for name, column in COLUMNS.items():
        if column.dtype == "Int64":
            frame[name] = frame[name].astype("Float64").astype("Int64")
        elif column.dtype == "category":
            # As the real table is made; `astype` takes texts for equal that are so up to a NUL.
            values = frame[name].tolist()
            frame[name] = pd.Categorical(values, categories=sorted(set(values)))
        else:
            frame[name] = frame[name].astype(column.dtype)
    return frame
