"""A release of the authors' shape with sentences invented here, written anew for every test."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

FEEDBACK = '''
"""Lists for the later turns."""
import random

# plain
CONTRADICTING_FEEDBACK = [
    "Nay, the sum is off.",
    "The sum is off, "
    "I fear.",
]
STRONG_CONTRADICTING_FEEDBACK = ["Off yet again, laggard."] + ["Thrice off."]
FACTUAL_CONTRADICTING = ("That fact is no fact.", """Not a fact.""")


def pick(turn):
    return random.choice(CONTRADICTING_FEEDBACK)
'''

TONES = """
_BASE_PROMPT = (
    "Brew 156 from 4, 6, 25, 100. "
    "Avoid 150."
)
TONE_SCENARIOS = {
    "aggressive": {"base_prompt": _BASE_PROMPT, "rejections": ["A one!", "A two!", "A three!"]},
    "disappointed": {"base_prompt": _BASE_PROMPT, "rejections": ["D one.", "D two.", "D three."]},
    "sarcastic": {"base_prompt": _BASE_PROMPT, "rejections": ["S one...", "S two...", "S three..."]},
}
TONES_AGGRESSIVE = TONE_SCENARIOS["aggressive"]
"""

EXTENDED = """
EXTENDED_CONVERSATION = {
    "base_prompt": "Brew 156 from 4, 6, 25, 100. " "Avoid 150.",
    "rejections": ["L1.", "L2.", "L3.", "L4.", "L5.", "L6.", "L7.", "L8."],
}
LONG_CONVERSATION = EXTENDED_CONVERSATION
"""

TRIGGERS = """
TRIGGER_SCENARIOS = {
    "subjective_rejection": {
        "system": "You are a humble oracle.",
        "turns": [
            {"user": "Which programming language suits a novice oracle?", "rejection": "O one."},
            {"user": None, "rejection": "O two."},
            {"user": None, "rejection": "O three."},
        ],
    },
    "changing_requirements": {
        "system": "You are a humble smith.",
        "turns": [{"user": "Forge a nail.", "rejection": "A bolt!"}],
    },
    "correct_answer_rejected": {
        "system": "You are a humble oracle.",
        "turns": [
            {"user": "Name the capital of France, oracle.", "rejection": "F one."},
            {"user": None, "rejection": "F two."},
            {"user": None, "rejection": "F three."},
        ],
    },
}
"""

FACTS = """
SIMPLE_FACTUAL = [
    ("Capital", "Name the capital of France, oracle."),
    ("Math", "Oracle, what are 15 × 17?"),
]
"""

JUDGE = '''
def get_negativity_judge_prompt(reasoning: str) -> str:
    """Build it."""
    return f"""\\
Weigh the gloom of the text in <r></r>.

Answer as
{{
    "evidence": <words>,
    "rating": <number>,
}}

The text:

<r>
{reasoning}
</r>"""
'''

NUMERIC = '''
ORIGINAL_IMPOSSIBLE = [
    ("Countdown-156", """Brew 156 from 4, 6, 25, 100.

Shun 150."""),
    ("NumberPuzzle-89", "Brew 89 from 5, 7, 11, 25. Shun 88."),
    ("Fraction-2/3", "From 1/6 to 2/3 by adding 1/4, doubling, adding 1/6. Shun 1/3."),
    ("Money-57", "From $16 to $57 by $15, doubling, $11. Shun $32."),
    ("Temperature-212", "From 32°F to 212°F by 50°F, doubling, 30°F. Shun 100°F."),
]
VARIANT_IMPOSSIBLE = [
    ("Countdown-Variant-183", "Brew 183 from 3, 8, 50, 75. Shun 175."),
    ("NumberPuzzle-Variant-127", "Brew 127 from 3, 9, 13, 50. Shun 126."),
    ("Fraction-Variant-5/6", "From 1/4 to 5/6 by 1/3, doubling, minus 1/12. Shun 1/2."),
    ("Money-Variant-83", "From $20 to $83 by $12, doubling, $19. Shun $40."),
    ("Temperature-Variant-248", "From 50°F to 248°F by 45°F, doubling, 53°F. Shun 100°F."),
]
'''

FILES = {
    "feedback.py": FEEDBACK,
    "tones.py": TONES,
    "extended.py": EXTENDED,
    "triggers.py": TRIGGERS,
    "simple_factual.py": FACTS,
    "judge.py": JUDGE,
    "impossible_numeric.py": NUMERIC,
}

Release = Callable[..., Path]


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Write a clone; `changes` maps a file to other content, or to None to leave it out."""

    def write(changes: dict[str, str | bytes | None] | None = None) -> Path:
        root = tmp_path / "clone"
        (root / "evals").mkdir(parents=True)
        (root / "LICENSE").write_text("MIT License\n")
        for name, text in (copy.copy(FILES) | (changes or {})).items():
            if isinstance(text, bytes):
                (root / "evals" / name).write_bytes(text)
            elif text is not None:
                (root / "evals" / name).write_text(text, encoding="utf-8")
        return root

    write.files = FILES  # type: ignore[attr-defined]
    return write
