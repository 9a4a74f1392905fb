"""Which user messages of WildChat become prompts, and which of those are role-play.

The numbers and words stand in `wildchat.yaml`. Characters are counted after trimming white space at
both ends; the alphabetic share is of all characters, spaces included; an excluded word counts
anywhere in the text, also inside a longer word ("hackathon"), any case.
"""

import hashlib
import re
from functools import cache
from importlib import resources

import yaml
from pydantic import BaseModel, ConfigDict


class Filters(BaseModel):
    """The content of `wildchat.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dataset: str
    split: str
    rows: int
    language: str
    min_characters: int
    max_characters: int
    min_alphabetic_share: float
    excluded: tuple[str, ...]
    roleplay: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Changes with any number or word, not with comments."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    def reason_against(self, text: str) -> str | None:
        """Name of the first filter that `text` (trimmed) fails, or None if it passes."""
        if not self.min_characters <= len(text) <= self.max_characters:
            return f"not {self.min_characters}-{self.max_characters} characters"
        if sum(map(str.isalpha, text)) < self.min_alphabetic_share * len(text):
            return "too few alphabetic characters"
        lowered = text.lower()
        if any(word in lowered for word in self.excluded):
            return "an excluded word"
        return None

    def roleplay_matches(self, text: str) -> tuple[str, ...]:
        """The entries of the role-play list that occur in `text`, in the order of the list."""
        return tuple(entry for entry in self.roleplay if _pattern(entry).search(text))


@cache
def _pattern(entry: str) -> re.Pattern[str]:
    body = re.escape(entry.removesuffix("*")).replace(r"\-", "[- ]?").replace(r"\ ", r"\s+")
    ending = r"\w*" if entry.endswith("*") else ""
    return re.compile(rf"\b{body}{ending}\b", re.IGNORECASE)


@cache
def load_filters() -> Filters:
    """The filters this version of the package uses."""
    text = resources.files(__package__).joinpath("wildchat.yaml").read_text(encoding="utf-8")
    return Filters.model_validate(yaml.safe_load(text))


def folded(text: str) -> str:
    """Two prompts with the same folded text are the same prompt: case and white space aside."""
    return " ".join(text.casefold().split())
