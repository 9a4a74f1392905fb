"""One worker for a model: all who ask for a reply at the same time are served together.

The worker is a thread that lives while there is work and some time after; with it go the buffers of the
batch and what is remembered of conversations. Requests join the running batch between two tokens, so
nobody waits for a batch to fill or to end.
"""

import atexit
import contextlib
import weakref
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from threading import Condition, Thread

from gemma_distress.models.generation import Generation
from gemma_distress.models.reply import Reply, Request

MAX_ROWS = 32
"""Most replies written at a time. More gain nothing, and their keys and values are what takes memory: 13 MB
for each of the shipped organism if it fills its context."""

IDLE = 60.0
"""Seconds without work after which the worker ends."""


class Batcher:
    """Writes replies to requests from any thread. `make` makes the generation when there is work."""

    def __init__(
        self, make: Callable[[], Generation], max_rows: int = MAX_ROWS, idle: float = IDLE
    ) -> None:
        self._make, self._max_rows, self._idle = make, max_rows, idle
        self._waiting: deque[tuple[Request, Future[Reply]]] = deque()
        self._writing: dict[int, tuple[Reply, Future[Reply]]] = {}
        self._change = Condition()
        self._thread: Thread | None = None
        self._ended = False
        # A thread that computes while the interpreter ends brings the whole process down.
        atexit.register(_end, weakref.ref(self))
        self.batch_sizes: Counter[int] = Counter()
        """How often a token was chosen for so many replies at once."""

    def submit(self, request: Request) -> "Future[Reply]":
        """Ask for a reply. An error reaches its own request alone; to cancel the future leaves the batch."""
        future: Future[Reply] = Future()
        with self._change:
            self._waiting.append((request, future))
            if self._thread is None:
                self._thread = Thread(target=self._serve, name="gemma_distress", daemon=True)
                self._thread.start()
            self._change.notify()
        return future

    def end(self) -> None:
        """Write nothing more: replies that are not finished are cancelled, and the worker is waited for."""
        with self._change:
            self._ended = True
            thread = self._thread
            self._change.notify()
        if thread is not None:
            thread.join()

    def _serve(self) -> None:
        try:
            generation = self._make()
            while self._more():
                self._begin(generation)
                try:
                    self._leave(generation)
                    finished = generation.step()
                except Exception as error:
                    # Where in the batch it went wrong is not known; the next one starts afresh.
                    self._fail(error)
                    generation = self._make()
                    continue
                if self._writing:
                    self.batch_sizes[len(self._writing)] += 1
                for reply in finished:
                    _settle(self._writing.pop(id(reply))[1], reply)
        except BaseException as error:
            with self._change:
                # Whoever asks again begins anew, beside what ends here.
                self._thread = None
                waiting, self._waiting = self._waiting, deque()
                writing, self._writing = self._writing, {}
            for _, future in [*writing.values(), *waiting]:
                _settle(future, error)

    def _more(self) -> bool:
        """Wait for work; False when none came and the worker is to end."""
        with self._change:
            if not self._writing and not self._waiting:
                self._change.wait_for(lambda: self._waiting or self._ended, self._idle)
            if self._ended:
                for future in [
                    *(f for _, f in self._writing.values()),
                    *(f for _, f in self._waiting),
                ]:
                    future.cancel()
                self._writing.clear()
                self._waiting.clear()
            if not self._writing and not self._waiting:
                self._thread = None
                return False
            return True

    def _begin(self, generation: Generation) -> None:
        """Take in who waits, as far as there is room."""
        while len(self._writing) < self._max_rows:
            with self._change:
                if not self._waiting:
                    return
                request, future = self._waiting.popleft()
            if future.cancelled():
                continue
            try:
                reply = generation.begin(request)
            except Exception as error:
                _settle(future, error)
                continue
            if reply.stop_reason:
                _settle(future, reply)
            else:
                self._writing[id(reply)] = (reply, future)

    def _leave(self, generation: Generation) -> None:
        """Let go who was cancelled."""
        for reply, future in list(self._writing.values()):
            if future.cancelled():
                generation.remove(reply)
                del self._writing[id(reply)]

    def _fail(self, error: BaseException) -> None:
        for _, future in self._writing.values():
            _settle(future, error)
        self._writing.clear()


def _end(batcher: "weakref.ref[Batcher]") -> None:
    found = batcher()
    if found is not None:
        found.end()


def _settle(future: "Future[Reply]", result: Reply | BaseException) -> None:
    with contextlib.suppress(InvalidStateError):  # cancelled in this moment
        if isinstance(result, Reply):
            future.set_result(result)
        else:
            future.set_exception(result)
