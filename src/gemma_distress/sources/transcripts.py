"""Conversations that already exist, from the files in which people keep them.

Accepted, told apart by content:

* chat rows: `messages: [{role, content}]` with optional `conversation_id` (or `id`), `metadata` and
  any further columns;
* turn rows: one reply per row, with `conversation_id`, `turn` and `response`, in any order;
* ShareGPT: `conversations: [{from, value}]`;
* Inspect logs, `.eval` and `.json`.

Rows stand in JSON Lines, in a JSON list or in a single JSON object; gzip is read too. A path may be
a file, a folder (all files below it whose names end in one of `SUFFIXES`) or a glob. With several
files each conversation's id is preceded by the name of its file. A conversation lies in one file.

Nothing is dropped: a line that does not fit is refused with its file and number. Kept as they are,
because real dumps hold them: a conversation that an assistant opens, two user messages in a row, a
conversation without a reply (it has messages and no turn), a reply without text (its turn is
missing, later turns keep their numbers).
"""

import glob
import os
import zipfile
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from gemma_distress.errors import UsageError
from gemma_distress.sources.chat_rows import chat_transcripts
from gemma_distress.sources.inspect_logs import is_inspect_json, log_transcripts
from gemma_distress.sources.json_rows import Malformed, Row, head_of, json_rows
from gemma_distress.sources.row_fields import SHAPES
from gemma_distress.sources.transcript import Transcript
from gemma_distress.sources.turn_rows import turn_transcripts

SUFFIXES = (".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz", ".eval")
"""Files of a folder that are read; its other files (a README, say) are not transcripts."""

_INDEXES = ("eval-set.json", "logs.json", "listing.json", "run.json", "spending.jsonl")
"""What Inspect and `gemma-distress run` leave in a log folder beside its logs."""

_Rows = Iterator[tuple[int, Row]]


def read_transcripts(path: str | Path, *, limit: int | None = None) -> list[Transcript]:
    """All conversations below `path`, in the order of the files and of their first rows.

    Args:
        path: A file, a folder or a glob.
        limit: Return the first so many; files and lines behind them are then not looked at, except
            that a file of turn rows is always read whole, since its rows come in any order.

    Raises:
        UsageError: Nothing there, a file that cannot be read, a shape or line that does not fit,
            two conversations of one id, or no reply in any conversation.
    """
    if limit is not None and limit < 1:
        raise UsageError(f"limit is {limit}; it must be 1 or more, or left out for all.")
    files, root = _files(path)
    found: list[Transcript] = []
    for file in files:
        prefix = f"{_stem(file, root)}/" if len(files) > 1 else ""
        rest = None if limit is None else limit - len(found)
        found.extend(_named(file, prefix, islice(_transcripts(file), rest)))
        if limit is not None and len(found) >= limit:
            break
    if not any(transcript.replies for transcript in found):
        raise UsageError(
            f"{path} holds {len(found)} conversations and no assistant reply with text, so there "
            f"is nothing to rate. Accepted are {SHAPES}."
        )
    return found


def _files(path: str | Path) -> tuple[list[Path], Path]:
    given = Path(path).expanduser()
    if given.is_dir():
        files = [
            p
            for p in sorted(given.rglob("*"))
            if p.is_file()
            and p.name.lower().endswith(SUFFIXES)
            and p.name not in _INDEXES
            and not any(part.startswith(".") for part in p.relative_to(given).parts)
        ]
        if not files:
            raise UsageError(f"The folder {path} holds no file ending in {', '.join(SUFFIXES)}.")
        return files, given
    if given.is_file():
        return [given], given.parent
    matches = sorted(Path(name) for name in glob.glob(str(given), recursive=True))  # noqa: PTH207
    files = [match for match in matches if match.is_file()]
    if not files:
        raise UsageError(
            f"There is no file, folder or glob match at {path}. Give one that holds {SHAPES}."
        )
    return files, Path(os.path.commonpath([file.parent for file in files]))


def _stem(file: Path, root: Path) -> str:
    name = file.relative_to(root).as_posix()
    suffix = max((s for s in SUFFIXES if name.lower().endswith(s)), key=len, default="")
    return name.removesuffix(name[len(name) - len(suffix) :]) if suffix else name


def _named(file: Path, prefix: str, found: Iterator[Transcript]) -> Iterator[Transcript]:
    places: dict[str, str] = {}
    for transcript in found:
        name = transcript.conversation_id
        place = str(transcript.metadata.get("line", transcript.metadata.get("sample_id", "")))
        if name in places:
            raise UsageError(
                f"{file} holds two conversations with the id {name!r} (at {places[name]} and "
                f"{place}). Give each its own id."
            )
        places[name] = place
        yield Transcript(**{**vars(transcript), "conversation_id": prefix + name})


def _transcripts(file: Path) -> Iterator[Transcript]:
    head = head_of(file)
    if head.startswith(b"PK") and zipfile.is_zipfile(file):
        return log_transcripts(file, "eval")
    if is_inspect_json(head):
        return log_transcripts(file, "json")
    if not head:
        raise UsageError(f"{file} is empty. Accepted are {SHAPES}.")
    if not head.startswith((b"{", b"[")):
        shown = head.splitlines()[0][:60].decode("utf-8", "replace")
        raise UsageError(
            f"{file} does not begin with a JSON object or list but with {shown!r}. "
            f"Accepted are {SHAPES}."
        )
    return _by_shape(file)


def _by_shape(file: Path) -> Iterator[Transcript]:
    rows = _sound(file)
    first = next(rows, None)
    if first is None:
        raise UsageError(f"{file} holds no rows. Accepted are {SHAPES}.")
    line, row = first
    reader: Callable[[Path, _Rows], Iterator[Transcript]] = (
        chat_transcripts if "messages" in row or "conversations" in row else turn_transcripts
    )

    def again() -> _Rows:
        yield line, row
        yield from rows

    return reader(file, again())


def _sound(file: Path) -> _Rows:
    for line, row in json_rows(file):
        if isinstance(row, Malformed):
            raise UsageError(
                f"{file}, line {line} {row.reason}. Mend or remove the line; every line is one "
                f"JSON object. Accepted are {SHAPES}."
            )
        yield line, row
