"""Every event once, for ever: what of each file was read, and the usage table of any range.

Each name is loaded when it is first asked for: a command that only reads the books needs nothing that writes.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaultsync.ledger.copies import replace as replace
    from vaultsync.ledger.copies import restore as restore
    from vaultsync.ledger.copies import take_over as take_over
    from vaultsync.ledger.copies import vacuum as vacuum
    from vaultsync.ledger.copies import verify as verify
    from vaultsync.ledger.files import Batch as Batch
    from vaultsync.ledger.files import Files as Files
    from vaultsync.ledger.files import FileState as FileState
    from vaultsync.ledger.files import Recorded as Recorded
    from vaultsync.ledger.files import find as find
    from vaultsync.ledger.health import Damage as Damage
    from vaultsync.ledger.locking import lock as lock
    from vaultsync.ledger.notes import NoteState as NoteState
    from vaultsync.ledger.opening import REMEDY as REMEDY
    from vaultsync.ledger.opening import free_name as free_name
    from vaultsync.ledger.opening import prove as prove
    from vaultsync.ledger.prepared import Prepared as Prepared
    from vaultsync.ledger.prepared import prepare as prepare
    from vaultsync.ledger.rows import Usage as Usage
    from vaultsync.ledger.salvage import Salvaged as Salvaged
    from vaultsync.ledger.salvage import save_events as save_events
    from vaultsync.ledger.store import Changes as Changes
    from vaultsync.ledger.store import Ledger as Ledger
    from vaultsync.ledger.stored import SessionSpan as SessionSpan
    from vaultsync.ledger.stored import SourceSpan as SourceSpan
    from vaultsync.ledger.stored import StoredEvent as StoredEvent
    from vaultsync.ledger.tellers import regain as regain
    from vaultsync.ledger.tellings import HiddenDay as HiddenDay

NAMES = {
    "copies": "replace restore take_over vacuum verify",
    "files": "Batch Files FileState Recorded find",
    "health": "Damage",
    "locking": "lock",
    "notes": "NoteState",
    "opening": "REMEDY free_name prove",
    "prepared": "Prepared prepare",
    "tellers": "regain",
    "rows": "Usage",
    "salvage": "Salvaged save_events",
    "store": "Changes Ledger",
    "stored": "SessionSpan SourceSpan StoredEvent",
    "tellings": "HiddenDay",
}
"""File in this package and the names that are at home there."""
_HOMES = {name: file for file, names in NAMES.items() for name in names.split()}

if not TYPE_CHECKING:  # a type checker reads the imports above, and notices names that are not there

    def __getattr__(name: str) -> object:
        """Load a name from its file."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"vaultsync.ledger.{_HOMES[name]}"), name)
        return value
