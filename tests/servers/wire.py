"""What the protocols share on the wire: text of a message, token estimates, retry headers."""

from collections.abc import Iterator
from typing import Any

from .behaviour import Status


def text_of(content: Any) -> str:
    """The text of a message's content, given as a string, as typed parts, or not at all."""
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.get("text", "") for part in content if part.get("type") == "text")


def count_tokens(text: str) -> int:
    """A token count at four characters each, rounded up."""
    return -(-len(text) // 4)


def pieces(text: str) -> Iterator[str]:
    """`text` as a stream delivers it, twenty characters at a time."""
    return (text[start : start + 20] for start in range(0, len(text), 20))


def retry_headers(status: Status) -> dict[str, str]:
    """`retry-after-ms` for fractions, and the standard header where seconds are whole."""
    if status.retry_after is None:
        return {}
    headers = {"retry-after-ms": f"{1000 * status.retry_after:g}"}
    if float(status.retry_after).is_integer():
        headers["retry-after"] = str(int(status.retry_after))
    return headers
