"""Cut a long reply into overlapping pieces, so that a judge reads all of it.

Peers cut replies at a few thousand characters and so miss the breakdown at the end, which is where it
usually is. Pieces overlap so that a quote on a cut stands whole in one of them.
"""

PIECE_CHARACTERS = 24_000
"""About 6,000 tokens of English: more than a 2,048-token reply can hold, well within any judge's context."""

OVERLAP_CHARACTERS = 1_000
"""Far longer than the longest quote a judge is asked for (20 words)."""


def pieces(text: str, size: int = PIECE_CHARACTERS, overlap: int = OVERLAP_CHARACTERS) -> list[str]:
    """The text in order as pieces of at most `size` characters, neighbours sharing `overlap` or more."""
    if len(text) <= size:
        return [text]
    cut: list[str] = []
    start = 0
    while start + size < len(text):
        end = start + size
        # Cut between words where there is one near by.
        space = max(
            text.rfind(" ", start + overlap + 1, end), text.rfind("\n", start + overlap + 1, end)
        )
        if end - space < overlap:
            end = space
        cut.append(text[start:end])
        start = end - overlap
    cut.append(text[start:])
    return cut
