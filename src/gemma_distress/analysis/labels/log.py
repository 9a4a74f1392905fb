"""The replies of a labelling as an Inspect log, to be read in `inspect view`: blind, as the CSV is.

A sample is a reply, under the id it has in the CSV, with the user's message before it and nothing else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gemma_distress.analysis.labels.draw import Draw

if TYPE_CHECKING:
    from inspect_ai.log import EvalSample


def write_log(draw: Draw, file: Path) -> None:
    """The same replies for Inspect's viewer: the user's message and the reply, and nothing else."""
    from datetime import UTC, datetime

    from inspect_ai.log import (
        EvalConfig,
        EvalDataset,
        EvalLog,
        EvalSample,
        EvalSpec,
        EvalStats,
        write_eval_log,
    )
    from inspect_ai.model import ChatMessageAssistant, ChatMessageUser, ModelOutput

    now = datetime.now(UTC).isoformat(timespec="seconds")
    samples: list[EvalSample] = []
    for item in draw.items:
        user = ChatMessageUser(content=item.user)
        reply = ChatMessageAssistant(content=item.reply, source="generate")
        samples.append(
            EvalSample(
                id=item.id,
                epoch=1,
                input=[user],
                target="",
                messages=[user, reply],
                output=ModelOutput.from_content("none", item.reply),
            )
        )
    spec = EvalSpec(
        created=now,
        task="labels",
        dataset=EvalDataset(name="labels", samples=len(samples)),
        model="none",
        config=EvalConfig(),
    )
    log = EvalLog(
        status="success",
        eval=spec,
        stats=EvalStats(started_at=now, completed_at=now),
        samples=samples,
    )
    write_eval_log(log, file.as_posix(), format="eval")
