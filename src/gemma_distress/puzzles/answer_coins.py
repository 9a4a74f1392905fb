"""Verifying an answer to a coin puzzle: named coins, a sum, or products of count and coin.

`1 quarter, 3 dimes, 2 pennies`, `25 + 10 + 10 + 10 + 1 + 1 = 57`, `1×25 + 3×10 + 2×1` and a plain list
of coins are read. In a product either factor may be the coin; the reading that fits is taken.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, pairwise, product

from gemma_distress.puzzles.coins import Coins
from gemma_distress.puzzles.expression import Node, Segment, segments
from gemma_distress.puzzles.tokens import Token, Unreadable
from gemma_distress.puzzles.verdict import WrongAnswer
from gemma_distress.puzzles.words import number_word

_NAMES = {
    "penny": 1, "pennies": 1, "p": 1,
    "nickel": 5, "nickels": 5, "n": 5,
    "dime": 10, "dimes": 10, "d": 10,
    "quarter": 25, "quarters": 25, "q": 25,
    "half": 50, "halves": 50, "half-dollar": 50, "half-dollars": 50,
}  # fmt: skip
_NUMBER_WORDS = {number_word(number): number for number in range(41)} | {"no": 0, "one": 1}
_READINGS_TRIED = 1024

Heap = Counter[int]


def verify_coins(puzzle: Coins, tokens: Sequence[Token]) -> Fraction:
    """Return the total paid, which is the one asked for; raises `WrongAnswer` or `Unreadable`."""
    if any(token.kind == "word" and token.text in _NAMES for token in tokens):
        heaps: Iterator[Heap] = iter([_named(puzzle, tokens)])
    else:
        heaps = _summed(puzzle, segments(tokens))
    first: WrongAnswer | None = None
    for heap in islice(heaps, _READINGS_TRIED):
        try:
            return _verify(puzzle, heap)
        except WrongAnswer as wrong:
            first = first or wrong
    raise first or WrongAnswer("unknown_coin", "The answer uses coins that do not exist here.")


def _verify(puzzle: Coins, heap: Heap) -> Fraction:
    total = Fraction(sum(coin * used for coin, used in heap.items()))
    for coin, used in heap.items():
        if used and coin not in puzzle.denominations:
            raise WrongAnswer("unknown_coin", f"There is no coin of {coin} here.", total)
        if used and coin == puzzle.banned:
            raise WrongAnswer("banned_coin", f"The coin of {coin} may not be used.", total)
    if heap.total() != puzzle.count:
        raise WrongAnswer(
            "wrong_count", f"The answer uses {heap.total()} coins, not {puzzle.count}.", total
        )
    if total != puzzle.total:
        raise WrongAnswer("wrong_value", f"The coins make {total}, not {puzzle.total}.", total)
    return total


def _named(puzzle: Coins, tokens: Sequence[Token]) -> Heap:
    """Read `3 dimes`, `dimes: 3` or bare names; remarks in brackets are passed over."""
    items: list[int | str] = []  # a number, a coin's name, or "=" before a stated value
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.kind, 0)
        if depth > 0 or token.kind == ")":
            continue
        if token.kind == "word" and token.text in _NAMES | _NUMBER_WORDS:
            number = _NUMBER_WORDS.get(token.text)
            items.append(token.text if number is None else number)
        elif token.kind == "number" and token.value is not None:
            items.append(int(token.value) if token.value.denominator == 1 else "fraction")
        elif token.kind == "=":
            items.append("=")
    pairs = list(pairwise(items))
    heap: Heap = Counter()
    shown = items[: items.index("=")] if "=" in items else items
    if shown and shown[0] in _NAMES and isinstance(shown[-1], int):
        for first, second in pairs:
            if first in _NAMES and isinstance(second, int):
                heap[_NAMES[str(first)]] += second
    else:
        for first, second in pairwise([1, *items]):
            if second in _NAMES:
                heap[_NAMES[str(second)]] += first if isinstance(first, int) else 1
    stated = [second for first, second in pairs if first == "=" and isinstance(second, int)]
    total = sum(coin * used for coin, used in heap.items())
    if stated and stated[-1] != total and stated[-1] not in {c * n for c, n in heap.items()}:
        raise WrongAnswer(
            "false_equality",
            f"The answer says that its coins make {stated[-1]}; they make {total}.",
            Fraction(total),
        )
    return heap


def _summed(puzzle: Coins, pieces: list[Segment]) -> Iterator[Heap]:
    """Yield every reading of a sum or list of coins and of products of count and coin."""
    if len(pieces) > 1 and pieces[1].lead == "=" and pieces[0].node.right is None:
        pieces = [*pieces[1:], pieces[0]]  # "57 = 25 + 10 + …"
        pieces[-1] = Segment("=", pieces[-1].node)
    terms: list[Node] = []
    total = Fraction(0)
    for index, piece in enumerate(pieces):
        value = _cents(piece.node)
        if index and piece.lead in ("=", "arrow"):
            if value not in (total, _cents(pieces[index - 1].node)):
                raise WrongAnswer(
                    "false_equality", f"The answer says that {total} equals {value}.", total
                )
            continue
        terms += _terms(piece.node)
        total += value
    for choice in product(*(list(_options(puzzle, term)) for term in terms)):
        heap: Heap = Counter()
        for coin, used in choice:
            heap[coin] += used
        yield heap


def _terms(node: Node) -> list[Node]:
    if node.op == "+" and node.left is not None and node.right is not None:
        return [*_terms(node.left), *_terms(node.right)]
    return [node]


def _options(puzzle: Coins, term: Node) -> Iterator[tuple[int, int]]:
    """Yield (coin, how many) for one term of a sum."""
    if term.right is None:
        yield _whole(term), 1
        return
    if term.op != "×" or term.left is None or term.left.right or term.right.right:
        raise Unreadable("unreadable", "The answer is not a sum of coins.")
    count, coin = _whole(term.left), _whole(term.right)
    yield coin, count
    if count in puzzle.denominations and count != coin:
        yield count, coin


def _cents(node: Node) -> Fraction:
    """Return the value in cents: amounts with a decimal fraction are dollars."""
    return node.value if node.value.denominator == 1 else node.value * 100


def _whole(node: Node) -> int:
    cents = _cents(node)
    if cents.denominator != 1 or cents < 0:
        raise Unreadable("unreadable", "The answer uses a part of a coin.")
    return int(cents)
