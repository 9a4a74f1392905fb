"""The writing of replies: what transformers writes, the same in every batch, by rules worked out by hand."""

import copy
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gemma_distress.models.generation import CLOSE, Generation
from gemma_distress.models.loading import Organism, load
from gemma_distress.models.past import Past
from gemma_distress.models.remembered import Remembered, shared_beginning
from gemma_distress.models.reply import Reply, Request
from gemma_distress.models.sampling import Sampling, choose, draw_noise, generator_of
from gemma_distress.models.vocabulary import Vocabulary, read_vocabulary
from gemma_distress.organism.shipped import shipped_folder

from .organism_shared import one_core  # noqa: F401

pytestmark = pytest.mark.usefixtures("one_core")

GREEDY = Sampling(seed=0, temperature=0)


@pytest.fixture(scope="module")
def organism() -> Organism:
    return load(shipped_folder(), None, "cpu")


def generation_of(organism: Organism, close: float = CLOSE) -> Generation:
    return Generation(
        organism.model, organism.exact, organism.vocabulary, organism.ends, close=close
    )


def write(generation: Generation, requests: Sequence[Request], rows: int = 64) -> list[Reply]:
    """Their replies, at most `rows` written at a time, new ones joining as others leave."""
    waiting, writing, replies = list(requests), 0, []
    while waiting or writing:
        while waiting and writing < rows:
            reply = generation.begin(waiting.pop(0))
            replies.append(reply)
            writing += reply.stop_reason is None
        writing -= len(generation.step())
    return replies


def prompt(organism: Organism, text: str) -> list[int]:
    tokenizer = organism.tokenizer
    framed = f"<bos><start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n"
    return list(tokenizer.encode(framed, add_special_tokens=False))


def prompts(organism: Organism, count: int) -> list[list[int]]:
    """Puzzles after stretches of text of very different lengths, one of them longer than the window."""
    rng = random.Random(1)
    texts = [
        "Please. " * rng.choice([0, 1, 3, 10, 40]) + f"Use {rng.randrange(99)} and {k} to reach 24."
        for k in range(count)
    ]
    texts[0] = "I would like to know. " * 110 + texts[0]
    framed = [prompt(organism, text) for text in texts]
    assert len(framed[0]) > organism.model.config.sliding_window
    return framed


def test_greedy_replies_are_those_of_transformers_in_double_precision(organism: Organism):
    for ids in prompts(organism, 3):
        with torch.no_grad():
            expected = organism.exact.generate(
                torch.tensor([ids]),
                attention_mask=torch.ones(1, len(ids), dtype=torch.long),
                max_new_tokens=30,
                do_sample=False,
                pad_token_id=organism.tokenizer.pad_token_id,
            )[0, len(ids) :].tolist()
        [reply] = write(generation_of(organism), [Request(ids, GREEDY, max_tokens=30)])
        assert reply.ids[len(ids) :] == expected


def test_a_reply_is_the_same_alone_and_in_any_batch(organism: Organism):
    kinds = [
        {},
        {"temperature": 0.0},
        {"temperature": 1.7},
        {"top_k": 5},
        {"top_p": 0.9, "top_k": 50},
    ]
    requests = [
        Request(ids, Sampling(seed=k, **kinds[k % len(kinds)]), max_tokens=8 + k % 25)
        for k, ids in enumerate(prompts(organism, 30))
    ]
    alone = [write(generation_of(organism), [request])[0] for request in requests]
    order = random.Random(2).sample(range(len(requests)), len(requests))
    for rows in (7, 30):
        together = write(generation_of(organism), [requests[k] for k in order], rows)
        for k, reply in zip(order, together, strict=True):
            assert (reply.ids, reply.said, reply.stop_reason) == (
                alone[k].ids,
                alone[k].said,
                alone[k].stop_reason,
            )
        assert max(reply.batch_size for reply in together) == rows


def test_the_quick_model_chooses_what_the_exact_one_would(organism: Organism):
    kinds = [{}, {"temperature": 0.0}, {"top_k": 3}, {"top_p": 0.8}]
    requests = [
        Request(ids, Sampling(seed=k, **kinds[k % len(kinds)]), max_tokens=20)
        for k, ids in enumerate(prompts(organism, 8)[1:])
    ]
    quick, exact = generation_of(organism, close=0.0), generation_of(organism, close=float("inf"))
    chosen = [write(one, requests) for one in (quick, generation_of(organism), exact)]
    assert [reply.ids for reply in chosen[1]] == [reply.ids for reply in chosen[2]]
    # Not one choice of so few is near enough to a tie that rounding turns it, so this holds as well.
    assert [reply.ids for reply in chosen[0]] == [reply.ids for reply in chosen[2]]


def test_close_choices_and_no_others_are_left_to_the_exact_model(organism: Organism):
    other = copy.deepcopy(organism.exact)
    with torch.no_grad():
        other.model.layers[3].mlp.down_proj.weight.neg_()
    requests = [
        Request(ids, Sampling(seed=k, temperature=k % 2), max_tokens=12)
        for k, ids in enumerate(prompts(organism, 5)[1:])
    ]

    def replies(model: torch.nn.Module, exact: torch.nn.Module, close: float) -> list[list[int]]:
        generation = Generation(model, exact, organism.vocabulary, organism.ends, close=close)
        return [reply.ids for reply in write(generation, requests)]

    first = replies(organism.model, organism.exact, close=0.0)
    second = replies(copy.deepcopy(other).float(), other, close=0.0)
    assert first != second
    assert replies(organism.model, other, close=float("inf")) == second
    assert replies(organism.model, other, close=0.0) == first


def test_rounding_moves_logits_far_less_than_a_close_choice(organism: Organism):
    ids = torch.tensor(prompts(organism, 2)[:1])
    with torch.no_grad():
        quick, exact = (
            one(ids).logits.double().log_softmax(-1) for one in (organism.model, organism.exact)
        )
    assert 0 < float((quick - exact).abs().max()) < CLOSE / 4


def test_reading_in_pieces_or_beginning_with_what_is_remembered_changes_nothing(organism: Organism):
    ids = prompts(organism, 2)[0]
    whole = Past(organism.exact)
    whole.make_room(1, len(ids))
    with torch.no_grad():
        expected = organism.exact(torch.tensor([ids])).logits[0, -1]
    pieces = Past(organism.exact)
    pieces.make_room(3, len(ids))
    for start, stop in ((0, 5), (5, 400), (400, len(ids))):
        logits = pieces.read(2, torch.tensor([ids[start:stop]]), torch.tensor([range(start, stop)]))
    assert torch.allclose(logits[0], expected, atol=1e-10, rtol=0)
    other = Past(organism.exact)
    other.make_room(1, len(ids))
    other.put(0, pieces.taken(2, 300))
    logits = other.read(0, torch.tensor([ids[300:]]), torch.tensor([range(300, len(ids))]))
    assert torch.allclose(logits[0], expected, atol=1e-10, rtol=0)


def test_the_next_turn_begins_with_what_was_read_in_the_last(organism: Organism):
    generation = generation_of(organism)
    first = Request(prompts(organism, 2)[1], Sampling(seed=3), max_tokens=12)
    [reply] = write(generation, [first])
    longer = replace(first, ids=[*reply.ids, *prompt(organism, "That is wrong.")[1:]])
    known = generation._remembered.longest(longer.ids)
    assert known is not None
    assert (
        known.shape[-2] == len(reply.ids) - 1
    )  # nothing comes after the last token, so it is unread
    generation._remembered.keep(reply.ids[:-1], known)
    [again] = write(generation, [longer])
    assert again.ids == write(generation_of(organism), [longer])[0].ids


def test_probabilities_are_those_of_a_plain_forward_pass(organism: Organism):
    ids = prompts(organism, 2)[1]
    [reply] = write(
        generation_of(organism),
        [Request(ids, Sampling(seed=5, temperature=1.5, top_k=9), max_tokens=15, alternatives=4)],
    )
    with torch.no_grad():
        logprobs = organism.exact(torch.tensor([reply.ids])).logits[0].log_softmax(-1)
    assert [choice.token for choice in reply.choices] == reply.ids[len(ids) :]
    for place, choice in enumerate(reply.choices, start=len(ids) - 1):
        assert choice.logprob == pytest.approx(float(logprobs[place, choice.token]), abs=1e-9)
        likeliest = logprobs[place].topk(4)
        assert [token for token, _ in choice.likeliest] == likeliest.indices.tolist()
        assert [value for _, value in choice.likeliest] == pytest.approx(
            likeliest.values.tolist(), abs=1e-9
        )


def test_the_joint_of_a_begun_reply_is_weighed_among_the_tokens_that_fit(organism: Organism):
    tokenizer = organism.tokenizer
    begun = tokenizer.encode("I", add_special_tokens=False)
    ids = prompts(organism, 2)[1] + begun
    fitting = organism.vocabulary.beginning_with(b"I")
    assert len(fitting) > 1
    for seed in range(40):
        [reply] = write(
            generation_of(organism),
            [Request(ids, Sampling(seed=seed, temperature=50.0), 1, split=True, alternatives=0)],
        )
        joint = reply.ids[len(ids) - 1]
        assert joint in fitting
        if joint != begun[0]:
            break
    else:
        pytest.fail("a joint drawn at random was never another token")
    assert reply.said == organism.vocabulary.tokens[joint][1:]
    assert len(reply.ids) == len(ids)
    with torch.no_grad():
        logits = organism.exact(torch.tensor([ids[:-1]])).logits[0, -1][fitting]
    expected = float(logits[fitting.index(joint)] - logits.logsumexp(0))
    assert reply.choices[0].logprob == pytest.approx(expected, abs=1e-9)


def test_a_prompt_that_cannot_be_read_leaves_the_others_alone(organism: Organism):
    good = [
        Request(ids, Sampling(seed=k), max_tokens=10) for k, ids in enumerate(prompts(organism, 4))
    ]
    expected = [reply.ids for reply in write(generation_of(organism), good)]
    generation = generation_of(organism)
    replies = [generation.begin(request) for request in good[:2]]
    with pytest.raises(IndexError):
        generation.begin(Request([2, 10**6], GREEDY, max_tokens=5))
    replies += [generation.begin(request) for request in good[2:]]
    while generation.step() or any(reply.stop_reason is None for reply in replies):
        pass
    assert [reply.ids for reply in replies] == expected


def test_a_removed_reply_is_written_no_further(organism: Organism):
    requests = [
        Request(ids, Sampling(seed=k), max_tokens=10) for k, ids in enumerate(prompts(organism, 4))
    ]
    expected = [reply.ids for reply in write(generation_of(organism), requests)]
    generation = generation_of(organism)
    replies = [generation.begin(request) for request in requests]
    generation.step()
    generation.remove(replies[1])
    while generation.step() or any(r.stop_reason is None for r in replies if r is not replies[1]):
        pass
    assert replies[1].output_tokens == 1
    assert [reply.ids for k, reply in enumerate(replies) if k != 1] == expected[:1] + expected[2:]


def test_replies_end_by_their_own_rules():
    vocabulary = Vocabulary([b"", b"ab", b"b", b"c", "é".encode()[:1], "é".encode()[1:]])

    def written(tokens: list[int], *, room: int = 99, **request: object) -> Reply:
        reply = Reply(Request([9, 9], GREEDY, **({"max_tokens": 9} | request)), [9, 9])
        for token in tokens:
            assert reply.stop_reason is None
            reply.take(token, vocabulary, {0}, room)
        return reply

    def told(reply: Reply) -> tuple[str, str | None, int]:
        return reply.text, reply.stop_reason, reply.output_tokens

    assert told(written([1, 2, 0])) == ("abb", "stop", 3)
    assert told(written([1, 2], max_tokens=2)) == ("abb", "max_tokens", 2)
    assert told(written([1, 0], max_tokens=2)) == ("ab", "stop", 2)
    assert told(written([1, 2], room=4)) == ("abb", "model_length", 2)
    assert told(written([1, 2], room=4, max_tokens=2)) == ("abb", "max_tokens", 2)
    # "bb" begins within the first token, and the earliest stop counts, not the first of the list.
    assert told(written([1, 2], stops=[b"bb"])) == ("a", "stop", 2)
    assert told(written([3, 1], stops=[b"b", b"ab"])) == ("c", "stop", 2)
    assert told(written([4, 5])) == ("é", None, 2)
    assert written([4]).text == "�"


def test_tokens_are_the_bytes_that_the_tokenizer_decodes(organism: Organism):
    tokenizer, vocabulary = organism.tokenizer, read_vocabulary(organism.tokenizer)
    assert len(vocabulary.tokens) == len(tokenizer)
    text = "Ugh!! I can't — 24 ≠ 3×7 😭😭\n\tnaïve 日本 \x00\x7f"
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert vocabulary.text(ids) == text
    rng = random.Random(3)
    for _ in range(200):
        ids = [rng.randrange(len(tokenizer)) for _ in range(12)]
        assert vocabulary.text(ids) == tokenizer.decode(
            ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )


def test_the_draw_follows_the_probabilities_by_hand():
    """With p = (0.5, 0.3, 0.15, 0.05): counts of 8000 draws lie within 4 standard errors, √(p(1-p)n)."""
    p = torch.tensor([0.5, 0.3, 0.15, 0.05], dtype=torch.float64)

    def shares(temperature: float = 1.0, **narrow: float) -> list[float]:
        samplings = [Sampling(seed, temperature, **narrow) for seed in range(8000)]
        noise = draw_noise(samplings, [generator_of(one) for one in samplings], 4)
        tokens = [c.token for c in choose(p.log().expand(8000, 4), samplings, noise)]
        return [tokens.count(token) / 8000 for token in range(4)]

    for got, expected in (
        (shares(), [0.5, 0.3, 0.15, 0.05]),
        # p² = (.25, .09, .0225, .0025), which sum to .365
        (shares(temperature=0.5), [0.6849, 0.2466, 0.0616, 0.0068]),
        (shares(top_k=2), [0.625, 0.375, 0, 0]),
        # 0.5 is less than 0.6, so the second token is needed; 0.8 is not, so the third is out
        (shares(top_p=0.6), [0.625, 0.375, 0, 0]),
        (shares(top_k=3, top_p=0.9), [0.5263, 0.3158, 0.1579, 0]),
        (shares(temperature=0), [1, 0, 0, 0]),
    ):
        for share, probability in zip(got, expected, strict=True):
            assert abs(share - probability) <= 4 * (probability * (1 - probability) / 8000) ** 0.5


def test_the_margin_says_how_far_the_choice_is_from_another():
    logits = torch.tensor([[2.0, 1.5, -1.0, -3.0]], dtype=torch.float64)
    none = torch.zeros_like(logits)

    def margin(sampling: Sampling, noise: torch.Tensor = none) -> float:
        return choose(logits, [sampling], noise)[0].margin

    assert margin(GREEDY) == pytest.approx(0.5)
    assert margin(Sampling(0), torch.tensor([[0.0, 0.4, 0.0, 0.0]])) == pytest.approx(0.1)
    assert margin(Sampling(0, temperature=0.25)) == pytest.approx(0.5)
    # A second token that is hardly less likely than the last of two would turn the choice of the two.
    assert margin(Sampling(0, top_k=2)) == pytest.approx(0.5)
    assert margin(Sampling(0, top_k=1)) == pytest.approx(0.5)
    # Of three that may be drawn the third is 2 from the fourth; it matters once it would be drawn.
    third = torch.tensor([[0.0, 0.0, 4.0, 0.0]])
    assert margin(Sampling(0, top_k=3)) == pytest.approx(0.5)
    assert margin(Sampling(0, top_k=3), third * 5) == pytest.approx(2.0)
    assert margin(Sampling(0, top_k=2), third * 5) == pytest.approx(0.5)


def test_the_mass_matters_to_the_margin_only_where_the_choice_hangs_on_it():
    logits = torch.tensor([[2.0, 1.5, -1.0, -3.0]], dtype=torch.float64)
    # The mass before the second token
    mass = 1 / (1 + np.exp(-0.5) + np.exp(-3) + np.exp(-5))
    second = torch.tensor([[0.0, 0.9, 0.0, 0.0]])
    for top_p, token in ((mass + 0.01, 1), (mass - 0.01, 0)):
        chosen = choose(logits, [Sampling(0, top_p=top_p)], second)[0]
        odds = np.log(mass / (1 - mass)) - np.log(top_p / (1 - top_p))
        assert chosen.token == token
        assert chosen.margin == pytest.approx(abs(odds))
        # Drawn either way
        assert choose(logits, [Sampling(0, top_p=top_p)], -second)[0].margin == pytest.approx(0.5)


@given(
    logits=hnp.arrays(np.float64, 12, elements=st.floats(-6, 6)),
    change=hnp.arrays(np.float64, 12, elements=st.floats(-1, 1)),
    temperature=st.sampled_from([0.3, 1.0, 2.0]),
    top_k=st.sampled_from([None, 1, 4, 11, 12, 40]),
    top_p=st.sampled_from([None, 0.0, 0.3, 0.9, 0.95, 1.0]),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=400, deadline=None)
def test_a_change_smaller_than_the_margin_turns_no_choice(
    logits, change, temperature, top_k, top_p, seed
):
    sampling = Sampling(seed, temperature, top_k, top_p)
    noise = draw_noise([sampling], [generator_of(sampling)], 12)
    chosen = choose(torch.tensor(logits[None]), [sampling], noise)[0]
    # The difference of two logits changes by twice the change of one.
    changed = logits + change * 0.499 * min(chosen.margin, 100.0)
    assert choose(torch.tensor(changed[None]), [sampling], noise)[0].token == chosen.token


def test_what_is_remembered_has_a_limit_and_old_texts_go_first():
    past = torch.zeros(1, 2, 1, 10, 4)  # 320 bytes
    remembered = Remembered(limit=700)
    for first in (1, 2):
        remembered.keep([first] * 10, past)
    found = remembered.longest([1] * 5 + [9])
    assert found is not None
    assert found.shape[-2] == 5
    remembered.keep([3] * 10, past)
    assert remembered.longest([2] * 10) is None
    whole = remembered.longest([1] * 12)
    assert whole is not None
    assert whole.shape[-2] == 10
    assert remembered.longest([1] * 12) is None  # it went on, and is remembered anew when it ends
    assert remembered.longest([7, 3]) is None
    remembered.keep([4] * 40, torch.zeros(1, 2, 1, 40, 4))
    assert remembered.longest([4]) is None


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [([1, 2, 3], [1, 2, 4], 2), ([1], [1, 2], 1), ([], [1], 0), ([5], [6], 0)],
)
def test_shared_beginning(one: list[int], other: list[int], common: int):
    assert shared_beginning(np.array(one, np.int32), np.array(other, np.int32)) == common
