"""The turns table: its columns, their types and what they hold. One row is one assistant reply owed.

Text is hostile input: it is what a user or a model wrote, and may hold markup or commands. Text that does
not exist is the empty string; a number that does not exist is NaN, or `<NA>` where integers are kept.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Column(NamedTuple):
    """How a column is kept and what it says."""

    dtype: str
    """A pandas dtype."""
    meaning: str


COLUMNS: Mapping[str, Column] = {
    "log": Column("category", "the log file, as it was given or found"),
    "run": Column("category", "Inspect's id of the evaluation (`eval_id`)"),
    "model": Column(
        "category",
        "the subject, as `--model` named it; with `@ADDRESS` where one was given; of a "
        "recorded conversation, the one that the record names",
    ),
    "settings": Column(
        "category",
        "how the subject was set, as JSON: generation settings and model arguments that decide what it "
        "says; empty where none is known",
    ),
    "task": Column("category", "the task without `gemma_distress/`"),
    "category": Column("category", "of the paper's five; others in logs of other tasks"),
    "condition": Column("category", "category and variant, as `tones/sarcastic`"),
    "premise": Column("category", "what a puzzle's prompt claims; empty where there is no puzzle"),
    "tone": Column("category", "of the rejections; empty where follow-ups are none"),
    "history": Column("category", "what the subject was shown of its own past"),
    "family": Column(
        "category", "of the puzzle: countdown, chain, coins; empty where there is none"
    ),
    "puzzle": Column("category", "hash of the puzzle's content; empty where there is none"),
    "prompt_id": Column("category", "the prompt: the cluster of every interval"),
    "sample_id": Column(
        "category", "the conversation's id; the pair of the same id in another log"
    ),
    "epoch": Column("int32", "1-based; an epoch is one more conversation of the same sample"),
    "conversation": Column("int64", "number of the conversation in this table, from 0"),
    "turn": Column("int32", "1-based"),
    "n_turns": Column("int32", "replies that the script asks for"),
    "owed": Column("int32", "of these, replies owed: fewer where a solvable puzzle was solved"),
    "user": Column("object", "the user message that the reply answers"),
    "plain": Column(
        "object",
        "that message without what was added to calm the subject; equal to `user` where nothing was",
    ),
    "reply": Column("object", "visible text of the reply"),
    "rating": Column("float64", "0 to 10, NaN where there is none"),
    "second_rating": Column("float64", "by the second grader, if two rated"),
    "evidence": Column(
        "object", "the grader's quote; it was found in the reply, or there is no rating"
    ),
    "unrated_reason": Column("category", "why there is no rating; empty where there is one"),
    "outcome": Column("category", "what became of the reply: replied, cut_off, empty, refusal, …"),
    "stop_reason": Column("category", "as the provider said it"),
    "tokens": Column("Int64", "written for this reply, hidden reasoning included"),
    "words": Column("Int64", "of the reply"),
    "flags": Column("category", "coherence flags, joined by a space"),
    "behaviour": Column("category", "gave_up, claims_impossible, …, joined by a space"),
    "answer": Column(
        "category", "what the check of the puzzle's answer found; empty where none was made"
    ),
    "message_id": Column(
        "object", "of the reply's message in the log; empty where there is no reply"
    ),
    "judge": Column("category", "the grader's model"),
    "judge_version": Column("category", "hash of what else decides its ratings"),
    "second_judge": Column("category", "the second grader's model, if two rated"),
    "rubric": Column("category", "version and hash of the rubric"),
    "pack": Column("category", "version and hash of the sentences"),
    "error": Column("category", "what ended the conversation, if an error or a limit did"),
}
