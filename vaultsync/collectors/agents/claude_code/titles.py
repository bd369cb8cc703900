"""What a session is called: by the user, else by the program; never its first prompt."""

from __future__ import annotations

from collections.abc import Iterator

from vaultsync.collectors.agents.claude_code.rows import Row
from vaultsync.collectors.agents.lines import name_of
from vaultsync.model import SessionTitle

RANKS = {"ai-title": 0, "custom-title": 1}
"""Rows that hold a title of their session. Those of type `summary` name no session, and may stand in the file
of another one, so they are left out."""
MOST_LINES = 1 << 40


class Titles:
    """The titles in one reading; the last of a kind counts, and one by the user more than any other."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._found: dict[str, SessionTitle] = {}

    def add(self, row: Row, number: int) -> None:
        """Take in a row with a title.

        Args:
            number: Of its line; titles of one kind are told apart by it, also from one reading to the next.
        """
        title = name_of(row.customTitle if row.type == "custom-title" else row.aiTitle)
        session = name_of(row.sessionId)
        if not title or not session:
            return
        rank = RANKS[row.type] * MOST_LINES + number
        before = self._found.get(session)
        if before is None or before.rank <= rank:
            self._found[session] = SessionTitle(self._source, session, title, rank)

    def findings(self) -> Iterator[SessionTitle]:
        """Yield one title of each session."""
        yield from self._found.values()
