"""Writing of replies by a small causal model, many at a time, each as if it were alone.

Replies come and go between two tokens, so that a long one holds up no other.

A reply must not depend on what else is in its batch, but the last digits of a sum do. So tokens are chosen
with a model in single precision, which is fast, and wherever rounding could have made the choice another
(for one token in some thousand) with one in double precision that reads the whole text alone. Rounding
moves a logit of the organism by some 3e-5 in single precision, in double precision by 1e-13.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemma_distress.models.past import Past
from gemma_distress.models.remembered import Remembered
from gemma_distress.models.reply import Choice, Reply, Request
from gemma_distress.models.sampling import choose, draw_noise, generator_of
from gemma_distress.models.vocabulary import Vocabulary

if TYPE_CHECKING:
    import torch

READ_AT_ONCE = 512
"""Tokens of a prompt; more would need larger masks and hold up the other rows longer."""

CLOSE = 1e-3
"""How much rounding is thought capable of; it is seen to do a thirtieth of it."""


@dataclass(eq=False)
class Row:
    """A reply in the batch."""

    reply: Reply
    generator: "torch.Generator"
    read: int = 0
    """How many of its tokens the model has read."""
    logits: "torch.Tensor | None" = None


class Generation:
    """A model and the replies it is writing. Not for several threads."""

    def __init__(
        self,
        model: "torch.nn.Module",
        exact: "torch.nn.Module",
        vocabulary: Vocabulary,
        ends: Sequence[int],
        close: float = CLOSE,
    ) -> None:
        """A batch without rows.

        Args:
            model: A causal model with sliding and full attention, in single precision.
            exact: The same in double precision.
            vocabulary: What its tokens say.
            ends: The tokens that end a turn.
            close: A choice that a change of a logit by this could turn is left to `exact`.
        """
        self._close = close
        self._model, self._exact, self._vocabulary = model, exact, vocabulary
        self._ends, self._room = frozenset(ends), int(model.config.max_position_embeddings)
        self._past, self._remembered = Past(model), Remembered()
        self._rows: list[Row] = []

    def begin(self, request: Request) -> Reply:
        """Read a prompt; its reply is then written with the others, unless there is no room for one."""
        reply = Reply(request, list(request.ids))
        if len(reply.ids) >= self._room:
            reply.stop_reason = "model_length"
            return reply
        if request.split:
            reply.joint = self._vocabulary.tokens[reply.ids.pop()]
        row = Row(reply, generator_of(request.sampling))
        place = len(self._rows)
        self._past.make_room(place + 1, len(reply.ids))
        # At least one token is read, for its logits.
        known = self._remembered.longest(reply.ids[:-1])
        if known is not None:
            row.read = known.shape[-2]
            self._past.put(place, known)
        self._rows.append(row)
        try:
            while row.read < len(reply.ids):
                self._read(place, place + 1, min(READ_AT_ONCE, len(reply.ids) - row.read))
        except BaseException:
            self._rows.pop()
            raise
        return reply

    def step(self) -> list[Reply]:
        """Write one token of every reply; returns those that are finished, which leave the batch."""
        if not self._rows:
            return []
        size = len(self._rows)
        for row, token in zip(self._rows, self._choose(), strict=True):
            row.reply.batch_size = row.reply.batch_size or size
            row.reply.take(token, self._vocabulary, self._ends, self._room)
        finished = [row.reply for row in self._rows if row.reply.stop_reason]
        for reply in finished:
            self.remove(reply)
            if reply.request.alternatives is not None:
                reply.choices = self._choices(reply, reply.request.alternatives)
        if self._rows:
            self._past.make_room(len(self._rows), max(len(row.reply.ids) for row in self._rows))
            self._read(0, len(self._rows), 1)
        return finished

    def remove(self, reply: Reply) -> None:
        """Write a reply no further, and remember what was read of it."""
        place = next(place for place, row in enumerate(self._rows) if row.reply is reply)
        row, last = self._rows[place], self._rows[-1]
        self._remembered.keep(reply.ids[: row.read], self._past.taken(place, row.read))
        if row is not last:
            self._past.put(place, self._past.taken(len(self._rows) - 1, last.read))
            self._rows[place] = last
        self._rows.pop()

    def _read(self, start: int, stop: int, count: int) -> None:
        """Let the model read the next `count` tokens of the rows `start` to `stop` - 1."""
        import torch

        rows = self._rows[start:stop]
        ids = torch.tensor([row.reply.ids[row.read : row.read + count] for row in rows])
        positions = torch.tensor([range(row.read, row.read + count) for row in rows])
        logits = self._past.read(start, ids, positions)
        for row, own in zip(rows, logits, strict=True):
            row.read += count
            row.logits = own

    def _choose(self) -> list[int]:
        """The next token of every reply."""
        import torch

        samplings = [row.reply.request.sampling for row in self._rows]
        logits = torch.stack(
            [
                self._joined(row.reply.joint, row.logits)
                for row in self._rows
                if row.logits is not None
            ]
        )
        noise = draw_noise(samplings, [row.generator for row in self._rows], logits.shape[-1])
        chosen = choose(logits, samplings, noise)
        for place, row in enumerate(self._rows):
            if chosen[place].margin < self._close:
                exact = self._joined(row.reply.joint, self._exactly(row.reply.ids, 1)[0])
                [chosen[place]] = choose(exact[None], [samplings[place]], noise[place, None])
        return [one.token for one in chosen]

    def _joined(self, joint: bytes, logits: "torch.Tensor") -> "torch.Tensor":
        """Logits, at minus infinity those of tokens that do not begin with `joint`."""
        if not joint:
            return logits
        other = logits.new_ones(logits.shape).bool()
        other[self._vocabulary.beginning_with(joint)] = False
        return logits.masked_fill(other, -float("inf"))

    def _exactly(self, ids: Sequence[int], count: int) -> "torch.Tensor":
        """The logits after each of the last `count` tokens of a text, (count, vocabulary)."""
        import torch

        with torch.no_grad():
            text = torch.tensor([ids], device=self._exact.device)
            output = self._exact(text, use_cache=False, logits_to_keep=count)
        logits: torch.Tensor = output.logits[0].cpu()
        return logits

    def _choices(self, reply: Reply, alternatives: int) -> list[Choice]:
        """The probabilities of what a finished reply has written."""
        start, split = reply.prompt_tokens, len(reply.request.ids)
        logits = self._exactly(reply.ids[:-1], reply.output_tokens)
        if start < split:  # its first token ends the prompt's last word
            logits[0] = self._joined(self._vocabulary.tokens[reply.request.ids[-1]], logits[0])
        logprobs = logits.log_softmax(-1)
        likeliest = logprobs.topk(min(alternatives, logprobs.shape[-1]))
        return [
            Choice(
                token,
                float(own[token]),
                # Where a word is finished few tokens may stand; the others are no alternatives.
                [pair for pair in zip(tokens, values, strict=True) if pair[1] > -float("inf")],
            )
            for token, own, tokens, values in zip(
                reply.ids[start:],
                logprobs,
                likeliest.indices.tolist(),
                likeliest.values.tolist(),
                strict=True,
            )
        ]
