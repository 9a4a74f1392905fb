"""What ended a conversation, in a line."""

import pytest

from gemma_distress.analysis.logs.endings import ending, error_line


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("", ""),
        ("CancelledError()", "interrupted"),
        ("Cancelled('by the user')", "interrupted"),
        ("ValueError('two\n lines')", "ValueError('two lines')"),
        # As Inspect writes a provider's error: the request, an empty line, the provider's words.
        (
            "ModelGenerateError('\\nRequest:\\n{\\n  \"messages\": []\\n}\\n\\nBadRequestError(\\'no\\')')",
            "BadRequestError('no')",
        ),
        ("at https://me:pass@host/v1?key=1 nothing", "at https://host/v1 nothing"),
    ],
)
def test_the_line_is_what_the_provider_said(message: str, line: str):
    assert error_line(message) == line


def test_a_long_message_is_cut_where_one_sees_it():
    assert error_line("x" * 500) == "x" * 199 + "…"


def test_errors_come_before_limits_and_neither_is_nothing():
    assert ending({"error": {"message": "E"}, "limit": {"type": "time"}}) == "E"
    assert ending({"error": {}, "limit": None}) == "error"
    assert ending({"limit": {"type": "time", "limit": 1}}) == "limit: time"
    assert ending({"error": None}) == ending({}) == ""
