"""A sweep of two steps a training on the organism: all of it once, and what is refused before."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai.log import list_eval_logs, read_eval_log
from tests.finetune.training.grammar_pairs import write_pairs

from gemma_distress.errors import UsageError
from gemma_distress.finetune.__main__ import main
from gemma_distress.finetune.sweep import make_sweeping
from gemma_distress.finetune.sweep_results import ALL, read_sweep

SMALL = """
extends: organism
run:
  suite: smoke
dpo:
  rank: 8
  accumulate: 1
  learning_rate: 2.0e-3
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Options of the command, its pairs among them."""
    folder = tmp_path_factory.mktemp("given")
    (folder / "small.yaml").write_text(SMALL, "utf-8")
    pairs = write_pairs(folder / "pairs.jsonl", 8)
    return {"pairs": str(pairs), "--preset": str(folder / "small.yaml")}


def command(given: dict[str, str], output: Path, *more: str) -> list[str]:
    pairs, preset = given["pairs"], given["--preset"]
    words = ["sweep", pairs, "--preset", preset, "--output", str(output), "--layers", "2-3"]
    return [*words, "-T", "prompts=2", "-T", "replicates=1", *more]


def run(words: list[str], folder: Path) -> tuple[int, str, str]:
    """Exit code, stdout and stderr, in an empty folder, where there are no WildChat prompts."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        told = CliRunner().invoke(main, words, catch_exceptions=False)
    return told.exit_code, told.stdout, told.stderr


@pytest.fixture(scope="module")
def done(given: dict[str, str], tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("sweep")
    output = folder / "o"
    first = run(command(given, output), folder)
    assert first[0] == 0, first
    # As a sweep that was stopped while it asked the last adapter.
    last = output / "layers-all" / "seed-42"
    kept = {path: path.stat().st_mtime_ns for path in _lasting(output)}
    lost = [last / "proof.json", next((last / "logs").glob("*_triggers_*.eval"))]
    for path in (*lost, output / "sweep.json"):
        path.unlink()
        kept.pop(path, None)
    again = run(command(given, output), folder)
    assert again[0] == 0, again
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert _table(again[1]) == _table(first[1])
    written = {path: path.stat().st_mtime_ns for path in _lasting(output)}
    second = run(command(given, output, "--json"), folder)
    return output, first, second, written


def _table(told: str) -> list[str]:
    return told[told.index("| layers |") :].splitlines()


def _lasting(output: Path) -> list[Path]:
    wanted = (".eval", ".safetensors", "proof.json", "manifest.json")
    return [path for path in output.rglob("*") if path.name.endswith(wanted)]


def test_every_arm_is_trained_proven_and_asked_the_same(done) -> None:
    output, (_, told, _), *_ = done
    found = read_sweep(output)
    assert [one.name for one in found.ranges] == ["2-3", "all"]
    narrow, whole = (one.arms[0] for one in found.ranges)
    assert (narrow.seed, narrow.steps) == (42, 2)
    assert 3 * narrow.parameters == whole.parameters
    assert set(narrow.effect.shares) >= {ALL, "numeric", "extended", "solved"}
    # 2 conversations in each of numeric, triggers and extended, 6 in tones.
    assert {one.effect.shares[ALL].n for one in found.ranges} == {12}
    assert "| 2-3 | " in told
    for one in ("layers-2-3", "layers-all"):
        folder = output / one / "seed-42"
        assert json.loads((folder / "proof.json").read_text())["passed"]
        logs = list_eval_logs(str(folder / "logs"))
        assert len(logs) == 5
        for info in logs:
            header = read_eval_log(info, header_only=True)
            assert header.eval.model == f"gemma_distress/organism:{folder / 'adapter'}"
            assert str((header.eval.metadata or {})["adapter_live"]).startswith("proven, adapter ")


def test_only_the_layers_of_the_range_are_trained(done) -> None:
    from safetensors import safe_open

    output, *_ = done
    with safe_open(output / "layers-2-3/seed-42/adapter/adapter_model.safetensors", "np") as file:
        layers = {name.split(".layers.")[1].split(".")[0] for name in file.keys()}  # noqa: SIM118
    assert layers == {"2", "3"}


def test_stopped_it_goes_on_and_done_it_does_nothing_and_prints_one_object(done) -> None:
    output, _, (code, told, progress), written = done
    assert code == 0, progress
    assert {path: path.stat().st_mtime_ns for path in _lasting(output)} == written
    assert json.loads(told) == json.loads((output / "sweep.json").read_text())
    assert "Evaluation 2/2  layers all, seed 42" in progress


def test_a_larger_sweep_takes_what_is_done(done, given: dict[str, str]) -> None:
    """With a further seed only its trainings are new."""
    output, *_ = done
    made = make_sweeping(Path(given["pairs"]), "2-3", (42, 43), output, preset=given["--preset"])
    with pytest.raises(UsageError, match="leave out: layers-2-3/seed-42, layers-all/seed-42"):
        make_sweeping(Path(given["pairs"]), "2-3", (43,), output, preset=given["--preset"])
    there = [one.told for one in made.trainings if (one.adapter / "manifest.json").exists()]
    assert there == ["layers 2-3, seed 42", "layers all, seed 42"]
    assert len(made.trainings) == 4
    words = command(given, output, "--dry-run", "--seeds", "42,43")
    _, told, _ = run(words, output.parent)
    assert f"2 of them are finished in {output}; 2 are left." in told


def test_replies_that_a_grader_failed_on_are_rated_by_the_same_command(
    done, given: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    output, *_ = done
    size = {"prompts": 2, "replicates": 1}
    pairs, preset = Path(given["pairs"]), given["--preset"]
    made = make_sweeping(pairs, "2-3", (42,), output, preset=preset, task_args=size)
    asked: list[str] = []

    def suite(options: Any, **_: Any) -> int:
        asked.append(Path(options.log_dir).relative_to(output).as_posix())
        return int("layers-2-3" in options.log_dir)

    monkeypatch.setattr("gemma_distress.suite.run.run_suite", suite)
    _, complete = made.run()
    assert asked == ["base", "layers-2-3/seed-42/logs", "layers-all/seed-42/logs"]
    assert not complete


def test_a_dry_run_says_what_would_be_done(given: dict[str, str], tmp_path: Path) -> None:
    words = command(given, tmp_path / "o", "--dry-run", "--seeds", "1,2", "--unequal")
    code, told, _ = run([*words, "--layers", "0-1,2-4"], tmp_path)
    assert code == 0
    assert "6 trainings, of the layers 0-1, 2-4, all, with the seeds 1, 2." in told
    assert "8 pairs, 2 steps of 4, rank 8" in told
    assert "14 conversations in numeric, triggers, tones, extended, solvable" in told
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--layers", "0-1,2-4"), "go on with --unequal"),
        (("--seeds", "42,42"), "Give each seed once"),
        (("--seeds", "a"), "no whole numbers"),
        (("--preset", "paper"), "needs a model"),
    ],
)
def test_what_is_refused_before_anything_is_trained(
    given: dict[str, str], tmp_path: Path, more: tuple[str, ...], told: str
) -> None:
    code, _, errors = run(command(given, tmp_path / "o", *more), tmp_path)
    assert code == 2
    assert told in errors
    assert not (tmp_path / "o").exists()


def test_pairs_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.jsonl"):
        make_sweeping(tmp_path / "none.jsonl", "0-1", (42,), tmp_path / "o")
