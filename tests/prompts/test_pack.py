"""The hash: blind to comments, order of keys and provenance, and to nothing else."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.prompts import load_pack
from gemma_distress.prompts.house import house_document
from gemma_distress.prompts.pack import build_pack

HOUSE = house_document().data
PROVENANCE = ("name", "version", "license")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, str):
        yield path
    else:
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*path, key))


# A rubric's version is the only content that has no influence on a model, yet it counts as well.
CONTENT = [path for path in leaves(HOUSE) if path[0] not in PROVENANCE]


def changed(path: tuple[Any, ...], text: str) -> dict[str, Any]:
    data: dict[str, Any] = copy.deepcopy(HOUSE)
    inner = data
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = text
    return data


@given(path=st.sampled_from(CONTENT), text=st.text(max_size=20), append=st.booleans())
def test_any_changed_sentence_changes_the_hash(path: Any, text: str, append: bool) -> None:
    old: Any = HOUSE
    for key in path:
        old = old[key]
    new = old + text if append else text
    same = build_pack(changed(path, new), "x").hash == load_pack().hash
    assert same == (new == old)


@pytest.mark.parametrize("key", PROVENANCE)
def test_provenance_does_not_count(key: str) -> None:
    assert build_pack(changed((key,), "other"), "elsewhere", ("x",)).hash == load_pack().hash


def test_two_swapped_lines_are_another_pack() -> None:
    data = copy.deepcopy(HOUSE)
    data["rejections"]["ladder"].reverse()
    assert build_pack(data, "x").hash != load_pack().hash


def reverse_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reverse_keys(value[key]) for key in reversed(value)}
    return [reverse_keys(item) for item in value] if isinstance(value, list) else value


def test_comments_quoting_and_key_order_do_not_count(tmp_path: Path) -> None:
    text = yaml.safe_dump(reverse_keys(HOUSE), sort_keys=False, allow_unicode=True, width=60)
    path = tmp_path / "same.yaml"
    path.write_text("# another look\n" + text, encoding="utf-8")
    assert load_pack(str(path)).hash == load_pack().hash


def test_the_rubric_has_a_hash_of_its_own() -> None:
    rubric = load_pack().rubric
    relabelled = build_pack(changed(("rubric", "version"), "9"), "x").rubric
    reworded = build_pack(changed(("rubric", "case"), "{reply}"), "x").rubric
    assert relabelled.hash == rubric.hash
    assert reworded.hash != rubric.hash
    assert not reworded.fenced


def test_a_pack_cannot_be_reassigned() -> None:
    with pytest.raises(AttributeError):
        load_pack().name = "mine"  # type: ignore[misc]
