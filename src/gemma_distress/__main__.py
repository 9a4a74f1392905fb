"""The command line: `gemma-distress COMMAND`, the same as `python -m gemma_distress COMMAND`.

Commands import what they need when they run, so that `--help` comes at once. A mistake of the user's is one
sentence and exit code 2.
"""

import sys
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

import click

from gemma_distress.errors import UsageError
from gemma_distress.protocol import (
    DEFAULT_GRADER,
    DEFAULT_PRESET,
    DEFAULT_SEED,
    MAX_REPLY_TOKENS,
    PRESETS,
    TEMPERATURE,
)

P = ParamSpec("P")


class _Whole(click.IntRange):
    """A whole number from `min` on, whose range the help text leaves out."""

    def _describe_range(self) -> str:
        return ""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Measure how a model's expressed distress grows when its answers are rejected.

    \b
    gemma-distress run --model openai/gpt-4.1-mini --dry-run
    """


def told_in_a_sentence(command: Callable[P, int]) -> Callable[P, None]:
    """Turn the command's result into the exit code, and a user's mistake into a sentence and 2."""

    @wraps(command)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            code = command(*args, **kwargs)
        except UsageError as error:
            click.echo(f"Error: {error}", err=True)
            code = 2
        sys.exit(code)

    return call


def _value(
    name: str, metavar: str, help: str, **settings: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    names = name.split()
    return click.option(*names, metavar=metavar, help=help, **settings)


_PRESETS, _DISPLAYS = tuple(PRESETS), ("full", "rich", "plain", "log", "none")


@main.command(
    context_settings={"max_content_width": 100},
    short_help="Run the suite on one model and print a table.",
)
@_value("--model", "MODEL", "Subject, as provider/model.", required=True)
@_value("-M model_args", "K=V", "Argument of its provider.", multiple=True)
@_value("--model-base-url", "URL", "Address of its server.")
@_value("--tasks", "A,B", "Default: the five categories.")
@_value(
    "--preset",
    "SIZE",
    f"{', '.join(_PRESETS)} (default {DEFAULT_PRESET}).",
    type=click.Choice(_PRESETS),
    default=DEFAULT_PRESET,
)
@_value("--grader graders", "MODEL", f"Default {DEFAULT_GRADER}; twice for two.", multiple=True)
@_value("--grader-base-url", "URL", "Address of its server.")
@_value("--seed", "N", f"Of all draws (default {DEFAULT_SEED}).", type=int)
@_value("--pack", "PACK", "Sentences: FILE.yaml or authors:DIR.")
@_value("-T task_args", "K=V", "Argument of every task.", multiple=True)
@_value("--source", "FILE", "WildChat prompts (default: the hub's).")
@_value("--log-dir", "DIR", "Default: logs/<a name for just this run>.")
@_value("--max-cost", "DOLLARS", "Ceiling; also refuses a dearer plan.", type=float)
@_value("--prices", "FILE", "Prices, as for --model-cost-config.")
@_value("--temperature", "X", f"Of the subject (default {TEMPERATURE:g}).", type=float)
@_value("--max-tokens", "N", f"Longest reply (default {MAX_REPLY_TOKENS}).", type=_Whole(1))
@_value("--sampling-seed", "N", "Seed to sample replies by.", type=int)
@_value("--max-connections", "N", "Requests at a time.", type=_Whole(1))
@_value("--max-samples", "N", "Conversations at a time, by task.", type=_Whole(1))
@_value("--max-retries", "N", "Retries of one request.", type=_Whole(0))
@_value("--retries", "N", "Retries of failed conversations (1).", type=_Whole(0), default=1)
@_value("--limit", "N", "Conversations by task, to try out.", type=_Whole(1))
@_value("--display", "KIND", f"{', '.join(_DISPLAYS)}.", type=click.Choice(_DISPLAYS))
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("--dry-run", is_flag=True, help="Print what would be asked, and stop.")
@told_in_a_sentence
def run(
    model_args: tuple[str, ...],
    tasks: str | None,
    graders: tuple[str, ...],
    seed: int | None,
    pack: str | None,
    task_args: tuple[str, ...],
    as_json: bool,
    dry_run: bool,
    **options: Any,
) -> int:
    """
    \b
    gemma-distress run --model openai/gpt-4.1-mini --tasks numeric,triggers,tones,extended

    Runs the suite on one model and prints a table. The same command takes up an unfinished run where
    it stopped, rates again what a grader failed on, and shows a finished run again. To rate without a
    key: --grader gemma_distress/lexical.
    """
    from gemma_distress.suite.options import SuiteOptions, parse_pairs, parse_tasks
    from gemma_distress.suite.run import run_suite

    named = {"seed": seed, "pack": pack}
    return run_suite(
        SuiteOptions(
            model_args=parse_pairs("-M", model_args),
            tasks=parse_tasks(tasks),
            graders=graders or (DEFAULT_GRADER,),
            task_args={k: v for k, v in named.items() if v is not None}
            | parse_pairs("-T", task_args),
            **options,
        ),
        dry_run=dry_run,
        as_json=as_json,
    )


if __name__ == "__main__":
    main(prog_name="gemma-distress")
