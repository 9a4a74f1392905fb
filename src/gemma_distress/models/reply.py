"""One reply: what is asked for, what is written so far, and when it ends."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Literal

from gemma_distress.models.sampling import Sampling
from gemma_distress.models.vocabulary import Vocabulary

StopReason = Literal["stop", "max_tokens", "model_length"]


@dataclass(frozen=True)
class Request:
    """A reply to write.

    Attributes:
        ids: The tokens to go on from.
        sampling: How tokens are chosen.
        max_tokens: Longest reply, its end of turn counted.
        split: Whether the text may go on within its last token. That token is then chosen anew among those
            that begin with its bytes, because half a word is not made of the tokens of the whole one.
        stops: Byte sequences that end the reply; they are not part of it.
        alternatives: How many of the likeliest tokens to report at each place; None for no probabilities.
    """

    ids: Sequence[int]
    sampling: Sampling
    max_tokens: int
    split: bool = False
    stops: Sequence[bytes] = ()
    alternatives: int | None = None


@dataclass(frozen=True)
class Choice:
    """A token of a reply with the logarithm of its probability, and the likeliest ones with theirs.

    Probabilities are the model's own, before temperature, `top_k` and `top_p`.
    """

    token: int
    logprob: float
    likeliest: Sequence[tuple[int, float]]


@dataclass(eq=False)
class Reply:
    """A reply being written and, once `stop_reason` is set, written."""

    request: Request
    ids: list[int]
    """The tokens of prompt and reply."""
    joint: bytes = b""
    """What the first token must begin with; it belongs to the prompt."""
    said: bytes = b""
    output_tokens: int = 0
    """The end of turn and the tokens of a stop sequence counted."""
    stop_reason: StopReason | None = None
    choices: list[Choice] = field(default_factory=list)
    batch_size: int = 0
    """How many replies, this one included, were being written when it got its first token."""

    @property
    def text(self) -> str:
        """What it says; bytes that make no character, as where an emoji was cut, become U+FFFD."""
        return self.said.decode("utf-8", "replace")

    @property
    def prompt_tokens(self) -> int:
        """How many of `ids` are not the reply's own."""
        return len(self.ids) - self.output_tokens

    def take(self, token: int, vocabulary: Vocabulary, ends: Set[int], room: int) -> None:
        """Append a token and see whether it ends the reply.

        Args:
            token: The token.
            vocabulary: What it says.
            ends: The tokens that end a turn.
            room: How many tokens the model can read.
        """
        self.ids.append(token)
        said = vocabulary.tokens[token][len(self.joint) :]
        joined, self.joint = self.joint != b"" and not said, b""
        if joined:  # the prompt ends where a token ends, as most do
            return
        self.output_tokens += 1
        if token in ends or self._say(said):
            self.stop_reason = "stop"
        elif self.output_tokens >= self.request.max_tokens:
            self.stop_reason = "max_tokens"
        elif len(self.ids) >= room:
            self.stop_reason = "model_length"

    def _say(self, said: bytes) -> bool:
        """Append to the text; cuts it before the first stop sequence and tells whether there is one."""
        stops = self.request.stops
        start = max(0, len(self.said) - max(map(len, stops), default=0))
        self.said += said
        found = [place for stop in stops if (place := self.said.find(stop, start)) >= 0]
        if found:
            self.said = self.said[: min(found)]
        return bool(found)
