"""Pinned draws: the drawn prompts in a small JSON file, so that a second run asks the same.

The file carries the hash of its own content. One that was cut off or edited no longer fits its hash
and is never trusted: in the cache it is drawn again, as a named source it is refused.
"""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from gemma_distress.errors import UsageError

MARKER = "gemma-distress pinned WildChat prompts, version 1"


def default_cache_dir() -> Path:
    """The user's cache folder for this package (platformdirs where installed, else XDG)."""
    try:
        from platformdirs import user_cache_path
    except ImportError:
        base = os.environ.get("XDG_CACHE_HOME")
        return (Path(base) if base else Path.home() / ".cache") / "gemma-distress"
    return user_cache_path("gemma-distress", appauthor=False)


def pin_path(cache_dir: Path | None, *key: str | int) -> Path:
    """Where the draw with this key is pinned."""
    digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()[:16]
    return (cache_dir or default_cache_dir()) / "wildchat" / f"{digest}.json"


def write_pin(path: Path, content: dict[str, Any]) -> None:
    """Write atomically: whoever reads sees the old file or the whole new one."""
    pin = {"format": MARKER, "sha256": _digest(content), "content": content}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                json.dump(pin, stream, ensure_ascii=False, indent=1)
                stream.write("\n")
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as err:
        raise UsageError(
            f"The drawn prompts could not be pinned in {path} ({err.strerror or err}). Make the "
            "folder writable or set XDG_CACHE_HOME to one that is: without the pinned file a "
            "second run could not be shown to ask the same."
        ) from err


def is_pin(path: Path) -> bool:
    """Whether the file starts like a pinned draw, whole or not."""
    with path.open("rb") as stream:
        return MARKER.encode() in stream.read(200)


def read_pin(path: Path) -> dict[str, Any] | str:
    """The content, or what is wrong with the file."""
    try:
        pin = json.loads(path.read_text(encoding="utf-8"))
        content = pin["content"]
        whole = pin["format"] == MARKER and pin["sha256"] == _digest(content)
    except OSError as err:
        return f"it cannot be read ({err.strerror or err})"
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it is cut off or is no pinned file"
    if not whole or not isinstance(content, dict):
        return "its content was changed and no longer fits the hash it carries"
    return content


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
