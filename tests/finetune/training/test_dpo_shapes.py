"""The benchmark of DPO at large shapes, on small ones."""

import argparse

import pytest
from benchmarks import dpo_shapes


@pytest.mark.parametrize(("again", "before"), [(True, False), (False, True)])
def test_a_variant_is_measured(again: bool, before: bool) -> None:
    asked = argparse.Namespace(tiny=True, length=64, rank=4, steps=3)
    variant = {"precision": "fp32", "checkpointing": again, "precompute": before}
    row = dpo_shapes.measure(variant, asked)
    assert row["seconds"] > 0
    assert row["tokens"] == pytest.approx(128 / row["seconds"])
    assert dpo_shapes._line(row).count("|") == 9


def test_the_large_shape_has_27_billion_parameters() -> None:
    import torch
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    with torch.device("meta"):
        model = Gemma3ForCausalLM(Gemma3TextConfig(**dpo_shapes.SHAPES["27b"]))
    assert sum(weight.numel() for weight in model.parameters()) == pytest.approx(27.0e9, rel=0.01)


def test_a_variant_that_failed_is_a_row() -> None:
    row = {
        "precision": "bf16",
        "checkpointing": False,
        "precompute": True,
        "failed": "out of memory",
    }
    assert "out of memory" in dpo_shapes._line(row)
