"""What the report needs beyond the core: Altair draws, vl-convert renders without network."""

from importlib.util import find_spec

from gemma_distress.errors import UsageError

NEEDED = {
    "pandas": "pandas",
    "altair": "altair",
    "vl_convert": "vl-convert-python",
    "jinja2": "jinja2",
}


def needs_drawing() -> None:
    """Raises:
    UsageError: A package is not installed; with the line that installs it.
    """
    lacking = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if lacking:
        raise UsageError(
            f"The report needs {' and '.join(lacking)}, which {'is' if len(lacking) == 1 else 'are'} not "
            f"installed. Install with pip install 'gemma-distress[report]'."
        )
