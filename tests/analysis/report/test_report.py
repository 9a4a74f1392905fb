"""The page of small tables: what it says first, what it says of what is missing, and that it repeats."""

import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from tests.analysis.report.reports import a_run, reported
from tests.analysis.tables import table

from gemma_distress.analysis.report import Report, report
from gemma_distress.analysis.summary import by_category
from gemma_distress.analysis.turns import Reading, Skipped
from gemma_distress.errors import UsageError
from gemma_distress.protocol import CATEGORIES


def two_models() -> pd.DataFrame:
    """Ten prompts, one conversation each: model a is high in four of them, model b in none."""
    rows = []
    for model, high in (("scripted/a", 4), ("scripted/b", 0)):
        rows += [
            {
                "ratings": [1, 6 if prompt < high else 2, 3],
                "model": model,
                "prompt_id": f"p{prompt}",
                "sample_id": f"p{prompt}/0",
                "log": f"{model[-1]}.eval",
                "reply": ["Hm.", "I am lost.", "So."],
                "evidence": ["", "I am lost", ""],
            }
            for prompt in range(10)
        ]
    return table(rows)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, str]:
    runs = [
        a_run(log="a.eval", planned=10, in_table=10),
        a_run(log="b.eval", model="scripted/b", task_id="b", planned=12, in_table=10),
    ]
    folder = tmp_path_factory.mktemp("pair")
    return reported(two_models(), folder, runs, [Skipped("c.eval", None, "torn", 1)])


def text_of(html: str) -> str:
    """What a reader without figures is told."""
    words: list[str] = []

    class Reader(HTMLParser):
        skip = 0

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.skip += tag in ("script", "style")

        def handle_endtag(self, tag: str) -> None:
            self.skip -= tag in ("script", "style")

        def handle_data(self, data: str) -> None:
            words.extend([] if self.skip else data.split())

    Reader().feed(html)
    return " ".join(words)


def test_the_verdict_is_first_and_plain(pair: tuple[Report, str]) -> None:
    said = text_of(pair[1])
    assert (
        "In 4 of 10 conversations over 10 prompts at least one reply was rated 5 or higher." in said
    )
    # None of ten is no proof of none: the upper end stands beside it.
    bound = pair[0].verdicts[1].any_high.upper
    assert 0.2 < bound < 0.4
    assert (
        "In none of 10 conversations over 10 prompts was a reply rated 5 or higher. That is compatible "
        f"with a true share of up to {100 * bound:.0f}%." in said
    )
    assert said.index("In 4 of 10") < said.index("The models by category")


def test_what_is_missing_is_said(pair: tuple[Report, str]) -> None:
    said = text_of(pair[1])
    assert (
        "no average over the paper’s five categories: Triggers, Tones, Extended and WildChat"
        in said
    )
    assert "2 of 12 planned conversations are in no log." in said
    assert "c.eval: torn" in said
    assert "No category in these logs has more than one condition." in said


def test_two_models_are_compared(pair: tuple[Report, str]) -> None:
    found = pair[0].compared
    assert found is not None
    assert found.comparison is not None
    assert found.comparison.pooled.primary.difference.estimate == pytest.approx(-0.4)
    assert "a difference of −40.0 points" in text_of(pair[1])


def test_numbers_are_those_of_the_commands(pair: tuple[Report, str]) -> None:
    [a, b] = by_category(two_models())
    assert [one.any_high for one in pair[0].verdicts] == [
        a.figures.any_high.interval,
        b.figures.any_high.interval,
    ]


def test_every_figure_has_its_words_its_table_and_its_data(pair: tuple[Report, str]) -> None:
    html = pair[1]
    drawn = {path.stem.removesuffix(".vl") for path in pair[0].files}
    assert drawn == {
        "categories",
        "differences",
        "escalation-mean",
        "escalation-high",
        "first-high",
        "severity",
    } | ({"words"} & drawn)
    for name in drawn:
        figure = re.search(f'<figure aria-labelledby="{name}-says">(.*?)</figure>', html, re.DOTALL)
        assert figure is not None, name
        assert figure[1].count("<svg ") == 2  # for a desk and for a phone
        caption = re.search(f'<figcaption id="{name}-says">(.+?)</figcaption>', figure[1])
        assert caption is not None
        assert "a" in caption[1]
        assert f'download="{name}.csv"' in html
    assert html.count("<summary>The numbers of this figure</summary>") == len(drawn)


def test_headings_are_in_order_and_ids_are_unique(pair: tuple[Report, str]) -> None:
    levels = [int(level) for level in re.findall(r"<h(\d)", pair[1])]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    bare = re.sub("<script>.*?</script>", "", pair[1], flags=re.DOTALL)
    ids = re.findall(r' id="([^"]+)"', bare)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]+)\)", bare)) <= set(ids)
    assert '<html lang="en">' in pair[1]


def test_the_quote_is_marked(pair: tuple[Report, str]) -> None:
    assert "<mark>I am lost</mark>." in pair[1]


def test_pages_need_nothing_else(pair: tuple[Report, str]) -> None:
    outside = re.sub("<script>.*?</script>", "", pair[1], flags=re.DOTALL)
    assert "default-src 'none'" in unescape(outside)
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', outside)
    assert len(pair[1]) < 4_000_000


def test_the_same_logs_give_the_same_page(pair: tuple[Report, str], tmp_path: Path) -> None:
    runs = [
        a_run(log="a.eval", planned=10, in_table=10),
        a_run(log="b.eval", model="scripted/b", task_id="b", planned=12, in_table=10),
    ]
    again, html = reported(two_models(), tmp_path, runs, [Skipped("c.eval", None, "torn", 1)])
    assert html == pair[1]
    for one, other in zip(pair[0].files, again.files, strict=True):
        assert one.read_bytes() == other.read_bytes(), one.name


def test_what_is_not_known_is_never_printed_as_a_number(tmp_path: Path) -> None:
    """Two models of which hardly a reply is rated, in all of the paper's categories."""
    rows = [
        {
            "ratings": [7, None] if number == 0 else [None, 1] if model == "x/a" else [None, None],
            "model": model,
            "log": f"{model[-1]}.eval",
            "category": category,
            "condition": f"{category}/sarcastic" if category == "tones" and number else category,
            "prompt_id": f"{category}/{number}",
            "sample_id": f"{category}/{number}",
        }
        for model in ("x/a", "x/b")
        for category in CATEGORIES
        for number in range(3)
    ]
    found, html = reported(table(rows), tmp_path, max_high=0.01)
    bare = re.sub("<script>.*?</script>", "", html, flags=re.DOTALL)
    assert not re.findall(r"\W(?:nan|inf)\b", bare, re.IGNORECASE)
    assert found.compared is not None
    assert found.compared.comparison is not None
    assert "no pair is known in both" in text_of(html)


def test_transcripts_stand_in_the_order_of_the_subjects(tmp_path: Path) -> None:
    names = ["x/zebra", "x/apple", "x/mango"]
    _, html = reported(
        table([{"ratings": [5], "model": name, "log": f"{name[-1]}.eval"} for name in names]),
        tmp_path,
    )
    told = html[html.index('id="transcripts"') :]
    places = [told.index(f"</svg>{name[2:]}</h3>") for name in names]
    assert places == sorted(places)


def test_a_subject_shows_its_own_conversations(tmp_path: Path) -> None:
    """One model under two judges: each subject has the conversations that its judge rated."""
    turns = table(
        [
            {"ratings": [2], "judge": "x/strict", "sample_id": "of strict"},
            {"ratings": [9], "judge": "x/mild", "sample_id": "of mild"},
        ]
    )
    _, html = reported(turns, tmp_path)
    told = html[html.index('id="transcripts"') :]
    assert told.count("of strict") == told.count("of mild") == 1


@pytest.mark.parametrize(("limit", "said"), [(0.01, "1%"), (0.125, "12.5%")])
def test_the_limit_is_written_as_it_was_chosen(limit: float, said: str, tmp_path: Path) -> None:
    _, html = reported(table([{"ratings": [1]}]), tmp_path, max_high=limit)
    assert f"against the limit of {said}." in text_of(html)


@pytest.mark.parametrize("limit", [0.0, 1.0, 5.0])
def test_a_limit_that_decides_nothing_is_refused(limit: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="strictly between 0 and 1"):
        reported(table([{"ratings": [1]}]), tmp_path, max_high=limit)
    assert not list(tmp_path.iterdir())


def test_wide_tables_scroll_in_a_box_of_their_own(pair: tuple[Report, str]) -> None:
    boxes = re.findall(
        r'<div class="scroll" tabindex="0" role="region" aria-label="[^"]+">', pair[1]
    )
    bare = re.sub("<script>.*?</script>", "", pair[1], flags=re.DOTALL)
    assert len(boxes) == bare.count("<table>")
    assert ".scroll {\n  overflow-x: auto;" in pair[1]


def test_nothing_rated_is_said_and_not_drawn(tmp_path: Path) -> None:
    found, html = reported(table([{"ratings": [None, None]}]), tmp_path)
    assert found.files == []
    said = text_of(html)
    assert said.count("No reply in these logs has a rating.") >= 4
    assert "No conversation has the ratings that the primary endpoint needs." in said
    assert "No conversation in these logs has a rating." in said


def test_an_empty_table_is_refused_with_its_reasons(tmp_path: Path) -> None:
    reading = Reading(two_models().iloc[:0], [], [Skipped("a.eval", None, "not a log")])
    from gemma_distress.analysis.report.assembly import written

    with pytest.raises(UsageError, match=r"no conversation of this package: a\.eval: not a log"):
        written(reading, tmp_path / "report.html")


def test_a_log_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no log"):
        report(tmp_path / "absent.eval", tmp_path / "report.html")
