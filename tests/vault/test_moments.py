"""Whatever the moment in which somebody saves a note that is being written, no save is lost.

Each test is run again and again, and the save comes one call to the system later each time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.vault.conftest import LONG_AGO, note_at, posix
from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.files import Clock
from vaultsync.vault.writer import Writer

pytestmark = posix
CALLS = ("open", "stat", "fstat", "lstat", "fsync", "rename", "replace", "link", "unlink", "mkdir", "chmod")
LATER = 100.0
"""Seconds after which a replaced file is looked at again."""


class Desk:
    """A note, and a run that writes it."""

    def __init__(self, root: Path) -> None:
        self.vault, self.state = root / "vault", root / "state"
        self.vault.mkdir(parents=True)
        self.note = note_at(self.vault / "a.md", b"old\n")
        self.said: list[str] = []
        self.typed = [b"typed\n"]
        """What was saved, and must be somewhere in the end."""

    def writer(self, seconds: float = 0.0) -> Writer:
        return Writer(self.vault, self.state, Clock(lambda: LONG_AGO + 1000 + seconds, lambda _: None))

    def write(self) -> None:
        """Run; the file it replaces counts as put away long ago."""
        with self.writer() as writer:
            try:
                writer.update(self.note, lambda note: note.data.replace(b"ours\n", b"") + b"ours\n")
            except NoteSkipped as left:
                self.said.append(str(left))
        self.said += writer.saves.remarks
        for told in self.state.glob("replaced/*/*.json"):
            os.utime(told, (LONG_AGO + 1000, LONG_AGO + 1000))

    def look_again(self) -> None:
        with self.writer(LATER) as writer:
            writer.saves.look_again()
        self.said += writer.saves.remarks

    def has(self, typed: bytes) -> bool:
        """Is a save in the note, or in a file that was named?"""
        kept = [p for p in self.state.glob("rescued/*") if typed in p.read_bytes()]
        in_note = self.note.exists() and typed in self.note.read_bytes()
        return in_note or any(str(path) in said for path in kept for said in self.said)

    @property
    def left(self) -> list[str]:
        return sorted(path.name for path in self.vault.iterdir())


@contextmanager
def at(moment: int, act: Callable[[], None]) -> Iterator[list[int]]:
    """Let somebody act just before the call to the system of a number; the list says how many there were."""
    made: list[int] = []
    with pytest.MonkeyPatch.context() as patch:

        def hooked(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*given: Any, **named: Any) -> Any:
                made.append(1)
                if len(made) == moment + 1:
                    patch.undo()
                    act()
                return real(*given, **named)

            return call

        for name in CALLS:
            patch.setattr(os, name, hooked(getattr(os, name)))
        patch.setattr(files, "_rename", hooked(files._rename))
        patch.setattr(Path, "read_bytes", hooked(Path.read_bytes))
        yield made


class InPlace:
    """An editor that empties the file and writes it."""

    def __init__(self, note: Path) -> None:
        self.note = note

    def save(self, text: bytes) -> None:
        self.note.write_bytes(text)

    def close(self) -> None:
        pass


class Beside(InPlace):
    """An editor that writes another file and gives it the name."""

    def save(self, text: bytes) -> None:
        other = self.note.with_name(".a.md.swp")
        other.write_bytes(text)
        other.replace(self.note)


class Open(InPlace):
    """An editor that keeps the file open from before the run."""

    def __init__(self, note: Path) -> None:
        super().__init__(note)
        self.stream = note.open("r+b", buffering=0)

    def save(self, text: bytes) -> None:
        self.stream.truncate(0)
        self.stream.seek(0)
        self.stream.write(text)
        self.close()

    def close(self) -> None:
        self.stream.close()


def lost_in(root: Path, editor: type[InPlace], scene: Callable[[Desk], Callable[[], None]]) -> list[str]:
    """Let somebody save at each moment of a scene, one after the other, and list what was lost and when.

    Args:
        scene: Prepares a desk, and gives what is to be disturbed.
    """
    found: list[str] = []
    for moment in range(1000):
        desk = Desk(root / str(moment))
        person, there = editor(desk.note), list[bytes]()

        def save(desk: Desk = desk, person: InPlace = person, there: list[bytes] = there) -> None:
            there.append(desk.note.read_bytes())
            person.save(b"typed\n")

        play = scene(desk)
        with at(moment, save) as made:
            play()
        if not there:
            person.close()
            assert moment > 10
            return found
        desk.look_again()
        words = [word for word in desk.typed if word not in there[0]]  # else it was seen and saved over
        found += [f"{word!r} before call {moment} of {len(made)}" for word in words if not desk.has(word)]
        assert desk.left == ["a.md"]
    raise AssertionError("a run does not make so many calls")


def writing(desk: Desk) -> Callable[[], None]:
    return desk.write


def giving_back(desk: Desk) -> Callable[[], None]:
    late = Open(desk.note)
    desk.write()
    late.save(b"late\n")
    desk.typed.append(b"late\n")
    return desk.look_again


@pytest.mark.parametrize(
    ("scene", "editor"),
    [(writing, InPlace), (writing, Beside), (writing, Open), (giving_back, InPlace), (giving_back, Beside)],
)
def test_a_save_at_any_moment_survives(
    tmp_path: Path, editor: type[InPlace], scene: Callable[[Desk], Callable[[], None]]
) -> None:
    assert lost_in(tmp_path, editor, scene) == []


@pytest.mark.parametrize("scene", [writing, giving_back])
@pytest.mark.parametrize(("editor", "moments"), [(InPlace, 0), (Beside, 1)])
def test_where_names_cannot_be_swapped_there_is_one_moment_for_another_file_of_that_name(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    editor: type[InPlace],
    scene: Callable[[Desk], Callable[[], None]],
    moments: int,
) -> None:
    """Between the second name of the old file and the replacing, on a disk that cannot do both at once."""
    monkeypatch.setattr(files, "_rename_call", lambda: None)
    assert len(lost_in(tmp_path, editor, scene)) == moments
