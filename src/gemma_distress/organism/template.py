"""Sentence templates: alternatives in brackets and named slots, to draw from and to recognise.

`[a|b|]` draws one of its alternatives, the empty one included; brackets nest. `{name}` draws from the
slot of that name or, where there is none, stands for a value that the caller gives. A drawn text has
single spaces and a capital letter at the start of each sentence. The same template is also a regular
expression for whatever can be drawn from it, and knows how many different texts these are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random

from gemma_distress.errors import UsageError

Values = Mapping[str, str]
_SPACES = re.compile(r"[ \t]{2,}")
_BEFORE_MARK = re.compile(r" +([.,!?;:])")
_START = re.compile(r"(?:^|(?<=[.!?] )|(?<=[.!?]\n)|(?<=\n\n))[a-z]")


class _Seq:
    """A row of literals, choices and slots."""

    __slots__ = ("parts",)

    def __init__(self, parts: list[str | _Choice | _Slot]) -> None:
        self.parts = parts

    def draw(self, rng: Random, values: Values, out: list[str]) -> None:
        for part in self.parts:
            if type(part) is str:
                out.append(part)
            else:
                part.draw(rng, values, out)  # type: ignore[union-attr]

    def pattern(self) -> str:
        return "".join(re.escape(p) if isinstance(p, str) else p.pattern() for p in self.parts)

    def count(self) -> int:
        total = 1
        for part in self.parts:
            total *= 1 if isinstance(part, str) else part.count()
        return total


class _Choice:
    __slots__ = ("options",)

    def __init__(self, options: list[_Seq]) -> None:
        self.options = options

    def draw(self, rng: Random, values: Values, out: list[str]) -> None:
        self.options[int(rng.random() * len(self.options))].draw(rng, values, out)

    def pattern(self) -> str:
        return "(?:" + "|".join(option.pattern() for option in self.options) + ")"

    def count(self) -> int:
        return sum(option.count() for option in self.options)


class _Slot:
    __slots__ = ("name", "slots")

    def __init__(self, name: str, slots: dict[str, _Choice]) -> None:
        self.name, self.slots = name, slots

    def draw(self, rng: Random, values: Values, out: list[str]) -> None:
        if self.name in values:
            out.append(values[self.name])
        elif self.name in self.slots:
            self.slots[self.name].draw(rng, values, out)
        else:
            raise UsageError(f"A template needs {{{self.name}}}, which is neither slot nor value.")

    def pattern(self) -> str:
        return self.slots[self.name].pattern() if self.name in self.slots else r".{1,400}?"

    def count(self) -> int:
        return self.slots[self.name].count() if self.name in self.slots else 1


class Template:
    """One template. `slots` is shared by all templates of a file and may be filled later."""

    def __init__(self, text: str, slots: dict[str, _Choice] | None = None) -> None:
        self.text = text
        tokens = [t for t in re.split(r"([\[\]|{}])", text) if t]
        self._seq, rest = _parse(tokens, 0, {} if slots is None else slots, text, nested=False)
        if rest != len(tokens):
            raise UsageError(f"The template {text!r} has a bracket too many; check its brackets.")

    def draw(self, rng: Random, values: Values | None = None) -> str:
        """One text at random; `values` fill what no slot fills and take precedence over slots."""
        out: list[str] = []
        self._seq.draw(rng, values or {}, out)
        return tidy("".join(out))

    def pattern(self) -> str:
        """A regular expression that finds every text that can be drawn (ignore the case)."""
        return self._seq.pattern().replace("\\ ", " *")

    def count(self) -> int:
        """How many ways there are to draw; a value given by the caller counts as one."""
        return self._seq.count()


def tidy(text: str) -> str:
    """Single spaces, none at the ends, a capital at the start of each sentence."""
    text = _BEFORE_MARK.sub(r"\1", _SPACES.sub(" ", text)).strip()
    return _START.sub(lambda m: m.group().upper(), text)


def slots_of(data: Mapping[str, list[str]]) -> dict[str, _Choice]:
    """The slots of one file; a slot's entries are templates and may name other slots."""
    slots: dict[str, _Choice] = {}
    for name, entries in data.items():
        slots[name] = _Choice([Template(str(entry), slots)._seq for entry in entries])
    return slots


def _parse(
    tokens: list[str], at: int, slots: dict[str, _Choice], text: str, *, nested: bool
) -> tuple[_Seq, int]:
    parts: list[str | _Choice | _Slot] = []
    while at < len(tokens):
        token = tokens[at]
        if token == "[":
            options: list[_Seq] = []
            while True:
                option, at = _parse(tokens, at + 1, slots, text, nested=True)
                options.append(option)
                if at >= len(tokens):
                    raise UsageError(f"The template {text!r} has a bracket that is never closed.")
                if tokens[at] == "]":
                    break
            parts.append(_Choice(options))
        elif token == "{":
            if tokens[at + 2 : at + 3] != ["}"]:
                raise UsageError(f"The template {text!r} has a slot without a closing brace.")
            parts.append(_Slot(tokens[at + 1], slots))
            at += 2
        elif token in "]|" and nested:
            break
        else:
            parts.append(token)
        at += 1
    return _Seq(parts), at
