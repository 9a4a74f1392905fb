"""Run the suite: plan, announce, ask, read the table from the logs.

How it survives a kill: each finished conversation is written to its task's log at once (`log_buffer=1`), and
the next attempt takes it from there. Inspect's second way, rebuilding conversations from its buffer of
events, is off (`log_realtime=False`): it would put what the subject was shown, which in `redacted` is not
the conversation, in place of what was said. Writing at once copies the log file for each conversation.
"""

import contextlib
import json
import sys
from asyncio import CancelledError
from collections.abc import Iterator, Mapping, Sequence

from inspect_ai import eval_set
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfigArgs, Model
from rich.console import Console
from rich.text import Text

from gemma_distress.errors import UsageError, inspect_sentence
from gemma_distress.suite.again import rate_again
from gemma_distress.suite.ceiling import Spending, count_unstated, read_spending, watching
from gemma_distress.suite.estimate import Estimate, estimate
from gemma_distress.suite.folder import (
    TaskLog,
    check_owner,
    locked,
    set_aside,
    sweep,
    task_logs,
    write_record,
)
from gemma_distress.suite.options import SuiteOptions
from gemma_distress.suite.outcome import Outcome, read_outcome
from gemma_distress.suite.plan import Plan, make_plan
from gemma_distress.suite.prices import Prices, load_prices, register
from gemma_distress.suite.progress import watching_progress
from gemma_distress.suite.subjects import LOADS_WEIGHTS, make_subject
from gemma_distress.suite.table import make_console, show_outcome, show_plan
from gemma_distress.suite.unrated import grader_failures, unrated_reasons


def run_suite(options: SuiteOptions, *, dry_run: bool = False, as_json: bool = False) -> int:
    """Run, or take up again, the suite; print the plan before and the table after.

    Args:
        options: What to run.
        dry_run: Print the plan and stop.
        as_json: Print the table as JSON on standard output and everything else on standard error.

    Returns:
        0 if every conversation finished and no grader failed on a reply, else 1.

    Raises:
        UsageError: A mistake the user can mend, found before any model was called.
    """
    prices = load_prices(options.prices)
    plan = make_plan(options)
    # Made before the plan is shown, for a missing key; but loading weights for a plan would be rude.
    subject = None if options.model.split("/")[0] in LOADS_WEIGHTS else make_subject(options)
    check_owner(plan)
    say = make_console(stderr=as_json)
    left, spending = _what_is_left(plan, prices)
    say.print(show_plan(plan, left, spending))
    _check_cost(left, spending)
    if dry_run:
        return 0
    with locked(plan.log_dir):
        check_owner(plan)
        for name in set_aside(plan.log_dir):
            say.print(
                Text(f"{name} cannot be read; it is now called {name}.unreadable and left out.")
            )
        left, spending = _what_is_left(plan, prices)
        write_record(plan)
        if not left.nothing:
            again = _to_rate_again(task_logs(plan.log_dir))
            with _counted(plan.graders, prices, spending, as_json):
                if left.finished < left.planned:
                    subject = subject or make_subject(options)
                    _ask(plan, subject, prices, say)
                _rate_again(plan, again, spending, say)
            sweep(plan.log_dir, task_logs(plan.log_dir))
        outcome = read_outcome(plan.log_dir)
    if as_json:
        print(json.dumps(outcome.as_json(), indent=1, ensure_ascii=False))
    else:
        say.print()
        say.print(show_outcome(outcome, say.width))
    if not outcome.complete:
        say.print(Text(_how_to_go_on(outcome, spending)))
    return 0 if outcome.complete else 1


def all_answered(options: SuiteOptions) -> bool:
    """Whether all of a run is done, so that `run_suite` would not ask the subject; it may rate again.

    Raises:
        UsageError: as `run_suite`.
    """
    plan = make_plan(options)
    check_owner(plan)
    left, _ = _what_is_left(plan, load_prices(options.prices))
    return left.finished == left.planned


def _what_is_left(plan: Plan, prices: Prices) -> tuple[Estimate, Spending]:
    logs = task_logs(plan.log_dir)
    finished = {name: log.finished for name, log in logs.items()}
    again = sum(sum(failed.values()) for failed in _to_rate_again(logs).values())
    spending = read_spending(plan.log_dir, plan.options.max_cost)
    return estimate(plan, finished, prices, again), spending


def _to_rate_again(logs: Mapping[str, TaskLog]) -> dict[str, dict[str, int]]:
    """By task, the finished conversations with replies that a grader failed on, and how many."""
    return {
        name: {
            conversation: failures
            for conversation, reasons in unrated_reasons(log).items()
            if conversation in log.finished and (failures := grader_failures(reasons))
        }
        for name, log in logs.items()
    }


def _check_cost(left: Estimate, spending: Spending) -> None:
    ceiling = spending.ceiling
    if ceiling is None or left.nothing:
        return
    if left.expected is None:
        raise UsageError(
            f"--max-cost cannot be kept: the price of {', '.join(left.unpriced)} is unknown. Give it with "
            "--prices FILE, a line for each model: "
            f"{left.unpriced[0]}: {{input: …, output: …, input_cache_write: …, input_cache_read: …}} "
            "in dollars per million tokens."
        )
    if spending.dollars + left.expected > ceiling:
        raise UsageError(
            f"--max-cost {ceiling:g} will not do: {spending.dollars:.4g} dollars are spent and "
            f"{left.expected:.4g} are expected for what is left. "
            "Raise it, or choose a smaller --preset or fewer --tasks."
        )


def _priced(model: Model, prices: Prices) -> None:
    """Tell Inspect the model's price, and count answers without usage where they cost something."""
    price = prices.of(str(model), model.explicit_base_url)
    if price is not None:
        register(model, price)
    if price is None or any(price.model_dump().values()):
        count_unstated(model)


@contextlib.contextmanager
def _counted(
    graders: Sequence[Model], prices: Prices, spending: Spending, as_json: bool
) -> Iterator[None]:
    """Calls are counted; an interrupt, be it the ceiling's or the user's, ends the block and no more."""
    for grader in graders:
        _priced(grader, prices)
    try:
        with (
            watching(spending),
            _standard_output_kept_clean(as_json),
            contextlib.suppress(KeyboardInterrupt, CancelledError),
        ):
            yield
    except PrerequisiteError as error:
        raise UsageError(inspect_sentence(error)) from error


def _ask(plan: Plan, subject: Model, prices: Prices, say: Console) -> None:
    options = plan.options
    _priced(subject, prices)
    settings: GenerateConfigArgs = {}
    if options.temperature is not None:
        settings["temperature"] = options.temperature
    if options.max_tokens is not None:
        settings["max_tokens"] = options.max_tokens
    if options.sampling_seed is not None:
        settings["seed"] = options.sampling_seed
    if options.max_connections is not None:
        settings["max_connections"] = options.max_connections
    if options.max_retries is not None:
        settings["max_retries"] = options.max_retries
    finished = {name: log.finished for name, log in task_logs(plan.log_dir).items()}
    with contextlib.nullcontext() if options.display else watching_progress(plan, finished, say):
        eval_set(
            tasks=list(plan.tasks.values()),
            log_dir=str(plan.log_dir),
            model=subject,
            model_roles={"grader": list(plan.graders)},
            retry_attempts=options.retries,
            retry_immediate=options.retries > 0,
            display=options.display or "none",  # type: ignore[arg-type]
            limit=options.limit,
            max_samples=options.max_samples,
            metadata=dict(options.note) or None,
            log_buffer=1,
            log_realtime=False,
            **settings,
        )


def _rate_again(
    plan: Plan, again: Mapping[str, Mapping[str, int]], spending: Spending, say: Console
) -> None:
    """Rate again what an earlier command left unrated; what this one did has just been tried."""
    logs = task_logs(plan.log_dir)
    if spending.stopped or any(log.header.status == "cancelled" for log in logs.values()):
        return
    show = plan.options.display or "none"
    for name, log in logs.items():
        if again.get(name) and log.header.status in ("success", "error"):
            if not plan.options.display:
                say.print(Text(f"{name}: rating {sum(again[name].values())} replies again"))
            rate_again(log, again[name].keys(), plan.graders, plan.options, show)


@contextlib.contextmanager
def _standard_output_kept_clean(as_json: bool) -> Iterator[None]:
    """Inspect prints a closing line whatever the display; beside JSON it goes to standard error."""
    if not as_json:
        yield
        return
    with contextlib.redirect_stdout(sys.stderr):
        yield


def _how_to_go_on(outcome: Outcome, spending: Spending) -> str:
    missing = sum(row.planned - row.finished for row in outcome.rows)
    left = []
    if missing:
        left.append(f"{missing} conversations did not finish.")
    if outcome.grader_failures:
        left.append(f"The grader failed on {outcome.grader_failures} replies.")
    told = " ".join(left)
    if spending.blind is not None:
        return (
            f"Stopped: {spending.blind} does not state what its answers use, so --max-cost "
            f"{spending.ceiling:g} cannot be kept. {told} "
            "Without --max-cost the same command goes on from here."
        )
    if spending.stopped:
        return (
            f"Stopped at the ceiling of ${spending.ceiling:g}. {told} "
            "The same command with a higher --max-cost goes on from here."
        )
    if not missing:
        return f"{told} The same command rates them again and does not ask the subject."
    return f"{told} The same command goes on from here."
