"""`gemma-distress plan`: goals, tables, prices, and what it refuses."""

import json

import pytest
from click.testing import CliRunner

from gemma_distress.commands.plan import plan


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(plan, list(words))
    return result.exit_code, result.output


def test_a_rate_in_eighty_columns() -> None:
    code, printed = run("--max-high", "1%", "--prompts", "20", "--prompts", "50")
    assert code == 0, printed
    assert "     50      14" in printed
    assert "cannot be shown with 20 prompts" in printed
    assert "…" not in printed.replace("from …", "")
    assert max(map(len, printed.splitlines())) <= 80


def test_an_icc_of_a_pilot_makes_it_smaller() -> None:
    _, printed = run("--max-high", "1%", "--icc", "0.05", "--prompts", "50", "--json")
    # 50 × 9: D = 1.4, worth 321; 1 - 0.05^(1/321) = 0.93%.
    design = json.loads(printed)["options"][0]["design"]
    assert (design["conversations"], design["events"]) == (9, 0)
    assert design["bound"] == pytest.approx(1 - 0.05 ** (1.4 / 450))


def test_dollars_are_those_of_the_price_list() -> None:
    code, printed = run(
        "--max-high",
        "1%",
        "--prompts",
        "50",
        "--model",
        "openai/gpt-4.1-mini",
        "--grader",
        "gemma_distress/lexical",
        "--json",
    )
    assert code == 0, printed
    found = json.loads(printed)
    price, option = found["price"], found["options"][0]
    # $0.4 and $1.6 a million tokens; three replies of 300 tokens a conversation.
    assert price["subject_output"] == 900
    each = (0.4 * price["subject_input"] + 1.6 * 900) / 1e6
    assert option["dollars"] == pytest.approx(700 * each)
    assert option["judge_calls"] == 2100


def test_an_unknown_price_is_null_and_said() -> None:
    words = ("--from", "35%", "--to", "17.5%", "--model", "nobody/knows")
    assert json.loads(run(*words, "--json")[1])["options"][0]["dollars"] is None
    assert "the price of nobody/knows is" in " ".join(run(*words)[1].split())


def test_a_capability_margin_asks_no_grader() -> None:
    code, printed = run("--margin", "2%")
    assert code == 0
    assert "1,713" in printed
    assert "no grader is asked" in printed
    assert run("--margin", "2%", "--task", "numeric")[0] == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "exactly one goal"),
        (("--max-high", "1%", "--margin", "2%"), "--max-high and --margin"),
        (("--from", "35%"), "both --from and --to"),
        (("--margin", "2%", "--expect", "1%"), "--expect goes with --max-high"),
        (("--max-high", "1%", "--prompts", "20"), "cannot be shown with 20 prompts"),
        (("--max-high", "1"), "may mean 1% or 100%"),
        (("--max-high", "a bit"), "no share"),
    ],
)
def test_what_cannot_be_planned_is_told(words: tuple[str, ...], told: str) -> None:
    code, printed = run(*words)
    assert code == 2
    assert told in printed


def test_the_line_that_runs_it_asks_what_was_planned() -> None:
    _, printed = run("--max-high", "5%", "--task", "triggers", "--model", "ollama/gemma3:27b")
    line = " ".join(printed.split())
    # The house pack has 20 trigger questions; 20 × 4 are worth 80 / 1.3 = 61.5, and 1 - 0.05^(1/61.5) = 4.8%.
    assert (
        "inspect eval gemma_distress/triggers --model ollama/gemma3:27b -T prompts=20 -T replicates=4"
        in line
    )
    assert "50 prompts" not in line


def test_prompts_that_a_task_does_not_have_are_not_planned() -> None:
    code, told = run("--from", "35%", "--to", "25%", "--task", "triggers")
    assert code == 2
    assert "There are 20 prompts" in told


def test_tones_are_asked_three_times_for_each_replicate() -> None:
    _, printed = run("--max-high", "1%", "--prompts", "50", "--task", "tones")
    assert "-T replicates=5, which asks each prompt 15 times" in " ".join(printed.split())
