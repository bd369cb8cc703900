"""What each note looked like when it was last written, so that a run with nothing to do need not open it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class NoteState:
    """One note as last seen; never its text."""

    path: str
    """Relative to the vault."""
    kind: str
    """`daily`, `weekly`, ..., `dashboard`."""
    label: str
    """Label of its period; empty for the dashboard."""
    size: int
    mtime_ns: int
    digest: str
    """Of what the section shows."""


def note_row(note: NoteState) -> tuple[object, ...]:
    """The columns of a note."""
    return os.fsencode(note.path), note.kind, note.label, note.size, note.mtime_ns, note.digest


def note_state(row: tuple[Any, ...]) -> NoteState:
    """A note from its columns."""
    return NoteState(os.fsdecode(row[0]), *row[1:])
