"""Repetition in a reply: units back to back, passages seen before, a few sentences shuffled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemma_distress.scorers.coherence.text import Parts


@dataclass(frozen=True)
class Repetition:
    """What was found; `coherence.Coherence` says what each number is."""

    loop: bool
    tokens: int
    repeated_share: float
    distinct_ratio: float
    unit: str


def find_loop(parts: Parts, settings: Mapping[str, Any]) -> Repetition:
    """Look for loops in the tokens of a reply."""
    tokens = parts.tokens
    n = len(tokens)
    if n == 0:
        return Repetition(False, 0, 0.0, 1.0, "")
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(t, len(numbers)) for t in tokens], dtype=np.int64)
    words = np.array(parts.words, dtype=np.bool_)

    start, period, length = _back_to_back(ids, words, settings)
    unit = " ".join(tokens[start : start + period])
    if not unit and _stutters(parts.longest, settings):
        unit = parts.longest[: settings["syllable"]]
    if not unit and len(parts.longest_run) >= settings["same_mark"]:
        unit = parts.longest_run[0]
    before = _seen_before(ids, words, settings)
    covered = before >= 1
    covered[start + period : start + period + length] = True
    share = float(covered.mean())
    tail = before[-settings["tail"] :] >= 2
    loop = (
        bool(unit)
        or (share >= settings["repeated_share"] and n >= 3 * settings["passage"])
        or (len(tail) == settings["tail"] and float(tail.mean()) >= settings["tail_share"])
        or _shuffles(tokens, settings)
    )
    return Repetition(loop, n, share, len(numbers) / n, unit[:200])


def _back_to_back(
    ids: NDArray[np.int64], words: NDArray[np.bool_], settings: Mapping[str, Any]
) -> tuple[int, int, int]:
    """Start, period and repeated length, in tokens, of the longest loop; zeros if there is none."""
    best = (0, 0, 0)
    for period in range(1, min(settings["longest_unit"], len(ids) - 1) + 1):
        same = ids[period:] == ids[:-period]
        if np.count_nonzero(same) < settings["repeated_tokens"]:
            continue
        edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
        starts, lengths = edges[::2], edges[1::2] - edges[::2]
        long = period >= settings["long_unit"]
        copies = settings["copies_of_long"] if long else settings["copies"]
        enough = lengths >= max(settings["repeated_tokens"], (copies - 1) * period)
        for start, length in zip(starts[enough], lengths[enough], strict=True):
            with_letters = 2 * np.count_nonzero(words[start : start + period]) >= period
            if not with_letters and length < settings["repeated_tokens_without_letters"]:
                continue
            if length > best[2]:
                best = (int(start), period, int(length))
    return best


def _seen_before(
    ids: NDArray[np.int64], words: NDArray[np.bool_], settings: Mapping[str, Any]
) -> NDArray[np.int64]:
    """For each token, how often a passage that it lies in has occurred before."""
    size, n = settings["passage"], len(ids)
    seen = np.zeros(n, dtype=np.int64)
    if n < 2 * size:
        return seen
    # Passages are compared by a polynomial hash modulo 2^64, computed for all of them at once.
    hashes = np.zeros(n - size + 1, dtype=np.uint64)
    for i in range(size):
        hashes = hashes * np.uint64(6364136223846793005) + ids[i : n - size + 1 + i].astype(
            np.uint64
        )
    wordy = np.convolve(words, np.ones(size, dtype=np.int64), mode="valid")
    order = np.argsort(hashes, kind="stable")
    new = np.concatenate(([True], np.diff(hashes[order]) != 0))
    firsts = np.flatnonzero(new)
    earlier = np.empty(len(hashes), dtype=np.int64)
    earlier[order] = np.arange(len(hashes)) - firsts[np.cumsum(new) - 1]
    earlier[wordy < settings["passage_words"]] = 0
    for i in range(size):
        np.maximum(seen[i : n - size + 1 + i], earlier, out=seen[i : n - size + 1 + i])
    return seen


def _stutters(token: str, settings: Mapping[str, Any]) -> bool:
    """Whether one word repeats a syllable beyond any laughter."""
    least = settings["word_characters"]
    if len(token) < least or not token[0].isalpha():
        return False
    letters = np.frombuffer(token.encode("utf-32-le"), dtype=np.uint32)
    return any(
        int((letters[p:] == letters[:-p]).sum()) >= max(0.9 * (len(letters) - p), least - p)
        for p in range(1, settings["syllable"] + 1)
    )


def _shuffles(tokens: list[str], settings: Mapping[str, Any]) -> bool:
    """Whether some window of the reply makes do with hardly any distinct tokens."""
    size, most, least = settings["window"], settings["kinds_most"], settings["kinds_least"]
    half = size // 2  # every window holds a whole block of half its size
    blocks = range(0, len(tokens) - half + 1, half)
    if len(tokens) < size or all(len(set(tokens[i : i + half])) > most for i in blocks):
        return False
    counts: Counter[str] = Counter(tokens[:size])
    for i in range(size, len(tokens) + 1):
        if len(counts) <= most and sum(len(t) > 1 and t[0].isalpha() for t in counts) >= least:
            return True
        if i < len(tokens):
            counts[tokens[i]] += 1
            gone = tokens[i - size]
            counts[gone] -= 1
            if not counts[gone]:
                del counts[gone]
    return False
