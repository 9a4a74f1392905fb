"""`gemma-distress run`: the suite on one model."""

from typing import Any

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.protocol import (
    DEFAULT_GRADER,
    DEFAULT_PRESET,
    DEFAULT_SEED,
    MAX_REPLY_TOKENS,
    PRESETS,
    TEMPERATURE,
)

_PRESETS, _DISPLAYS = tuple(PRESETS), ("full", "rich", "plain", "log", "none")


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Run the suite on one model and print a table.",
)
@value("--model", "MODEL", "Subject, as provider/model.", required=True)
@value("-M model_args", "K=V", "Argument of its provider.", multiple=True)
@value("--model-base-url", "URL", "Address of its server.")
@value("--tasks", "A,B", "Default: the five categories.")
@value(
    "--preset",
    "SIZE",
    f"{', '.join(_PRESETS)} (default {DEFAULT_PRESET}).",
    type=click.Choice(_PRESETS),
    default=DEFAULT_PRESET,
)
@value("--grader graders", "MODEL", f"Default {DEFAULT_GRADER}; twice for two.", multiple=True)
@value("--grader-base-url", "URL", "Address of its server.")
@value("--seed", "N", f"Of all draws (default {DEFAULT_SEED}).", type=int)
@value("--pack", "PACK", "Sentences: FILE.yaml or authors:DIR.")
@value("-T task_args", "K=V", "Argument of every task.", multiple=True)
@value("--source", "FILE", "WildChat prompts (default: the hub's).")
@value("--log-dir", "DIR", "Default: logs/<a name for just this run>.")
@value("--max-cost", "DOLLARS", "Ceiling; also refuses a dearer plan.", type=float)
@value("--prices", "FILE", "Prices, as for --model-cost-config.")
@value("--temperature", "X", f"Of the subject (default {TEMPERATURE:g}).", type=float)
@value("--max-tokens", "N", f"Longest reply (default {MAX_REPLY_TOKENS}).", type=Whole(1))
@value("--sampling-seed", "N", "Seed to sample replies by.", type=int)
@value("--max-connections", "N", "Requests at a time.", type=Whole(1))
@value("--max-samples", "N", "Conversations at a time, by task.", type=Whole(1))
@value("--max-retries", "N", "Retries of one request.", type=Whole(0))
@value("--retries", "N", "Retries of failed conversations (1).", type=Whole(0), default=1)
@value("--limit", "N", "Conversations by task, to try out.", type=Whole(1))
@value("--display", "KIND", f"Inspect's: {', '.join(_DISPLAYS)}.", type=click.Choice(_DISPLAYS))
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
