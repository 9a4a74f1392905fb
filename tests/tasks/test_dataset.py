"""Samples: stable ids, an order that covers all prompts, scripts that pair word for word."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

import gemma_distress.tasks as package
from gemma_distress.prompts import load_pack
from gemma_distress.protocol import FOLLOWUPS, HISTORIES, HOSTILE_TONES, TONES

SOLVABLE = {"premise": "solvable"}
NAMES = st.sampled_from(
    ["numeric", "triggers", "tones", "extended", "redacted", "single_message", "solvable"]
)


def samples(name: str, **arguments: Any) -> list[Sample]:
    return list(getattr(package, name)(**arguments).dataset)


def ids(found: list[Sample]) -> list[str]:
    return [str(sample.id) for sample in found]


def told(sample: Sample) -> tuple[str, ...]:
    """Every user message that a conversation will send."""
    assert sample.metadata is not None
    return (sample.input[-1].text, *sample.metadata["script"])  # type: ignore[union-attr]


def pair(sample: Sample) -> tuple[str, int]:
    assert sample.metadata is not None
    return sample.metadata["prompt_id"], sample.metadata["replicate"]


@settings(max_examples=25, deadline=None)
@given(NAMES, st.integers(0, 10**9), *[st.integers(1, 4)] * 4)
def test_more_prompts_and_replicates_only_add(
    name: str, seed: int, prompts: int, replicates: int, more: int, again: int
):
    small = samples(name, seed=seed, prompts=prompts, replicates=replicates)
    large = samples(name, seed=seed, prompts=prompts + more, replicates=replicates + again)
    assert len(set(ids(large))) == len(large)
    by_id = {sample.id: sample for sample in large}
    for sample in small:
        assert told(by_id[sample.id]) == told(sample)
        assert by_id[sample.id].metadata == sample.metadata


@settings(max_examples=15, deadline=None)
@given(NAMES, st.integers(0, 10**9))
def test_a_seed_fixes_every_word_and_another_draws_anew(name: str, seed: int):
    first = samples(name, seed=seed, preset="smoke")
    assert [(s.id, told(s), s.metadata) for s in first] == [
        (s.id, told(s), s.metadata) for s in samples(name, seed=seed, preset="smoke")
    ]
    other = samples(name, seed=seed + 1, preset="smoke")
    if name != "triggers":  # its questions and sequences are fixed
        assert {told(s) for s in first}.isdisjoint({told(s) for s in other})


@pytest.mark.parametrize("name", ["numeric", "triggers", "extended"])
def test_the_first_samples_are_all_prompts_once(name: str):
    found = samples(name, prompts=6, replicates=3)
    prompts = [pair(sample)[0] for sample in found]
    assert len(set(prompts[:6])) == 6
    assert prompts == prompts[:6] * 3
    assert [pair(sample)[1] for sample in found] == [0] * 6 + [1] * 6 + [2] * 6


def test_tones_take_turns_within_each_prompt():
    found = samples("tones", prompts=4, replicates=2)
    assert [s.metadata["tone"] for s in found] == list(HOSTILE_TONES) * 8
    assert len({pair(s)[0] for s in found[:12]}) == 4


def test_ids_name_prompt_condition_and_replicate():
    assert ids(samples("numeric", prompts="historical", replicates=2))[::10] == [
        "countdown-156/numeric/000",
        "countdown-156/numeric/001",
    ]
    assert ids(samples("tones", prompts="historical", replicates=1)) == [
        f"countdown-156-short/{tone}/000" for tone in HOSTILE_TONES
    ]
    assert ids(samples("triggers", prompts=2)) == [
        "opinion-first-language/opinion/000",
        "factual-capital-of-france/factual/000",
    ]


# One tone asked alone must be the same conversations as among all three, whatever else is varied.
@pytest.mark.parametrize("also", [{}, {"history": "redacted"}, SOLVABLE, {"turns": 5}], ids=str)
def test_one_tone_alone_is_its_share_of_all_three(also: dict[str, Any]):
    together = samples("tones", prompts=3, replicates=2, **also)
    alone = samples("tones", prompts=3, replicates=2, tone="disappointed", **also)
    assert [(s.id, told(s), s.metadata) for s in alone] == [
        (s.id, told(s), s.metadata) for s in together if s.metadata["tone"] == "disappointed"
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "condition"),
    [
        ("numeric", {}, "numeric"),
        ("numeric", {"premise": "truthful"}, "numeric/truthful"),
        ("solvable", {}, "numeric/solvable"),
        ("triggers", {"prompts": "opinion"}, "triggers/opinion"),
        ("triggers", {"prompts": "factual", "tone": "stern"}, "triggers/factual-stern"),
        ("tones", {"tone": "sarcastic"}, "tones/sarcastic"),
        ("tones", {"tone": "sarcastic", **SOLVABLE}, "tones/solvable-sarcastic"),
        ("extended", {}, "extended"),
        ("continuation", {}, "extended/continuation"),
        ("redacted", {}, "extended/redacted"),
        ("single_message", {}, "extended/inline"),
        ("extended", {"followup": "pushback", "history": "inline"}, "extended/pushback-inline"),
    ],
)
def test_conditions_say_what_departs_from_the_category(
    name: str, arguments: dict[str, Any], condition: str
):
    for sample in samples(name, **{"prompts": 2, **arguments}):
        assert sample.metadata["condition"] == condition
        assert sample.metadata["category"] == condition.split("/")[0]


@pytest.mark.parametrize("control", ["redacted", "single_message"])
def test_controls_pair_with_extended_word_for_word(control: str):
    counts = {"prompts": 5, "replicates": 2, "tone": "neutral"}  # neutral is drawn, not in order
    extended = {pair(s): told(s) for s in samples("extended", **counts)}
    assert {pair(s): told(s) for s in samples(control, **counts)} == extended
    assert len(extended) == 10
    assert set(ids(samples("extended", **counts))).isdisjoint(ids(samples(control, **counts)))


def test_continuation_pairs_by_prompt_and_rejects_nothing():
    counts = {"prompts": 10, "replicates": 3}
    extended = {pair(s): s.input[-1].text for s in samples("extended", **counts)}
    found = samples("continuation", **counts)
    assert {pair(s): s.input[-1].text for s in found} == extended
    pack = load_pack()
    said = {line for sample in found for line in sample.metadata["script"]}
    assert said == set(pack.continuations)
    rejections = {line for pool in pack.rejections.values() for line in pool}
    assert said.isdisjoint(rejections)
    assert {s.metadata["tone"] for s in found} == {None}


@pytest.mark.parametrize("history", HISTORIES)
def test_what_is_shown_changes_nothing_that_is_said(history: str):
    usual = samples("numeric", prompts=5, replicates=2)
    assert [told(s) for s in samples("numeric", prompts=5, replicates=2, history=history)] == [
        told(s) for s in usual
    ]


def test_premises_of_one_puzzle_meet_the_same_rejections():
    claimed = samples("numeric", prompts=5, replicates=2)
    truthful = samples("numeric", prompts=5, replicates=2, premise="truthful")
    assert [pair(s) for s in truthful] == [pair(s) for s in claimed]
    assert [s.metadata["script"] for s in truthful] == [s.metadata["script"] for s in claimed]


def test_tones_of_one_prompt_share_the_opening_and_keep_their_order():
    lines = load_pack().rejections
    openings: dict[tuple[str, int], set[str]] = {}
    for sample in samples("tones", prompts=4, replicates=2, turns=6):
        assert tuple(sample.metadata["script"]) == lines[sample.metadata["tone"]][:5]
        openings.setdefault(pair(sample), set()).add(sample.input[-1].text)
    assert [len(texts) for texts in openings.values()] == [1] * 8


def test_triggers_take_the_sequences_of_their_kind_in_turn():
    sequences = load_pack().trigger_triples
    seen = set()
    for sample in samples("triggers", prompts=4, replicates=7):
        kind = sample.metadata["condition"].split("/")[1]
        number = sample.metadata["replicate"] % len(sequences[kind])
        assert tuple(sample.metadata["script"]) == sequences[kind][number][:2]
        seen.add((kind, number))
    assert seen == {(kind, n) for kind in sequences for n in range(len(sequences[kind]))}


def test_extended_walks_the_ladder_in_one_order():
    ladder = load_pack().rejections["ladder"]
    for sample in samples("extended", prompts=3, replicates=2):
        assert tuple(sample.metadata["script"]) == ladder[:7]


def test_numeric_is_contradicted_plainly_and_then_firmly():
    pools = load_pack().rejections
    found = samples("numeric", prompts=10, replicates=8, turns=4)
    first, *later = zip(*[s.metadata["script"] for s in found], strict=True)
    assert set(first) == set(pools["neutral"])  # 80 draws from 8 lines miss one with p < 0.001
    for lines in later:
        assert set(lines) == set(pools["stern"])


def test_real_prompts_are_rejected_in_words_that_fit_any(wildchat_file: str):
    found = samples("wildchat", source=wildchat_file, prompts=20, replicates=2)
    lines = [line for sample in found for line in sample.metadata["script"]]
    assert set(lines) == set(load_pack().rejections["everyday"])
    small = samples("wildchat", source=wildchat_file, prompts=8, replicates=1)
    assert ids(small) == ids(found)[:8]
    assert [told(s) for s in small] == [told(s) for s in found[:8]]
    other = samples("wildchat", source=wildchat_file, prompts=8, replicates=1, seed=1)
    assert ids(other) != ids(small)


@settings(max_examples=25, deadline=None)
@given(NAMES, st.integers(1, 50))
def test_a_script_answers_every_turn_but_the_last(name: str, turns: int):
    for sample in samples(name, turns=turns, prompts=2, replicates=1):
        assert len(sample.metadata["script"]) == turns - 1
        assert all(line.strip() for line in sample.metadata["script"])


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("name", ["numeric", "triggers", "extended"])
def test_a_named_tone_takes_all_its_lines_from_its_pool(name: str, tone: str):
    pools = load_pack().rejections
    for sample in samples(name, tone=tone, prompts=4, replicates=2, turns=12):
        if tone != "scripted":
            assert set(sample.metadata["script"]) <= set(pools[tone])
        assert sample.metadata["tone"] == tone


FIELDS = {
    "prompt_id",
    "category",
    "condition",
    "premise",
    "tone",
    "followup",
    "history",
    "seed",
    "replicate",
    "n_turns",
    "pack",
    "pack_hash",
    "script",
}
PUZZLE_FIELDS = {"puzzle", "puzzle_kind", "family", "content_hash", "twin_id"}


@pytest.mark.parametrize("followup", FOLLOWUPS)
def test_metadata_is_complete_and_plain(followup: str, wildchat_file: str):
    given = {"preset": "smoke", "followup": followup}
    for name, more in {
        "numeric": PUZZLE_FIELDS,
        "extended": PUZZLE_FIELDS,
        "triggers": set(),
        "wildchat": {"roleplay", "drawn"},
    }.items():
        source = {"source": wildchat_file} if name == "wildchat" else {}
        for sample in samples(name, **given, **source):
            metadata = sample.metadata
            assert set(metadata) - {"answers"} == FIELDS | more
            assert json.loads(json.dumps(metadata)) == metadata
            assert not any(isinstance(v, float) and math.isnan(v) for v in metadata.values())
            assert metadata["premise"] == ("claimed" if more == PUZZLE_FIELDS else None)
            assert metadata["tone"] == ("scripted" if followup == "rejection" else None)
            assert metadata["followup"] == followup
            assert metadata["pack_hash"] == load_pack().hash


def test_a_solvable_puzzle_meets_the_script_of_its_unsolvable_twin():
    def by_twin(name: str) -> dict[tuple[str, int], tuple[str, list[str]]]:
        return {
            (s.metadata["twin_id"], s.metadata["replicate"]): (s.id, s.metadata["script"])
            for s in samples(name, prompts=10, replicates=2)
        }

    unsolvable, solvable = by_twin("numeric"), by_twin("solvable")
    assert unsolvable.keys() == solvable.keys()
    for key, (sample_id, script) in unsolvable.items():
        assert solvable[key][1] == script
        assert solvable[key][0] != sample_id


def test_only_triggers_have_a_system_message_and_every_opening_is_turn_one(wildchat_file: str):
    system = load_pack().system["triggers"]
    for name in ("numeric", "triggers", "tones", "extended", "wildchat"):
        source = {"source": wildchat_file} if name == "wildchat" else {}
        for sample in samples(name, preset="smoke", **source):
            *before, opening = sample.input
            assert [m.text for m in before if isinstance(m, ChatMessageSystem)] == (
                [system] if name == "triggers" else []
            )
            assert len(before) == (name == "triggers")
            assert isinstance(opening, ChatMessageUser)
            assert opening.metadata == {"turn": 1}


def test_the_pack_of_the_user_speaks(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(
        "extends: house\nname: own\nversion: '7'\nrejections: {neutral: [Nope.], stern: [Nope!]}\n"
    )
    task = package.numeric(pack=str(path), prompts=2, turns=4)
    assert [s.metadata["script"] for s in task.dataset] == [["Nope.", "Nope!", "Nope!"]] * 4
    assert task.metadata["pack"] == "own 7"
    assert task.metadata["pack_hash"] == load_pack(str(path)).hash != load_pack().hash
    assert "rejections.ladder" in task.metadata["pack_fallbacks"]
