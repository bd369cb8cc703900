"""Read and write one note as bytes, so that it is whole at every moment and no save of the user is lost.

The order of steps is that of RELIABILITY section 3. Nothing here knows what a section is.
"""

from __future__ import annotations

import difflib
import errno
import hashlib
import os
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType

from vaultsync.errors import NoteSkipped
from vaultsync.text import no_file_name
from vaultsync.vault import files
from vaultsync.vault.files import Clock, Stamp
from vaultsync.vault.replaced import Replaced, Shelf, digest

NOTE_LIMIT = 64 * 1024 * 1024
"""Bytes; a larger file is not a note that a person edits."""
Edit = Callable[["Note"], bytes]
"""The note as read -> its new bytes; called again when somebody saved meanwhile. May raise NoteSkipped."""
OnWrite = Callable[["Note | None", bytes], None]
"""Called just before bytes are written, with the note of before (None: it is new); the place for a backup."""
_TEMP = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}" + re.escape(files.TEMP_END))
_PART = re.compile(r"\..+\.[0-9a-f]{8}" + re.escape(files.PART_END))


class NoteBusyError(NoteSkipped):
    """The note was saved a moment ago, or again and again; come back later."""


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it was when it was read."""

    path: Path
    """As asked for."""
    real: Path
    """After all links."""
    data: bytes
    text: str
    """The same, decoded; a byte-order mark and every line end are kept."""
    info: os.stat_result


@dataclass(frozen=True, slots=True)
class Written:
    """What became of one note."""

    changed: bool
    old: bytes
    new: bytes


# --- reading -----------------------------------------------------------------------------------


def place(path: Path, vault: Path) -> Path:
    """Resolve a note's path.

    Returns:
        The path after all links, whether or not something is there.

    Raises:
        NoteSkipped: It lies outside the vault or in a hidden folder, or it cannot be the name of a file.
    """
    below = path.relative_to(vault).parts if path.is_relative_to(vault) else ()
    for why in filter(None, map(no_file_name, below)):
        raise NoteSkipped(path, f"a part of its path {why}.", "Name the note or its folder differently.")
    try:
        root, real = _root(vault), path.resolve()
    except (OSError, RuntimeError) as error:
        raise NoteSkipped(path, "its links lead in a circle.", "Remove one of them.") from error
    if not real.is_relative_to(root):
        raise NoteSkipped(path, f"it leads out of the vault, to {real}.", "Only notes inside are written.")
    if any(part.startswith(".") for part in (*real.relative_to(root).parts, *below)):
        raise NoteSkipped(path, "it lies in a hidden folder, which Obsidian does not show.")
    return real


@lru_cache(maxsize=8)
def _root(vault: Path) -> Path:
    """The vault's folder after all links, which are not followed anew for each note."""
    return vault.resolve()


def read(path: Path, vault: Path) -> Note:
    """Read a note that somebody may be saving at this moment.

    Raises:
        NoteSkipped: Not there, in the cloud, not a file, outside the vault, not UTF-8, in a git conflict.
        NoteBusyError: It changed while it was read.
    """
    real = place(path, vault)
    try:
        found = files.read_stamped(real, NOTE_LIMIT)
    except FileNotFoundError as error:
        raise missing(path) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise NoteSkipped(path, f"it cannot be read: {reason}.", files.advice(error)) from error
    if found is None:
        raise NoteBusyError(path, "it changed while it was read.", "Run again later.")
    data, info = found
    return Note(path, real, data, decode(data, path), info)


def missing(path: Path) -> NoteSkipped:
    """The reason why a note is not there: never made, or only in the cloud."""
    if is_in_cloud(path):
        return NoteSkipped(path, "it is in iCloud, not on this disk.", "Open it once to download it.")
    return NoteSkipped(path, "there is no such note.", "Create it in Obsidian; it is filled on the next run.")


def is_in_cloud(path: Path) -> bool:
    """True when iCloud left only a placeholder of the note."""
    return path.with_name(f".{path.name}.icloud").exists()


def decode(data: bytes, path: Path | str) -> str:
    """Decode a note.

    Raises:
        NoteSkipped: Not UTF-8, line ends of old Macs, or lines that git left in a conflict.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = f"0x{data[error.start]:02x}"
        raise NoteSkipped(path, f"it is not UTF-8 (byte {byte}).", "Save it as UTF-8.", line) from error
    if 3 * data.count(b"\0") > len(data):
        raise NoteSkipped(path, "it looks like UTF-16.", "Save it as UTF-8.")
    if lone := re.search(r"\r(?!\n)", text):
        line = text.count("\n", 0, lone.start()) + 1
        raise NoteSkipped(path, "a line ends in a lone carriage return.", "Save it with LF or CRLF.", line)
    if conflict := _find_conflict(data):
        raise NoteSkipped(path, "it holds a merge conflict of git.", "Resolve it first.", conflict)
    return text


def _find_conflict(data: bytes) -> int | None:
    """Line of a `<<<<<<<` that a `>>>>>>>` follows."""
    if b"<<<<<<<" not in data or b">>>>>>>" not in data:
        return None
    begun = None
    for number, line in enumerate(data.split(b"\n"), 1):
        if re.match(rb"<{7}(?: |\r?$)", line):
            begun = begun or number
        elif begun and re.match(rb">{7}(?: |\r?$)", line):
            return begun
    return None


# --- writing -----------------------------------------------------------------------------------


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
    remarks: list[str] = field(default_factory=list)
    """What the user should hear: where a rescued file lies."""
    _replaced: list[Replaced] = field(default_factory=list)
    """Files that could not leave the vault; to be compared and deleted before the run ends."""
    _swept: set[Path] = field(default_factory=set)
    _changed: set[Path] = field(default_factory=set)
    """Folders in which names changed; forced to the disk together."""
    _begun: set[Path] = field(default_factory=set)
    """Folders in which something would lie about, if this run died."""

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
        self.sweep(path.parent)
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
        files.make_folders(real.parent, _root(self.vault))
        self._begin(real.parent)
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
        if not note.info.st_mode & 0o222:
            raise PermissionError(errno.EACCES, "the file is read-only")
        if note.info.st_nlink > 1:  # written in place, it would be torn by a kill; replaced, they would part
            reason = "it has several names (hard links), which only a write in place would keep together."
            raise NoteSkipped(note.path, reason, "Make the others symbolic links, or copies.")
        self._begin(note.real.parent)
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
        return _bytes_of(note.real) == new

    def _is_as_read(self, note: Note) -> bool:
        try:
            found = files.read_stamped(note.real, NOTE_LIMIT)
        except FileNotFoundError:
            return False
        return found is not None and found[0] == note.data and Stamp.of(found[1]) == Stamp.of(note.info)

    def _came_out(self, kept: Path, note: Note, new: bytes) -> bool:
        """Compare the file that was replaced with what was read; a save that came between goes back."""
        replaced = Replaced(kept, note.path, note.real, digest(note.data), digest(new))
        if _bytes_of(kept) != note.data:
            self._give_back(replaced)
            return False
        if not self._shelf.put(replaced):
            self._replaced.append(replaced)
        return True

    @property
    def _shelf(self) -> Shelf:
        vault = os.fsencode(self.vault.resolve())
        return Shelf(self.state / "replaced" / digest(vault)[:16])

    @property
    def is_done(self) -> bool:
        """True when no file of an earlier run waits to be looked at again."""
        return self._shelf.is_empty

    def look_again(self) -> None:
        """Clear what runs that died left in the vault; compare once more what earlier runs replaced.

        What was saved into one of them since goes back.
        """
        for folder in self._shelf.begun():
            self.sweep(folder)
            self._shelf.end(folder)
        for replaced in self._shelf.rested(self.clock.now(), self.settle_seconds, self.wait_seconds):
            self._compare(replaced)
            self._shelf.tidy(replaced)

    def _compare(self, replaced: Replaced) -> None:
        """Delete a replaced file that is as it was read; else a person's save is in it."""
        data = _bytes_of(replaced.kept)
        if digest(data) == replaced.old:
            files.discard(replaced.kept)
        elif data is not None:
            self.remarks.append(f"{replaced.note}: it was saved while it was written; that save is kept.")
            with suppress(OSError):  # then it stays where it is, and the next run finds it there
                self._give_back(replaced)

    def _give_back(self, replaced: Replaced) -> None:
        """Give the name back to the user's save; where that is too late, keep it in the state folder."""
        kept, real = replaced.kept, replaced.real
        self._changed.add(real.parent)
        if not replaced.new or digest(_bytes_of(real)) != replaced.new:
            self._rescue(kept, real)
        elif files.exchange(kept, real):
            if digest(_bytes_of(kept)) == replaced.new:
                files.discard(kept)
            else:
                self._rescue(kept, real)
        else:
            kept.replace(real)

    def close(self, *, wait: bool = True) -> None:
        """Force new names to the disk; leave no replaced file in the vault.

        Where the state folder is on another disk, they could not leave it: they are compared once more after
        the settle time, then deleted.
        """
        while self._changed:
            files.sync_folder(self._changed.pop())
        if self._replaced and wait:
            self.clock.sleep(self.settle_seconds)
        while self._replaced:
            self._compare(self._replaced.pop())
        while self._begun and wait:  # else the run may have been stopped between any two steps
            self._shelf.end(self._begun.pop())

    def _begin(self, folder: Path) -> None:
        if folder not in self._begun:
            self._begun.add(folder)
            self._shelf.begin(folder)

    def sweep(self, folder: Path) -> None:
        """Clear temp files of runs that died; what may be a save of the user's goes to the state folder."""
        if folder in self._swept or not folder.is_dir():
            return
        self._swept.add(folder)
        live = {replaced.kept for replaced in self._replaced}
        for temp in sorted(folder.glob(".*.vaultsync.*")):
            match = _TEMP.fullmatch(temp.name)
            if _PART.fullmatch(temp.name):
                files.discard(temp)
            elif match and temp not in live:
                self._clear(temp, folder / match["name"])

    def _clear(self, temp: Path, note: Path) -> None:
        """Delete a temp file that holds nothing of its own; one that cannot be read or kept stays."""
        data = _bytes_of(temp)
        if data is None:
            return
        try:
            if data in (b"", _bytes_of(note)) or self.is_ours(note, data):
                files.discard(temp)
            else:
                self._rescue(temp, note)
        except OSError as error:
            reason = error.strerror or str(error)
            self.remarks.append(f"{note}: another version of it, {temp}, cannot be put away: {reason}.")

    def _rescue(self, found: Path, note: Path) -> None:
        """Move a file that may hold a save of the user to the state folder, and say so."""
        data = _bytes_of(found)
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
        target = self.state / "rescued" / name
        files.write_private(target, data)
        self.remarks.append(f"{note}: another version of this note is kept as {target}.")


def _bytes_of(path: Path) -> bytes | None:
    """Bytes of a regular file, or None."""
    try:
        return path.read_bytes() if path.is_file() else None
    except OSError:
        return None


# --- showing -----------------------------------------------------------------------------------


def diff(old: bytes, new: bytes, name: str) -> str:
    """A unified diff of two states of a note, as `diff -u` writes it; empty when they are equal.

    Args:
        name: The note's path in the vault.
    """
    before, after = (data.decode("utf-8", "replace").split("\n") for data in (old, new))
    lines = difflib.unified_diff(_marked(before), _marked(after), f"a/{name}", f"b/{name}", lineterm="")
    return "".join(line.replace("\r", "") + "\n" for line in lines)


def _marked(lines: list[str]) -> list[str]:
    """Lines without an empty last one; a last line without an end says so."""
    if not lines[-1]:
        return lines[:-1]
    return [*lines[:-1], lines[-1] + "\n\\ No newline at end of file"]
