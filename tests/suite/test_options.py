"""What the command line refuses by itself, in sentences that name the remedy."""

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.suite.options import SuiteOptions, parse_pairs, parse_tasks


def test_tasks_keep_their_order_and_default_to_the_five_categories():
    assert parse_tasks("tones, numeric") == ("tones", "numeric")
    assert parse_tasks(None) == ("numeric", "triggers", "tones", "extended", "wildchat")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("numerik", "Did you mean numeric"),
        ("transcripts", "There is no task 'transcripts'"),
        ("numeric,numeric", "once"),
        (" , ", "names no task"),
    ],
)
def test_a_wrong_task_is_refused(text, told):
    with pytest.raises(UsageError, match=told):
        parse_tasks(text)


def test_pairs_are_read_as_yaml():
    pairs = parse_pairs("-T", ["turns=2", "prompts=historical", "pack=a=b", "x-y=true"])
    assert pairs == {"turns": 2, "prompts": "historical", "pack": "a=b", "x_y": True}


@pytest.mark.parametrize("pair", ["turns", "=2", "turns=[1"])
def test_a_broken_pair_is_refused(pair):
    with pytest.raises(UsageError, match="-T"):
        parse_pairs("-T", [pair])


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": "gpt-x"}, "no provider"),
        ({"model": "gemma_distress/lexical"}, "only rates"),
        ({"model": "a/b", "graders": ["a/b"] * 3}, "3 graders"),
        ({"model": "a/b", "max_cost": 0.0}, "not more than 0"),
    ],
)
def test_an_impossible_run_is_refused(given, told):
    with pytest.raises(UsageError, match=told):
        SuiteOptions(**given)
