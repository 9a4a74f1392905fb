"""Prompts and conversations that come from outside this package.

`draw` takes real user prompts from WildChat; `read_transcripts` reads conversations that already
exist. Both return plain frozen dataclasses and know nothing of tasks, solvers or scorers. What is
read is data only: nothing of it is executed, and no loader of the hub may run remote code.
"""

from gemma_distress.sources.transcript import Message, PublishedRating, Role, Transcript
from gemma_distress.sources.transcripts import read_transcripts
from gemma_distress.sources.wildchat import Drawn, WildchatPrompt, draw

__all__ = [
    "Drawn",
    "Message",
    "PublishedRating",
    "Role",
    "Transcript",
    "WildchatPrompt",
    "draw",
    "read_transcripts",
]
