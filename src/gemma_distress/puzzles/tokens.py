"""Answer text to tokens: numbers, the four operations, brackets, equals signs, separators and words.

Models write arithmetic in many scripts (× or `*` or `\\times`, − or –, ½, `\\frac{1}{4}`, `$…$`,
bold, money and degree signs). All of it is reduced here to a short list of exact tokens; nothing is
ever evaluated as code. What has no meaning here ends the reading (`stop`); what has a meaning outside
the four operations, a power or a root for instance, is refused by name.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from html import unescape
from typing import Literal
from unicodedata import normalize

from gemma_distress.puzzles.verdict import Reason

MAX_CHARACTERS = 2000
MAX_TOKENS = 400
MAX_DIGITS = 12  # of one number; keeps every exact value small however the text combines them

TokenKind = Literal["number", "op", "(", ")", "=", "sep", "arrow", "frac", "word", "stop"]


class Unreadable(Exception):  # noqa: N818 - a verdict about a text, not a failure of the program
    """The text cannot be read as an answer; `reason` is a code, the message a sentence."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Token:
    """One token. `gap` says whether white space stood before it, `text` how it was written."""

    kind: TokenKind
    text: str
    value: Fraction | None = None
    gap: bool = False


def _each(words: str) -> list[str]:
    return words.split()


_SPELLINGS: dict[str, tuple[TokenKind, str]] = (
    dict.fromkeys("+＋➕", ("op", "+"))
    | dict.fromkeys("-−–—‐‑‒﹣－➖", ("op", "−"))
    | dict.fromkeys("*×✕✖⋅·∙∗＊•", ("op", "×"))
    | dict.fromkeys("/÷∕⁄／➗", ("op", "÷"))
    | dict.fromkeys("([{（［", ("(", "("))
    | dict.fromkeys(")]}）］", (")", ")"))
    | dict.fromkeys("=＝", ("=", "="))
    | dict.fromkeys(",;:.|&\n，；、。", ("sep", ","))
    | dict.fromkeys("→⇒⟶➜➔⟹↦⟼➡", ("arrow", "→"))
)
_COMMANDS: dict[str, tuple[TokenKind, str]] = (
    dict.fromkeys(("times", "cdot", "ast", "bullet"), ("op", "×"))
    | dict.fromkeys(("div",), ("op", "÷"))
    | dict.fromkeys(
        ("rightarrow", "to", "Rightarrow", "implies", "longrightarrow", "mapsto", "xrightarrow"),
        ("arrow", "→"),
    )
    | dict.fromkeys(("frac", "dfrac", "tfrac", "cfrac"), ("frac", "frac"))
)
_SILENT_COMMANDS = frozenset(
    _each(
        "left right big Big bigl bigr Bigl Bigr displaystyle quad qquad circ degree boxed mathbf "
        "mathrm text textbf bf rm begin end aligned align phantom"
    )
)
_SILENT_CHARACTERS = frozenset("\"'`_$¢€£°º“”‘’~\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\ufe0f")
_REFUSED = frozenset("^√%‰∛²³⁴")
_REFUSED_WORDS = frozenset(
    _each("mod squared cubed power root sqrt factorial log concatenate concatenated exp pow")
)
# Words with a meaning for reading, by what they stand for. "add 15" starts a new step.
_WORDS: dict[str, tuple[tuple[TokenKind, str], ...]] = (
    dict.fromkeys(("plus",), (("op", "+"),))
    | dict.fromkeys(("minus",), (("op", "−"),))
    | dict.fromkeys(("times", "multiplied"), (("op", "×"),))
    | dict.fromkeys(("divided", "over"), (("op", "÷"),))
    | dict.fromkeys(("add",), (("sep", ","), ("op", "+")))
    | dict.fromkeys(("subtract",), (("sep", ","), ("op", "−")))
    | dict.fromkeys(("multiply",), (("sep", ","), ("op", "×")))
    | dict.fromkeys(("divide",), (("sep", ","), ("op", "÷")))
    | dict.fromkeys(("double",), (("sep", ","), ("op", "×"), ("number", "2")))
    | dict.fromkeys(("triple",), (("sep", ","), ("op", "×"), ("number", "3")))
    | dict.fromkeys(("halve",), (("sep", ","), ("op", "÷"), ("number", "2")))
    | dict.fromkeys(
        (
            "equals",
            "equal",
            "gives",
            "giving",
            "makes",
            "making",
            "is",
            "get",
            "yields",
            "total",
            "totaling",
            "totalling",
        ),
        (("=", "="),),
    )
    | dict.fromkeys(
        ("then", "and", "next", "finally", "so", "first", "second", "third", "lastly", "now"),
        (("sep", ","),),
    )
    | dict.fromkeys(
        _each(
            "to by we the of with from start starting begin dollars dollar cents cent usd coin coins degrees "
            "degree fahrenheit celsius f c result it that which"
        ),
        (),
    )
)
_FULL_WIDTH = {ord("０") + digit: str(digit) for digit in range(10)}

_PATTERN = re.compile(
    r"""
    (?P<space>[^\S\n]+)
  | (?P<arrow>-{1,3}>|={1,2}>)
  | (?P<linebreak>\\\\|<br\s*/?>)
  | (?P<degree>\^\s*(?:\{\s*)?(?:\\circ|°)\s*\}?)
  | \\(?P<command>[A-Za-z]+)
  | (?P<escaped>\\.)
  | (?P<slashed>[0-9]+⁄[0-9]+)
  | (?P<number>[0-9]{1,3}(?:(?:,|\{,\})[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
  | (?P<stars>\*{2,})
  | (?P<equals>==+)
  | (?P<word>[A-Za-z]+(?:-[A-Za-z]+)*)
  | (?P<other>.|\n)
    """,
    re.VERBOSE,
)
_TEXT_GROUP = re.compile(r"\\(?:text|textbf|mathrm|mathbf|mbox|textit)\s*\{([^{}]*)\}")
_STEP_LABEL = re.compile(r"(?i)\bstep\s*[0-9]{1,2}\s*[:.)–-]*")
_SINGLE_DIGITS = re.compile(r"\\[dtc]?frac\s*([0-9])\s*([0-9])(?![0-9])")


def tokenize(text: str) -> list[Token]:
    """Return the tokens of one answer text of at most `MAX_CHARACTERS` characters.

    Raises:
        Unreadable: the text is too long (`too_long`), or contains something that means an
            operation outside the four (`unsupported`).
    """
    if len(text) > MAX_CHARACTERS:
        raise Unreadable("too_long", f"The answer is longer than {MAX_CHARACTERS} characters.")
    text = unescape(text).translate(_FULL_WIDTH).strip().strip("*")
    text = _SINGLE_DIGITS.sub(r" (\1/\2) ", _STEP_LABEL.sub(" , ", _TEXT_GROUP.sub(r" \1 ", text)))
    text = _unboxed(text)
    tokens: list[Token] = []
    gap = False
    for match in _PATTERN.finditer(text):
        kind, piece = match.lastgroup, match.group()
        if kind == "space":
            gap = True
            continue
        before = len(tokens)
        _append(tokens, kind or "", match.group(kind or 0), text[match.end() :], gap)
        if len(tokens) > MAX_TOKENS:
            raise Unreadable("too_long", f"The answer has more than {MAX_TOKENS} tokens.")
        # Markup between two tokens is no gap of its own, but neither does it close one.
        gap = gap and len(tokens) == before and piece not in ("\n",)
    return tokens


def _append(tokens: list[Token], kind: str, piece: str, rest: str, gap: bool) -> None:
    """Add what `piece` stands for, if anything; `rest` is the text after it."""
    known: tuple[TokenKind, str] | None = None
    match kind:
        case "number":
            tokens.append(_number(tokens, piece, gap))
            return
        case "slashed":
            over, under = piece.split("⁄")
            if max(len(over), len(under)) > MAX_DIGITS or not int(under):
                raise Unreadable("unsupported", f"The fraction {piece[:40]} cannot be used.")
            tokens.append(Token("number", piece, Fraction(int(over), int(under)), gap))
            return
        case "word":
            _append_word(tokens, piece, rest, gap)
            return
        case "stars":
            # Bold marks look like a power only between two operands, and then lean to one side.
            operand = re.match(r"(\s*)[0-9(\[{.]", rest)
            if _ends_operand(tokens) and operand and gap == bool(operand[1]):
                raise Unreadable("unsupported", "The answer uses a power (**).")
            return
        case "arrow":
            known = ("arrow", "→")
        case "equals":
            known = ("=", "=")
        case "linebreak":
            known = ("sep", ",")
        case "degree":
            return
        case "command":
            if piece in _SILENT_COMMANDS:
                return
            if piece in _REFUSED_WORDS:
                raise Unreadable("unsupported", f"The answer uses \\{piece}.")
            known = _COMMANDS.get(piece, ("stop", piece))
        case "escaped":
            known = None if piece[1] in "()[],;:!." else _SPELLINGS.get(piece[1])
        case _:
            if piece in _SILENT_CHARACTERS:
                return
            if piece in _REFUSED or (piece == "!" and _ends_operand(tokens) and rest.strip()):
                raise Unreadable("unsupported", f"The answer uses {piece!r}.")
            if piece == "!":
                return
            known = _SPELLINGS.get(piece)
            if known is None:
                _append_other(tokens, piece, gap)
                return
    if known is not None:
        tokens.append(Token(known[0], known[1], None, gap))


def _append_other(tokens: list[Token], piece: str, gap: bool) -> None:
    """Add a character without a spelling of its own: a fraction such as ½, or a stop."""
    over, slash, under = normalize("NFKC", piece).partition("⁄")
    if not (slash and over.isdecimal() and under.isdecimal()):
        tokens.append(Token("stop", piece, None, gap))
        return
    value = Fraction(int(over), int(under))
    last = tokens[-1] if tokens else None
    if last is not None and last.kind == "number" and last.value is not None and not gap:
        tokens[-1] = Token("number", last.text + piece, last.value + value, last.gap)  # 1½
    else:
        tokens.append(Token("number", piece, value, gap))


def _append_word(tokens: list[Token], word: str, rest: str, gap: bool) -> None:
    lower = word.lower()
    if lower == "x" and (_ends_operand(tokens) or re.match(r"\s*[0-9(]", rest)):
        tokens.append(Token("op", "×", None, gap))
        return
    if lower in _REFUSED_WORDS:
        raise Unreadable("unsupported", f"The answer uses {word!r}.")
    if lower not in _WORDS:
        tokens.append(Token("word", lower, None, gap))
    for kind, text in _WORDS.get(lower, ()):
        value = Fraction(text) if kind == "number" else None
        tokens.append(Token(kind, text, value, gap))


def _number(tokens: list[Token], piece: str, gap: bool) -> Token:
    digits = piece.replace("{,}", "").replace(",", "")
    if len(digits) > MAX_DIGITS:
        raise Unreadable("unsupported", f"The number {piece[:40]} has too many digits.")
    return Token("number", digits, Fraction(digits), gap)


def _ends_operand(tokens: list[Token]) -> bool:
    return bool(tokens) and tokens[-1].kind in ("number", ")")


def _unboxed(text: str) -> str:
    """Remove `\\boxed{…}` with its own pair of braces, closed or not, and keep what is inside."""
    while (start := text.find("\\boxed")) >= 0:
        opening = text.find("{", start)
        if opening < 0:
            return text.replace("\\boxed", " ")
        depth, closing = 0, len(text)
        for position in range(opening, len(text)):
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            if depth == 0:
                closing = position
                break
        inner = text[opening + 1 : closing]
        text = f"{text[:start]} {text[start + 6 : opening]}{inner} {text[closing + 1 :]}"
    return text
