"""Look up what a session has used in the store that Copilot CLI keeps beside its sessions.

Odd facts of the format (public readers of versions 1.0.70 to 1.0.91, October 2026): each call of a model is a
row of `assistant_usage_events`, with its counts and credits, written when it ends; input holds the cached
tokens, output the reasoning. The sum at the end of a run tells the same, so only a run without one is looked
up: one that goes on, or was killed. Its `summary` of a session may be the first prompt and is not read.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vaultsync.collectors.agents.copilot.totals import Used
from vaultsync.collectors.agents.counts import counts_of, number
from vaultsync.collectors.agents.lines import name_of, time_of
from vaultsync.collectors.databases import columns, database
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.values import BadField
from vaultsync.model import TokenCounts

STORE = "session-store.db"
TABLE = "assistant_usage_events"
COUNTS = {
    "input": ("input_tokens",),
    "cache_read": ("cache_read_tokens",),
    "cache_write": ("cache_write_tokens",),
    "output": ("output_tokens",),
    "reasoning": ("reasoning_tokens",),
}
NEEDED = {"session_id", "model", "created_at", "input_tokens", "output_tokens"}
CREDITS = "total_nano_aiu"
SECOND = timedelta(seconds=1)
"""As exact as the times of some versions are."""


def used_since(
    session_file: Path, session: str, since: datetime, until: datetime | None = None
) -> dict[str, Used]:
    """Model -> what a session has used of it between two times; empty where the store does not tell.

    Args:
        session_file: The events of the session, beside which the store lies.
    """
    home = next((each.parent for each in session_file.parents if each.name == "session-state"), None)
    found: dict[str, Used] = {}
    if home is None or not (home / STORE).is_file():
        return found
    with suppress(OSError):
        for row in _rows(home / STORE, session):
            with suppress(BadField):
                model, when = name_of(row["model"]), time_of(row["created_at"], UTC)
                if model and since - SECOND <= when and (until is None or when < until):
                    found[model] = _sum(found.get(model, Used(TokenCounts())), row)
    return found


def _rows(path: Path, session: str) -> list[dict[str, Any]]:
    with database(Reader(LogFile.look(path))) as db:
        if db is not None and set(columns(db, TABLE)) >= NEEDED:
            return [
                dict(row) for row in db.execute(f"SELECT * FROM {TABLE} WHERE session_id = ?", (session,))
            ]
    return []


def _sum(before: Used, row: dict[str, Any]) -> Used:
    """Add a call.

    Raises:
        BadField: Its counts are absurd.
    """
    counts, credits = counts_of(row, COUNTS, "inclusive"), number(row.get(CREDITS), set()) or 0
    if counts is None:
        return before
    flags = tuple(sorted({*before.flags, *counts.flags}))
    return Used(before.tokens + counts.tokens, before.requests + 1, before.nano_credits + credits, flags)
