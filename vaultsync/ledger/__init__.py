"""Every event once, for ever: what of each file was read, and the usage table of any range."""

from vaultsync.ledger.files import Batch, Files, FileState, Recorded, find
from vaultsync.ledger.lock import lock
from vaultsync.ledger.notes import NoteState
from vaultsync.ledger.prepared import Prepared, prepare
from vaultsync.ledger.rows import Usage
from vaultsync.ledger.store import Changes, Ledger
from vaultsync.ledger.stored import SessionSpan, SourceSpan, StoredEvent

__all__ = [
    "Batch",
    "Changes",
    "FileState",
    "Files",
    "Ledger",
    "NoteState",
    "Prepared",
    "Recorded",
    "SessionSpan",
    "SourceSpan",
    "StoredEvent",
    "Usage",
    "find",
    "lock",
    "prepare",
]
