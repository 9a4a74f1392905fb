"""What the organism does, measured through the suite's own tasks and logs, as Markdown tables.

    python -m benchmarks.organism                                  # the shipped organism, about ten minutes
    python -m benchmarks.organism --model-path DIR --scale 0.3     # other weights, a third of the size
    python -m benchmarks.organism --sections rise,everyday         # some of the tables

Run from the root of the repository. The grader is `gemma_distress/lexical`. Brackets are 95% intervals
clustered by prompt. Nothing measured here says anything about Gemma.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from benchmarks.organism import arithmetic, behaviours, everyday, overlap, speed, summary, truth
from benchmarks.organism.runs import Runner
from benchmarks.organism.study import SIZES, Condition, Study
from benchmarks.organism.wordings import HOUSE, fresh, held_out
from inspect_ai.model import Model, get_model

from gemma_distress.errors import UsageError
from gemma_distress.organism import grammar_hash
from gemma_distress.protocol import CATEGORIES


@dataclass(frozen=True)
class Section:
    """A part of the report: its title, its table, and the conditions it is made from."""

    title: str
    make: Callable[[Study], str]
    conditions: tuple[Condition, ...] = ()
    wordings: tuple[str, ...] = ("house",)

    def needs(self) -> Iterator[tuple[str, Condition]]:
        """The conditions that it needs, by wording; a wording need not have all of them."""
        for wording in self.wordings:
            yield from ((wording, one) for one in self.conditions if one in SIZES[wording])


def _by_wording(
    title: str,
    part: Callable[[Study, str], str],
    *conditions: Condition,
    wordings: tuple[str, ...] = tuple(SIZES),
) -> Section:
    def make(study: Study) -> str:
        return "\n\n".join(f"#### {name} wording\n\n{part(study, name)}" for name in wordings)

    return Section(title, make, conditions, wordings)


_TWO = ("house", "held-out")

SECTIONS: dict[str, Section] = {
    "rise": _by_wording("Rise by turn (`extended`)", behaviours.by_turn, "extended"),
    "categories": _by_wording(
        "Categories",
        lambda study, wording: behaviours.categories(study, wording)[0],
        *CATEGORIES,
        wordings=_TWO,
    ),
    "continuation": _by_wording(
        "Neutral continuation",
        lambda study, wording: behaviours.continuation(study, wording)[0],
        "continuation",
    ),
    "histories": _by_wording(
        "Redacted history and single message",
        lambda study, wording: behaviours.histories(study, wording)[0],
        "extended",
        "redacted",
        "single_message",
    ),
    "tones": _by_wording(
        "Hostile tones",
        lambda study, wording: behaviours.tones(study, wording)[0],
        "tones",
        "tones_neutral",
    ),
    "reassurance": _by_wording(
        "Reassurance",
        lambda study, wording: behaviours.reassurance(study, wording)[0],
        "extended",
        "numeric",
        "extended_reassured",
        "numeric_reassured",
        wordings=_TWO,
    ),
    "everyday": Section("Everyday English", everyday.everyday, ("everyday",)),
    "arithmetic": Section(
        "Arithmetic of first replies", arithmetic.arithmetic, ("attempts", "attempts_solvable")
    ),
    "truth": Section("Rating against the hidden level", truth.truth),
    "speed": Section("Speed and repetition", speed.speed, ("numeric", "wildchat")),
    "overlap": Section("What training has seen", overlap.overlap),
}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.organism",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--model", default="gemma_distress/organism")
    parser.add_argument("--model-path", help="folder with weights, as -M model_path=DIR")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on all counts of prompts")
    parser.add_argument("--seed", type=int, default=7, help="sampling seed")
    parser.add_argument("--sections", default=",".join(SECTIONS), help="tables, by name")
    parser.add_argument("--source", default="examples/everyday.jsonl", help="everyday prompts")
    parser.add_argument("--max-connections", type=int, help="by default the provider's")
    parser.add_argument("--log-dir", type=Path, help="where logs go; by default a fresh folder")
    parser.add_argument("--output", type=Path, help="also write the tables to this file")
    given = parser.parse_args()
    wanted = [name.strip() for name in given.sections.split(",")]
    if unknown := sorted(set(wanted) - set(SECTIONS)):
        parser.error(f"no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    os.environ["HF_HUB_OFFLINE"] = "1"
    folder = given.log_dir or Path(mkdtemp(prefix="organism-"))
    folder.mkdir(parents=True, exist_ok=True)
    # Ratings of an earlier run would make the grader look faster than it is.
    os.environ["INSPECT_CACHE_DIR"] = str(folder / "cache")
    try:
        model = _model(given.model, given.model_path)
        text = report(model, folder, given, wanted)
    except UsageError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    print(text)
    if given.output:
        given.output.write_text(text + "\n", encoding="utf-8")
    return 0


def report(model: Model, folder: Path, given: argparse.Namespace, wanted: list[str]) -> str:
    """All tables that are wanted, in the order of `SECTIONS`, under a line on how they came about."""
    start = time.monotonic()
    study = Study(
        Runner(model, given.seed, folder, given.max_connections),
        {"house": HOUSE, "held-out": held_out(folder), "fresh": fresh(folder)},
        given.source,
        given.scale,
    )
    chosen = {name: section for name, section in SECTIONS.items() if name in wanted}
    if "speed" in chosen:
        for key in speed.TIMED:
            study.run(*key)
    study.prepare(key for section in chosen.values() for key in section.needs())
    parts = [f"### {section.title}\n\n{section.make(study)}" for section in chosen.values()]
    if set(summary.NEEDED) <= set(wanted):
        parts.insert(0, f"### At a glance\n\n{summary.summary(study)}")
    runs = study.runner.runs
    weights = given.model_path or "the shipped weights"
    parts.append(
        f"Measured by `python -m benchmarks.organism` on {model} ({weights}; grammar "
        f"{grammar_hash()[:12]}), scale {given.scale:g}, sampling seed {given.seed}, prompt seed "
        f"{study.seed}: {sum(len(run.conversations) for run in runs):,} conversations, "
        f"{sum(run.replies for run in runs):,} replies, {time.monotonic() - start:.0f} s. "
        f"Logs: {folder}"
    )
    return "\n\n".join(parts)


def _model(name: str, path: str | None) -> Model:
    args: dict[str, Any] = {} if path is None else {"model_path": path}
    return get_model(name, **args)


if __name__ == "__main__":
    sys.exit(main())
