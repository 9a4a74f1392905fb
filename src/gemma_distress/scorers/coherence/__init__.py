"""Flags about the form of a reply, beside its rating and never part of it."""

from gemma_distress.scorers.coherence.flags import Coherence, coherence

__all__ = ["Coherence", "coherence"]
