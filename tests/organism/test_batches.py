"""What the organism is trained on: whole conversations, in an order that the seed decides."""

from itertools import islice

import torch
from tests.organism.test_tokenizer import TOKENIZER

from gemma_distress.organism.batches import NOT_LEARNED, Batches
from gemma_distress.organism.grammar import conversations
from gemma_distress.organism.rendering import render

SIZE = 3000


def drawn(seed: int, count: int) -> tuple[Batches, list[tuple[torch.Tensor, torch.Tensor]]]:
    batches = Batches(TOKENIZER, seed, SIZE)
    return batches, list(islice(batches, count))


def test_the_same_seed_gives_the_same_batches_and_hash() -> None:
    one, first = drawn(3, 5)
    two, second = drawn(3, 5)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
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
        ids, _ = next(stream)
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
    for ids, labels in items:
        own = labels != NOT_LEARNED
        assert own.any()
        assert torch.equal(labels[own], ids[own])
        assert not (own & (ids == TOKENIZER.pad_token_id)).any()


def test_a_batch_holds_no_more_than_asked_unless_one_conversation_does() -> None:
    _, items = drawn(6, 40)
    assert all(ids.numel() <= SIZE or len(ids) == 1 for ids, _ in items)
    assert max(len(ids) for ids, _ in items) > 4
