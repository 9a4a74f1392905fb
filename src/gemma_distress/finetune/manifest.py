"""The manifest of a step: what went in, with what, and what came out; by it a step knows that it is done.

A step's folder holds `manifest.json`, written last. Its `key` is the hash of everything that decides the
result: the step's name and settings and the content of its inputs, not their places or times.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gemma_distress.errors import UsageError

NAME = "manifest.json"


def key_of(step: str, settings: Mapping[str, Any], inputs: Mapping[str, str]) -> str:
    """Hash of what decides a step's result.

    Args:
        step: its name.
        settings: whatever JSON can hold.
        inputs: hash of the content of each input, by name.
    """
    told = json.dumps([step, dict(settings), dict(inputs)], sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()


def hash_of(path: Path) -> str:
    """Of a file's content, or of all files below a folder by name, without manifests and hidden files."""
    if path.is_file():
        with path.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    digest = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        below = file.relative_to(path)
        if file.is_file() and file.name != NAME and not any(p.startswith(".") for p in below.parts):
            digest.update(f"{below.as_posix()}\0{hash_of(file)}\n".encode())
    return digest.hexdigest()


def finished(folder: Path, key: str) -> dict[str, Any] | None:
    """The manifest of a step that was finished here with the same key; None where none was.

    Raises:
        UsageError: The folder holds the result of another key.
    """
    path = folder / NAME
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UsageError(
            f"{path} cannot be read: {error}. Remove the folder, or name another."
        ) from error
    if not isinstance(found, dict) or found.get("key") != key:
        raise UsageError(
            f"{folder} holds the result of other data or settings. Name another folder, or remove this one."
        )
    return found


def finish(folder: Path, key: str, **facts: Any) -> None:
    """Write the manifest, in one move, when all else is written."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{NAME}"
    beside.write_text(json.dumps({"key": key, **facts}, indent=2, default=str) + "\n", "utf-8")
    beside.replace(folder / NAME)
