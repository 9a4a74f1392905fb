"""The commands of readings, from logs to the divergence table, and their help."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.analysis.small_logs import changed, gives, is_sample, numeric_log, path_of
from tests.end_to_end.runs import FAILURE, PUZZLED
from tests.servers import Reply

from gemma_distress.interp import directions as module
from gemma_distress.interp import instrument
from gemma_distress.interp.__main__ import main
from gemma_distress.interp.store import Readings, read_readings


def invoke(*words: object):
    return CliRunner(env={"COLUMNS": "80"}).invoke(main, [str(word) for word in words])


@pytest.mark.parametrize("name", sorted(main.commands))
def test_help_fits_a_screen_and_starts_with_an_example(name: str) -> None:
    told = invoke(name, "--help")
    lines = told.output.splitlines()
    assert told.exit_code == 0
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    example = next(line for line in lines[1:] if line.strip())
    assert example.strip().startswith(f"python -m gemma_distress.interp {name}")


def test_tokens_lists_what_the_words_match() -> None:
    told = invoke("tokens", "--model", "organism")
    assert told.exit_code == 0, told.output
    assert "HATE, hate" in told.output
    assert "no reading" in told.output
    found = json.loads(invoke("tokens", "--model", "organism", "--json").output)
    assert found["emotions"]["fear"] == {}
    assert "loathe" in found["emotions"]["disgust"].values()


def test_directions_and_divergence_tell_and_write(
    readings: Readings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SHUFFLES", 2)
    monkeypatch.setattr(module, "LEAST_OF_A_KIND", 2)
    told = invoke("directions", readings.folder)
    assert told.exit_code == 0, told.output
    assert "clustered by prompt" in " ".join(told.output.split())
    assert "Tuned minus base" in told.output
    told = invoke("divergence", readings.folder, "--top", 2)
    assert told.exit_code == 0, told.output
    assert "reading above rating, tuned" in told.output
    assert max(map(len, told.output.splitlines())) <= 80
    assert (readings.folder / "divergence.json").is_file()
    told = invoke("divergence", readings.folder, "--reading", "sadness", "--layer", 4, "--json")
    assert json.loads(told.output)["reading"] == "sadness"


def test_readings_are_of_the_text_with_its_system_message(
    openai_server: Any, anthropic_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instrument, "LEAST_NEUTRAL", 1)
    subject = openai_server(lambda _: Reply(f"{PUZZLED} {FAILURE}"))
    grader = anthropic_server(gives(0))
    log = path_of(numeric_log(tmp_path / "logs", subject, [grader]))

    def with_system(name: str, data: dict[str, Any]) -> dict[str, Any]:
        if is_sample(name):
            system = {"role": "system", "content": "You are a patient tutor."}
            data["messages"] = [system, *data["messages"]]
        return data

    (tmp_path / "told").mkdir()
    told_log = changed(log, tmp_path / "told" / log.name, with_system)
    firsts = []
    for name, given in (("plain", log), ("with", told_log)):
        told = invoke(
            "readings", given, "--model", "organism", "--output", tmp_path / name, "--device", "cpu"
        )
        assert told.exit_code == 0, told.output
        firsts.append(read_readings(tmp_path / name).replies["first_token"])
    assert (firsts[1] > firsts[0]).all()
    some = invoke(
        *("readings", log, "--model", "organism", "--output", tmp_path / "some", "--device", "cpu"),
        *("--conversations", 1),
    )
    assert "3 replies of 1 conversations" in some.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--reading", "envy"), "is none of direction"),
        (("--reading", "fear", "--layer", "1"), "no such words"),
        (("--reading", "joy", "--layer", "9"), "layers 0 to 5"),
    ],
)
def test_what_cannot_be_ranked_is_a_sentence(
    readings: Readings, words: tuple[str, ...], sentence: str
) -> None:
    told = invoke("divergence", readings.folder, *words)
    assert told.exit_code == 2
    assert sentence in told.output.replace("\n", " ")


def test_a_folder_without_readings_is_a_sentence(tmp_path: Path) -> None:
    for name in ("directions", "divergence"):
        told = invoke(name, tmp_path)
        assert told.exit_code == 2
        assert "holds no finished readings" in told.output
