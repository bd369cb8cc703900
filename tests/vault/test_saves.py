"""What the user saved into a file that a run replaced or left behind comes back, or is kept and named."""

import os
import sys
from pathlib import Path

import pytest

from tests.vault.conftest import LONG_AGO, becomes, names, note_at, posix
from vaultsync.vault import files
from vaultsync.vault.writer import Writer

# --- the file that was replaced ------------------------------------------------------------------


def kept(tmp_path: Path) -> list[Path]:
    """Files that wait outside the vault to be compared."""
    waiting = (tmp_path / "state").glob("replaced/*/*")
    return [path for path in waiting if path.suffix not in (".json", ".folder")]


def moved(tmp_path: Path, seconds_ago: float) -> None:
    """Make what waits look as if it had been moved out so many seconds before now."""
    when = LONG_AGO + 1000 - seconds_ago
    for told in (tmp_path / "state").glob("replaced/*/*.json"):
        os.utime(told, (when, when))


@posix
def test_a_replaced_file_leaves_the_vault_at_once_and_is_not_waited_for(
    vault: Path, writer: Writer, tmp_path: Path, slept: list[float]
) -> None:
    path = note_at(vault / "a.md")
    inode = path.stat().st_ino
    with writer:
        writer.update(path, becomes(b"new\n"))
        assert names(vault) == ["Daily", "a.md"]
    assert slept == []
    assert [p.stat().st_ino for p in kept(tmp_path)] == [inode]
    assert not writer.saves.is_done


def test_a_later_run_deletes_a_replaced_file_that_nobody_touched(
    vault: Path, writer: Writer, tmp_path: Path
) -> None:
    with writer:
        writer.update(note_at(vault / "a.md"), becomes(b"new\n"))
    moved(tmp_path, 2.0)
    writer.saves.look_again()
    assert list((tmp_path / "state").glob("replaced/*/*")) == []
    assert writer.saves.is_done
    assert writer.saves.remarks == []


@posix
@pytest.mark.parametrize("can_swap", [True, False])
def test_a_save_into_the_replaced_file_goes_back_on_the_next_run(
    vault: Path, writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_swap: bool
) -> None:
    if not can_swap:
        monkeypatch.setattr(files, "_rename_call", lambda: None)
    path = note_at(vault / "a.md")
    with path.open("r+b") as app:
        with writer:
            writer.update(path, becomes(b"new\n"))
        app.write(b"typed into the old file\n")
    moved(tmp_path, 2.0)
    writer.saves.look_again()
    assert path.read_bytes() == b"typed into the old file\n"
    assert "saved while it was written" in writer.saves.remarks[0]
    assert names(vault) == ["Daily", "a.md"]
    assert writer.saves.is_done


@posix
@pytest.mark.parametrize("seconds_ago", [1.9, 0.0, -30.0])
def test_a_run_that_comes_too_early_leaves_it_to_the_one_after(
    vault: Path, writer: Writer, tmp_path: Path, seconds_ago: float
) -> None:
    """A run may have waited for the one before, so that its own beginning lies before the move."""
    path = note_at(vault / "a.md")
    with path.open("r+b") as app:
        with writer:
            writer.update(path, becomes(b"new\n"))
        moved(tmp_path, seconds_ago)
        writer.saves.look_again()
        app.write(b"typed late\n")
    moved(tmp_path, 2.0)
    writer.saves.look_again()
    assert path.read_bytes() == b"typed late\n"


@posix
def test_a_late_save_and_a_newer_one_are_both_kept(vault: Path, writer: Writer, tmp_path: Path) -> None:
    path = note_at(vault / "a.md")
    with path.open("r+b") as app:
        with writer:
            writer.update(path, becomes(b"new\n"))
        app.write(b"one\n")
    note_at(path, b"two\n")
    moved(tmp_path, 2.0)
    writer.saves.look_again()
    assert path.read_bytes() == b"two\n"
    assert [p.read_bytes() for p in (tmp_path / "state" / "rescued").iterdir()] == [b"one\n"]
    assert str(tmp_path / "state" / "rescued") in writer.saves.remarks[1]


@posix
@pytest.mark.parametrize("typed", [b"", b"typed\n"])
def test_a_replaced_file_of_an_unknown_note_is_kept_only_if_somebody_saved_into_it(
    vault: Path, writer: Writer, tmp_path: Path, typed: bytes
) -> None:
    """A power failure may take away what was told of it."""
    path = note_at(vault / "a.md")
    with path.open("r+b") as app:
        with writer:
            writer.update(path, becomes(b"new\n"))
        app.write(typed)
    for told in (tmp_path / "state").glob("replaced/*/*.json"):
        told.write_bytes(b"")
    moved(tmp_path, 2.0)
    writer.saves.look_again()
    rescued = (tmp_path / "state").glob("rescued/*")
    assert [p.read_bytes() for p in rescued] == [typed] * bool(typed)
    assert bool(writer.saves.remarks) == bool(typed)
    assert path.read_bytes() == b"new\n"
    assert writer.saves.is_done


@posix
@pytest.mark.parametrize("typed", [b"", b"typed\n"])
def test_where_the_state_folder_is_on_another_disk_the_run_waits_and_leaves_nothing_behind(
    vault: Path, writer: Writer, slept: list[float], monkeypatch: pytest.MonkeyPatch, typed: bytes
) -> None:
    monkeypatch.setattr(files, "move", lambda path, target: False)
    path = note_at(vault / "a.md")
    with path.open("r+b") as app:
        with writer:
            writer.update(path, becomes(b"new\n"))
            app.write(typed)
            app.flush()
        assert path.read_bytes() == (typed or b"new\n")
    assert slept == [2.0]
    assert names(vault) == ["Daily", "a.md"]
    assert writer.saves.is_done


@posix
def test_a_late_save_that_cannot_go_back_yet_is_not_lost(
    vault: Path, writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = note_at(vault / "a.md")
    with path.open("r+b") as app:
        with writer:
            writer.update(path, becomes(b"new\n"))
        app.write(b"typed late\n")
    moved(tmp_path, 2.0)
    with monkeypatch.context() as patch:

        def refuse(*_: object) -> bool:
            raise PermissionError(13, "Permission denied")

        patch.setattr(files, "exchange", refuse)
        writer.saves.look_again()
    assert [p.read_bytes() for p in kept(tmp_path)] == [b"typed late\n"]
    writer.saves.look_again()
    assert path.read_bytes() == b"typed late\n"


# --- what dead runs left -------------------------------------------------------------------------


def test_a_temp_file_of_a_dead_run_is_kept_if_it_differs(vault: Path, writer: Writer, tmp_path: Path) -> None:
    path = note_at(vault / "a.md")
    note_at(vault / ".a.md.00000001.vaultsync.tmp", b"old\n")
    note_at(vault / ".a.md.00000002.vaultsync.tmp", b"a save of the user\n")
    note_at(vault / ".mine.tmp", b"not ours")
    writer.update(path, becomes(b"old\n"))
    assert names(vault) == [".mine.tmp", "Daily", "a.md"]
    (rescued,) = (tmp_path / "state" / "rescued").iterdir()
    assert rescued.read_bytes() == b"a save of the user\n"
    assert str(rescued) in writer.saves.remarks[0]
    if sys.platform != "win32":
        assert rescued.stat().st_mode & 0o777 == 0o600


def test_half_a_file_of_a_dead_run_is_no_save_of_the_user(
    vault: Path, writer: Writer, tmp_path: Path
) -> None:
    path = note_at(vault / "a.md")
    note_at(vault / ".a.md.00000001.vaultsync.part", b"ne")
    with writer:
        writer.update(path, becomes(b"new"))
    assert names(vault) == ["Daily", "a.md"]
    assert not (tmp_path / "state" / "rescued").exists()


def test_any_next_run_clears_the_folder_in_which_one_died(vault: Path, writer: Writer) -> None:
    class Died(BaseException):
        pass

    def die(*_: object) -> None:
        raise Died

    path = note_at(vault / "Daily" / "a.md")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Died), writer:
        patch.setattr(files, "put_over", die)
        patch.setattr(files, "discard", die)
        writer.update(path, becomes(b"new"))
    assert len(names(vault / "Daily")) == 2
    with Writer(vault, writer.state, writer.clock) as later:
        later.saves.look_again()
    assert names(vault / "Daily") == ["a.md"]


def test_a_temp_file_that_cannot_be_read_stays(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = note_at(vault / "a.md")
    left = note_at(vault / ".a.md.00000002.vaultsync.tmp", b"a save of the user\n")
    real = Path.read_bytes

    def refuse(asked: Path) -> bytes:
        if asked == left:
            raise OSError(24, "Too many open files")
        return real(asked)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    writer.update(path, becomes(b"new"))
    assert left.exists()
