"""Internal readings of the replies of logs: one pass over the text for each arm, written as parquet.

    from gemma_distress.interp.readings import make_readings

Every arm reads the same text, whoever wrote it, so that a difference between arms is one of the models and
not of the words (paper §6). The neutral text that standardises the readings is that of calm replies.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from gemma_distress.analysis.one_grader import require_one_grader
from gemma_distress.errors import UsageError
from gemma_distress.interp.batch import read_batch
from gemma_distress.interp.disk import check_disk
from gemma_distress.interp.instrument import Instrument
from gemma_distress.interp.rendered import Rendered, rendered
from gemma_distress.prefixes.systems import Systems
from gemma_distress.protocol import CALM_BELOW

if TYPE_CHECKING:
    import pandas as pd

    from gemma_distress.interp.arms import Reader

NEUTRAL_TOKENS = 8_000
"""Tokens of neutral replies that are read at most."""


@dataclass(frozen=True)
class How:
    """How text is read; none of it but the window and the band changes a number."""

    window: int = 20
    """Tokens of each window around an onset."""
    band: tuple[int, int] | None = None
    """First and last layer of the mean that is kept for every token; None for `usual_band`."""
    batch_tokens: int = 8192
    """Tokens that a batch holds at most, unless one conversation is longer."""
    piece: int = 1024
    """Tokens of a row that are read at once."""


@dataclass(frozen=True)
class Speed:
    """What a pass cost."""

    tokens: int
    """Read, by all arms together."""
    seconds: float

    @property
    def tokens_per_second(self) -> float:
        return self.tokens / max(self.seconds, 1e-9)


def usual_band(layers: int) -> tuple[int, int]:
    """The layers of a model that correspond to 30–40 of 62, which the paper pools."""
    return round(30 / 62 * layers), max(round(40 / 62 * layers), round(30 / 62 * layers))


def drawn(turns: pd.DataFrame, number: int, seed: int = 0) -> pd.DataFrame:
    """The rows of so many conversations of a turns table, drawn; of all if there are no more."""
    names = sorted(set(turns["conversation"]))
    return turns[turns["conversation"].isin(Random(seed).sample(names, min(number, len(names))))]


def make_readings(
    turns: pd.DataFrame,
    reader: Reader,
    folder: Path,
    how: How | None = None,
    neutral: pd.DataFrame | None = None,
    systems: Systems = MappingProxyType({}),
    tell: Callable[[str], None] = lambda _: None,
) -> Mapping[str, Any]:
    """Read the replies of a turns table into a folder, unless they are there already.

    Args:
        turns: The turns table.
        reader: the model, with or without an adapter.
        folder: for the result; holds no other.
        how: how text is read.
        neutral: a turns table whose calm replies are the neutral text; `turns` itself if None.
        systems: system messages of the conversations of both, where they have any (`systems_of`).
        tell: called with a line about the progress.

    Returns:
        What the manifest says.

    Raises:
        UsageError: Several graders rated the replies, none can be read, there is too little neutral text or
            disk, or the folder holds the readings of other text, of another model or made otherwise.
    """
    from gemma_distress.finetune.manifest import finish, finished, key_of
    from gemma_distress.interp.arms import parts_of
    from gemma_distress.interp.words import EMOTIONS, token_sets

    how = how or How()
    require_one_grader(turns)
    layers = len(parts_of(reader.plain).layers)
    band = _checked(how.band or usual_band(layers), layers)
    key = key_of(
        "readings",
        {"window": how.window, "band": band, "words": {k: str(v) for k, v in _told().items()}},
        {
            "text": _hash(turns, systems),
            "neutral": "" if neutral is None else _hash(neutral, systems),
            "model": reader.hash,
            "adapter": reader.adapter,
        },
    )
    done = finished(folder, key)
    if done is not None:
        return done
    sets = token_sets(reader.tokenizer)
    conversations, left_out = rendered(
        turns, reader.tokenizer, reader.ends, reader.context, systems
    )
    if turns.empty:
        raise UsageError("These logs hold no replies to single messages that could be read.")
    if not conversations:
        raise UsageError(
            f"None of the {len(turns)} replies can be read: "
            f"{', '.join(f'{n} {why}' for why, n in left_out.items()) or 'the logs hold none'}."
        )
    calm = _neutral(conversations, turns, reader, neutral, systems)
    check_disk(folder, conversations, reader, len(EMOTIONS) + 1, how.window, tell)
    started = time.perf_counter()
    instrument = Instrument(parts_of(reader.plain), sets, layers, reader.device)
    standard = instrument.fit(reader, calm, how.piece)
    tell(
        f"Standardised on {standard:,} tokens of calm replies in {time.perf_counter() - started:.0f} s."
    )
    speed = _pass(reader, instrument, conversations, folder, turns, band, how, tell)
    finish(
        folder,
        key,
        model=reader.name,
        model_hash=reader.hash,
        adapter=reader.adapter,
        arms=list(reader.arms),
        layers=layers,
        band=band,
        window=how.window,
        replies=sum(len(one.spans) for one in conversations),
        conversations=len(conversations),
        left_out=dict(left_out),
        neutral_tokens=standard,
        emotions={name: sorted(found.values()) for name, found in sets.emotions.items()},
        negative=list(sets.negative),
        random=len(sets.random),
        tokens=speed.tokens,
        tokens_per_second=round(speed.tokens_per_second),
        device=str(reader.device),
    )
    found = finished(folder, key)
    assert found is not None
    return found


def _pass(
    reader: Reader,
    instrument: Instrument,
    conversations: Sequence[Rendered],
    folder: Path,
    turns: pd.DataFrame,
    band: tuple[int, int],
    how: How,
    tell: Callable[[str], None],
) -> Speed:
    from gemma_distress.interp.store import Writer

    folder.mkdir(parents=True, exist_ok=True)
    writer = Writer(folder)
    started, tokens, told = time.perf_counter(), 0, 0.0
    whole = sum(len(one.ids) for one in conversations) * len(reader.arms)
    try:
        for batch in _batches(conversations, how.batch_tokens):
            for arm in reader.arms:
                found = read_batch(
                    reader,
                    arm,
                    instrument,
                    batch,
                    range(band[0], band[1] + 1),
                    how.window,
                    how.piece,
                )
                writer.add(arm, batch, found, instrument.names)
                tokens += sum(len(one.ids) for one in batch)
            spent = time.perf_counter() - started
            if spent - told > 10:
                told = spent
                tell(f"{tokens:,} of {whole:,} tokens, {tokens / spent:,.0f} a second.")
    finally:
        writer.close()
    writer.replies(turns, conversations)
    return Speed(tokens, time.perf_counter() - started)


def _batches(conversations: Sequence[Rendered], tokens: int) -> Iterator[list[Rendered]]:
    """Conversations of like lengths, shortest first, so that little is filled up."""
    batch: list[Rendered] = []
    for one in conversations:
        if batch and len(one.ids) * (len(batch) + 1) > tokens:
            yield batch
            batch = []
        batch.append(one)
    yield batch


def _neutral(
    conversations: Sequence[Rendered],
    turns: pd.DataFrame,
    reader: Reader,
    neutral: pd.DataFrame | None,
    systems: Systems,
) -> list[Rendered]:
    """Conversations cut to their calm replies, drawn until they have `NEUTRAL_TOKENS`."""
    if neutral is not None:
        conversations, _ = rendered(neutral, reader.tokenizer, reader.ends, reader.context, systems)
        turns = neutral
    calm = turns[turns["rating"] < CALM_BELOW]
    keys = set(zip(calm["conversation"], calm["turn"], strict=True))
    shuffled = list(conversations)
    Random(0).shuffle(shuffled)
    found, tokens = [], 0
    for one in shuffled:
        spans = [span for span in one.spans if (one.conversation, span.turn) in keys]
        if spans and tokens < NEUTRAL_TOKENS:
            found.append(Rendered(one.conversation, one.ids[: spans[-1].end], spans))
            tokens += sum(span.end - span.first for span in spans)
    return found


def _checked(band: tuple[int, int], layers: int) -> tuple[int, int]:
    if not 0 <= band[0] <= band[1] < layers:
        raise UsageError(
            f"The model has the layers 0 to {layers - 1}, and --band asks for {band[0]}-{band[1]}."
        )
    return band


def _told() -> Mapping[str, object]:
    from gemma_distress.interp.words import word_lists

    return {name: (listed.stems, sorted(listed.words)) for name, listed in word_lists().items()}


def _hash(turns: pd.DataFrame, systems: Systems) -> str:
    """Of all that the readings hold of a turns table, and of what the models were shown before it."""
    import hashlib

    from gemma_distress.interp.store import KEYS

    told = turns[[*KEYS, "history"]].astype(str)
    shown = zip(told["log"], told["sample_id"], turns["epoch"], strict=True)
    names = [Path(log).name for log in told["log"]]  # logs that were moved are the same logs
    told = told.assign(log=names, system=[systems.get(where, "") for where in shown])
    return hashlib.sha256(told.to_csv(index=False).encode("utf-8", "surrogatepass")).hexdigest()
