"""The command line starts fast and explains itself on one screen."""

import subprocess
import sys

from click.testing import CliRunner

from gemma_distress.__main__ import main


def test_help_needs_nothing_heavy():
    code = (
        "import sys, runpy\n"
        "sys.argv = ['gemma-distress', 'run', '--help']\n"
        "try:\n    runpy.run_module('gemma_distress', run_name='__main__')\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "heavy = {'inspect_ai', 'numpy', 'pydantic', 'rich', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_help_is_a_screen_that_opens_with_an_example():
    text = CliRunner().invoke(main, ["run", "--help"]).output
    lines = text.splitlines()
    assert lines[2].strip().startswith("gemma-distress run --model ")
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100


def test_a_missing_model_is_told_in_a_sentence():
    result = CliRunner().invoke(main, ["run"])
    assert result.exit_code == 2
    assert "--model" in result.output
