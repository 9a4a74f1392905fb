"""A guard that lets a process reach loopback and nothing else.

`install()` patches the socket class of this process and returns the list of refused addresses.
For child processes, `child_env(folder)` writes a `sitecustomize.py` that installs the same guard
at the start of every Python there; a refused address is an error in the child and is appended to
`folder/refused.txt`.
"""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

LOOPBACK = ("127.0.0.1", "::1", "localhost", "0.0.0.0", "::", "")


class NetworkRefusedError(RuntimeError):
    """A connection or a name look-up beyond loopback. Not an OSError: those get swallowed."""


def install(record: Path | None = None) -> tuple[list[str], Callable[[], None]]:
    """Guard this process; returns the refused addresses (live) and a function that undoes it."""
    refused: list[str] = []
    kept = {name: getattr(socket.socket, name) for name in ("connect", "connect_ex", "sendto")}
    resolve = socket.getaddrinfo

    def check(address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else None
        host = host.decode() if isinstance(host, bytes) else host
        if host is None or host in LOOPBACK:  # None: a Unix socket or "this host"
            return
        refused.append(f"{host}:{address[1]}")
        if record is not None:
            with record.open("a") as file:
                file.write(f"{host}:{address[1]}\n")
        raise NetworkRefusedError(f"a connection to {host}:{address[1]} was attempted")

    def guarded(name: str) -> Callable[..., Any]:
        def call(self: socket.socket, *args: Any) -> Any:
            check(args[-1])
            return kept[name](self, *args)

        return call

    def getaddrinfo(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        check((host, port))
        return resolve(host, port, *args, **kwargs)

    for name in kept:
        setattr(socket.socket, name, guarded(name))
    socket.getaddrinfo = getaddrinfo

    def undo() -> None:
        # The originals are inherited from the C class, so removing ours brings them back.
        for name in kept:
            delattr(socket.socket, name)
        socket.getaddrinfo = resolve

    return refused, undo


def child_env(folder: Path) -> dict[str, str]:
    """Variables to merge into a child's environment so that its Pythons are guarded."""
    folder.mkdir(parents=True, exist_ok=True)
    source = (
        "import importlib.util, pathlib\n"
        f"spec = importlib.util.spec_from_file_location('_no_network', {__file__!r})\n"
        "guard = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(guard)\n"
        f"guard.install(pathlib.Path({str(folder / 'refused.txt')!r}))\n"
    )
    (folder / "sitecustomize.py").write_text(source)
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths)}
