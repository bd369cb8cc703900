"""The note of a period is found in whatever spelling it is there, and nothing is guessed."""

import os
import re
import sys
import unicodedata
from datetime import date
from pathlib import Path

import pytest

from vaultsync import periods
from vaultsync.errors import NoteSkipped
from vaultsync.periods import ISO_WEEK, Period, WeekRule
from vaultsync.vault.app import Place, VaultSettings, read_settings
from vaultsync.vault.locate import (
    Located,
    conflict_copies,
    is_conflict_copy,
    iter_notes,
    note_for,
    week_rule,
    with_settings,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="links of POSIX")
DAY = periods.day(date(2026, 1, 7))


def find(
    vault: Path, fmt: str, period: Period = DAY, kind: str = "daily", folder: str = "", locale: str = "en"
) -> Located:
    settings = read_settings(vault, locale=locale, environ={})
    return note_for(vault, Place(kind, True, "test", folder, fmt), period, settings)


def make(vault: Path, *names: str) -> Path:
    for name in names:
        (vault / name).parent.mkdir(parents=True, exist_ok=True)
        (vault / name).write_text("x")
    return vault / names[0]


@pytest.mark.parametrize(
    ("fmt", "folder", "path"),
    [
        ("YYYY-MM-DD", "", "2026-01-07.md"),
        ("YYYY-MM-DD", "Daily", "Daily/2026-01-07.md"),
        ("YYYY/MM/YYYY-MM-DD", "Daily", "Daily/2026/01/2026-01-07.md"),
        ("YYYY/[W]W/YYYY-MM-DD", "", "2026/W2/2026-01-07.md"),
        ("YYYY-MM-DD_ddd", "Daily", "Daily/2026-01-07_Wed.md"),
        ("/YYYY-MM-DD[@daily]", "", "2026-01-07@daily.md"),
        ("YYYY.MM.DD", "", "2026.01.07.md"),
    ],
)
def test_the_path_of_a_missing_note(tmp_path: Path, fmt: str, folder: str, path: str) -> None:
    assert find(tmp_path, fmt, folder=folder) == Located(tmp_path / path, False)


def test_an_existing_note(tmp_path: Path) -> None:
    note = make(tmp_path, "Daily/2026-01-07.md")
    assert find(tmp_path, "YYYY-MM-DD", folder="Daily") == Located(note, True)


def test_letter_case_and_normalisation_make_no_second_note(tmp_path: Path) -> None:
    note = make(tmp_path, unicodedata.normalize("NFD", "TÄGLICH/2026-01-07 MITTWOCH.md"))
    found = find(tmp_path, "YYYY-MM-DD dddd", folder="Täglich", locale="de")
    assert found.exists
    assert found.path.samefile(note)


def test_a_no_break_space_is_a_space(tmp_path: Path) -> None:
    note = make(tmp_path, "7\u00a0January.md")
    assert find(tmp_path, "D MMMM") == Located(note, True)


def test_a_missing_note_goes_into_the_folder_that_is_there(tmp_path: Path) -> None:
    folder = tmp_path / unicodedata.normalize("NFD", "Täglich")
    folder.mkdir()
    assert find(tmp_path, "YYYY-MM-DD", folder="täglich").path.parent.samefile(folder)


def test_a_note_moved_below_its_folder_is_found(tmp_path: Path) -> None:
    note = make(tmp_path, "Daily/2026/done/2026-01-07.md", "Elsewhere/2026-01-07.md")
    assert find(tmp_path, "YYYY-MM-DD", folder="Daily") == Located(note, True)


def test_two_moved_notes_are_not_guessed(tmp_path: Path) -> None:
    make(tmp_path, "Daily/a/2026-01-07.md", "Daily/b/2026-01-07.md")
    with pytest.raises(NoteSkipped, match=r"'Daily/a/2026-01-07.md' and 'Daily/b/2026-01-07.md' both claim"):
        find(tmp_path, "YYYY-MM-DD", folder="Daily")


def test_hidden_folders_are_not_searched(tmp_path: Path) -> None:
    make(tmp_path, ".trash/2026-01-07.md", "Daily/.old/2026-01-07.md")
    assert not find(tmp_path, "YYYY-MM-DD").exists


def test_a_folder_of_that_name_is_no_note(tmp_path: Path) -> None:
    (tmp_path / "2026-01-07.md").mkdir()
    assert not find(tmp_path, "YYYY-MM-DD").exists


def test_a_note_in_the_cloud_is_not_made_again(tmp_path: Path) -> None:
    make(tmp_path, "Daily/.2026-01-07.md.icloud")
    with pytest.raises(NoteSkipped, match="in iCloud"):
        find(tmp_path, "YYYY-MM-DD", folder="Daily")


@pytest.mark.parametrize(
    ("folder", "fmt", "why"),
    [
        ("..", "YYYY", "leads out of the vault"),
        ("a/../../b", "YYYY", "leads out of the vault"),
        ("", "[../]YYYY", "leads out of the vault"),
        ("", "[..]/[..]/YYYY", "leads out of the vault"),
        ("a/..", "[a/../../]YYYY", "leads out of the vault"),
        (".obsidian", "YYYY", "hidden folder"),
        ("", "[.git]/YYYY", "hidden folder"),
        ("a", "[../.trash/]YYYY", "hidden folder"),
        ("CON", "YYYY", "is a device on Windows: 'CON'"),
        ("", "[nul]", "is a device on Windows: 'nul.md'"),
        ("", "[COM1 .x/]YYYY", "is a device on Windows"),
        ("", "[a\0b]YYYY", "holds a control character"),
        ("a\nb", "YYYY", "holds a control character"),
        ("", "[\x1b]YYYY", "holds a control character"),
        ("x" * 256, "YYYY", "is too long"),
        ("", f"[{'ü' * 130}]YYYY", "is too long"),
    ],
)
def test_a_path_outside_the_vault_or_that_is_none_is_refused(
    tmp_path: Path, folder: str, fmt: str, why: str
) -> None:
    (tmp_path / "vault").mkdir()
    with pytest.raises(NoteSkipped, match=re.escape(why)):
        find(tmp_path / "vault", fmt, folder=folder)


@pytest.mark.parametrize(
    ("fmt", "path"),
    [
        ("/YYYY", "2026.md"),
        ("[/etc/passwd]", "etc/passwd.md"),
        ("[%2e%2e/]YYYY", "%2e%2e/2026.md"),
        ("[~/]YYYY", "~/2026.md"),
        ("[$HOME/]YYYY", "$HOME/2026.md"),
        ("[Console/]YYYY[.com1]", "Console/2026.com1.md"),
    ],
)
def test_what_looks_like_a_way_out_is_a_name_in_the_vault(tmp_path: Path, fmt: str, path: str) -> None:
    assert find(tmp_path, fmt).path == tmp_path / path


@posix
def test_a_folder_linked_to_outside_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vault").mkdir()
    (tmp_path / "vault" / "Daily").symlink_to(tmp_path)
    with pytest.raises(NoteSkipped, match="out of the vault"):
        find(tmp_path / "vault", "YYYY-MM-DD", folder="Daily")


def test_a_format_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoteSkipped, match="no name"):
        find(tmp_path, "YYYY/[]")


# --- weeks and quarters --------------------------------------------------------------------------

TURN = periods.week(date(2025, 1, 1))


def test_a_missing_week_is_named_by_its_first_day(tmp_path: Path) -> None:
    assert find(tmp_path, "YYYY-[W]ww", TURN, "weekly", locale="en-gb").path.name == "2024-W01.md"


@pytest.mark.parametrize("name", ["2024-W01.md", "2025-W01.md"])
def test_a_week_named_by_any_of_its_days_is_found(tmp_path: Path, name: str) -> None:
    note = make(tmp_path, name)
    assert find(tmp_path, "YYYY-[W]ww", TURN, "weekly", locale="en-gb") == Located(note, True)


def test_two_notes_of_one_week_are_not_guessed(tmp_path: Path) -> None:
    make(tmp_path, "2024-W01.md", "2025-W01.md")
    with pytest.raises(NoteSkipped, match="both claim 2025-W01"):
        find(tmp_path, "YYYY-[W]ww", TURN, "weekly", locale="en-gb")


def test_a_folder_note(tmp_path: Path) -> None:
    note = make(tmp_path, "W/2025-W01/2025-W01.md")
    assert find(tmp_path, "gggg-[W]ww/gggg-[W]ww", TURN, "weekly", "W", "en-gb") == Located(note, True)


def test_a_quarter_of_weeks_is_named_by_its_middle(tmp_path: Path) -> None:
    first = periods.quarter(date(2026, 1, 7), "weeks")
    assert first.start == date(2025, 12, 29)
    assert find(tmp_path, "YYYY-[Q]Q", first, "quarterly").path.name == "2026-Q1.md"


def test_the_weekly_format_says_which_week_is_summed(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, locale="en", environ={})
    assert week_rule(settings) == WeekRule(0, 6)
    assert week_rule(settings, "GGGG-[W]WW") == ISO_WEEK


# --- the user's own configuration -----------------------------------------------------------------


def test_the_users_configuration_is_laid_over_the_vaults() -> None:
    said = Place("daily", False, "Daily notes", "Days", "YYYY-MM-DD")
    assert with_settings(said, None, None) is said
    laid = with_settings(said, "Log/", None)
    assert (laid.used, laid.folder, laid.format, laid.origin) == (True, "Log", "YYYY-MM-DD", "vaultsync.yaml")


# --- all notes -------------------------------------------------------------------------------------


def settings_with(vault: Path, *ignore: str) -> VaultSettings:
    return VaultSettings(vault, None, {}, read_settings(vault, environ={}).locale, "test", ignore=ignore)


def names(vault: Path, *ignore: str) -> list[str]:
    return [path.relative_to(vault).as_posix() for path in iter_notes(vault, settings_with(vault, *ignore))]


def test_notes_are_walked_in_order_without_what_is_no_note(tmp_path: Path) -> None:
    make(tmp_path, "b.md", "a/c.md", "a/d.txt", ".obsidian/e.md", "a/.f.md", "Archive/g.md", "Archived/h.md")
    make(tmp_path, "b.sync-conflict-20260107-101010-ABCDEFG.md", "x/tmp1.md")
    assert names(tmp_path, "Archive/", "/tmp\\d/") == ["Archived/h.md", "a/c.md", "b.md"]


def test_a_filter_that_is_no_pattern_does_not_stop_the_walk(tmp_path: Path) -> None:
    make(tmp_path, "a.md")
    assert names(tmp_path, "/(/") == ["a.md"]


@posix
def test_links_are_not_followed_in_circles(tmp_path: Path) -> None:
    make(tmp_path, "a/b.md")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    assert names(tmp_path) == ["a/b.md"]


@pytest.mark.parametrize(
    "name",
    [
        "2026-01-07 (Conflicted copy Phone 202601071010).md",
        "2026-01-07.sync-conflict-20260107-101010-ABCDEFG.md",
        "2026-01-07 (Ann's conflicted copy 2026-01-07).md",
        "2026-01-07 (conflicted copy 2026-01-07 101010).md",
        "~2026-01-07.md",
        "2026-01-07.md~",
        ".2026-01-07.md.swp",
    ],
)
def test_names_of_conflict_copies_are_known(name: str) -> None:
    assert is_conflict_copy(name)


@pytest.mark.parametrize("name", ["2026-01-07.md", "2026-01-07 2.md", "Conflicted copy of me.md"])
def test_other_names_are_not(name: str) -> None:
    assert not is_conflict_copy(name)


def test_copies_beside_a_note_are_listed(tmp_path: Path) -> None:
    note = make(tmp_path, "2026-01-07.md", "2026-01-07 2.md", "2026-01-07 plan.md", "2026-01-08.md")
    make(tmp_path, "2026-01-07.sync-conflict-20260107-101010-ABCDEFG.md")
    assert [path.name for path in conflict_copies(note)] == [
        "2026-01-07 2.md",
        "2026-01-07.sync-conflict-20260107-101010-ABCDEFG.md",
    ]


@posix
def test_a_pipe_is_no_note_for_reading_it_would_never_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.md")
    assert names(tmp_path) == []
