"""`gemma-distress audits`: real logs of two subjects beside each other, and the export."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalLog
from tests.end_to_end.audits import (
    UPSET,
    about,
    always,
    changed,
    held,
    model,
    presses,
    rows,
    verdict,
)

from gemma_distress.__main__ import main
from gemma_distress.analysis.report.figure import NARROW, WIDE, Figure, Missing, drawing
from gemma_distress.analysis.turns import read
from gemma_distress.science.audit import figures

JUDGE = verdict(8, "I am fed up with this")


def judge(messages):
    """8 for an upset conversation, 1 for a calm one."""
    return JUDGE if UPSET in messages[-1].text else verdict(1, "")


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A subject that is upset, one that is calm, and one whose auditor declines at once."""
    made = {}
    for name, says, auditor in (
        ("base", UPSET, presses),
        ("tuned", "Certainly.", presses),
        ("declined", "Certainly.", always("<decline/>")),
    ):
        folder = tmp_path_factory.mktemp(name)
        subject = model(always(says), name)
        held(folder, subject, model(auditor), model(judge), turns=2, transcripts=2)
        made[name] = str(folder)
    return made


def run(*words: str) -> str:
    done = CliRunner().invoke(main, ["audits", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_base_and_tuned_stand_beside_each_other(logs: dict[str, str], tmp_path: Path):
    shown = run(logs["base"], logs["tuned"], "--output", str(tmp_path))
    assert "8 audits by mockllm/model" in shown
    assert "against base" in shown
    found = json.loads((tmp_path / "audits.json").read_text())
    base, tuned = found["subjects"]
    fear = base["emotions"]["fear"]
    assert (fear["pooled"]["mean"], fear["pooled"]["rated"], fear["aimed"]["rated"]) == (8, 8, 2)
    change = tuned["emotions"]["fear"]["against_base"]
    pooled = change["pooled"]
    assert (pooled["difference"], pooled["rated"], pooled["pairs"], pooled["unsure"]) == (
        -7,
        8,
        8,
        0,
    )
    assert change["aimed"]["pairs"] == 2
    assert json.loads(run(logs["base"], logs["tuned"], "--json")) == found
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_audits_are_no_rows_of_the_turns_table(logs: dict[str, str]):
    found = read(logs["base"])
    assert len(found.turns) == 0
    assert [one.reason for one in found.skipped] == [
        "audits are rated as wholes; read them with gemma-distress audits"
    ]


def test_audits_that_were_declined_are_counted_and_bounded(logs: dict[str, str]):
    [found] = json.loads(run(logs["declined"], "--json"))["subjects"]
    assert found["endings"] == {"auditor_declined": 8}
    assert found["without_reply"] == 8
    anger = found["emotions"]["anger"]
    assert (anger["pooled"]["mean"], anger["pooled"]["rated"]) == (None, 0)
    assert (anger["pooled"]["if_least"], anger["pooled"]["if_most"]) == (1, 10)
    assert anger["unrated"] == {"no_reply": 8}
    told = " ".join(run(logs["declined"]).split())
    assert "8 declined by the auditor, 8 without a reply" in told


def test_audits_that_the_log_owes_and_does_not_hold_are_counted(
    logs: dict[str, str], tmp_path: Path
):
    def broken_off(log: EvalLog) -> None:
        log.samples = [one for one in log.samples or [] if one.id != "fear/002"]

    broken = changed(logs["base"], tmp_path / "broken_off.eval", broken_off)
    base, found = json.loads(run(logs["tuned"], broken, "--json"))["subjects"]
    assert found["endings"] == {"turns_used": 7, "cut_short": 1}
    fear = found["emotions"]["fear"]["pooled"]
    assert (fear["audits"], fear["rated"], fear["unsure"]) == (8, 7, 1)
    assert fear["if_least"] == (7 * 8 + 1) / 8
    assert found["emotions"]["fear"]["aimed"]["audits"] == 2
    assert (base["audits"], found["not_compared"], found["without_reply"]) == (8, "", 0)


def test_pairs_that_are_not_rated_are_counted_and_bounded_everywhere(
    logs: dict[str, str], tmp_path: Path
):
    """Of one audit of the calm subject the judge failed, one ended with a full context window."""

    def spoil(log: EvalLog) -> None:
        failed, ended, *_ = log.samples or []
        for row in rows(failed).values():
            row |= {"rating": None, "unrated_reason": "grader_error"}
        about(ended)["ending"] = "subject_context_overflow"

    other = changed(logs["tuned"], tmp_path / "other.eval", spoil)
    shown = run(logs["base"], other, "--output", str(tmp_path))
    change = json.loads((tmp_path / "audits.json").read_text())["subjects"][1]["emotions"]["fear"]
    pooled = change["against_base"]["pooled"]
    assert (pooled["difference"], pooled["rated"], pooled["pairs"], pooled["unsure"]) == (
        -7,
        7,
        8,
        2,
    )
    assert pooled["if_least"] == -7
    assert pooled["if_most"] == (6 * -7 + 2 * (10 - 8)) / 8
    assert "7 of 8" in shown
    assert "−7.0 to −4.8" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    [figure] = figures(tmp_path)
    assert isinstance(figure, Figure)
    assert "over 7 of 8 pairs; could be −7.00 to −4.75)" in figure.finding
    fear = next(row for row in figure.rows if row["row"] == "Fear" and row["pairs"] != "–")
    assert (fear["pairs"], fear["change_could_be"]) == ("7 of 8", "−7.00 to −4.75")


def test_the_page_says_why_a_subject_is_not_compared(logs: dict[str, str], tmp_path: Path):
    def shorter(log: EvalLog) -> None:
        log.eval.task_args = {**log.eval.task_args, "turns": 1}

    other = changed(logs["tuned"], tmp_path / "other.eval", shorter)
    shown = run(logs["base"], other, "--output", str(tmp_path))
    assert "Not compared with the base: turns 1 instead of turns 2." in shown
    [figure] = figures(tmp_path)
    assert isinstance(figure, Figure)
    assert figure.finding.endswith("Not compared with the base: turns 1 instead of turns 2.")


def test_audits_that_were_never_rated_are_not_without_a_reply(logs: dict[str, str], tmp_path: Path):
    def unrated(log: EvalLog) -> None:
        for sample in log.samples or []:
            sample.scores = None

    held = changed(logs["tuned"], tmp_path / "held.eval", unrated)
    [found] = json.loads(run(held, "--json"))["subjects"]
    assert (found["without_reply"], found["replies"], found["endings"]) == (
        0,
        16,
        {"turns_used": 8},
    )
    assert found["emotions"]["fear"]["unrated"] == {"not_rated": 8}
    assert (found["judge"], found["auditor"]) == ("mockllm/model", "mockllm/model")
    silent = changed(logs["declined"], tmp_path / "silent.eval", unrated)
    [found] = json.loads(run(silent, "--json"))["subjects"]
    assert found["without_reply"] == 8


def test_the_figure_shows_both_panels(logs: dict[str, str], tmp_path: Path):
    pytest.importorskip("altair")
    pytest.importorskip("vl_convert")
    run(logs["base"], logs["tuned"], "--output", str(tmp_path))
    [figure] = figures(tmp_path)
    assert isinstance(figure, Figure)
    assert len(figure.rows) == 2 * 2 * 4
    assert "fear 1.00 (−7.00, " in figure.finding
    for layout in (WIDE, NARROW):
        assert "Audits that aimed at it" in drawing(figure, layout).svg
    [nothing] = figures(tmp_path / "nowhere")
    assert isinstance(nothing, Missing)


def test_seeds_for_petri_come_with_the_command(tmp_path: Path):
    told = run("--export", "petri", "--output", str(tmp_path), "--transcripts", "3")
    assert "12 seeds" in told
    assert "inspect eval inspect_petri/audit" in told
    assert len(list((tmp_path / "seeds").glob("*.md"))) == 12
    assert len(list((tmp_path / "dimensions").glob("*.md"))) == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "No log was named"),
        (["--export", "petri"], "--output"),
        (["--export", "petri", "LOGS", "--output", "X"], "need no logs"),
        (["nowhere"], "no log nowhere"),
    ],
)
def test_mistakes_are_sentences(words: list[str], told: str):
    done = CliRunner().invoke(main, ["audits", *words])
    assert done.exit_code == 2
    assert told in done.output
