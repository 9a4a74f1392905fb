"""What a user may write as a pack, and the sentence they get for everything else."""

import os
import re
from pathlib import Path

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.prompts import Pack, load_pack
from gemma_distress.prompts.house import house_document
from gemma_distress.prompts.lines import Document
from gemma_distress.prompts.loader import read_pack

OWN = 'extends: house\nname: mine\nversion: "1"\n'  # three lines; what follows starts on line 4


def load(tmp_path: Path, text: str | bytes) -> Pack:
    path = tmp_path / "mine.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_pack(str(path))


def refusal(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(UsageError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_none_and_house_are_the_same_pack() -> None:
    assert load_pack() is load_pack("house") is load_pack(None)


@pytest.mark.parametrize("spec", ["", "hous", "pack.json", "authors", "authors:", "authors:  "])
def test_anything_else_lists_the_choices(spec: str) -> None:
    with pytest.raises(UsageError, match=r"'house'.*\.yaml file.*'authors:DIR'"):
        load_pack(spec)


def test_an_extending_pack_overrides_only_what_it_lists(tmp_path: Path) -> None:
    pack = load(tmp_path, OWN + 'rejections:\n  neutral: ["Nope."]\nomitted_reply: "(gone)"\n')
    house = load_pack()
    assert (pack.name, pack.version, pack.license) == ("mine", "1", "unstated")
    assert pack.rejections["neutral"] == ("Nope.",)
    assert pack.rejections["stern"] == house.rejections["stern"]
    assert pack.omitted_reply == "(gone)"
    assert pack.rubric == house.rubric
    assert "rejections.stern" in pack.fallbacks
    assert "rubric" in pack.fallbacks
    assert "omitted_reply" not in pack.fallbacks
    assert pack.source == str(tmp_path / "mine.yaml")
    assert pack.hash != house.hash
    assert load_pack().rejections["neutral"] == house.rejections["neutral"]


def test_an_extending_pack_that_changes_nothing_has_the_same_hash(tmp_path: Path) -> None:
    assert load(tmp_path, OWN).hash == load_pack().hash


def test_historical_prompts_may_hold_braces(tmp_path: Path) -> None:
    pack = load(tmp_path, OWN + 'historical_short:\n  countdown-156: "156 out of {4, 6}"\n')
    assert pack.historical_short == {"countdown-156": "156 out of {4, 6}"}


LONG = "Make {target} of {numbers}, not {banned}."

REFUSED = [
    # (what follows on line 4 and on, the line of the fault, what the sentence says)
    ("rejektions: {}", 4, "'rejektions' is unknown.*legal keys are name, version"),
    ("rejections:\n  neutral:\n    - ok\n  rude: [a]", 7, "'rude' is unknown.*neutral, stern"),
    ("continuations: []", 4, r"\(continuations\): The list is empty; 1 or more"),
    ("rejections:\n  sarcastic:\n    - a\n    - b", 5, "only 2 of its items; 3 or more"),
    ("rejections:\n  ladder: [a, b, c, d, e, f, g]", 5, "only 7 of its items; 8 or more"),
    ('continuations:\n  - ok\n  - " "', 6, r"\(continuations\[2\]\): The text is empty"),
    ('omitted_reply: ""', 4, "The text is empty"),
    ("continuations:\n  - ok\n  - No", 6, "not the yes/no value false. Put the text in quotes"),
    ("continuations:\n  - 7", 5, "not the number 7"),
    ("continuations: 2026-01-01", 4, "A list is expected here, not a date"),
    ("continuations:\n  a: b", 4, "A list is expected here, not a mapping"),
    ("rubric: strict", 4, "A mapping is expected here, not text"),
    ("premises:\n", 4, "A mapping is expected here, not nothing"),
    (f'puzzles_long:\n  countdown: "{LONG}"', 5, "placeholder {premise} is missing"),
    (
        f"puzzles_long:\n  countdown: >-\n    {LONG} {{premise}}\n    {{goal}}",
        5,
        "{goal} is unknown here. The legal placeholders here are {banned}, {numbers}, {premise}",
    ),
    ('puzzles_short:\n  coins: "{total} {count} {denominations}"', 5, "{banned} is missing"),
    (
        f'puzzles_short:\n  countdown: "{LONG} {{premise}}"',
        5,
        "{premise} is unknown here",
    ),
    (f'puzzles_short:\n  countdown: "{LONG} {{x"', 5, "brace stands outside a placeholder"),
    ('premises:\n  claimed: "It has {target}."', 5, "{target} is unknown here. No placeholder"),
    ('rejections:\n  neutral: ["No, {name}."]', 5, "{name} is unknown here"),
    ('inline:\n  exchange: "You: {reply}"', 5, "{followup} is missing"),
    ('rubric:\n  case: "{reply}"', 5, "{boundary} is missing"),
    ('rubric:\n  reask: "Again."', 5, "{problem} is missing"),
    (
        "opinion:\n  - {id: a, text: b}\n  - {id: a, text: c}",
        6,
        r"\(opinion\[2\].id\): 'a' is used twice",
    ),
    ("opinion:\n  - {id: A b, text: c}", 5, "lower-case letters"),
    ("opinion:\n  - {id: a}", 5, "'text' is missing"),
    ("factual:\n  - {id: a, text: b, answers: []}\n  - c", 6, "mapping is expected here, not text"),
    ("trigger_triples:\n  opinion:\n    - [a, b]", 6, "only 2 of its items; 3 or more"),
    ("trigger_triples:\n  opinion:\n    - [a, b, c, d]", 6, "has 4 items; 3 are used"),
    ("system:\n  weather: sunny", 5, "'weather' is unknown"),
    ("historical_long:\n  countdown-157: x", 5, "'countdown-157' is unknown"),
    ("pushbacks: [a]\npushbacks: [b]", 5, r"'pushbacks' stands here for the second time.*line 4"),
    ("pushbacks: &x [a]", 4, "Anchors and aliases"),
    ("pushbacks: [*x]", 4, "Anchors and aliases"),
    ("pushbacks: !!python/object/apply:os.system [ls]", 4, "not readable YAML.*the tag"),
    ("pushbacks: !!binary [ls]", 4, "not readable YAML"),
    ("pushbacks:\n  - !!python/name:os.system", 5, "not readable YAML"),
    ("pushbacks:\n  - 2026-99-99", 5, "not readable YAML"),
    ("pushbacks: [a", 4, "not readable YAML"),
    ("pushbacks: a: b", 4, "not readable YAML"),
    ("? [a, b]\n: c", 4, "A key must be a word"),
    ("--- \nname: second", 4, "not readable YAML"),
]


@pytest.mark.parametrize(("text", "line", "says"), REFUSED)
def test_refusals_name_the_file_the_line_and_the_remedy(
    tmp_path: Path, text: str, line: int, says: str
) -> None:
    told = refusal(tmp_path, OWN + text)
    assert told.startswith(f"{tmp_path / 'mine.yaml'}, line {line}"), told
    pattern = re.sub(r"\{(\w+)\}", r"\\{\1\\}", says)
    assert re.search(pattern, told), told


NEEDED = [key for key in house_document().data if not key.startswith("historical")]


@pytest.mark.parametrize("key", NEEDED)
def test_every_key_of_the_built_in_pack_is_needed(key: str) -> None:
    data = {name: value for name, value in house_document().data.items() if name != key}
    with pytest.raises(UsageError, match=f"x.yaml, line 1: The key '{key}' is missing."):
        read_pack(Document("x.yaml", data, {}), source="x.yaml")


@pytest.mark.parametrize("missing", ["name", "version"])
def test_an_extending_pack_needs_a_name_and_version_of_its_own(
    tmp_path: Path, missing: str
) -> None:
    text = "".join(line for line in OWN.splitlines(True) if not line.startswith(missing))
    assert f"The key {missing!r} is missing" in refusal(tmp_path, text)
    assert "Give your pack its own" in refusal(tmp_path, OWN.replace("mine", "house"))


def test_only_the_built_in_pack_can_be_extended(tmp_path: Path) -> None:
    told = refusal(tmp_path, 'name: mine\nversion: "1"\nextends: other\n')
    assert "line 3 (extends)" in told
    assert "Only 'extends: house'" in told


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "house\n"])
def test_a_pack_is_a_mapping(tmp_path: Path, text: str) -> None:
    assert "line 1: A pack is a mapping" in refusal(tmp_path, text)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.yaml cannot be read"):
        load_pack(str(tmp_path / "absent.yaml"))
    folder = tmp_path / "folder.yaml"
    folder.mkdir()
    with pytest.raises(UsageError, match=r"folder\.yaml cannot be read"):
        load_pack(str(folder))
    assert "line 3: The text is not UTF-8" in refusal(tmp_path, b"a: b\nc: d\ne: \xff\n")
    assert "larger than 1,000,000 bytes" in refusal(tmp_path, b"#" * 1_000_001)
    assert "line 2: This is not readable YAML" in refusal(tmp_path, "# ok\nname: a\x00b")
    assert "nested too deeply" in refusal(tmp_path, "a: " + "[" * 500_000)


def test_loading_a_hostile_pack_runs_nothing(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    refusal(tmp_path, f'{OWN}pushbacks: !!python/object/apply:os.system ["touch {trace}"]\n')
    assert not trace.exists()


def test_a_path_may_start_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.yml").write_text(OWN)
    monkeypatch.setitem(os.environ, "HOME", str(tmp_path))
    assert load_pack("~/mine.yml").name == "mine"
