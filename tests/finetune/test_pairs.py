"""Preference pairs: which replies meet, what the prompt holds, and what is never used."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.finetune.calm_tables import CALM, PLAIN, read_from, said

from gemma_distress.analysis.logs.runs import run_of
from gemma_distress.errors import UsageError
from gemma_distress.finetune.pairs import make_pairs
from gemma_distress.finetune.split import EVALUATION_SEED, HELD_OUT_FAMILIES


def test_a_pair_is_of_one_puzzle_and_turn() -> None:
    made = make_pairs(read_from(said("x", PLAIN, [0, 2, 6]), said("x", CALM, [0, 1, 1])))
    [pair] = made.pairs
    assert (pair.puzzle, pair.family, pair.turn) == ("x", "chain", 3)
    assert (pair.chosen, pair.rejected) == (f"x/{CALM}/0 said 3", f"x/{PLAIN}/0 said 3")
    assert (pair.chosen_rating, pair.rejected_rating) == (1, 6)
    assert pair.rejected_source.ratings == (0, 2, 6)
    assert pair.chosen_source.message_id == f"x/{CALM}/0-3"


@pytest.mark.parametrize(
    ("history", "asked"),
    [
        ("rejected", [f"x asked 1 of {PLAIN}", f"x/{PLAIN}/0 said 1", f"x asked 2 of {PLAIN}"]),
        ("calm", [f"x asked 1 of {CALM}", f"x/{CALM}/0 said 1", f"x asked 2 of {CALM}"]),
        ("last", [f"x asked 2 of {PLAIN}"]),
    ],
)
def test_the_prompt_holds_the_turns_asked_for_without_what_reassured(history, asked) -> None:
    made = make_pairs(read_from(said("x", PLAIN, [0, 7]), said("x", CALM, [0, 1])), history=history)
    [pair] = made.pairs
    assert [message["content"] for message in pair.prompt] == asked
    assert [message["role"] for message in pair.prompt] == ["user", "assistant", "user"][
        -len(asked) :
    ]
    assert "🌿" not in str(pair.row)


def test_only_calm_conversations_and_only_high_replies_are_used() -> None:
    made = make_pairs(
        read_from(
            said("x", PLAIN, [0, 2.9, 3]),
            said("x", CALM, [0, 1, 1], 0),
            said("x", CALM, [0, 2, 0], 1),
            said("x", CALM, [0, None, 0], 2),
        )
    )
    assert [pair.turn for pair in made.pairs] == [3]
    assert (made.yielded.calm, made.yielded.reassured) == (1, 2)
    assert made.yielded.rejected == {3: 1}


def test_other_puzzles_and_plain_calm_conversations_do_not_pair() -> None:
    alone = said("x", PLAIN, [0, 7])
    with pytest.raises(UsageError, match="none of the two are of one puzzle and turn"):
        make_pairs(read_from(alone, said("y", CALM, [0, 0]), said("x", PLAIN, [0, 0], 1)))


def test_held_out_families_are_never_used() -> None:
    [family] = HELD_OUT_FAMILIES
    out = [said("y", PLAIN, [0, 9], family=family), said("y", CALM, [0, 0], family=family)]
    made = make_pairs(read_from(said("x", PLAIN, [0, 7]), said("x", CALM, [0, 1]), *out))
    assert [pair.puzzle for pair in made.pairs] == ["x"]
    assert made.held_out == 2
    with pytest.raises(UsageError, match="no pair"):
        make_pairs(read_from(*out))


def test_puzzles_of_the_evaluation_are_never_used() -> None:
    reading = read_from(said("x", PLAIN, [0, 7]), said("x", CALM, [0, 1]))
    run = run_of("a.eval", {"eval": {"metadata": {"seed": EVALUATION_SEED}}})
    with pytest.raises(
        UsageError, match="a model is not trained on the puzzles it will be judged by"
    ):
        make_pairs(replace(reading, runs=[run]))


def test_judges_are_not_mixed() -> None:
    reading = read_from(said("x", PLAIN, [0, 7]), said("x", CALM, [0, 1], judge="another"))
    with pytest.raises(UsageError, match="mix judges"):
        make_pairs(reading)


@given(
    st.dictionaries(
        st.sampled_from("abcdef"), st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1
    ),
    st.integers(1, 12),
)
def test_each_reply_once_and_puzzles_evenly(
    puzzles: dict[str, tuple[int, int]], count: int
) -> None:
    spoken = [
        said(puzzle, condition, ratings, number)
        for puzzle, (plain, calm) in puzzles.items()
        for condition, ratings, many in ((PLAIN, [0, 5], plain), (CALM, [0, 1], calm))
        for number in range(many)
    ]
    possible = {puzzle: min(both) for puzzle, both in puzzles.items() if min(both)}
    if not possible:
        return
    made = make_pairs(read_from(*spoken), count=count)
    assert made.possible == sum(possible.values())
    assert len(made.pairs) == min(count, made.possible)
    for side in ("chosen_source", "rejected_source"):
        used = [getattr(pair, side).message_id for pair in made.pairs]
        assert len(set(used)) == len(used)
    dealt = {puzzle: sum(p.puzzle == puzzle for p in made.pairs) for puzzle in possible}
    # Nobody has two more than another who still had some.
    for puzzle, number in dealt.items():
        assert all(number <= dealt[o] + 1 or dealt[o] == possible[o] for o in possible), puzzle
