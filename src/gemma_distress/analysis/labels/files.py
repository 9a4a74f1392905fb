"""The files of a labelling: a blind CSV, its key, and an Inspect log to read the same replies in.

* `labels.csv` – a row a reply: `id, user, reply, rating, comment`, the last two to be filled in. It
  holds nothing the judge said. It opens in spreadsheets: a cell that could be taken for a formula
  (one that begins with = + - @, white space aside) gets an apostrophe in front, as does one that
  begins with an apostrophe; reading takes one away. Line breaks stay. UTF-8 with a byte order mark.
* `labels.key.json` – by id, where the reply stands, the judge's rating, its stratum and its chance of
  being drawn. It is not for who labels.
* an Inspect log – a sample a reply, by the same ids, without ratings; for `inspect view`.

Reading is strict, because a label under a wrong id looks like any other: every mistake is told with
its line. A reply's letters and digits must be those that were drawn under its id, which finds
columns that were sorted apart.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gemma_distress.analysis.labels.draw import Draw
from gemma_distress.analysis.labels.key import Key, key_of, key_path, letters_hash
from gemma_distress.analysis.labels.log import write_log
from gemma_distress.errors import UsageError
from gemma_distress.protocol import MAX_RATING, MIN_RATING

COLUMNS = ("id", "user", "reply", "rating", "comment")
LONGEST_CELL = 32_767
"""Characters that Excel keeps of a cell; what is longer it breaks."""

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_MOST_TOLD = 5


@dataclass(frozen=True)
class Labels:
    """One person's ratings by id; `blank` counts rows without one."""

    rater: str
    ratings: dict[str, int]
    blank: int


def label_files(file: Path, log: Path | None = None) -> tuple[Path, ...]:
    """The files that `write_labels` will write, the CSV, the key and the log; makes their folders.

    Raises:
        UsageError: One of the files exists already (labels may be in it), a name does not fit, or a
            folder cannot be made.
    """
    if file.suffix.lower() != ".csv":
        raise UsageError(f"{file} is not named as a CSV. Give --output a name that ends in .csv.")
    if log is not None and log.suffix != ".eval":
        raise UsageError(f"{log} is not named as a log. Give --log a name that ends in .eval.")
    targets = (file, key_path(file), *([log] if log else []))
    with _writing():
        for target in targets:
            if target.exists():
                raise UsageError(
                    f"{target} exists already and may hold labels. Give another name, or remove it."
                )
            target.parent.mkdir(parents=True, exist_ok=True)
    return targets


def write_labels(draw: Draw, file: Path, log: Path | None = None) -> tuple[Path, ...]:
    """Write the CSV, the key and, if asked, the log; returns their paths.

    Raises:
        UsageError: As `label_files`, or a file cannot be written.
    """
    targets = label_files(file, log)
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for item in draw.items:
        writer.writerow([item.id, safe_cell(item.user), safe_cell(item.reply), "", ""])
    with _writing():
        file.write_bytes(text.getvalue().encode("utf-8-sig", "replace"))
        targets[1].write_text(key_of(draw).model_dump_json(indent=1) + "\n", encoding="utf-8")
        if log is not None:
            write_log(draw, log)
    return targets


@contextmanager
def _writing() -> Iterator[None]:
    """What the system refuses, as a user's mistake."""
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"Nothing can be written at {error.filename or 'their place'} ({error.strerror}). Name files in "
            "a folder that can be written to, with --output and --log."
        ) from error


def read_labels(file: Path, key: Key) -> Labels:
    """One person's labels, checked row by row; the file's name without ending names the rater.

    Raises:
        UsageError: The file cannot be read, lacks the columns id or rating, or has rows with an
            unknown or repeated id, a rating that is no whole number from 0 to 10, or another reply
            than the one drawn.
    """
    rows = _rows(file)
    _, header = next(rows, (1, []))
    names = [name.strip().lower() for name in header]
    lacking = [name for name in ("id", "rating") if names.count(name) != 1]
    if lacking:
        raise UsageError(
            f"{file}, line 1, names the columns {', '.join(names) or '(none)'}; it must name "
            f"{' and '.join(lacking)} once. Keep the first line that `gemma-distress label` wrote."
        )
    ratings: dict[str, int] = {}
    lines: dict[str, int] = {}
    wrong: list[str] = []
    for line, cells in rows:
        row = dict(zip(names, cells, strict=False))
        if not any(cell.strip() for cell in cells):
            continue
        id_, given = row.get("id", "").strip(), row.get("rating", "").strip()
        place = f"line {line} ({id_})" if id_ else f"line {line}"
        if id_ not in key.items:
            wrong.append(f"{place}: no reply was drawn under this id")
            continue
        if id_ in lines:
            wrong.append(f"{place}: the id stands in line {lines[id_]} already")
            continue
        lines[id_] = line
        reply = row.get("reply")
        if (
            reply is not None
            and len(reply) < LONGEST_CELL
            and letters_hash(plain_cell(reply)) != key.items[id_].letters
        ):
            wrong.append(f"{place}: not the reply that was drawn under this id")
        if not given:
            continue
        rating = _rating(plain_cell(given))
        if rating is None:
            wrong.append(
                f"{place}: {given[:20]!r} is no whole number from {MIN_RATING} to {MAX_RATING}"
            )
            continue
        ratings[id_] = rating
    if wrong:
        more = f", and {len(wrong) - _MOST_TOLD} more" if len(wrong) > _MOST_TOLD else ""
        raise UsageError(
            f"{file} cannot be used: {'; '.join(wrong[:_MOST_TOLD])}{more}. Mend the lines; sort whole "
            "rows only, and save as CSV in UTF-8."
        )
    return Labels(file.stem, ratings, len(lines) - len(ratings))


def safe_cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    start = text.lstrip()[:1]
    return f"'{text}" if start in ("'", *_FORMULA) and start else text


def plain_cell(cell: str) -> str:
    """The text of a cell, without the apostrophe that `safe_cell` put in front."""
    return cell.removeprefix("'")


def _rating(given: str) -> int | None:
    """A whole number on the scale; spreadsheets may write 7 as 7.0 or 7,0."""
    found = re.fullmatch(r"(\d{1,2})(?:[.,]0+)?", given, re.ASCII)
    if not found or not MIN_RATING <= int(found[1]) <= MAX_RATING:
        return None
    return int(found[1])


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows with the line on which each begins; separated by commas, semicolons or tabs."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"The labels {file} cannot be read ({error.strerror}). Name the CSV with --labels FILE."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not in UTF-8. Save it again as CSV UTF-8.") from error
    first = text.split("\n", 1)[0]
    separator = max(",;\t", key=first.count)
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begins = 1
    try:
        for row in reader:
            yield begins, row
            begins = reader.line_num + 1
    except csv.Error as error:
        raise UsageError(
            f"{file}, line {begins}, cannot be read as CSV ({error}). Save it again as CSV UTF-8."
        ) from error
