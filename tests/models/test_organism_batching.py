"""The worker: who asks together is served together, errors and cancellations reach only their own."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, wait
from dataclasses import replace

import pytest
import torch
from inspect_ai.model import ChatMessageUser, GenerateConfig, Model, get_model

from gemma_distress.models.batching import Batcher
from gemma_distress.models.generation import Generation
from gemma_distress.models.loading import Organism, load
from gemma_distress.models.organism import OrganismAPI
from gemma_distress.models.reply import Request
from gemma_distress.models.sampling import Sampling
from gemma_distress.models.serving import serving, use_one_core
from gemma_distress.organism.shipped import shipped_folder

from .organism_shared import one_core  # noqa: F401

pytestmark = pytest.mark.usefixtures("one_core")

LONG = 3000
"""Tokens; nobody waits for so many."""


@pytest.fixture(scope="module")
def organism() -> Organism:
    return load(shipped_folder(), None, "cpu")


@pytest.fixture
def batcher(organism: Organism) -> Iterator[Batcher]:
    yield (one := Batcher(maker(organism), idle=0.3))
    until(lambda: one._thread is None)


def maker(organism: Organism) -> Callable[[], Generation]:
    # Without tokens that end a turn, so that a reply is as long as it may be.
    return lambda: Generation(organism.model, organism.exact, organism.vocabulary, ends=[])


def request(organism: Organism, seed: int, max_tokens: int = 12) -> Request:
    ids = organism.tokenizer.encode(f"<bos>Use {seed}.", add_special_tokens=False)
    return Request(ids, Sampling(seed), max_tokens)


def until(so: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_those_who_ask_together_are_served_together(organism: Organism, batcher: Batcher):
    futures = [batcher.submit(request(organism, seed)) for seed in range(10)]
    replies = [future.result(60) for future in futures]
    assert all(len(reply.ids) == len(reply.request.ids) + 12 for reply in replies)
    assert max(batcher.batch_sizes) > 1
    assert sum(size * times for size, times in batcher.batch_sizes.items()) == 10 * 12


def test_no_more_at_a_time_than_the_limit(organism: Organism):
    batcher = Batcher(maker(organism), max_rows=3, idle=0.1)
    futures = [batcher.submit(request(organism, seed)) for seed in range(8)]
    assert len({tuple(future.result(60).ids) for future in futures}) > 1
    assert max(batcher.batch_sizes) <= 3


def test_who_comes_later_joins_and_does_not_wait_for_the_end(organism: Organism, batcher: Batcher):
    long = batcher.submit(request(organism, 1, LONG))
    until(lambda: batcher.batch_sizes[1] > 3)
    short = batcher.submit(request(organism, 2))
    assert short.result(60).batch_size == 2
    assert not long.done()
    long.cancel()


def test_an_error_reaches_only_the_request_that_it_concerns(organism: Organism, batcher: Batcher):
    good = [batcher.submit(request(organism, seed)) for seed in range(3)]
    bad = batcher.submit(replace(request(organism, 3), ids=[2, 10**6]))
    good.append(batcher.submit(request(organism, 4)))
    with pytest.raises(IndexError):
        bad.result(60)
    assert all(future.result(60).stop_reason == "max_tokens" for future in good)


def test_after_an_error_between_tokens_the_worker_goes_on(organism: Organism, batcher: Batcher):
    # A stop that is text and not bytes fails only when it is looked for.
    bad = batcher.submit(replace(request(organism, 1), stops=["text"]))  # type: ignore[list-item]
    with pytest.raises(TypeError):
        bad.result(60)
    assert batcher.submit(request(organism, 2)).result(60).output_tokens == 12


def test_a_model_that_cannot_be_made_is_told_to_all_who_wait():
    def fail() -> Generation:
        time.sleep(0.05)
        raise MemoryError("no room")

    batcher = Batcher(fail)
    for _ in range(2):
        futures = [batcher.submit(Request([2], Sampling(1), 5)) for _ in range(2)]
        for future in futures:
            with pytest.raises(MemoryError):
                future.result(60)
        until(lambda: batcher._thread is None)


def test_who_cancels_leaves_the_batch_at_once(organism: Organism, batcher: Batcher):
    first, second = (batcher.submit(request(organism, seed, LONG)) for seed in (1, 2))
    until(lambda: batcher.batch_sizes[2] > 2)
    assert first.cancel()
    until(lambda: len(batcher._writing) == 1)
    assert not second.done()
    second.cancel()
    until(lambda: not batcher._writing)
    with pytest.raises(CancelledError):
        first.result()
    assert batcher.submit(request(organism, 3)).result(60).output_tokens == 12


def test_the_worker_ends_when_idle_and_comes_back(organism: Organism, batcher: Batcher):
    for seed in (1, 2):
        assert batcher.submit(request(organism, seed)).result(60).output_tokens == 12
        until(lambda: batcher._thread is None)
        # Other tests' threads end when they like, so only workers are looked for.
        until(lambda: all(one.name != "gemma_distress" for one in threading.enumerate()))


def test_requests_from_many_threads_all_get_their_own_reply(organism: Organism, batcher: Batcher):
    alone = {seed: batcher.submit(request(organism, seed)).result(60).ids for seed in range(12)}
    futures = {}
    threads = [
        threading.Thread(
            target=lambda seed=seed: futures.update({seed: batcher.submit(request(organism, seed))})
        )
        for seed in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait(futures.values(), 60)
    assert {seed: future.result().ids for seed, future in futures.items()} == alone


async def ask(model: Model, max_tokens: int = 5) -> str:
    chat = [ChatMessageUser(content="Use 3 and 8.")]
    config = GenerateConfig(seed=1, max_tokens=max_tokens, top_k=500)
    output = await model.api.generate(chat, [], "none", config)
    assert not isinstance(output, tuple)
    return output.completion


def test_a_call_cancelled_in_the_event_loop_leaves_nothing_behind():
    model = get_model("gemma_distress/organism")
    assert isinstance(model.api, OrganismAPI)
    batcher = model.api._serving.batcher

    async def hurried() -> None:
        # The context is full long before so many are written, but not within this time.
        tasks = [asyncio.create_task(ask(model, LONG)) for _ in range(3)]
        while not batcher._writing:
            await asyncio.sleep(0.001)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        # A reply may have ended by itself first.
        assert all(isinstance(one, asyncio.CancelledError | str) for one in results)
        while batcher._writing or batcher._waiting:
            await asyncio.sleep(0.001)

    asyncio.run(asyncio.wait_for(hurried(), 60))
    assert asyncio.run(ask(model)) == asyncio.run(ask(model))


def test_a_loop_that_ends_while_a_reply_is_written_harms_nobody():
    model = get_model("gemma_distress/organism")

    async def leave() -> None:
        task = asyncio.get_running_loop().create_task(ask(model, LONG))
        await asyncio.sleep(0.05)
        del task

    asyncio.run(leave())
    assert asyncio.run(ask(model)) == asyncio.run(ask(model))


def test_the_worker_uses_one_core_and_leaves_the_others_their_own():
    torch.set_num_threads(3)
    seen: list[int] = []

    def note() -> None:
        seen.append(torch.get_num_threads())

    def work() -> None:
        use_one_core()
        note()

    for target in (work, note):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    note()
    assert seen == [1, 3, 3]


def test_one_model_is_loaded_once():
    first, second = (get_model("gemma_distress/organism", memoize=False) for _ in range(2))
    assert first is not second
    assert isinstance(first.api, OrganismAPI)
    assert isinstance(second.api, OrganismAPI)
    assert first.api._serving is second.api._serving is serving(shipped_folder(), None, "cpu")
