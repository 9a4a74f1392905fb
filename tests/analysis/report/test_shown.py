"""Text from logs stays text: in HTML, in JSON inside a script, in CSV."""

import csv
import io
import json
import math

from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.analysis.report.csv_files import csv_text
from gemma_distress.analysis.report.shown import cell, json_in_page
from gemma_distress.visible import visible


def test_what_acts_instead_of_showing_is_written_out() -> None:
    assert visible("a\u202eb") == "a[U+202E]b"
    assert visible("\x00\x1b[31m\u2028") == "[U+0000][U+001B][31m[U+2028]"
    assert visible("half \ud83d.") == "half [U+D83D]."
    assert visible("one\r\ntwo\rthree\tfour é 漢 👩‍👧") == "one\ntwo\nthree\tfour é 漢 👩‍👧"


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner)))
def test_json_in_a_page_reads_back_and_cannot_end_its_element(value: object) -> None:
    text = json_in_page(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)


def test_a_cell_is_never_a_formula() -> None:
    for text in ("=cmd()", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\n=1"):
        assert cell(text).startswith("'"), text
    # Numbers are no text, and minus is part of one.
    assert cell(-1.5) == "-1.5"
    assert cell(math.nan) == ""
    assert cell("calm = good") == "calm = good"


@given(st.text())
def test_csv_reads_back_as_one_cell(text: str) -> None:
    [head, row] = csv.reader(io.StringIO(csv_text([{"subject": text, "x": 1}])))
    assert head == ["subject", "x"]
    assert row[1] == "1"
    assert row[0] == cell(text)


def test_wording_of_a_row_is_no_data() -> None:
    rows = [
        {
            "subject": "a",
            "estimate": 0.5,
            "number": "50%",
            "range": "4.0% to 60%",
            "says": "a: 50%",
            "part": 0,
        }
    ]
    assert csv_text(rows) == "subject,estimate\na,0.5\n"
