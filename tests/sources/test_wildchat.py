"""Drawing from local sources: filters, marks, repetition, the pinned file and what is refused."""

import gzip
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.errors import UsageError
from gemma_distress.sources import draw
from gemma_distress.sources.filters import load_filters


def row(text: object, language: str = "English", **extra: object) -> dict:
    return {
        "conversation_hash": "ab12",
        "conversation": [
            {"role": "user", "content": text, "language": language},
            {"role": "assistant", "content": "Certainly."},
            {"role": "user", "content": "This second message is never taken as a prompt."},
        ],
        "language": language,
        **extra,
    }


def plain(count: int) -> list[dict]:
    return [row(f"Explain the history of town number {n} please") for n in range(count)]


def write(path: Path, rows: list[dict]) -> str:
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return str(path)


def texts(source: str, count: int, cache: Path, seed: int = 3) -> list[str]:
    return [prompt.text for prompt in draw(source, count, seed, cache).prompts]


# Lengths by hand: "a" * 19 is one short of 20; "a" * 500 just fits. "abcdefghij" + ten digits is
# exactly half alphabetic, one letter less of twenty is 9/20 < 1/2.
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a" * 19, "not 20-500 characters"),
        ("  " + "a" * 19 + "\n", "not 20-500 characters"),
        ("a" * 20, None),
        ("a" * 500, None),
        ("a" * 501, "not 20-500 characters"),
        ("abcdefghij0123456789", None),
        ("abcdefghi00123456789", "too few alphabetic characters"),
        ("How was the Enigma cipher EXPLOITED in war?", "an excluded word"),
        ("Ideas for a weekend hackathon at school", "an excluded word"),
        ("Where do I keep the passwords of a family?", "an excluded word"),
        ("Erkläre mir bitte die Geschichte Böhmens", None),
    ],
)
def test_filters_at_their_edges(text, reason):
    assert load_filters().reason_against(text.strip()) == reason


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("Please ACT  AS a Linux terminal for me", ("act as",)),
        ("Let us do some roleplaying together now", ("role-play*",)),
        ("a role play about two bakers in Paris", ("role-play*",)),
        ("write some fanfiction about my two cats", ("fan-fiction*", "fan-fic*")),
        ("the chemical reaction as described here", ()),
        ("He has a good imagination for numbers", ()),
        ("Our factory has a two-storey building", ()),
        ("We need facts about the history of Rome", ()),
    ],
)
def test_roleplay_is_marked_by_whole_words(text, matched):
    assert set(load_filters().roleplay_matches(text)) == set(matched)


def test_roleplay_stays_in_the_draw_with_a_mark(tmp_path):
    rows = [row("Write a screenplay about a lonely lighthouse keeper"), *plain(1)]
    drawn = draw(write(tmp_path / "w.jsonl", rows), 2, 0, tmp_path / "cache")
    marks = {prompt.text[:5]: (prompt.roleplay, prompt.matched) for prompt in drawn.prompts}
    assert marks == {"Write": (True, ("screenplay*",)), "Expla": (False, ())}


def test_counts_say_what_was_dropped(tmp_path):
    rows = [
        *plain(3),
        row("  EXPLAIN the history of   town number 1 please"),  # repeats the second
        row("Raconte-moi l'histoire de cette ville", language="French"),
        row("short"),
        {"conversation": [{"role": "assistant", "content": "x"}], "language": "English"},
    ]
    drawn = draw(write(tmp_path / "w.jsonl", rows), 3, 0, tmp_path / "cache")
    assert (drawn.scanned, drawn.kept) == (7, 3)
    assert drawn.dropped == {
        "a repeated text": 1,
        "not marked English": 1,
        "not 20-500 characters": 1,
        "no user message": 1,
    }
    with pytest.raises(UsageError, match=r"only 3 distinct prompts pass.*not marked English: 1"):
        draw(str(tmp_path / "w.jsonl"), 4, 0, tmp_path / "cache")


def test_the_draw_is_of_the_texts_not_of_their_order_or_file_format(tmp_path):
    rows = plain(60)
    shuffled = random.Random(1).sample(rows, len(rows))
    lines = write(tmp_path / "a.jsonl", rows)
    (tmp_path / "b.json").write_text(json.dumps(shuffled, indent=1), encoding="utf-8")
    with gzip.open(tmp_path / "c.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(r) + "\n" for r in shuffled)
    folder = tmp_path / "d"
    folder.mkdir()
    write(folder / "1.jsonl", shuffled[:20])
    write(folder / "2.jsonl", shuffled[20:])
    (folder / "README.md").write_text("not data")
    sources = [lines, str(tmp_path / "b.json"), str(tmp_path / "c.jsonl.gz"), str(folder)]
    draws = [texts(source, 10, tmp_path / "cache") for source in sources]
    assert draws[0] == draws[1] == draws[2] == draws[3]
    assert texts(lines, 4, tmp_path / "cache") == draws[0][:4]
    assert texts(lines, 10, tmp_path / "cache", seed=4) != draws[0]


def test_every_prompt_is_drawn_about_equally_often(tmp_path):
    source = write(tmp_path / "w.jsonl", plain(10))
    seen = dict.fromkeys((f"number {n} " for n in range(10)), 0)
    for seed in range(300):
        for text in texts(source, 2, tmp_path / "cache", seed):
            seen[next(key for key in seen if key in text)] += 1
    # 600 draws over 10 prompts: 60 each, sd sqrt(300 * .2 * .8) = 6.9; 4 sd either side.
    assert all(32 < number < 88 for number in seen.values()), seen


def test_parquet_gives_the_same_draw(tmp_path):
    pa = pytest.importorskip("pyarrow", reason="the extra `wildchat` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = plain(600)
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "w.parquet")
    source = write(tmp_path / "w.jsonl", rows)
    drawn = draw(str(tmp_path / "w.parquet"), 5, 3, tmp_path / "cache")
    assert drawn.scanned == 600
    assert [prompt.text for prompt in drawn.prompts] == texts(source, 5, tmp_path / "cache")
    parquet.write_table(pa.table({"text": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(UsageError, match="no column conversation and no column language"):
        draw(str(tmp_path / "other.parquet"), 1, 0, tmp_path / "cache")
    torn = tmp_path / "torn.parquet"
    torn.write_bytes((tmp_path / "w.parquet").read_bytes()[:-100])
    with pytest.raises(UsageError, match=r"torn\.parquet breaks off"):
        draw(str(torn), 1, 0, tmp_path / "cache")


def test_malformed_lines_are_counted_and_named(tmp_path, caplog):
    path = tmp_path / "w.jsonl"
    lines = [json.dumps(r) for r in plain(3)]
    path.write_text("\n".join(["{broken", lines[0], '"text"', lines[1], lines[2][:-5]]))
    drawn = draw(str(path), 2, 0, tmp_path / "cache")
    assert (drawn.scanned, drawn.malformed, drawn.kept) == (5, 3, 2)
    assert "3 of 5 rows" in caplog.text
    assert "line 1 is not JSON" in caplog.text


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("", "holds no row"),
        ("hello\nworld\n", r"2 of 2 rows could not be read.*line 1 is not JSON"),
        ('{"text": "a"}\n', "has no list `conversation`"),
        ('{"conversation": ["hi"], "language": "English"}\n', "not {role, content}"),
        ('[{"conversation": [], "language": "English"},\n {"conv', r"not whole JSON.*line 2"),
    ],
)
def test_files_without_a_readable_row_are_refused(content, match, tmp_path):
    (tmp_path / "w.json").write_text(content)
    with pytest.raises(UsageError, match=match):
        draw(str(tmp_path / "w.json"), 1, 0, tmp_path / "cache")


def test_places_that_hold_nothing_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    for source, match in [
        (str(tmp_path / "no.jsonl"), "does not exist"),
        (" ", "does not exist"),
        (str(tmp_path / "empty"), "holds no data file"),
    ]:
        with pytest.raises(UsageError, match=match):
            draw(source, 1, 0, tmp_path / "cache")
    with pytest.raises(UsageError, match="ask for 1 or more"):
        draw(None, 0, 0, tmp_path / "cache")
    torn = tmp_path / "t.jsonl.gz"
    torn.write_bytes(gzip.compress(b"x" * 10 + random.Random(0).randbytes(9000))[:3000])
    with pytest.raises(UsageError, match="gzip file"):
        draw(str(torn), 1, 0, tmp_path / "cache")


def test_the_pinned_file_is_the_draw(tmp_path):
    source = write(tmp_path / "w.jsonl", plain(20))
    first = draw(source, 6, 1, tmp_path / "cache")
    assert draw(source, 6, 1, tmp_path / "cache") == first
    # Carried to another machine as a source it gives the same prompts, or the first of them.
    carried = tmp_path / "carried.json"
    carried.write_bytes(first.path.read_bytes())
    again = draw(str(carried), 4, 99, tmp_path / "elsewhere")
    assert again.prompts == first.prompts[:4]
    assert (again.source, again.fingerprint) == (first.source, first.fingerprint)
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(UsageError, match="holds 6 prompts, and 7 were asked for"):
        draw(str(carried), 7, 1)


def test_a_damaged_pin_is_drawn_again_and_refused_as_a_source(tmp_path, caplog):
    source = write(tmp_path / "w.jsonl", plain(20))
    first = draw(source, 6, 1, tmp_path / "cache")
    whole = first.path.read_text(encoding="utf-8")
    for damaged in (whole[: len(whole) // 2], whole.replace("town", "city", 1)):
        first.path.write_text(damaged, encoding="utf-8")
        with pytest.raises(UsageError, match=r"refused: (it is cut off|its content was changed)"):
            draw(str(first.path), 2, 1, tmp_path / "cache")
        assert draw(source, 6, 1, tmp_path / "cache") == first
        assert "is drawn again" in caplog.text
        assert first.path.read_text(encoding="utf-8") == whole
    assert list(first.path.parent.glob("*.tmp")) == []


def test_an_edited_source_is_another_source(tmp_path):
    source = write(tmp_path / "w.jsonl", plain(20))
    first = draw(source, 20, 1, tmp_path / "cache")
    write(tmp_path / "w.jsonl", plain(21)[1:])
    second = draw(source, 20, 1, tmp_path / "cache")
    assert second.fingerprint != first.fingerprint
    assert any("number 20 " in prompt.text for prompt in second.prompts)


@given(st.text())
def test_any_text_gets_a_reason_or_a_mark(text):
    filters = load_filters()
    if filters.reason_against(text) is None:
        assert 20 <= len(text) <= 500
        assert sum(c.isalpha() for c in text) * 2 >= len(text)
    assert set(filters.roleplay_matches(text)) <= set(filters.roleplay)
