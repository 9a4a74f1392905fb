"""Progress: what it counts, what it prints, and what it keeps from the screen."""

import io
import logging
import subprocess

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from tests.servers import BadRequest
from tests.suite.command import COMMAND, arguments, call, call_json, pure, pure_reply

from gemma_distress.suite.progress import TaskProgress
from gemma_distress.suite.progress_display import Counts, clock, showing


def test_counts_of_a_task_with_a_conversation_that_ends_early_and_one_taken_up_again():
    task = TaskProgress({"a": 3, "b": 3, "c": 8}, {"a"})
    assert task.counts == Counts(3, 14, 3, 1, 3)
    task.starts("b")
    task.reply("b")
    task.starts("c")
    task.reply("c")
    task.reply("c")
    assert task.counts == Counts(6, 14, 3, 1, 3)
    task.ends("c")  # after 2 of 8 replies; it owes no more
    assert task.counts == Counts(12, 14, 11, 2, 3)
    task.starts("c")  # it had failed
    assert task.counts == Counts(4, 14, 3, 1, 3)
    for _ in range(9):  # one call too many, as a provider's own second try
        task.reply("c")
    task.reply("of another task")
    task.ends("c")
    task.ends("b")
    assert task.counts == Counts(14, 14, 14, 3, 3)
    assert task.counts.done == 2 * 14


@given(st.lists(st.tuples(st.sampled_from(["starts", "reply", "ends"]), st.sampled_from("abc"))))
def test_counts_stay_within_what_is_owed_and_end_full(steps: list[tuple[str, str]]):
    owed = {"a": 1, "b": 3, "c": 8}
    task = TaskProgress(owed, set())
    for method, conversation in steps:
        getattr(task, method)(conversation)
        counts = task.counts
        assert 0 <= counts.rated <= counts.replies <= counts.all_replies == 12
    for conversation in owed:
        task.ends(conversation)
    assert task.counts == Counts(12, 12, 12, 3, 3)


def test_a_run_prints_its_progress_and_none_of_the_metrics(openai_server, tmp_path):
    server = openai_server(pure())
    argv = arguments(server, tmp_path / "run")
    printed = call(*argv).stdout
    assert "100%  69/69 replies, 18/18 conversations, 0 min" in printed  # 5·3 + 4·3 + 6·3 + 3·8
    assert "any_high" not in printed
    assert len(printed.splitlines()) < 45


def test_inspects_own_display_takes_its_place_when_asked_for(openai_server, tmp_path):
    argv = arguments(openai_server(pure()), tmp_path / "run", "--limit", "1", tasks="triggers")
    # In a process of its own: Inspect keeps the first display it is given.
    done = subprocess.run([*COMMAND, *argv, "--display", "plain"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "any_high_lower" in done.stdout
    assert " replies, " not in done.stdout


def test_a_taken_up_run_goes_on_from_where_it_was_and_json_stays_clean(openai_server, tmp_path):
    fails = [True]
    server = openai_server(
        lambda r: BadRequest("no such thing") if fails[0] and r.turn == 2 else pure_reply(r)
    )
    argv = arguments(server, tmp_path / "run", "--retries", "0", tasks="triggers,extended")
    first = call(*argv)
    # Every conversation ends with its second request: all are over, none is finished.
    assert "100%  36/36 replies, 7/7 conversations" in first.stdout
    assert first.stdout.count("warning: ") == 1  # seven errors of one kind
    assert "no such thing" in first.stdout.split("warning: ")[1].split("100%")[0]
    fails[0] = False
    again = call(*argv, "--json")
    assert again.exit_code == 0
    assert again.stdout.startswith("{")
    assert "100%  36/36 replies, 7/7 conversations" in again.stderr
    assert call_json(*argv)[0] == 0


def console(terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=terminal, width=100, color_system=None)


def test_a_terminal_gets_bars_and_a_file_lines_with_pauses():
    start, half = Counts(0, 10, 0, 0, 2), Counts(10, 10, 0, 0, 2)
    bars, lines = console(True), console(False)
    for one in (bars, lines):
        with showing({"numeric": start, "tones": start}, one) as display:
            display.requests_sent_again = 2
            display.show("tones", half)
    shown = bars.file.getvalue()
    assert "numeric" in shown
    assert "10/10 replies" in shown
    assert "10/20 replies" in shown  # together
    assert "2 requests sent again" in shown
    assert lines.file.getvalue() == ""  # a line at once would be one for every reply


def test_warnings_are_single_lines_and_each_kind_comes_once():
    out = console(False)
    start = {"numeric": Counts(0, 10, 0, 0, 2)}
    with showing(start, out):
        for number in range(3):
            logging.getLogger("inspect_ai.model").warning("first\n%s " + "x" * 500 + "end", number)
        logging.getLogger("some.client").warning("[red]second[/]")
        logging.getLogger("some.client").info("nothing to know")
    text = out.file.getvalue()
    assert text.replace("\n", "").count("warning: ") == 2
    assert "first 0 x" in text
    assert "xend" in text
    assert "[red]second[/]" in text
    assert len(text) < 350
    logging.getLogger("some.client").warning("after")
    assert out.file.getvalue() == text


def test_clock():
    assert clock(0.4) == "0 min 0 s"
    assert clock(59.6) == "1 min 0 s"
    assert clock(3725) == "1 h 2 min"
