"""A note is written whole, and what somebody saves meanwhile is kept."""

import os
from pathlib import Path

import pytest

from tests.vault.conftest import LONG_AGO, becomes, names, note_at, posix
from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.note import Note, NoteBusyError
from vaultsync.vault.writer import Writer


def test_a_change_is_written_and_nothing_else_is_left(vault: Path, writer: Writer) -> None:
    path = note_at(vault / "a.md")
    with writer:
        done = writer.update(path, becomes(b"new\n"))
    assert (done.changed, done.old, path.read_bytes()) == (True, b"old\n", b"new\n")
    assert names(vault) == ["Daily", "a.md"]
    assert not writer.saves.remarks


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


def test_where_the_folder_is_read_only_the_note_is_not_written_in_place(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = note_at(vault / "a.md"), os.open

    def refuse(name: str | Path, flags: int, *given: int) -> int:
        if flags & os.O_CREAT and Path(name).parent == vault:
            raise PermissionError(13, "Permission denied")
        return real(name, flags, *given)

    monkeypatch.setattr(os, "open", refuse)
    with writer, pytest.raises(NoteSkipped, match=r"Permission denied\. Check the permissions.*its folder"):
        writer.update(path, becomes(b"new"))
    assert path.read_bytes() == b"old\n"


@pytest.mark.parametrize(("refusals", "is_written"), [(3, True), (100, False)])
def test_on_windows_a_note_that_another_program_has_open_is_tried_for_five_seconds(
    vault: Path,
    writer: Writer,
    slept: list[float],
    monkeypatch: pytest.MonkeyPatch,
    refusals: int,
    is_written: bool,
) -> None:
    path, real, left = note_at(vault / "a.md"), files.put_over, [1] * refusals

    def shared(temp: Path, target: Path) -> Path | None:
        if left:
            left.pop()
            raise PermissionError(13, "it is being used by another process")
        return real(temp, target)

    monkeypatch.setattr(files, "put_over", shared)
    monkeypatch.setattr("sys.platform", "win32")
    if is_written:
        writer.update(path, becomes(b"new"))
    else:
        with pytest.raises(NoteSkipped, match="used by another process"):
            writer.update(path, becomes(b"new"))
    assert path.read_bytes() == (b"new" if is_written else b"old\n")
    assert sum(slept) == (0.75 if is_written else 5)
    assert names(vault) == ["Daily", "a.md"]


@posix
def test_a_note_that_others_may_write_and_we_may_not_is_skipped(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its folder would let us replace it, and it would be ours then."""
    path = note_at(vault / "a.md")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(NoteSkipped, match="read-only"):
        writer.update(path, becomes(b"new"))
    assert path.read_bytes() == b"old\n"


@posix
def test_a_note_whose_name_only_its_owner_may_take_away_is_skipped_and_nothing_lies_beside_it(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = note_at(vault / "a.md")
    vault.chmod(0o1777)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with writer, pytest.raises(NoteSkipped, match="only its owner may replace it in this folder"):
        writer.update(path, becomes(b"new"))
    assert names(vault) == ["Daily", "a.md"]
    assert path.stat().st_nlink == 1


@posix
def test_the_group_of_a_shared_note_is_kept_where_its_owner_cannot_be(
    vault: Path, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, given = note_at(vault / "a.md"), []

    def chown(_: Path, owner: int, group: int) -> None:
        if owner != -1:
            raise PermissionError(1, "Operation not permitted")
        given.append(group)

    monkeypatch.setattr(os, "chown", chown)
    with writer:
        writer.update(path, becomes(b"new"))
    assert given == [path.stat().st_gid]


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
            raise NoteSkipped(path, "half a marker.", "Restore it.")
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
