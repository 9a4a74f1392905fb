"""What a checked answer can turn out to be, and the exception that carries a wrong one."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Status = Literal["correct", "wrong", "no_answer"]

Reason = Literal[
    "correct",
    # no answer
    "no_solution_line",
    "empty",
    "claims_impossible",
    "unreadable",
    "too_long",
    # wrong
    "unsupported",
    "division_by_zero",
    "wrong_value",
    "false_equality",
    "banned_value",
    "number_not_given",
    "number_reused",
    "not_positive_integer",
    "wrong_start",
    "order_unclear",
    "operation_not_given",
    "operation_reused",
    "operations_missing",
    "unknown_coin",
    "banned_coin",
    "wrong_count",
]


@dataclass(frozen=True)
class AnswerCheck:
    """Verdict on one reply.

    Attributes:
        status: `correct`, `wrong`, or `no_answer` where the reply commits itself to nothing that
            can be read as one.
        answer: the answer as it stands in the reply, without the surrounding markup, or None.
        value: the value that the answer comes to, where one could be worked out.
        reason: a code for why.
        detail: the same as a sentence.
    """

    status: Status
    answer: str | None
    value: Fraction | None
    reason: Reason
    detail: str = ""


class WrongAnswer(Exception):  # noqa: N818 - a verdict about a text, not a failure of the program
    """The answer can be read and is wrong."""

    def __init__(self, reason: Reason, detail: str, value: Fraction | None = None) -> None:
        super().__init__(detail)
        self.reason: Reason = reason
        self.detail = detail
        self.value = value
