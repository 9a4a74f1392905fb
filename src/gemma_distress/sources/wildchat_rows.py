"""Rows of WildChat's schema, one at a time, from the hub or from local files.

A row is a mapping with `conversation` (a list of {role, content, …}), `language` and
`conversation_hash`; other columns are not read. Memory is bounded by a batch of rows.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from gemma_distress.errors import UsageError
from gemma_distress.sources.filters import Filters
from gemma_distress.sources.json_rows import Malformed, head_of, json_rows

_T = TypeVar("_T")
_COLUMNS = ("conversation_hash", "conversation_id", "language", "conversation")
_FILE_SUFFIXES = (".parquet", ".jsonl", ".ndjson", ".json", ".jsonl.gz", ".ndjson.gz", ".json.gz")
_HUB_TIMEOUT = 8.0
# Each of these wraps the hub client's own six tries with growing waits, so one is patient enough.
_HUB_READ_RETRIES = 1
_INSTALL = "pip install 'gemma-distress[wildchat]' (in a clone: pip install -e '.[wildchat]')"

SourceRow = tuple[str, dict[str, Any] | Malformed]
"""Where the row stands ("FILE, line 3"), and the row."""


class RowSource(Protocol):
    """Somewhere to read rows from."""

    @property
    def name(self) -> str:
        """For people: the dataset with its commit, or the path."""

    @property
    def fingerprint(self) -> str:
        """Changes when the rows change."""

    def rows(self) -> Iterator[SourceRow]:
        """The rows, in a stable order."""


class Local:
    """A file, or the data files of a folder (all below it, by name)."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        if path.is_dir():
            self.files = sorted(
                p
                for p in path.rglob("*")
                if p.is_file() and p.name.lower().endswith(_FILE_SUFFIXES)
            )
            if not self.files:
                raise UsageError(
                    f"The folder {path} holds no data file. Accepted: {', '.join(_FILE_SUFFIXES)}."
                )
        else:
            self.files = [path]
        total = hashlib.sha256()
        for file in self.files:
            with file.open("rb") as stream:
                total.update(hashlib.file_digest(stream, "sha256").digest())
        self.fingerprint = f"sha256:{total.hexdigest()}"

    def rows(self) -> Iterator[SourceRow]:
        for file in self.files:
            if head_of(file, 4) == b"PAR1":
                yield from _parquet_rows(file)
            else:
                for line, row in json_rows(file):
                    yield f"{file}, line {line}", row


def _parquet_rows(file: Path) -> Iterator[SourceRow]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as err:
        raise UsageError(f"Reading {file} needs pyarrow: {_INSTALL}") from err
    number = 0
    try:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            missing = [name for name in ("conversation", "language") if name not in names]
            if missing:
                raise UsageError(
                    f"{file} has no column {' and no column '.join(missing)} (it has "
                    f"{', '.join(names)}). A source has the schema of WildChat-1M."
                )
            wanted = [name for name in _COLUMNS if name in names]
            for batch in parquet.iter_batches(batch_size=256, columns=wanted):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file}, row {number}", row
    except (pyarrow.ArrowException, OSError) as err:
        raise UsageError(
            f"{file} breaks off or is damaged after {number} rows ({err}). Fetch it again."
        ) from err


class Hub:
    """The first `filters.rows` rows of the dataset at its newest commit."""

    def __init__(self, filters: Filters) -> None:
        self._filters = filters
        try:
            import datasets
            from huggingface_hub import HfApi
        except ImportError as err:
            raise UsageError(
                f"Reading {filters.dataset} from the hub needs the package datasets: {_INSTALL}. "
                "Or give -T source=FILE with a local file of the same schema."
            ) from err
        self._datasets = datasets
        info = self._reach(lambda: HfApi().dataset_info(filters.dataset, timeout=_HUB_TIMEOUT))
        self._commit = str(info.sha)
        self.name = self.fingerprint = f"{filters.dataset}@{self._commit}"

    def rows(self) -> Iterator[SourceRow]:
        config = self._datasets.config
        before = config.STREAMING_READ_MAX_RETRIES
        config.STREAMING_READ_MAX_RETRIES = _HUB_READ_RETRIES
        try:
            stream = self._reach(
                lambda: iter(
                    self._datasets.load_dataset(
                        self._filters.dataset,
                        split=self._filters.split,
                        revision=self._commit,
                        streaming=True,
                    )
                )
            )
            numbered = islice(enumerate(stream, start=1), self._filters.rows)
            while (item := self._reach(lambda: next(numbered, None))) is not None:
                yield f"{self.name}, row {item[0]}", item[1]
        finally:
            config.STREAMING_READ_MAX_RETRIES = before

    def _reach(self, step: Callable[[], _T]) -> _T:
        # The libraries below raise their own, httpx's, fsspec's and the system's errors. Whatever
        # goes wrong between here and the hub, the user can do the same about it.
        try:
            return step()
        except Exception as err:
            offline = (
                "HF_HUB_OFFLINE is set, so the hub is not asked"
                if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
                else f"{type(err).__name__}: {' '.join(str(err).split())[:300]}"
            )
            raise UsageError(
                f"WildChat prompts could not be read from the hub dataset {self._filters.dataset} "
                f"({offline}). Give -T source=FILE with a local parquet or JSONL file of the same "
                "schema; or run once where the hub can be reached and copy the pinned file that "
                "it names: it is read without network, also as -T source=PINNED. No other prompts "
                "are taken in their place."
            ) from err
