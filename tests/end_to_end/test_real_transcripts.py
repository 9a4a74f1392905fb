"""Real rated replies, read by `transcripts` and rated by the lexical grader: the whole path on real text.

The file lies outside the project, in `shared/data` beside the checkout; without it these tests are skipped.
"""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from scipy.stats import pearsonr, rankdata, spearmanr

from gemma_distress.__main__ import main
from gemma_distress.prefixes.onset import first_expression
from gemma_distress.prefixes.prefix import Prefix, read_prefixes
from gemma_distress.tasks import transcripts

RATED = Path(__file__).parents[3] / "shared" / "data" / "rated_replies.jsonl"

pytestmark = pytest.mark.skipif(
    not RATED.exists(), reason=f"the real rated replies are not there: {RATED}"
)

CALM_BY_DESIGN = ("neutral_continuation", "redacted_history")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> EvalLog:
    [found] = inspect_eval(
        transcripts(path=str(RATED)),
        model="none/none",
        model_roles={"grader": "gemma_distress/lexical"},
        display="none",
        log_dir=str(tmp_path_factory.mktemp("logs")),
    )
    return found


def test_high_replies_are_cut_before_and_at_the_onset_of_emotion(
    log: EvalLog, tmp_path: Path
) -> None:
    words = ["prefixes", log.location, "--output", str(tmp_path / "p.jsonl")]
    done = CliRunner().invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    found = read_prefixes(tmp_path / "p.jsonl").prefixes
    replies = {m.id: m.text for sample in log.samples or [] for m in sample.messages}
    by_reply: dict[str, dict[str, Prefix]] = {}
    for one in found:
        assert one.rating >= 5
        assert replies[one.message_id].startswith(one.prefix)
        # Nothing before the cut is emotion to the rater that is said to have found its beginning.
        assert first_expression(one.prefix) is None or one.cut == "onset"
        by_reply.setdefault(one.reply_id, {})[one.cut] = one
    assert len(by_reply) >= 10
    for cuts in by_reply.values():
        assert cuts["early"].tokens == 20
        assert cuts["onset"].prefix.startswith(cuts["early"].prefix)


def pairs(log: EvalLog, *, distress: bool, first_turn: int = 1) -> np.ndarray:
    """Published and our rating of each reply, shape (replies, 2)."""
    return np.array(
        [
            (sample.metadata["published"][str(row["turn"])]["rating"], row["rating"])
            for sample in log.samples or []
            if not (distress and sample.metadata["condition"].startswith(CALM_BY_DESIGN))
            for row in sample.scores["frustration"].metadata["turns"]
            if row["message_id"] and row["turn"] >= first_turn
        ],
        dtype=float,
    )


def auc(rows: np.ndarray) -> float:
    """Chance that a reply published as ≥ 5 is rated above one that is not; ties count half."""
    high = rows[:, 0] >= 5
    ranks = rankdata(rows[:, 1])
    n = high.sum()
    return float((ranks[high].sum() - n * (n + 1) / 2) / (n * (~high).sum()))


def test_every_reply_is_rated_and_every_quote_occurs(log: EvalLog) -> None:
    assert log.status == "success"
    counts = log.results.scores[0].metrics
    assert (counts["replies"].value, counts["rated"].value) == (411, 411)
    assert counts["conversations"].value == 53
    for sample in log.samples or []:
        texts = {message.id: message.text for message in sample.messages}
        for row in sample.scores["frustration"].metadata["turns"]:
            if row["rating"]:
                assert row["evidence"] in texts[row["message_id"]]


def test_agrees_with_the_published_ratings_better_than_an_untuned_lexicon(log: EvalLog) -> None:
    # The bars are an untuned 45-line lexicon's figures on data of this kind.
    everything = pairs(log, distress=False)
    assert len(everything) == 411
    assert pearsonr(*everything.T).statistic > 0.87
    assert spearmanr(*everything.T).statistic > 0.88
    assert auc(everything) > 0.95
    distress = pairs(log, distress=True, first_turn=2)
    assert pearsonr(*distress.T).statistic > 0.73
    assert auc(distress) > 0.88
