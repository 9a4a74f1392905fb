"""The benchmarks that `capabilities` runs, built from the list in `capabilities.yaml`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.resources import files
from typing import Any

import yaml
from inspect_ai import Task
from inspect_ai._util.registry import registry_info
from inspect_ai.scorer import Scorer

from gemma_distress.errors import UsageError
from gemma_distress.extras import needs

PAPER = ("aime2024", "aime2025", "math_level_5", "gpqa_diamond", "bbh", "truthfulqa", "emobench")
PRESETS: Mapping[str, tuple[str, ...]] = {
    "paper": (*PAPER, "suppression"),
    "organism": ("abilities", "suppression"),
}


@dataclass(frozen=True)
class Benchmark:
    """One line of the list."""

    task: str
    """MODULE:FUNCTION."""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    score: str | None = None
    needs: Sequence[str] = ()
    items: int | None = None
    """That the paper asked."""


@cache
def benchmarks() -> dict[str, Benchmark]:
    """By name."""
    data = files("gemma_distress.suite").joinpath("capabilities.yaml").read_text("utf-8")
    return {name: Benchmark(**given) for name, given in yaml.safe_load(data).items()}


def parse_benchmarks(text: str | None, preset: str) -> tuple[str, ...]:
    """`bbh,gpqa_diamond` as names, in that order; None for those of the preset.

    Raises:
        UsageError: for a name that is no benchmark, or none, or one named twice.
    """
    if text is None:
        return PRESETS[preset]
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if name not in benchmarks():
            near = difflib.get_close_matches(name, benchmarks(), n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise UsageError(
                f"There is no benchmark {name!r}.{hint} There are: {', '.join(benchmarks())}. Any other "
                "task of Inspect can be run by itself and its logs compared with --logs."
            )
    if not names or len(set(names)) < len(names):
        raise UsageError(f"--tasks {text!r} names no benchmark, or one twice. Name each once.")
    return names


def by_benchmark(names: Sequence[str], given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Arguments given as `emobench.path`, by benchmark.

    Raises:
        UsageError: one names no benchmark of the run.
    """
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    for key, value in given.items():
        name, dot, argument = key.partition(".")
        if not dot or name not in found or not argument:
            raise UsageError(
                f"-T {key}=… names no argument of a benchmark of this run. Write -T BENCHMARK.NAME=VALUE, "
                f"with one of {', '.join(names)}."
            )
        found[name][argument] = value
    return found


def build(name: str, arguments: Mapping[str, Any]) -> Task:
    """The task of a benchmark, with only the scorer that counts.

    Raises:
        UsageError: a package that it needs is absent, its items cannot be had, or it refuses an argument.
    """
    benchmark = benchmarks()[name]
    module, _, function = benchmark.task.partition(":")
    package = module.partition(".")[0]
    if package != "gemma_distress":
        needs(f"The benchmark {name}", package, *benchmark.needs, extra="capabilities")
    try:
        task = getattr(import_module(module), function)(**{**benchmark.arguments, **arguments})
    except UsageError:
        raise
    except Exception as error:  # whatever another package's loader raises: no network, no access, …
        told = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise UsageError(
            f"The benchmark {name} cannot be built ({told}). Leave it out with --tasks, or run it by itself "
            "and compare its logs with --logs."
        ) from error
    assert isinstance(task, Task)
    if benchmark.score is not None:
        task.scorer = [one for one in task.scorer or [] if _name(one) == benchmark.score]
        if not task.scorer:
            raise UsageError(
                f"The installed {package} has no score {benchmark.score} for {name}. Run it by itself and "
                "compare its logs with --logs and --score."
            )
    return task


def _name(scorer: Scorer) -> str:
    return registry_info(scorer).name.rpartition("/")[2]
