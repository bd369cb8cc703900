"""What each note looked like when it was last written, so that a run with nothing to do need not open it."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

NOTE_COLUMNS = "kind, label, path, size, mtime_ns"


class NoteState(NamedTuple):
    """One note as last seen; never its text."""

    kind: str
    """`daily`, `weekly`, ..."""
    label: str
    """Label of its period."""
    path: str
    """Relative to the vault."""
    size: int
    mtime_ns: int


def note_row(note: NoteState) -> tuple[object, ...]:
    """The columns of a note."""
    return note.kind, note.label, os.fsencode(note.path), note.size, note.mtime_ns


def note_state(row: tuple[Any, ...]) -> NoteState:
    """A note from its columns."""
    kind, label, path, size, mtime_ns = row
    return NoteState(kind, label, os.fsdecode(path), size, mtime_ns)
