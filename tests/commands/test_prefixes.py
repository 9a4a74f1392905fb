"""`prefixes`, `prefill` and `recovery` from real logs of two servers to tables, files and a figure."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from inspect_ai.log import read_eval_log, write_eval_log
from inspect_ai.model import get_model
from tests.end_to_end.runs import grades, model, run
from tests.prefixes.drawn import UPSET
from tests.servers import Answer, OpenAIServer, Reply, Request
from tests.solvers.test_going_on import counts

from gemma_distress import tasks
from gemma_distress.__main__ import main
from gemma_distress.analysis.report.figure import WIDE, Figure, Missing, drawing
from gemma_distress.science import prefill, recovery


def upset(request: Request) -> Answer:
    """Calm at first, then upset, in words that are never twice the same."""
    return f"Reply {request.number}. {UPSET if request.turn > 1 else 'Here is a sum.'}"


def calm(request: Request) -> Answer:
    return Reply(f"on it goes {request.number}.", input_tokens=counts(request))


def asked(*args: str) -> Result:
    return CliRunner().invoke(main, args)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Logs of the task numeric, prefixes of them, and logs of two models that went on."""
    folder = tmp_path_factory.mktemp("prefixes")
    with OpenAIServer(upset) as subject, OpenAIServer(grades) as judge:
        run(
            tasks.numeric(prompts=2, replicates=1), model(subject), model(judge), folder / "numeric"
        )
        made = asked(
            "prefixes", str(folder / "numeric"), "--early", "8", "--output", f"{folder}/p.jsonl"
        )
        assert made.exit_code == 0, made.output
        assert (
            "numeric  2 of 10 replies cut (2 early, 2 onset), from 2 conversations" in made.output
        )
        assert "paraphrased by nobody" in made.output
        for name, behaves in (("one", calm), ("other", calm)):
            with OpenAIServer(behaves) as server:
                going_on = get_model(
                    f"openai-api/test/{name}",
                    base_url=server.base_url,
                    api_key="test",
                    memoize=False,
                )
                task = tasks.prefill(prefixes=f"{folder}/p.jsonl", continuations=2)
                run(task, going_on, model(judge), folder / name)
    return folder


def test_both_models_and_the_contrast_are_shown_with_who_paraphrased(folder: Path):
    result = asked("prefill", f"{folder}/one", f"{folder}/other", "--output", f"{folder}/out")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0].startswith("A  openai-api/test/one@http")
    assert lines[1].startswith("B  openai-api/test/other@http")
    assert sum(line.startswith("A  numeric-") for line in lines) == 2
    assert sum(line.startswith("B − A  numeric-") for line in lines) == 2
    assert "not paraphrased" in result.output
    written = json.loads((folder / "out" / "prefill.json").read_text())
    assert [one["high"]["n"] for one in written["rates"]] == [4, 4, 4, 4]
    assert {one["high"]["clusters"] for one in written["rates"]} == {2}


def test_logs_of_other_tasks_are_said_to_be_left_out_and_two_runs_are_named(
    folder: Path, tmp_path: Path
):
    result = asked("prefill", f"{folder}/one", f"{folder}/numeric")
    assert "Logs of other tasks are left out: 1 (numeric)." in result.output
    [path] = (folder / "one").glob("*.eval")
    log = read_eval_log(str(path))
    log.eval.task_id = "another-run"
    write_eval_log(log, str(tmp_path / path.name))
    twice = asked("prefill", f"{folder}/one", str(tmp_path))
    assert twice.exit_code == 2
    told = "".join(twice.output.split())
    assert str(path) in told
    assert str(tmp_path / path.name) in told


def test_models_are_paired_by_name_without_their_address(folder: Path):
    names = "openai-api/test/other", "openai-api/test/one"
    result = asked("prefill", f"{folder}/one", f"{folder}/other", "--pair", *names)
    assert result.exit_code == 0, result.output
    assert sum(line.startswith("A − B  numeric-") for line in result.output.splitlines()) == 2
    wrong = asked("prefill", f"{folder}/one", "--pair", "openai-api/test/one", "openai-api/test/x")
    assert wrong.exit_code == 2
    assert "is called openai-api/test/x" in wrong.output


def test_continuations_that_were_never_written_are_counted(folder: Path, tmp_path: Path):
    [path] = (folder / "one").glob("*.eval")
    log = read_eval_log(str(path))
    assert log.samples
    log.samples, log.status = log.samples[:5], "cancelled"
    write_eval_log(log, str(tmp_path / path.name))
    result = asked("prefill", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert "lacks 3 continuations that were planned" in " ".join(result.output.split())


def test_a_model_that_never_began_is_named_and_another_task_is_not_counted(
    folder: Path, tmp_path: Path
):
    [one], [other] = ((folder / name).glob("*.eval") for name in ("one", "other"))
    for path, task in ((one, "numeric"), (other, "prefill")):
        log = read_eval_log(str(path))
        log.samples, log.status, log.results = [], "error", None
        log.eval.task, log.eval.task_id = f"gemma_distress/{task}", f"begun-{task}"
        write_eval_log(log, str(tmp_path / path.name))
    result = asked("prefill", f"{folder}/one", str(tmp_path))
    assert result.exit_code == 0, result.output
    told = " ".join(result.output.split())
    assert "openai-api/test/other" in told
    assert told.count("continuations that were planned") == 1
    assert "lacks 8 continuations that were planned" in told


def test_the_json_is_what_is_written(folder: Path):
    result = asked("prefill", f"{folder}/one", "--json", "--output", f"{folder}/again")
    assert json.loads(result.output) == json.loads((folder / "again/prefill.json").read_text())


def test_the_figure_is_drawn_from_the_file(folder: Path):
    asked("prefill", f"{folder}/one", f"{folder}/other", "--output", f"{folder}/out")
    [figure] = prefill.figures(folder / "out")
    assert isinstance(figure, Figure)
    assert "other less one, in points: puzzles, cut early 0.0 (" in figure.finding
    assert drawing(figure, WIDE).png().startswith(b"\x89PNG")
    [missing] = recovery.figures(folder / "out")
    assert isinstance(missing, Missing)


def test_logs_of_another_task_are_told_in_a_sentence(folder: Path):
    result = asked("recovery", f"{folder}/one")
    assert result.exit_code == 2
    assert "hold no conversation of the task recovery" in result.output


@pytest.mark.parametrize("role", ["judge=openai/x", "annotator", "annotator="])
def test_a_role_that_is_none_is_refused(folder: Path, role: str):
    result = asked(
        "prefixes", f"{folder}/numeric", "--output", f"{folder}/x.jsonl", "--model-role", role
    )
    assert result.exit_code == 2
    assert "--model-role annotator=provider/model" in result.output


def test_a_folder_without_a_tokenizer_is_refused(folder: Path):
    given = ("--output", f"{folder}/x.jsonl", "--tokenizer", str(folder))
    result = asked("prefixes", f"{folder}/numeric", *given)
    assert result.exit_code == 2
    assert "has no tokenizer.json" in result.output


def test_where_nothing_can_be_cut_the_reasons_are_told(folder: Path):
    given = ("--early", "400", "--output", f"{folder}/x.jsonl")
    result = asked("prefixes", f"{folder}/numeric", *given)
    assert result.exit_code == 2
    assert "its emotion begins within its first 401 tokens)" in " ".join(result.output.split())
    none = asked("prefixes", f"{folder}/numeric", "--numeric", "0", "--text", "0", *given[2:])
    assert "No reply could be cut (none was asked for)" in none.output
