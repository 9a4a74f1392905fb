"""What each token of a byte-level tokenizer stands for, in bytes.

Text is put together from bytes, so that a stop sequence is found wherever its tokens begin and a
character that needs several tokens (an emoji) comes out whole. Marks of the turn markup stand for no text.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast


class Vocabulary:
    """The bytes of every token, by id."""

    def __init__(self, tokens: Iterable[bytes]) -> None:
        self.tokens: Sequence[bytes] = tuple(tokens)

    def text(self, ids: Iterable[int]) -> str:
        """What these tokens say; bytes that make no character become U+FFFD."""
        return b"".join(self.tokens[token] for token in ids).decode("utf-8", "replace")

    def beginning_with(self, start: bytes) -> list[int]:
        """The ids of the tokens whose bytes begin with `start`."""
        return [token for token, own in enumerate(self.tokens) if own.startswith(start)]


def read_vocabulary(tokenizer: "PreTrainedTokenizerFast") -> Vocabulary:
    """Of a byte-level BPE tokenizer.

    Raises:
        KeyError: The tokenizer is not a byte-level one.
    """
    special = {token for token, added in tokenizer.added_tokens_decoder.items() if added.special}
    byte = _bytes_of_letters()
    return Vocabulary(
        b"" if token in special else bytes(byte[letter] for letter in written)
        for token, written in enumerate(tokenizer.convert_ids_to_tokens(range(len(tokenizer))))
    )


def _bytes_of_letters() -> dict[str, int]:
    """The letters that byte-level tokenizers write for bytes (GPT-2's table).

    A byte that prints in Latin-1 is its own letter; the others, in order, are U+0100 onwards.
    """
    printing = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {
        chr(0x100 + place): byte for place, byte in enumerate(others)
    }
