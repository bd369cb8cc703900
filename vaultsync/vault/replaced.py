"""Keep the file that lost its name to a note's new text, until nobody can be writing into it any more.

An editor that had the note open may still save into the old file. So that file itself is moved out of the
vault, not a copy of it, and a later run compares it once more. What is told of it is not forced to the disk:
after a power failure nobody has the file open, and its name alone says what it held.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vaultsync.private import open_private, private_folder
from vaultsync.vault import files

_NAME = re.compile(r"(?P<old>[0-9a-f]{32})\.[0-9a-f]{8}")
_TOLD = ".json"
_FOLDER = ".folder"


def digest(data: bytes | None) -> str:
    """What tells bytes apart in a name; empty for none."""
    return "" if data is None else hashlib.sha256(data).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Replaced:
    """A file that lost its name to a note's new text."""

    kept: Path
    """Where it is now."""
    note: Path
    """The note, as asked for; where that is known no longer: the file itself."""
    real: Path
    """The note after all links."""
    old: str
    """Digest of the bytes that it had."""
    new: str
    """Digest of the bytes that took its place."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder of such files, on the disk of the vault but outside it."""

    folder: Path

    def put(self, replaced: Replaced) -> bool:
        """Take a file out of the vault; False where it stays, for the folder is on another disk."""
        place = self.folder / f"{replaced.old}.{secrets.token_hex(4)}"
        told = {"note": str(replaced.note), "real": str(replaced.real), "new": replaced.new}
        with suppress(OSError):
            self._write(_told(place).name, json.dumps(told).encode())
            if files.move(replaced.kept, place):
                return True
        files.discard(_told(place))
        return False

    def _write(self, name: str, data: bytes) -> None:
        """Write a file of a new name; half of one, after a kill, is told by what is missing beside it."""
        private_folder(self.folder)
        with open(open_private(self.folder / name, os.O_WRONLY), "wb") as stream:  # noqa: PTH123
            stream.write(data)

    def rested(self, now: float, settle: float, lead: float) -> Iterator[Replaced]:
        """Files that were put here long enough ago.

        Args:
            now: Seconds since 1970.
            settle: Seconds that make long enough.
            lead: How many seconds a file may be younger than `now`, for a run waits for the one before it;
                beyond that its time says nothing.
        """
        for place in sorted(self.folder.glob("*")) if self.folder.is_dir() else ():
            if place.suffix == _TOLD and not place.with_suffix("").exists():
                files.discard(place)  # of a run that died before it moved the file, or after it gave it back
                continue
            age = now - _time_of(_told(place), default=now - settle)
            match = _NAME.fullmatch(place.name)
            if match and not -lead <= age < settle:
                yield _read(place, match["old"])

    def tidy(self, replaced: Replaced) -> None:
        """Delete what is told of a file, once it is no longer here."""
        if not replaced.kept.exists():
            files.discard(_told(replaced.kept))

    @property
    def is_empty(self) -> bool:
        """True when no file waits to be compared."""
        return not self.folder.is_dir() or not any(_NAME.fullmatch(p.name) for p in self.folder.iterdir())

    # --- folders of the vault in which a run may have left something ---

    def begin(self, folder: Path) -> None:
        """Note that a run writes in a folder, so that the next one looks there if this one dies."""
        path = os.fsencode(folder)
        with suppress(OSError):  # then what is left lies there until somebody writes in that folder again
            self._write(digest(path) + _FOLDER, path)

    def begun(self) -> list[Path]:
        """Folders in which runs wrote that did not come to an end."""
        found = []
        for mark in sorted(self.folder.glob(f"*{_FOLDER}")) if self.folder.is_dir() else ():
            with suppress(OSError):
                path = mark.read_bytes()
                if digest(path) == mark.stem:
                    found.append(Path(os.fsdecode(path)))
                else:
                    files.discard(mark)  # half a name: nothing was written there yet
        return found

    def end(self, folder: Path) -> None:
        """Note that nothing is left in a folder."""
        files.discard(self.folder / (digest(os.fsencode(folder)) + _FOLDER))


def _told(place: Path) -> Path:
    return place.with_name(place.name + _TOLD)


def _time_of(path: Path, default: float) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return default


def _read(place: Path, old: str) -> Replaced:
    try:
        told = json.loads(_told(place).read_bytes())
        return Replaced(place, Path(told["note"]), Path(told["real"]), old, told["new"])
    except (OSError, ValueError, TypeError, KeyError):
        return Replaced(place, place, place, old, "")
