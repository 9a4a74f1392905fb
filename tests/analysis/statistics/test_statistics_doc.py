"""`docs/statistics.md` names functions that exist."""

import re
from importlib import import_module
from pathlib import Path

STATISTICS = "gemma_distress.analysis.statistics"
DOC = Path(__file__).parents[3] / "docs" / "statistics.md"


def test_every_function_that_the_document_names_exists() -> None:
    names = re.findall(r"`([a-z_]+)\.([a-z_]+)`", DOC.read_text(encoding="utf-8"))
    assert names
    for module, function in names:
        assert callable(getattr(import_module(f"{STATISTICS}.{module}"), function)), function
