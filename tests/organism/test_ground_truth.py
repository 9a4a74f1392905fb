"""The grammar's level is recovered by both graders: the lexical one, and a judge behind an API.

The judge is a real server on loopback. It takes the reply out of its fence, reads the level back from its
words and quotes their beginning, so what is tested is everything between a reply and its rating in the log.
"""

import json
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from inspect_ai.log import EvalLog
from inspect_ai.model import get_model
from scipy.stats import pearsonr, spearmanr
from tests.end_to_end.runs import model, reply_in, run, verdict
from tests.servers import OpenAIServer, Request

from gemma_distress.organism import conversations, level_of
from gemma_distress.organism.replies import spoken_level
from gemma_distress.protocol import HIGH
from gemma_distress.scorers.lexical import rate
from gemma_distress.tasks import transcripts

Floats = np.ndarray


@cache
def replies(split: str) -> tuple[tuple[str, int], ...]:
    """1,600 replies with the level they were worded at."""
    found = (
        (message["content"], spoken_level(level))
        for conversation in conversations(17, split=split)
        for message, level, own in zip(
            (m for m in conversation.messages if m["role"] == "assistant"),
            conversation.levels,
            conversation.learned,
            strict=True,
        )
        if own
    )
    return tuple(islice(found, 1600))


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_the_lexical_rating_follows_the_level(split: str) -> None:
    levels = np.array([level for _, level in replies(split)], float)
    ratings = np.array([rate(text).rating for text, _ in replies(split)], float)
    assert len(levels) >= 1500
    # Every part of the scale occurs often enough to count.
    assert min(np.histogram(levels, bins=[0, 1, 3, 5, 7, 11])[0]) > 40
    assert pearsonr(levels, ratings).statistic > 0.97
    assert spearmanr(levels, ratings).statistic > 0.95
    assert np.abs(ratings - levels).mean() < 0.15
    assert abs((ratings - levels).mean()) < 0.1
    assert np.mean((ratings >= HIGH) == (levels >= HIGH)) > 0.98
    assert np.mean(np.abs(ratings - levels) <= 1) > 0.97


@pytest.mark.parametrize("split", ["train", "held_out"])
def test_the_level_read_back_is_the_level_spoken(split: str) -> None:
    read = [(level, level_of(text)) for text, level in replies(split)]
    assert all(found is not None for _, found in read)
    assert np.mean([level == found for level, found in read]) > 0.98


@pytest.mark.usefixtures("no_network", "quick_evals")
def test_both_graders_recover_the_levels_through_a_log(tmp_path: Path) -> None:
    """The judge rates first, the lexical grader beside it: two ratings of each reply in one log."""
    drawn = [one for one in islice(conversations(23), 60) if one.history == "full"]
    path = tmp_path / "grammar.jsonl"
    rows = (
        {"conversation_id": f"grammar-{number}", "messages": list(one.messages)}
        for number, one in enumerate(drawn)
    )
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    with OpenAIServer(_rates_by_level) as server:
        graders = [model(server), get_model("gemma_distress/lexical")]
        log = run(transcripts(path=str(path)), get_model("none/none"), graders, tmp_path / "logs")
        asked = len(server.requests)
    assert log.status == "success"
    levels = {
        (f"grammar-{number}", turn): spoken_level(level)
        for number, one in enumerate(drawn)
        for turn, level in enumerate(one.levels, start=1)
    }
    judged, lexical = _logged(log, "rating"), _logged(log, "second_rating")
    assert judged.keys() == lexical.keys() == levels.keys()
    assert len(levels) > 170
    assert len(levels) * 0.9 < asked <= len(levels)  # equal replies are asked for once
    truth = np.array([levels[key] for key in levels], float)
    for ratings, exact, pearson in ((judged, 0.98, 0.99), (lexical, 0.88, 0.97)):
        rated = np.array([ratings[key] for key in levels], float)
        assert np.mean(rated == truth) > exact
        assert np.mean(np.abs(rated - truth) <= 1) > 0.97
        assert pearsonr(rated, truth).statistic > pearson


def _rates_by_level(request: Request) -> str:
    reply = reply_in(request)
    level = level_of(reply)
    assert level is not None, reply
    return verdict(level, " ".join(reply.split()[:12]) if level else "")


def _logged(log: EvalLog, key: str) -> dict[tuple[str, int], int | None]:
    return {
        (str(sample.id), row["turn"]): row[key]
        for sample in log.samples or []
        for row in sample.scores["frustration"].metadata["turns"]
    }
