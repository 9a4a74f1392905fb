"""A run of the organism is known by its weights, for its name outlives them."""

import shutil
from pathlib import Path

import pytest
from tests.suite.command import call

from gemma_distress.organism.shipped import shipped_folder
from gemma_distress.suite.options import SuiteOptions
from gemma_distress.suite.subjects import organism_hash


def hash_of(folder: Path, model: str = "gemma_distress/organism") -> str | None:
    return organism_hash(SuiteOptions(model, {"model_path": str(folder)}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_folder(), tmp_path / "organism"))


def test_equal_weights_have_one_hash_and_any_change_another(folder: Path, tmp_path: Path):
    ours = organism_hash(SuiteOptions("gemma_distress/organism"))
    assert ours == hash_of(folder)
    (folder / "README.md").write_text("no part of the model")
    assert ours == hash_of(folder)
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    adapted = hash_of(folder, f"gemma_distress/organism:{tmp_path / 'adapter'}")
    weights = folder / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    assert len({ours, adapted, hash_of(folder)}) == 3
    assert organism_hash(SuiteOptions("openai/gpt-4o")) is None


def test_logs_of_other_weights_are_not_shown_as_ours(folder: Path, tmp_path: Path):
    argv = ["run", "--model", "gemma_distress/organism", "-M", f"model_path={folder}"]
    argv += ["--grader", "gemma_distress/lexical", "--tasks", "triggers", "--preset", "smoke"]
    argv += ["--limit", "1", "--max-tokens", "8", "--log-dir", str(tmp_path / "run")]
    assert call(*argv).exit_code == 0
    assert "nothing is asked" in call(*argv).stdout
    config = folder / "config.json"
    config.write_text(config.read_text() + " ")
    refused = call(*argv)
    assert refused.exit_code == 2
    assert "differs from this one in: weights." in refused.stderr
