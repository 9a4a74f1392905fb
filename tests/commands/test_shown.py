"""What is printed on a terminal: model output stays text there too."""

import json

from rich.console import Console

from gemma_distress.commands.shown import print_json, tell_skipped, text

ESCAPE = "\x1b[2J\x1b]0;owned\x07"
OVERRIDE = "\u202egnp.exe"


def test_text_for_rich_is_neither_markup_nor_a_control_sequence() -> None:
    console = Console(width=120, force_terminal=True, highlight=False)
    with console.capture() as capture:
        console.print(text(f"[bold]{ESCAPE}\n{OVERRIDE}\ud800[/bold]"))
    shown = capture.get()
    assert "[bold]" in shown
    for acting in ("\x1b]0;", "\x1b[2J", "\x07"):
        assert acting not in shown
    assert "\u202e" not in shown
    assert shown.count("\n") == 1
    shown.encode()


def test_names_of_what_was_left_out_cannot_act_on_a_terminal(capsys) -> None:
    tell_skipped([f"{ESCAPE}.eval: no log", "a\nb"])
    told = capsys.readouterr().err
    assert not {"\x1b", "\x07"} & set(told)
    assert len(told.splitlines()) == 2


def test_json_keeps_every_character_and_is_printable(capsys) -> None:
    print_json({"word": f"{ESCAPE}é\ud800", "share": float("nan")})
    printed = capsys.readouterr().out
    printed.encode()
    assert "\x1b" not in printed
    assert json.loads(printed) == {"word": f"{ESCAPE}é\ud800", "share": None}
