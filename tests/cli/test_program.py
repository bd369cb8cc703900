"""The frame: help, options in any place, layers, exit codes, and how a run ends that cannot go on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from tests.cli.conftest import Cli, note
from vaultsync import __version__
from vaultsync.cli import COMMANDS, main
from vaultsync.cli.program import visible, worst
from vaultsync.errors import ConfigError, LedgerError
from vaultsync.sync import Outcome

NAMES = [name for group in COMMANDS.values() for name in group]
PROMPT = "text of a prompt"


def settings_of(asked: list[Any]) -> Any:
    """Settings that the run was opened with."""
    return asked[0][1]


# --- help --------------------------------------------------------------------------------------


def test_the_version_is_that_of_the_package(cli: Cli) -> None:
    assert cli("--version").output == f"vaultsync {__version__}\n"


@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_and_is_in_the_help_of_the_program(cli: Cli, name: str) -> None:
    result = cli(name, "--help")
    assert result.exit_code == 0
    assert f"Usage: vaultsync {name}" in result.output
    assert f"\n  {name} " in cli("--help").output


@pytest.mark.parametrize("name", NAMES)
def test_every_option_says_what_it_does(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    for param in command.params:
        assert not isinstance(param, click.Option) or param.help or param.show_default, param.name


def test_no_command_at_all_is_wrong_usage(cli: Cli) -> None:
    result = cli()
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Usage:" in result.stderr


@pytest.mark.parametrize("args", [["dayly"], ["daily", "--frce"], ["daily", "extra"], ["--vault"]])
def test_wrong_usage_ends_with_2(cli: Cli, args: list[str]) -> None:
    result = cli(*args)
    assert result.exit_code == 2
    assert result.stdout == ""


def test_a_command_that_is_nearly_ours_is_told(cli: Cli) -> None:
    assert "No such command 'dayly'. Did you mean 'daily'?" in cli("dayly").stderr
    assert "No such command 'xyzzy'.\n" in cli("xyzzy").stderr


# --- options in any place ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "args", [["--timezone", "Asia/Tokyo", "daily"], ["daily", "--timezone", "Asia/Tokyo"], ["daily"]]
)
def test_a_common_option_may_stand_before_or_after_the_command(
    cli: Cli, asked: list[Any], monkeypatch: pytest.MonkeyPatch, args: list[str]
) -> None:
    if args == ["daily"]:
        monkeypatch.setenv("VAULTSYNC_TIMEZONE", "Asia/Tokyo")
    assert cli(*args).exit_code == 0
    assert settings_of(asked).zone_name == "Asia/Tokyo"


def test_what_stands_after_the_command_wins_over_what_stands_before(cli: Cli, asked: list[Any]) -> None:
    cli("--timezone", "UTC", "daily", "--timezone", "Asia/Tokyo")
    assert settings_of(asked).zone_name == "Asia/Tokyo"


def test_an_option_wins_over_the_environment_and_that_over_the_file(cli: Cli, asked: list[Any]) -> None:
    cli("daily")
    cli("daily", VAULTSYNC_TIMEZONE="UTC")
    cli("daily", "--timezone", "Asia/Tokyo", VAULTSYNC_TIMEZONE="UTC")
    zones = [entry[1].zone_name for entry in asked if entry[0] == "run"]
    assert zones == ["Europe/Berlin", "UTC", "Asia/Tokyo"]


def test_logs_of_both_places_are_read(cli: Cli, asked: list[Any], vault: Path) -> None:
    cli("--logs", "a", "daily", "--logs", "b", "--logs", "c")
    assert settings_of(asked).logs == (vault / "a", vault / "b", vault / "c")


def test_ledger_and_config_and_vault_are_common_too(cli: Cli, asked: list[Any], tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "note.md").write_text("x")
    (tmp_path / "own.yaml").write_text("currency: EUR\n")
    args = ["--vault", str(other), "--config", str(tmp_path / "own.yaml"), "--ledger", str(tmp_path / "l.db")]
    assert cli("daily", *args).exit_code == 0
    settings = settings_of(asked)
    assert (settings.vault, settings.currency, settings.ledger) == (other, "EUR", tmp_path / "l.db")


@pytest.mark.parametrize("args", [["-q", "daily"], ["daily", "-q"], ["daily", "--quiet", "-v"]])
def test_quiet_with_nothing_to_do_is_silent(cli: Cli, args: list[str]) -> None:
    result = cli(*args)
    assert (result.exit_code, result.output) == (0, "")


def test_quiet_can_come_from_the_environment(cli: Cli) -> None:
    assert cli("daily", VAULTSYNC_QUIET="1").output == ""


# --- dates -------------------------------------------------------------------------------------


WRONG_DAYS = [
    "2026-1-7",
    "20260107",
    "2026-02-30",
    "2026-01-07T00:00",
    " 2026-01-07",
    "٢٠٢٦-01-07",
    "1999-12-31",
]
WRONG_DAYS += ["2101-01-01", "today", "2026-W02-3", ""]


@pytest.mark.parametrize("text", WRONG_DAYS)
def test_a_date_is_a_real_day_in_ascii(cli: Cli, asked: list[Any], text: str) -> None:
    result = cli("daily", "--date", text)
    assert result.exit_code == 2
    assert "--date" in result.stderr
    assert asked == []


# --- how a run ends ----------------------------------------------------------------------------


def test_the_worst_end_wins() -> None:
    assert worst() == 0
    assert worst(0, 5) == 5
    assert worst(5, 3, 0) == 3
    assert worst(3, 2) == 2
    assert worst(2, 1, 0) == 1


def test_a_wrong_setting_ends_with_2_and_its_place(cli: Cli, vault: Path) -> None:
    (vault / "vaultsync.yaml").write_text("timezone: UTC\ncurency: EUR\n")
    result = cli("daily")
    assert result.exit_code == 2
    assert result.stderr == (
        f"{vault}/vaultsync.yaml:2: unknown key 'curency'. "
        "Remove it or mend its spelling. Did you mean 'currency'?\n"
    )


def test_no_vault_ends_with_2_and_the_way_out(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("daily")
    assert result.exit_code == 2
    assert "--vault" in result.stderr


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (LedgerError("l.db", "is damaged.", "Restore it."), 1, "l.db: is damaged. Restore it.\n"),
        (ConfigError("p.yaml", 3, "is odd.", "Mend it."), 2, "p.yaml:3: is odd. Mend it.\n"),
        (
            PermissionError(13, "Permission denied", "n.md"),
            1,
            "n.md: Permission denied. Mend its permissions",
        ),
        (OSError(28, "No space left on device", "l.db"), 1, "l.db: No space left on device. Make room"),
        (KeyboardInterrupt(), 1, "Stopped. Nothing is half-written"),
        (KeyError(PROMPT), 1, "internal error: KeyError at conftest.py:"),
        (RecursionError(PROMPT), 1, "internal error: RecursionError at conftest.py:"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_stops_a_run_is_told_in_one_line(
    cli: Cli, answer: Callable[[Any], None], error: BaseException, code: int, said: str
) -> None:
    answer(error)
    result = cli("daily")
    assert result.exit_code == code
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert PROMPT not in result.output


def test_a_bug_shows_its_place_with_verbose_but_never_the_data(
    cli: Cli, answer: Callable[[Any], None]
) -> None:
    answer(KeyError(PROMPT))
    result = cli("daily", "-v")
    assert 'in daily\n    return self.answer("daily", day, options)' in result.stderr
    assert PROMPT not in result.stderr


def test_a_reader_that_goes_away_is_no_trouble() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    code = "from vaultsync.cli import main; main(['report', '--help'])"
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert done.stderr == b""


def test_a_terminal_never_obeys_a_name() -> None:
    assert visible("a\x1b[2Jb\nc\u202ed\udcffé💰") == "a\\x1b[2Jb\\nc\\u202ed\\udcffé💰"


def test_names_of_notes_are_shown_with_escapes(cli: Cli, vault: Path, answer: Callable[[Any], None]) -> None:
    answer(Outcome(notes=(note(vault, "skipped", "is\x1b[2J odd"),)))
    assert "is\\x1b[2J odd" in cli("daily").stderr


def test_ctrl_c_while_the_program_is_loaded_is_no_traceback(tmp_path: Path) -> None:
    """The first module that is loaded is stopped as by a key."""
    code = (
        "import sys, importlib.abc\n"
        "class Key(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'vaultsync.idle':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Key())\n"
        "from vaultsync.__main__ import main\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code, "show"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == "Stopped. Nothing is half-written; the same command completes it.\n"
