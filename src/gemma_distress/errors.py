"""The one error a user of this package is meant to read.

Whatever a user can mend (a misspelt argument, a malformed file, a missing source) is raised as
`UsageError`: a sentence that says what happened, where, and what to do next. Commands print it
without a traceback. It derives from `ValueError` so that a caller who knows nothing of this package
still catches the usual thing. Everything else is a defect and keeps its traceback.
"""


class UsageError(ValueError):
    """A mistake the user can mend, told in whole sentences."""


def sentence(error: Exception | str) -> str:
    """The start of a library's message, as a sentence."""
    line = " ".join(str(error).split())[:300] or type(error).__name__
    return line if line.endswith((".", "!", "?")) else f"{line}."


def inspect_sentence(error: BaseException) -> str:
    """A message of Inspect's, which may carry markup and a heading, as a sentence in plain text."""
    import contextlib

    from rich.errors import MarkupError
    from rich.text import Text

    plain = str(getattr(error, "message", None) or error) or type(error).__name__
    with contextlib.suppress(MarkupError):
        plain = Text.from_markup(plain).plain
    line = " ".join(plain.split()).removeprefix("ERROR: ").removeprefix("Error: ")
    return line if line.endswith((".", "!", "?")) else f"{line}."
