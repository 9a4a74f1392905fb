"""Log files as plain data: which files a user means, a log's header, its conversations one at a time.

An `.eval` file is a zip: `header.json` at the end of a finished evaluation, `_journal/start.json` from its
beginning, and a member for each conversation. Members are parsed as they are, without Inspect's models:
validating all events of a conversation is what makes reading slow, and nothing here needs them.
Only one conversation is held at a time. Inspect's `.json` logs go through Inspect's own reader.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from gemma_distress.errors import UsageError

Json = Mapping[str, Any]
Logs = str | Path | Iterable[str | Path]

_HEADER, _START, _SAMPLES = "header.json", "_journal/start.json", "samples/"
_MEMBER = re.compile(r"samples/(?P<id>.*)_epoch_(?P<epoch>\d+)\.json", re.DOTALL)
_JSON_LOG = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"\s*:')
_UNREAD = {"events", "store"}
_EVENTS, _AFTER_EVENTS = b',"events":[', b'],"model_usage":{'


class NoLogError(Exception):
    """A file that is no readable log; the message says why, without its name."""


@dataclass(frozen=True)
class Unreadable:
    """A conversation of a log that cannot be read."""

    sample: str
    """Its name in the file, as far as it says."""
    reason: str


def find(logs: Logs) -> list[Path]:
    """The files that are meant, each once: a file is itself, a folder the logs anywhere below it.

    Raises:
        UsageError: A path that does not exist, a folder without logs, or nothing at all.
    """
    given = [logs] if isinstance(logs, str | Path) else list(logs)
    found: dict[Path, Path] = {}
    for one in given:
        path = Path(str(one).removeprefix("file://")).expanduser()
        if path.is_dir():
            below = [file for file in sorted(path.rglob("*")) if _is_log(file)]
            if not below:
                raise UsageError(f"The folder {path} holds no .eval log. Name a folder of logs.")
        elif path.exists():
            below = [path]
        else:
            raise UsageError(f"There is no log {path}. Name a log file or a folder of logs.")
        for file in below:
            found.setdefault(file.resolve(), file)
    if not found:
        raise UsageError("No log was named. Name log files or folders of logs.")
    return list(found.values())


def _is_log(file: Path) -> bool:
    """By its name; a `.json` file also by how it begins, for Inspect and others keep notes in such."""
    if file.suffix == ".eval":
        # A link to nothing is a log that cannot be read, and no file to pass over in silence.
        return file.is_file() or file.is_symlink()
    if file.suffix != ".json" or not file.is_file():
        return False
    with file.open("rb") as start:
        return bool(_JSON_LOG.match(start.read(200)))


@dataclass
class LogFile:
    """An open log."""

    header: Json
    """As in `header.json`; of a log that has not ended, what its beginning says, with status `started`."""
    _zip: ZipFile | None
    _samples: list[Any]

    def samples(self) -> Iterator[Json | Unreadable]:
        """The conversations in the order of the data set, epoch by epoch.

        Each is the JSON of Inspect's `EvalSample` without `events` and `store`.
        """
        if self._zip is None:
            while self._samples:
                one = self._samples.pop(0)
                yield one.model_dump(exclude=_UNREAD)
            return
        for name in self._members():
            try:
                sample = parse_sample(self._zip.read(name))
            except Exception as error:  # whatever the layers of zip, compression and JSON raise
                yield Unreadable(name.removeprefix(_SAMPLES).removesuffix(".json"), _why(error))
                continue
            if isinstance(sample, dict) and isinstance(sample.get("messages"), list):
                yield sample
            else:
                yield Unreadable(name.removeprefix(_SAMPLES), "it is no conversation")

    def _members(self) -> list[str]:
        """A conversation logged again has two members of one name, of which a zip gives the last."""
        assert self._zip is not None
        ids = _mapping(_mapping(self.header.get("eval")).get("dataset")).get("sample_ids")
        named = ids if isinstance(ids, list) else []
        order = {str(name): place for place, name in enumerate(named)}
        found = [(m, n) for n in set(self._zip.namelist()) if (m := _MEMBER.fullmatch(n))]

        def key(member: tuple[re.Match[str], str]) -> tuple[int, int, str]:
            name = member[0]["id"]
            return int(member[0]["epoch"]), order.get(name, len(order)), name

        return [name for _, name in sorted(found, key=key)]


@contextmanager
def opened(path: Path) -> Iterator[LogFile]:
    """An open log.

    Raises:
        NoLogError: The file is no log of Inspect, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(200)
    except OSError as error:
        raise NoLogError(f"it cannot be read ({error.strerror or error})") from error
    if _JSON_LOG.match(start):
        yield _json_log(path)
        return
    if not start.startswith(b"PK"):
        raise NoLogError("it is no log of Inspect" if start else "it is empty")
    # Makes `zipfile` read Zstandard, with which Inspect compresses, before Python 3.14 does.
    import inspect_ai._util.zipfile  # noqa: F401

    try:
        archive = ZipFile(path)
    except Exception as error:  # whatever a torn zip makes the layers below raise
        raise NoLogError(f"it is torn: {_why(error)}") from error
    with archive:
        yield LogFile(_header(archive), archive, [])


def _header(archive: ZipFile) -> dict[str, Any]:
    names = set(archive.namelist())
    name = next((name for name in (_HEADER, _START) if name in names), None)
    if name is None:
        raise NoLogError("it is a zip and no log of Inspect")
    try:
        header = parse(archive.read(name))
    except Exception as error:  # as above
        raise NoLogError(f"its {name} cannot be read ({_why(error)})") from error
    if not isinstance(header, dict) or not isinstance(header.get("eval"), dict):
        raise NoLogError("it is no log of Inspect")
    return {"status": "started", **header}


def _json_log(path: Path) -> LogFile:
    from inspect_ai.log import read_eval_log

    try:
        log = read_eval_log(str(path), format="json", exclude_fields=_UNREAD)
    except Exception as error:  # the log reader raises whatever its layers raise
        raise NoLogError(f"it is torn: {_why(error)}") from error
    header = log.model_dump(exclude={"samples", "reductions"})
    created = header["eval"].get("created")
    header["eval"]["created"] = str(created)
    return LogFile(header, None, list(log.samples or []))


def parse(data: bytes) -> Any:
    """JSON as Inspect writes it, with NaN and Infinity."""
    from pydantic_core import from_json

    try:
        return from_json(data, cache_strings="keys")
    except ValueError:
        return json.loads(data)  # slower, and reads lone surrogates and any depth


def parse_sample(data: bytes) -> Any:
    """A conversation without its events, which are most of it.

    They are cut out where they begin and end, if the two ends then read as two whole objects: inside a
    JSON text no such bytes stand, and inside a nested object the braces would not match.
    """
    from pydantic_core import from_json

    begin, end = data.find(_EVENTS), data.rfind(_AFTER_EVENTS)
    if 0 < begin < end:
        try:
            head = from_json(data[:begin] + b"}", cache_strings="keys")
            if head.get("messages") and head.get("scores"):
                return {**head, **from_json(b"{" + data[end + 2 :], cache_strings="keys")}
        except ValueError:
            pass
    return parse(data)


def _mapping(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def _why(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
