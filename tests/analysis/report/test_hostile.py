"""A log may hold anything: whatever it holds, the page shows it as text, runs nothing and loads nothing."""

import csv
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from tests.analysis.report.reports import a_run, reported
from tests.analysis.tables import table

from gemma_distress.analysis.report import Report
from gemma_distress.analysis.turns import Skipped

RUN = "document.title='taken over'"
ATTACK = (
    f'<script>{RUN}</script></script><script>{RUN}</script><img src=x onerror="{RUN}">'
    f"</style></title>--><svg onload={RUN}>]]><!--<script> ' \" \\ \u2028 \u202e {{{{7*7}}}} "
    f"{{% raw %}} &lt;b&gt; javascript:alert(1) \x00 =cmd()|'/C calc'!A1"
)
"""Ends every element it could stand in, and would change the page's title if any of it ran."""

FORMULA = "=cmd()" + ATTACK
CHROMIUM = (
    shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)


def hostile_table() -> pd.DataFrame:
    """Two hostile models with a hostile word for everything that a log may name."""
    conversations = [
        {
            "ratings": [rating, None, 9 - rating],
            "model": f"{FORMULA}{number % 2}",
            "category": f"numeric{ATTACK}" if number < 4 else "tones",
            "condition": f"numeric{ATTACK}" if number < 4 else f"tones/{ATTACK}{number % 3}",
            "prompt_id": f"{ATTACK}{number}",
            "sample_id": f"{FORMULA}{number}",
        }
        for number, rating in enumerate([1, 7, 2, 8, 3, 6, 5, 9])
    ]
    named = ("judge", "judge_version", "rubric", "pack", "log", "run", "task", "tone", "error")
    settings = json.dumps({ATTACK: ATTACK})
    said = (
        "user",
        "reply",
        "evidence",
        "flags",
        "behaviour",
        "outcome",
        "stop_reason",
        "unrated_reason",
    )
    return table(conversations, **dict.fromkeys((*named, *said), ATTACK), settings=settings)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, str]:
    facts = ("log", "model", "task", "category", "command", "status", "error", "pack", "source")
    run = a_run(
        **dict.fromkeys(facts, ATTACK),
        args={ATTACK: ATTACK},
        packages={ATTACK: ATTACK},
        judges=(ATTACK,),
        by_model={ATTACK: next(iter(a_run().by_model.values()))},
    )
    folder = tmp_path_factory.mktemp("hostile")
    return reported(hostile_table(), folder, [run], [Skipped(ATTACK, ATTACK, ATTACK)])


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_no_element_and_no_attribute_of_the_logs(made: tuple[Report, str]) -> None:
    elements = Elements(made[1]).found
    tags = [tag for tag, _ in elements]
    assert tags.count("script") == 2  # the specifications and the page's own
    assert tags.count("style") == tags.count("title") == 1
    assert not {"img", "iframe", "object", "embed", "link", "base", "form"} & set(tags)
    attributes = [(name, value) for _, attrs in elements for name, value in attrs.items()]
    assert not [name for name, _ in attributes if name.startswith("on") or name == "style"]
    links = [value or "" for name, value in attributes if name in ("href", "src")]
    assert all(re.match(r"(#|data:text/csv|report_files/[a-z.-]+$)", link) for link in links)


def test_what_acts_instead_of_showing_is_written_out(made: tuple[Report, str]) -> None:
    assert not {"\u202e", "\u2028", "\x00"} & set(made[1])
    assert "[U+202E]" in made[1]
    assert "{{7*7}}" in made[1]  # the words of a template are words


def test_files_have_names_of_ours_and_cells_are_no_formulas(made: tuple[Report, str]) -> None:
    found = made[0]
    assert {path.parent for path in found.files} == {found.figures}
    assert all(re.fullmatch(r"[a-z-]+\.(svg|png|vl\.json|csv)", path.name) for path in found.files)
    tables = [path for path in found.files if path.suffix == ".csv"]
    assert tables
    for path in tables:
        for row in csv.reader(path.open(encoding="utf-8", newline="")):
            assert not [text for text in row if text.startswith(("=", "+", "@"))]


def test_svg_files_hold_text_only(made: tuple[Report, str]) -> None:
    from xml.etree import ElementTree

    for path in [path for path in made[0].files if path.suffix == ".svg"]:
        tags = {element.tag.rpartition("}")[2] for element in ElementTree.parse(path).iter()}
        assert not {"script", "image", "a", "foreignObject"} & tags


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page in")
def test_a_browser_runs_nothing_of_it_and_draws_the_figures(
    made: tuple[Report, str], tmp_path: Path
) -> None:
    assert CHROMIUM is not None
    seen = subprocess.run(
        [
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--enable-logging=stderr",
            f"--user-data-dir={tmp_path}",
            "--window-size=1000,12000",
            "--virtual-time-budget=20000",
            "--dump-dom",
            made[0].page.resolve().as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    title = re.search("<title>(.*?)</title>", seen.stdout, re.DOTALL)
    assert title is not None
    assert title[1] != "taken over"
    assert "under rejection" in title[1]
    tags = [tag for tag, _ in Elements(seen.stdout).found]
    assert not {"img", "iframe"} & set(tags)
    assert tags.count("script") == 2
    # The policy admits the page's own script and style and stopped nothing, for nothing was tried.
    said = [line for line in seen.stderr.splitlines() if "CONSOLE" in line]
    assert not [line for line in said if "Content Security" in line or "Error" in line], said
    assert "vega-embed" in seen.stdout
