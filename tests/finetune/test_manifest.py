"""A step is done where its folder says so with the same key, and refuses what is another's."""

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.finetune.manifest import NAME, finish, finished, hash_of, key_of


def test_a_key_is_of_settings_and_content_and_not_of_their_order() -> None:
    one = key_of("dpo", {"lr": 1, "seed": 2}, {"pairs": "a"})
    assert one == key_of("dpo", {"seed": 2, "lr": 1}, {"pairs": "a"})
    others = [
        key_of("sft", {"lr": 1, "seed": 2}, {"pairs": "a"}),
        key_of("dpo", {"lr": 2, "seed": 2}, {"pairs": "a"}),
        key_of("dpo", {"lr": 1, "seed": 2}, {"pairs": "b"}),
    ]
    assert len({one, *others}) == 4


def test_done_with_the_same_key_and_refused_with_another(tmp_path) -> None:
    folder = tmp_path / "step"
    assert finished(folder, "k") is None
    finish(folder, "k", pairs=3)
    found = finished(folder, "k")
    assert found is not None
    assert found["pairs"] == 3
    with pytest.raises(UsageError, match="other data or settings"):
        finished(folder, "other")
    (folder / NAME).write_text("{", "utf-8")
    with pytest.raises(UsageError, match="cannot be read"):
        finished(folder, "k")


def test_the_hash_of_a_folder_is_of_names_and_content(tmp_path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text("1")
    assert hash_of(tmp_path / "a") == hash_of(tmp_path / "b")
    (tmp_path / "b" / NAME).write_text("{}")
    (tmp_path / "b" / ".hidden").mkdir()
    (tmp_path / "b" / ".hidden" / "y").write_text("2")
    assert hash_of(tmp_path / "a") == hash_of(tmp_path / "b")
    (tmp_path / "b" / "x").rename(tmp_path / "b" / "z")
    assert hash_of(tmp_path / "a") != hash_of(tmp_path / "b")
