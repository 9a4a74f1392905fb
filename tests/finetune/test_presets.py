"""The presets: the paper's values, and single ones replaced."""

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.finetune import presets
from gemma_distress.finetune.training.settings import layers_of

ALL = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


def test_the_paper_is_the_default_and_has_its_values() -> None:
    assert presets.names()[0] == "paper"
    dpo, sft = presets.dpo_settings("paper"), presets.sft_settings("paper")
    assert (dpo.learning_rate, dpo.epochs, dpo.beta) == (5e-5, 1, 0.1)
    assert (dpo.rank, dpo.alpha, dpo.modules, dpo.layers) == (64, 64, ALL, None)
    assert dpo.batch * dpo.accumulate == sft.batch * sft.accumulate == 8
    assert (sft.learning_rate, sft.epochs, sft.rank, sft.alpha) == (1e-4, 2, 64, 128)
    assert (sft.modules, sft.instruct_rows) == (ALL, 500)


def test_values_are_replaced_where_one_is_given() -> None:
    found = presets.dpo_settings("organism", rank=8, layers=(1, 2), seed=None)
    assert (found.rank, found.layers, found.seed) == (8, (1, 2), 42)


def test_what_there_is_not() -> None:
    with pytest.raises(UsageError, match="no preset 'papr'; those there are: paper, organism"):
        presets.dpo_settings("papr")
    with pytest.raises(UsageError, match="has no settings for bake"):
        presets.of_step("paper", "bake")


def test_a_range_of_layers() -> None:
    assert layers_of("30-35") == (30, 35)
    assert layers_of(" 20 ") == (20, 20)
    for wrong in ("35-30", "a", "1-2-3", "-3", ""):
        with pytest.raises(UsageError):
            layers_of(wrong)
