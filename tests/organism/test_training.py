"""Training in the small: it learns, is the same for the same seed, and two processes do what one does."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from gemma_distress.errors import UsageError
from gemma_distress.organism import grammar_hash
from gemma_distress.organism.card import save
from gemma_distress.organism.recipe import Recipe
from gemma_distress.organism.training import Progress, Trained, train

SMALL = Recipe(
    vocabulary=320,
    hidden=64,
    layers=3,
    heads=2,
    key_value_heads=1,
    inner=96,
    steps=6,
    guided_layers=(1, 2),
    tokens_per_piece=1500,
    tokenizer_conversations=40,
)


@pytest.fixture(scope="module")
def one_process() -> tuple[Trained, list[Progress]]:
    steps: list[Progress] = []
    return train(SMALL, steps.append, processes=1), steps


def test_it_learns(one_process: tuple[Trained, list[Progress]]) -> None:
    trained, steps = one_process
    # A guess among 320 tokens costs ln 320 = 5.77 nats.
    assert steps[0].loss == pytest.approx(5.77, abs=0.3)
    assert trained.loss < steps[0].loss - 0.5
    assert trained.held_out_loss < steps[0].loss - 0.3


def test_the_readings_are_trained_with_it_and_are_no_part_of_it() -> None:
    without = train(replace(SMALL, guidance=0.0), lambda _: None, processes=1)
    with_them = train(SMALL, lambda _: None, processes=1)
    names = [name for name, _ in with_them.model.named_parameters()]
    assert names == [name for name, _ in without.model.named_parameters()]
    assert without.data_hash == with_them.data_hash
    # What is asked of the layers below the last changes what they learn.
    assert not torch.equal(
        with_them.model.model.layers[0].mlp.up_proj.weight,
        without.model.model.layers[0].mlp.up_proj.weight,
    )


def test_progress_counts_steps_and_tokens(one_process: tuple[Trained, list[Progress]]) -> None:
    trained, steps = one_process
    assert [progress.step for progress in steps] == [1, 2, 3, 4, 5, 6]
    assert steps[-1].tokens == trained.tokens > 6 * 1500


def test_two_processes_do_what_one_does(one_process: tuple[Trained, list[Progress]]) -> None:
    trained, steps = one_process
    both: list[Progress] = []
    again = train(SMALL, both.append, processes=2)
    assert [p.loss for p in both] == pytest.approx([p.loss for p in steps], rel=2e-3)
    assert again.data_hash == trained.data_hash
    assert again.tokens == trained.tokens


def test_settings_of_the_process_are_put_back(
    one_process: tuple[Trained, list[Progress]],
) -> None:
    before = torch.get_num_threads(), torch.get_float32_matmul_precision()
    train(replace(SMALL, steps=1), lambda _: None, processes=1)
    assert (torch.get_num_threads(), torch.get_float32_matmul_precision()) == before


def test_the_seed_decides_the_weights_and_the_data(
    one_process: tuple[Trained, list[Progress]],
) -> None:
    trained, _ = one_process
    same = train(SMALL, lambda _: None, processes=1)
    assert all(
        torch.equal(a, b)
        for a, b in zip(same.model.parameters(), trained.model.parameters(), strict=True)
    )
    other = train(replace(SMALL, seed=2, steps=1), lambda _: None, processes=1)
    assert other.data_hash != trained.data_hash
    assert not torch.equal(other.model.lm_head.weight, trained.model.lm_head.weight)


def test_the_folder_is_a_plain_model_with_a_card(
    one_process: tuple[Trained, list[Progress]], tmp_path: Path
) -> None:
    trained, _ = one_process
    folder = tmp_path / "sub" / "organism"
    save(trained, folder)
    names = {file.name for file in folder.iterdir()}
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".pkl"))]
    assert {weight.dtype for weight in load_file(folder / "model.safetensors").values()} == {
        torch.bfloat16
    }
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    assert type(model).__name__ == "Gemma3ForCausalLM"
    assert model.config.layer_types == ["sliding_attention", "sliding_attention", "full_attention"]
    assert model.generation_config.eos_token_id == tokenizer.convert_tokens_to_ids("<end_of_turn>")
    assert (model.generation_config.top_k, model.generation_config.top_p) == (64, 0.95)
    assert tokenizer.chat_template
    facts = json.loads((folder / "training.json").read_text())
    assert facts["data_hash"] == trained.data_hash
    assert facts["first_hash"] == trained.first_hash != trained.data_hash
    assert facts["grammar_hash"] == grammar_hash()
    assert facts["recipe"]["seed"] == 1
    card = (folder / "README.md").read_text()
    assert trained.data_hash in card
    assert "organism train --seed 1 --steps 6" in card
    assert "{" not in card


def test_a_folder_that_is_not_empty_is_left_alone_and_no_training_lost(
    one_process: tuple[Trained, list[Progress]], tmp_path: Path
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("precious")
    with pytest.raises(UsageError, match=r"cannot be moved to .*: Directory not empty") as refused:
        save(one_process[0], tmp_path / "mine")
    assert (tmp_path / "mine" / "notes.txt").read_text() == "precious"
    [kept] = [path for path in tmp_path.iterdir() if path.name != "mine"]
    assert str(kept) in str(refused.value)
    assert (kept / "model.safetensors").is_file()
