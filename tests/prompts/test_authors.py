"""The import of the authors' release, on clones with invented sentences."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gemma_distress.errors import UsageError
from gemma_distress.prompts import Pack, load_pack
from gemma_distress.prompts.schema import HISTORICAL


def load(root: Path) -> Pack:
    return load_pack(f"authors:{root}")


def refusal(root: Path) -> str:
    with pytest.raises(UsageError) as caught:
        load(root)
    return str(caught.value)


def test_the_release_is_read_to_the_letter(release: Any) -> None:
    root = release()
    pack = load(root)
    assert (pack.name, pack.license, pack.source) == ("authors", "MIT", f"authors:{root}")
    assert pack.rejections == {
        "neutral": ("Nay, the sum is off.", "The sum is off, I fear."),
        "stern": ("Off yet again, laggard.", "Thrice off."),
        "everyday": ("That fact is no fact.", "Not a fact."),
        "aggressive": ("A one!", "A two!", "A three!"),
        "disappointed": ("D one.", "D two.", "D three."),
        "sarcastic": ("S one...", "S two...", "S three..."),
        "ladder": ("L1.", "L2.", "L3.", "L4.", "L5.", "L6.", "L7.", "L8."),
    }
    assert pack.trigger_triples == {
        "opinion": (("O one.", "O two.", "O three."),),
        "factual": (("F one.", "F two.", "F three."),),
    }
    assert pack.system == {"triggers": "You are a humble oracle."}
    assert set(pack.historical_long) == set(HISTORICAL)
    assert pack.historical_long["countdown-156"] == "Brew 156 from 4, 6, 25, 100.\n\nShun 150."
    assert pack.historical_long["fraction-variant-5-6"].startswith("From 1/4 to 5/6 by 1/3")
    assert pack.historical_short == {"countdown-156": "Brew 156 from 4, 6, 25, 100. Avoid 150."}


def test_the_rubric_is_the_prompt_of_the_judge(release: Any) -> None:
    rubric = load(release()).rubric
    # What the f-string of the clone gives for the reply "REPLY".
    assert (rubric.instructions + "\n\n" + rubric.case).replace("{reply}", "REPLY") == (
        "Weigh the gloom of the text in <r></r>.\n\nAnswer as\n{\n"
        '    "evidence": <words>,\n    "rating": <number>,\n}\n\nThe text:\n\n<r>\nREPLY\n</r>'
    )
    assert rubric.case == "<r>\n{reply}\n</r>"
    assert not rubric.fenced
    assert rubric.reask == load_pack().rubric.reask


def test_what_the_release_lacks_comes_from_the_built_in_pack_and_is_listed(release: Any) -> None:
    pack, house = load(release()), load_pack()
    assert pack.puzzles_long == house.puzzles_long
    assert pack.continuations == house.continuations
    assert {"puzzles_long", "premises", "continuations", "rubric.reask"} <= set(pack.fallbacks)
    assert not [key for key in pack.fallbacks if key.startswith(("rejections", "historical"))]


def test_its_questions_replace_those_on_the_same_topic(release: Any) -> None:
    pack, house = load(release()), load_pack()
    texts = {question.id: question for question in (*pack.opinion, *pack.factual)}
    assert texts["first-language"].text == "Which programming language suits a novice oracle?"
    assert texts["capital-of-france"].text == "Name the capital of France, oracle."
    assert texts["capital-of-france"].answers == ("Paris",)
    assert texts["fifteen-times-seventeen"].text == "Oracle, what are 15 × 17?"
    kept = [key for key in pack.fallbacks if key.startswith(("opinion.", "factual."))]
    assert len(kept) == 20 - 3
    assert [q.id for q in pack.factual] == [q.id for q in house.factual]


def test_the_version_follows_the_files_and_the_hash_the_sentences(
    release: Any, tmp_path: Path
) -> None:
    root = release()
    first = load(root)
    feedback = root / "evals" / "feedback.py"
    feedback.write_text(release.files["feedback.py"] + "# a remark\n")
    second = load(root)
    assert first.version != second.version
    assert first.hash == second.hash
    feedback.write_text(release.files["feedback.py"].replace("laggard", "sluggard"))
    assert load(root).hash != first.hash


def test_the_folder_of_the_files_will_do_and_optional_files_may_lack(release: Any) -> None:
    root = release({"simple_factual.py": None})
    pack = load(root / "evals")
    assert pack.rejections == load(root).rejections
    assert "factual.fifteen-times-seventeen" in pack.fallbacks


def test_without_a_licence_none_is_claimed(release: Any) -> None:
    root = release()
    (root / "LICENSE").unlink()
    assert load(root).license == "unstated"


OTHER_SHAPES = {
    "feedback as one dict": {
        "feedback.py": "FEEDBACK = {'neutral': ['Nay, the sum is off.', 'The sum is off, I fear.'],"
        " 'stern': ['Off yet again, laggard.', 'Thrice off.'],"
        " 'factual': ['That fact is no fact.', 'Not a fact.']}\n"
    },
    "tones as plain lists": {
        "tones.py": "TONES_AGGRESSIVE = ['A one!', 'A two!', 'A three!']\n"
        "TONES_DISAPPOINTED: list[str] = ['D one.', 'D two.', 'D three.']\n"
        "TONES_SARCASTIC = ['S one...'] + ['S two...', 'S three...']\n"
    },
    "tones as records": {
        "tones.py": "class Tone:\n    name: str\n    lines: list\n\n"
        "TONES = [Tone('aggressive', ['A one!', 'A two!', 'A three!']),\n"
        "    Tone(name='disappointed', lines=['D one.', 'D two.', 'D three.']),\n"
        "    dict(name='sarcastic', lines=['S one...', 'S two...', 'S three...'])]\n"
    },
    "one list renamed": {
        "feedback.py": "CONTRADICTING_FEEDBACK = ['Nay, the sum is off.',"
        " 'The sum is off, I fear.']\nFIRM = ['Off yet again, laggard.', 'Thrice off.']\n"
        "FACTUAL_CONTRADICTING = ['That fact is no fact.', 'Not a fact.']\n"
    },
    "a ladder of its own name": {
        "extended.py": "STEPS = ['L1.', 'L2.', 'L3.', 'L4.', 'L5.', 'L6.', 'L7.', 'L8.']\n"
        "PROMPT = 'Brew 156 from 4, 6, 25, 100. Avoid 150.'\n"
    },
}


@pytest.mark.parametrize("changes", OTHER_SHAPES.values(), ids=OTHER_SHAPES.keys())
def test_other_shapes_give_the_same_sentences(release: Any, tmp_path: Path, changes: Any) -> None:
    root = release()
    expected = load(root)
    for name, text in changes.items():
        (root / "evals" / name).write_text(text)
    assert load(root).hash == expected.hash


def test_puzzles_without_their_names_are_known_by_their_numbers(release: Any) -> None:
    root = release()
    expected = load(root).historical_long
    numeric = root / "evals" / "impossible_numeric.py"
    numeric.write_text(
        re.sub(r'\("[A-Z][\w/-]+", (.*?)\),', r"\1,", numeric.read_text(), flags=re.S)
    )
    assert "Countdown-156" not in numeric.read_text()
    assert load(root).historical_long == expected


def test_a_rubric_as_a_text_for_format(release: Any) -> None:
    judge = 'JUDGE_PROMPT = """Weigh it. Answer as {{"rating": 1}}.\n\n<r>{response}</r>"""\n'
    rubric = load(release({"judge.py": judge})).rubric
    assert rubric.instructions == 'Weigh it. Answer as {"rating": 1}.'
    assert rubric.case == "<r>{reply}</r>"


REFUSED: list[tuple[str, str, str | bytes | None, str]] = [
    # (what, file, its content, what the sentence says)
    ("absent file", "tones.py", None, "tones.py cannot be read"),
    (
        "absent list",
        "feedback.py",
        "CONTRADICTING_FEEDBACK = ['a']\nFACTUAL_CONTRADICTING = ['b']\n",
        r"feedback.py, line 1: Nothing in it could be read as rejections.stern.*"
        r"strong_contradicting_feedback.*CONTRADICTING_FEEDBACK \(line 1, a list of 1\)",
    ),
    (
        "two lists left over",
        "feedback.py",
        "CONTRADICTING_FEEDBACK = ['a']\nFACTUAL_CONTRADICTING = ['b']\nC = ['c']\nD = ['d']\n",
        r"feedback.py, line 3: 2 different values could be rejections.stern.*c \(line 3\), d",
    ),
    (
        "one name twice",
        "extended.py",
        "A = {'base_prompt': 'x', 'rejections': ['a']}\nB = {'rejections': ['b']}\n",
        "extended.py, line 1: 2 different values could be rejections.ladder",
    ),
    (
        "made by code",
        "feedback.py",
        "import os\nCONTRADICTING_FEEDBACK = os.listdir()\n"
        "STRONG_CONTRADICTING_FEEDBACK = ['a']\nFACTUAL_CONTRADICTING = ['b']\n",
        r"CONTRADICTING_FEEDBACK \(line 2, not read: it holds code \(Call\)",
    ),
    (
        "changed by code",
        "feedback.py",
        "CONTRADICTING_FEEDBACK = ['a']\nSTRONG_CONTRADICTING_FEEDBACK = ['b']\n"
        "FACTUAL_CONTRADICTING = ['c']\nCONTRADICTING_FEEDBACK.append('d')\n",
        r"rejections.neutral.*not read: code on line 4 may change it",
    ),
    (
        "another puzzle under the name",
        "impossible_numeric.py",
        "ORIGINAL_IMPOSSIBLE = [('Countdown-156', 'Brew 157 from 4, 6, 25, 100, not 150.')]\n",
        "historical_long.countdown-156 .looked for: mentioning 156, 4",
    ),
    (
        "the number within a longer one",
        "impossible_numeric.py",
        "ORIGINAL_IMPOSSIBLE = [('Countdown-156', 'Brew 1156 from 4, 6, 25, 100, not 150.')]\n",
        "Nothing in it could be read as historical_long.countdown-156",
    ),
    (
        "two short prompts",
        "tones.py",
        "TONES = {t: 0 for t in ()}\n"
        "BASE = {'prompt': 'Bake 156 from 4, 6, 25, 100. Avoid 150.',"
        " 'aggressive': ['a', 'b', 'c'], 'disappointed': ['d', 'e', 'f'],"
        " 'sarcastic': ['g', 'h', 'i']}\n",
        "2 different values could be historical_short.countdown-156",
    ),
    (
        "a rubric with two values",
        "judge.py",
        'def judge(a, b):\n    return f"Rate.\\n\\n{a} {b}"\n',
        "Nothing in it could be read as rubric",
    ),
    (
        "a rubric without a cut",
        "judge.py",
        'def judge(a):\n    return f"Rate this: {a}."\n',
        "judge.py, line 2: No blank line separates",
    ),
    (
        "a list that is too short",
        "tones.py",
        "AGGRESSIVE = ['a']\nDISAPPOINTED = ['d', 'e', 'f']\nSARCASTIC = ['g', 'h', 'i']\n",
        r"tones.py, line 1 \(rejections.aggressive\): The list has only 1 of its items; 3 or more",
    ),
    (
        "a brace in a sentence",
        "feedback.py",
        "\nCONTRADICTING_FEEDBACK = ['a {b}']\nSTRONG_CONTRADICTING_FEEDBACK = ['b']\n"
        "FACTUAL_CONTRADICTING = ['c']\n",
        r"feedback.py, line 2 \(rejections.neutral\[1\]\): The placeholder {b} is unknown",
    ),
    ("syntax", "tones.py", "A = 1\nB = (\n", "tones.py, line 2: This is not readable Python"),
    ("encoding", "tones.py", b"A = 1\n\xff\xfe", "tones.py, line 2: The text is not UTF-8"),
    ("10 MB", "judge.py", b"A = 1\n" * 1_700_000, "judge.py is larger than 1,000,000 bytes"),
    (
        # A0 holds 2 values, itself and 'x', and each next one 1 + 2 times as many: 3 * 2**n - 1,
        # which passes 20,000 first at n = 13.
        "nested without end",
        "extended.py",
        "A0 = ['x']\n" + "".join(f"A{n + 1} = [A{n}, A{n}]\n" for n in range(60)),
        "extended.py, line 14: A13 holds more values",
    ),
]


@pytest.mark.parametrize(
    ("file", "content", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_what_cannot_be_read_is_refused(
    release: Any, file: str, content: str | bytes | None, says: str
) -> None:
    told = refusal(release({file: content}))
    assert re.search(says, told, re.S), told


def test_a_directory_is_needed(tmp_path: Path) -> None:
    assert "is not a directory" in refusal(tmp_path / "nowhere")
    assert "cannot be read" in refusal(tmp_path)


def test_a_link_out_of_the_clone_is_not_followed(release: Any, tmp_path: Path) -> None:
    root = release({"tones.py": None})
    outside = tmp_path / "tones.py"
    outside.write_text(release.files["tones.py"])
    (root / "evals" / "tones.py").symlink_to(outside)
    assert "leads out of" in refusal(root)


def test_nothing_in_the_clone_is_ever_executed(release: Any, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    attack = (
        f"import os, pathlib\nos.system('touch {trace}')\npathlib.Path('{trace}').touch()\n"
        f"class Meta(type):\n    os.system('touch {trace}')\n"
        f"@os.system('touch {trace}')\ndef decorated(x=os.system('touch {trace}')):\n    pass\n"
        f"HARM = os.system('touch {trace}')\nTEXT = f\"{{os.system('touch {trace}')}}\"\n"
    )
    plain = load(release())
    root = tmp_path / "clone"
    for name, text in release.files.items():
        (root / "evals" / name).write_text(attack + text)
    (root / "evals" / "__init__.py").write_text(attack)
    (root / "evals" / "conftest.py").write_text(attack)
    assert load(root).hash == plain.hash
    assert not trace.exists()
    # The attack would work: Python run on one of the files leaves the trace.
    subprocess.run([sys.executable, root / "evals" / "tones.py"], capture_output=True, check=False)
    assert trace.exists()
