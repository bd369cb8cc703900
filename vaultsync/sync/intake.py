"""What became of all that was read: how much counted, what waits, which lines and files were rejected."""

from __future__ import annotations

from pathlib import Path

from vaultsync.collectors.packing import PACKED
from vaultsync.ledger import FileState, Ledger
from vaultsync.model import Intake, Issue
from vaultsync.sync.read import is_there


def intake(ledger: Ledger) -> Intake:
    """The books of reading, of all files that were ever read; of those that are gone nothing is rejected."""
    counted, duplicate = ledger.sightings()
    files = ledger.files().values()
    pending = sum(is_held(state) and bool(state.path and is_there(state.path)) for state in files)
    rejected = tuple(issue for issues in _rejected(ledger).values() for issue in issues)
    return Intake(counted, duplicate, pending, rejected)


def is_held(state: FileState) -> bool:
    """True where a last line waits, for it may still be being written."""
    return state.offset < state.size and not (state.path_bytes or b"").endswith(_PACKED)


def rejected_lines(ledger: Ledger) -> dict[str, int]:
    """Log files that were read and are still there, with the number of their lines that do not count."""
    files, found = ledger.files(), _rejected(ledger).items()
    return {str(file): sum(issue.lines for issue in issues) for file, issues in found if str(file) in files}


def _rejected(ledger: Ledger) -> dict[Path, list[Issue]]:
    """What does not count of files that are still there."""
    return {file: issues for file, issues in ledger.rejected().items() if _is_there(file)}


def _is_there(path: Path) -> bool:
    return path.is_symlink() or is_there(path)


_PACKED = tuple(ending.encode() for ending in PACKED)
