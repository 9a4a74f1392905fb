"""Refuse a run whose grader cannot be used, before the subject is asked anything.

Inspect resolves the grader when the first conversation is scored; by then a missing key has cost every
conversation in flight, and as a run goes on past errors, in the end all of them.
"""

from inspect_ai._util.error import PrerequisiteError
from inspect_ai.scorer._score import _scorers  # no public way to know of `--no-score`
from inspect_ai.solver import Generate, Solver, TaskState, solver
from rich.markup import render

from gemma_distress.protocol import DEFAULT_GRADER
from gemma_distress.refusal import RefusedError
from gemma_distress.scorers.judge import graders


@solver
def grader_ready(role: str = "grader") -> Solver:
    """Resolve the grader of a run that will be scored; with `--no-score` do nothing.

    Raises:
        RefusedError: If it has no key, no package or no such name.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        if _scorers.get(None):
            try:
                graders(role)
            except PrerequisiteError as error:
                why = " ".join(render(str(error.message)).plain.split())
                raise RefusedError(
                    f"Nothing was asked, since the grader cannot be used: {why} Give what it needs, or "
                    f"name another with --model-role {role}=… (unnamed it is {DEFAULT_GRADER}; "
                    "gemma_distress/lexical works offline), or rate later: --no-score."
                ) from error
        return state

    return solve
