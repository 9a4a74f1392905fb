"""Text of models, graders and logs, made fit to be shown as text and as nothing else.

The page's template escapes HTML by itself. What escaping leaves is handled here: control characters, which
no page may hold, and those that reorder or hide the text around them.
"""

import json
import re
from typing import Any

_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # controls, but tab and line ends
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # order of writing
    "\u2028\u2029\ufeff\ufff9-\ufffb"  # line separators of JavaScript, and marks that hide
    "\ud800-\udfff"  # halves of characters, which no encoding takes
    "\U000e0000-\U000e007f]"  # tags, which no font shows
)


def visible(text: object) -> str:
    """The text with characters that act instead of showing written out, as `[U+202E]`."""
    plain = str(text).replace("\r\n", "\n").replace("\r", "\n")
    return _UNSEEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", plain)


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
