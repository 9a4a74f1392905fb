"""Text of models, graders and logs, made fit to be shown as text and as nothing else.

What a page or a terminal escapes by itself leaves characters that act instead of showing: controls, by which
a reply could rewrite the screen, and those that reorder or hide the text around them.
"""

import re

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


def one_line(text: object) -> str:
    """The same in one line."""
    return " ".join(visible(text).split("\n"))
