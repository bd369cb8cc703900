"""Find what the user saved into files that runs replaced or left behind, and give it back or keep it.

Such a file may hold the user's last save: none is deleted before it was compared.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.files import Clock
from vaultsync.vault.note import Note
from vaultsync.vault.replaced import Replaced, Shelf, digest

_TEMP = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}" + re.escape(files.TEMP_END))
_PART = re.compile(r"\..+\.[0-9a-f]{8}" + re.escape(files.PART_END))


@dataclass(slots=True)
class Saves:
    """Look after the files of one vault that may hold a save of the user; close it at the end of the run."""

    shelf: Shelf
    """Where replaced files wait."""
    rescued: Path
    """Folder outside the vault for saves that came too late to be given back."""
    clock: Clock
    settle_seconds: float
    """How long a replaced file is kept at least."""
    wait_seconds: float
    """How long a run may have waited for the one before it."""
    is_ours: Callable[[Path, bytes], bool]
    """Says of bytes of a note whether a run of ours read or wrote just these last; they are nobody's save."""
    remarks: list[str] = field(default_factory=list)
    """What the user should hear: where a rescued file lies."""
    _replaced: list[Replaced] = field(default_factory=list)
    """Files that could not leave the vault; to be compared and deleted before the run ends."""
    _swept: set[Path] = field(default_factory=set)
    _begun: set[Path] = field(default_factory=set)
    """Folders in which something would lie about, if this run died."""

    @property
    def is_done(self) -> bool:
        """True when no file of an earlier run waits to be looked at again."""
        return self.shelf.is_empty

    def look_again(self) -> None:
        """Clear what runs that died left in the vault; compare once more what earlier runs replaced.

        What was saved into one of them since goes back.
        """
        for folder in self.shelf.begun():
            self.sweep(folder)
            self.shelf.end(folder)
        for replaced in self.shelf.rested(self.clock.now(), self.settle_seconds, self.wait_seconds):
            self._compare(replaced)
            self.shelf.tidy(replaced)

    def _compare(self, replaced: Replaced) -> None:
        """Delete a replaced file that is as it was read; else a person's save is in it."""
        data = files.bytes_of(replaced.kept)
        if digest(data) == replaced.old:
            files.discard(replaced.kept)
        elif data is not None:
            self.remarks.append(f"{replaced.note}: it was saved while it was written; that save is kept.")
            with suppress(OSError):  # then it stays where it is, and the next run finds it there
                self.give_back(replaced)

    def give_back(self, replaced: Replaced) -> None:
        """Give the name back to the user's save; where that is too late, keep it in the state folder."""
        kept, real = replaced.kept, replaced.real
        self.begin(real.parent)
        if not replaced.new or digest(files.bytes_of(real)) != replaced.new:
            self._rescue(kept, real)
        elif ours := files.take_name(kept, real):
            if digest(files.bytes_of(ours)) == replaced.new:
                files.discard(ours)
            else:
                self._rescue(ours, real)
        files.sync_folder(real.parent)

    def put(self, replaced: Replaced) -> None:
        """Take over a file that lost its name to a note's new text."""
        if not self.shelf.put(replaced):
            self._replaced.append(replaced)

    def begin(self, folder: Path) -> None:
        """Note that this run writes in a folder, so that the next one looks there if this one dies."""
        if folder not in self._begun:
            self._begun.add(folder)
            self.shelf.begin(folder)

    def close(self, *, wait: bool = True) -> None:
        """Leave no replaced file in the vault.

        Where the state folder is on another disk, they could not leave it: they are compared once more after
        the settle time, then deleted.
        """
        if self._replaced and wait:
            self.clock.sleep(self.settle_seconds)
        while self._replaced:
            self._compare(self._replaced.pop())
        while self._begun and wait:  # else the run may have been stopped between any two steps
            self.shelf.end(self._begun.pop())

    def sweep(self, folder: Path) -> None:
        """Clear temp files of runs that died; what may be a save of the user's goes to the state folder."""
        if folder in self._swept:
            return
        self._swept.add(folder)
        live = {replaced.kept for replaced in self._replaced}
        for temp in _hidden_in(folder):
            match = _TEMP.fullmatch(temp.name)
            if _PART.fullmatch(temp.name):
                files.discard(temp)
            elif match and temp not in live:
                self._clear(temp, folder / match["name"])

    def _clear(self, temp: Path, note: Path) -> None:
        """Delete a temp file that holds nothing of its own; one that cannot be read or kept stays."""
        data = files.bytes_of(temp)
        if data is None:
            return
        try:
            if data in (b"", files.bytes_of(note)) or self.is_ours(note, data):
                files.discard(temp)
            else:
                self._rescue(temp, note)
        except OSError as error:
            reason = error.strerror or str(error)
            self.remarks.append(f"{note}: another version of it, {temp}, cannot be put away: {reason}.")

    def _rescue(self, found: Path, note: Path) -> None:
        """Move a file that may hold a save of the user to the state folder, and say so."""
        data = files.bytes_of(found)
        if data is not None:
            self._store(note, data)
            files.discard(found)

    def keep(self, note: Note) -> None:
        """Keep a note's bytes in the state folder before they are given up, and say where.

        Raises:
            NoteSkipped: They cannot be kept.
        """
        try:
            self._store(note.real, note.data)
        except OSError as error:
            reason = f"your version of it cannot be kept: {error.strerror or error}."
            raise NoteSkipped(note.path, reason, files.advice(error)) from error

    def _store(self, note: Path, data: bytes) -> None:
        name = f"{note.stem[:60]}.{hashlib.sha256(data).hexdigest()[:8]}{note.suffix}"
        target = self.rescued / name
        files.write_private(target, data)
        self.remarks.append(f"{note}: another version of this note is kept as {target}.")


def _hidden_in(folder: Path) -> list[Path]:
    """Files that runs of ours left in a folder, sorted; none where it is out of reach."""
    try:
        return sorted(folder.glob(".*.vaultsync.*"))
    except OSError:
        return []
