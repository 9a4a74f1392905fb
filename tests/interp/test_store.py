"""How readings lie on disk: in few row groups, and as large as was told before."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow.parquet import ParquetFile, read_metadata

from gemma_distress.errors import UsageError
from gemma_distress.interp import disk, store
from gemma_distress.interp.arms import Reader
from gemma_distress.interp.disk import estimated_bytes
from gemma_distress.interp.readings import How, make_readings
from gemma_distress.interp.rendered import Rendered, Span, rendered
from gemma_distress.interp.store import Readings, read_readings


def test_batches_share_row_groups(
    turns: pd.DataFrame, organism: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Batches of a conversation or two: a group each would be dozens.
    make_readings(turns, organism, tmp_path / "one", How(batch_tokens=300))
    for name in ("layers", "tokens", "vectors/0"):
        assert read_metadata(tmp_path / "one" / f"{name}.parquet").num_row_groups == 1
    # Groups end as soon as they hold so many numbers, and lose no row.
    monkeypatch.setattr(store, "GROUP", 2000)
    make_readings(turns, organism, tmp_path / "many", How(batch_tokens=300))
    for name in ("layers", "tokens", "vectors/0"):
        one, many = (
            ParquetFile(tmp_path / folder / f"{name}.parquet") for folder in ("one", "many")
        )
        assert many.num_row_groups > 2
        assert many.read().to_pandas().equals(one.read().to_pandas())
    one, many = (read_readings(tmp_path / name).by_quarter for name in ("one", "many"))
    assert np.allclose(one.drop(columns="arm"), many.drop(columns="arm"), atol=1e-5, equal_nan=True)


def test_vectors_come_in_the_order_of_replies(readings: Readings) -> None:
    rows = pd.read_parquet(readings.folder / "vectors" / "2.parquet")
    rows = rows[(rows["arm"] == "tuned") & (rows["part"] == "prompt")]
    own = readings.vectors(2, "tuned", "prompt")
    assert own.dtype == np.float32
    for place in (0, 7, len(own) - 1):
        one = readings.replies.iloc[place]
        same = (rows["conversation"] == one["conversation"]) & (rows["turn"] == one["turn"])
        assert np.array_equal(own[place], rows[same]["vector"].item())


def test_the_estimate_is_about_what_is_written(
    readings: Readings, turns: pd.DataFrame, tuned: Reader
) -> None:
    found, _ = rendered(turns, tuned.tokenizer, tuned.ends, tuned.context)
    width = tuned.plain.config.hidden_size
    told = estimated_bytes(found, 2, readings.layers, width, 7, window=4)
    there = sum(
        (readings.folder / f"{name}.parquet").stat().st_size
        for name in ("layers", "tokens", *(f"vectors/{n}" for n in range(readings.layers)))
    )
    assert 0.75 * there < told < 1.5 * there


def test_the_estimate_at_27b_by_hand() -> None:
    # 1,000 replies of 300 tokens, without onsets, by two arms: 2,000 vectors of 5,376 numbers and 8 bytes of
    # keys in each of 62 layers, readings of 7 numbers and 8 bytes of each of these and of each token.
    text = [Rendered(n, [0] * 320, [Span(1, 20, 320, None)]) for n in range(1000)]
    vectors, readings = 62 * 2000 * (4 * 5376 + 8), (62 * 2000 + 300_000) * (4 * 7 + 8)
    assert estimated_bytes(text, 2, 62, 5376, 7, window=20) == 2 * (vectors + readings)


def test_too_little_disk_is_told_before_anything_is_read(
    turns: pd.DataFrame, organism: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    some = turns[turns["conversation"] < 12]
    make_readings(some, organism, tmp_path / "a", tell=told.append)
    assert "will take about" in told[0]
    usage = shutil.disk_usage(tmp_path)._replace(free=50_000)
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UsageError, match=r"has 0.1 MB free.*--conversations \d"):
        make_readings(some, organism, tmp_path / "b")
    assert not (tmp_path / "b").exists()
    # What a broken-off pass has left there will be written over.
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "layers.parquet").write_bytes(bytes(100_000_000))
    make_readings(some, organism, tmp_path / "b")
    assert read_readings(tmp_path / "b").layers == read_readings(tmp_path / "a").layers
