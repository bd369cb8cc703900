"""Find one note and read it whole, as bytes, or say why it is left alone; no word of sections here."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from vaultsync.errors import NoteSkipped
from vaultsync.text import no_file_name
from vaultsync.vault import files

NOTE_LIMIT = 64 * 1024 * 1024
"""Bytes; a larger file is not a note that a person edits."""


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
        root, real = root_of(vault), path.resolve()
    except (OSError, RuntimeError) as error:
        raise NoteSkipped(path, "its links lead in a circle.", "Remove one of them.") from error
    if not real.is_relative_to(root):
        raise NoteSkipped(path, f"it leads out of the vault, to {real}.", "Only notes inside are written.")
    if any(part.startswith(".") for part in (*real.relative_to(root).parts, *below)):
        reason = "it lies in a hidden folder, which Obsidian does not show."
        raise NoteSkipped(path, reason, "Name another folder under `notes:`.")
    return real


@lru_cache(maxsize=8)
def root_of(vault: Path) -> Path:
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
    placeholder = f".{path.name}.icloud"
    return not no_file_name(placeholder) and path.with_name(placeholder).exists()


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
