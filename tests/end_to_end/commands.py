"""`inspect` as a user types it, without paying for its start at every command.

One Python imports Inspect and this package and forks a child for each command. The child runs the
command's own `main` with arguments and environment of its own, and what it raises comes to an exit
code and a printed error by the interpreter's rules. Only the tidying up at the end is left out,
which takes longer than the command. No connection beyond loopback is possible in there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers import no_network

_PARENT = """
import json, os, signal, sys
import anthropic, openai, scipy.stats
import inspect_ai._eval.evalset
import gemma_distress._registry
from inspect_ai._cli.main import main

for line in sys.stdin:
    order = json.loads(line)
    child = os.fork()
    if child:
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    signal.alarm(60)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    os.dup2(1, 2)
    os.chdir(order["folder"])
    os.environ.update(order["env"])
    sys.argv = ["inspect", *order["arguments"]]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
"""


@dataclass(frozen=True)
class Done:
    """A command that has ended, by itself or after a minute (then `code` is -14, the alarm).

    `text` is what it printed, line breaks folded into spaces.
    """

    code: int
    text: str


class Commands:
    """A Python that is ready to run `inspect`; use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.refused = folder / "no_network" / "refused.txt"
        own = {"HF_HUB_OFFLINE": "1", "COLUMNS": "160", "HOME": str(folder), "OMP_NUM_THREADS": "1"}
        kept = {name: value for name, value in os.environ.items() if not name.endswith("_KEY")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PARENT],
            env={**kept, **no_network.child_env(self.refused.parent), **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, folder: Path, env: Mapping[str, str] = {}) -> Done:
        """Run `inspect` with these arguments in `folder`, with `env` added to the environment."""
        output = folder / "output.txt"
        own = {
            "INSPECT_LOG_DIR": str(folder / "logs"),
            "INSPECT_CACHE_DIR": str(folder / "cache"),
            "XDG_CACHE_HOME": str(folder / "xdg"),
        }
        order = {
            "arguments": arguments,
            "folder": str(folder),
            "output": str(output),
            "env": {**own, **env},
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return Done(code, " ".join(output.read_text().split()))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()
        if self.refused.exists():
            reached = sorted(set(self.refused.read_text().split()))
            raise AssertionError(f"a command tried to reach {reached}")
