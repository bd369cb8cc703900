"""What became of all that was read, as far as its files are still there."""

from __future__ import annotations

from pathlib import Path

from vaultsync.ledger import Ledger
from vaultsync.model import Intake
from vaultsync.sync.read import is_there


def intake(ledger: Ledger) -> Intake:
    """The books of reading; of files that are gone nothing is pending or rejected."""
    found = ledger.intake()
    gone = {path for path in {*found.pending, *(Path(i.path) for i in found.rejected)} if not _is_there(path)}
    pending = tuple(path for path in found.pending if path not in gone)
    return found._replace(pending=pending, rejected=tuple(i for i in found.rejected if i.path not in gone))


def rejected_lines(ledger: Ledger) -> dict[Path, int]:
    """Log files that are still there, with the number of their lines that do not count."""
    return {path: count for path, count in ledger.rejected_lines().items() if is_there(path)}


def _is_there(path: Path) -> bool:
    """True for a link that leads nowhere, too: it is what cannot be read."""
    return path.is_symlink() or is_there(path)
