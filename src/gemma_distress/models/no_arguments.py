"""For providers without settings of their own: a setting that would be ignored is refused."""

from collections.abc import Mapping
from typing import Any

from gemma_distress.errors import UsageError


def refuse_arguments(model: str, given: Mapping[str, Any]) -> None:
    """Refuse what `-M` gives to a model that takes nothing.

    Raises:
        UsageError: anything is given.
    """
    if given:
        raise UsageError(
            f"{model} takes no model arguments, but got {', '.join(given)}. Remove -M."
        )
