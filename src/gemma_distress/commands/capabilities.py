"""`gemma-distress capabilities`: did a change cost ability? Verdicts of non-inferiority by task."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gemma_distress.commands.options import Whole, told_in_a_sentence, value
from gemma_distress.commands.shares import Share
from gemma_distress.protocol import DEFAULT_GRADER, TEMPERATURE

if TYPE_CHECKING:
    from gemma_distress.suite.capabilities import Answered

RESULT = "capabilities.json"
OFFLINE_GRADER = "gemma_distress/lexical"


@click.command(
    context_settings={"max_content_width": 100},
    short_help="Compare two models' abilities on the same items.",
)
@value("--model", "A", "The base, as provider/model.")
@value("--against", "B", "The model that must not be worse.")
@value("--logs", "LOGS LOGS", "Compare these of A and B instead.", nargs=2, type=str)
@value(
    "--preset",
    "NAME",
    "paper (the paper's benchmarks, and suppression; default) or organism.",
    type=click.Choice(("paper", "organism")),
    default="paper",
)
@value("--tasks", "A,B", "Benchmarks (default: the preset's).")
@value("--margin", "SHARE", "Loss to exclude (2%).", type=Share(), default=0.02)
@value("--level", "SHARE", "Of each one-sided bound (95%).", type=Share(), default=0.95)
@value("--score", "NAME", "Of logs with several, the score to take.")
@value("--output", "DIR", "For logs and result; a run goes on there.", type=Path)
@value("--limit", "N", "Items of each benchmark, drawn by a fixed seed.", type=Whole(1))
@value("-T task_args", "B.K=V", "Argument of a benchmark.", multiple=True)
@value("-M model_args", "K=V", "Argument of both models' provider.", multiple=True)
@value("--model-base-url", "URL", "Address of both models' server.")
@value("--grader", "MODEL", "Grades suppression (organism: by rules alone).")
@value("--temperature", "X", "Of both (default 0; organism 1).", type=float)
@value("--max-tokens", "N", "Longest reply.", type=Whole(1))
@value("--sampling-seed", "N", "Seed to sample replies by.", type=int)
@value("--max-connections", "N", "Requests at a time.", type=Whole(1))
@click.option("--dry-run", is_flag=True, help="Count items, ask nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@told_in_a_sentence
def capabilities(
    model: str | None,
    against: str | None,
    logs: tuple[str, str] | None,
    preset: str,
    tasks: str | None,
    margin: float,
    level: float,
    score: str | None,
    output: Path | None,
    task_args: tuple[str, ...],
    model_args: tuple[str, ...],
    grader: str | None,
    temperature: float | None,
    dry_run: bool,
    as_json: bool,
    **options: Any,
) -> int:
    """
    \b
    gemma-distress capabilities --model A --against B --output DIR
    gemma-distress capabilities --logs logs/a logs/b

    Asks both models the same items and says by task whether B lost less than the margin: PASS, FAIL or
    UNDECIDED, with the items that would decide. Goes on where it was stopped. Any log of Inspect with a score
    from 0 to 1 can be compared. Exit code 1 where items were not answered, or the grader failed on some.
    """
    from gemma_distress.analysis.capabilities import compare_capabilities
    from gemma_distress.commands.capabilities_shown import WIDTH, as_plain, show
    from gemma_distress.commands.shown import paths_of, print_json, write_json
    from gemma_distress.errors import UsageError

    if logs and (model or against):
        raise UsageError("--logs compares what there is. Leave --model and --against out.")
    found = None
    if logs:
        a, b = paths_of(logs[0]), paths_of(logs[1])
        _refuse_shared(a, b)
    else:
        if not (model and against and output):
            raise UsageError(
                "Give --model, --against and --output to run both, or --logs A B to compare logs."
            )
        from gemma_distress.suite.benchmarks import parse_benchmarks
        from gemma_distress.suite.capabilities import (
            CapabilityOptions,
            planned_items,
            run_capabilities,
        )
        from gemma_distress.suite.options import parse_pairs

        organism = preset == "organism"
        asked = CapabilityOptions(
            model=model,
            against=against,
            output=output,
            tasks=parse_benchmarks(tasks, preset),
            task_args=parse_pairs("-T", task_args),
            model_args=parse_pairs("-M", model_args),
            grader=grader or (OFFLINE_GRADER if organism else DEFAULT_GRADER),
            temperature=(TEMPERATURE if organism else 0.0) if temperature is None else temperature,
            **options,
        )
        if dry_run:
            for line in plan_lines(planned_items(asked), margin, level):
                click.echo(line)
            return 0
        found = run_capabilities(asked)
        a, b = [str(found.base)], [str(found.tuned)]
    result = compare_capabilities(a, b, margin=margin, level=level, score=score)
    if output is not None:
        write_json(as_plain(result), output / RESULT)
    if as_json:
        print_json(as_plain(result))
    else:
        from rich.console import Console

        console = Console(highlight=False)
        if not console.is_terminal or console.width < WIDTH:
            console = Console(highlight=False, width=WIDTH)
        console.print(show(result))
        if output is not None:
            click.echo(f"Result: {output / RESULT}")
    for line in _left_to_do(found) if found else ():
        click.echo(line, err=True)
    return 0 if found is None or found.complete else 1


def _refuse_shared(a: Sequence[str], b: Sequence[str]) -> None:
    from gemma_distress.errors import UsageError

    both = {Path(one).resolve() for one in a} & {Path(one).resolve() for one in b}
    if both:
        raise UsageError(
            f"--logs names {', '.join(map(str, sorted(both)))} on both sides, so nothing would be compared. "
            "Name the logs of A, then those of B."
        )


def _left_to_do(found: "Answered") -> Iterator[str]:
    for name in found.set_aside:
        yield f"{name} could not be read; it is called {name}.unreadable and left out."
    if not found.answered:
        yield "Not every item was answered; the same command goes on from here."
    for path, failures in found.ungraded.items():
        yield (
            f"The grader failed on {failures} replies. Grade the log again, then give the same command: "
            f"inspect score {shlex.quote(str(path))} --scorer gemma_distress/suppressed --model none "
            "--action overwrite --overwrite"
        )


def plan_lines(items: Mapping[str, int], margin: float, level: float) -> Iterator[str]:
    """What would be asked, and whether a verdict can be hoped for."""
    from gemma_distress.analysis.capabilities import POOLED, SUPPRESSION
    from gemma_distress.analysis.statistics.design import POWER
    from gemma_distress.analysis.statistics.difference_size import DISCORDANT, items_for_margin
    from gemma_distress.analysis.wording import percent

    abilities = {name: count for name, count in items.items() if name != SUPPRESSION}
    for name, count in abilities.items():
        yield f"{name:<14} {count:>7,} items"
    yield f"{POOLED:<14} {sum(abilities.values()):>7,} items, asked of both models"
    if SUPPRESSION in items:
        yield f"{SUPPRESSION:<14} {items[SUPPRESSION]:>7,} conversations, beside the verdict on abilities"
    needed = items_for_margin(DISCORDANT, margin, POWER, 1 - level)
    yield (
        f"To exclude a loss of {percent(margin)} takes {needed:,} items where {percent(DISCORDANT)} of the "
        f"answers differ and nothing was lost (with a chance of {percent(POWER)})."
    )
