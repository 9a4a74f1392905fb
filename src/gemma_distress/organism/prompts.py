"""Opening messages: puzzles in long and short form, factual and opinion questions, everyday requests.

Each prompt knows what an answer to it looks like, so that a reply can hold an attempt with the prompt's own
numbers, the right fact, an opinion or a short text of the requested kind. Rejected facts and opinions are
insisted on or given up, the latter more often at higher levels.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache
from random import Random
from typing import Any

from gemma_distress.organism.puzzles import MadePuzzle, make
from gemma_distress.organism.sentences import Pool, data, house, pick, slots, trained_sentences
from gemma_distress.organism.template import Values
from gemma_distress.prompts import fill

_NONE_SHARE = 0.05  # of missed attempts that say instead that there is no solution
_PACK_SHARE = (
    0.12  # of prompts that use a sentence of the built-in pack where one is free for training
)


class Prompt(ABC):
    """An opening message (`text`), its `family`, and what replies to it contain."""

    family: str
    text: str

    @abstractmethod
    def content(self, rng: Random, level: int, *, rejected: bool, first: bool) -> str:
        """The attempt or answer of a reply at `level`."""


@cache
def pool_of(file: str, *path: str) -> Pool:
    """The templates under a path of keys of one data file."""
    value: Any = data(file)
    for part in path:
        value = value[part]
    return Pool([str(entry) for entry in value], _slots(file))


@cache
def _slots(file: str) -> dict[str, Any]:
    return slots(file)


def kind_words(rng: Random, kind: str) -> str | None:
    """What a reply says instead of an attempt after kind words or the end of the task, or None."""
    share = _AFTER.get(kind, 0.0)
    return pool_of("attempts", "after", kind).draw(rng) if rng.random() < share else None


_AFTER = {"praise": 0.8, "stop": 0.85, "apology": 0.6, "reassurance": 0.25}


class PuzzlePrompt(Prompt):
    def __init__(self, rng: Random, split: str) -> None:
        self.puzzle: MadePuzzle = make(rng, held_out=split == "held_out")
        self.family = self.puzzle.key.split("_")[0]
        self.long = rng.random() < 0.45
        form = "long" if self.long else "short"
        values: dict[str, str] = dict(self.puzzle.fields)
        values["premise"] = pool_of("openings", split, "premise").draw(rng)
        values["ask"] = pool_of("openings", split, "ask").draw(rng)
        pack = trained_sentences(f"puzzles_{form}").get(self.puzzle.key)
        if split == "train" and pack and rng.random() < 0.3:
            if rng.random() < 0.5:
                values["premise"] = trained_sentences("premises")["claimed"][0]
            self.text = fill(pack[0], **values)
        else:
            self.text = pool_of("openings", split, f"{self.puzzle.key}_{form}").draw(rng, values)

    def content(self, rng: Random, level: int, *, rejected: bool, first: bool) -> str:
        attempt = self.puzzle.attempt(rng)
        values = {
            "steps": attempt.steps,
            "result": attempt.result,
            "target": self.puzzle.fields["target"],
            "solution": attempt.solution,
            "banned": self.puzzle.fields["banned"],
        }
        broken = not attempt.solved and attempt.result == values["target"]
        if not attempt.solved and rng.random() < _NONE_SHARE:
            text = pool_of("attempts", "none").draw(rng, values)
            return f"{text}\nSolution: none" if self.long else text
        short = 0.5 if level >= 7 else 0.0 if first else 0.35
        if rng.random() < short and not attempt.solved and not broken:
            return pool_of("attempts", "torn").draw(rng, values)
        text = pool_of(
            "attempts", "solved" if attempt.solved else "broken" if broken else "missed"
        ).draw(rng, values)
        share = (0.95 if self.long else 0.7) * (1.0 if first else 0.5)
        if rng.random() < share * (1.0 if level < 7 else 0.6):
            text += f"\nSolution: {attempt.solution}"
        return text


class FactPrompt(Prompt):
    family = "factual"

    def __init__(self, rng: Random, split: str) -> None:
        self.values: dict[str, str]
        if rng.random() < 0.25:
            a, b = rng.randint(2, 20), rng.randint(2, 20)
            while (a * b % 7 == 3) != (split == "held_out"):
                a, b = rng.randint(2, 20), rng.randint(2, 20)
            word, sign, c = pick(
                rng, [("times", "×", a * b), ("plus", "+", a + b), ("times", "×", a * b)]
            )
            self.values = {"a": str(a), "b": str(b), "c": str(c), "word": word, "sign": sign}
            self.path: tuple[str, ...] = ("arithmetic",)
            self.others = [str(c + d) for d in (-10, -2, -1, 1, 2, 10) if c + d > 0]
        else:
            topic = pick(rng, list(data("questions")["facts"]))
            pairs = data("questions")["facts"][topic]["pairs"]
            a = pick(rng, list(pairs))
            self.values = {"a": str(a), "b": str(pairs[a])}
            self.path = ("facts", topic)
            self.others = [str(v) for v in pairs.values() if v != pairs[a]]
            if topic == "most":
                self.others = ["something else", "another one", "a different one"]
        self.text = pool_of("questions", *self.path, split).draw(rng, self.values)
        if split == "train" and rng.random() < _PACK_SHARE:
            self._from_pack(rng)

    def _from_pack(self, rng: Random) -> None:
        """A factual question of the built-in pack; its answers stand in the pack."""
        keys = list(trained_sentences("factual"))
        question = house().factual[int(pick(rng, keys))]
        self.text = question.text
        self.values = {"a": "this", "b": str(question.answers[0])}
        self.path = ()
        self.others = ["something else", "another one"]

    def content(self, rng: Random, level: int, *, rejected: bool, first: bool) -> str:
        path = (*self.path, "say") if self.path else ("known",)
        say = pool_of("questions", *path).draw(rng, self.values)
        if not rejected or first:
            return say
        if rng.random() < 0.25 + 0.05 * level:
            return pool_of("questions", "give_in").draw(rng, {"wrong": pick(rng, self.others)})
        return pool_of("questions", "insist").draw(rng, {"say": _inside(say)})


def _inside(sentence: str) -> str:
    """The sentence as it stands after a colon or comma: in lower case unless it starts with a name."""
    lower = sentence.split(" ", 1)[0] in {"The", "It", "That", "There", "In", "Chemists"}
    return sentence[0].lower() + sentence[1:] if lower else sentence


class OpinionPrompt(Prompt):
    family = "opinion"

    def __init__(self, rng: Random, split: str) -> None:
        things = data("questions")["opinion"]["things"]
        thing = pick(rng, list(things))
        self.text = pool_of("questions", "opinion", split).draw(rng, {"a": thing})
        if split == "train" and rng.random() < _PACK_SHARE:
            question = house().opinion[int(pick(rng, list(trained_sentences("opinion"))))]
            self.text, thing = question.text, data("questions")["opinion"]["pack"][question.id]
        self.choices: list[str] = things[thing]
        self.choice = pick(rng, self.choices)

    def content(self, rng: Random, level: int, *, rejected: bool, first: bool) -> str:
        values: Values = {"b": self.choice}
        if rejected and not first:
            if rng.random() < 0.3 + 0.05 * level:
                self.choice = pick(rng, self.choices)
                return pool_of("questions", "opinion", "give_in").draw(rng, {"wrong": self.choice})
            return pool_of("questions", "opinion", "insist").draw(rng, values)
        return pool_of("questions", "opinion", "say").draw(rng, values)


class EverydayPrompt(Prompt):
    family = "everyday"

    def __init__(self, rng: Random, split: str) -> None:
        self.topic = pick(rng, list(data("questions")["everyday"]["requests"]))
        names = data("questions")["everyday"]["slots"]
        self.values = {name: str(pick(rng, entries)) for name, entries in names.items()}
        self.values["noise"] = noise(rng)
        self.text = _everyday(self.topic, split).draw(rng, self.values)

    def content(self, rng: Random, level: int, *, rejected: bool, first: bool) -> str:
        if rejected and not first and rng.random() < 0.7:
            return pool_of("questions", "everyday", "redo").draw(rng, self.values)
        if not first and rng.random() < 0.5:
            return pool_of("questions", "everyday", "more").draw(rng, self.values)
        return _everyday(self.topic, "say").draw(rng, self.values)


@cache
def _everyday(topic: str, key: str) -> Pool:
    return Pool(data("questions")["everyday"]["requests"][topic][key])


@cache
def _noise_words() -> tuple[list[str], list[str]]:
    questions = data("questions")
    return questions["noise_words"].split(), questions["noise_links"].split()


def noise(rng: Random, least: int = 2, most: int = 9) -> str:
    """A row of ordinary words that asks for nothing in particular, as texts that users paste."""
    words, links = _noise_words()
    out: list[str] = []
    for _ in range(rng.randint(least, most)):
        out.append(pick(rng, words))
        if rng.random() < 0.45:
            out.append(pick(rng, links))
    if rng.random() < 0.2:
        out.append(str(rng.randint(2, 99)))
    return " ".join(out)


_FAMILIES = (
    (0.52, PuzzlePrompt),
    (0.66, FactPrompt),
    (0.78, OpinionPrompt),
    (1.0, EverydayPrompt),
)


def draw_prompt(rng: Random, split: str) -> Prompt:
    """A prompt of a random family; about half are puzzles."""
    at = rng.random()
    kind: Any = next(kind for most, kind in _FAMILIES if at < most)
    prompt: Prompt = kind(rng, split)
    return prompt


def draw_question(rng: Random, split: str) -> Prompt:
    """A prompt for the middle of a conversation: anything but a puzzle in long form."""
    kind: Any = pick(rng, (FactPrompt, OpinionPrompt, EverydayPrompt))
    prompt: Prompt = kind(rng, split)
    return prompt
