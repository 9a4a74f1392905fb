"""Plain data out of Python source, and what is refused instead of executed."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemma_distress.errors import UsageError
from gemma_distress.prompts.literals import Literals, read_literals


def read(tmp_path: Path, source: str | bytes) -> Literals:
    path = tmp_path / "source.py"
    path.write_bytes(source if isinstance(source, bytes) else source.encode())
    return read_literals(path, tmp_path)


def values(found: Literals) -> dict[str, Any]:
    return {name: value for name, (value, _) in found.values.items()}


def test_every_plain_form_is_read(tmp_path: Path) -> None:
    source = '''
A = "one " "two"
B: list[str] = ["x"] + [A + "!"]
C = {"k": (1, None, True), 2: B}
D = """three
lines"""
E = f"no value {{here}}"
F = C["k"][0]
G = "kept {reply} as it is"

class Scene:
    title: str
    lines: list

H = [Scene("t", lines=["l"]), dict(title="u")]
'''
    assert values(read(tmp_path, source)) == {
        "A": "one two",
        "B": ["x", "one two!"],
        "C": {"k": (1, None, True), 2: ["x", "one two!"]},
        "D": "three\nlines",
        "E": "no value {here}",
        "F": 1,
        "G": "kept {reply} as it is",
        "H": [{"title": "t", "lines": ["l"]}, {"title": "u"}],
    }


# What Python itself holds after running the file is what must be read from it.
PLAIN = st.recursive(
    st.text(max_size=8) | st.integers(0, 99) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(value=PLAIN)
def test_whatever_python_prints_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, value: Any
) -> None:
    assert values(read(tmp_path_factory.mktemp("x"), f"A = {value!r}\n")) == {"A": value}


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("os.getenv('X')", "code"),
        ("print('x')", r"calls print\(\)"),
        ("[x for x in 'ab']", "code"),
        ("f'{1 + 1}'", "f-string"),
        ("f'{name!r}'", "f-string"),
        ("'x' * 9", "code"),
        ("'x' + ['y']", "different kinds"),
        ("unknown", "uses unknown"),
        ("{**{}}", "unpacks"),
        ("{(1, 2): 3}", "neither a text nor a number"),
        ("'ab'[5]", "item that is not there"),
        ("dict([('a', 1)])", "no name"),
        ("dict(**{'a': 1})", "no name"),
        ("lambda: 'x'", "code"),
        ("b'x'", "code"),
    ],
)
def test_code_is_not_read_and_the_reason_and_line_are_kept(
    tmp_path: Path, expression: str, why: str
) -> None:
    found = read(tmp_path, f"import os\n\nA = {expression}\nB = 'after'\n")
    assert values(found) == {"B": "after"}
    assert found.unread["A"].line == 3
    assert re.search(why, found.unread["A"].reason), found.unread["A"].reason


@pytest.mark.parametrize(
    "later",
    [
        "A = ['y']",
        "A += ['y']",
        "A.append('y')",
        "A[0] = 'y'",
        "for A in ['y']: pass",
        "if True:\n    A = ['y']",
        "del A[0]",
        "A, B = ['y'], 1",
        "try:\n    A = ['y']\nexcept Exception: pass",
    ],
)
def test_a_name_that_code_may_change_is_not_trusted(tmp_path: Path, later: str) -> None:
    found = read(tmp_path, f"A = ['x']\nKEPT = 1\n{later}\n")
    assert "A" not in found.values
    assert found.unread["A"].line >= 3
    assert "KEPT" in found.values


def test_what_runs_only_as_a_script_changes_nothing(tmp_path: Path) -> None:
    found = read(tmp_path, "A = ['x']\nif __name__ == '__main__':\n    A.append('y')\n")
    assert values(found) == {"A": ["x"]}


def test_a_function_gives_templates_of_its_own_parameters_only(tmp_path: Path) -> None:
    source = '''
import time
def judge(reply, *, tag):
    """Documented."""
    text = f"<{tag}>{{x}} {reply}</{tag}>"
    now = f"at {time.time()} {reply}"
    rounded = f"{reply:>10} and {reply!r}"
    return text
'''
    found = read(tmp_path, source)
    assert [(text, line) for text, line in found.templates["judge"]] == [
        ("<{tag}>{x} {reply}</{tag}>", 5)
    ]


def test_doubling_by_plus_stops(tmp_path: Path) -> None:
    # 10 characters doubled 40 times are 11 TB.
    source = "A0 = '0123456789'\n" + "".join(f"A{n + 1} = A{n} + A{n}\n" for n in range(40))
    found = read(tmp_path, source)
    assert max(len(value) for value in values(found).values()) <= 1_000_000
    assert "grows" in found.unread["A17"].reason


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (b"A = 1\nB = (\n", "line 2: This is not readable Python"),
        (b"A = 1\nB = '\xff'\n", "line 2: The text is not UTF-8"),
        (b"A = 1\x00\n", "cannot be read as Python|not readable Python"),
        (b"#" * 1_000_001, "larger than 1,000,000 bytes"),
        (b"A = " + b"(" * 400 + b")" * 400, "not readable Python|cannot be read"),
        (b"A = " + b"-" * 100_000 + b"1", "not readable Python|cannot be read"),
        (b"A = " + b"'' + " * 50_000 + b"''", "not readable Python|cannot be read"),
    ],
    ids=["syntax", "encoding", "null", "large", "parentheses", "signs", "sum"],
)
def test_files_that_are_no_plain_python(tmp_path: Path, source: bytes, says: str) -> None:
    with pytest.raises(UsageError, match=says) as caught:
        read(tmp_path, source)
    assert str(tmp_path / "source.py") in str(caught.value)


def test_warnings_of_the_parser_stay_silent(
    tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    assert values(read(tmp_path, r'A = "\d"')) == {"A": r"\d"}
    assert len(recwarn) == 0


def test_the_file_must_lie_inside(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.py").write_text("A = 'secret'\n")
    (inside / "link.py").symlink_to(tmp_path / "secret.py")
    (inside / "loop.py").symlink_to(inside / "loop.py")
    (inside / "folder.py").mkdir()
    for name, says in [
        ("link.py", "leads out of"),
        ("loop.py", "cannot be read"),
        ("folder.py", "not a plain file"),
        ("absent.py", "cannot be read"),
        ("../secret.py", "leads out of"),
    ]:
        with pytest.raises(UsageError, match=says):
            read_literals(inside / name, inside)
