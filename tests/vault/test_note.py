"""A note is read whole, written whole, and nobody's save is lost on the way."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.files import Clock
from vaultsync.vault.note import Note, NoteBusyError, Writer, diff, read

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and modes of POSIX")
LONG_AGO = 1_700_000_000.0


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "vault" / "Daily").mkdir(parents=True)
    return tmp_path / "vault"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def writer(vault: Path, tmp_path: Path, slept: list[float]) -> Writer:
    return Writer(vault, tmp_path / "state", Clock(lambda: LONG_AGO + 1000 + sum(slept), slept.append))


def note_at(path: Path, data: bytes = b"old\n", when: float = LONG_AGO) -> Path:
    path.write_bytes(data)
    os.utime(path, (when, when))
    return path


def becomes(new: bytes) -> Callable[[Note], bytes]:
    return lambda note: new


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- reading -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "line", "reason"),
    [
        (b"a\nb\xff\n", 2, "not UTF-8"),
        ("a\n".encode("utf-16"), 1, "not UTF-8"),
        ("abc\n".encode("utf-16-le"), None, "looks like UTF-16"),
        (b"a\nb\rc\n", 2, "lone carriage return"),
        (b"a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> main\n", 2, "merge conflict"),
        (b"a\r\n<<<<<<< HEAD\r\nb\r\n=======\r\nc\r\n>>>>>>> main\r\n", 2, "merge conflict"),
    ],
)
def test_what_is_no_text_is_left_alone(vault: Path, data: bytes, line: int | None, reason: str) -> None:
    path = note_at(vault / "a.md", data)
    with pytest.raises(NoteSkipped, match=reason) as caught:
        read(path, vault)
    assert str(caught.value).startswith(f"{path}:{line}: " if line else f"{path}: ")


@pytest.mark.parametrize(
    "data", [b"", b"\xef\xbb\xbfa", b"a\r\nb\n", b"a\0b", b">>>>>>> quoted\n", "é".encode()]
)
def test_every_other_text_is_read_as_it_is(vault: Path, data: bytes) -> None:
    note = read(note_at(vault / "a.md", data), vault)
    assert note.data == data
    assert note.text.encode() == data


def test_a_missing_note_is_named(vault: Path) -> None:
    with pytest.raises(NoteSkipped, match="there is no such note"):
        read(vault / "a.md", vault)


def test_a_note_in_the_cloud_is_named(vault: Path) -> None:
    (vault / ".a.md.icloud").touch()
    with pytest.raises(NoteSkipped, match="in iCloud"):
        read(vault / "a.md", vault)


@posix
def test_what_is_no_file_is_left_alone(vault: Path) -> None:
    os.mkfifo(vault / "fifo.md")
    (vault / "folder.md").mkdir()
    for name in ("fifo.md", "folder.md"):
        with pytest.raises(NoteSkipped, match="cannot be read"):
            read(vault / name, vault)


@posix
def test_links_may_not_lead_out_of_the_vault(vault: Path, tmp_path: Path) -> None:
    outside = note_at(tmp_path / "outside.md")
    (vault / "a.md").symlink_to(outside)
    (vault / "b").symlink_to(tmp_path)
    for path in (vault / "a.md", vault / "b" / "outside.md", vault / ".." / "outside.md"):
        with pytest.raises(NoteSkipped, match="leads out of the vault"):
            read(path, vault)


@posix
def test_links_in_a_circle_are_named(vault: Path) -> None:
    (vault / "a.md").symlink_to(vault / "b.md")
    (vault / "b.md").symlink_to(vault / "a.md")
    with pytest.raises(NoteSkipped):
        read(vault / "a.md", vault)


def test_hidden_folders_are_not_the_vault(vault: Path) -> None:
    (vault / ".trash").mkdir()
    with pytest.raises(NoteSkipped, match="hidden folder"):
        read(note_at(vault / ".trash" / "a.md"), vault)


# --- writing -----------------------------------------------------------------------------------


def test_a_change_is_written_and_nothing_else_is_left(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md")
    with writer:
        done = writer.update(path, becomes(b"new\n"))
    assert (done.changed, done.old, path.read_bytes()) == (True, b"old\n", b"new\n")
    assert names(vault) == ["Daily", "a.md"]
    assert not writer.remarks


def test_the_same_bytes_are_not_written(vault: Path, writer: Writer, slept: list[float]) -> None:
    path = note_at(vault / "a.md")
    before = path.stat()
    with writer:
        assert not writer.update(path, becomes(b"old\n")).changed
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert slept == []


@posix
def test_mode_is_kept(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md")
    path.chmod(0o640)
    with writer:
        writer.update(path, becomes(b"new"))
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="no extended attributes")
def test_extended_attributes_are_kept(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md")
    try:
        os.setxattr(path, "user.tag", b"x")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    with writer:
        writer.update(path, becomes(b"new"))
    assert os.getxattr(path, "user.tag") == b"x"


@posix
def test_a_link_within_the_vault_stays_a_link(vault: Path, writer: Writer) -> None:
    target = note_at(vault / "Daily" / "real.md")
    link = vault / "link.md"
    link.symlink_to(target)
    with writer:
        writer.update(link, becomes(b"new"))
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@posix
def test_a_note_with_several_names_is_skipped(vault: Path, writer: Writer) -> None:
    path, twin = note_at(vault / "a.md"), vault / "twin.md"
    os.link(path, twin)
    with writer, pytest.raises(NoteSkipped, match=r"hard links.*symbolic links"):
        writer.update(path, becomes(b"new"))
    assert path.samefile(twin)
    assert twin.read_bytes() == b"old\n"
    assert names(vault) == ["Daily", "a.md", "twin.md"]


@posix
def test_a_read_only_note_is_skipped(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md")
    path.chmod(0o444)
    with pytest.raises(NoteSkipped, match="read-only"):
        writer.update(path, becomes(b"new"))
    assert path.read_bytes() == b"old\n"


def test_the_hook_hears_of_every_write_before_it(vault: Path, writer: Writer) -> None:
    path, heard = note_at(vault / "a.md"), []

    def hear(note: Note | None, new: bytes) -> None:
        heard.append((note and note.data, new, path.read_bytes()))

    with writer:
        writer.update(path, becomes(b"new"), hear)
        writer.update(path, becomes(b"new"), hear)
    assert heard == [(b"old\n", b"new", b"old\n")]


def test_a_full_disk_leaves_the_note_as_it_was(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = note_at(vault / "a.md")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoteSkipped, match=r"No space left.*Free some space"):
        writer.update(path, becomes(b"new"))
    assert names(vault) == ["Daily", "a.md"]
    assert path.read_bytes() == b"old\n"


# --- others who write at the same time ------------------------------------------------------------


def test_a_note_saved_a_moment_ago_is_waited_for(vault: Path, writer: Writer, slept: list[float]) -> None:
    path = note_at(vault / "a.md", when=LONG_AGO + 999.5)
    assert writer.update(path, becomes(b"new")).changed
    assert slept == [1.5]


def test_a_note_that_does_not_rest_is_left_for_later(vault: Path, writer: Writer) -> None:
    writer.wait_seconds = 0
    path = note_at(vault / "a.md", when=LONG_AGO + 1000)
    with pytest.raises(NoteBusyError, match="saved a moment ago"):
        writer.update(path, becomes(b"new"))
    assert path.read_bytes() == b"old\n"


def test_an_unchanged_note_need_not_rest(vault: Path, writer: Writer, slept: list[float]) -> None:
    path = note_at(vault / "a.md", when=LONG_AGO + 1000)
    assert not writer.update(path, becomes(b"old\n")).changed
    assert slept == []


def test_a_half_saved_note_is_not_judged(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md", b"", when=LONG_AGO + 1000)

    def edit(note: Note) -> bytes:
        if not note.data:
            note_at(path, b"whole")
            raise NoteSkipped(path, "half a marker.")
        return note.data + b" new"

    writer.update(path, edit)
    assert path.read_bytes() == b"whole new"


def test_a_save_between_reading_and_writing_is_kept(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md")

    def edit(note: Note) -> bytes:
        if note.data == b"old\n":
            note_at(path, b"typed\n")
        return note.data + b"ours\n"

    with writer:
        writer.update(path, edit)
    assert path.read_bytes() == b"typed\nours\n"


def test_a_note_saved_again_and_again_is_left_for_later(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md", b"0")

    def edit(note: Note) -> bytes:
        note_at(path, note.data + b"0")
        return b"ours"

    with pytest.raises(NoteBusyError, match="again and again"):
        writer.update(path, edit)
    assert set(path.read_bytes()) == {ord("0")}


@pytest.mark.parametrize("can_swap", [True, False])
def test_a_save_in_the_instant_of_the_swap_goes_back(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch, can_swap: bool
) -> None:
    path, real = note_at(vault / "a.md"), files.put_over
    saves = [b"typed\n"]

    def late(temp: Path, target: Path) -> Path | None:
        if saves:
            note_at(target, saves.pop())
        return real(temp, target)

    monkeypatch.setattr(files, "put_over", late)
    if not can_swap:
        monkeypatch.setattr(files, "_rename_call", lambda: None)
    with writer:
        writer.update(path, lambda note: note.data + b"ours\n")
    assert path.read_bytes() == b"typed\nours\n"
    assert names(vault) == ["Daily", "a.md"]


@pytest.mark.parametrize("can_swap", [True, False])
def test_a_note_that_is_deleted_in_the_instant_of_the_swap_does_not_come_back(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch, can_swap: bool
) -> None:
    path, real = note_at(vault / "a.md"), files.put_over

    def late(temp: Path, target: Path) -> Path | None:
        target.unlink()
        return real(temp, target)

    monkeypatch.setattr(files, "put_over", late)
    if not can_swap:
        monkeypatch.setattr(files, "_rename_call", lambda: None)
    with writer, pytest.raises(NoteSkipped, match="No such file"):
        writer.update(path, becomes(b"new\n"))
    assert names(vault) == ["Daily"]


# --- the file that was replaced ------------------------------------------------------------------


def kept(tmp_path: Path) -> list[Path]:
    """Files that wait outside the vault to be compared."""
    return [path for path in (tmp_path / "state").glob("replaced/*/*") if path.suffix != ".json"]


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
    assert not writer.is_done


def test_a_later_run_deletes_a_replaced_file_that_nobody_touched(
    vault: Path, writer: Writer, tmp_path: Path
) -> None:
    with writer:
        writer.update(note_at(vault / "a.md"), becomes(b"new\n"))
    moved(tmp_path, 2.0)
    writer.look_again()
    assert list((tmp_path / "state").glob("replaced/*/*")) == []
    assert writer.is_done
    assert writer.remarks == []


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
    writer.look_again()
    assert path.read_bytes() == b"typed into the old file\n"
    assert "saved while it was written" in writer.remarks[0]
    assert names(vault) == ["Daily", "a.md"]
    assert writer.is_done


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
        writer.look_again()
        app.write(b"typed late\n")
    moved(tmp_path, 2.0)
    writer.look_again()
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
    writer.look_again()
    assert path.read_bytes() == b"two\n"
    assert [p.read_bytes() for p in (tmp_path / "state" / "rescued").iterdir()] == [b"one\n"]
    assert str(tmp_path / "state" / "rescued") in writer.remarks[1]


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
    writer.look_again()
    rescued = (tmp_path / "state").glob("rescued/*")
    assert [p.read_bytes() for p in rescued] == [typed] * bool(typed)
    assert bool(writer.remarks) == bool(typed)
    assert path.read_bytes() == b"new\n"
    assert writer.is_done


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
    assert writer.is_done


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
        writer.look_again()
    assert [p.read_bytes() for p in kept(tmp_path)] == [b"typed late\n"]
    writer.look_again()
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
    assert str(rescued) in writer.remarks[0]
    if sys.platform != "win32":
        assert rescued.stat().st_mode & 0o777 == 0o600


# --- creating ------------------------------------------------------------------------------------


@pytest.mark.parametrize("can_link", [True, False])
def test_a_new_note_gets_its_folders(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch, can_link: bool
) -> None:
    if not can_link:

        def refuse(*_: object) -> None:
            raise OSError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    path = vault / "2026" / "01" / "a.md"
    assert writer.create(path, b"new").changed
    assert path.read_bytes() == b"new"
    assert names(path.parent) == ["a.md"]


def test_a_note_that_appears_meanwhile_is_not_replaced(vault: Path, writer: Writer) -> None:
    path = vault / "a.md"
    with pytest.raises(NoteSkipped, match="appeared"):
        writer.create(path, b"new", lambda note, new: note_at(path, b"user") and None)
    assert path.read_bytes() == b"user"
    assert names(vault) == ["Daily", "a.md"]


def test_a_vault_that_is_not_mounted_is_not_made(tmp_path: Path, writer: Writer) -> None:
    writer.vault = tmp_path / "gone"
    with pytest.raises(NoteSkipped, match="mounted"):
        writer.create(tmp_path / "gone" / "a.md", b"new")
    assert not writer.vault.exists()


def test_a_note_in_the_cloud_is_not_made_again(vault: Path, writer: Writer) -> None:
    (vault / ".a.md.icloud").touch()
    with pytest.raises(NoteSkipped, match="in iCloud"):
        writer.create(vault / "a.md", b"new")


def test_nothing_is_made_outside_or_in_hidden_folders(vault: Path, writer: Writer) -> None:
    for path in (vault / ".." / "a.md", vault / ".obsidian" / "a.md"):
        with pytest.raises(NoteSkipped):
            writer.create(path, b"new")


# --- showing -------------------------------------------------------------------------------------


def test_a_diff_is_unified_and_names_a_missing_newline() -> None:
    assert diff(b"a\nb\n", b"a\nc", "Daily/x.md") == (
        "--- a/Daily/x.md\n+++ b/Daily/x.md\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
    )


def test_equal_notes_have_no_diff() -> None:
    assert diff(b"a\n", b"a\n", "x.md") == ""


def test_a_folder_of_the_notes_name_is_not_a_note_that_appeared(vault: Path, writer: Writer) -> None:
    (vault / "a.md").mkdir()
    with pytest.raises(NoteSkipped, match=r"no file has this name\. Move it away"):
        writer.create(vault / "a.md", b"new")


def test_a_new_note_does_not_bring_back_a_vault_that_vanished(vault: Path, writer: Writer) -> None:
    def vanish(old: Note | None, new: bytes) -> None:
        vault.rename(vault.with_name("elsewhere"))

    with pytest.raises(NoteSkipped, match="cannot be written"):
        writer.create(vault / "New" / "a.md", b"new", vanish)
    assert not vault.exists()


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
        later.look_again()
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


@posix
@pytest.mark.parametrize("saved", [b"", b"a save"])
def test_a_new_note_that_cannot_be_moved_into_its_place_leaves_no_empty_one(
    vault: Path, monkeypatch: pytest.MonkeyPatch, saved: bytes
) -> None:
    """On a disk without second names and without a rename onto free names only."""
    path, temp = vault / "new.md", note_at(vault / "temp", b"new")

    def refuse(*_: object) -> None:
        if path.exists():
            path.write_bytes(saved)
        raise OSError("no")

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(files, "_rename_call", lambda: None)
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        files.put_new(temp, path)
    assert (path.read_bytes() if path.exists() else b"") == saved
    assert path.exists() == bool(saved)
