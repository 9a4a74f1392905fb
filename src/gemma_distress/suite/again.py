"""Rate again the conversations of a finished log in which a grader failed; the subject is not asked.

Only these conversations pass through the scorer, so the others keep their ratings to the letter. Within them
a reply that was rated is found in Inspect's cache and costs nothing. The log is replaced in one step when
all of it is rated: a process killed before that loses no rating either, for the cache has it.
"""

from collections.abc import Sequence, Set
from copy import copy
from pathlib import Path

from inspect_ai import score
from inspect_ai.log import read_eval_log, recompute_metrics, write_eval_log
from inspect_ai.model import GenerateConfig, Model

from gemma_distress.scorers import frustration
from gemma_distress.suite.folder import TaskLog
from gemma_distress.suite.options import SuiteOptions


def rate_again(
    log: TaskLog,
    conversations: Set[str],
    graders: Sequence[Model],
    options: SuiteOptions,
    show: str,
) -> None:
    """Rate these conversations (ids) of a log anew and write it in its place.

    Args:
        log: A log whose task has ended; one that is still to be taken up is left to that.
        conversations: Ids as texts.
        graders: In the order of the run.
        options: Of the run, for its pack and its limits of requests.
        show: Inspect's kind of display.
    """
    place = Path(log.info.name.removeprefix("file://"))
    whole = read_eval_log(str(place))
    samples = whole.samples or []
    chosen = [s for s in samples if str(s.id) in conversations and s.error is None]
    # The log's own roles would be made first, and it keeps no keys.
    part = whole.model_copy(
        update={"samples": chosen, "eval": whole.eval.model_copy(update={"model_roles": None})}
    )
    part.results = whole.results and whole.results.model_copy(
        update={"total_samples": len(chosen), "completed_samples": len(chosen)}
    )
    rated = score(
        part,
        frustration(pack=options.task_args.get("pack")),
        model="none",
        model_roles={"grader": [_limited(grader, options) for grader in graders]},
        action="overwrite",
        display=show,  # type: ignore[arg-type]
    )
    fresh = {(s.id, s.epoch): s for s in rated.samples or []}
    whole.samples = [fresh.get((s.id, s.epoch), s) for s in samples]
    recompute_metrics(whole)
    draft = place.with_suffix(".draft")
    write_eval_log(whole, str(draft), format="eval")
    draft.replace(place)


def _limited(grader: Model, options: SuiteOptions) -> Model:
    """With the limits that a grader takes over from a running eval; none is running here."""
    limited = copy(grader)
    limited.config = grader.config.merge(
        GenerateConfig(max_connections=options.max_connections, max_retries=options.max_retries)
    )
    return limited
