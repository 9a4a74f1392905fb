"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator

import pytest
from tests.end_to_end.commands import Commands


@pytest.fixture
def plain_tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspect also stores every traceback as painted for a terminal, a third of a second each."""
    monkeypatch.setattr("inspect_ai._util.rich.rich_traceback", lambda *args, **kwargs: "")


@pytest.fixture(scope="session")
def inspect_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """`inspect_command("eval", …, folder=tmp_path)` is `inspect eval …` without any network."""
    with Commands(tmp_path_factory.mktemp("inspect")) as commands:
        yield commands
