"""Loopback servers, and caches of its own for each test."""

from pathlib import Path

import pytest
from tests.servers.fixtures import anthropic_server, no_network, openai_server

__all__ = ["anthropic_server", "no_network", "openai_server"]


@pytest.fixture(autouse=True)
def _own_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache" / "inspect"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
