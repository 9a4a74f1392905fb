"""The data behind a figure as CSV, fit for spreadsheets and for a link in the page."""

import csv
import io
from collections.abc import Sequence
from urllib.parse import quote

from gemma_distress.analysis.report.figure import Row
from gemma_distress.analysis.report.shown import cell


def csv_text(
    rows: Sequence[Row], left_out: Sequence[str] = ("says", "number", "range", "part")
) -> str:
    """One line for each row under a line of names; what is only the wording of a row is left out."""
    names = [
        name for name in dict.fromkeys(key for row in rows for key in row) if name not in left_out
    ]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([cell(row.get(name)) for name in names] for row in rows)
    return out.getvalue()


def csv_link(text: str) -> str:
    """An address that holds the CSV itself."""
    return "data:text/csv;charset=utf-8," + quote(text, safe="")
