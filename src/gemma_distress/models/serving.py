"""One loaded model for all who ask for the same one, and the wait for its replies from an event loop."""

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread
from typing import TypeVar
from weakref import WeakValueDictionary

import anyio
from anyio.lowlevel import current_token

from gemma_distress.models.batching import Batcher
from gemma_distress.models.generation import Generation
from gemma_distress.models.loading import Organism, load

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Serving:
    """A loaded model and the worker that writes its replies."""

    organism: Organism
    batcher: Batcher


_all: WeakValueDictionary[tuple[object, ...], Serving] = WeakValueDictionary()
_lock = Lock()


def serving(folder: Path, adapter: Path | None, device: str) -> Serving:
    """The one of these folders and this device, loaded unless somebody has it already.

    Folders whose files were written anew are loaded anew. With its last user it is let go.

    Raises:
        UsageError: It cannot be loaded.
    """
    key = (
        device,
        _state(folder),
        None if adapter is None else _state(adapter),
    )
    with _lock:
        found = _all.get(key)
        if found is None:
            organism = load(folder, adapter, device)
            found = Serving(organism, Batcher(lambda: _generation(organism)))
            _all[key] = found
    return found


def _generation(organism: Organism) -> Generation:
    if organism.model.device.type == "cpu":
        use_one_core()
    return Generation(organism.model, organism.exact, organism.vocabulary, organism.ends)


def use_one_core() -> None:
    """Let torch compute in this thread alone, and in all other threads of the process as before.

    A model of this size is written no faster by two cores, and slower where the other one is busy.
    """
    import torch

    usual = torch.get_num_threads()
    torch.set_num_threads(1)
    # That was also the default of threads to come, which another one sets back.
    other = Thread(target=torch.set_num_threads, args=(usual,))
    other.start()
    other.join()


def _state(folder: Path) -> tuple[object, ...]:
    """Where the folder is and what its files were last: weights, configuration, tokenizer, settings."""
    state: list[object] = [folder.absolute()]
    with contextlib.suppress(OSError):
        state[0] = folder.resolve()
        for file in sorted(folder.iterdir()):
            now = file.stat()
            state.append((file.name, now.st_mtime_ns, now.st_size))
    return tuple(state)


async def wait_for(future: "Future[_T]") -> _T:
    """Wait in any event loop for a future of a thread; who stops waiting cancels it."""
    done, loop = anyio.Event(), current_token().native_token
    # The one is asyncio's name for it, the other trio's.
    name = "call_soon_threadsafe" if hasattr(loop, "call_soon_threadsafe") else "run_sync_soon"
    soon: Callable[..., object] = getattr(loop, name)

    def wake(_: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, nobody waits
            soon(done.set)

    future.add_done_callback(wake)
    try:
        await done.wait()
    finally:
        future.cancel()  # does nothing to one that is done
    return future.result()
