"""One small training in a process of its own, to be killed or launched: PAIRS BASE OUTPUT EVERY."""

import sys
from pathlib import Path

from gemma_distress.finetune.presets import dpo_settings
from gemma_distress.finetune.training.dpo import dpo
from gemma_distress.finetune.training.trainers import Progress


def told(progress: Progress) -> None:
    print("step", progress.step, flush=True)


if __name__ == "__main__":
    pairs, base, output, every = sys.argv[1:]
    dpo(
        Path(pairs),
        base,
        Path(output),
        dpo_settings("organism", rank=4, alpha=4, batch=2, accumulate=2),
        checkpoint_every=int(every),
        report=told,
    )
