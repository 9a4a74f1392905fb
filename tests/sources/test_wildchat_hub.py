"""The hub's path of `draw`, through the real `datasets` against a small hub on loopback.

Each draw runs in a child process, because the hub's libraries read their endpoint when imported.
"""

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

COMMIT = "5" * 40
DATASET = "allenai/WildChat-1M"
PARQUET = "data/train-00000-of-00001.parquet"

# No connection leaves the machine: everything but loopback is refused and told on stderr.
CHILD = """
import json, socket, sys
from pathlib import Path
connect, resolve = socket.socket.connect, socket.getaddrinfo
def local(host):
    if host not in ("127.0.0.1", "localhost"):
        print("LEFT THE MACHINE", host, file=sys.stderr)
        raise OSError("refused by the test")
def guarded(self, address):
    if isinstance(address, tuple):
        local(address[0])
    return connect(self, address)
def guarded_resolve(host, *args, **kwargs):
    local(host)
    return resolve(host, *args, **kwargs)
socket.socket.connect, socket.getaddrinfo = guarded, guarded_resolve
from gemma_distress.errors import UsageError
from gemma_distress.sources import draw
try:
    drawn = draw(None, int(sys.argv[1]), 7, Path(sys.argv[2]))
    answer = {"prompts": [p.text for p in drawn.prompts], "source": drawn.source,
              "path": str(drawn.path), "scanned": drawn.scanned, "kept": drawn.kept}
except UsageError as err:
    answer = {"error": str(err)}
print(json.dumps(answer))
"""


def run_draw(count: int, cache: Path, **env: str) -> tuple[dict, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING"))}
    home = {"HF_HOME": str(cache / "hf"), "HF_HUB_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(count), str(cache)],
        env={**clean, **home, **env},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), done.stderr


def parquet_bytes() -> bytes:
    pa = pytest.importorskip("pyarrow", reason="the extra `wildchat` is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {
            "conversation_hash": f"{number:032x}",
            "conversation": [
                {"role": "user", "content": f"How do I prune tree number {number} in spring?"},
                {"role": "assistant", "content": "Carefully."},
            ],
            "language": "English" if number % 2 else "French",
            "toxic": False,
        }
        for number in range(40)
    ]
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue()


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as reading one public dataset of parquet files asks for."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes]
    asked: list[str]

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, code: int, body: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        path = unquote(self.path.split("?")[0])
        self.asked.append(path)
        api, resolve = f"/api/datasets/{DATASET}", f"/datasets/{DATASET}/resolve/{COMMIT}/"
        if path in (api, f"{api}/revision/{COMMIT}"):
            siblings = [{"rfilename": name} for name in self.files]
            info = {"_id": "1", "id": DATASET, "sha": COMMIT, "tags": [], "siblings": siblings}
            self.answer(200, json.dumps(info).encode())
        elif path.startswith(f"{api}/tree/{COMMIT}"):
            folder = path.removeprefix(f"{api}/tree/{COMMIT}").strip("/")
            entries = [
                {"type": "file", "oid": digest(body), "size": len(body), "path": name}
                for name, body in self.files.items()
                if name.rpartition("/")[0] == folder
            ]
            if not folder:
                entries.append({"type": "directory", "oid": "0" * 40, "size": 0, "path": "data"})
            self.answer(200, json.dumps(entries).encode())
        elif path.removeprefix(resolve) in self.files:
            body = self.files[path.removeprefix(resolve)]
            headers = {"ETag": f'"{digest(body)}"', "X_Repo_Commit": COMMIT}
            asked = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
            if asked is None:
                self.answer(200, body, **headers)
            else:
                start, end = int(asked[1]), min(int(asked[2] or len(body)), len(body) - 1)
                part = f"bytes {start}-{end}/{len(body)}"
                self.answer(206, body[start : end + 1], Content_Range=part, **headers)
        else:
            self.answer(404, b"{}", X_Error_Code="EntryNotFound")

    do_HEAD = do_GET  # noqa: N815


def digest(body: bytes) -> str:
    return hashlib.sha1(body).hexdigest()


@pytest.fixture
def hub() -> Iterator[tuple[str, type[Hub]]]:
    readme = (
        "---\nconfigs:\n- config_name: default\n  data_files:\n"
        "  - split: train\n    path: data/train-*\n---\n"
    )

    class Served(Hub):
        files = {"README.md": readme.encode(), PARQUET: parquet_bytes()}  # noqa: RUF012
        asked: list[str] = []  # noqa: RUF012

    server = ThreadingHTTPServer(("127.0.0.1", 0), Served)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", Served
    server.shutdown()
    server.server_close()


def test_streams_the_hub_then_needs_it_no_more(hub, tmp_path):
    pytest.importorskip("datasets", reason="the extra `wildchat` is not installed")
    endpoint, served = hub
    first, _ = run_draw(6, tmp_path, HF_ENDPOINT=endpoint)
    assert len(set(first["prompts"])) == 6
    assert first["source"] == f"{DATASET}@{COMMIT}"
    assert (first["scanned"], first["kept"]) == (40, 20)  # every second row is English
    assert any(path.endswith(PARQUET) for path in served.asked)
    asked = len(served.asked)
    second, _ = run_draw(6, tmp_path, HF_ENDPOINT=endpoint, HF_HUB_OFFLINE="1")
    assert second == first
    assert len(served.asked) == asked
    # Another count is another draw: it needs the hub again.
    third, _ = run_draw(5, tmp_path, HF_ENDPOINT=endpoint, HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE" in third["error"]


def test_a_torn_parquet_file_on_the_hub_is_told(hub, tmp_path):
    pytest.importorskip("datasets", reason="the extra `wildchat` is not installed")
    endpoint, served = hub
    served.files = {**served.files, PARQUET: served.files[PARQUET][:-200]}
    answer, _ = run_draw(6, tmp_path, HF_ENDPOINT=endpoint)
    assert "could not be read from the hub" in answer["error"]
    assert not (tmp_path / "wildchat").exists()


@pytest.mark.parametrize(
    "env", [{"HF_HUB_OFFLINE": "1"}, {"HF_ENDPOINT": "http://127.0.0.1:9"}], ids=["flag", "refused"]
)
def test_without_a_hub_says_what_to_do_within_seconds(env, tmp_path):
    pytest.importorskip("datasets", reason="the extra `wildchat` is not installed")
    began = time.monotonic()
    answer, stderr = run_draw(3, tmp_path, **env)
    assert time.monotonic() - began < 10
    assert "-T source=FILE" in answer["error"]
    assert "No other prompts are taken" in answer["error"]
    assert "LEFT THE MACHINE" not in stderr
    assert not (tmp_path / "wildchat").exists()


def test_the_guard_of_these_tests_refuses_a_foreign_host(tmp_path):
    pytest.importorskip("datasets", reason="the extra `wildchat` is not installed")
    answer, stderr = run_draw(3, tmp_path, HF_ENDPOINT="http://hub.invalid")
    assert "LEFT THE MACHINE hub.invalid" in stderr
    assert "-T source=FILE" in answer["error"]


def test_a_missing_package_names_its_pip_line(tmp_path):
    (tmp_path / "datasets.py").write_text("raise ImportError('not installed')\n")
    answer, _ = run_draw(3, tmp_path, PYTHONPATH=str(tmp_path))
    assert "pip install 'gemma-distress[wildchat]'" in answer["error"]
