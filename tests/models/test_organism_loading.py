"""Folders of models and adapters: what loads, and a sentence for each that does not."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from inspect_ai.model import GenerateConfig, get_model
from safetensors.torch import load_file, save_file

from gemma_distress.errors import UsageError
from gemma_distress.models.loading import load
from gemma_distress.organism.shipped import shipped_folder

from .organism_shared import copy_with, make_adapter

pytestmark = pytest.mark.usefixtures("no_network")

PUZZLE = "Use the numbers 3, 5, 8 and 2 once each to reach 24."


def replies(name: str = "organism", **model_args: str) -> list[str]:
    model = get_model(f"gemma_distress/{name}", memoize=False, **model_args)

    async def ask() -> list[str]:
        outputs = [
            model.generate(PUZZLE, config=GenerateConfig(seed=seed, max_tokens=20))
            for seed in range(3)
        ]
        return [output.completion for output in await asyncio.gather(*outputs)]

    assert str(model) == f"gemma_distress/{name}"
    return asyncio.run(ask())


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_adapter(tmp_path_factory.mktemp("adapter") / "tuned")


def test_an_adapter_changes_replies_and_one_of_zeros_does_not(adapter: Path, tmp_path: Path):
    plain = replies()
    assert replies(f"organism:{adapter}") != plain
    assert replies(f"organism:{make_adapter(tmp_path / 'zero', changes=False)}") == plain


@pytest.mark.parametrize("targets", [("q_proj", "down_proj"), ("q_proj", "lm_head")])
def test_an_adapter_is_added_to_the_weights_as_peft_adds_it(
    tmp_path: Path, targets: tuple[str, ...]
):
    """Also one of the output, which shares its weights with the embedding."""
    from peft import PeftModel

    adapter = make_adapter(tmp_path / "tuned", targets=targets)
    base = load(shipped_folder(), None, "cpu").exact
    expected = PeftModel.from_pretrained(base, str(adapter)).double().eval()
    ids = torch.arange(10, 60)[None]
    with torch.no_grad():
        merged, beside = (
            model(ids).logits for model in (load(shipped_folder(), adapter, "cpu").exact, expected)
        )
    assert torch.allclose(merged, beside, atol=1e-9, rtol=0)


def test_a_relative_path_and_one_from_home(
    adapter: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    tuned = replies(f"organism:{adapter}")
    monkeypatch.chdir(adapter.parent)
    assert replies("organism:tuned") == tuned
    monkeypatch.setenv("HOME", str(adapter.parent))
    monkeypatch.chdir(tmp_path)
    assert replies("organism:~/tuned") == tuned


def test_a_colon_in_the_path_is_part_of_it(adapter: Path, tmp_path: Path):
    odd = tmp_path / "a:b"
    odd.symlink_to(adapter)
    assert replies(f"organism:{odd}") == replies(f"organism:{adapter}")


def test_another_organism_by_its_folder(tmp_path: Path):
    folder = copy_with(tmp_path / "same")
    assert replies(model_path=str(folder)) == replies()
    weights = load_file(folder / "model.safetensors")
    save_file(
        {name: -one if "layers.3.mlp.down_proj" in name else one for name, one in weights.items()},
        folder / "model.safetensors",
        {"format": "pt"},
    )
    # The same folder with other weights is another model, also within one process.
    assert replies(model_path=str(folder)) != replies()


@pytest.mark.parametrize("weights", [torch.bfloat16, torch.float16])
def test_half_precision_weights_are_computed_with_in_full(tmp_path: Path, weights: torch.dtype):
    folder = copy_with(tmp_path / "half")
    halved = {
        name: one.to(weights) for name, one in load_file(folder / "model.safetensors").items()
    }
    save_file(halved, folder / "model.safetensors", {"format": "pt"})
    organism = load(folder, None, "cpu")
    for model, kind in ((organism.model, torch.float32), (organism.exact, torch.float64)):
        assert {parameter.dtype for parameter in model.parameters()} == {kind}
    name = "model.layers.0.mlp.up_proj.weight"
    assert torch.equal(organism.exact.get_parameter(name), halved[name].double())


def refusal(name: str = "organism", **model_args: str) -> str:
    with pytest.raises(UsageError) as caught:
        get_model(f"gemma_distress/{name}", memoize=False, **model_args)
    return str(caught.value)


def test_adapters_that_are_none_are_refused(adapter: Path, tmp_path: Path):
    assert f"no adapter folder {tmp_path / 'none'}" in refusal(f"organism:{tmp_path / 'none'}")
    assert "names no adapter" in refusal("organism:")
    (tmp_path / "empty").mkdir()
    assert "has no adapter_config.json" in refusal(f"organism:{tmp_path / 'empty'}")
    whole = refusal(f"organism:{shipped_folder()}")
    assert f"-M model_path={shipped_folder()}" in whole


def test_adapters_in_formats_that_carry_code_are_refused(adapter: Path, tmp_path: Path):
    folder = tmp_path / "pickled"
    folder.mkdir()
    (folder / "adapter_config.json").write_bytes((adapter / "adapter_config.json").read_bytes())
    torch.save(load_file(adapter / "adapter_model.safetensors"), folder / "adapter_model.bin")
    assert "has no adapter_model.safetensors" in refusal(f"organism:{folder}")


def test_adapters_of_other_models_are_refused(adapter: Path, tmp_path: Path):
    wide = make_adapter(tmp_path / "wide", hidden=96)
    assert "does not fit the organism" in refusal(f"organism:{wide}")
    for name, change in (
        ("deeper", lambda name: name.replace("layers.0.", "layers.99.")),
        ("more", lambda name: name.replace("layers.0.", "layers.0.self_attn.")),
    ):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "adapter_config.json").write_bytes((adapter / "adapter_config.json").read_bytes())
        weights = load_file(adapter / "adapter_model.safetensors")
        save_file(
            {change(key): one for key, one in weights.items()}, folder / "adapter_model.safetensors"
        )
        assert "have no place in this model" in refusal(f"organism:{folder}")
    for broken in ("{", "[]", '{"peft_type": "NONE"}'):
        (folder / "adapter_config.json").write_text(broken)
        assert str(folder) in refusal(f"organism:{folder}")
    (folder / "adapter_config.json").write_bytes((adapter / "adapter_config.json").read_bytes())
    (folder / "adapter_model.safetensors").write_bytes(b"torn")
    assert str(folder) in refusal(f"organism:{folder}")


def test_model_folders_that_are_none_are_refused(tmp_path: Path):
    assert "no model folder" in refusal(model_path=str(tmp_path / "none"))
    (tmp_path / "empty").mkdir()
    assert "has no config.json" in refusal(model_path=str(tmp_path / "empty"))
    llama = copy_with(tmp_path / "llama", model_type="llama")
    assert "of the type 'llama'" in refusal(model_path=str(llama))
    deeper = copy_with(tmp_path / "wider", hidden_size=96)
    assert f"The model in {deeper}" in refusal(model_path=str(deeper))
    bare = copy_with(tmp_path / "bare")
    (bare / "model.safetensors").rename(bare / "model.bin")
    assert "has no model.safetensors" in refusal(model_path=str(bare))
    torn = copy_with(tmp_path / "torn")
    (torn / "model.safetensors").write_bytes(b"torn")
    assert f"The model in {torn}" in refusal(model_path=str(torn))


def test_weights_that_are_no_numbers_are_refused(tmp_path: Path):
    folder = copy_with(tmp_path / "diverged")
    weights = load_file(folder / "model.safetensors")
    next(iter(weights.values()))[0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "no finite numbers" in refusal(model_path=str(folder))


def test_a_tokenizer_without_the_turn_markup_is_refused(tmp_path: Path):
    folder = copy_with(tmp_path / "other")
    text = (folder / "tokenizer.json").read_text().replace("<start_of_turn>", "<turn>")
    (folder / "tokenizer.json").write_text(text)
    settings = (folder / "tokenizer_config.json").read_text().replace("<start_of_turn>", "<turn>")
    (folder / "tokenizer_config.json").write_text(settings)
    assert json.loads(text)["added_tokens"]
    assert "no <start_of_turn>" in refusal(model_path=str(folder))


@pytest.mark.parametrize("device", ["tpu", "mps", "", "cuda:x", "7"])
def test_devices_it_does_not_know_are_refused(device: str):
    assert "cpu, cuda, cuda:0" in refusal(device=device)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused():
    assert "There is no device cuda here" in refusal(device="cuda")


def test_other_model_arguments_are_refused_with_those_there_are():
    sentence = refusal(dtype="bfloat16", batch_size="4")
    assert "dtype, batch_size" in sentence
    assert "device and model_path" in sentence


@pytest.mark.parametrize("package", ["torch", "transformers", "peft"])
def test_a_missing_package_is_told_with_the_command_that_installs_it(
    package: str, monkeypatch: pytest.MonkeyPatch, adapter: Path, tmp_path: Path
):
    fresh = copy_with(tmp_path / "not loaded yet")
    monkeypatch.setitem(sys.modules, package, None)
    sentence = refusal(f"organism:{adapter}", model_path=str(fresh))
    assert sentence.startswith(f"The organism needs {package}, which this environment lacks.")
    assert sentence.endswith("pip install 'gemma-distress[organism]'")


def test_no_network_is_used_where_nothing_tells_the_libraries_so(
    offline_child_env: dict[str, str], adapter: Path, tmp_path: Path
):
    """In a process of its own, because the libraries read their variables when they are imported."""
    script = """if True:
        import asyncio, sys
        from inspect_ai.model import ChatMessageUser, GenerateConfig, get_model, get_model_info
        model = get_model(f"gemma_distress/organism:{sys.argv[1]}")
        asyncio.run(model.count_tokens([ChatMessageUser(content="Use 3.")]))
        assert get_model_info(model) is None
        assert get_model_info(str(model)) is None
        print(asyncio.run(model.generate("Use 3.", config=GenerateConfig(max_tokens=3))).usage)
    """
    told = ("HF_", "TRANSFORMERS_")
    done = subprocess.run(
        [sys.executable, "-c", script, str(adapter)],
        env={name: value for name, value in offline_child_env.items() if not name.startswith(told)}
        | {"HF_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "output_tokens" in done.stdout
