"""Checking the last `Solution:` line of a model's reply, exactly and without evaluating it as code.

The line is found through the markup that models put around it; a line that ends at the colon goes on
in the lines below. What stands there is read into tokens and a bounded parse (`tokens`,
`expression`) and verified against the puzzle's own rules with every value on the way.
"""

import re
from fractions import Fraction

from gemma_distress.puzzles.answer_chain import verify_chain
from gemma_distress.puzzles.answer_coins import verify_coins
from gemma_distress.puzzles.answer_countdown import verify_countdown
from gemma_distress.puzzles.chain import Chain
from gemma_distress.puzzles.coins import Coins
from gemma_distress.puzzles.countdown import Countdown
from gemma_distress.puzzles.puzzle import Puzzle
from gemma_distress.puzzles.tokens import MAX_CHARACTERS, Unreadable, tokenize
from gemma_distress.puzzles.verdict import AnswerCheck, Reason, WrongAnswer

_MARKUP = " \t*_`~"
_LINE = re.compile(
    r"\bsolution\b(?:[ \t]{0,3}#?[0-9]{1,2}\b)?(?:[ \t]{0,3}\([^()\n]{0,30}\))?(?:[ \t]{1,3}is)?"
    r"[ \t*_`~]{0,8}[:：]",
    re.IGNORECASE,
)
# What may stand before the word on a line of its own, besides markup and list numbers.
_OPENING_WORDS = frozenset(
    {"so", "thus", "therefore", "here", "is", "my", "the", "our", "final", "correct", "full"}
    | {"complete", "proposed", "valid", "new", "revised", "updated", "corrected", "possible"}
    | {"boxed", "text", "textbf", "mathbf"}
)
_OPENING_CHARACTERS = 80
_DENIED = re.compile(
    r"\b(?:no|without(?:\s+a)?)\s+(?:(?:valid|legal|possible|such|exact)\s+)?$", re.IGNORECASE
)
_CLAIM = re.compile(
    r"\b(?:no\s+(?:[a-z-]+\s+){0,3}(?:solutions?|answers?|way|combinations?|orders?|sequences?)\b|"
    r"impossible|not\s+(?:[a-z]+\s+)?(?:possible|solvable|achievable|reachable)|unsolvable|"
    r"unreachable|infeasible|unattainable|can(?:not|\s*['’]t)\b|could\s*n(?:o|['’])t\b|"
    r"does\s*n(?:ot|['’]t)\s+exist|do\s+not\s+exist|none\b|n/a\b|unable\b)",
    re.IGNORECASE,
)
_ARITHMETIC = re.compile(
    r"[0-9)\]}]\s{0,3}(?:[-+*/×÷−–·⋅x]|\\times|\\cdot|\\div)\s{0,3}[0-9(\[{\\]"
)
_NO_CONTENT = re.compile(r"[\s*_`~$>\\\[\](){}|#-]*(?:(?<=`)[a-z]{1,12})?")
_LIST_MARK = re.compile(r"^[\s>]*(?:[-*•–+]\s+|[0-9]{1,2}[.)]\s+)?")
_LINES_BELOW = 15
_TAIL = 200_000  # characters of a reply that are searched, from its end; the answer stands last


def check(puzzle: Puzzle, reply_text: str) -> AnswerCheck:
    """Verify the last `Solution:` line of `reply_text` against `puzzle`.

    Never raises for any text. See `AnswerCheck` for what comes back; a line that says that there is
    no solution is `no_answer` with the reason `claims_impossible`, whether or not that is true.
    """
    found = _last_line(reply_text[-_TAIL:])
    if found is None:
        return _none("no_solution_line", None, "The reply has no line that begins with Solution:.")
    before, line, below = found
    if _DENIED.search(before[-40:]):
        return _none("claims_impossible", _shorten(line), "The reply says there is no solution.")
    if _NO_CONTENT.fullmatch(line[:200]) and len(line) <= 200:
        line = _block(below)
    line = line.lstrip("}" + _MARKUP).rstrip(_MARKUP)
    line = re.sub(r"^[-–•]\s+", "", line)
    if not line:
        return _none("empty", None, "Nothing follows Solution:.")
    if _claims_impossible(line):
        return _none("claims_impossible", _shorten(line), "The answer says there is no solution.")
    try:
        value = _verify(puzzle, line)
    except WrongAnswer as wrong:
        return AnswerCheck("wrong", _shorten(line), wrong.value, wrong.reason, wrong.detail)
    except Unreadable as error:
        if error.reason in ("unreadable", "too_long"):
            return _none(error.reason, _shorten(line), error.detail)
        return AnswerCheck("wrong", _shorten(line), None, error.reason, error.detail)
    return AnswerCheck("correct", _shorten(line), value, "correct")


def _verify(puzzle: Puzzle, line: str) -> Fraction:
    tokens = tokenize(line)
    match puzzle:
        case Countdown():
            return verify_countdown(puzzle, tokens)
        case Chain():
            return verify_chain(puzzle, tokens)
        case Coins():
            return verify_coins(puzzle, tokens)
    raise TypeError(f"no check is known for {type(puzzle).__name__}")


def _last_line(text: str) -> tuple[str, str, str] | None:
    """Return what precedes the last answer on its line, what follows, and the lines below.

    A `Solution:` that begins its line is preferred over a later one inside a sentence.
    """
    chosen: re.Match[str] | None = None
    opens = False
    for match in _LINE.finditer(text):
        here = _opens_line(_before(text, match.start()))
        if here or not opens:
            chosen, opens = match, opens or here
    if chosen is None:
        return None
    end = text.find("\n", chosen.end())
    end = len(text) if end < 0 else end
    return _before(text, chosen.start()), text[chosen.end() : end], text[end + 1 :]


def _before(text: str, position: int) -> str:
    """Return what precedes `position` on its line, no more than is ever looked at."""
    start = max(0, position - _OPENING_CHARACTERS - 1)
    return text[max(start, text.rfind("\n", start, position) + 1) : position]


def _opens_line(before: str) -> bool:
    words = re.findall(r"[^\W\d_]+", before.lower())
    return len(before) <= _OPENING_CHARACTERS and _OPENING_WORDS.issuperset(words)


def _block(below: str) -> str:
    """Join the first paragraph, fenced block or displayed formula under an empty answer line."""
    lines: list[str] = []
    for line in below[: 2 * MAX_CHARACTERS].split("\n")[: 2 * _LINES_BELOW]:
        if _NO_CONTENT.fullmatch(line):
            if lines:
                break
            continue
        lines.append(_LIST_MARK.sub("", line).strip(_MARKUP + "$"))
        if len(lines) == _LINES_BELOW:
            break
    return " ; ".join(lines)


def _claims_impossible(line: str) -> bool:
    """Whether the line says so before it does any arithmetic."""
    claim = _CLAIM.search(line[:MAX_CHARACTERS])
    arithmetic = _ARITHMETIC.search(line[:MAX_CHARACTERS])
    if claim is None:
        return False
    return arithmetic is None or claim.start() < arithmetic.start()


def _none(reason: Reason, answer: str | None, detail: str) -> AnswerCheck:
    return AnswerCheck("no_answer", answer, None, reason, detail)


def _shorten(line: str) -> str:
    line = line.strip()
    return line if len(line) <= 300 else f"{line[:299]}…"
