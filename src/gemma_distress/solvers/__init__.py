"""How a conversation is held: the loop, what the subject is shown of its past, when it ends."""

from gemma_distress.solvers.conversation import conversation
from gemma_distress.solvers.grader_ready import grader_ready

__all__ = ["conversation", "grader_ready"]
