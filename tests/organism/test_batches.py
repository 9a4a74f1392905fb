"""What the organism is trained on: whole conversations, in an order that the seed decides."""

import re
from itertools import islice

import torch
from tests.organism.test_tokenizer import TOKENIZER

from gemma_distress.organism.batches import NOT_LEARNED, Batch, Batches
from gemma_distress.organism.grammar import conversations
from gemma_distress.organism.levels import KINDS
from gemma_distress.organism.rendering import render
from gemma_distress.organism.replies import spoken_level

SIZE = 3000


def drawn(seed: int, count: int) -> tuple[Batches, list[Batch]]:
    batches = Batches(TOKENIZER, seed, SIZE)
    return batches, list(islice(batches, count))


def test_the_same_seed_gives_the_same_batches_and_hash() -> None:
    one, first = drawn(3, 5)
    two, second = drawn(3, 5)
    assert all(
        torch.equal(a, b)
        for one_batch, other in zip(first, second, strict=True)
        for a, b in zip(one_batch, other, strict=True)
    )
    assert one.digest() == two.digest()
    assert one.digest() != drawn(4, 5)[0].digest()


def test_the_hash_grows_with_what_was_handed_out() -> None:
    other = Batches(TOKENIZER, 3, SIZE)
    stream = iter(other)
    next(stream)
    assert other.digest() == drawn(3, 1)[0].digest()
    next(stream)
    assert other.digest() != drawn(3, 1)[0].digest()


def test_every_conversation_comes_once_and_whole() -> None:
    batches = Batches(TOKENIZER, 9, SIZE)
    stream = iter(batches)
    rows: list[list[int]] = []
    while batches.conversations < 128:
        ids = next(stream).ids
        rows += [
            [token for token in row if token != TOKENIZER.pad_token_id] for row in ids.tolist()
        ]
    wanted = [
        render(TOKENIZER, one.messages, one.learned)[0] for one in islice(conversations(9), 128)
    ]
    assert sorted(rows) == sorted(wanted)
    assert batches.tokens == sum(len(row) for row in wanted)


def test_labels_are_the_tokens_of_replies_and_nothing_else() -> None:
    _, items = drawn(2, 8)
    for ids, labels, *_ in items:
        own = labels != NOT_LEARNED
        assert own.any()
        assert torch.equal(labels[own], ids[own])
        assert not (own & (ids == TOKENIZER.pad_token_id)).any()


def test_a_batch_holds_no_more_than_asked_unless_one_conversation_does() -> None:
    _, items = drawn(6, 40)
    assert all(batch.ids.numel() <= SIZE or len(batch.ids) == 1 for batch in items)
    assert max(len(batch.ids) for batch in items) > 4


def test_the_answers_of_the_readings_stand_where_turns_begin_and_end() -> None:
    """Against the conversations themselves: each row is found by its tokens."""
    known = {
        tuple(render(TOKENIZER, one.messages, one.learned)[0]): one
        for one in islice(conversations(5), 128)
    }
    end = TOKENIZER.convert_tokens_to_ids("<end_of_turn>")
    seen = set()
    stream = iter(Batches(TOKENIZER, 5, SIZE))
    while len(seen) < 128:
        batch = next(stream)
        for row, ids in enumerate(batch.ids.tolist()):
            tokens = [token for token in ids if token != TOKENIZER.pad_token_id]
            one = known[tuple(tokens)]
            seen.add(tuple(tokens))
            kinds, coming, shown = (
                [(place, answer) for place, answer in enumerate(line) if answer != NOT_LEARNED]
                for line in (
                    batch.kinds[row].tolist(),
                    batch.coming[row].tolist(),
                    batch.shown[row].tolist(),
                )
            )
            named = [KINDS[answer] for _, answer in kinds]
            assert named[1:] == list(one.kinds[1:])
            if one.kinds[0] == "opening":
                assert named[0] == ("reassuring" if one.reassured else "opening")
            levels = [
                spoken_level(level)
                for level, own in zip(one.levels, one.learned, strict=True)
                if own
            ]
            assert [answer for _, answer in coming] == levels == [answer for _, answer in shown]
            assert {tokens[place] for place, _ in [*kinds, *shown]} == {end}
            # What is coming is asked of the last token before the reply's first.
            for (begin, _), (finish, _) in zip(coming, shown, strict=True):
                own = (batch.labels[row] != NOT_LEARNED).tolist()
                assert own[begin : finish + 2] == [False] + [True] * (finish - begin) + [False]


def test_results_are_the_numbers_behind_equals_signs_of_replies() -> None:
    """Against the text: every `= number` of a learned reply, and nothing else."""
    stream = iter(Batches(TOKENIZER, 5, SIZE))
    sums = 0
    for batch in islice(stream, 12):
        for ids, own, marks in zip(
            *(part.tolist() for part in (batch.ids, batch.labels, batch.results)), strict=True
        ):
            found, number = [], ""
            for token, mark in zip(ids, marks, strict=True):
                if mark != NOT_LEARNED:
                    number += TOKENIZER.decode([token])
                elif number:
                    found.append(number.strip(" .$"))
                    number = ""
            said = TOKENIZER.decode([token for token in own if token != NOT_LEARNED])
            # A number that the next sentence begins with counts as well: `= 69. 69 is not 70.`
            said_results = re.findall(r"= \$?([\d/.]+(?: \$?\d[\d/.]*)?)", said)
            assert found == [one.rstrip(".") for one in said_results]
            sums += len(found)
    assert sums > 100
