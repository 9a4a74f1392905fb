"""What every test may rely on: loopback model servers, and caches and logs of its own."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Examples are drawn on machines of any speed and load; how long one takes is no failure.
settings.register_profile(
    "any_machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any_machine")

pytest_plugins = ("tests.servers.fixtures",)


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads another's cached ratings or writes where a user's files are."""
    monkeypatch.setenv("INSPECT_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
