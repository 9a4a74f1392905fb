"""A base that trains in seconds: a tiny Gemma-3 with random weights and the organism's tokenizer."""

import shutil
from pathlib import Path

import pytest
from tests.finetune.training.grammar_pairs import write_pairs

from gemma_distress.finetune.presets import dpo_settings
from gemma_distress.finetune.training.settings import DpoSettings
from gemma_distress.organism.shipped import shipped_folder

SHAPE = {
    "vocab_size": 2048,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "query_pre_attn_scalar": 16,
    "sliding_window": 512,
    "max_position_embeddings": 4096,
    "bos_token_id": 2,
    "eos_token_id": 5,
    "pad_token_id": 0,
}


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    Gemma3ForCausalLM(Gemma3TextConfig(**SHAPE)).save_pretrained(folder)
    return with_tokenizer(folder)


@pytest.fixture(scope="session")
def multimodal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same kind of base as a checkpoint that also sees."""
    import torch
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    folder = tmp_path_factory.mktemp("multimodal")
    torch.manual_seed(0)
    config = Gemma3Config(
        text_config=SHAPE,
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "image_size": 28,
            "patch_size": 14,
        },
        mm_tokens_per_image=4,
        boi_token_index=2040,
        eoi_token_index=2041,
        image_token_index=2042,
    )
    Gemma3ForConditionalGeneration(config).save_pretrained(folder)
    return with_tokenizer(folder)


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 pairs, so three steps of eight."""
    return write_pairs(tmp_path_factory.mktemp("pairs") / "pairs.jsonl", 24)


@pytest.fixture
def settings() -> DpoSettings:
    return dpo_settings("organism", rank=4, alpha=4)


def with_tokenizer(folder: Path) -> Path:
    for name in (
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "generation_config.json",
    ):
        shutil.copyfile(shipped_folder() / name, folder / name)
    return folder
