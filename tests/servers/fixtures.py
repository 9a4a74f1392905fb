"""Fixtures over the loopback servers; a conftest takes them with `pytest_plugins`."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from . import no_network as guard
from .anthropic_server import AnthropicServer
from .behaviour import Behaviour
from .openai_server import OpenAIServer


@pytest.fixture
def openai_server() -> Iterator[Callable[[Behaviour], OpenAIServer]]:
    """`openai_server(behave)` starts a server that lives as long as the test."""
    with ExitStack() as servers:
        yield lambda behave: servers.enter_context(OpenAIServer(behave))


@pytest.fixture
def anthropic_server() -> Iterator[Callable[[Behaviour], AnthropicServer]]:
    """`anthropic_server(behave)` starts a server that lives as long as the test."""
    with ExitStack() as servers:
        yield lambda behave: servers.enter_context(AnthropicServer(behave))


@pytest.fixture
def no_network() -> Iterator[list[str]]:
    """Refuses every connection beyond loopback and fails the test that tried, even if it caught
    the error. Yields the refused addresses; a test that expects one clears the list."""
    refused, undo = guard.install()
    try:
        yield refused
    finally:
        undo()
    assert not refused, f"connections beyond loopback were attempted: {refused}"


@pytest.fixture
def offline_child_env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment for a subprocess that must not leave loopback; the test fails if it tried."""
    folder = tmp_path / "no_network"
    yield {**os.environ, **guard.child_env(folder)}
    record = folder / "refused.txt"
    assert not record.exists(), f"a child process tried to reach {record.read_text().split()}"


@pytest.fixture
def backoff_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Inspect's waits between retries (3 s and more, never shortened by Retry-After) take no time.

    Returns the waits that would have been spent, in seconds. The SDKs' own waits stay: they obey
    `Status(retry_after=0.001)`.
    """
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("inspect_ai.model._retry._sleep", note)
    return waits


@pytest.fixture(scope="session")
def quick_evals() -> Iterator[None]:
    """Saves about 0.7 CPU seconds in each `eval()` of a task that no installed package contains.

    Inspect looks for that package in the file lists of all distributions, anew in every eval;
    here the lists are read once per session.
    """
    from inspect_ai._util import package

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(package, "packages_distributions", cache(package.packages_distributions))
        yield
