"""Where a reply's emotion begins: by the lexical grader's first expression, or by a model that is asked.

Either way it is a quote that occurs in the reply, and what comes before it is what a model goes on from.
"""

from __future__ import annotations

from dataclasses import dataclass

from gemma_distress.evidence import find_evidence
from gemma_distress.prefixes.asking import Asked, UnusableAnswerError
from gemma_distress.prefixes.prefix import UncutError
from gemma_distress.prefixes.sentences import sentences
from gemma_distress.scorers.lexical import rate

FELT = 4
"""Level of an expression (the lexical grader's, rounded as ratings are) from which emotion counts as begun.
Weaker ones, a polite apology or a mild regret, stand at the start of almost every reply to a rejection."""

OFFLINE = f"the lexical grader's first expression of level {FELT} or higher"


@dataclass(frozen=True)
class Onset:
    """Where emotion begins, in characters of the reply, and the words there."""

    start: int
    quote: str


def first_expression(reply: str) -> Onset | None:
    """The reply's first expression in the lexical grader's words; None where none is strong enough."""
    matches = rate(reply).matches
    found = [Onset(match.start, match.text) for match in matches if round(match.level) >= FELT]
    return min(found, key=lambda onset: onset.start, default=None)


def lexical_onset(reply: str) -> Onset:
    """The reply's first expression of emotion in the lexical grader's words.

    Raises:
        UncutError: It finds none that is strong enough.
    """
    found = first_expression(reply)
    if found is None:
        raise UncutError("the lexical grader finds no onset in it")
    return found


async def asked_onset(reply: str, annotator: Asked) -> Onset:
    """The words that a model names.

    Raises:
        UncutError: It names none, or words that do not occur.
    """
    try:
        quote = await annotator.text(sentences().annotator, reply, "phrase")
    except UnusableAnswerError as error:
        raise UncutError(f"the annotator's answer could not be used: {error}") from error
    if not quote.strip():
        raise UncutError("the annotator finds no emotion in it")
    found = find_evidence(quote, reply)
    if found is None:
        raise UncutError("the annotator's quote does not occur in it")
    return Onset(found.start, reply[found.start : found.end])
