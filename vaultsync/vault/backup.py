"""Keep the bytes a note had before our first change, and bring them back.

One folder per note, with plain files and an `index.json` that says what they are. The folder lies outside the
vault, beside the ledger.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from vaultsync.errors import NoteSkipped
from vaultsync.vault import files
from vaultsync.vault.note import Note, read
from vaultsync.vault.writer import Writer, Written


@dataclass(frozen=True, slots=True)
class Backup:
    """The state of a note before one change."""

    when: str
    """Instant of the change, ISO 8601."""
    file: str | None
    """Name in the note's folder; None: the note did not exist."""
    sha: str
    """SHA-256 of the bytes."""
    forced: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """What is kept of one note."""

    note: str
    """Path in the vault, with `/`."""
    backups: tuple[Backup, ...] = ()
    """Oldest first."""
    read: str = ""
    """SHA-256 of the bytes that the last change was made from."""
    written: str = ""
    """SHA-256 of what that change wrote."""
    touched: bool = False
    """Somebody else changed the note between two of our changes since the last backup."""


@dataclass(slots=True)
class Backups:
    """The backups of one vault's notes."""

    folder: Path
    _cache: dict[str, History] = field(default_factory=dict)

    def keep(self, name: str, old: bytes | None, new: bytes, when: datetime, *, forced: bool = False) -> None:
        """Record a change that is about to be made; keep the old bytes if it is the first or a forced one.

        Args:
            name: The note's path in the vault, with `/`.
            old: The bytes of before; None: the note does not exist.
            new: The bytes about to be written.
            when: Aware instant.

        Raises:
            NoteSkipped: The backup cannot be written; then the note must not be changed either.
        """
        try:
            self._keep(name, old, new, when, forced)
        except OSError as error:
            reason = f"its backup cannot be written: {error.strerror or error}."
            raise NoteSkipped(name, reason, files.advice(error)) from error

    def _keep(self, name: str, old: bytes | None, new: bytes, when: datetime, forced: bool) -> None:
        history = self.history(name)
        sha = _sha(old or b"")
        known = {history.read, history.written}
        if forced or not history.backups:
            file = None if old is None else self._store(name, old, when)
            backup = Backup(when.isoformat(timespec="seconds"), file, sha, forced)
            history = replace(history, backups=(*history.backups, backup), touched=False)
        elif sha not in known:
            history = replace(history, touched=True)
        self._save(replace(history, read=sha, written=_sha(new)))

    def history(self, name: str) -> History:
        """What is kept of a note; empty when nothing is, or when the index is damaged.

        Raises:
            OSError: The index is there and cannot be read.
        """
        if name not in self._cache:
            self._cache[name] = _load(self._index(name), name)
        return self._cache[name]

    def is_ours(self, name: str, data: bytes) -> bool:
        """Say whether the last change of a note was made from just these bytes, or wrote them.

        Args:
            name: Looked at first; a note that is reached by a link is known by the link's name.
        """
        sha = _sha(data)
        others = (_load(index, "") for index in self.folder.glob("*/index.json"))
        return any(sha in (each.read, each.written) for each in chain([self.history(name)], others))

    def notes(self) -> list[str]:
        """Paths of all notes that have a backup, sorted."""
        found = (_load(path, "") for path in self.folder.glob("*/index.json"))
        return sorted(history.note for history in found if history.backups)

    def before(self, name: str) -> bytes | None:
        """The bytes that `undo` would bring back; None: it would take the note away, for there was none.

        Raises:
            NoteSkipped: No backup, or a damaged one.
        """
        history = self.history(name)
        if not history.backups:
            raise NoteSkipped(
                name, "there is no backup of it.", "`vaultsync undo` lists the notes that have one."
            )
        return self._fetch(history, history.backups[-1])

    def undo(self, name: str, vault: Path, writer: Writer, *, force: bool = False) -> Written:
        """Bring a note back to the bytes it had before our last backed-up change, exactly.

        Args:
            force: Also when somebody changed the note since; those bytes are then kept in the state folder.

        Returns:
            What was done; unchanged when the note is as it was already.

        Raises:
            NoteSkipped: No backup, a damaged one, or a note that somebody changed since.
        """
        path, old, history = vault / name, self.before(name), self.history(name)
        last = history.backups[-1]
        if old is None:
            done = self._unmake(path, vault, history, writer, force)
        elif not path.exists():
            done = self._remake(path, history, old, writer, force)
        else:
            done = writer.update(path, lambda note: self._checked(note, history, old, writer, force))
        rest = replace(history, backups=history.backups[:-1], read="", written=last.sha, touched=False)
        try:
            self._save(rest)
        except OSError as error:
            reason = f"it is as it was before, but that cannot be noted: {error.strerror or error}."
            raise NoteSkipped(name, reason, files.advice(error)) from error
        return done

    def _checked(self, note: Note, history: History, old: bytes, writer: Writer, force: bool) -> bytes:
        if note.data == old:
            return old
        if history.touched or _sha(note.data) != history.written:
            if not force:
                raise NoteSkipped(
                    history.note,
                    "it was changed since vaultsync wrote it; undoing would take that away as well.",
                    "Use --force to do it; your version is kept.",
                )
            writer.saves.keep(note)
        return old

    def _unmake(self, path: Path, vault: Path, history: History, writer: Writer, force: bool) -> Written:
        """Delete a note that did not exist before."""
        if not path.exists():
            return Written(False, b"", b"")
        note = read(path, vault)
        self._checked(note, history, b"", writer, force)
        try:
            note.real.unlink(missing_ok=True)
        except OSError as error:
            reason = f"it cannot be deleted: {error.strerror or error}."
            raise NoteSkipped(history.note, reason, files.advice(error)) from error
        files.sync_folder(note.real.parent)
        return Written(True, note.data, b"")

    def _remake(self, path: Path, history: History, old: bytes, writer: Writer, force: bool) -> Written:
        """Make a note again that somebody deleted or moved; only where that is wanted."""
        if not force:
            raise NoteSkipped(history.note, "it was deleted or moved.", "Use --force to bring it back here.")
        return writer.create(path, old)

    def _home(self, name: str) -> Path:
        plain = re.sub(r"[^\w.-]+", "-", Path(name).stem)[:40].strip(".-") or "note"
        return self.folder / f"{plain}-{_sha(name.encode('utf-8', 'surrogateescape'))[:12]}"

    def _index(self, name: str) -> Path:
        return self._home(name) / "index.json"

    def _store(self, name: str, data: bytes, when: datetime) -> str:
        file = f"{when:%Y-%m-%dT%H%M%S}-{_sha(data)[:8]}{Path(name).suffix}"
        files.write_private(self._home(name) / file, data)
        return file

    def _fetch(self, history: History, backup: Backup) -> bytes | None:
        if backup.file is None:
            return None
        try:
            data = (self._home(history.note) / backup.file).read_bytes()
        except OSError as error:
            reason = f"its backup {backup.file} cannot be read: {error.strerror or error}."
            raise NoteSkipped(history.note, reason, files.advice(error)) from error
        if _sha(data) != backup.sha:
            reason = f"its backup {backup.file} is damaged."
            raise NoteSkipped(history.note, reason, "Put a good copy of it into its place.")
        return data

    def _save(self, history: History) -> None:
        if self._cache.get(history.note) == history:
            return
        text = json.dumps(asdict(history), ensure_ascii=False, indent=1)
        holds = any(backup.file for backup in history.backups)  # bytes that only this index leads to
        index = self._index(history.note)
        if holds and not index.parent.is_dir():  # never anew: its disk is gone, and the old bytes are on that
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        files.write_private(index, text.encode("utf-8", "surrogateescape"), sync=holds)
        self._cache[history.note] = history


def _load(index: Path, name: str) -> History:
    try:
        raw = json.loads(index.read_bytes())
        backups = tuple(Backup(**entry) for entry in raw.pop("backups"))
        return History(**raw, backups=backups)
    except (FileNotFoundError, ValueError, TypeError, KeyError, AttributeError):
        return History(name)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
