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
from collections.abc import Iterator

from inspect_ai import eval_set
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.model import GenerateConfigArgs, Model
from rich.text import Text

from gemma_distress.errors import UsageError
from gemma_distress.suite.ceiling import Spending, read_spending, watching
from gemma_distress.suite.estimate import Estimate, estimate
from gemma_distress.suite.folder import check_owner, locked, sweep, task_logs, write_record
from gemma_distress.suite.options import SuiteOptions
from gemma_distress.suite.outcome import Outcome, read_outcome
from gemma_distress.suite.plan import Plan, make_plan
from gemma_distress.suite.prices import Prices, load_prices, register
from gemma_distress.suite.subjects import LOADS_WEIGHTS, make_subject, one_line
from gemma_distress.suite.table import make_console, show_outcome, show_plan


def run_suite(options: SuiteOptions, *, dry_run: bool = False, as_json: bool = False) -> int:
    """Run, or take up again, the suite; print the plan before and the table after.

    Args:
        options: What to run.
        dry_run: Print the plan and stop.
        as_json: Print the table as JSON on standard output and everything else on standard error.

    Returns:
        0 if every conversation finished, else 1.

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
        left, spending = _what_is_left(plan, prices)
        write_record(plan)
        if left.finished < left.planned:
            _ask(plan, subject or make_subject(options), prices, spending, as_json)
            sweep(plan.log_dir, task_logs(plan.log_dir))
        outcome = read_outcome(plan.log_dir)
    if as_json:
        print(json.dumps(outcome.as_json(), indent=1, ensure_ascii=False))
    else:
        say.print()
        say.print(show_outcome(outcome))
    if not outcome.complete:
        say.print(Text(_how_to_go_on(outcome, spending)))
    return 0 if outcome.complete else 1


def _what_is_left(plan: Plan, prices: Prices) -> tuple[Estimate, Spending]:
    logs = task_logs(plan.log_dir)
    finished = {name: log.finished for name, log in logs.items()}
    return estimate(plan, finished, prices), read_spending(plan.log_dir, plan.options.max_cost)


def _check_cost(left: Estimate, spending: Spending) -> None:
    ceiling = spending.ceiling
    if ceiling is None or left.finished == left.planned:
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


def _ask(plan: Plan, subject: Model, prices: Prices, spending: Spending, as_json: bool) -> None:
    options = plan.options
    for model in (subject, *plan.graders):
        price = prices.of(str(model), model.explicit_base_url)
        if price is not None:
            register(model, price)
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
    try:
        with (
            watching(spending),
            _standard_output_kept_clean(as_json),
            contextlib.suppress(KeyboardInterrupt, CancelledError),
        ):
            eval_set(
                tasks=list(plan.tasks.values()),
                log_dir=str(plan.log_dir),
                model=subject,
                model_roles={"grader": list(plan.graders)},
                retry_attempts=options.retries,
                retry_immediate=options.retries > 0,
                display=_display(options, as_json),  # type: ignore[arg-type]
                limit=options.limit,
                max_samples=options.max_samples,
                log_buffer=1,
                log_realtime=False,
                **settings,
            )
    except PrerequisiteError as error:
        raise UsageError(one_line(error)) from error


def _display(options: SuiteOptions, as_json: bool) -> str:
    if options.display:
        return options.display
    if as_json:
        return "none"
    return "rich" if sys.stdout.isatty() else "plain"


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
    if spending.stopped:
        return (
            f"Stopped at the ceiling of ${spending.ceiling:g} with {missing} conversations unfinished. "
            "The same command with a higher --max-cost goes on from here."
        )
    return f"{missing} conversations did not finish. The same command goes on from here."
