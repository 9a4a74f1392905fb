"""The key of a labelling: what is known of each reply drawn, kept apart from who labels.

By id: where the reply stands, the judge's rating, its stratum and its chance of being drawn, and hashes
that know the reply again. A JSON file, `labels.key.json` beside `labels.csv`.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gemma_distress.analysis.labels.draw import Draw, Drawn
from gemma_distress.errors import UsageError


class KeyItem(BaseModel):
    """What the key knows of one reply."""

    model_config = ConfigDict(extra="forbid")
    log: str
    run: str
    model: str
    sample_id: str
    epoch: int
    turn: int
    stratum: tuple[str, str]
    rating: float
    probability: float = Field(gt=0, le=1)
    reply: str
    """Hash of the reply."""
    letters: str
    """Hash of the reply's letters and digits alone, which survive spreadsheets."""


class KeyStratum(BaseModel):
    """How many rated replies a stratum held, and how many were drawn."""

    model_config = ConfigDict(extra="forbid")
    band: str
    category: str
    replies: int
    drawn: int


class Key(BaseModel):
    """The key of a labelling."""

    model_config = ConfigDict(extra="forbid")
    note: str
    by: str
    seed: int
    judge: str
    judge_version: str
    rubric: str
    unrated: int
    strata: list[KeyStratum]
    items: dict[str, KeyItem]


def key_of(draw: Draw) -> Key:
    """The key of a draw."""
    drawn = {s: sum(item.stratum == s for item in draw.items) for s in draw.replies}
    return Key(
        note="Holds the judge's ratings: keep it from whoever labels.",
        by=draw.by,
        seed=draw.seed,
        judge=draw.grader.model,
        judge_version=draw.grader.version,
        rubric=draw.grader.rubric,
        unrated=draw.unrated,
        strata=[
            KeyStratum(band=s[0], category=s[1], replies=size, drawn=drawn[s])
            for s, size in draw.replies.items()
        ],
        items={item.id: _key_item(item) for item in draw.items},
    )


def key_path(csv_file: Path) -> Path:
    """Where the key of a CSV lies: `labels.key.json` beside `labels.csv`."""
    return csv_file.with_suffix(".key.json")


def read_key(file: Path) -> Key:
    """The key in a file.

    Raises:
        UsageError: It is missing or not a key.
    """
    try:
        return Key.model_validate_json(file.read_bytes())
    except OSError as error:
        raise UsageError(
            f"The key {file} cannot be read ({error.strerror}). It was written beside the CSV by "
            "`gemma-distress label`; name it with --key FILE."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise UsageError(
            f"{file} is not the key of a labelling ({where}: {first['msg']}). Name the file "
            "*.key.json that `gemma-distress label` wrote."
        ) from error


def text_hash(text: str) -> str:
    """What the key keeps of a reply to know it again."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]


def letters_hash(text: str) -> str:
    return text_hash(re.sub(r"[^A-Za-z0-9]+", "", text))


def _key_item(item: Drawn) -> KeyItem:
    return KeyItem(
        log=item.log,
        run=item.run,
        model=item.model,
        sample_id=item.sample_id,
        epoch=item.epoch,
        turn=item.turn,
        stratum=item.stratum,
        rating=item.rating,
        probability=item.probability,
        reply=text_hash(item.reply),
        letters=letters_hash(item.reply),
    )
