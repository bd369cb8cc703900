"""Write notes so that each is whole at every moment, and begin again when somebody saved meanwhile.

The order of steps keeps both promises: read, edit, write beside, look again, swap the names, look once more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType

from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.files import Clock, Stamp
from vaultsync.vault.note import NOTE_LIMIT, Note, NoteBusyError, is_in_cloud, missing, place, read, root_of
from vaultsync.vault.replaced import Replaced, Shelf, digest
from vaultsync.vault.saves import Saves

Edit = Callable[[Note], bytes]
"""The note as read -> its new bytes; called again when somebody saved meanwhile. May raise NoteSkipped."""
OnWrite = Callable[[Note | None, bytes], None]
"""Called just before bytes are written, with the note of before (None: it is new); the place for a backup."""


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one note."""

    changed: bool
    old: bytes
    new: bytes


@dataclass(slots=True)
class Writer:
    """Write notes of one vault, one after another; close it to clean up behind the last one.

    Use it under the run lock, as a context manager.
    """

    vault: Path
    state: Path
    """Folder outside the vault for files that may hold somebody's save."""
    clock: Clock
    settle_seconds: float = 2.0
    """A note younger than this may be half saved; also how long a replaced file is kept at least."""
    wait_seconds: float = 60.0
    """How long to wait for a note to rest; 0: not at all."""
    tries: int = 5
    is_ours: Callable[[Path, bytes], bool] = lambda path, data: False
    """Says of bytes of a note whether a run of ours read or wrote just these last; they are nobody's save."""
    saves: Saves = field(init=False)
    """Looks after the files that lose their names here."""
    _changed: set[Path] = field(default_factory=set)
    """Folders in which names changed; forced to the disk together."""

    def __post_init__(self) -> None:
        vault = os.fsencode(self.vault.resolve())
        shelf = Shelf(self.state / "replaced" / digest(vault)[:16])
        rescued = self.state / "rescued"
        settle, wait = self.settle_seconds, self.wait_seconds
        self.saves = Saves(shelf, rescued, self.clock, settle, wait, self.is_ours)

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(wait=kind is None)

    def update(self, path: Path, edit: Edit, on_write: OnWrite | None = None) -> Written:
        """Read a note, change it, write it; begin again when somebody saved meanwhile.

        Raises:
            NoteSkipped: The note is left as it was; the reason says why.
        """
        self.saves.sweep(path.parent)
        for _ in range(self.tries):
            note, new = self._prepare(path, edit)
            if new == note.data:
                return Written(False, note.data, new)
            if on_write:
                on_write(note, new)
            if self._guarded(path, partial(self._replace, note, new)):
                return Written(True, note.data, new)
        raise NoteBusyError(path, "it is being saved again and again.", "It is filled on the next run.")

    def _prepare(self, path: Path, edit: Edit) -> tuple[Note, bytes]:
        """Read and edit a note that rests; one that stays as it is need not rest."""
        waited = 0.0
        while True:
            left = 0.0
            try:
                note = read(path, self.vault)
                left = self._unrest(note)
                new = edit(note)
                if left <= 0 or new == note.data:
                    return note, new
            except NoteBusyError:
                left = self.settle_seconds
            except NoteSkipped:
                if left <= 0:
                    raise
            if waited + left > self.wait_seconds:
                raise NoteBusyError(path, "it was saved a moment ago.", "It is filled on the next run.")
            self.clock.sleep(left)
            waited += left

    def _unrest(self, note: Note) -> float:
        """Seconds until a note counts as resting; a time far in the future says nothing."""
        age = self.clock.now() - note.info.st_mtime
        return 0.0 if abs(age) >= self.settle_seconds else self.settle_seconds - max(age, 0.0)

    def create(self, path: Path, data: bytes, on_write: OnWrite | None = None) -> Written:
        """Make a note that does not exist, with its folders.

        Raises:
            NoteSkipped: Something is there, or appeared meanwhile; it is untouched.
        """
        real = place(path, self.vault)
        if not self.vault.is_dir():
            raise NoteSkipped(path, "the vault's folder is not there.", "Is its disk mounted?")
        if is_in_cloud(path):
            raise missing(path)
        if os.path.lexists(path) and not path.is_file():
            raise NoteSkipped(path, "something that is no file has this name.", "Move it away.")
        if path.exists():
            raise NoteSkipped(path, "something appeared under this name.", "Run again.")
        if on_write:
            on_write(None, data)
        self._guarded(path, partial(self._create, real, data))
        return Written(True, b"", data)

    def _create(self, real: Path, data: bytes) -> bool:
        files.make_folders(real.parent, root_of(self.vault))
        self.saves.begin(real.parent)
        temp = files.write_temp(real, data)
        try:
            files.put_new(temp, real)
        finally:
            files.discard(temp)
        self._changed.add(real.parent)
        return True

    def _guarded(self, path: Path, step: Callable[[], bool]) -> bool:
        """Run a step; errors of the system leave the note as it was and are named."""
        waited = 0.0
        while True:
            try:
                return step()
            except FileExistsError as error:
                raise NoteSkipped(path, "something appeared under this name.", "Run again.") from error
            except OSError as error:
                if sys.platform == "win32" and isinstance(error, PermissionError) and waited < 5:
                    self.clock.sleep(0.25)  # another program has the file open
                    waited += 0.25
                    continue
                reason = error.strerror or str(error)
                raise NoteSkipped(path, f"it cannot be written: {reason}.", files.advice(error)) from error

    def _replace(self, note: Note, new: bytes) -> bool:
        """Put new bytes in a note's place; False when somebody saved meanwhile."""
        files.check_writable(note.real, note.info)
        if note.info.st_nlink > 1:  # written in place, it would be torn by a kill; replaced, they would part
            reason = "it has several names (hard links), which only a write in place would keep together."
            raise NoteSkipped(note.path, reason, "Make the others symbolic links, or copies.")
        self.saves.begin(note.real.parent)
        temp = files.write_temp(note.real, new, note.info)
        try:
            if not self._is_as_read(note):
                return False
            kept = files.put_over(temp, note.real)
        finally:
            files.discard(temp)
        self._changed.add(note.real.parent)
        if kept and not self._came_out(kept, note, new):
            return False
        return files.bytes_of(note.real) == new

    def _is_as_read(self, note: Note) -> bool:
        try:
            found = files.read_stamped(note.real, NOTE_LIMIT)
        except FileNotFoundError:
            return False
        return found is not None and found[0] == note.data and Stamp.of(found[1]) == Stamp.of(note.info)

    def _came_out(self, kept: Path, note: Note, new: bytes) -> bool:
        """Compare the file that was replaced with what was read; a save that came between goes back."""
        replaced = Replaced(kept, note.path, note.real, digest(note.data), digest(new))
        if files.bytes_of(kept) != note.data:
            self.saves.give_back(replaced)
            return False
        self.saves.put(replaced)
        return True

    def close(self, *, wait: bool = True) -> None:
        """Force new names to the disk; leave no replaced file in the vault."""
        while self._changed:
            files.sync_folder(self._changed.pop())
        self.saves.close(wait=wait)
