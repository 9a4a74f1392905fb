"""The file of a proof: what is written is read, and only a proof of just this lets an evaluation go on."""

from dataclasses import replace
from pathlib import Path

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.finetune.serving import (
    Adapter,
    Base,
    Proof,
    find_base,
    read_adapter,
    read_proof,
    require_proof,
    write_proof,
)
from gemma_distress.finetune.serving.reading import Difference

URL = "http://127.0.0.1:8000/v1"


@pytest.fixture
def pair(adapter: Path) -> tuple[Adapter, Base]:
    found = read_adapter(adapter)
    return found, find_base(found)


@pytest.fixture
def proof(pair: tuple[Adapter, Base]) -> Proof:
    small, large = Difference(1e-5, 1e-6, 100), Difference(3.0, 0.5, 100)
    return Proof(
        passed=True,
        failures=(),
        model="vllm/organism:tuned",
        base_model="vllm/organism",
        url=URL,
        adapter=pair[0].hash,
        base=pair[1].hash,
        dtype="float32",
        tolerance=1e-3,
        apart=3.0,
        base_difference=small,
        adapter_difference=small,
        gap=large,
        versions={"vllm": "0"},
    )


def test_what_is_written_is_read(proof: Proof, tmp_path: Path):
    write_proof(proof, tmp_path / "in" / "proof.json")
    assert read_proof(tmp_path / "in" / "proof.json") == proof
    assert [file.name for file in (tmp_path / "in").iterdir()] == ["proof.json"]


def test_a_proof_of_just_this_is_accepted(proof: Proof, pair: tuple[Adapter, Base], tmp_path: Path):
    write_proof(proof, tmp_path / "proof.json")
    found = require_proof(
        tmp_path / "proof.json", *pair, model="vllm/organism:tuned", url=URL + "/"
    )
    assert found == proof


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"passed": False, "failures": ("It is the base.",)}, "is not live: It is the base"),
        ({"adapter": "0" * 64}, "proves another adapter"),
        ({"base": "0" * 64}, "proves another base"),
        ({"model": "vllm/organism:calm"}, "proves another model: vllm/organism:calm"),
        ({"url": "http://127.0.0.1:1/v1"}, "proves another url"),
    ],
)
def test_any_other_is_refused(
    proof: Proof,
    pair: tuple[Adapter, Base],
    tmp_path: Path,
    change: dict[str, object],
    told: str,
):
    write_proof(replace(proof, **change), tmp_path / "proof.json")
    with pytest.raises(UsageError, match=told):
        require_proof(tmp_path / "proof.json", *pair, model="vllm/organism:tuned", url=URL)


def test_no_proof_and_no_json(pair: tuple[Adapter, Base], tmp_path: Path):
    path = tmp_path / "proof.json"
    with pytest.raises(UsageError, match="There is no proof"):
        require_proof(path, *pair, model="m")
    path.write_text("{}")
    with pytest.raises(UsageError, match="is no proof that can be read"):
        require_proof(path, *pair, model="m")


def test_the_hash_is_of_what_is_loaded(adapter: Path, tmp_path: Path):
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in adapter.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "README.md").write_text("a card")
    assert read_adapter(copy).hash == read_adapter(adapter).hash
    weights = copy / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x01")
    assert read_adapter(copy).hash != read_adapter(adapter).hash
