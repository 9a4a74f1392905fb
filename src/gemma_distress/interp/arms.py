"""The model that reads: loaded once, with an adapter on it that can be switched off, and taken to parts.

A model that also sees is loaded whole, because adapters name its layers as the whole checkpoint does, and its
text stack alone reads. Weights are read from safetensors only and no code of a checkpoint is run
(`finetune.base`).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gemma_distress.errors import UsageError, sentence
from gemma_distress.extras import EXTRAS, needs

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

    from gemma_distress.finetune.base import Base

Arm = Literal["base", "tuned"]
_NORMS = ("norm", "final_layernorm", "final_layer_norm", "ln_f")
"""What libraries call the normalisation after the last layer."""


@dataclass(frozen=True)
class Parts:
    """What a reading needs of a causal language model."""

    decoder: torch.nn.Module
    """The text stack without its output head."""
    layers: Sequence[torch.nn.Module]
    norm: torch.nn.Module
    head: torch.nn.Module
    """The unembedding, with `weight` of (vocabulary, width)."""


@dataclass(frozen=True)
class Reader:
    """A model on its device with tokenizer, and what is known of it."""

    model: Any
    """Of transformers, or of PEFT where there is an adapter."""
    tokenizer: PreTrainedTokenizerBase
    ends: set[int]
    """Tokens that end a turn."""
    context: int
    name: str
    hash: str
    adapter: str
    """Hash of the adapter; empty where there is none."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        return ("base", "tuned") if self.adapter else ("base",)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def plain(self) -> Any:
        """The model of transformers; where there is an adapter its layers have it in them."""
        return self.model.get_base_model() if self.adapter else self.model

    @contextmanager
    def reading_as(self, arm: Arm) -> Iterator[None]:
        """Within it, the model reads as this arm."""
        if self.adapter and arm == "base":
            with self.model.disable_adapter():
                yield
        else:
            yield


def place_of(model: str) -> str:
    """A model's folder or hub name; `organism` is the one that comes with the package."""
    from gemma_distress.organism.shipped import shipped_folder

    return str(shipped_folder()) if model == "organism" else model


def load_reader(place: str | Path, adapter: Path | None = None, device: str = "") -> Reader:
    """Load a chat model, in bf16 on a GPU and in single precision on a processor.

    Args:
        place: the model's folder or name on the hub.
        adapter: the folder of a PEFT adapter of it.
        device: as torch names it; a GPU where there is one if empty.

    Raises:
        UsageError: One of them cannot be used, or there is no such device.
    """
    needs("Reading a model", *EXTRAS["organism"], "pyarrow", extra="finetune")
    import torch

    from gemma_distress.finetune.adapter import read_adapter, with_adapter
    from gemma_distress.finetune.base import base_at, check_whole
    from gemma_distress.finetune.training.loading import load_tokenizer, turn_ends

    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise UsageError(f"There is no device {device} here. Leave --device out.")
    base = base_at(place)
    check_whole(base)
    found = None if adapter is None else read_adapter(adapter)
    model = _whole_model(base, torch.bfloat16 if device.startswith("cuda") else torch.float32)
    if found is not None:
        model = with_adapter(model, found, base.name)
    tokenizer = load_tokenizer(base)
    # What is too long is left out by name (`rendered`); the tokenizer would warn of errors that cannot come.
    tokenizer.model_max_length = sys.maxsize
    return Reader(
        model.to(device).eval().requires_grad_(False),
        tokenizer,
        turn_ends(base, tokenizer),
        base.context,
        base.name,
        base.hash,
        found.hash if found else "",
    )


def _whole_model(base: Base, dtype: torch.dtype) -> Any:
    """
    Raises:
        UsageError: It cannot be loaded.
    """
    from transformers import AutoModelForCausalLM

    try:
        return AutoModelForCausalLM.from_pretrained(
            str(base.folder),
            dtype=dtype,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
    except Exception as error:
        raise UsageError(f"The model {base.place} cannot be loaded: {sentence(error)}") from error


def parts_of(model: Any) -> Parts:
    """Find layers, final norm and unembedding of the text stack of a causal language model of transformers.

    Raises:
        UsageError: It is built otherwise.
    """
    import torch

    decoder = model.get_decoder()
    number = model.config.get_text_config().num_hidden_layers
    stacks = [
        (parent, child)
        for parent in decoder.modules()
        for child in parent.children()
        if isinstance(child, torch.nn.ModuleList) and len(child) == number
    ]
    head = model.get_output_embeddings()
    for parent, stack in stacks:
        norm = next((getattr(parent, name) for name in _NORMS if hasattr(parent, name)), None)
        if norm is not None and head is not None:
            return Parts(decoder, list(stack), norm, head)
    raise UsageError(
        f"{type(model).__name__} has no stack of {number} layers with a norm after it "
        f"({', '.join(_NORMS)}) and an output head, so its residual stream cannot be read."
    )
