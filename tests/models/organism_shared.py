"""What tests of the organism share: copies with other settings, adapters, and one core to compute on."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Gemma3ForCausalLM

from gemma_distress.organism.shipped import shipped_folder


@pytest.fixture
def one_core() -> Iterator[None]:
    """As the worker computes; two threads that share busy cores take ten times as long and more."""
    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(usual)


def copy_with(folder: Path, **settings: Any) -> Path:
    """A copy of the shipped organism with other settings in its config.json."""
    shutil.copytree(shipped_folder(), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | settings))
    return folder


def make_adapter(
    folder: Path,
    *,
    changes: bool = True,
    hidden: int | None = None,
    targets: tuple[str, ...] = ("q_proj", "o_proj", "down_proj"),
) -> Path:
    """A LoRA adapter of rank 4 on random weights; without `changes` its second factor is zero.

    `hidden` makes it one of a model of another width.
    """
    torch.manual_seed(5)
    model = Gemma3ForCausalLM.from_pretrained(shipped_folder())
    if hidden is not None:
        model.config.hidden_size = hidden
        model = Gemma3ForCausalLM(model.config)
    config = LoraConfig(
        r=4,
        lora_alpha=64,
        target_modules=list(targets),
        init_lora_weights=not changes,
    )
    get_peft_model(model, config).save_pretrained(str(folder), save_embedding_layers=False)
    return folder
