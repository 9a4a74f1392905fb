"""Are verdicts of ability right where the truth is known? A loss that was taught, and no change at all.

    python -m gemma_distress.finetune run --preset organism --output runs/organism
    python -m benchmarks.planted_loss runs/organism --output runs/planted

Three adapters of the organism: `untrained` is one before its first step, which changes nothing; `taught` is
trained on the calm conversations of the run as they are; `taught-wrong` on the same ones, in which every
stated result of an equation is a wrong number. The last should fail in what needs sums, and only there.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

from gemma_distress.analysis.capabilities import Row, compare_capabilities, names
from gemma_distress.analysis.turns import read
from gemma_distress.errors import UsageError
from gemma_distress.finetune.calm_files import calm_data, write_calm
from gemma_distress.organism.shipped import shipped_folder
from gemma_distress.suite.capabilities import CapabilityOptions, run_capabilities

MODEL = "gemma_distress/organism"
ITEMS = 200
"""Of each part."""
MARGIN = 0.05
_RESULT = re.compile(r"(?<== )\d+")


def main() -> None:
    """Print the table of `docs/capabilities.md`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    given = parser.parse_args()
    calm = write_calm(calm_data(read([given.run / "calm"])), given.output / "calm")
    adapters = {
        "untrained": _untrained(given.output / "untrained"),
        "taught": _taught(calm, given.output / "taught"),
        "taught wrong": _taught(_wrong(calm), given.output / "taught-wrong"),
    }
    found = {
        name: _compared(adapter, given.output / f"{adapter.name}-answers")
        for name, adapter in adapters.items()
    }
    print(f"| part | organism right | {' | '.join(found)} |")
    print("| --- | ---: |" + " --- |" * len(found))
    for part, row in next(iter(found.values())).items():
        right = 100 * row.found.difference.a.estimate
        told = " | ".join(_told(one[part]) for one in found.values())
        print(f"| {part} | {right:.1f}% | {told} |")


def _untrained(folder: Path) -> Path:
    """One factor random, the other zero, as every training begins."""
    if (folder / "adapter_config.json").exists():
        return folder
    from peft import LoraConfig, get_peft_model
    from transformers import Gemma3ForCausalLM

    model = Gemma3ForCausalLM.from_pretrained(shipped_folder())
    adapted = get_peft_model(model, LoraConfig(r=8, target_modules="all-linear"))
    adapted.save_pretrained(str(folder), save_embedding_layers=False)
    return folder


def _taught(calm: Path, folder: Path) -> Path:
    from gemma_distress.finetune.presets import sft_settings
    from gemma_distress.finetune.training.sft import sft

    trained = sft(calm, shipped_folder(), folder, sft_settings("organism"))
    print(f"{folder.name}: {trained.steps} steps, loss {trained.loss:.3f}", flush=True)
    return folder


def _wrong(calm: Path) -> Path:
    """The same conversations, their replies with wrong results."""
    rng = Random(1)

    def other(found: re.Match[str]) -> str:
        return str(int(found[0]) + rng.randint(1, 9))

    def row(line: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(line)
        told["messages"] = [_said(message, other) for message in told["messages"]]
        return told

    path = calm.with_name("wrong.jsonl")
    rows = [row(line) for line in calm.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    return path


def _said(message: Mapping[str, str], other: Any) -> dict[str, str]:
    if message["role"] != "assistant":
        return dict(message)
    return {**message, "content": _RESULT.sub(other, message["content"])}


def _compared(adapter: Path, output: Path) -> dict[str, Row]:
    answered = run_capabilities(
        CapabilityOptions(
            model=MODEL,
            against=f"{MODEL}:{adapter}",
            output=output,
            tasks=("abilities",),
            task_args={"abilities.items": ITEMS},
            grader="gemma_distress/lexical",
            temperature=1.0,
            sampling_seed=5,
        )
    )
    if not answered.complete:
        raise UsageError(f"{output} does not hold all answers. Give the same command again.")
    found = compare_capabilities([str(answered.base)], [str(answered.tuned)], margin=MARGIN)
    rows = [row for row in (*found.rows, found.pooled) if row is not None]
    return dict(zip(names(rows), rows, strict=True))


def _told(row: Row) -> str:
    if row.nothing_to_lose:
        return "nothing to lose"
    found = row.found
    points = (100 * one for one in (found.difference.estimate, found.lower, found.upper))
    middle, lower, upper = (f"{one:+.1f}".replace("-", "−") for one in points)
    return f"{found.verdict}, {middle} ({lower} to {upper})"


if __name__ == "__main__":
    main()
