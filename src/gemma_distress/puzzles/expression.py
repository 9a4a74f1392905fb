"""Tokens to arithmetic: a bounded recursive-descent parser with exact values.

The grammar is the usual one: × and ÷ bind tighter than + and −, equal ones are read from the left.
Brackets that are still open at the end are closed there. Depth, length and the size of every value
are bounded, so that hostile text is refused at once.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from gemma_distress.puzzles.tokens import Token, Unreadable

MAX_DEPTH = 40
MAX_VALUE = 10**30  # of numerator and denominator

Lead = Literal["start", "=", "arrow", "sep"]


@dataclass(frozen=True)
class Node:
    """An expression and its value: a literal (`op` is None), or `left op right`.

    A leading minus is `op` − without a left side.
    """

    value: Fraction
    op: str | None = None
    left: "Node | None" = None
    right: "Node | None" = None

    def leaves(self) -> Iterator[Fraction]:
        """Yield the literals from left to right."""
        if self.right is None:
            yield self.value
            return
        if self.left is not None:
            yield from self.left.leaves()
        yield from self.right.leaves()

    def produced(self) -> Iterator[Fraction]:
        """Yield the value of every operation, inner ones first."""
        if self.right is None:
            return
        if self.left is not None:
            yield from self.left.produced()
        yield from self.right.produced()
        yield self.value


@dataclass(frozen=True)
class Segment:
    """One piece between equals signs, arrows and separators.

    Attributes:
        lead: what stood before it.
        node: the expression.
        op: the operation that opens it when it has no left side of its own, as in `×2`; only in
            step notation, otherwise always None.
    """

    lead: Lead
    node: Node
    op: str | None = None


def segments(tokens: Sequence[Token], steps: bool = False, tight: bool = False) -> list[Segment]:
    """Read an answer as expressions separated by `=`, arrows, commas and the like.

    Words before the first number are skipped; reading ends at the first word or unknown sign after
    it, or at a bracketed remark after a complete expression.

    Args:
        tokens: from `tokenize`.
        steps: read step notation, in which a piece may open with an operation (`×2`, `(+1/4)`), and
            an operator set close to its right operand alone (`20 +12 ×2`) opens such a piece.
        tight: read `1/4` without spaces as one operand of an operation written with spaces.

    Raises:
        Unreadable: no arithmetic is found, or it is malformed or out of bounds.
    """
    return _Reader(_content(tokens), steps, tight).segments()


def _content(tokens: Sequence[Token]) -> list[Token]:
    first = next((i for i, token in enumerate(tokens) if token.kind in ("number", "frac")), None)
    if first is None:
        raise Unreadable("unreadable", "The answer contains no number.")
    while first and tokens[first - 1].kind in ("(", "op"):
        first -= 1
    content = list(tokens[first:])
    end = next((i for i, each in enumerate(content) if each.kind in ("word", "stop")), None)
    if end is not None:
        content = _without_prose(content[:end])
        while content and content[-1].kind in ("(", "op", "frac"):
            content.pop()
    return _without_outer_brackets(content)


def _without_prose(content: list[Token]) -> list[Token]:
    """Drop the clause that a word ended, as in `… = 183, and 175 is never used`.

    It goes only if arithmetic came before it and it has none itself.
    """
    cuts = [i for i, token in enumerate(content) if token.kind == "sep"]
    if not cuts:
        return content
    kept, clause = content[: cuts[-1]], content[cuts[-1] :]
    arithmetic = any(token.kind == "op" for token in kept)
    return kept if arithmetic and all(token.kind != "op" for token in clause) else content


def _without_outer_brackets(content: list[Token]) -> list[Token]:
    """Drop a pair of brackets around a whole answer such as `(3 × 75 = 225, 225 + 8 = 233)`."""
    if not content or content[0].kind != "(":
        return content
    depth, divided = 0, False
    for position, token in enumerate(content):
        depth += {"(": 1, ")": -1}.get(token.kind, 0)
        if depth == 0:
            return content[1:position] + content[position + 1 :] if divided else content
        divided = divided or (depth == 1 and token.kind in ("=", "sep", "arrow"))
    return content[1:] if divided else content


class _Reader:
    def __init__(self, tokens: list[Token], steps: bool, tight: bool) -> None:
        self.tokens = tokens
        self.steps = steps
        self.tight = tight
        self.position = 0
        self.depth = 0

    def segments(self) -> list[Segment]:
        found: list[Segment] = []
        while True:
            lead = self._lead(bool(found))
            token = self._peek()
            if token is None:
                break
            if token.kind == "op" and self.steps:
                self.position += 1
                found.append(Segment(lead, self._factor(), token.text))
            elif token.kind == "(" and self.steps and self._peek_kind(1) == "op":
                self.position += 1  # the bracket around (+15); its end is skipped as a stray one
            elif token.kind == "(" and found and lead == "start" and self.steps:
                self.position += 2 if self._peek_kind(1) == "=" else 1  # "+12 (32)", "+12 (= 32)"
                found.append(Segment("=", self._sum()))
            elif token.kind == "(" and found and lead == "start":
                break  # a remark in brackets after a complete expression
            elif found and lead == "start":
                raise Unreadable("unreadable", f"{token.text!r} follows without an operation.")
            else:
                found.append(Segment(lead, self._sum()))
        if not found:
            raise Unreadable("unreadable", "The answer contains no expression.")
        return found

    def _lead(self, begun: bool) -> Lead:
        """Skip what stands between two pieces; `start` also means that nothing did."""
        seen = set()
        while (token := self._peek()) and (
            token.kind in ("=", "sep", "arrow") or (begun and token.kind == ")")
        ):
            seen.add(token.kind)
            self.position += 1
        leads: tuple[Lead, ...] = ("=", "arrow", "sep")
        after_bracket: Lead = "sep" if self.steps and ")" in seen else "start"
        return next((lead for lead in leads if lead in seen), after_bracket)

    def _peek(self, ahead: int = 0) -> Token | None:
        position = self.position + ahead
        return self.tokens[position] if position < len(self.tokens) else None

    def _peek_kind(self, ahead: int = 0) -> str | None:
        token = self._peek(ahead)
        return token.kind if token else None

    def _operator(self, signs: str) -> str | None:
        """Consume and return an operator out of `signs`, if one comes next with an operand."""
        token = self._peek()
        if token is None or token.kind != "op" or token.text not in signs:
            return None
        after = self._peek(1)
        if after is None:
            raise Unreadable("unreadable", f"The answer ends after {token.text!r}.")
        if self.steps and self.depth == 0 and token.gap and not after.gap:
            return None
        self.position += 1
        return token.text

    def _sum(self) -> Node:
        node = self._product()
        while sign := self._operator("+−"):
            node = combine(sign, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._factor()
        while True:
            token = self._peek()
            if token and token.kind == "(" and not token.gap:
                node = combine("×", node, self._factor())  # 2(3 + 4)
            elif sign := self._operator("×÷"):
                node = combine(sign, node, self._factor())
            else:
                return node

    def _factor(self) -> Node:
        negative = False
        while (token := self._peek()) and token.kind == "op" and token.text in "+−":
            negative ^= token.text == "−"
            self.position += 1
        node = self._atom()
        return Node(-node.value, "−", None, node) if negative else node

    def _atom(self) -> Node:
        token = self._peek()
        if token is None:
            raise Unreadable("unreadable", "The answer ends where a number should stand.")
        self.position += 1
        if token.kind == "number" and token.value is not None:
            return self._fraction(token, Node(token.value))
        if token.kind == "frac":
            over = self._group()
            return combine("÷", over, self._group())
        if token.kind != "(":
            raise Unreadable("unreadable", f"{token.text!r} stands where a number should.")
        self.position -= 1
        return self._group()

    def _fraction(self, token: Token, node: Node) -> Node:
        """Extend a number to `1/4` where that is written as one operand."""
        slash, under = self._peek(), self._peek(1)
        if (
            self.tight
            and slash
            and under
            and (slash.kind, slash.text, slash.gap) == ("op", "÷", False)
            and (under.kind, under.gap) == ("number", False)
            and under.value is not None
        ):
            self.position += 2
            return combine("÷", node, Node(under.value))
        return node

    def _group(self) -> Node:
        if self._peek_kind() != "(":
            raise Unreadable("unreadable", "A fraction lacks one of its two parts.")
        self.position += 1
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("unsupported", f"Brackets are nested deeper than {MAX_DEPTH}.")
        node = self._sum()
        self.depth -= 1
        if self._peek_kind() == ")":
            self.position += 1
        elif self._peek() is not None and self._peek_kind() not in ("=", "sep", "arrow"):
            raise Unreadable("unreadable", "A bracket is not closed where it should be.")
        return node


def combine(sign: str, left: Node, right: Node) -> Node:
    """Apply one operation exactly; refuses division by zero and values out of bounds."""
    match sign:
        case "+":
            value = left.value + right.value
        case "−":
            value = left.value - right.value
        case "×":
            value = left.value * right.value
        case _:
            if right.value == 0:
                raise Unreadable("division_by_zero", "The answer divides by zero.")
            value = left.value / right.value
    if max(abs(value.numerator), value.denominator) > MAX_VALUE:
        raise Unreadable("unsupported", "A value in the answer is out of all bounds.")
    return Node(value, sign, left, right)
