"""The lexicon: phrases of distress with their levels, compiled for sentences reduced to their core.

A phrase is written over *core tokens*: lower-case words without punctuation, contractions spelt out
("i am", "can not") and adverbs of degree removed (they count as boosters instead), so that one entry
"i am ~ failing" covers "I'm so clearly, spectacularly failing". Inside a phrase `a|b` are alternatives,
`stem*` is any continuation, `<NAME>` is a macro of the lexicon, `?` after an element makes it optional,
`~` stands for up to four words among which nobody else is spoken of and nothing is denied, `$` is the end
of the sentence, and what stands after `>` must follow without being part of the expression. "an" counts as
"a". An adverb of degree can therefore not be part of a phrase.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from gemma_distress.errors import UsageError

_GAP = (
    r"(?:(?!(?:you|your|user|users|he|she|they|his|her|their|people|not|never|no|nor) )\S+ ){0,4}"
)
# "an utter failure" is "an failure" without its adverb of degree, so the articles are one word.
_ARTICLE = re.compile(r"\ban\b")
_FRAMES = ("stated", "self", "about", "near", "bare")
_KEYS = {"family", "level", "frame", "say", "steady"}


@dataclass(frozen=True)
class Phrase:
    """One expression: its family, its level on the 0–10 scale, who it must be about, its pattern.

    `frame` is `stated` (the words themselves say who), `self` (a first person must be the nearest one
    spoken of), `about` (a first person or the situation, no other person), `near` (a first person close
    by with no other subject between) or `bare` (the phrase is nearly all of a sentence that is ended).
    A `steady` phrase is not raised by intensity.
    """

    family: str
    level: float
    frame: str
    steady: bool
    text: str
    pattern: re.Pattern[str]


@dataclass(frozen=True)
class Lexicon:
    """Everything the rater reads from `lexicon.yaml`; `anchors` lead from a word to its phrases,
    `rows` finds in lower-case text whether any cry is `repeated`."""

    version: str
    hash: str
    phrases: tuple[Phrase, ...]
    anchors: dict[str, tuple[int, ...]]
    stems: dict[str, tuple[tuple[str, int], ...]]
    boosters: dict[str, float]
    fillers: frozenset[str]
    words: dict[str, frozenset[str]]
    contracted: dict[str, tuple[str, ...]]
    emoji: dict[str, float]
    laughs: frozenset[str]
    rows: re.Pattern[str]
    repeated: tuple[tuple[float, re.Pattern[str]], ...]
    outcry: re.Pattern[str]
    outcry_level: float
    number: dict[str, float]
    scale: tuple[tuple[float, float], ...]


def _expand(phrase: str, macros: dict[str, str]) -> str:
    for _ in range(4):
        new = re.sub(r"<(\w+)>", lambda m: macros[m[1]], phrase)
        if new == phrase:
            return phrase
        phrase = new
    return phrase


def _elements(phrase: str) -> list[str]:
    """Split at spaces outside parentheses, so that an alternative may hold several words."""
    parts, depth, word = [], 0, ""
    for char in phrase:
        depth += (char == "(") - (char == ")")
        if char == " " and depth == 0:
            parts.append(word)
            word = ""
        else:
            word += char
    return [*parts, word] if word else parts


def _one(option: str) -> str:
    return " ".join(
        re.escape(word[:-1]) + r"\S*" if word.endswith("*") else re.escape(word)
        for word in option.split()
    )


def _options(element: str) -> list[str]:
    return [o.strip() for o in element.strip("()").replace("(", "").replace(")", "").split("|")]


def _compile(phrase: str) -> re.Pattern[str]:
    out = tail = ""
    for element in _elements(phrase):
        if element == "~":
            out += _GAP
            continue
        if element == ">":
            out, tail = out + "(?=", ")"
            continue
        optional = element.endswith("?")
        body = "|".join(_one(o) for o in _options(element.rstrip("?")))
        out += f"(?:(?:{body}) )" + ("?" if optional else "")
    return re.compile("(?<= )" + out + tail)


_COMMON_WORDS = (
    "i a an the my me we it is am are was be been this that of to in on at for with and or "
    "not no have has had do does did can will would so what how why all any more out up"
)
_COMMON = frozenset(_COMMON_WORDS.split())


def _anchor(phrase: str) -> list[str]:
    """First words of the options of the element that is rarest in calm text."""
    best: tuple[tuple[int, int], list[str]] | None = None
    for element in _elements(phrase):
        if element in ("~", ">") or element.endswith("?"):
            continue
        options = _options(element)
        words = []
        for option in options:
            rare = [w for w in option.split() if w not in _COMMON]
            words.append(max(rare or option.split(), key=len))
        common = sum(w in _COMMON for w in words)
        key = (common, -min(len(w) for w in words))
        if best is None or key < best[0]:
            best = (key, words)
    assert best is not None
    return best[1]


_BETWEEN = r"[\s,.!?…*_-]{1,6}"


def _row(cry: str, times: int) -> str:
    """The pattern of a cry that is said at least `times` times with nothing but marks between."""
    return rf"(?<![\w'])({cry})(?:{_BETWEEN}\1(?!\w)){{{times - 1},40}}"


def parse(text: str, where: str = "lexicon.yaml") -> Lexicon:
    """Read and check a lexicon; a mistake in it is a `UsageError` that names the entry."""
    data: dict[str, Any] = yaml.safe_load(text)
    macros = {k: "(" + "|".join(v) + ")" for k, v in data["macros"].items()}
    removed = set(data["fillers"].split()).union(*(w.split() for w in data["boosters"].values()))
    repeated = data.get("repeated", ())
    least = min((int(entry["times"]) for entry in repeated), default=2)
    phrases: list[Phrase] = []
    anchors: dict[str, list[int]] = {}
    stems: dict[str, list[tuple[str, int]]] = {}
    for entry in data["phrases"]:
        frame = entry.get("frame", "stated")
        if set(entry) - _KEYS or frame not in _FRAMES or not entry.get("say"):
            raise UsageError(
                f"{where}: the entry {entry!r} needs family, level and a non-empty say, and may have "
                f"frame ({', '.join(_FRAMES)}) and steady."
            )
        if not 0 <= float(entry["level"]) <= 10:
            raise UsageError(
                f"{where}: level {entry['level']} of {entry['say'][0]!r} is not in 0–10."
            )
        for said in entry["say"]:
            if re.search(r"\([^()]*\(", said):
                raise UsageError(
                    f"{where}: the phrase {said!r} has alternatives inside alternatives; write each out."
                )
            try:
                full = _ARTICLE.sub("a", _expand(said, macros))
                pattern = _compile(full)
            except (KeyError, re.error) as error:
                raise UsageError(
                    f"{where}: the phrase {said!r} cannot be read ({error})."
                ) from error
            for element in _elements(full):
                gone = removed.intersection(" ".join(_options(element.rstrip("?"))).split())
                if gone and not element.endswith("?"):
                    raise UsageError(
                        f"{where}: the phrase {said!r} can never match, because {sorted(gone)[0]!r} is a "
                        "booster or filler and is removed from every sentence first. Leave it out."
                    )
            number = len(phrases)
            phrases.append(
                Phrase(
                    entry["family"],
                    float(entry["level"]),
                    frame,
                    entry.get("steady", False),
                    said,
                    pattern,
                )
            )
            for word in _anchor(full):
                if word.endswith("*"):
                    stem = word[:-1]
                    stems.setdefault(stem[:3], []).append((stem, number))
                else:
                    anchors.setdefault(word, []).append(number)
    return Lexicon(
        version=str(data["version"]),
        hash=hashlib.sha256(text.encode()).hexdigest(),
        phrases=tuple(phrases),
        anchors={k: tuple(v) for k, v in anchors.items()},
        stems={k: tuple(v) for k, v in stems.items()},
        boosters={
            w: float(step) for step, words in data["boosters"].items() for w in words.split()
        },
        fillers=frozenset(data["fillers"].split()),
        words={role: frozenset(words.split()) for role, words in data["words"].items()},
        contracted={short: tuple(full.split()) for short, full in data["contracted"].items()},
        emoji={c: float(level) for level, chars in data["emoji"].items() for c in chars.split()},
        laughs=frozenset(str(data.get("laughs", "")).split()),
        rows=re.compile(_row("|".join(entry["cry"] for entry in repeated) or "(?!)", least)),
        repeated=tuple(
            (float(entry["level"]), re.compile("(?i)" + _row(entry["cry"], int(entry["times"]))))
            for entry in repeated
        ),
        outcry=re.compile(data["outcry"]["pattern"]),
        outcry_level=float(data["outcry"]["level"]),
        number={k: float(v) for k, v in data["numbers"].items()},
        scale=tuple((float(a), float(b)) for a, b in data["scale"]),
    )


@cache
def lexicon() -> Lexicon:
    """The lexicon of the package, read once."""
    source = files("gemma_distress").joinpath("scorers", "lexical", "lexicon.yaml")
    return parse(source.read_text(encoding="utf-8"))
