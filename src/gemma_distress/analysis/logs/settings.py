"""How a subject was set, as the `settings` column of the turns table has it.

Two runs of one model at two temperatures, or with and without an adapter, are two subjects. So whatever may
decide what a subject says counts, and what only decides how it is called, how fast, or from which seed does
not. What is not known to be of the second kind is taken to be of the first: to keep apart what belongs
together is seen at once, to put together what does not is never seen.
"""

import json
from collections.abc import Mapping
from typing import Any

_CALLING = frozenset(
    (
        "adaptive_connections",
        "attempt_timeout",
        "batch",
        "cache",
        "cache_prompt",
        "extra_headers",
        "fail_on_refusal",
        "logprobs",
        "max_connections",
        "max_retries",
        "max_tool_output",
        "num_choices",
        "parallel_tool_calls",
        "prompt_logprobs",
        "seed",
        "stream_idle_timeout",
        "timeout",
        "top_logprobs",
    )
)
"""Generation settings (Inspect's `GenerateConfig`) that do not decide what a subject says."""

_RUNNING = frozenset(
    (
        "batch_size",
        "device",
        "device_map",
        "gpu_memory_utilization",
        "host",
        "port",
        "tensor_parallel_size",
    )
)
"""Model arguments that say where and how fast a model runs."""


def settings_of(generate: Mapping[str, Any], model_args: Mapping[str, Any]) -> str:
    """A JSON object of what decides, sorted by name; empty where nothing is set.

    Args:
        generate: generation settings of the run, without secrets.
        model_args: arguments of the model (`-M`), without secrets.
    """
    known = {
        name: _same(value)
        for name, value in {**generate, **model_args}.items()
        if value is not None and name not in _CALLING | _RUNNING
    }
    return json.dumps(known, sort_keys=True, ensure_ascii=False, default=str) if known else ""


def _same(value: object) -> object:
    """Numbers that are equal are written alike: 1 and 1.0 are one temperature."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def in_words(settings: str) -> str:
    """As a reader wants them: `max_tokens 2048, temperature 1`."""
    return ", ".join(f"{key} {_written(value)}" for key, value in _read(settings).items())


def told_apart(settings: Mapping[str, str]) -> dict[str, str]:
    """For each of several settings, by any name, what sets it apart from the others, as `temperature 0.4`.

    Empty where nothing does. What only some have is told of the others as `no adapter`.
    """
    read = {name: _read(text) for name, text in settings.items()}
    keys = sorted({key for one in read.values() for key in one})
    differing = [key for key in keys if len({_written(one.get(key)) for one in read.values()}) > 1]
    return {
        name: ", ".join(
            f"{key} {_written(one[key])}" if key in one else f"no {key}" for key in differing
        )
        for name, one in read.items()
    }


def _read(settings: str) -> dict[str, Any]:
    found = json.loads(settings) if settings else {}
    return {name: _same(value) for name, value in found.items()}


def _written(value: object) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
