"""The presets of the steps, from `presets.yaml`, and what replaces single values of them."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gemma_distress.errors import UsageError
from gemma_distress.finetune.training.settings import DpoSettings, SftSettings, layers_of


def names() -> tuple[str, ...]:
    """Of all presets, the default first."""
    return tuple(_read())


def of_step(preset: str, step: str) -> dict[str, Any]:
    """The values of one step in one preset.

    Raises:
        UsageError: There is no such preset, or it has no such step.
    """
    if preset not in _read():
        raise UsageError(f"There is no preset {preset!r}; those there are: {', '.join(names())}.")
    if step not in _read()[preset]:
        raise UsageError(f"The preset {preset!r} has no settings for {step}.")
    return dict(_read()[preset][step])


def dpo_settings(preset: str, **instead: Any) -> DpoSettings:
    """Those of a preset, with `instead` in place of the values of the same name where it is not None."""
    return DpoSettings(**_replaced(of_step(preset, "dpo"), instead))


def sft_settings(preset: str, **instead: Any) -> SftSettings:
    """Those of a preset, with `instead` in place of the values of the same name where it is not None."""
    return SftSettings(**_replaced(of_step(preset, "sft"), instead))


def _replaced(values: dict[str, Any], instead: dict[str, Any]) -> dict[str, Any]:
    values |= {name: value for name, value in instead.items() if value is not None}
    values["modules"] = tuple(values["modules"])
    if isinstance(values["layers"], str):
        values["layers"] = layers_of(values["layers"])
    return values


@cache
def _read() -> dict[str, dict[str, dict[str, Any]]]:
    text = files("gemma_distress.finetune").joinpath("presets.yaml").read_text("utf-8")
    presets: dict[str, dict[str, dict[str, Any]]] = yaml.safe_load(text)
    return presets
