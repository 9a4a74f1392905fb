"""The files of readings: parquet tables in one folder, and what they are of.

`replies.parquet`   a row for each reply: log, conversation, turn, token span, onset, rating, text
`layers.parquet`    by arm, conversation, turn, part of the reply and layer: readings of each emotion
`tokens.parquet`    by arm, conversation, turn and token: the same, mean over a band of layers
`vectors/N.parquet` by arm, conversation, turn and part: mean residual stream after layer N
`manifest.json`     model, adapter, tokens matched, what was left out; written last (`finetune.manifest`)

`conversation` is a number of this folder; `replies.parquet` says which conversation of which log it is.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gemma_distress.errors import UsageError
from gemma_distress.extras import needs
from gemma_distress.finetune.manifest import NAME
from gemma_distress.interp.arms import Arm
from gemma_distress.interp.batch import PROMPT, REPLY, BatchReading
from gemma_distress.interp.rendered import Rendered

if TYPE_CHECKING:
    import pandas as pd

REPLIES, LAYERS, TOKENS, VECTORS = "replies", "layers", "tokens", "vectors"
KEYS = (
    "log",
    "model",
    "settings",
    "task",
    "category",
    "condition",
    "prompt_id",
    "sample_id",
    "epoch",
    "conversation",
    "turn",
    "message_id",
    "rating",
    "evidence",
    "user",
    "reply",
)
"""Columns of the turns table that are kept with the readings."""
GROUP = 2**20
"""Numbers of a row group: some 100,000 rows of readings, and 4 MB of every layer's vectors."""

_FEW = ("arm", "part")
"""Columns of few values."""


class Writer:
    """Appends batches to the tables, in row groups of about `GROUP` numbers; no more is held of any."""

    def __init__(self, folder: Path) -> None:
        needs("Writing readings", "pyarrow", extra="finetune")
        self._folder, self._open = folder, dict[str, Any]()
        self._held, self._bytes = defaultdict[str, list[Any]](list), Counter[str]()

    def add(
        self, arm: Arm, batch: Sequence[Rendered], found: BatchReading, names: Sequence[str]
    ) -> None:
        """What an arm made of a batch."""
        whole = [one for one in found.pieces if one.part in (REPLY, PROMPT)]
        for layer, readings in enumerate(found.readings):
            self._write(
                LAYERS,
                {
                    "arm": [arm] * len(found.pieces),
                    "conversation": [one.conversation for one in found.pieces],
                    "turn": [one.turn for one in found.pieces],
                    "part": [one.part for one in found.pieces],
                    "layer": [layer] * len(found.pieces),
                    "tokens": [one.end - one.first for one in found.pieces],
                    **{name: readings[:, place] for place, name in enumerate(names)},
                },
            )
            self._write(
                f"{VECTORS}/{layer}",
                {
                    "arm": [arm] * len(whole),
                    "conversation": [one.conversation for one in whole],
                    "turn": [one.turn for one in whole],
                    "part": [one.part for one in whole],
                    "vector": list(found.vectors[layer].astype(np.float32)),
                },
            )
        for row, one in enumerate(batch):
            places = [(span.turn, at) for span in one.spans for at in range(span.first, span.end)]
            at = [token for _, token in places]
            self._write(
                TOKENS,
                {
                    "arm": [arm] * len(places),
                    "conversation": [one.conversation] * len(places),
                    "turn": [turn for turn, _ in places],
                    "token": at,
                    **{name: found.tokens[row, at, k] for k, name in enumerate(names)},
                },
            )

    def replies(self, turns: pd.DataFrame, conversations: Sequence[Rendered]) -> None:
        """The replies that were read, with their keys and spans."""
        import pandas as pd

        spans = pd.DataFrame(
            [
                (one.conversation, span.turn, span.first, span.end, span.onset)
                for one in conversations
                for span in one.spans
            ],
            columns=["conversation", "turn", "first_token", "end_token", "onset_token"],
        ).astype({"onset_token": "Int64"})
        rows = turns.loc[:, list(KEYS)].merge(spans, on=["conversation", "turn"])
        for name in rows.select_dtypes("category"):
            rows[name] = rows[name].astype(str)
        rows.to_parquet(self._folder / f"{REPLIES}.parquet", index=False)

    def _write(self, table: str, columns: Mapping[str, Any]) -> None:
        import pyarrow as pa

        rows = pa.table({name: _column(name, values) for name, values in columns.items()})
        self._held[table].append(rows)
        self._bytes[table] += rows.nbytes
        if self._bytes[table] >= GROUP * np.dtype(np.float32).itemsize:
            self._flush(table)

    def _flush(self, table: str) -> None:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter

        held = self._held.pop(table)
        del self._bytes[table]
        if table not in self._open:
            path = self._folder / f"{table}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            # Readings hardly repeat: as a dictionary they would take more.
            names = [name for name in _FEW if name in held[0].schema.names]
            self._open[table] = ParquetWriter(path, held[0].schema, use_dictionary=names)
        rows = pa.concat_tables(held).unify_dictionaries()
        self._open[table].write_table(rows, row_group_size=len(rows))

    def close(self) -> None:
        """Write what is held, and end the files."""
        try:
            for table in list(self._held):
                self._flush(table)
        finally:
            for writer in self._open.values():
                writer.close()


def _column(name: str, values: Any) -> Any:
    import pyarrow as pa

    if name in _FEW:
        return pa.array(values).dictionary_encode()
    if name == "vector":
        return pa.array(values, pa.list_(pa.float32()))
    integers = name in ("conversation", "turn", "layer", "token", "tokens")
    return pa.array(values, pa.int32() if integers else pa.float32(), from_pandas=not integers)


@dataclass(frozen=True)
class Readings:
    """The readings of a folder."""

    folder: Path
    facts: Mapping[str, Any]
    """What `manifest.json` says."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        return tuple(self.facts["arms"])

    @property
    def layers(self) -> int:
        return int(self.facts["layers"])

    @cached_property
    def replies(self) -> pd.DataFrame:
        return self._table(REPLIES)

    @cached_property
    def by_layer(self) -> pd.DataFrame:
        return self._table(LAYERS)

    @cached_property
    def by_quarter(self) -> pd.DataFrame:
        """Token readings by arm, conversation, turn and quarter of the reply (1 to 4), from `tokens.parquet`.

        The file is read a row group at a time, so that it may be larger than memory. A reply of fewer than
        four tokens has no reading of some quarters.
        """
        import pandas as pd
        from pyarrow.parquet import ParquetFile

        keys = ["arm", "conversation", "turn", "quarter"]
        spans = self.replies[["conversation", "turn", "first_token", "end_token"]]
        sums = []
        with ParquetFile(self.folder / f"{TOKENS}.parquet") as file:
            for number in range(file.num_row_groups):
                rows = (
                    file.read_row_group(number)
                    .to_pandas()
                    .merge(spans, on=["conversation", "turn"])
                )
                passed = rows["token"] - rows["first_token"]
                rows["quarter"] = 1 + 4 * passed // (rows["end_token"] - rows["first_token"])
                rows = rows.drop(columns=["token", "first_token", "end_token"]).assign(tokens=1)
                rows["arm"] = rows["arm"].astype(str)
                sums.append(rows.groupby(keys).sum(min_count=1))
        found = pd.concat(sums).groupby(keys).sum(min_count=1)
        readings = found.columns.drop("tokens")
        found[readings] = found[readings].div(found["tokens"], axis=0)
        readable: pd.DataFrame = found.reset_index()
        return readable

    def vectors(self, layer: int, arm: Arm, part: str) -> NDArray[np.float32]:
        """Mean streams after a layer, in the order of `replies`, (replies, width)."""
        import pandas as pd
        import pyarrow.parquet as pq

        rows = pq.read_table(
            self.folder / VECTORS / f"{layer}.parquet",
            filters=[("arm", "==", arm), ("part", "==", part)],
        )
        there = pd.MultiIndex.from_arrays(
            [rows[name].to_numpy() for name in ("conversation", "turn")]
        )
        keys = pd.MultiIndex.from_frame(self.replies[["conversation", "turn"]])
        flat = np.concatenate([one.flatten().to_numpy() for one in rows["vector"].chunks])
        found: NDArray[np.float32] = flat.reshape(len(there), -1)[there.get_indexer(keys)]
        return found

    def _table(self, name: str) -> pd.DataFrame:
        import pandas as pd

        return pd.read_parquet(self.folder / f"{name}.parquet")


def read_readings(folder: Path) -> Readings:
    """Open a folder of readings.

    Raises:
        UsageError: It holds none, or they were not finished.
    """
    needs("Reading the readings", "pyarrow", extra="finetune")
    path = folder / NAME
    if not path.is_file():
        raise UsageError(
            f"{folder} holds no finished readings. Make them: python -m gemma_distress.interp readings LOGS "
            f"--model MODEL --output {folder}"
        )
    return Readings(folder, json.loads(path.read_text("utf-8")))
