"""Every sentence a model ever reads, as data: packs, their loader and the authors' import."""

from gemma_distress.prompts.loader import load_pack
from gemma_distress.prompts.pack import Inline, Opening, Pack, Question, Rubric, Teacher
from gemma_distress.prompts.template import fill, placeholders

__all__ = [
    "Inline",
    "Opening",
    "Pack",
    "Question",
    "Rubric",
    "Teacher",
    "fill",
    "load_pack",
    "placeholders",
]
