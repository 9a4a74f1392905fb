"""TRL's trainers for rows that are tokens already, stopped by a loss that is no number, with a diary."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemma_distress.errors import UsageError

if TYPE_CHECKING:
    from transformers import TrainerCallback

WHOLE = "whole"
"""In a checkpoint, written when all else of it is."""

_LOGGED = {
    "loss": "loss",
    "rewards/margins": "margin",
    "rewards/accuracies": "accuracy",
    "rewards/chosen": "reward_chosen",
    "rewards/rejected": "reward_rejected",
    "mean_token_accuracy": "token_accuracy",
    "grad_norm": "gradient",
    "learning_rate": "learning_rate",
}
"""From the names of the libraries to those of `training.jsonl`."""


@dataclass(frozen=True)
class Progress:
    """A step of training, from 1."""

    step: int
    steps: int
    logged: dict[str, float]
    """What `training.jsonl` has of it."""


def careful(trainer: type[Any]) -> type[Any]:
    """One of TRL's trainers, for rows that are tokens already.

    Its `compute_loss` raises UsageError at the first loss that is no finite number, before it reaches the
    weights.
    """

    class Careful(trainer):  # type: ignore[misc]
        def _prepare_dataset(self, dataset: Any, *args: Any, **kwargs: Any) -> Any:
            return dataset

        def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
            result = super().compute_loss(*args, **kwargs)
            loss = result[0] if isinstance(result, tuple) else result
            if not math.isfinite(told := float(loss.detach())):
                raise UsageError(
                    f"The loss of step {self.state.global_step + 1} is {told}, so the training was stopped. "
                    "Train again with a lower --lr."
                )
            return result

    return Careful


def diary(
    file: Path, constants: dict[str, float], report: Callable[[Progress], None]
) -> TrainerCallback:
    """Keeps `training.jsonl`, reports each step, and marks checkpoints that are whole.

    Args:
        file: one JSON object a step.
        constants: what is the same in each of them.
        report: called by the first process after each step.
    """
    from transformers import TrainerCallback

    def row(logs: dict[str, Any]) -> dict[str, Any]:
        named = {name: logs[key] for key, name in _LOGGED.items() if key in logs}
        return {"step": logs["step"], **named, **constants}

    class Diary(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            # Steps after the checkpoint that a training goes on from come again.
            if state.is_world_process_zero:
                rows = [row(logs) for logs in state.log_history if "loss" in logs]
                file.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")

        def on_log(
            self, args: Any, state: Any, control: Any, logs: dict[str, Any], **_: Any
        ) -> None:
            if not state.is_world_process_zero or "loss" not in logs:
                return
            logged = row({**logs, "step": state.global_step})
            with file.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(logged) + "\n")
            report(Progress(state.global_step, state.max_steps, logged))

        def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.is_world_process_zero:
                (Path(args.output_dir) / f"checkpoint-{state.global_step}" / WHOLE).touch()

    return Diary()
