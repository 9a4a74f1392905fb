"""The HTTP half of a loopback model server: a listener, its connections, and ways to spoil them.

HTTP/1.1 with keep-alive on 127.0.0.1, one daemon thread per connection. Closing drops every open
connection at once, so a test never waits for its server.
"""

import json
import socket
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol


class Application(Protocol):
    """What answers the requests of a `Listener`."""

    def serve(
        self,
        exchange: "Exchange",
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: dict[str, Any],
    ) -> None:
        """Answer one request; header names are in lower case, the path has no query."""


class Exchange:
    """One HTTP request being answered."""

    def __init__(self, handler: "_Handler") -> None:
        self._handler = handler

    def json(self, status: int, body: Any, headers: Mapping[str, str] | None = None) -> None:
        self.raw(status, json.dumps(body).encode(), headers)

    def raw(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """A whole response that calls itself JSON."""
        self._write(_head(status, headers, length=len(body)) + body)

    def cut(self, body: bytes, at: int) -> None:
        """Announce the whole body, send its first `at` bytes, and drop the connection."""
        self._write(_head(200, length=len(body)) + body[:at])
        self.drop()

    def events(self, events: Iterable[str], cut: bool = False) -> None:
        """Server-sent events as HTTP chunks; `cut` drops the connection before the last chunk."""
        head = {"content-type": "text/event-stream", "transfer-encoding": "chunked"}
        self._write(_head(200, head))
        for event in events:
            data = event.encode()
            self._write(b"%x\r\n%s\r\n" % (len(data), data))
        if cut:
            self.drop()
        else:
            self._write(b"0\r\n\r\n")

    def drop(self) -> None:
        """Close the connection without a further byte."""
        self._handler.close_connection = True
        _cut(self._handler.connection)

    def _write(self, data: bytes) -> None:
        self._handler.wfile.write(data)


def _head(
    status: int, headers: Mapping[str, str] | None = None, length: int | None = None
) -> bytes:
    fields = {"content-type": "application/json", **(headers or {})}
    if length is not None:
        fields["content-length"] = str(length)
    lines = [f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join([*lines, "", ""]).encode()


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # the client may have been faster
        connection.shutdown(socket.SHUT_RDWR)


class Listener(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1 from construction until `stop`."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 256  # the default of 5 loses connections when a suite starts

    def __init__(self, application: Application) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.application = application
        self.connections: set[socket.socket] = set()
        self.lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self.lock:
            connections = tuple(self.connections)
        for connection in connections:
            _cut(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else small writes wait 40 ms for an acknowledgement
    server: Listener

    def setup(self) -> None:
        super().setup()
        with self.server.lock:
            self.server.connections.add(self.connection)

    def finish(self) -> None:
        with self.server.lock:
            self.server.connections.discard(self.connection)
        with suppress(ConnectionError):
            super().finish()

    def handle(self) -> None:
        # The client went away, or the server cut this connection on purpose.
        with suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET", {})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        self._answer("POST", json.loads(self.rfile.read(length) or b"{}"))

    def _answer(self, method: str, body: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = self.path.partition("?")[0]
        self.server.application.serve(Exchange(self), method, path, headers, body)
