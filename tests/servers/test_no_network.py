"""The guard: loopback is open, everything else is refused and remembered, also in a child."""

import asyncio
import os
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from tests.servers import no_network as guard

# Documentation addresses (RFC 5737, RFC 2606): nobody would answer.
ELSEWHERE = ("192.0.2.1", 443)


def test_connections_beyond_loopback_are_refused_with_their_address(no_network):
    with pytest.raises(guard.NetworkRefusedError, match=r"192\.0\.2\.1:443"):
        socket.create_connection(ELSEWHERE, timeout=1)
    with pytest.raises(guard.NetworkRefusedError, match=r"example\.invalid:80"):
        urllib.request.urlopen("http://example.invalid/", timeout=1)
    assert no_network == ["192.0.2.1:443", "example.invalid:80"]
    no_network.clear()


def test_asynchronous_connections_are_refused_too(no_network):
    with pytest.raises(guard.NetworkRefusedError):
        asyncio.run(asyncio.wait_for(asyncio.open_connection(*ELSEWHERE), 5))
    assert no_network
    no_network.clear()


def test_loopback_stays_open(no_network):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for host in ("127.0.0.1", "localhost"):
            with socket.create_connection((host, listener.getsockname()[1]), timeout=5):
                pass
    assert no_network == []


def test_the_guard_can_be_lifted():
    before = socket.getaddrinfo
    _, undo = guard.install()
    undo()
    assert socket.getaddrinfo is before
    assert "connect" not in vars(socket.socket)


def test_a_child_process_is_guarded_and_leaves_a_record(tmp_path: Path):
    env = {**os.environ, **guard.child_env(tmp_path)}
    code = f"import socket; socket.create_connection({ELSEWHERE!r}, timeout=1)"
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert "NetworkRefusedError" in done.stderr
    assert (tmp_path / "refused.txt").read_text() == "192.0.2.1:443\n"
