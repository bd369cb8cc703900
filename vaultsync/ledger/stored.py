"""Find single events and sessions again, for a person to look at."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from vaultsync.ledger.identity import AT, COUNT_FIELDS, LABEL_FIELDS, instant, log_key
from vaultsync.ledger.names import Names
from vaultsync.ledger.queries import select_in
from vaultsync.model import TOKEN_CLASSES, TokenCounts, UsageEvent

SHORT = 10
"""Hex digits of a key that are shown."""
MOST = 50
"""Events that one search gives at most."""


class StoredEvent(NamedTuple):
    """An event as the ledger holds it."""

    id: str
    """Hex key, the same in every ledger; its first digits find the event again."""
    event: UsageEvent
    """Its `key` is None: of a log's own id only the hash is kept."""

    @property
    def short(self) -> str:
        """The first digits of the id."""
        return self.id[:SHORT]


class SourceSpan(NamedTuple):
    """What one collector found so far."""

    source: str
    events: int
    first: datetime
    last: datetime


class SessionSpan(NamedTuple):
    """One session of one source; figures are of all its calls."""

    source: str
    session: str
    project: str | None
    """As the latest call says it."""
    first: datetime
    last: datetime
    events: int
    total_tokens: int


def find(db: sqlite3.Connection, names: Names, text: str) -> list[StoredEvent]:
    """Events with an id: the log's own, with or without the source, or the first hex digits of ours."""
    sources = [names.text(row[0]) for row in db.execute("SELECT DISTINCT source FROM label")]
    keys = [log_key(text), *(log_key(f"{source}:{text}") for source in sources)]
    rows = select_in(db, f"{_EVENT} WHERE key IN", keys)
    if not rows and _is_hex(text):
        low, high = (bytes.fromhex(text.ljust(32, digit)) for digit in "0f")
        rows = db.execute(
            f"{_EVENT} WHERE key BETWEEN ? AND ? ORDER BY key LIMIT {MOST}", (low, high)
        ).fetchall()
    return _stored(db, names, rows)


def _is_hex(text: str) -> bool:
    return 0 < len(text) <= 32 and all(digit in "0123456789abcdefABCDEF" for digit in text)


def latest(
    db: sqlite3.Connection, names: Names, count: int, where: Mapping[str, str | None]
) -> list[StoredEvent]:
    """The last events, latest first.

    Args:
        where: Label field -> text it must have, None for "not stated".
    """
    conditions, values = ["TRUE"], []
    for field, text in where.items():
        if field not in AT:
            raise ValueError(f"{field} is no field of an event")
        number = 0 if text is None else names.find(text)
        if number is None:
            return []
        conditions.append(f"label.{field} = ?")
        values.append(number)
    labels = f"label IN (SELECT id FROM label WHERE {' AND '.join(conditions)})" if where else "TRUE"
    rows = db.execute(f"{_EVENT} WHERE {labels} ORDER BY at DESC, key LIMIT ?", (*values, count)).fetchall()
    return _stored(db, names, rows)


def sources(db: sqlite3.Connection, names: Names) -> list[SourceSpan]:
    """Number, first and last instant of the events of each source, by name."""
    ask = """SELECT source, sum(n), min(first), max(last) FROM label JOIN
        (SELECT label, count(*) AS n, min(at) AS first, max(at) AS last FROM event NOT INDEXED GROUP BY label)
        ON label = label.id GROUP BY source"""
    found = [(names.text(s) or "", n, instant(a), instant(b)) for s, n, a, b in db.execute(ask).fetchall()]
    return [SourceSpan(*row) for row in sorted(found)]


def providers(db: sqlite3.Connection, names: Names) -> frozenset[str]:
    """Providers that are stated, as they are known."""
    found = db.execute("SELECT DISTINCT provider FROM label WHERE provider > 0")
    return frozenset(names.text(provider) or "" for (provider,) in found.fetchall())


def sessions(db: sqlite3.Connection, names: Names, count: int) -> list[SessionSpan]:
    """The sessions that were active last, latest first."""
    last: dict[tuple[int, int], None] = {}
    for source, session in db.execute(_RECENT):
        last.setdefault((source, session))
        if len(last) == count:
            break
    return [_session(db, names, *key) for key in last]


def _session(db: sqlite3.Connection, names: Names, source: int, session: int) -> SessionSpan:
    events, first, last, tokens = db.execute(_SESSION, (session, source)).fetchone()
    project = db.execute(_PROJECT, (session, source)).fetchone()[0]
    of = (names.text(source) or "", names.text(session) or "", names.text(project))
    return SessionSpan(*of, instant(first), instant(last), events, tokens)


def _stored(db: sqlite3.Connection, names: Names, rows: list[tuple[Any, ...]]) -> list[StoredEvent]:
    names.load([row[3] for row in rows])
    outcomes: dict[int, list[tuple[str, int]]] = {}
    for event, name, amount in select_in(
        db, "SELECT event, name, amount FROM outcome WHERE event IN", [r[0] for r in rows]
    ):
        outcomes.setdefault(event, []).append((names.text(name) or "", amount))
    return [_event(names, row, tuple(sorted(outcomes.get(row[0], ())))) for row in rows]


def _event(names: Names, row: tuple[Any, ...], outcomes: tuple[tuple[str, int], ...]) -> StoredEvent:
    _, key, at, label, *counts, duration, cost = row
    texts: dict[str, Any] = dict(zip(LABEL_FIELDS, names.label(label), strict=True))
    texts["flags"] = tuple((texts["flags"] or "").split())
    texts["currency"] = texts["currency"] or "USD"
    *tokens, requests, searches, unsplit = counts
    event = UsageEvent(
        when=instant(at),
        tokens=TokenCounts(*tokens),
        requests=requests,
        web_searches=searches,
        unsplit=unsplit,
        duration_ms=duration,
        cost=None if cost is None else Decimal(cost),
        outcomes=outcomes,
        **texts,
    )
    return StoredEvent(key.hex(), event)


_EVENT = f"SELECT id, key, at, label, {', '.join(COUNT_FIELDS)}, duration_ms, cost FROM event"
_TOTAL = " + ".join(n for n in TOKEN_CLASSES if n != "reasoning" and "audio" not in n)
_RECENT = """SELECT source, session FROM event CROSS JOIN label ON label.id = event.label
    WHERE session > 0 ORDER BY at DESC, key"""
_SESSION = f"""SELECT count(*), min(at), max(at), sum({_TOTAL}) FROM label
    CROSS JOIN event ON event.label = label.id WHERE session = ? AND source = ?"""
_PROJECT = """SELECT project FROM label CROSS JOIN event ON event.label = label.id
    WHERE session = ? AND source = ? ORDER BY at DESC, key LIMIT 1"""
