"""What every command does with a mistake, a full disk and a defect."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gemma_distress.commands.options import told_in_a_sentence
from gemma_distress.errors import UsageError

FULL = Path("/dev/full")


def asked(fails: object) -> tuple[int, str]:
    @click.command
    @told_in_a_sentence
    def command() -> int:
        assert callable(fails)
        fails()
        return 0

    result = CliRunner().invoke(command, [])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def mistaken() -> None:
    raise UsageError("There is no log x.")


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_a_sentence():
    code, told = asked(lambda: FULL.write_text("x"))
    assert code == 2
    assert "A file of the result cannot be written (No space left on device)" in told
    assert "Traceback" not in told


def test_a_place_that_cannot_be_is_named(tmp_path: Path):
    (tmp_path / "file").touch()
    code, told = asked((tmp_path / "file" / "folder").mkdir)
    assert code == 2
    assert f"{tmp_path}/file/folder cannot be written (Not a directory)" in told


def test_a_mistake_is_a_sentence_and_a_defect_is_none(tmp_path: Path):
    assert asked(mistaken) == (2, "Error: There is no log x.\n")
    with pytest.raises(FileNotFoundError):
        asked((tmp_path / "none").read_text)
