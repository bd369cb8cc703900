"""A note is read whole; what is no note is named and left alone."""

import os
from pathlib import Path

import pytest

from tests.vault.conftest import note_at, posix
from vaultsync.errors import NoteSkipped
from vaultsync.vault.note import NOTE_LIMIT, read


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


def test_a_file_that_is_too_large_for_a_note_is_not_read(vault: Path) -> None:
    os.truncate(note_at(vault / "a.md"), NOTE_LIMIT + 1)
    with pytest.raises(NoteSkipped, match=r"too large for a note\. Make it shorter"):
        read(vault / "a.md", vault)


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
    with pytest.raises(NoteSkipped, match=r"hidden folder.*Name another"):
        read(note_at(vault / ".trash" / "a.md"), vault)
