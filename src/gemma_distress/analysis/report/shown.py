"""Values from logs in the report's other languages: JSON inside the page, and CSV.

HTML is escaped by the page's template, and what escaping leaves by `gemma_distress.visible`.
"""

import json
from typing import Any

from gemma_distress.visible import visible


def json_in_page(value: Any) -> str:
    """JSON that may stand inside a `<script>` element: nothing in it can end the element."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def cell(value: object) -> str:
    """A cell of a CSV file that a spreadsheet reads as text, even where it looks like a formula.

    Numbers stay numbers. Text that begins like a formula is given the apostrophe that spreadsheets take
    as the mark of text.
    """
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    if isinstance(value, int | float):
        return "" if value != value else repr(value)
    text = visible(value)
    return (
        f"'{text}"
        if text.lstrip(" \t\n")[:1] in ("=", "+", "-", "@") or text[:1] in "\t\n"
        else text
    )
