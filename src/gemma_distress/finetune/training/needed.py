"""What training needs beyond the core of the package, asked for in a sentence where it is absent."""

import os
from importlib.util import find_spec

from gemma_distress.errors import UsageError

PACKAGES = ("torch", "transformers", "peft", "trl", "datasets", "accelerate")


def needs_training() -> None:
    """Raise unless the packages of the extra `finetune` are there; imports none of them.

    Threads that wait are asked to sleep, which torch reads when it is imported: on a busy
    machine a step of the organism took 25 s with threads that spin, and 8 s with threads that sleep
    (tried once each).

    Raises:
        UsageError: Names those that are absent and the command that installs them.
    """
    absent = [name for name in PACKAGES if find_spec(name) is None]
    if absent:
        raise UsageError(
            f"Training needs {', '.join(absent)}, which this environment lacks. "
            "Install the extra: pip install 'gemma-distress[finetune]'"
        )
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def needs(package: str, purpose: str) -> None:
    """Raise unless a package is there that only some ways of training use.

    Raises:
        UsageError: Says what it is for and how to install it.
    """
    if find_spec(package) is None:
        raise UsageError(
            f"{purpose} needs {package}, which this environment lacks: pip install {package}"
        )
