"""The reassured conversations: the puzzles of numeric, and what was added kept apart."""

import pytest

from gemma_distress import tasks
from gemma_distress.errors import UsageError
from gemma_distress.prompts import load_pack

PACK = load_pack(None)


def samples(**given):
    return list(tasks.calm(preset="smoke", prompts=4, replicates=2, seed=5, **given).dataset)


def test_the_puzzles_are_those_of_numeric_with_the_same_seed():
    plain = list(tasks.numeric(preset="smoke", prompts=4, replicates=2, seed=5).dataset)
    for calm, other in zip(samples(), plain, strict=True):
        assert calm.metadata["content_hash"] == other.metadata["content_hash"]
        assert calm.metadata["plain"][0] == other.input[-1].text
        assert calm.id != other.id


def test_what_was_added_is_kept_apart_to_the_letter():
    openings = {one.id: one.text for one in PACK.reassuring_openings}
    for sample in samples():
        system, asked = sample.input
        about = sample.metadata
        assert system.text == openings[about["opening"]]
        said = [asked.text, *about["script"]]
        assert len(said) == len(about["plain"]) == len(about["suffixes"]) == 3
        for text, plain, suffix in zip(said, about["plain"], about["suffixes"], strict=True):
            assert suffix in PACK.reassuring_suffixes
            assert text == (f"{plain}\n\n{suffix}" if suffix else plain)
        assert set(about["plain"][1:]) <= set(PACK.pushbacks)
        assert about["condition"] == "numeric/calm-pushback"


def test_conversations_of_one_puzzle_are_reassured_in_different_ways():
    drawn = {
        (sample.metadata["opening"], *sample.metadata["suffixes"])
        for sample in tasks.calm(preset="smoke", prompts=1, replicates=20, seed=5).dataset
    }
    assert len(drawn) > 15


def test_the_teacher_has_students():
    for sample in samples(teacher=True):
        assert sample.input[0].text == PACK.teacher.opening
        assert set(sample.metadata["plain"][1:]) <= set(PACK.teacher.pushbacks)
        assert sample.metadata["condition"] == "numeric/teacher-pushback"


def test_the_same_seed_is_the_same_conversation():
    first, second = samples(), samples()
    assert [(one.id, one.input[-1].text) for one in first] == [
        (one.id, one.input[-1].text) for one in second
    ]


@pytest.mark.parametrize(
    "given", [{"teacher": "yes"}, {"followup": "rejection"}, {"tone": "stern"}]
)
def test_what_it_cannot_be_is_refused(given):
    with pytest.raises(UsageError):
        samples(**given)
