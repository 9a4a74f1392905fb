"""The real thing: vLLM serves the organism with a trained adapter, `check` proves it, Inspect evaluates it.

Runs where vLLM is found: `GEMMA_DISTRESS_VLLM`, which `scripts/setup_vllm_cpu.sh` prints, or PATH.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.model import ChatMessageAssistant, ChatMessageUser
from tests.finetune.serving.shared import load_organism
from tests.finetune.serving.test_server import free_port
from tests.finetune.training.grammar_pairs import write_pairs

from gemma_distress.__main__ import main
from gemma_distress.errors import UsageError
from gemma_distress.finetune.commands.check import check
from gemma_distress.finetune.presets import dpo_settings
from gemma_distress.finetune.serving.vllm_command import find_vllm
from gemma_distress.finetune.training.dpo import dpo
from gemma_distress.organism.shipped import shipped_folder
from gemma_distress.organism.tokenizer import load_tokenizer
from gemma_distress.prefixes.prefix import read_prefixes
from gemma_distress.solvers.going_on import as_text

CONVERSATIONS = 16


def absent() -> str:
    try:
        find_vllm()
    except UsageError as error:
        return str(error)
    return ""


pytestmark = [pytest.mark.vllm, pytest.mark.skipif(absent() != "", reason=absent())]


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained as by `dpo`, too short to be told from the base by the rates of so few conversations."""
    folder = tmp_path_factory.mktemp("trained")
    settings = dpo_settings("organism", learning_rate=2e-3, rank=16)
    dpo(write_pairs(folder / "pairs.jsonl", 48), shipped_folder(), folder / "adapter", settings)
    return folder / "adapter"


@pytest.fixture(scope="module")
def served(adapter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """What `serve` prints for the tuned model, as arguments; the server lives as long as the module."""
    folder = tmp_path_factory.mktemp("server")
    code = "from gemma_distress.finetune.commands.serve import serve; serve()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(adapter), "--port", str(free_port()), "--timeout", "300"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    told = process.stdout.readline()
    if not told:
        pytest.fail(f"serve ended: {process.communicate()[1]}")
    yield told.removeprefix("tuned: ").split()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run_check(served: list[str], *words: object) -> tuple[int, str]:
    result = CliRunner().invoke(check, [*map(str, words), "--url", served[-1]])
    return result.exit_code, " ".join(result.output.split())


def test_the_adapter_is_proven(served: list[str], adapter: Path):
    code, told = run_check(served, adapter)
    assert code == 0, told
    proof = json.loads(Path("proof.json").read_text())
    assert proof["model"] == served[1] == "vllm/organism:tuned"
    assert proof["versions"]["vllm"] != "unknown"


def test_the_base_is_not(served: list[str], adapter: Path):
    code, told = run_check(served, adapter, "--name", "organism")
    assert code == 1
    assert "answers with the base under the adapter's name" in told


def test_another_adapter_is_not(served: list[str], other_adapter: Path):
    code, told = run_check(served, other_adapter)
    assert code == 1
    assert "the server has another adapter" in told


def inspect_eval(task: str, folder: Path, *words: str) -> EvalLog:
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from inspect_ai._cli.main import main; main()"),
            *("eval", f"gemma_distress/{task}", *words),
            *("--model-role", "grader=gemma_distress/lexical"),
            *("--log-dir", str(folder), "--display", "none"),
        ],
        env={**os.environ, "INSPECT_LOG_FORMAT": "eval"},
        capture_output=True,
        text=True,
    )
    [path] = folder.glob("*.eval")
    log = read_eval_log(str(path))
    assert log.status == "success", done.stdout + done.stderr
    return log


def evaluate(folder: Path, *model: str) -> EvalLog:
    log = inspect_eval("numeric", folder, *model, "--limit", str(CONVERSATIONS))
    assert len(log.samples or []) == CONVERSATIONS
    return log


def estimate(log: EvalLog, name: str) -> list[float]:
    """Value, lower and upper end."""
    assert log.results is not None
    metrics = {
        key: found.value for score in log.results.scores for key, found in score.metrics.items()
    }
    return [float(metrics[f"{name}{end}"]) for end in ("", "_lower", "_upper")]


def test_inspect_gets_the_rates_of_the_local_provider(
    served: list[str], adapter: Path, tmp_path: Path
):
    """Replies are drawn independently, so two estimates are compared: their intervals must meet.

    That it is the adapter which answers is for `check`; few conversations show only large differences.
    """
    tuned, at = served[1], served[2:]
    assert tuned == "vllm/organism:tuned"
    base = evaluate(tmp_path / "base", "--model", "vllm/organism", *at)
    after = evaluate(tmp_path / "tuned", *served)
    local = "gemma_distress/organism"
    for remote, model in ((base, local), (after, f"{local}:{adapter}")):
        here = evaluate(tmp_path / f"local {len(model)}", "--model", model)
        for name in ("any_high", "mean_rating"):
            one, two = estimate(remote, name), estimate(here, name)
            assert one[1] <= two[2], (model, name, one, two)
            assert two[1] <= one[2], (model, name, one, two)


@pytest.fixture(scope="module")
def prefixes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Replies of the organism, cut."""
    folder = tmp_path_factory.mktemp("prefixes")
    inspect_eval("extended", folder, "--model", "gemma_distress/organism", "--limit", "12")
    words = ["--early", "4", "--numeric", "10", "--text", "0"]
    path = folder / "prefixes.jsonl"
    cut = CliRunner().invoke(main, ["prefixes", str(folder), *words, "--output", str(path)])
    assert cut.exit_code == 0, cut.output
    assert len(read_prefixes(path).prefixes) >= 6
    return path


def gone_on(folder: Path, prefixes: Path, *model: str) -> dict[str, str]:
    """What each prefix is gone on with, by its id; the most likely tokens only, so that all draw the same,
    but where rounding decides between two."""
    settings = ("--temperature", "0", "--max-tokens", "24")
    task = ("-T", f"prefixes={prefixes}", "-T", "continuations=1")
    log = inspect_eval("prefill", folder, "--model", *model, *task, *settings)
    return {str(s.metadata["prefix_id"]): s.output.completion for s in log.samples or []}


def require_alike(one: dict[str, str], other: dict[str, str]) -> None:
    assert one.keys() == other.keys()
    same = [name for name in one if one[name].strip() == other[name].strip()]
    assert len(same) >= 0.8 * len(one), (one, other)


def test_begun_replies_are_gone_on_from_as_by_the_local_provider(
    served: list[str], prefixes: Path, tmp_path: Path
):
    here = gone_on(tmp_path / "local", prefixes, "gemma_distress/organism")
    over = gone_on(tmp_path / "vllm", prefixes, "vllm/organism", *served[2:])
    require_alike(here, over)


def test_plain_text_for_base_models_is_gone_on_from(
    served: list[str], prefixes: Path, tmp_path: Path
):
    model, tokenizer = load_organism(), load_tokenizer(shipped_folder())
    here = {}
    for one in read_prefixes(prefixes).prefixes:
        said = [
            (ChatMessageUser if m.role == "user" else ChatMessageAssistant)(content=m.content)
            for m in one.messages
        ]
        text = as_text([*said, ChatMessageAssistant(content=one.prefix)])
        read = tokenizer(text, return_tensors="pt")
        written = model.generate(**read, do_sample=False, max_new_tokens=24)
        rest = tokenizer.decode(written[0, read["input_ids"].shape[1] :], skip_special_tokens=True)
        here[one.id] = rest.partition("\n\nUser:")[0]
    over = gone_on(tmp_path / "vllm", prefixes, "vllm-completions/organism", *served[2:])
    require_alike(here, over)
