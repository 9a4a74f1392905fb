"""How dear the turns table is beside Inspect's own readers, on one log of 4,000 conversations.

    python benchmarks/turns.py LOG.eval [--conversations 4000] [--keep BIG.eval]

The large log is made from the conversations of a real one with Inspect's own writer: each copy has an
id of its own and everything else as it was, events and attachments included. Each reader then runs in a
process of its own, several times in turn: the median of its processor time (user and system, the
imports before the reading left out) and its highest memory in use.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

READERS = {
    "inspect, header only": "read_eval_log(log, header_only=True)",
    "inspect, summaries": "read_eval_log_sample_summaries(log)",
    "inspect, without events": "read_eval_log(log, exclude_fields=UNREAD)",
    "inspect, by id, without events": "by_id(log)",
    "inspect, everything": "read_eval_log(log)",
    "turns": "turns(log)",
}
"""Expressions over `log`; the fastest of the two `without events` is the yardstick."""

SETUP = """
import json, resource, sys, time
import pandas, numpy
import inspect_ai.log._recorders.eval
from inspect_ai.log import (
    read_eval_log, read_eval_log_sample_summaries, read_eval_log_samples_by_id,
)
from gemma_distress.analysis.turns import turns

UNREAD = {"events", "attachments", "store"}

def by_id(log):
    ids = [(sample.id, sample.epoch) for sample in read_eval_log_sample_summaries(log)]
    for start in range(0, len(ids), 64):
        read_eval_log_samples_by_id(log, ids[start : start + 64], exclude_fields=UNREAD)

log = sys.argv[1]
# One small reading first, so that what is imported or compiled on first use is not counted.
{expression_on_small}
log = sys.argv[2]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
result = {expression}
spent = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([spent, before / 1024, peak / 1024]))
"""


def multiplied(source: Path, target: Path, conversations: int) -> None:
    """Write a log of that many conversations, in the way Inspect writes one."""
    from inspect_ai.log import read_eval_log, write_eval_log

    log = read_eval_log(str(source), resolve_attachments=False)
    own = log.samples or []
    if not own:
        raise SystemExit(f"{source} holds no conversation to multiply.")
    log.samples = [
        own[number % len(own)].model_copy(
            update={
                "id": f"{own[number % len(own)].id}/{number:05}",
                "uuid": f"{own[number % len(own)].uuid}-{number}",
            }
        )
        for number in range(conversations)
    ]
    write_eval_log(log, str(target), format="eval")


def measured(expression: str, small: Path, large: Path) -> tuple[float, float, float]:
    """Processor seconds, and MiB in use before and at most, of one reading in a fresh process."""
    code = SETUP.replace("{expression_on_small}", expression).replace("{expression}", expression)
    done = subprocess.run(
        [sys.executable, "-c", code, str(small), str(large)],
        capture_output=True,
        text=True,
        check=True,
    )
    spent, before, peak = json.loads(done.stdout.splitlines()[-1])
    return spent, before, peak


def main() -> None:
    """Make the log, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("log", type=Path, help="a finished log of this package")
    parser.add_argument("--conversations", type=int, default=4000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="where the large log is, or is to stay")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large = options.keep or Path(folder) / "large.eval"
        if not large.exists():
            multiplied(options.log, large, options.conversations)
        print(f"{options.conversations} conversations, {large.stat().st_size / 1e6:.1f} MB\n")
        found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in READERS}
        for _ in range(options.repeats):
            for name, expression in READERS.items():
                found[name].append(measured(expression, options.log, large))
    seconds = {name: statistics.median(run[0] for run in runs) for name, runs in found.items()}
    yardstick = min(seconds[name] for name in seconds if "without events" in name)
    print(f"{'reader':32}{'CPU s':>8}{'ratio':>8}{'MiB before':>12}{'MiB peak':>10}")
    for name, runs in found.items():
        before, peak = (max(run[place] for run in runs) for place in (1, 2))
        ratio = seconds[name] / yardstick
        print(f"{name:32}{seconds[name]:8.2f}{ratio:8.2f}{before:12.0f}{peak:10.0f}")


if __name__ == "__main__":
    main()
