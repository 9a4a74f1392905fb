"""Sampling seeds as they reach the model: one for each reply, all derived from the run's `--seed`."""

from pathlib import Path
from typing import Any

import pytest
from inspect_ai import eval
from inspect_ai.event import ModelEvent
from inspect_ai.model import GenerateConfig, ModelOutput, ModelUsage, get_model

from gemma_distress.protocol import MAX_REPLY_TOKENS, TEMPERATURE
from gemma_distress.tasks import extended

Request = tuple[str, int, int]
"""Sample id, epoch and turn."""


def answer(*_: Any) -> ModelOutput:
    output = ModelOutput.from_content("mockllm/model", "Eleven.")
    output.usage = ModelUsage(input_tokens=1, output_tokens=2, total_tokens=3)
    return output


def asked(
    log_dir: Path, *, prompts: int = 1, of_model: GenerateConfig | None = None, **options: Any
) -> dict[Request, GenerateConfig]:
    """The settings that each request to the subject was sent with; nothing is rated."""
    model = get_model("mockllm/model", custom_outputs=answer, config=of_model or GenerateConfig())
    [log] = eval(
        extended(prompts=prompts, replicates=prompts, turns=3),
        model=model,
        log_dir=str(log_dir),
        display="none",
        log_realtime=False,
        score=False,
        **options,
    )
    assert log.status == "success"
    return {
        (str(sample.id), sample.epoch, turn): event.config
        for sample in log.samples or []
        for turn, event in enumerate(
            (event for event in sample.events if isinstance(event, ModelEvent)), start=1
        )
    }


def seeds(requests: dict[Request, GenerateConfig]) -> dict[Request, int | None]:
    return {request: config.seed for request, config in requests.items()}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> dict[Request, int | None]:
    """Two prompts × two replicates × two epochs × three turns under `--seed 7`."""
    return seeds(asked(tmp_path_factory.mktemp("logs"), prompts=2, epochs=2, seed=7))


def test_every_sample_epoch_and_turn_has_its_own(seeded: dict[Request, int | None]):
    assert len(seeded) == 2 * 2 * 2 * 3
    assert len(set(seeded.values())) == len(seeded)
    assert all(seed is not None and 0 <= seed < 2**31 for seed in seeded.values())


def test_equal_requests_get_equal_seeds_in_any_run(
    seeded: dict[Request, int | None], tmp_path: Path
):
    smaller = seeds(asked(tmp_path, seed=7))
    assert len(smaller) == 3
    assert smaller.items() <= seeded.items()


def test_another_seed_changes_them_all_and_the_models_own_counts_too(
    seeded: dict[Request, int | None], tmp_path: Path
):
    other = seeds(asked(tmp_path, of_model=GenerateConfig(seed=8)))
    assert None not in other.values()
    assert set(other.values()).isdisjoint(seeded.values())
    # The command line wins over the model's own settings, as everywhere in Inspect.
    both = seeds(asked(tmp_path, of_model=GenerateConfig(seed=8), seed=7))
    assert both.items() <= seeded.items()


def test_without_a_seed_none_is_sent(tmp_path: Path):
    requests = asked(tmp_path)
    assert set(seeds(requests).values()) == {None}
    for config in requests.values():
        assert (config.temperature, config.max_tokens) == (TEMPERATURE, MAX_REPLY_TOKENS)
