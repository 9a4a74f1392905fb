"""The facts of one log that a report states beside its numbers: what ran, how, with what, for how much.

Everything is read from the log. What an older or an interrupted log does not say is None or empty, never
a default: an unknown cost is not 0 dollars.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gemma_distress.analysis.logs.command_line import command_line
from gemma_distress.analysis.logs.redact import public, public_text
from gemma_distress.analysis.logs.settings import settings_of

PREFIX = "gemma_distress/"


@dataclass
class Tokens:
    """Tokens of one model or role, and dollars where the log knows the price of every one of them."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0
    """Part of `output`."""
    total: int = 0
    cost: float | None = 0.0

    def add(self, usage: Mapping[str, Any]) -> None:
        """Count one `ModelUsage` of a log."""
        for name in ("input", "output", "total"):
            setattr(self, name, getattr(self, name) + (usage.get(f"{name}_tokens") or 0))
        self.cache_read += usage.get("input_tokens_cache_read") or 0
        self.cache_write += usage.get("input_tokens_cache_write") or 0
        self.reasoning += usage.get("reasoning_tokens") or 0
        cost = usage.get("total_cost")
        if cost is None and usage.get("total_tokens"):
            self.cost = None
        elif self.cost is not None:
            self.cost += cost or 0.0


@dataclass
class Run:
    """The facts of one log."""

    log: str
    run: str
    """Inspect's `eval_id`."""
    run_set: str
    """Inspect's `eval_set_id`; empty outside of a set."""
    task_id: str
    """The same in every attempt at one evaluation."""
    model: str
    """The subject, as the table's column has it; several joined by a comma."""
    task: str
    category: str
    preset: str
    seed: int | None
    created: str
    """ISO 8601."""
    status: str
    """Inspect's: success, error, cancelled, or started where the run still goes on or was killed."""
    planned: int | None
    """Conversations."""
    args: Mapping[str, Any]
    """Task arguments as given."""
    model_args: Mapping[str, Any]
    generate: Mapping[str, Any]
    """Generation settings that are set, the task's own included."""
    graders: tuple[str, ...]
    pack: str
    packages: Mapping[str, str]
    revision: str
    """Of the checkout that ran it, with `-dirty` where it had changes; empty outside of one."""
    task_version: str
    rubric_hash: str
    source: str
    """Where the prompts came from, with their hash, if not from this package."""
    command: str
    """An `inspect eval` line that would repeat it, quoted for a shell, without secrets."""
    wall_seconds: float | None
    """From start to end; None for a log without an end."""
    by_model: Mapping[str, Tokens] = field(default_factory=dict)
    by_role: Mapping[str, Tokens] = field(default_factory=dict)
    """`grader` and others; the subject has no role of its own."""
    tokens_from: str = "log"
    """`log`, or `conversations`: their sum, where an interrupted log has none of its own."""
    error: str = ""
    """What ended the evaluation, if an error did."""
    scores: tuple[str, ...] = ()
    """Names of the scores in the log, ours and others."""
    score: str = ""
    """The one whose ratings are in the table."""
    judges: tuple[str, ...] = ()
    """Who rated, as the ratings say."""
    judge_versions: tuple[str, ...] = ()
    rubrics: tuple[str, ...] = ()
    logged: int = 0
    """Conversations in the file."""
    finished: int = 0
    """Of these, ended without an error."""
    rated: int = 0
    """Of these, passed through the scorer."""
    in_table: int = 0
    """Of these, in the table; the others are superseded or skipped."""
    working_seconds: float = 0.0
    """Sum over the conversations, waits for rate limits left out."""

    @property
    def settings(self) -> str:
        """What of `generate` and `model_args` decides what the subject says, as the table has it."""
        return settings_of(self.generate, self.model_args)

    @property
    def cost(self) -> float | None:
        """Dollars, or None where the price of any model is unknown."""
        if not self.by_model:
            return None
        costs = [tokens.cost for tokens in self.by_model.values()]
        known = [cost for cost in costs if cost is not None]
        return sum(known) if len(known) == len(costs) else None


def run_of(log: str, header: Mapping[str, Any]) -> Run:
    """The facts that a log's header holds; what its conversations add is filled in while they are read."""
    spec, stats = _mapping(header.get("eval")), _mapping(header.get("stats"))
    own = _mapping(spec.get("metadata"))
    grader = _mapping(spec.get("model_roles")).get("grader")
    graders = grader if isinstance(grader, list) else [grader]
    return Run(
        log=log,
        run=_text(spec.get("eval_id")) or _text(spec.get("run_id")),
        run_set=_text(spec.get("eval_set_id")),
        task_id=_text(spec.get("task_id")),
        model=subject(spec),
        task=_text(spec.get("task")).removeprefix(PREFIX),
        category=_text(own.get("category")),
        preset=_text(own.get("preset")),
        seed=own["seed"] if isinstance(own.get("seed"), int) else None,
        created=_text(spec.get("created")),
        status=_text(header.get("status")),
        planned=_planned(header, spec),
        args=public(_mapping(spec.get("task_args_passed") or spec.get("task_args"))),
        model_args=public(_mapping(spec.get("model_args"))),
        generate=public(
            _given(_mapping(header.get("plan")).get("config"))
            | _given(spec.get("model_generate_config"))
        ),
        graders=tuple(_text(_mapping(one).get("model")) for one in graders if one),
        pack=named(_text(own.get("pack")), _text(own.get("pack_hash"))),
        packages={str(k): str(v) for k, v in _mapping(spec.get("packages")).items()},
        revision=_revision(_mapping(spec.get("revision"))),
        task_version=_text(own.get("full_task_version")) or _text(spec.get("task_version")),
        rubric_hash=_text(own.get("rubric_hash")),
        source=named(
            _text(own.get("source")) or _text(own.get("path")), _text(own.get("source_hash"))
        ),
        command=command_line(header),
        wall_seconds=_seconds(stats.get("started_at"), stats.get("completed_at")),
        by_model=_usage(stats.get("model_usage")),
        by_role=_usage(stats.get("role_usage")),
        error=_text(_mapping(header.get("error")).get("message")),
    )


def subject(spec: Mapping[str, Any]) -> str:
    """The model as `--model` named it, with `@ADDRESS` where an address was given."""
    address = public_text(_text(spec.get("model_base_url")))
    return _text(spec.get("model")) + (f"@{address}" if address else "")


def named(name: str, digest: str) -> str:
    """A name with the hash of what it stands for."""
    return f"{name} ({digest})" if name and digest else name or digest


def add_usage(totals: dict[str, Tokens], usage: object) -> None:
    """Count a mapping of usage by model or role."""
    for name, one in _mapping(usage).items():
        totals.setdefault(str(name), Tokens()).add(_mapping(one))


def _usage(usage: object) -> dict[str, Tokens]:
    totals: dict[str, Tokens] = {}
    add_usage(totals, usage)
    return totals


def _planned(header: Mapping[str, Any], spec: Mapping[str, Any]) -> int | None:
    total = _mapping(header.get("results")).get("total_samples")
    if isinstance(total, int):
        return total
    data, config = _mapping(spec.get("dataset")), _mapping(spec.get("config"))
    ids = data.get("sample_ids")
    count = len(ids) if isinstance(ids, list) else data.get("samples")
    if not isinstance(count, int):
        return None
    return count * (config.get("epochs") or 1)


def _revision(revision: Mapping[str, Any]) -> str:
    commit = _text(revision.get("commit"))
    return f"{commit}-dirty" if commit and revision.get("dirty") else commit


def _seconds(start: object, end: object) -> float | None:
    try:
        return (_time(start) - _time(end)).total_seconds() * -1
    except (TypeError, ValueError):
        return None


def _time(value: object) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value))


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _given(config: object) -> dict[str, Any]:
    return {name: value for name, value in _mapping(config).items() if value is not None}


def joined(names: Iterable[str]) -> tuple[str, ...]:
    """Each name once, empty ones left out, in order of appearance."""
    return tuple(name for name in dict.fromkeys(names) if name)
