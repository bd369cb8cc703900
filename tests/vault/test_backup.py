"""The bytes of before are kept once, and undo brings them back exactly or refuses."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.backup import Backups
from vaultsync.vault.files import Clock
from vaultsync.vault.note import Note
from vaultsync.vault.writer import Writer, Written

NOON = datetime(2026, 1, 7, 12, tzinfo=UTC)
NAME = "Daily/2026-01-07.md"


class Desk:
    """A vault with one note, its writer and its backups."""

    def __init__(self, root: Path) -> None:
        self.vault = root / "vault"
        (self.vault / "Daily").mkdir(parents=True)
        self.path = self.vault / NAME
        self.state = root / "state"
        self.writer = Writer(self.vault, self.state, Clock(lambda: 1e9, lambda _: None))

    def save(self, data: bytes) -> None:
        self.path.write_bytes(data)
        os.utime(self.path, (0, 0))

    def write(self, data: bytes, forced: bool = False) -> None:
        def keep(note: Note | None, new: bytes) -> None:
            self.backups.keep(NAME, note.data if note else None, new, NOON, forced=forced)

        with self.writer as writer:
            if self.path.exists():
                os.utime(self.path, (0, 0))
                writer.update(self.path, lambda _: data, keep)
            else:
                writer.create(self.path, data, keep)
        os.utime(self.path, (0, 0))

    @property
    def backups(self) -> Backups:
        """Read from the disk each time, as another run would."""
        return Backups(self.state / "backups")

    def undo(self, force: bool = False) -> Written:
        return self.backups.undo(NAME, self.vault, self.writer, force=force)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_undo_brings_back_the_bytes_before_the_first_change(desk: Desk) -> None:
    desk.save(b"\xef\xbb\xbfmine\r\n")
    for data in (b"one", b"two", b"three"):
        desk.write(data)
    assert desk.undo().changed
    assert desk.path.read_bytes() == b"\xef\xbb\xbfmine\r\n"


def test_only_the_first_and_each_forced_change_is_backed_up(desk: Desk) -> None:
    desk.save(b"mine")
    desk.write(b"one")
    desk.write(b"two")
    desk.write(b"three", forced=True)
    assert [(b.forced, b.when) for b in desk.backups.history(NAME).backups] == [
        (False, "2026-01-07T12:00:00+00:00"),
        (True, "2026-01-07T12:00:00+00:00"),
    ]
    desk.undo()
    assert desk.path.read_bytes() == b"two"
    os.utime(desk.path, (0, 0))
    desk.undo()
    assert desk.path.read_bytes() == b"mine"


def test_undo_refuses_when_the_note_changed_since(desk: Desk) -> None:
    desk.save(b"mine")
    desk.write(b"ours")
    desk.save(b"ours, and mine again")
    with pytest.raises(NoteSkipped, match="changed since"):
        desk.undo()
    assert desk.path.read_bytes() == b"ours, and mine again"


def test_undo_refuses_when_the_user_wrote_between_two_of_our_changes(desk: Desk) -> None:
    desk.save(b"mine")
    desk.write(b"ours 1")
    desk.save(b"ours 1, mine")
    desk.write(b"ours 2, mine")
    with pytest.raises(NoteSkipped, match="changed since"):
        desk.undo()


def test_a_forced_undo_keeps_what_it_takes_away(desk: Desk) -> None:
    desk.save(b"mine")
    desk.write(b"ours")
    desk.save(b"later words")
    desk.undo(force=True)
    assert desk.path.read_bytes() == b"mine"
    (kept,) = (desk.state / "rescued").iterdir()
    assert kept.read_bytes() == b"later words"


def test_a_run_that_died_before_writing_does_not_block_undo(desk: Desk) -> None:
    desk.save(b"mine")
    desk.backups.keep(NAME, b"mine", b"never written", NOON)
    desk.write(b"ours")
    desk.undo()
    assert desk.path.read_bytes() == b"mine"


def test_undo_of_a_created_note_deletes_it(desk: Desk) -> None:
    desk.write(b"made by us")
    desk.undo()
    assert not desk.path.exists()


def test_undo_of_a_created_note_that_cannot_be_deleted_is_done_by_the_next_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(30, "Read-only file system")

    desk.write(b"ours")
    with monkeypatch.context() as patch, pytest.raises(NoteSkipped, match="cannot be deleted: Read-only"):
        patch.setattr(Path, "unlink", refuse)
        desk.undo()
    assert desk.path.exists()
    desk.undo()
    assert not desk.path.exists()


def test_an_index_that_cannot_be_read_is_not_taken_for_a_missing_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.save(b"mine")
    desk.write(b"one")

    def refuse(_: Path) -> bytes:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch, pytest.raises(NoteSkipped, match="Too many open files"):
        patch.setattr(Path, "read_bytes", refuse)
        desk.backups.keep(NAME, b"one", b"two", NOON)
    desk.undo()
    assert desk.path.read_bytes() == b"mine"


def test_undo_of_a_created_note_keeps_what_the_user_added(desk: Desk) -> None:
    desk.write(b"made by us")
    desk.save(b"made by us, then mine")
    with pytest.raises(NoteSkipped, match="changed since"):
        desk.undo()


def test_a_note_without_backup_is_named(desk: Desk) -> None:
    with pytest.raises(NoteSkipped, match="no backup"):
        desk.undo()


def test_after_undo_the_next_change_is_a_first_one_again(desk: Desk) -> None:
    desk.save(b"mine")
    desk.write(b"ours")
    desk.undo()
    os.utime(desk.path, (0, 0))
    desk.write(b"ours again")
    desk.undo()
    assert desk.path.read_bytes() == b"mine"


def test_notes_with_backups_are_listed(desk: Desk) -> None:
    desk.save(b"mine")
    desk.write(b"ours")
    assert desk.backups.notes() == [NAME]


@pytest.mark.parametrize(
    ("what", "why"), [("rotten", r"damaged\. Put a good copy"), ("gone", r"No such file.*\. Run again later")]
)
def test_a_backup_that_is_damaged_or_cannot_be_read_is_not_used(desk: Desk, what: str, why: str) -> None:
    desk.save(b"mine")
    desk.write(b"ours")
    (stored,) = desk.state.glob("backups/*/*.md")
    if what == "gone":
        stored.unlink()
    else:
        stored.write_bytes(b"rotten")
    with pytest.raises(NoteSkipped, match=why):
        desk.undo()
    assert desk.path.read_bytes() == b"ours"


def test_a_backup_that_cannot_be_written_stops_the_change(desk: Desk) -> None:
    desk.save(b"mine")
    desk.state.mkdir()
    (desk.state / "backups").write_text("in the way")
    with pytest.raises(NoteSkipped, match="backup cannot be written"):
        desk.write(b"ours")
    assert desk.path.read_bytes() == b"mine"


def test_a_state_folder_that_vanishes_after_the_bytes_were_kept_stops_the_change(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Made anew, the list of backups would be gone when the disk is back, and the note already changed."""
    real, away = files.write_private, desk.state.with_name("away")

    def vanishing(path: Path, data: bytes, **more: bool) -> None:
        real(path, data, **more)
        if path.suffix == ".md":
            desk.state.rename(away)

    monkeypatch.setattr(files, "write_private", vanishing)
    desk.save(b"mine")
    with pytest.raises(NoteSkipped, match="its backup cannot be written"):
        desk.write(b"ours")
    assert (desk.path.read_bytes(), desk.state.exists()) == (b"mine", False)


def test_a_note_deleted_since_comes_back_only_by_force(desk: Desk) -> None:
    desk.save(b"mine")
    desk.write(b"ours")
    desk.path.unlink()
    with pytest.raises(NoteSkipped, match=r"deleted or moved\. Use --force"):
        desk.undo()
    desk.undo(force=True)
    assert desk.path.read_bytes() == b"mine"
