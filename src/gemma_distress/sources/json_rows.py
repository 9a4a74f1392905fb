"""Rows of a JSON file, one at a time: JSON Lines, a list of objects, or one object.

Which of these a file is follows from its content: a first line that is a whole JSON value makes it
JSON Lines, a leading "[" a list. Gzip is recognised by its magic bytes, a byte order mark is
skipped. Lists are decoded object by object, so memory is bounded by the longest row.

A line that cannot be read comes back as `Malformed`, for the caller to count or to refuse; a list
or object that breaks off is refused here, because nothing after the break can be trusted.
"""

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import JsonValue

from gemma_distress.errors import UsageError

_CHUNK = 1 << 16
_LINE_SUFFIXES = (".jsonl", ".ndjson", ".jsonl.gz", ".ndjson.gz")

Row = dict[str, JsonValue]


@dataclass(frozen=True)
class Malformed:
    """A line that is not a JSON object, and why."""

    reason: str


def open_bytes(path: Path) -> BinaryIO:
    """Open for reading, decompressing gzip; an unreadable file is a `UsageError`."""
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
        return cast(BinaryIO, gzip.open(path, "rb")) if zipped else path.open("rb")
    except OSError as err:
        raise UsageError(f"{path} cannot be read: {err.strerror or err}.") from err


def head_of(path: Path, size: int = 4096) -> bytes:
    """The first bytes, decompressed, without byte order mark and leading white space."""
    with open_bytes(path) as stream:
        try:
            head = stream.read(size)
        except (OSError, EOFError, zlib.error) as err:
            raise UsageError(f"{path} is a damaged gzip file ({err}). Fetch it again.") from err
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def json_rows(path: Path) -> Iterator[tuple[int, Row | Malformed]]:
    """Each row with the 1-based line on which it starts.

    Blank lines are skipped. NaN and Infinity, which are no JSON but which Python writes, read as
    null; a lone surrogate (half of an emoji that was cut) becomes U+FFFD, since no log can hold it.
    """
    with open_bytes(path) as stream:
        try:
            yield from _document(path, stream) if _is_document(path) else _lines(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as err:
            raise UsageError(
                f"{path} is a gzip file that breaks off or is damaged ({err}). Fetch it again."
            ) from err


def _is_document(path: Path) -> bool:
    if head_of(path, 16).startswith(b"["):
        return True
    if path.name.lower().endswith(_LINE_SUFFIXES):
        return False
    with open_bytes(path) as stream:
        for raw in stream:
            line = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if line:
                return line.startswith(b"{") and isinstance(_parse(line), Malformed)
    return False


def _lines(stream: BinaryIO) -> Iterator[tuple[int, Row | Malformed]]:
    for number, raw in enumerate(stream, start=1):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if line.strip():
            yield number, _parse(line)


def _parse(line: bytes) -> Row | Malformed:
    try:
        value = _DECODER.decode(line.decode("utf-8").strip())
    except UnicodeDecodeError as err:
        return Malformed(f"is not UTF-8 (byte {err.start + 1})")
    except json.JSONDecodeError as err:
        torn = not line.endswith(b"\n")
        end = ", and the file ends there without a line break: it seems cut off" if torn else ""
        return Malformed(f"is not JSON ({err.msg} at column {err.colno}){end}")
    except (ValueError, RecursionError) as err:
        return Malformed(f"is JSON that cannot be held ({type(err).__name__}: {err})")
    if not isinstance(value, dict):
        return Malformed(f"is {kind(value)}, not an object")
    return cast(Row, _mended(value))


def _document(path: Path, stream: BinaryIO) -> Iterator[tuple[int, Row | Malformed]]:
    listed = head_of(path, 16).startswith(b"[")
    try:
        with io.TextIOWrapper(stream, encoding="utf-8-sig") as text:
            if listed:
                yield from _items(text)
                return
            value = _DECODER.decode(text.read().strip())
        yield 1, cast(Row, _mended(value)) if isinstance(value, dict) else Malformed(kind(value))
    except json.JSONDecodeError as err:
        raise UsageError(
            f"{path} is not whole JSON: {err.msg} on line {err.lineno}. If it was cut off, fetch "
            "or write it again; if it holds one object per line, name it .jsonl."
        ) from err
    except (UnicodeDecodeError, RecursionError) as err:
        raise UsageError(f"{path} cannot be read as UTF-8 JSON: {err}.") from err


def _items(text: io.TextIOWrapper) -> Iterator[tuple[int, Row | Malformed]]:
    """Objects of a JSON list. The part that did not decode doubles before it is tried again."""
    buffer, position, line, grow = "", 0, 1, _CHUNK
    opened = closed = after_item = False

    def refuse(reason: str, at: int) -> json.JSONDecodeError:
        error = json.JSONDecodeError(reason, buffer, min(at, len(buffer)))
        error.lineno = line + buffer.count("\n", position, at)
        return error

    while True:
        start = position
        while position < len(buffer) and buffer[position] in " \t\r\n":
            position += 1
        line += buffer.count("\n", start, position)
        if position == len(buffer):
            more = text.read(_CHUNK)
            if more:
                buffer, position = more, 0
                continue
            if not closed:
                raise refuse("the list is not closed", position)
            return
        mark = buffer[position]
        if closed:
            raise refuse("something follows the list", position)
        if not opened or mark == "]" or (after_item and mark == ","):
            opened, closed, after_item = True, mark == "]", False
            position += 1
            continue
        if after_item:
            raise refuse("a comma is missing", position)
        try:
            value, end = _DECODER.raw_decode(buffer, position) if mark == "{" else (None, -1)
        except json.JSONDecodeError as err:
            more = text.read(grow)
            if not more:
                raise refuse(err.msg, err.pos) from err
            buffer, position = buffer[position:] + more, 0
            grow = max(_CHUNK, len(buffer))
            continue
        if end < 0:
            raise refuse("an item of the list is not an object", position)
        yield line, cast(Row, _mended(value))
        line += buffer.count("\n", position, end)
        position, grow, after_item = end, _CHUNK, True


_DECODER = json.JSONDecoder(parse_constant=lambda _name: None)


def _mended(value: object) -> object:
    if isinstance(value, str):
        return (
            value
            if value.isascii()
            else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        )
    if isinstance(value, list):
        return [_mended(item) for item in value]
    if isinstance(value, dict):
        return {_mended(key): _mended(item) for key, item in value.items()}
    return value


def kind(value: object) -> str:
    """What a JSON value is, for a sentence."""
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value"}
    if value is None:
        return "null"
    return names.get(type(value), "a number")
