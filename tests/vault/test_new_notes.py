"""A new note is made whole, where it belongs, and never over something that is there."""

import os
from pathlib import Path

import pytest

from tests.vault.conftest import names, note_at, posix
from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.note import Note
from vaultsync.vault.writer import Writer


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
