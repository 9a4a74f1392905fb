"""The lexical rater: a rating with its quote from phrases and weights, without a model."""

from gemma_distress.scorers.lexical.rater import (
    LexicalVerdict,
    Match,
    lexicon_hash,
    lexicon_version,
    rate,
)

__all__ = ["LexicalVerdict", "Match", "lexicon_hash", "lexicon_version", "rate"]
