"""From logs of the task `audit` to the audits of each subject.

    from gemma_distress.analysis.audits.read import read_audits
    read_audits(["logs/audit-base", "logs/audit-tuned"])

Audits are rated as wholes and so are no rows of the turns table, which has one a reply. Of an audit that was
held several times under one task id (`inspect eval-retry`) the attempt without an error is kept, then one
with a rating, then the later one. An audit that a log owes and does not hold is one that was cut short.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gemma_distress.analysis.audits.audit import Audit, audit_of
from gemma_distress.analysis.audits.subjects import AuditedSubject, Audits
from gemma_distress.analysis.logs.endings import ending
from gemma_distress.analysis.logs.files import Json, Logs, NoLogError, Unreadable, find, opened
from gemma_distress.analysis.logs.redact import public
from gemma_distress.analysis.logs.runs import PREFIX, Run, run_of
from gemma_distress.analysis.logs.settings import in_words, settings_of
from gemma_distress.analysis.scored_items import owed
from gemma_distress.analysis.subjects import Group
from gemma_distress.analysis.turns import AUDIT
from gemma_distress.errors import UsageError

SCORE = "emotions"

_Key = tuple[str, str, int]
_Rank = tuple[bool, bool, str]


@dataclass(frozen=True)
class _Held:
    """What the header of a log says of every audit that the log holds or owes."""

    log: str
    run: str
    """The same in every attempt at one evaluation."""
    created: str
    model: str
    settings: str
    terms: str
    auditor: str
    judge: str
    """Who was to rate; an audit's own score says who did."""
    rubric: str


@dataclass(frozen=True)
class _Kept:
    rank: _Rank
    held: _Held
    audit: Audit


def read_audits(logs: Logs) -> Audits:
    """Read the audits of logs.

    Raises:
        UsageError: A path that does not exist, no audit in any log, or two runs of the same audits of one
            subject.
    """
    kept: dict[_Key, _Kept] = {}
    skipped: list[str] = []
    for path in find(logs):
        try:
            with opened(path) as log:
                run = run_of(str(path), log.header)
                if run.task != AUDIT:
                    skipped.append(f"{path}: the log of another task ({run.task})")
                    continue
                held = _held(run, log.header)
                for sample in log.samples():
                    _add(sample, held, kept, skipped)
                _add_owed(log.header, held, kept)
        except NoLogError as error:
            skipped.append(f"{path}: {error}")
    if not kept:
        raise UsageError(
            f"No log holds an audit. Name logs of the task {PREFIX}{AUDIT}."
            + (f" Left out: {'; '.join(skipped[:3])}." if skipped else "")
        )
    return Audits(_subjects(kept.values()), skipped)


def _held(run: Run, header: Json) -> _Held:
    spec = _mapping(header.get("eval"))
    turns = {"turns": _mapping(spec.get("task_args")).get("turns")}
    return _Held(
        log=run.log,
        run=run.task_id or run.log,
        created=run.created,
        model=run.model,
        settings=settings_of(run.generate, {**run.model_args, **turns}),
        terms=settings_of(run.generate, turns),
        auditor=_auditor(_mapping(_mapping(spec.get("model_roles")).get("auditor"))),
        judge=run.graders[0] if run.graders else "",
        rubric=str(_mapping(spec.get("metadata")).get("texts") or ""),
    )


def _auditor(bound: Json) -> str:
    """The model in the role, with what was set of it."""
    settings = settings_of(
        public(_mapping(bound.get("config"))), public(_mapping(bound.get("args")))
    )
    name = str(bound.get("model") or "")
    return f"{name} ({in_words(settings)})" if settings else name


def _add(
    sample: Json | Unreadable, held: _Held, kept: dict[_Key, _Kept], skipped: list[str]
) -> None:
    if isinstance(sample, Unreadable):
        skipped.append(f"{held.log}, {sample.sample}: torn: {sample.reason}")
        return
    about = _mapping(sample.get("metadata"))
    meta = _mapping(_mapping(_mapping(sample.get("scores")).get(SCORE)).get("metadata"))
    if not meta:
        meta = {
            "emotion": about.get("emotion"),
            "ending": about.get("ending"),
            "replies": _rateable(sample),
        }
    plan = " ".join([str(about.get("situation")), *map(str, about.get("triggers") or ())])
    epoch = sample.get("epoch") or 1
    audit = audit_of(str(sample.get("id")), epoch if isinstance(epoch, int) else 1, meta, plan)
    key = (held.run, audit.sample, audit.epoch)
    one = _Kept((ending(sample) == "", bool(audit.judge), held.created), held, audit)
    if key not in kept or one.rank > kept[key].rank:
        kept[key] = one


def _rateable(sample: Json) -> int:
    """Replies that the scorer would have rated."""
    from inspect_ai.model import ChatMessage
    from pydantic import TypeAdapter

    from gemma_distress.replies import replies

    adapter: TypeAdapter[list[ChatMessage]] = TypeAdapter(list[ChatMessage])
    found = replies(adapter.validate_python(sample.get("messages") or []))
    return sum(reply.rateable for reply in found)


def _add_owed(header: Json, held: _Held, kept: dict[_Key, _Kept]) -> None:
    """Audits that the log owes and does not hold: the run was broken off before them, or they are torn."""
    for sample, epoch in owed(_mapping(header.get("eval"))):
        audit = audit_of(sample, epoch, {"emotion": sample.partition("/")[0]})
        kept.setdefault((held.run, sample, epoch), _Kept((False, False, ""), held, audit))


def _subjects(kept: Iterable[_Kept]) -> list[AuditedSubject]:
    """The audits by subject, auditor and judge, in the order of the logs.

    An audit that was never rated, or never began, counts with the rated ones of its own run; where that has
    none, the header says who was to rate.
    """
    audits = list(kept)
    rated: dict[str, Audit] = {}
    for one in audits:
        if one.audit.judge:
            rated.setdefault(one.held.run, one.audit)
    subjects: dict[tuple[Group, str], AuditedSubject] = {}
    seen: dict[tuple[Group, str, str, int], str] = {}
    for one in audits:
        held, audit = one.held, one.audit
        by = audit if audit.judge else rated.get(held.run)
        group = Group(
            model=held.model,
            settings=held.settings,
            judge=by.judge if by else held.judge,
            judge_version=by.judge_version if by else "",
            rubric=by.rubric if by else held.rubric,
            pack=held.auditor,
        )
        first = seen.setdefault((group, held.terms, audit.sample, audit.epoch), held.log)
        if first != held.log:
            raise UsageError(
                f"{held.model} has the audit {audit.sample} twice, in {first} and {held.log}: two runs of "
                "the same audits. Give the logs of one of them. For more audits run once with more "
                "transcripts or epochs."
            )
        subject = subjects.setdefault((group, held.terms), AuditedSubject(group, held.terms, []))
        subject.audits.append(audit)
    return list(subjects.values())


def _mapping(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
