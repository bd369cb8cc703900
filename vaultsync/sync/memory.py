"""Where a run keeps what it could find out again: in `cache` beside the ledger, and only there."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from vaultsync.errors import LedgerError
from vaultsync.ledger import prove
from vaultsync.settings import Settings


def cache(settings: Settings) -> Path | None:
    """The folder; None where there is no ledger, or something that was named one by mistake."""
    with suppress(LedgerError):
        if prove(settings.ledger):
            return settings.state / "cache"
    return None
