"""What the organism needs beyond the core of the package, asked for in a sentence where it is absent."""

from importlib.util import find_spec

from gemma_distress.errors import UsageError

_PACKAGES = ("torch", "transformers", "peft", "safetensors")


def needs_torch() -> None:
    """Raise unless the packages of the extra `organism` are there; imports none of them.

    Raises:
        UsageError: Names those that are absent and the command that installs them.
    """
    absent = [name for name in _PACKAGES if find_spec(name) is None]
    if absent:
        raise UsageError(
            f"The organism needs {', '.join(absent)}, which this environment lacks. "
            "Install the extra: pip install 'gemma-distress[organism]'"
        )
