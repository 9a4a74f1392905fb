"""Drawing replies, the blind files, and labels read back: a round trip with hostile text."""

from __future__ import annotations

import csv
import io
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspect_ai.log import read_eval_log
from tests.analysis.tables import table

from gemma_distress.analysis.labels.draw import allocate, draw
from gemma_distress.analysis.labels.files import (
    label_files,
    plain_cell,
    read_labels,
    safe_cell,
    write_labels,
)
from gemma_distress.analysis.labels.key import key_of, read_key
from gemma_distress.analysis.labels.labelled import labelled
from gemma_distress.errors import UsageError

HOSTILE = (
    '=HYPERLINK("http://x", "7")',
    "+1 to that",
    "-5 is the answer",
    "@SUM(A1)",
    "'quoted' from the start",
    'two\nlines, and a "quote"; with; semicolons',
    "carriage\r\nreturn\tand tab",
    " \n=late formula",
    "ünï😀 <script>alert(1)</script>",
    "＝full width",
)


def turns(calm: int = 60, high: int = 12, categories: tuple[str, ...] = ("numeric", "tones")):  # type: ignore[no-untyped-def]
    """Conversations of three turns: calm ones rated 0, 1, 2 and others rated 4, 5, 8."""
    conversations: list[dict[str, Any]] = []
    for number in range(calm + high):
        ratings = [0, 1, 2] if number < calm else [4, 5, 8]
        texts = [f"{HOSTILE[number % len(HOSTILE)]} {number} {turn}" for turn in range(3)]
        conversations.append(
            {
                "ratings": ratings,
                "reply": texts,
                "category": categories[number % len(categories)],
                "prompt_id": f"prompt-{number % 9}",
            }
        )
    return table(conversations)


def fill(file: Path, ratings: Any, separator: str = ",", encoding: str = "utf-8-sig") -> None:
    """Fill the column rating, as a spreadsheet would save it."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), delimiter=separator)
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"rating": ratings(row)})
    file.write_bytes(text.getvalue().encode(encoding))


def test_bands_get_equal_labels_and_every_stratum_two() -> None:
    sizes = {("0–2", "a"): 900, ("0–2", "b"): 100, ("5–6", "a"): 50, ("7–10", "a"): 1}
    labels = allocate(sizes, 41)
    # One of 7–10 is all there is; of the other 40 each band gets 20, of 0–2 as nine to one.
    assert labels == {("0–2", "a"): 18, ("0–2", "b"): 2, ("5–6", "a"): 20, ("7–10", "a"): 1}
    assert allocate(sizes, 10_000) == sizes
    with pytest.raises(UsageError, match=r"6 labels are too few.* 7 in all"):
        allocate(sizes, 6)


def test_a_draw_has_known_chances_and_repeats() -> None:
    frame = turns()
    found = draw(frame, 40, seed=3)
    assert len(found.items) == 40
    assert sum(1 / item.probability for item in found.items) == pytest.approx(72 * 3)
    assert len({item.id for item in found.items}) == 40
    again = draw(frame.sample(frac=1, random_state=1), 40, seed=3)
    assert again.items == found.items
    assert draw(frame, 40, seed=4).items != found.items
    high = sum(item.rating >= 5 for item in found.items)
    assert high / 40 >= 0.45  # a ninth of the replies


def test_chances_are_what_happens() -> None:
    # A reply of band 0–2, category numeric: 90 of them; how often it is drawn in 100 draws.
    frame = turns()
    item = draw(frame, 40).items
    chance = next(i.probability for i in item if i.stratum == ("0–2", "numeric"))
    drawn = np.zeros(100)
    for seed in range(100):
        drawn[seed] = sum(
            i.sample_id.startswith("prompt-0/numeric/000") for i in draw(frame, 40, seed).items
        )
    # Three replies of that conversation; four standard errors.
    error = math.sqrt(3 * chance / 100)
    assert drawn.mean() == pytest.approx(3 * chance, abs=4 * error)


def test_unrated_and_empty_replies_are_not_drawn() -> None:
    frame = table([{"ratings": [1, None, 2], "reply": ["a", "b", " "]}] * 4)
    found = draw(frame, 100)
    assert {item.turn for item in found.items} == {1}
    assert found.unrated == 4


def test_two_judges_are_not_drawn_from() -> None:
    frame = table([{"ratings": [1], "judge": "x/a"}, {"ratings": [1], "judge": "x/b"}])
    with pytest.raises(UsageError, match=r"x/a.*x/b.*not pooled"):
        draw(frame)


def test_the_files_are_blind_and_safe(tmp_path: Path) -> None:
    found = draw(turns(), 40)
    file = tmp_path / "labels.csv"
    paths = write_labels(found, file, tmp_path / "log" / "labels.eval")
    assert [path.name for path in paths] == ["labels.csv", "labels.key.json", "labels.eval"]
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.DictReader(source))
    by_id = {item.id: item for item in found.items}
    assert list(rows[0]) == ["id", "user", "reply", "rating", "comment"]
    for row in rows:
        assert (row["rating"], row["comment"]) == ("", "")
        assert plain_cell(row["reply"]) == by_id[row["id"]].reply
        assert row["reply"].lstrip()[:1] not in "=+-@＝"
        assert "numeric" not in row["id"]
    # Strata are shuffled: those who label meet no stratum as a block.
    strata = [item.stratum for item in found.items]
    assert sum(a != b for a, b in itertools.pairwise(strata)) > 20
    log = read_eval_log(paths[2])
    assert log.status == "success"
    assert log.samples is not None
    assert {sample.id for sample in log.samples} == set(by_id)
    for sample in log.samples:
        assert [m.role for m in sample.messages] == ["user", "assistant"]
        assert sample.messages[1].text == by_id[str(sample.id)].reply
        assert not sample.scores
        assert not sample.metadata
    assert "gemma_distress/lexical" not in log.model_dump_json()


def test_labels_already_there_are_not_written_over(tmp_path: Path) -> None:
    found = draw(turns(), 40)
    (tmp_path / "labels.key.json").write_text("mine")
    with pytest.raises(UsageError, match=r"labels\.key\.json exists already and may hold labels"):
        write_labels(found, tmp_path / "labels.csv")
    assert not (tmp_path / "labels.csv").exists()
    with pytest.raises(UsageError, match=r"ends in \.csv"):
        write_labels(found, tmp_path / "labels.xlsx")


@pytest.mark.parametrize("name", ["file/labels.csv", "file/below/labels.csv", f"{'n' * 300}.csv"])
def test_a_place_that_cannot_be_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UsageError, match=r"Nothing can be written at .*--output"):
        write_labels(draw(turns(), 40), tmp_path / name)
    with pytest.raises(UsageError, match=r"Nothing can be written at .*--log"):
        label_files(tmp_path / "labels.csv", (tmp_path / name).with_suffix(".eval"))


@pytest.mark.parametrize(
    ("separator", "encoding"), [(",", "utf-8-sig"), (";", "utf-8"), ("\t", "utf-8")]
)
def test_labels_come_back_to_their_replies(tmp_path: Path, separator: str, encoding: str) -> None:
    frame = turns()
    found = draw(frame, 40)
    file, key_file = write_labels(found, tmp_path / "anna.csv")
    truth = {item.id: int(min(item.rating + 1, 10)) for item in found.items}
    blank = found.items[5].id
    fill(
        file,
        lambda row: "" if row["id"] == blank else f" {truth[row['id']]}.0",
        separator,
        encoding,
    )
    key = read_key(key_file)
    labels = read_labels(file, key)
    assert labels.rater == "anna"
    assert labels.blank == 1
    assert labels.ratings == {id_: r for id_, r in truth.items() if id_ != blank}
    joined = labelled(frame, [labels], key)
    rows = joined.twice.replies
    assert len(rows) == 39
    assert (rows["a"] - rows["b"] == 1).all()
    assert rows["weight"].sum() == pytest.approx(72 * 3)
    assert (joined.represented, joined.blank, joined.not_found) == (1, 1, 0)
    assert str(joined.twice.a) == "anna"
    # The same labels examine another judge of the same replies.
    other = frame.assign(judge=pd.Categorical(["x/other"] * len(frame)), rating=9.0)
    assert (labelled(other, [labels], key).twice.replies["b"] == 9).all()


def test_several_raters_give_one_reference(tmp_path: Path) -> None:
    frame = turns()
    found = draw(frame, 40)
    file, key_file = write_labels(found, tmp_path / "anna.csv")
    blind = file.read_bytes()
    fill(file, lambda row: 3)
    (tmp_path / "ben.csv").write_bytes(blind)
    fill(tmp_path / "ben.csv", lambda row: 7 if row["id"].endswith("1") else "")
    key = read_key(key_file)
    both = [read_labels(tmp_path / name, key) for name in ("anna.csv", "ben.csv")]
    joined = labelled(frame, both, key)
    assert joined.names == ("anna", "ben")
    assert set(joined.twice.replies["a"]) == {3}
    weights, own = joined.weights(joined.raters[1]), ~np.isnan(joined.raters[1])
    assert own.sum() == 4  # ids end in 1 four times in forty
    # Together with the replies of strata in which ben has no label they stand for all.
    assert np.nansum(weights) == pytest.approx(72 * 3)
    touched = {stratum for stratum, has in zip(joined.strata, own, strict=True) if has}
    stand = [has or stratum not in touched for stratum, has in zip(joined.strata, own, strict=True)]
    assert list(~np.isnan(weights)) == stand
    with pytest.raises(UsageError, match="named alike"):
        labelled(frame, [both[0], both[0]], key)


def test_strata_without_labels_keep_the_replies_drawn_of_them(tmp_path: Path) -> None:
    frame = turns()
    file, key_file = write_labels(draw(frame, 40), tmp_path / "anna.csv")
    key = read_key(key_file)
    fill(file, lambda row: "" if key.items[row["id"]].stratum[0] == "5–6" else 1)
    joined = labelled(frame, [read_labels(file, key)], key)
    rows = joined.twice.replies
    unlabelled = rows[rows["a"].isna()]
    assert set(unlabelled["b"]) == {5}
    assert unlabelled["weight"].sum() == pytest.approx(12)
    assert rows["weight"].sum() == pytest.approx(72 * 3)
    assert joined.represented == pytest.approx(204 / 216)
    assert (joined.not_found, joined.blank) == (0, len(unlabelled))


@pytest.fixture
def filled(tmp_path: Path) -> tuple[Path, Any]:
    file, key_file = write_labels(draw(turns(), 40), tmp_path / "labels.csv")
    fill(file, lambda row: 3)
    return file, read_key(key_file)


def edited(file: Path, change: Any) -> None:
    with file.open(encoding="utf-8-sig", newline="") as source:
        rows = list(csv.reader(source))
    change(rows)
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    file.write_bytes(text.getvalue().encode("utf-8"))


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("11", "'11' is no whole"),
        ("6.5", "'6.5'"),
        ("high", "'high'"),
        ("-1", "'-1'"),
        ("=5", "'=5'"),
        ("٣", "'٣'"),
    ],
)
def test_what_is_no_rating_is_told_with_its_line(
    filled: tuple[Path, Any], cell: str, words: str
) -> None:
    file, key = filled
    edited(file, lambda rows: rows[1].__setitem__(3, cell))
    with pytest.raises(UsageError, match=f"labels.csv cannot be used: line 2 .*{words}"):
        read_labels(file, key)


def test_lines_count_line_breaks_within_replies(filled: tuple[Path, Any]) -> None:
    file, key = filled
    edited(file, lambda rows: rows[-1].__setitem__(3, "x"))
    lines = file.read_text(encoding="utf-8").split("\n")
    last = max(
        i for i, line in enumerate(lines, 1) if line.startswith(f"{sorted(key.items)[0][:6]}-")
    )
    with pytest.raises(UsageError, match=f"line {last} "):
        read_labels(file, key)


def test_rows_that_do_not_fit_are_refused(filled: tuple[Path, Any]) -> None:
    file, key = filled

    def wrong(rows: list[list[str]]) -> None:
        rows[1][0] = "nobody-1"
        rows[3][0] = rows[2][0]

    before = file.read_bytes()
    edited(file, wrong)
    with pytest.raises(UsageError, match=r"no reply was drawn under this id.*stands in line"):
        read_labels(file, key)
    file.write_bytes(before)

    def sorted_apart(rows: list[list[str]]) -> None:
        replies = [row[2] for row in rows[1:]]
        for row, reply in zip(rows[1:], replies[1:] + replies[:1], strict=True):
            row[2] = reply

    edited(file, sorted_apart)
    with pytest.raises(
        UsageError, match=r"not the reply that was drawn.*and 35 more\..*sort whole rows"
    ):
        read_labels(file, key)
    file.write_bytes(before)
    edited(file, lambda rows: rows[0].__setitem__(3, "score"))
    with pytest.raises(UsageError, match=r"line 1, .* must name rating once"):
        read_labels(file, key)
    file.write_bytes("id,rating\nü,1".encode("latin-1"))
    with pytest.raises(UsageError, match="not in UTF-8"):
        read_labels(file, key)
    with pytest.raises(UsageError, match="cannot be read"):
        read_labels(file.with_name("absent.csv"), key)


def test_a_key_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--key FILE"):
        read_key(tmp_path / "absent.key.json")
    key = json.loads(key_of(draw(turns(), 40)).model_dump_json())
    next(iter(key["items"].values()))["probability"] = 0
    (tmp_path / "bad.key.json").write_text(json.dumps(key))
    with pytest.raises(UsageError, match=r"not the key of a labelling \(items\..*probability"):
        read_key(tmp_path / "bad.key.json")


def test_labels_of_other_logs_are_refused(filled: tuple[Path, Any]) -> None:
    file, key = filled
    labels = read_labels(file, key)
    other = turns().assign(reply="Another text.")
    with pytest.raises(UsageError, match="hold none of the 40 labelled replies"):
        labelled(other, [labels], key)
    twice = pd.concat([turns(), turns()])
    with pytest.raises(UsageError, match="2 times"):
        labelled(twice, [labels], key)


@given(st.text())
def test_cells_come_back_and_are_never_formulas(text: str) -> None:
    cell = safe_cell(text)
    assert plain_cell(cell) == text
    assert cell.lstrip()[:1] not in ("=", "+", "-", "@", "＝", "＋", "－", "＠")
