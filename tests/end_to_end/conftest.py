"""Fixtures of the end-to-end tests."""

from collections.abc import Iterator

import pytest
from tests.end_to_end.commands import Commands


@pytest.fixture(scope="session", autouse=True)
def no_certificates(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Each client of each eval would read the system's certificates, 40 ms at a time; the servers
    here speak plain HTTP."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SSL_CERT_FILE", raising=False)
        patch.setenv("SSL_CERT_DIR", str(tmp_path_factory.mktemp("certificates")))
        yield


@pytest.fixture
def plain_tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inspect also stores every traceback as painted for a terminal, a third of a second each."""
    monkeypatch.setattr("inspect_ai._util.rich.rich_traceback", lambda *args, **kwargs: "")


@pytest.fixture(scope="session")
def inspect_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    """`inspect_command("eval", …, folder=tmp_path)` is `inspect eval …` without any network."""
    with Commands(tmp_path_factory.mktemp("inspect")) as commands:
        yield commands
