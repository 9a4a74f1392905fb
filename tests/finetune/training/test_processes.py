"""Several processes take the same steps as one, and the shipped configurations are ones of accelerate."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from gemma_distress.finetune.presets import dpo_settings
from gemma_distress.finetune.training.dpo import dpo

CONFIGURATIONS = Path(str(files("gemma_distress.finetune"))) / "accelerate"


def test_two_processes_take_the_steps_of_one(base: Path, pairs: Path, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    settings = dpo_settings("organism", rank=4, alpha=4, batch=2, accumulate=2)
    one = dpo(pairs, base, tmp_path / "one", settings)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "accelerate.commands.launch"),
            *("--config_file", str(CONFIGURATIONS / "ddp_cpu.yaml")),
            *("--main_process_port", "0"),
            *("-m", "tests.finetune.training.small_training"),
            *(str(pairs), str(base), str(tmp_path / "two"), "100"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.split() == " ".join(f"step {n}" for n in range(1, 7)).split()
    losses = [
        [json.loads(line)["loss"] for line in (tmp_path / name / "training.jsonl").open()]
        for name in ("one", "two")
    ]
    assert len(losses[0]) == one.steps == 6
    # Gradients are summed in another order, in single precision.
    assert losses[1] == pytest.approx(losses[0], abs=1e-6)
    weights = [load_file(tmp_path / name / "adapter_model.safetensors") for name in ("one", "two")]
    assert weights[0].keys() == weights[1].keys()
    for name, weight in weights[0].items():
        assert (weight - weights[1][name]).abs().max() < 1e-4, name


@pytest.mark.parametrize("name", ["ddp.yaml", "ddp_cpu.yaml", "fsdp.yaml"])
def test_a_configuration_is_one(name: str) -> None:
    from accelerate.commands.config.config_args import load_config_from_file

    found = load_config_from_file(str(CONFIGURATIONS / name))
    assert found.num_processes == 2
    if name == "fsdp.yaml":
        from transformers.models.gemma3 import modeling_gemma3

        wrapped = found.fsdp_config["fsdp_transformer_layer_cls_to_wrap"]
        assert hasattr(modeling_gemma3, wrapped)
