"""Decide what no single row can tell: which session owns a copied call, an agent's name, its final output.

Every decision is made anew from what the logs told (`told` keeps that where the outcome differs), so it
depends neither on the order of reading nor on how often it is made. Only what is unsettled is looked at.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import NamedTuple

from vaultsync.ledger.facts import prompt_text
from vaultsync.ledger.identity import AT, PROMPT_FIELDS, Label, replaced
from vaultsync.ledger.names import Names
from vaultsync.ledger.queries import INTERVAL, select_in, touch
from vaultsync.ledger.seals import LABEL, PRIME, WEIGHTS, Seals

_SESSION, _TYPE, _NAME = AT["session"], AT["action_type"], AT["action_name"]
_CHUNK = 5000
Agent = tuple[int, int]
"""Source and agent, as numbers of names."""


class Told(NamedTuple):
    """One event as the logs told it, and as it is shown."""

    id: int
    key: bytes
    at: int
    output: int
    label: int
    shown_output: int
    shown_label: int
    prompt: tuple[int, ...]


class Settler:
    """Settles all that is unsettled; the caller holds the transaction. Used once."""

    def __init__(self, db: sqlite3.Connection, names: Names) -> None:
        self._db, self._names = db, names
        self._sequences: dict[int, list[tuple[int, bytes]]] = {}
        self._intervals: set[int] = set()
        self._seals = Seals()
        self._changed = 0

    def run(self) -> int:
        """Settle; the number of events that are shown otherwise now."""
        claimed = {row[0] for row in self._db.execute(_CLAIMED)}
        agents: set[Agent] = {(row[0], row[1]) for row in self._db.execute(_AGENTS)}
        agents |= {(row[0], row[1]) for row in select_in(self._db, _AGENTS_OF, claimed)}
        for agent in sorted(agents):
            events = self._events(row[0] for row in self._db.execute(_EVENTS_OF, agent))
            claimed -= {event.id for event in events}
            self._settle(events, agent)
        rest = sorted(claimed)
        for start in range(0, len(rest), _CHUNK):
            self._settle(self._events(rest[start : start + _CHUNK]), None)
        self._db.execute("DELETE FROM unsettled")
        touch(self._db, self._intervals)
        self._seals.write(self._db)
        return self._changed

    def _events(self, ids: Iterable[int]) -> list[Told]:
        return [Told._make((*row[:7], row[7:])) for row in select_in(self._db, _TOLD, ids)]

    def _settle(self, events: list[Told], agent: Agent | None) -> None:
        name = self._agent_name(agent)
        finals = self._finals(agent, events)
        owners = self._owners(event.id for event in events)
        self._names.load([event.label for event in events])
        for event in events:
            label = self._names.label(event.label)
            output = event.output
            if event.id in owners:
                label = replaced(label, session=owners[event.id])
            if name and label[_NAME] is None and label[_TYPE] in (None, "agent"):
                label = replaced(label, action_type="agent", action_name=name)
            if event.id in finals:
                output, label = max(output, finals[event.id]), replaced(label, quality="final")
            self._show(event, output, label)

    def _show(self, event: Told, output: int, label: Label) -> None:
        """Show an event as settled, and keep what was told where that differs."""
        number = self._names.label_id(label)
        if (output, number) == (event.shown_output, event.shown_label):
            return
        self._db.execute("UPDATE event SET output = ?, label = ? WHERE id = ?", (output, number, event.id))
        if (output, number) == (event.output, event.label):
            self._db.execute("DELETE FROM told WHERE event = ?", (event.id,))
        else:
            row = (event.id, event.output, event.label)
            self._db.execute("INSERT OR REPLACE INTO told VALUES (?, ?, ?)", row)
        more = (output - event.shown_output) * WEIGHTS["output"] + (number - event.shown_label) * LABEL
        self._seals.add([(event.at // INTERVAL, 0, more % PRIME)])
        self._intervals.add(event.at // INTERVAL)
        self._changed += 1

    # --- agents ---

    def _agent_name(self, agent: Agent | None) -> str | None:
        if agent is None:
            return None
        row = self._db.execute("SELECT name FROM agent_name WHERE source = ? AND agent = ?", agent).fetchone()
        return self._names.text(row[0]) if row else None

    def _finals(self, agent: Agent | None, events: list[Told]) -> dict[int, int]:
        """Event -> final output: the latest event of an agent with the same prompt counts."""
        if agent is None:
            return {}
        ask = "SELECT prompt, output FROM final_output WHERE source = ? AND agent = ?"
        outputs = dict(self._db.execute(ask, agent).fetchall())
        latest: dict[str, Told] = {}
        for event in events:
            prompt = prompt_text(event.prompt)
            rival = latest.get(prompt)
            if prompt in outputs and (rival is None or (rival.at, rival.key) < (event.at, event.key)):
                latest[prompt] = event
        return {event.id: outputs[prompt] for prompt, event in latest.items()}

    # --- sessions ---

    def _owners(self, events: Iterable[int]) -> dict[int, str | None]:
        """Event -> the session that made the call, for events that several sessions claim."""
        claims: dict[int, dict[int, int]] = {}
        for event, session, origin in select_in(
            self._db, "SELECT event, session, origin FROM claim WHERE event IN", events
        ):
            claims.setdefault(event, {})[session] = origin
        return {event: self._names.text(self._owner(of)) for event, of in claims.items()}

    def _owner(self, claims: dict[int, int]) -> int:
        """The origin that the copies name, one that is no copy itself if possible; else the earliest session.

        Sessions are compared by their calls in order of time: a copy begins with the calls of its model, so
        the model is a beginning of the copy, or goes on earlier. The least of them made the call.
        """
        origins = {origin for origin in claims.values() if origin}
        genuine = {origin for origin in origins if not claims.get(origin)}
        return min(genuine or origins or claims, key=self._order)

    def _order(self, session: int) -> tuple[list[tuple[int, bytes]], str]:
        if session not in self._sequences:
            self._sequences[session] = self._db.execute(_SEQUENCE, (session, session)).fetchall()
        return self._sequences[session], self._names.text(session) or ""


_HAS_FACTS = """(EXISTS (SELECT 1 FROM agent_name n WHERE n.source = label.source AND n.agent = label.agent)
    OR EXISTS (SELECT 1 FROM final_output f WHERE f.source = label.source AND f.agent = label.agent))"""
_CLAIMED = (
    """SELECT DISTINCT event FROM unsettled CROSS JOIN claim ON session = name WHERE kind = 'session'"""
)
_AGENTS = f"""SELECT DISTINCT source, agent FROM unsettled CROSS JOIN label ON agent = name AND agent > 0
    WHERE kind = 'agent' AND {_HAS_FACTS}"""
_AGENTS_OF = f"""SELECT DISTINCT source, agent FROM event JOIN label ON label.id = event.label
    WHERE agent > 0 AND {_HAS_FACTS} AND event.id IN"""
_EVENTS_OF = """SELECT event.id FROM label CROSS JOIN event ON event.label = label.id
    WHERE source = ? AND agent = ? AND agent > 0"""
_TOLD = f"""SELECT e.id, key, at, coalesce(told.output, e.output), coalesce(told.label, e.label),
    e.output, e.label, {", ".join(PROMPT_FIELDS)}
    FROM event e LEFT JOIN told ON told.event = e.id WHERE e.id IN"""
_SEQUENCE = """SELECT at, key FROM claim JOIN event ON event.id = claim.event WHERE claim.session = ?
    UNION ALL
    SELECT at, key FROM label CROSS JOIN event ON event.label = label.id
    WHERE label.session = ? AND NOT EXISTS (SELECT 1 FROM claim WHERE claim.event = event.id)
    ORDER BY at, key"""
