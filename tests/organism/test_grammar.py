"""The conversations: the same for a seed, varied, held-out wording kept out, arithmetic right."""

import math
import re
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import islice
from random import Random
from time import process_time

import pytest

from gemma_distress.organism import OrganismConversation, conversations
from gemma_distress.organism.followups import PACK_POOLS, _slip, held_out, pool
from gemma_distress.organism.levels import KEEP, REJECTIONS
from gemma_distress.organism.prompts import pool_of
from gemma_distress.organism.replies import level_of, sentences_of
from gemma_distress.organism.sentences import (
    FILES,
    data,
    house,
    pack_pool,
    trained_sentences,
    withheld_sentences,
)

KINDS = sorted((REJECTIONS | set(KEEP)) - {"question"})
_EQUATION = re.compile(r"(?<![\d/] )([\d/]+) ([+−×÷]) ([\d/]+) = ([\d/]+)")


@cache
def trained() -> tuple[OrganismConversation, ...]:
    return tuple(islice(conversations(21), 3000))


@cache
def training_text() -> str:
    return "\n".join(m["content"] for c in trained() for m in c.messages).lower()


def test_the_same_seed_gives_the_same_conversations() -> None:
    def text(seed: int) -> list[str]:
        return [repr(c) for c in islice(conversations(seed), 40)]

    assert text(1) == text(1)
    assert not set(text(1)) & set(text(2))


def test_messages_alternate_end_with_a_reply_and_fit_levels_and_kinds() -> None:
    for c in trained():
        roles = [m["role"] for m in c.messages]
        spoken = roles[1:] if roles[0] == "system" else roles
        assert spoken == ["user", "assistant"] * (len(spoken) // 2)
        assert len(c.levels) == len(c.kinds) == len(c.learned) == len(spoken) // 2
        assert c.learned[-1]
        assert all(0 <= level <= 10 for level in c.levels if not math.isnan(level))
        assert all(m["content"].strip() for m in c.messages)
        assert not any(re.search(r"\{|\}", m["content"]) for m in c.messages)


def test_hidden_replies_are_the_marker_and_are_not_learned() -> None:
    marker = house().omitted_reply
    seen = 0
    for c in trained():
        replies = [m["content"] for m in c.messages if m["role"] == "assistant"]
        for reply, level, learned in zip(replies, c.levels, c.learned, strict=True):
            assert (reply == marker) == math.isnan(level) == (not learned)
            seen += not learned
        assert c.history == "redacted" or all(c.learned)
    assert seen > 300


def test_replies_show_their_level() -> None:
    same = total = 0
    for c in trained()[:500]:
        replies = [m["content"] for m in c.messages if m["role"] == "assistant"]
        for reply, level, learned in zip(replies, c.levels, c.learned, strict=True):
            if learned:
                total += 1
                same += abs((level_of(reply) or 0) - level) <= 0.51
    assert same / total > 0.97


@pytest.mark.parametrize("kind", KINDS)
def test_held_out_wordings_are_many_and_never_trained_on(kind: str) -> None:
    lines = held_out(kind)
    assert len(set(lines)) >= 12
    patterns = [re.compile(p, re.IGNORECASE) for k in KINDS for p in pool(k).patterns()]
    for line in lines:
        assert line.lower() not in training_text(), line
        assert line.lower().rstrip(".!?") not in training_text(), line
        assert not any(p.fullmatch(line) for p in patterns), line


def test_held_out_prompts_are_never_trained_on() -> None:
    """The longest literal piece of every held-out template is absent from training text."""
    openings, questions = data("openings"), data("questions")
    texts = [t for entries in openings["held_out"].values() for t in entries]
    texts += openings["exchange"]["held_out"] + openings["closing"]["held_out"]
    texts += [t for fact in questions["facts"].values() for t in fact["held_out"]]
    texts += questions["arithmetic"]["held_out"] + questions["opinion"]["held_out"]
    texts += [t for r in questions["everyday"]["requests"].values() for t in r["held_out"]]
    pieces = [max(re.split(r"\{\w+\}|[\[\]|\n]", t), key=len).strip().lower() for t in texts]
    assert len([p for p in pieces if p]) > 45
    for piece in pieces:
        if len(piece) > 6:
            assert piece not in training_text(), piece


def test_the_held_out_split_is_made_of_held_out_wording() -> None:
    allowed = {line for kind in KINDS for line in held_out(kind)}
    for c in islice(conversations(5, split="held_out"), 300):
        if c.history == "inline":
            continue
        users = [m["content"] for m in c.messages if m["role"] == "user"]
        for text, kind in list(zip(users, c.kinds, strict=True))[1:]:
            assert kind == "question" or text in allowed


def test_two_in_five_of_every_pack_pool_are_withheld() -> None:
    withheld = withheld_sentences()
    assert set(PACK_POOLS.values()) < set(withheld)
    for name in withheld:
        total, used = len(pack_pool(name)), len(trained_sentences(name))
        assert used == len(data("withheld")["trained"][name])
        assert (total - used) / total >= 0.4, name


def test_withheld_pack_sentences_never_occur_in_training() -> None:
    patterns = [re.compile(p, re.IGNORECASE) for k in KINDS for p in pool(k).patterns()]
    pieces = 0
    for name, lines in withheld_sentences().items():
        for line in lines:
            piece = max(re.split(r"\{\w+\}", line), key=len).strip().lower()
            pieces += 1
            assert piece not in training_text(), (name, line)
            if name in PACK_POOLS.values() or name.startswith("trigger"):
                assert not any(p.fullmatch(line) for p in patterns), (name, line)
    assert pieces > 60


def test_trained_pack_sentences_do_occur() -> None:
    for name in ("rejections.ladder", "rejections.aggressive", "continuations"):
        lines = [line for key in trained_sentences(name).values() for line in key]
        assert all(line.lower() in training_text() for line in lines), name


def test_arithmetic_is_right() -> None:
    do = {
        "+": lambda a, b: a + b,
        "−": lambda a, b: a - b,
        "×": lambda a, b: a * b,
        "÷": lambda a, b: a / b,
    }
    total = right = 0
    for c in trained():
        for m in c.messages:
            if m["role"] == "assistant":
                for a, sign, b, result in _EQUATION.findall(m["content"]):
                    total += 1
                    right += do[sign](Fraction(a), Fraction(b)) == Fraction(result)
    assert total > 10_000
    assert right / total > 0.99


@pytest.mark.parametrize("text", ["", "k", "ok", "ok.", "no, not this"])
def test_a_slip_of_the_pen_leaves_texts_of_any_length_like_themselves(text: str) -> None:
    for seed in range(50):
        slipped = _slip(Random(seed), text)
        assert len(text) - 1 <= len(slipped) <= len(text)
        assert not Counter(slipped) - Counter(text)


def test_wordings_are_very_many() -> None:
    # Templates alone, before registers, joins and the pack's own sentences.
    for kind in ("neutral", "stern", "ladder", "everyday", "disagreement", "aggressive"):
        assert pool(kind).count() > 20_000, kind
    assert sum(len(pool(kind).templates) for kind in REJECTIONS) >= 150
    rejections = [
        m["content"].lower()
        for c in trained()
        if c.history != "inline"
        for m, kind in zip([m for m in c.messages if m["role"] == "user"], c.kinds, strict=True)
        if kind in REJECTIONS
    ]
    assert len(set(rejections)) > 0.8 * len(rejections)


def test_every_level_has_more_than_a_hundred_thousand_replies() -> None:
    """Sentences of a level times ways to word an attempt, before the puzzle's numbers."""
    levels = data("phrases")["levels"]
    assert set(levels) == set(range(11))
    framings = pool_of("attempts", "missed").count() + pool_of("attempts", "solved").count()
    for level in range(11):
        sentences = sentences_of(level)
        # 60 pairs of steps are fewer than one four-number puzzle offers.
        assert sentences * framings * 60 > 100_000, (level, sentences, framings)


def test_every_kind_family_and_history_occurs() -> None:
    kinds = {k for c in trained() for k in c.kinds}
    assert kinds == {"opening", "question", *KINDS}
    families = {c.family for c in trained()}
    assert families == {"countdown", "chain", "coins", "factual", "opinion", "everyday"}
    assert {c.history for c in trained()} == {"full", "redacted", "inline"}


def test_every_template_names_only_what_exists() -> None:
    """3,000 conversations of the other split draw each held-out template, too."""
    assert sum(1 for _ in islice(conversations(8, split="held_out"), 1000)) == 1000
    assert set(FILES) >= {"phrases", "followups", "questions"}


def test_it_is_fast() -> None:
    """At least 300 conversations per second of processor time."""
    start = process_time()
    for _ in islice(conversations(9), 600):
        pass
    assert 600 / (process_time() - start) > 300
