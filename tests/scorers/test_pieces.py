"""Pieces cover the whole reply, overlap, and stay within their size."""

from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.scorers.pieces import OVERLAP_CHARACTERS, PIECE_CHARACTERS, pieces


def test_a_reply_of_ordinary_length_is_one_piece() -> None:
    # 2,048 tokens of English are about 8,000 characters.
    reply = "word " * 1_600
    assert pieces(reply) == [reply]


def test_a_quote_on_a_cut_stands_whole_in_one_piece() -> None:
    quote = " ".join(["unbearable"] * 20)
    for offset in range(PIECE_CHARACTERS - 400, PIECE_CHARACTERS + 100, 37):
        reply = "a " * (offset // 2) + quote + " b" * 20_000
        assert any(quote in piece for piece in pieces(reply))


@given(
    spaces=st.lists(st.booleans(), max_size=400),
    size=st.integers(20, 80),
    overlap=st.integers(0, 8),
)
def test_pieces_cover_the_text_in_order(spaces: list[bool], size: int, overlap: int) -> None:
    # Every other character is unique, so a piece can be found in one place only.
    text = "".join(
        " " if space and index % 2 else chr(0x4E00 + index) for index, space in enumerate(spaces)
    )
    cut = pieces(text, size, overlap)
    assert all(len(piece) <= size for piece in cut)
    covered = 0
    for piece in cut:
        at = text.index(piece)
        assert at <= max(covered - overlap, 0) or at + overlap == covered
        covered = at + len(piece)
    assert covered == len(text)


def test_every_character_of_a_long_reply_without_spaces_is_covered() -> None:
    reply = "".join(chr(0x4E00 + index % 5000) for index in range(60_000))
    cut = pieces(reply)
    joined = cut[0] + "".join(piece[OVERLAP_CHARACTERS:] for piece in cut[1:])
    assert joined == reply
