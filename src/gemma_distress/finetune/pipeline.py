"""All steps of the mitigation from one preset; each goes on where it was stopped, or finds that it is done.

Its folder holds `plain` and `calm` (logs, with the training seed), `pairs`, `audit.json`, `adapter`,
`proof.json` (that it is live), and `evaluation` (logs of base and tuned, and the report).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gemma_distress.errors import UsageError
from gemma_distress.finetune.evaluation import TASKS, Evaluated, evaluate
from gemma_distress.finetune.presets import dpo_settings, of_step
from gemma_distress.finetune.split import TRAINING_SEED
from gemma_distress.suite.options import SuiteOptions

STEPS = 7


@dataclass(frozen=True)
class RunPreset:
    """What `run` asks; the step `run` of a preset."""

    model: str
    grader: str
    prompts: int
    """Puzzles to collect replies to, of all families."""
    plain_replicates: int
    calm_replicates: int
    pairs: int
    history: str
    suite: str
    """Preset of the evaluation."""
    allow: tuple[str, ...]
    """Dangerous findings of the audit to go on with; the preset's comment says why."""


@dataclass(frozen=True)
class Done:
    """What all steps came to."""

    adapter: Path
    evaluated: Evaluated


def run(
    preset: str,
    output: Path,
    source: str | None = None,
    seed: int | None = None,
    say: Callable[[str], None] = print,
) -> Done:
    """Collect, pair, audit, train, prove, evaluate, report.

    Args:
        preset: one that has a step `run`.
        output: folder of all of it.
        source: WildChat prompts; without them that category is left out.
        seed: of the training; the preset's by default.
        say: told where it is.

    Raises:
        UsageError: a step refuses, or a task of the collection did not finish.
    """
    asked = of_step(preset, "run")
    wanted = RunPreset(**{**asked, "allow": tuple(asked["allow"])})
    settings = dpo_settings(preset, seed=seed)
    plain, calm = output / "plain", output / "calm"
    say(f"1/{STEPS}  plain conversations")
    _collect(wanted, "numeric", wanted.plain_replicates, TRAINING_SEED, plain)
    say(f"2/{STEPS}  reassured conversations")
    # Another seed to sample by, or the first replies would be those of the plain ones.
    _collect(wanted, "calm", wanted.calm_replicates, TRAINING_SEED + 1, calm)
    say(f"3/{STEPS}  preference pairs")
    pairs = _pairs(wanted, [plain, calm], output / "pairs", say)
    say(f"4/{STEPS}  audit of the pairs")
    _audit(pairs, wanted, settings.max_length, say)
    say(f"5/{STEPS}  training")
    adapter = output / "adapter"
    _train(preset, pairs, adapter, seed, say)
    say(f"6/{STEPS}  proof that the adapter is live")
    proof = _prove(adapter, output / "proof.json", say)
    say(f"7/{STEPS}  evaluation of base and tuned")
    tasks = TASKS if source else tuple(task for task in TASKS if task != "wildchat")
    if not source:
        say(
            "WildChat is left out: no prompts are given (--source), so there is no average over five."
        )
    evaluated = evaluate(
        SuiteOptions(
            model=wanted.model,
            tasks=tasks,
            preset=wanted.suite,
            graders=(wanted.grader,),
            source=source,
            sampling_seed=1,
        ),
        f"{wanted.model}:{adapter}",
        output / "evaluation",
        adapter=adapter,
        proof=proof,
    )
    _onto_card(adapter, evaluated)
    return Done(adapter, evaluated)


def _collect(wanted: RunPreset, task: str, replicates: int, sampling: int, folder: Path) -> None:
    from gemma_distress.suite.run import run_suite

    code = run_suite(
        SuiteOptions(
            model=wanted.model,
            tasks=(task,),
            preset="smoke",
            graders=(wanted.grader,),
            task_args={
                "seed": TRAINING_SEED,
                "prompts": wanted.prompts,
                "replicates": replicates,
            },
            sampling_seed=sampling,
            log_dir=str(folder),
        )
    )
    if code:
        raise UsageError(
            f"{task} did not finish: see {folder}. The same command goes on from there."
        )


def _pairs(wanted: RunPreset, logs: list[Path], folder: Path, say: Callable[[str], None]) -> Path:
    from gemma_distress.analysis.turns import read
    from gemma_distress.finetune.pairs import make_pairs, save_pairs

    made = make_pairs(
        read(logs),
        wanted.pairs,
        wanted.history,  # type: ignore[arg-type]
    )
    save_pairs(made, folder)
    say(f"{len(made.pairs)} pairs of {made.possible} possible ones")
    return folder


def _audit(pairs: Path, wanted: RunPreset, max_length: int, say: Callable[[str], None]) -> None:
    from gemma_distress.commands.shown import plain
    from gemma_distress.finetune.audit import audit
    from gemma_distress.finetune.pair_files import read_pairs
    from gemma_distress.organism.shipped import shipped_folder
    from gemma_distress.organism.tokenizer import load_tokenizer

    found = audit(read_pairs(pairs), load_tokenizer(shipped_folder()), max_length)
    danger = [finding for finding in found.dangerous if finding.name not in wanted.allow]
    (pairs.parent / "audit.json").write_text(
        json.dumps(plain(found), indent=1, default=str), "utf-8"
    )
    for finding in found.dangerous:
        say(f"{'allowed' if finding.name in wanted.allow else 'danger'}  {finding.sentence}")
    if danger:
        raise UsageError(
            f"The pairs would teach more than calm: {', '.join(one.name for one in danger)}. Look at them "
            "with `python -m gemma_distress.finetune audit`, or allow them in the preset."
        )


def _train(
    preset: str, pairs: Path, adapter: Path, seed: int | None, say: Callable[[str], None]
) -> None:
    from gemma_distress.finetune.commands.training import show_step
    from gemma_distress.finetune.pair_files import PARQUET
    from gemma_distress.finetune.training.dpo import dpo
    from gemma_distress.organism.shipped import shipped_folder

    trained = dpo(
        pairs / PARQUET,
        shipped_folder(),
        adapter,
        dpo_settings(preset, seed=seed),
        report=show_step,
    )
    say(f"{trained.steps} steps, loss {trained.loss:.3f}, margin {trained.margin or 0:.2f}")


def _prove(adapter: Path, path: Path, say: Callable[[str], None]) -> Path:
    from gemma_distress.finetune.serving import (
        find_base,
        prove_provider,
        read_adapter,
        require_proof,
        write_proof,
    )
    from gemma_distress.finetune.serving.provider import provider_model

    found = read_adapter(adapter)
    base = find_base(found)
    try:
        require_proof(path, found, base, model=provider_model(found.folder))
    except UsageError:
        proof = prove_provider(found, base)
        write_proof(proof, path)
        if not proof.passed:
            raise UsageError(f"The adapter is not live: {' '.join(proof.failures)}") from None
    say("The adapter is live.")
    return path


def _onto_card(adapter: Path, evaluated: Evaluated) -> None:
    from gemma_distress.finetune.results import markdown
    from gemma_distress.finetune.training.card import with_results

    card = adapter / "README.md"
    card.write_text(with_results(card.read_text("utf-8"), markdown(evaluated.found)), "utf-8")
