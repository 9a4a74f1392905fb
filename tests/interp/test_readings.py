"""Readings of the organism: their files, what standardises them, and the truth that they should rise with."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.analysis.tables import table

from gemma_distress.analysis.statistics.ranks import rank_correlation
from gemma_distress.errors import UsageError
from gemma_distress.interp.arms import Reader
from gemma_distress.interp.readings import How, drawn, make_readings, usual_band
from gemma_distress.interp.store import Readings, read_readings
from gemma_distress.interp.words import EMOTIONS


def test_every_reply_has_its_keys_its_span_and_every_layer(
    readings: Readings, turns: pd.DataFrame
) -> None:
    replies = readings.replies
    assert len(replies) == len(turns) == readings.facts["replies"]
    assert replies["message_id"].tolist() == turns["message_id"].tolist()
    assert (replies["end_token"] > replies["first_token"]).all()
    own = readings.by_layer
    whole = own[own["part"] == "reply"]
    assert len(whole) == len(turns) * readings.layers * 2
    lengths = (replies["end_token"] - replies["first_token"]).sum()
    assert whole["tokens"].sum() == lengths * readings.layers * 2
    assert readings.by_quarter["tokens"].sum() == lengths * 2


def test_an_emotion_without_words_is_missing_and_never_zero(readings: Readings) -> None:
    for rows in (readings.by_layer, readings.by_quarter):
        assert rows["fear"].isna().all()
        assert rows[["anger", "sadness", "joy", "random"]].notna().all(axis=None)
    assert readings.facts["emotions"]["fear"] == []


def test_a_replys_reading_is_the_mean_of_its_tokens(readings: Readings) -> None:
    # Over the band, the mean of layers of the mean of tokens is the mean of tokens of the mean of layers.
    first, last = readings.facts["band"]
    keys = ["arm", "conversation", "turn"]
    rows = readings.by_layer
    rows = rows[rows["layer"].between(first, last) & (rows["part"] == "reply")]
    by_reply = rows.groupby(keys, observed=True)["sadness"].mean()
    quarters = readings.by_quarter.assign(
        sadness=readings.by_quarter["sadness"] * readings.by_quarter["tokens"]
    )
    sums = quarters.groupby(keys)[["sadness", "tokens"]].sum()
    assert np.allclose(by_reply, sums["sadness"] / sums["tokens"], atol=1e-4)


def test_quarters_are_of_a_replys_own_tokens(readings: Readings) -> None:
    rows = readings.by_quarter.merge(readings.replies, on=["conversation", "turn"])
    length = rows["end_token"] - rows["first_token"]
    assert set(rows["quarter"]) == {1, 2, 3, 4}
    # Of n tokens the quarters have n / 4 each, rounded up or down.
    assert (abs(rows["tokens"] - length / 4) < 1).all()
    tokens = pd.read_parquet(readings.folder / "tokens.parquet")
    one = rows[(rows["arm"] == "tuned") & (rows["quarter"] == 1)].iloc[7]
    own = tokens[
        (tokens["arm"] == "tuned")
        & (tokens["conversation"] == one["conversation"])
        & (tokens["turn"] == one["turn"])
    ]
    assert one["joy"] == pytest.approx(own["joy"].head(int(one["tokens"])).mean(), abs=1e-5)


def test_neutral_text_reads_zero_with_the_drift_taken_out(
    turns: pd.DataFrame, organism: Reader
) -> None:
    from gemma_distress.interp.arms import parts_of
    from gemma_distress.interp.instrument import Instrument
    from gemma_distress.interp.rendered import rendered
    from gemma_distress.interp.streams import read_streams
    from gemma_distress.interp.words import DRIFT, token_sets

    found, _ = rendered(turns, organism.tokenizer, organism.ends, organism.context)
    calm, parts = found[:12], parts_of(organism.plain)
    sets = token_sets(organism.tokenizer)
    instrument = Instrument(parts, sets, 6, organism.device)
    drift = list(sets.groups()).index(DRIFT)
    assert instrument.fit(organism, calm, 256) == sum(
        span.end - span.first for one in calm for span in one.spans
    )
    read: list[np.ndarray] = []
    for one in calm:
        inside = [at for span in one.spans for at in range(span.first, span.end)]

        def sink(layer: int, start: int, stream, inside=inside) -> None:
            own = stream[0, inside]
            common = instrument._grouped(layer, instrument.logits(own))[:, drift]
            read.append(np.column_stack([instrument.read(layer, own).numpy(), common.numpy()]))

        read_streams(organism.plain, parts, [one.ids], [4], sink, 4096)
    values = np.concatenate(read).astype(float)
    known = ~np.isnan(values[0])
    assert np.allclose(values[:, known].mean(axis=0), 0, atol=1e-3)
    # What is left of each reading does not go with the random words that the drift was read from.
    for name, column in zip(instrument.names, values.T, strict=False):
        if not np.isnan(column[0]):
            assert abs(np.corrcoef(column, values[:, -1])[0, 1]) < 1e-3, name


def test_windows_lie_around_the_onset_within_the_reply(readings: Readings) -> None:
    replies = readings.replies.set_index(["conversation", "turn"])
    rows = readings.by_layer
    rows = rows[(rows["layer"] == 0) & (rows["arm"] == "base")]
    for part in ("far before", "before", "after"):
        for row in rows[rows["part"] == part].itertuples():
            one = replies.loc[(row.conversation, row.turn)]
            before = one.onset_token - one.first_token
            most = {
                "far before": max(min(before - 4, 4), 0),
                "before": min(before, 4),
                "after": min(one.end_token - one.onset_token, 4),
            }
            assert row.tokens == most[part]


def test_readings_rise_with_the_true_level_and_the_control_does_not(readings: Readings) -> None:
    # The rating of these replies is the level of the grammar that wrote them.
    replies = readings.replies
    prompts, turn = replies["prompt_id"].tolist(), replies["turn"].tolist()
    rows = readings.by_layer
    for layer in (2, 4, 5):
        own = rows[(rows["layer"] == layer) & (rows["arm"] == "base") & (rows["part"] == "reply")]
        own = replies[["conversation", "turn"]].merge(own, on=["conversation", "turn"])
        negative = own[["anger", "disgust", "sadness"]].mean(axis=1)
        level = replies["rating"].to_numpy()
        found = rank_correlation(negative, level, prompts, turn)
        assert found.lower > 0
        # Ranks make much of little: the control may go with the level, but hardly moves.
        assert abs(rank_correlation(own["random"], level, prompts, turn).estimate) < found.estimate
        assert own["random"].std() < 0.2 * negative.std()


def test_made_twice_it_is_made_once_and_another_text_is_refused(
    turns: pd.DataFrame, organism: Reader, tmp_path: Path
) -> None:
    folder = tmp_path / "readings"
    some = turns[turns["conversation"] < 12]
    made = make_readings(some, organism, folder)
    before = (folder / "layers.parquet").stat().st_mtime_ns
    assert make_readings(some, organism, folder) == made
    assert (folder / "layers.parquet").stat().st_mtime_ns == before
    assert read_readings(folder).arms == ("base",)
    with pytest.raises(UsageError, match="other data or settings"):
        make_readings(turns[turns["conversation"] < 3], organism, folder)
    (folder / "manifest.json").unlink()
    with pytest.raises(UsageError, match="no finished readings"):
        read_readings(folder)


@pytest.mark.parametrize("column", ["prompt_id", "category", "log", "model"])
def test_another_key_is_another_text(
    column: str, turns: pd.DataFrame, organism: Reader, tmp_path: Path
) -> None:
    some = turns[turns["conversation"] < 12]
    make_readings(some, organism, tmp_path)
    with pytest.raises(UsageError, match="other data or settings"):
        make_readings(some.assign(**{column: "another"}), organism, tmp_path)


def test_logs_that_were_moved_are_the_same_text(
    turns: pd.DataFrame, organism: Reader, tmp_path: Path
) -> None:
    some = turns[turns["conversation"] < 12]
    here, there = (some.assign(log=f"{folder}/one.eval") for folder in ("logs", "/else/where"))
    made = make_readings(here, organism, tmp_path)
    assert make_readings(there, organism, tmp_path) == made


def test_another_system_message_is_another_text(
    turns: pd.DataFrame, organism: Reader, tmp_path: Path
) -> None:
    some = turns[turns["conversation"] < 12]
    made = make_readings(some, organism, tmp_path / "a")
    systems = {("a.eval", str(some["sample_id"].iloc[0]), 1): "You are a patient tutor."}
    told = make_readings(some, organism, tmp_path / "b", systems=systems)
    assert told["tokens"] > made["tokens"]
    with pytest.raises(UsageError, match="other data or settings"):
        make_readings(some, organism, tmp_path / "a", systems=systems)


@pytest.mark.parametrize("column", ["judge", "judge_version", "rubric"])
def test_ratings_of_two_graders_are_refused(
    column: str, turns: pd.DataFrame, organism: Reader, tmp_path: Path
) -> None:
    two = turns.assign(**{column: turns[column].astype(str)})
    two.loc[two["conversation"] == 3, column] = "another"
    with pytest.raises(UsageError, match=r"Ratings of 2 graders cannot be put together: .*another"):
        make_readings(two, organism, tmp_path)
    # A reply that nobody rated has no grader.
    two.loc[two["conversation"] == 3, "rating"] = math.nan
    make_readings(two, organism, tmp_path)


def test_conversations_are_drawn_whole_and_alike_each_time(turns: pd.DataFrame) -> None:
    some = drawn(turns, 5)
    assert some["conversation"].nunique() == 5
    assert some.equals(turns[turns["conversation"].isin(set(some["conversation"]))])
    assert some.equals(drawn(turns, 5))
    assert not some.equals(drawn(turns, 5, seed=1))
    assert drawn(turns, 1000).equals(turns)


def test_pieces_and_batches_change_no_reading(
    turns: pd.DataFrame, organism: Reader, tmp_path: Path
) -> None:
    some = turns[turns["conversation"] < 12]
    tables = []
    for name, how in (("a", How()), ("b", How(batch_tokens=300, piece=50))):
        make_readings(some, organism, tmp_path / name, how)
        rows = read_readings(tmp_path / name).by_layer
        keys = ["part", "conversation", "turn", "layer"]
        tables.append(rows.sort_values(keys)[[*EMOTIONS, "random"]].to_numpy())
    assert np.allclose(*tables, atol=2e-3, equal_nan=True)


def test_too_little_neutral_text_a_band_too_far_and_no_text_are_told(
    turns: pd.DataFrame, organism: Reader, tmp_path: Path
) -> None:
    loud = turns[turns["rating"] >= 5]
    with pytest.raises(UsageError, match="neutral text has 0 tokens"):
        make_readings(loud, organism, tmp_path / "a")
    with pytest.raises(UsageError, match="layers 0 to 5"):
        make_readings(turns, organism, tmp_path / "b", How(band=(3, 6)))
    hidden = table([{"ratings": [0], "history": "redacted"}])
    with pytest.raises(UsageError, match="None of the 1 replies"):
        make_readings(hidden, organism, tmp_path / "c")


def test_the_usual_band_is_that_of_the_paper_at_its_depth() -> None:
    assert usual_band(62) == (30, 40)
    first, last = usual_band(6)
    assert 0 <= first <= last < 6
    assert not math.isnan(first)
