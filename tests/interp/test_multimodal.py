"""A base that also sees is read with an adapter as this package trains it: by its text stack."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from tests.finetune.training.conftest import multimodal, pairs  # noqa: F401  (fixtures)

from gemma_distress.finetune.presets import dpo_settings
from gemma_distress.finetune.training.dpo import dpo
from gemma_distress.interp.arms import Reader, load_reader, parts_of
from gemma_distress.interp.readings import make_readings
from gemma_distress.interp.store import read_readings
from gemma_distress.interp.streams import read_streams

IDS = [2, 100, 200, 300, 400]


@pytest.fixture(scope="module")
def seeing(
    multimodal: Path,  # noqa: F811
    pairs: Path,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Reader:
    folder = tmp_path_factory.mktemp("seeing") / "adapter"
    settings = dpo_settings("organism", rank=4, alpha=4, layers=(1, 2), learning_rate=1e-2)
    return load_reader(multimodal, dpo(pairs, multimodal, folder, settings).folder, "cpu")


def last_logits(reader: Reader) -> torch.Tensor:
    parts, pieces = parts_of(reader.plain), []
    last = len(parts.layers) - 1
    read_streams(reader.plain, parts, [IDS], [last], lambda _l, _s, x: pieces.append(x.clone()), 2)
    with torch.no_grad():
        return parts.head(parts.norm(torch.cat(pieces, dim=1)))


def test_both_arms_give_the_whole_models_logits(seeing: Reader, multimodal: Path) -> None:  # noqa: F811
    from transformers import AutoModelForCausalLM

    whole = AutoModelForCausalLM.from_pretrained(multimodal, dtype=torch.float32).eval()
    with torch.no_grad():
        before, after = whole(torch.tensor([IDS])).logits, seeing.model(torch.tensor([IDS])).logits
    with seeing.reading_as("base"):
        assert torch.allclose(last_logits(seeing), before, atol=1e-4)
    with seeing.reading_as("tuned"):
        assert torch.allclose(last_logits(seeing), after, atol=1e-4)
    assert (after - before).abs().max() > 1e-3


def test_its_replies_are_read(seeing: Reader, turns: pd.DataFrame, tmp_path: Path) -> None:
    make_readings(turns[turns["conversation"] < 12], seeing, tmp_path)
    found = read_readings(tmp_path)
    assert (found.arms, found.layers) == (("base", "tuned"), 4)
    assert found.vectors(3, "tuned", "reply").shape == (len(found.replies), 32)


def test_the_layers_are_those_of_the_text(seeing: Reader) -> None:
    assert seeing.arms == ("base", "tuned")
    assert len(parts_of(seeing.plain).layers) == 4  # the eyes have two
