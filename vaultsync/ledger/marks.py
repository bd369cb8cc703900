"""What a transaction changed, noted once before it ends: check sums, figures to sum anew, what to settle."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from vaultsync.ledger.queries import INTERVAL, select_in, touch
from vaultsync.ledger.seals import Seals


class Marks:
    """Grows while a transaction lasts. A mark too many is harmless: what it marks is only looked at again.

    The seals are exact: each change is added once.
    """

    __slots__ = ("intervals", "labels", "seals", "sessions")

    def __init__(self) -> None:
        self.intervals: set[int] = set()
        """Quarter-hours since 1970, UTC."""
        self.labels: set[int] = set()
        """Labels whose sessions and agents want settling."""
        self.sessions: set[int] = set()
        self.seals = Seals()

    def touch(self, times: Iterable[int]) -> None:
        """Note that the figures at some instants changed."""
        self.intervals.update({at // INTERVAL for at in times})

    def join(self, other: Marks) -> None:
        """Take over what another one noted."""
        self.intervals |= other.intervals
        self.labels |= other.labels
        self.sessions |= other.sessions
        self.seals.join(other.seals)

    def write(self, db: sqlite3.Connection) -> None:
        """Write all marks down, and forget them."""
        touch(db, self.intervals)
        self.seals.write(db)
        named = select_in(db, "SELECT DISTINCT session, agent FROM label WHERE id IN", self.labels)
        sessions = self.sessions.union(session for session, _ in named) - {0}
        agents = {agent for _, agent in named} - {0}
        rows = [("session", name) for name in sessions] + [("agent", name) for name in agents]
        db.executemany("INSERT OR IGNORE INTO unsettled VALUES (?, ?)", rows)
        self.clear()

    def clear(self) -> None:
        """Forget all marks."""
        self.intervals.clear()
        self.labels.clear()
        self.sessions.clear()
        self.seals.clear()
