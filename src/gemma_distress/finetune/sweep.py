"""Where in the network calm can be trained: one adapter a range of layers, and one of all layers.

Every training has the same pairs, recipe and seeds and differs in nothing but its layers; every adapter is
proven to be live and is asked the same conversations as the base. Each step goes on where it was stopped,
or finds that it is done, so a sweep can be made larger: the same folder takes further ranges and seeds.

Its folder holds `base` (logs), for each range and seed `layers-0-1/seed-42` with `adapter`, `proof.json` and
`logs`, and `sweep.json`, which is written last.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemma_distress.errors import UsageError
from gemma_distress.finetune.evaluation import BASE, TRAINED_ON, live_note
from gemma_distress.finetune.layer_ranges import Range, layer_ranges, name_of
from gemma_distress.finetune.manifest import NAME
from gemma_distress.finetune.pipeline import base_of, evaluation_of
from gemma_distress.finetune.presets import dpo_settings
from gemma_distress.finetune.run_preset import RunPreset, run_preset
from gemma_distress.finetune.subject import Subject
from gemma_distress.protocol import Preset
from gemma_distress.suite.options import SuiteOptions

if TYPE_CHECKING:
    from gemma_distress.analysis.alike import Side
    from gemma_distress.finetune.sweep_results import Effect, Sweep, Swept
    from gemma_distress.finetune.training.settings import DpoSettings
    from gemma_distress.finetune.training.trained import Trained


def make_sweeping(
    pairs: Path,
    layers: str,
    seeds: Sequence[int],
    output: Path,
    *,
    preset: str = "organism",
    base: str | None = None,
    suite: Preset | None = None,
    task_args: Mapping[str, Any] | None = None,
    unequal: bool = False,
    vllm: str | None = None,
    port: int = 8000,
    say: Callable[[str], None] = print,
    **instead: Any,
) -> Sweeping:
    """The trainings and evaluations of a sweep.

    Args:
        pairs: of preferences, as `dpo` takes them.
        layers: ranges, as in `0-1,2-3`.
        seeds: of the trainings, for every range.
        output: folder of all of it.
        preset: as `presets.of_step` takes it; its `dpo` is the recipe.
        base: folder or name on the hub; the organism by default, where the preset asks its provider.
        suite: preset of the evaluation; the preset's by default.
        task_args: of every task.
        unequal: whether ranges may differ in width.
        vllm: the `vllm` command.
        port: of its server.
        say: told where it is.
        instead: values of the step `run`, as `run_preset` takes them.

    Raises:
        UsageError: the ranges or seeds are none, or what the preset, the pairs or the base are refused for.
    """
    from gemma_distress.finetune.serving.plan import check_arms
    from gemma_distress.finetune.training.data import pair_rows

    wanted = run_preset(preset, **instead)
    settings = dpo_settings(preset)
    subject = Subject(wanted.through, base_of(preset, base), settings.precision, vllm, port)
    if not seeds or len(set(seeds)) < len(seeds):
        raise UsageError("Give each seed once, as in --seeds 42,43.")
    made = Sweeping(
        pairs=pairs,
        rows=len(pair_rows(pairs)),
        ranges=layer_ranges(layers, subject.found.layers, unequal=unequal),
        seeds=tuple(seeds),
        wanted=replace(wanted, suite=suite or wanted.suite),
        settings=settings,
        subject=subject,
        output=output,
        task_args=dict(task_args or {}),
        say=say,
    )
    check_arms(subject.model(), subject.model(made.trainings[0].adapter))
    _refuse_to_lose(made)
    return made


def _refuse_to_lose(made: Sweeping) -> None:
    """Refuse a folder that holds trainings which the new `sweep.json` would not tell of."""
    named = {one.folder for one in made.trainings}
    there = sorted(set(made.output.glob("layers-*/seed-*")) - named)
    if there:
        told = ", ".join(str(one.relative_to(made.output)) for one in there)
        raise UsageError(
            f"{made.output} holds trainings that these layers and seeds leave out: {told}. Name them as "
            "well, name another --output, or remove their folders."
        )


@dataclass(frozen=True)
class Training:
    """One range with one seed."""

    layers: Range
    seed: int
    folder: Path

    @property
    def adapter(self) -> Path:
        return self.folder / "adapter"

    @property
    def proof(self) -> Path:
        return self.folder / "proof.json"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def told(self) -> str:
        return f"layers {name_of(self.layers)}, seed {self.seed}"


@dataclass(frozen=True, kw_only=True)
class Sweeping:
    """A sweep in one folder."""

    pairs: Path
    rows: int
    """How many pairs there are."""
    ranges: tuple[Range, ...]
    seeds: tuple[int, ...]
    wanted: RunPreset
    settings: DpoSettings
    subject: Subject
    output: Path
    task_args: Mapping[str, Any] = field(default_factory=dict)
    say: Callable[[str], None] = print

    @property
    def trainings(self) -> list[Training]:
        """Range by range, in each seed by seed."""
        return [
            Training(layers, seed, self.output / f"layers-{name_of(layers)}" / f"seed-{seed}")
            for layers in self.ranges
            for seed in self.seeds
        ]

    def tell(self) -> None:
        """Say what would be done, and do nothing."""
        from gemma_distress.suite.run import run_suite

        settings, trainings = self.settings, self.trainings
        at_once = settings.batch * settings.accumulate
        steps = math.ceil(settings.epochs * math.ceil(self.rows / at_once))
        self.say(
            f"{len(trainings)} trainings, of the layers {', '.join(map(name_of, self.ranges))}, with the "
            f"seeds {', '.join(map(str, self.seeds))}. Each: DPO of {self.subject.base} on {self.rows} "
            f"pairs, {steps} steps of {at_once}, rank {settings.rank}, learning rate "
            f"{settings.learning_rate:g}."
        )
        done = sum((one.adapter / NAME).exists() for one in trainings)
        if done:
            self.say(
                f"{done} of them are finished in {self.output}; {len(trainings) - done} are left."
            )
        run_suite(self._base, dry_run=True)
        self.say(
            f"The same is asked of each adapter, {len(trainings)} times, through {self.subject.through}; "
            "what was answered is not asked again."
        )

    def run(self) -> tuple[Sweep, bool]:
        """Train, prove, ask, compare; what was found, and whether every conversation finished and is rated.

        Raises:
            UsageError: a training or a proof fails, or what `run_suite` refuses.
        """
        from gemma_distress.finetune.sweep_results import write_sweep

        trainings = self.trainings
        trained = {one: self._train(number, one) for number, one in enumerate(trainings, 1)}
        complete = [self._ask(number, one) for number, one in enumerate(trainings, 1)]
        found = self._compared(trained)
        write_sweep(found, self.output)
        return found, all(complete)

    @property
    def _base(self) -> SuiteOptions:
        """The evaluation of the base."""
        asked = evaluation_of(self.subject, self.wanted, task_args=self.task_args)
        return replace(asked, log_dir=str(self.output / BASE))

    def _train(self, number: int, training: Training) -> Trained:
        from gemma_distress.finetune.commands.training import show_lengths, show_step
        from gemma_distress.finetune.training.dpo import dpo

        self.say(f"Training {number}/{len(self.trainings)}  {training.told}")
        done = dpo(
            self.pairs,
            self.subject.base,
            training.adapter,
            replace(self.settings, layers=training.layers, seed=training.seed),
            started=show_lengths,
            report=show_step,
        )
        self.say(f"{done.steps} steps, loss {done.loss:.3f}")
        return done

    def _ask(self, number: int, training: Training) -> bool:
        """Whether every conversation of base and adapter finished and is rated."""
        from gemma_distress.finetune.adapter import read_adapter
        from gemma_distress.suite.run import all_answered, run_suite

        base, subject = self._base, self.subject
        tuned = replace(
            base,
            model=subject.model(training.adapter),
            weights=read_adapter(training.adapter).hash,
            log_dir=str(training.logs),
            note={},
        )
        self.say(f"Evaluation {number}/{len(self.trainings)}  {training.told}")
        proven = subject.proven(training.adapter, training.proof)
        # The base is asked once; what a grader failed on is rated again without a server.
        asked = (base, tuned) if number == 1 else (tuned,)
        done = proven and all(map(all_answered, asked))
        serving = subject.answering(training.adapter, training.folder, self.say)
        with nullcontext() if done else serving:
            if not proven:
                self._prove(training)
            self.say("The adapter is live.")
            note = live_note(
                training.adapter,
                subject.base,
                tuned.model,
                tuned.model_base_url or "",
                training.proof,
                False,
            )
            codes = [
                run_suite(options if options is base else replace(options, note=note))
                for options in asked
            ]
        return not any(codes)

    def _prove(self, training: Training) -> None:
        try:
            self.subject.prove(training.adapter, training.proof)
        except UsageError as error:
            raise UsageError(f"Of {training.told}: {error}") from error

    def _compared(self, trained: Mapping[Training, Trained]) -> Sweep:
        from gemma_distress.finetune.sweep_results import Sweep
        from gemma_distress.finetune.training.data import hash_of_rows, pair_rows

        recipe = asdict(self.settings)
        for name in ("layers", "seed"):
            del recipe[name]
        return Sweep(
            base=self.subject.found.name,
            layers=self.subject.found.layers,
            recipe=recipe,
            pairs=hash_of_rows(pair_rows(self.pairs)),
            ranges=tuple(self._ranges(trained)),
        )

    def _ranges(self, trained: Mapping[Training, Trained]) -> Iterator[Swept]:
        from gemma_distress.analysis.before_after import before_after
        from gemma_distress.analysis.compare import read_side
        from gemma_distress.finetune.adapter import read_adapter
        from gemma_distress.finetune.sweep_results import Arm, Swept, effect_of, mean_effect

        def effect(a: Side, b: Side) -> Effect:
            return effect_of(before_after(a, b, TRAINED_ON))

        base, _ = read_side("base", [self.output / BASE])
        sides = {one: read_side(one.told, [one.logs])[0] for one in trained}
        of_all = {one.seed: side for one, side in sides.items() if one.layers is None}
        for layers in self.ranges:
            own = {one: side for one, side in sides.items() if one.layers == layers}
            arms = tuple(
                Arm(
                    seed=one.seed,
                    adapter=str(one.adapter),
                    parameters=read_adapter(one.adapter).parameters,
                    steps=trained[one].steps,
                    loss=trained[one].loss,
                    effect=effect(base, side),
                )
                for one, side in own.items()
            )
            beside = [effect(of_all[one.seed], side) for one, side in own.items()]
            yield Swept(
                layers,
                arms,
                mean_effect([arm.effect for arm in arms]),
                None if layers is None else mean_effect(beside),
            )
