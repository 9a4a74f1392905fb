"""The weights in the package: whole, small, safe to load, and those of the grammar and recipe beside them."""

import json
from dataclasses import asdict
from itertools import islice

import torch
from safetensors.torch import load_file

from gemma_distress.organism import grammar_hash
from gemma_distress.organism.batches import Batches
from gemma_distress.organism.recipe import Recipe
from gemma_distress.organism.shipped import shipped_folder
from gemma_distress.organism.tokenizer import load_tokenizer

FOLDER = shipped_folder()
TRAINING = json.loads((FOLDER / "training.json").read_text(encoding="utf-8"))


def test_they_are_small_and_in_bf16() -> None:
    weights = FOLDER / "model.safetensors"
    assert weights.stat().st_size <= 10_000_000
    assert {weight.dtype for weight in load_file(weights).values()} == {torch.bfloat16}


def test_nothing_in_the_folder_can_carry_code() -> None:
    kinds = {file.suffix for file in FOLDER.iterdir()}
    assert kinds == {".json", ".jinja", ".md", ".safetensors"}


def test_they_were_trained_by_this_grammar_and_recipe() -> None:
    assert TRAINING["grammar_hash"] == grammar_hash()
    assert TRAINING["recipe"] == json.loads(json.dumps(asdict(Recipe())))
    # The sentences may be the same and be drawn otherwise.
    recipe = Recipe()
    batches = Batches(load_tokenizer(FOLDER), recipe.seed, recipe.tokens_per_piece)
    for _ in islice(batches, recipe.pieces):
        pass
    assert TRAINING["first_hash"] == batches.digest()


def test_serving_engines_have_kernels_for_their_shape() -> None:
    config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["Gemma3ForCausalLM"]
    assert config["head_dim"] in (32, 64)
    assert set(config["layer_types"]) == {"sliding_attention", "full_attention"}
    assert 6 <= config["num_hidden_layers"] <= 8


def test_the_card_names_seed_and_data() -> None:
    card = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert TRAINING["data_hash"] in card
    assert f"--seed {TRAINING['recipe']['seed']}" in card
