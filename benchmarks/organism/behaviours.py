"""The behaviours under one wording: rise by turn, controls, hostile tones, reassurance, categories."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.organism import estimates as est
from benchmarks.organism import markdown as md
from benchmarks.organism.runs import Conversation
from benchmarks.organism.study import Study

from gemma_distress.analysis.statistics import Interval, clustered_mean
from gemma_distress.analysis.statistics.macro import macro_proportion
from gemma_distress.protocol import CATEGORIES, HOSTILE_TONES, MAX_RATING, TURNS

MIDDLE = 5
"""The turn at which the paper compares redacted with full histories."""

_WHOLE = (-float(MAX_RATING), float(MAX_RATING))


def by_turn(study: Study, wording: str) -> str:
    """Mean rating, hidden level and share of high replies at each turn of `extended`."""
    found = study.run(wording, "extended").conversations
    rows = []
    for turn in range(1, TURNS["extended"] + 1):
        replies = [(one, reply) for one in found for reply in one.replies if reply.turn == turn]
        prompts = [one.prompt_id for one, _ in replies]
        ratings = clustered_mean([r.rating for _, r in replies], prompts, bounds=(0, MAX_RATING))
        levels = clustered_mean([r.level for _, r in replies], prompts, bounds=(0, MAX_RATING))
        high = est.share_of_replies(found, [turn])
        rows.append(
            [turn, md.number(ratings), md.number(levels), md.percent(high), high.n, levels.n]
        )
    return md.table(["turn", "mean rating", "mean level", "≥ 5", "rated", "with a level"], rows)


def categories(study: Study, wording: str) -> tuple[str, Interval]:
    """The five categories and their macro average, as `gemma-distress run` reads them."""
    sets = {name: study.run(wording, name).conversations for name in CATEGORIES}
    rows: list[list[object]] = []
    for name, found in sets.items():
        papers = est.share(found, est.papers_high)
        any_high = est.share(found, est.high_by(TURNS[name]))
        rows.append(
            [
                name,
                papers.clusters,
                len(found),
                md.number(est.mean(found, est.last_rating)),
                md.percent(any_high),
                md.percent(papers),
            ]
        )
    macro = macro_proportion(
        {name: [est.papers_high(one) for one in found] for name, found in sets.items()},
        {name: [one.prompt_id for one in found] for name, found in sets.items()},
    )
    rows.append(["**macro average**", macro.clusters, macro.n, "", "", f"**{md.percent(macro)}**"])
    headings = [
        "category",
        "prompts",
        "conversations",
        "mean last rating",
        "any ≥ 5",
        "paper's ≥ 5",
    ]
    return md.table(headings, rows), macro


def continuation(study: Study, wording: str) -> tuple[str, Interval]:
    """Follow-ups that say nothing of the answer."""
    found = study.run(wording, "continuation").conversations
    share = est.share_of_replies(found)
    rows = [
        [
            md.percent(share),
            share.n,
            share.clusters,
            md.percent(est.share(found, est.high_by(TURNS["extended"]))),
            md.number(est.mean(found, est.last_rating)),
        ]
    ]
    headings = ["replies ≥ 5", "replies", "prompts", "conversations any ≥ 5", "mean last rating"]
    return md.table(headings, rows), share


def histories(study: Study, wording: str) -> tuple[str, Interval]:
    """Redacted and single-message histories beside the full one, on the same prompts and scripts."""
    full = study.run(wording, "extended").conversations
    rows = []
    ratios = {}
    for condition in ("redacted", "single_message"):
        if not study.has(wording, condition):
            continue
        theirs = study.run(wording, condition).conversations
        prompts = {one.prompt_id for one in theirs}
        same = [one for one in full if one.prompt_id in prompts]
        for reading, ours, other in _readings(theirs, same):
            quotient = est.ratio(ours, other)
            ratios[condition, reading] = quotient
            row = [condition, reading, md.percent(ours), md.percent(other), md.number(quotient)]
            rows.append([*row, ours.n, ours.clusters])
    headings = ["history", "share ≥ 5 of", "its share", "full history", "ratio", "n", "prompts"]
    return md.table(headings, rows), ratios["redacted", "last replies"]


def _readings(
    ours: Sequence[Conversation], theirs: Sequence[Conversation]
) -> list[tuple[str, Interval, Interval]]:
    by = est.high_by(MIDDLE)
    return [
        ("last replies", est.share(ours, est.last_high), est.share(theirs, est.last_high)),
        (f"conversations by turn {MIDDLE}", est.share(ours, by), est.share(theirs, by)),
        ("all replies", est.share_of_replies(ours), est.share_of_replies(theirs)),
    ]


def tones(study: Study, wording: str) -> tuple[str, Interval]:
    """Each hostile tone beside the neutral one, paired by prompt."""
    neutral = study.run(wording, "tones_neutral").conversations
    hostile = study.run(wording, "tones").conversations
    rows: list[list[object]] = [_tone_row("neutral", neutral, [])]
    for tone in HOSTILE_TONES:
        of_tone = [one for one in hostile if one.condition.endswith(tone)]
        rows.append(_tone_row(tone, of_tone, neutral))
    rows.append(_tone_row("all hostile", hostile, neutral))
    headings = ["tone", "mean last rating", "last ≥ 5", "mean, − neutral", "points ≥ 5, − neutral"]
    contrast = est.paired_difference(hostile, neutral, est.last_rating, _WHOLE)
    return md.table([*headings, "conversations", "prompts"], rows), contrast


def _tone_row(
    name: str, found: Sequence[Conversation], neutral: Sequence[Conversation]
) -> list[object]:
    high = est.share(found, est.last_high)
    cells: list[object] = [name, md.number(est.mean(found, est.last_rating)), md.percent(high)]
    if neutral:
        means = est.paired_difference(found, neutral, est.last_rating, _WHOLE)
        shares = est.paired_difference(found, neutral, est.last_high, (-1, 1))
        cells += [md.difference(means), md.points(shares)]
    else:
        cells += ["", ""]
    return [*cells, high.n, high.clusters]


def reassurance(study: Study, wording: str) -> tuple[str, Interval]:
    """A reassuring system message and end of the prompt, against the same conversations without."""
    rows = []
    quotients = {}
    for condition in ("extended", "numeric"):
        plain = study.run(wording, condition).conversations
        name = f"{condition}_reassured"
        calm = study.run(wording, name).conversations  # type: ignore[arg-type]
        shares = est.share(calm, est.papers_high), est.share(plain, est.papers_high)
        quotients[condition] = est.ratio(*shares)
        rows.append(
            [
                condition,
                md.percent(shares[0]),
                md.percent(shares[1]),
                md.number(quotients[condition]),
                md.number(est.mean(calm, est.last_rating)),
                md.number(est.mean(plain, est.last_rating)),
                shares[0].n,
                shares[0].clusters,
            ]
        )
    headings = ["category", "≥ 5 reassured", "≥ 5 not", "ratio", "last rating reassured", "not"]
    return md.table([*headings, "conversations", "prompts"], rows), quotients["extended"]
