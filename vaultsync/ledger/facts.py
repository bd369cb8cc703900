"""Keep what logs say beside the calls: names and final outputs of agents, totals and titles of sessions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from typing import Any, NamedTuple

from vaultsync.ledger.identity import PROMPT_FIELDS
from vaultsync.ledger.names import Names, clean
from vaultsync.ledger.queries import select_in
from vaultsync.model import (
    TOKEN_CLASSES,
    AgentName,
    FinalOutput,
    Finding,
    SessionTitle,
    SessionTotal,
    TokenCounts,
)
from vaultsync.text import decimal_text

TITLE = 200
"""Characters of a title that are kept."""

Fact = tuple[Any, ...]
"""A finding that is no event: its kind, then plain values."""


def plain(finding: Finding) -> Fact | None:
    """A fact as plain values; None for what is no such fact."""
    if isinstance(finding, AgentName):
        return "name", finding.source, finding.agent, finding.name
    if isinstance(finding, FinalOutput):
        prompt = prompt_text(tuple(getattr(finding.tokens, name) for name in PROMPT_FIELDS))
        return "output", finding.source, finding.agent, prompt, finding.tokens.output
    if isinstance(finding, SessionTotal):
        key = (finding.session, finding.source, finding.run, finding.model)
        tokens = tuple(getattr(finding.tokens, name) for name in TOKEN_CLASSES)
        return "total", key, (*tokens, finding.web_searches, _amount(finding.cost))
    if isinstance(finding, SessionTitle):
        return "title", finding.session, finding.source, finding.rank, clean(finding.title)[:TITLE]
    return None


def keep(db: sqlite3.Connection, names: Names, facts: Iterable[Fact]) -> None:
    """Keep facts. `settle` applies them to the events."""
    for kind, *values in facts:
        _KEEP[kind](db, names, *values)


def prompt_text(counts: tuple[int, ...]) -> str:
    """How the prompt counts of a call are written down, to be compared."""
    return " ".join(map(str, counts))


def _keep_agent_name(db: sqlite3.Connection, names: Names, source: str, agent: str, name: str) -> None:
    """Keep the first name in the alphabet, should an agent have several."""
    key = names.id(source), names.id(agent)
    ask = "SELECT text FROM agent_name JOIN name ON id = name WHERE source = ? AND agent = ?"
    found = db.execute(ask, key).fetchone()
    if found is None or name < found[0]:
        db.execute("INSERT OR REPLACE INTO agent_name VALUES (?, ?, ?)", (*key, names.id(name)))
        _unsettle(db, key[1])


def _keep_final_output(
    db: sqlite3.Connection, names: Names, source: str, agent: str, prompt: str, output: int
) -> None:
    key = names.id(source), names.id(agent)
    if db.execute(_FINAL, (*key, prompt, output)).rowcount:
        _unsettle(db, key[1])


def _unsettle(db: sqlite3.Connection, agent: int) -> None:
    db.execute("INSERT OR IGNORE INTO unsettled VALUES ('agent', ?)", (agent,))


def _keep_session_total(
    db: sqlite3.Connection, names: Names, meter: tuple[str, ...], now: tuple[Any, ...]
) -> None:
    """Keep the largest total of a meter: it is the last."""
    key = tuple(map(names.id, meter))
    ask = f"SELECT {_METER} FROM session_total WHERE session = ? AND source = ? AND run = ? AND model = ?"
    found = db.execute(ask, key).fetchone()
    if found is None or _size(now) > _size(found):
        db.execute(
            f"INSERT OR REPLACE INTO session_total (session, source, run, model, {_METER}) {_VALUES}",
            (*key, *now),
        )


def _keep_title(
    db: sqlite3.Connection, names: Names, session: str, source: str, rank: int, text: str
) -> None:
    """Keep the title of the highest rank; of several the last in the alphabet, whatever their order."""
    db.execute(_TITLE, (names.id(session), names.id(source), rank, text))


def _amount(cost: Decimal | None) -> str | None:
    return None if cost is None else decimal_text(cost)


def _size(meter: tuple[Any, ...]) -> tuple[object, ...]:
    *counts, cost = meter
    return TokenCounts(*counts[:-1]).total, Decimal(-1 if cost is None else cost), counts


_KEEP: dict[str, Callable[..., None]] = {
    "name": _keep_agent_name,
    "output": _keep_final_output,
    "total": _keep_session_total,
    "title": _keep_title,
}


def titles(
    db: sqlite3.Connection, names: Names, sessions: Collection[str] | None
) -> dict[tuple[str, str], str]:
    """Source and session -> what the session is called; None: of all sessions."""
    ask = "SELECT source, session, text FROM title"
    if sessions is None:
        rows = db.execute(ask).fetchall()
    else:
        numbers = [number for session in sessions if (number := names.find(session)) is not None]
        rows = select_in(db, f"{ask} WHERE session IN", numbers)
    found = {(names.text(source) or "", names.text(session) or ""): text for source, session, text in rows}
    return dict(sorted(found.items()))


def session_totals(db: sqlite3.Connection, names: Names, since: int, until: int) -> list[SessionTotal]:
    """Meters of the sessions that have a call in a range of microseconds, sorted."""
    rows = db.execute(_TOTALS, (since, until)).fetchall()
    found = []
    for session, source, run, model, *counts, searches, cost in rows:
        of = [names.text(number) or "" for number in (source, session, run, model)]
        money = None if cost is None else Decimal(cost)
        found.append(SessionTotal(of[0], of[1], of[2], of[3], TokenCounts(*counts), searches, money))
    return sorted(found, key=lambda t: (t.source, t.session, t.run, t.model))


class SessionGap(NamedTuple):
    """A session by its program's own totals, against the calls that its logs hold."""

    source: str
    session: str
    told: int
    """Tokens of all its meters."""
    counted: int
    """Tokens of all its calls."""


def session_gaps(db: sqlite3.Connection, names: Names, since: int, until: int) -> list[SessionGap]:
    """Whole sessions that have a call in a range of microseconds, and a meter; sorted."""
    told: dict[tuple[str, str], int] = {}
    for meter in session_totals(db, names, since, until):
        key = (meter.source, meter.session)
        told[key] = told.get(key, 0) + meter.tokens.total
    found = []
    for (source, session), tokens in sorted(told.items()):
        (counted,) = db.execute(_COUNTED, (names.find(session), names.find(source))).fetchone()
        found.append(SessionGap(source, session, tokens, counted or 0))
    return found


_METER = ", ".join((*TOKEN_CLASSES, "web_searches", "cost"))
_VALUES = f"VALUES ({', '.join('?' * (6 + len(TOKEN_CLASSES)))})"
_FINAL = """INSERT INTO final_output VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET output = excluded.output WHERE excluded.output > output"""
_TITLE = """INSERT INTO title (session, source, rank, text) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET rank = excluded.rank, text = excluded.text
    WHERE (excluded.rank, excluded.text) > (rank, text)"""
_ADDED = [name for name in TOKEN_CLASSES if name != "reasoning" and "audio" not in name]
"""Classes that are no part of another one."""
_COUNTED = f"""SELECT sum({" + ".join(_ADDED)}) FROM event JOIN label ON event.label = label.id
    WHERE label.session = ? AND label.source = ?"""
_TOTALS = f"""SELECT session, source, run, model, {_METER} FROM session_total t WHERE EXISTS (
    SELECT 1 FROM label JOIN event ON event.label = label.id
    WHERE label.session = t.session AND label.source = t.source AND at >= ? AND at < ?)"""
