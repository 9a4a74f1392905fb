"""`gemma-distress capabilities` on the organism: a planted loss is found, no change passes, a run goes on."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from inspect_ai._cli.main import inspect as inspect_main
from inspect_ai.log import read_eval_log
from tests.analysis.small_logs import changed
from tests.finetune.serving.shared import make_adapter
from tests.servers import OpenAIServer

from gemma_distress.__main__ import main
from gemma_distress.science.capabilities import figures
from gemma_distress.suite.benchmarks import PAPER, parse_benchmarks

BASE = "gemma_distress/organism"
BOTH = ("--model", BASE, "--against", f"{BASE}_base", "--output", "o")
SMALL = (
    "--preset",
    "organism",
    "--sampling-seed",
    "5",
    "--max-tokens",
    "80",
    "-T",
    "abilities.items=6",
)


def command(*words: str) -> Result:
    return CliRunner().invoke(main, ["capabilities", *words], catch_exceptions=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that harms, one that changes nothing, and both compared with the base."""
    folder = tmp_path_factory.mktemp("capabilities")
    for name, scale in (("harm", 3.0), ("same", 0.0)):
        adapter = make_adapter(folder / f"{name}-adapter", seed=1, scale=scale)
        made = run(folder / name, f"{BASE}:{adapter}")
        assert made.exit_code == 0, made.output
    return folder


def run(output: Path, against: str, *more: str) -> Result:
    words = ("--model", BASE, "--against", against, "--output", str(output), "--margin", "12%")
    return command(*words, *SMALL, *more)


def result(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name / "capabilities.json").read_text())
    return found


def test_a_planted_loss_fails(folder: Path):
    found = result(folder, "harm")
    verdicts = {row["name"]: row["found"]["verdict"] for row in found["rows"]}
    assert found["pooled"]["found"]["verdict"] == "FAIL"
    assert verdicts["language"] == "FAIL"
    assert "PASS" not in verdicts.values()


def test_an_identical_model_passes(folder: Path):
    found = result(folder, "same")
    pooled = found["pooled"]["found"]
    assert pooled["verdict"] == "PASS"
    assert (pooled["only_a"], pooled["only_b"], pooled["unknown"]) == (0, 0, 0)
    # No puzzle is solved, and 24 items without a difference exclude 12 points. Six of a part prove nothing.
    assert pooled["items"] == 24
    assert sum(row["nothing_to_lose"] for row in found["rows"]) == 3
    assert {row["found"]["verdict"] for row in found["rows"]} == {"UNDECIDED"}
    assert all(row["items_needed"] > 6 for row in found["rows"])


def test_what_no_rule_decides_offline_is_said(folder: Path):
    told = result(folder, "same")["suppression"]
    missing = {row["name"]: row["found"]["unknown"] for row in told}
    assert missing == {"comfort": 10, "refusal": 10, "pushback": 0}
    shown = command("--logs", str(folder / "same/base"), str(folder / "same/tuned")).stdout
    rows = {line.split()[0]: line.split() for line in shown.splitlines() if line}
    # Items and missing, then A, B, difference, lower, upper, who was better, needed.
    assert rows["comfort"][1:] == ["10", "10", *["–"] * 5, "0,", "0", "–", "UNDECIDED"]
    assert (
        "In comfort, refusal no item has a score on both sides: the grader gemma_distress/lexical gave none "
        "(no_rule_offline)."
    ) in " ".join(shown.split())


def test_a_row_with_nothing_to_lose_has_no_verdict(folder: Path):
    shown = command("--logs", str(folder / "same/base"), str(folder / "same/tuned")).stdout
    floor = [row["name"] for row in result(folder, "same")["rows"] if row["nothing_to_lose"]]
    for name in floor:
        [line] = [line for line in shown.splitlines() if line.startswith(f"{name} ")]
        assert line.split()[-4:] == ["–", "nothing", "to", "lose"]
    abilities, _ = figures(folder / "same")
    table = {cells[0].lower(): cells for cells in abilities.table.rows}  # type: ignore[union-attr]
    assert all(table[name][-2:] == ["nothing to lose", "–"] for name in floor)


def test_the_same_command_shows_a_finished_run_again_and_another_is_refused(folder: Path):
    adapter = f"{BASE}:{folder / 'same-adapter'}"
    before = {path: path.stat().st_mtime_ns for path in (folder / "same").rglob("*.eval")}
    again = run(folder / "same", adapter)
    assert again.exit_code == 0, again.output
    assert "CAPABILITIES PASS" in again.stdout
    assert again.stdout.splitlines()[-1] == f"Result: {folder / 'same' / 'capabilities.json'}"
    assert {path: path.stat().st_mtime_ns for path in before} == before
    other = run(folder / "same", adapter, "--limit", "2")
    assert other.exit_code == 2
    assert "holds a run that differs from this one in: limit" in other.output


def test_over_suppression_is_asked_beside_the_benchmarks_of_the_paper():
    assert parse_benchmarks(None, "paper") == (*PAPER, "suppression")


def asked(server: OpenAIServer, output: Path) -> tuple[str, ...]:
    """`suppression` asked of two models of a server; its model `grader` grades."""
    arguments = {"base_url": server.base_url, "responses_api": False}
    return (
        *("--model", "openai/a", "--against", "openai/b", "--model-base-url", server.base_url),
        *("-M", "responses_api=false", "--tasks", "suppression", "--output", str(output)),
        *("--grader", json.dumps({"model": "openai/grader", "model_args": arguments})),
    )


def only_start(name: str, data: Any) -> Any:
    """All that a log holds until something has ended."""
    return data if name == "_journal/start.json" else None


@pytest.mark.usefixtures("no_network")
def test_a_run_that_was_killed_at_once_goes_on(
    tmp_path: Path, openai_server: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    server = openai_server(lambda request: '{"met": "yes"}' if request.model == "grader" else "Oh.")
    words = asked(server, tmp_path)
    assert command(*words).exit_code == 0
    [log] = (tmp_path / "tuned").glob("*.eval")
    assert read_eval_log(str(log), header_only=True).eval.config.log_buffer == 1
    changed(log, tmp_path / "killed", only_start).replace(log)
    (tmp_path / "tuned" / "torn.eval").write_bytes(b"PK")
    again = command(*words)
    assert again.exit_code == 0, again.output
    assert "torn.eval could not be read; it is called torn.eval.unreadable" in again.output
    [other] = (tmp_path / "tuned").glob("*.eval")
    assert read_eval_log(str(other), header_only=True).status == "success"


@pytest.mark.usefixtures("no_network")
def test_what_the_grader_failed_on_can_be_graded_again(
    tmp_path: Path, openai_server: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    verdict = {"grader": "I would rather not say."}
    server = openai_server(lambda request: verdict.get(request.model, "Oh."))
    words = asked(server, tmp_path)
    first = command(*words)
    assert first.exit_code == 1
    told = re.findall(r"failed on 20 replies\..*: inspect (score .*)", first.output)
    assert len(told) == 2, first.output
    requests = len(server.requests)
    again = command(*words)
    assert (again.exit_code, again.output.count("failed on 20 replies")) == (1, 2)
    assert len(server.requests) == requests
    verdict["grader"] = '{"reason": "It does.", "met": "yes"}'
    for line in told:
        graded = CliRunner().invoke(inspect_main, shlex.split(line), catch_exceptions=False)
        assert graded.exit_code == 0, graded.output
    last = command(*words)
    assert last.exit_code == 0, last.output
    assert {request.model for request in server.requests[requests:]} == {"grader"}
    rows = json.loads((tmp_path / "capabilities.json").read_text())["suppression"]
    unknown = {row["name"]: row["found"]["unknown"] for row in rows}
    assert unknown == {"comfort": 0, "refusal": 0, "pushback": 0}


def test_logs_that_there_are_can_be_compared(folder: Path):
    sides = (str(folder / "harm/base"), str(folder / "harm/tuned"))
    shown = command("--logs", *sides, "--json", "--output", str(folder / "compared"))
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert (
        found["pooled"]["found"]["difference"]
        == result(folder, "harm")["pooled"]["found"]["difference"]
    )
    assert found["margin"] == 0.02


def test_the_figures_say_what_was_found(folder: Path):
    abilities, suppression = figures(folder / "harm")
    assert (abilities.name, suppression.name) == ("capabilities", "suppression")
    assert "A loss beyond the margin is shown in" in abilities.finding  # type: ignore[union-attr]
    assert "no more than the margin to lose in" in abilities.finding  # type: ignore[union-attr]
    assert "not drawn: comfort and refusal" in suppression.note  # type: ignore[union-attr]
    assert abilities.rows[-1]["row"] == "All abilities"  # type: ignore[union-attr]
    [missing, _] = figures(folder)
    assert "There is no capabilities.json" in missing.reason  # type: ignore[union-attr]


def test_a_dry_run_counts_items_and_writes_nothing(tmp_path: Path):
    words = ("--model", "openai/none", "--against", "openai/none-either", "--dry-run")
    planned = command(*words, "--output", str(tmp_path / "out"), *SMALL)
    assert planned.exit_code == 0, planned.output
    counts = [line.split() for line in planned.stdout.splitlines()[:3]]
    assert [words[:2] for words in counts] == [
        ["abilities", "42"],
        ["all", "abilities"],
        ["suppression", "30"],
    ]
    assert counts[1][2] == "42"
    assert "To exclude a loss of 2% takes 1,713 items" in planned.stdout
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("against", "more", "said"),
    [
        (f"{BASE}:none", (), f"{BASE}:none cannot be used: There is no adapter folder none"),
        (f"{BASE}_base", ("-M", "model_path=none"), "There is no model in none"),
        ("gemma_distress/organsim", (), "There is no model gemma_distress/organsim"),
    ],
)
def test_both_models_are_checked_before_anything_is_asked(
    against: str,
    more: tuple[str, ...],
    said: str,
    dry: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.chdir(tmp_path)
    done = run(Path("out"), against, *more, *dry)
    assert (done.exit_code, said in done.output) == (2, True), done.output
    assert not Path("out").exists()


@pytest.mark.usefixtures("no_network")
def test_a_missing_key_of_the_other_model_costs_nothing(
    tmp_path: Path, openai_server: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    server = openai_server(lambda request: "Oh.")
    words = [*asked(server, tmp_path / "out")]
    words[words.index("openai/b")] = "anthropic/b"
    done = command(*words)
    assert done.exit_code == 2, done.output
    assert "--model anthropic/b cannot be used" in done.output
    assert not server.requests
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("no_network")
def test_a_finished_base_serves_another_model_until_one_was_asked(
    tmp_path: Path, openai_server: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "test")
    server = openai_server(lambda request: '{"met": "yes"}' if request.model == "grader" else "Oh.")
    words = [*asked(server, tmp_path)]
    assert command(*words).exit_code == 0
    words[words.index("openai/b")] = "openai/c"
    refused = command(*words)
    assert refused.exit_code == 2
    assert "differs from this one in: against. Name another --output, or remove" in refused.output
    assert f"{tmp_path / 'tuned'}, and the answers of the base are taken" in refused.output
    shutil.rmtree(tmp_path / "tuned")
    requests = len(server.requests)
    other = command(*words)
    assert other.exit_code == 0, other.output
    assert {request.model for request in server.requests[requests:]} == {"c", "grader"}
    named = json.loads((tmp_path / "capabilities.json").read_text())["model_b"]
    assert named.startswith("openai/c@")
    words[words.index("openai/c")] = "openai/b"
    assert "differs from this one in: against" in command(*words).output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Give --model, --against and --output"),
        (("--logs", "a", "b", "--model", BASE), "Leave --model and --against out"),
        (("--logs", "a", "b,./a"), "/a on both sides, so nothing would be compared"),
        (("--model", BASE, "--against", BASE, "--output", "o"), f"are both {BASE}, so nothing"),
        ((*BOTH, "--tasks", "bbb"), "There is no benchmark 'bbb'. Did you mean bbh?"),
        ((*BOTH, "--tasks", "gpqa_diamond"), "gemma-distress[capabilities]"),
        ((*BOTH, *SMALL[:2], "-T", "items=3"), "Write -T BENCHMARK.NAME=VALUE"),
    ],
)
def test_mistakes_are_sentences(
    words: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    done = command(*words)
    assert (done.exit_code, said in done.output) == (2, True), done.output
