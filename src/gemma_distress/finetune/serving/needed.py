"""What serving and its proof need beyond the core of the package, asked for in sentences."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from gemma_distress.errors import UsageError

VARIABLE = "GEMMA_DISTRESS_VLLM"
"""Environment variable that names the `vllm` command where it is not on PATH."""


def needs(*packages: str) -> None:
    """Raise unless the packages can be imported; imports none of them.

    Raises:
        UsageError: Names those that are absent and the command that installs them.
    """
    absent = [name for name in packages if find_spec(name) is None]
    if absent:
        raise UsageError(
            f"This needs {', '.join(absent)}, which this environment lacks. Install the extra: "
            "pip install 'gemma-distress[finetune]'"
        )


def find_vllm(given: str | None = None) -> str:
    """The `vllm` command: the one given, the one of the environment variable, or the one on PATH.

    Raises:
        UsageError: There is none.
    """
    named = given or os.environ.get(VARIABLE) or "vllm"
    found = shutil.which(Path(named).expanduser())
    if found is None:
        raise UsageError(
            f"There is no command {named}. vLLM lives in an environment of its own: with a GPU, pip install "
            "'gemma-distress[serve]' in a new one; without, scripts/setup_vllm_cpu.sh DIR. Then name its "
            f"command with --vllm or in {VARIABLE}."
        )
    return found
