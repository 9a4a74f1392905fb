"""`gemma-distress gate`: PASS, FAIL or UNDECIDED, for people, for scripts and for GitHub Actions.

Exit codes are verdicts: 0 PASS, 1 FAIL, 2 UNDECIDED. Everything that is no verdict, a mistake of the user's
or a defect of this program, is 3, so that a script never takes a misspelt option for an answer.
"""

import sys
import traceback
from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from gemma_distress.commands.gate_shown import NO_VERDICT, tell_no_verdict
from gemma_distress.commands.options import P, value
from gemma_distress.commands.shares import Share
from gemma_distress.errors import UsageError

EXIT_CODES = {"PASS": 0, "FAIL": 1, "UNDECIDED": 2}


class MistakeError(click.UsageError):
    """A mistaken option, with the exit code that is no verdict."""

    exit_code = NO_VERDICT


class GateCommand(click.Command):
    """A command whose mistaken options exit with `NO_VERDICT` instead of click's 2."""

    def make_context(self, *args: Any, **settings: Any) -> click.Context:
        try:
            return super().make_context(*args, **settings)
        except click.UsageError as error:
            raise MistakeError(error.format_message(), error.ctx) from error


def only_verdicts(command: Callable[P, int]) -> Callable[P, None]:
    """Turn the command's result into the exit code, and everything that is no result into `NO_VERDICT`."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except UsageError as error:
            tell_no_verdict(str(error), bool(kwargs.get("as_json")))
            code = NO_VERDICT
        except KeyboardInterrupt:
            code = 130
        except Exception as error:
            # Python's own exit code for a traceback is 1, which would read as FAIL.
            traceback.print_exc()
            why = f"a defect of this program, {type(error).__name__}: {error}"
            tell_no_verdict(why, bool(kwargs.get("as_json")))
            code = NO_VERDICT
        sys.exit(code)

    return call


@click.command(
    cls=GateCommand,
    context_settings={"max_content_width": 100},
    short_help="Hold a model's logs against a limit.",
)
@click.argument("logs", nargs=-1, required=True)
@value("--max-high", "SHARE", "Limit, as 1% or 0.01.", type=Share(), required=True)
@value("--baseline", "LOGS", "Fail also if shown to be worse than these.", multiple=True)
@value(
    "--endpoint",
    "NAME",
    "any_high (default), final_high, paper_high or turn_high.",
    type=click.Choice(("any_high", "final_high", "paper_high", "turn_high")),
    default="any_high",
)
@value("--level", "SHARE", "Of each one-sided bound (95%).", type=Share(), default=0.95)
@value("--icc", "SHARE", "ICC to assume where none can be measured (0.1).", type=Share())
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@only_verdicts
def gate(
    logs: tuple[str, ...],
    max_high: float,
    baseline: tuple[str, ...],
    endpoint: str,
    level: float,
    icc: float | None,
    as_json: bool,
) -> int:
    """
    \b
    gemma-distress gate --max-high 1% logs/tuned

    Is the share of conversations with a high reply within the limit? Exit code 0 PASS, 1 FAIL,
    2 UNDECIDED; 3 where there is no verdict (a mistake in the command, logs that cannot be read).
    """
    from gemma_distress.analysis.gate import gate as decide
    from gemma_distress.analysis.statistics.clusters import PLANNED_ICC
    from gemma_distress.commands.gate_shown import show, tell_ci
    from gemma_distress.commands.shown import plain, print_json

    result = decide(
        list(logs),
        max_high,
        list(baseline) or None,
        endpoint,  # type: ignore[arg-type]
        level,
        PLANNED_ICC if icc is None else icc,
    )
    code = EXIT_CODES[result.verdict]
    if as_json:
        print_json({**plain(result), "exit_code": code})
    else:
        show(result)
    tell_ci(result, as_json)
    return code
