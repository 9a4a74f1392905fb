"""`check` end to end against a loopback server whose log-probabilities transformers computes."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner
from tests.finetune.serving.shared import Loopback, load_organism, make_adapter
from tests.servers.listener import Listener

from gemma_distress.finetune.commands.check import check


def run(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(check, [str(word) for word in words])
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def models(adapter: Path) -> dict[str, Any]:
    return {"organism": load_organism(), "tuned": load_organism(adapter)}


@pytest.fixture(scope="module")
def url(models: dict[str, Any]) -> Iterator[str]:
    with Loopback(**models) as server:
        yield server.url


def test_the_adapter_is_proven(url: str, adapter: Path):
    code, told = run(adapter, "--url", url)
    assert code == 0, told
    assert f"The adapter is live: vllm/organism:tuned at {url}. See proof.json." in told
    proof = json.loads(Path("proof.json").read_text())
    assert proof["passed"]
    assert proof["failures"] == []
    assert proof["base_difference"]["largest"] < 1e-3
    assert proof["adapter_difference"]["largest"] < 1e-3
    assert proof["gap"]["largest"] > 1
    # Three conversations, of every token but the first.
    assert proof["gap"]["tokens"] > 200
    assert proof["versions"]["vllm"] == "0.0.0"


def test_the_base_served_as_the_adapter(models: dict[str, Any], adapter: Path):
    with Loopback(organism=models["organism"], tuned=models["organism"]) as server:
        code, told = run(adapter, "--url", server.url)
    assert code == 1
    assert "the server answers with the base under the adapter's name" in told
    assert not json.loads(Path("proof.json").read_text())["passed"]


def test_the_adapter_served_as_the_base(models: dict[str, Any], adapter: Path):
    with Loopback(organism=models["tuned"], tuned=models["tuned"]) as server:
        code, told = run(adapter, "--url", server.url)
    assert code == 1
    assert "the server answers with the adapter under the base's name" in told


def test_another_adapter(url: str, other_adapter: Path):
    code, told = run(other_adapter, "--url", url)
    assert code == 1
    assert "the server has another adapter, an earlier state of this one" in told


def test_another_base(models: dict[str, Any], adapter: Path):
    torch.manual_seed(3)
    other = type(models["organism"])(models["organism"].config).eval()
    with Loopback(organism=other, tuned=models["tuned"]) as server:
        code, told = run(adapter, "--url", server.url)
    assert code == 1
    assert "the server has another base model" in told


def test_another_data_type(adapter: Path):
    with Loopback(
        organism=load_organism().bfloat16(), tuned=load_organism(adapter).bfloat16()
    ) as server:
        code, told = run(adapter, "--url", server.url)
        assert code == 1
        assert "most likely the same model in another data type" in told
        # Told of it, the same server is proven. Its weights were rounded once more when they were merged,
        # which the usual tolerance does not cover.
        wider = ("--dtype", "bfloat16", "--tolerance", 0.4)
        code, told = run(adapter, "--url", server.url, *wider)
        assert code == 0, told


def test_an_adapter_that_changes_nothing(models: dict[str, Any], tmp_path: Path):
    still = make_adapter(tmp_path / "still", 1, scale=0.0)
    with Loopback(organism=models["organism"], tuned=models["organism"]) as server:
        code, told = run(still, "--url", server.url)
    assert code == 1
    assert "The adapter changes too little to be told from its base" in told


def test_a_server_that_gives_no_numbers(models: dict[str, Any], adapter: Path):
    broken = load_organism()
    broken.model.norm.weight.data.fill_(float("nan"))
    with Loopback(organism=models["organism"], tuned=broken) as server:
        code, told = run(adapter, "--url", server.url)
    assert code == 1
    assert "Served adapter and local adapter differ by inf" in told
    assert json.loads(Path("proof.json").read_text())["adapter_difference"]["largest"] is None


def test_no_server_is_no_result_and_takes_the_old_one_away(adapter: Path):
    Path("proof.json").write_text("{}")
    code, told = run(adapter, "--url", "http://127.0.0.1:9/v1")
    assert code == 2
    assert "No server answers at http://127.0.0.1:9/v1/models" in told
    assert not Path("proof.json").exists()


class Says:
    """A server that says the same to everything."""

    def __init__(self, said: bytes) -> None:
        self.said = said

    def serve(self, exchange: Any, *_: object) -> None:
        exchange.raw(200, self.said)


@pytest.mark.parametrize("said", [b"<html>hello</html>", b"[]", b'{"data": 3}', b"\xff"])
def test_what_is_no_vllm(said: bytes, adapter: Path):
    server = Listener(Says(said))
    try:
        code, told = run(adapter, "--url", f"http://127.0.0.1:{server.server_address[1]}/v1")
    finally:
        server.stop()
    assert code == 2
    assert "did not answer as vLLM does" in told


def test_a_model_that_is_not_served(url: str, adapter: Path):
    code, told = run(adapter, "--url", url, "--name", "calm")
    assert code == 2
    assert "has no model calm. It serves organism, tuned" in told


def test_an_adapter_of_another_base(url: str, adapter: Path, tmp_path: Path):
    from transformers import Gemma3ForCausalLM

    from gemma_distress.organism.shipped import shipped_folder

    config = load_organism().config
    config.hidden_size = 128
    other = tmp_path / "other"
    Gemma3ForCausalLM(config).save_pretrained(other)
    for name in ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja"):
        (other / name).write_bytes((shipped_folder() / name).read_bytes())
    code, told = run(adapter, "--url", url, "--base", other, "--base-name", "organism")
    assert code == 2
    assert "does not fit the model" in told


def test_the_provider_in_this_process(adapter: Path):
    code, told = run(adapter, "--local")
    assert code == 0, told
    assert f"The adapter is live: gemma_distress/organism:{adapter}. See proof.json." in told
    assert json.loads(Path("proof.json").read_text())["gap"]["largest"] > 0.1


def test_a_provider_without_the_adapter_is_not_proven(
    adapter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from gemma_distress.models import loading

    # A folder of its own, lest the model be one that is loaded already.
    copy = shutil.copytree(adapter, tmp_path / "copy")
    # What a provider that forgets its adapter would do.
    monkeypatch.setattr(loading, "_merged", lambda model, folder: model)
    code, told = run(copy, "--local")
    assert code == 1
    assert "answers with the base under the adapter's name" in told


def test_help_begins_with_an_example_and_fits_a_screen():
    code = CliRunner().invoke(
        check, ["--help"], prog_name="python -m gemma_distress.finetune check"
    )
    lines = code.output.splitlines()
    assert "python -m gemma_distress.finetune check my-adapter" in lines[2]
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
