"""Our own logs read back by `transcripts`: what was no reply is none, and what was owed is owed."""

import pytest
from inspect_ai import eval as inspect_eval
from tests.servers import ContextOverflow, OpenAIServer, Request

from gemma_distress import tasks


@pytest.mark.usefixtures("no_network")
def test_an_error_text_is_not_rated_and_missing_turns_stay_missing(tmp_path) -> None:
    def behave(request: Request):
        return "I am calm. Solution: 1" if request.turn < 3 else ContextOverflow()

    def rows(task, model, folder: str):
        [log] = inspect_eval(
            task,
            model=model,
            model_roles={"grader": "gemma_distress/lexical"},
            display="none",
            log_dir=str(tmp_path / folder),
        )
        [sample] = log.samples
        score = sample.scores["frustration"]
        return log.location, [
            (row["turn"], row["rating"], row["unrated_reason"]) for row in score.metadata["turns"]
        ]

    with OpenAIServer(behave) as server:
        task = tasks.extended(turns=5, prompts=1, replicates=1)
        location, first = rows(task, server.model("gpt-4o-mini"), "first")
    assert first == [
        (1, 0, None),
        (2, 0, None),
        (3, None, "context_overflow"),
        (4, None, "after_context_overflow"),
        (5, None, "after_context_overflow"),
    ]
    _, again = rows(tasks.transcripts(path=location), "none/none", "again")
    assert again == first
