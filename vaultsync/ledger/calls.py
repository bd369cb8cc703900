"""Write the calls of one part into the ledger: each once, whatever was said of it before."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

from vaultsync.ledger import twice
from vaultsync.ledger.identity import AT, COUNT_FIELDS, NUMBER_FIELDS, Sighting, join
from vaultsync.ledger.marks import Marks
from vaultsync.ledger.names import Names
from vaultsync.ledger.part import Claims, Part, is_shared, least
from vaultsync.ledger.queries import select_in

HISTORY = 0
"""File of mentions by logs that never take back what they said."""
_SESSION = AT["session"]


class Manner(NamedTuple):
    """How a file says its calls."""

    file: int
    """Its number; `HISTORY` where nothing must point to it."""
    replaces: bool
    is_table: bool
    last: int | None = None
    """Of a provider's report: microseconds of its last event. One that tells of later days is newer."""
    is_again: bool = False
    """It is read anew, so most of what it says is known."""
    is_moved: bool = False
    """What it says of the time of a call holds, whoever else says something of it."""


@dataclass(slots=True)
class Done:
    """What became of a reading so far."""

    new: int = 0
    duplicates: int = 0
    changed: int = 0
    removed: int = 0
    first: int | None = None
    """Microseconds of the earliest event that is new, changed or removed."""
    last: int | None = None
    marks: Marks = field(default_factory=Marks)

    def touch(self, times: Collection[int], labels: Iterable[int]) -> None:
        """Note at which instants, and under which labels, something changed."""
        self.marks.touch(times)
        self.marks.labels.update(labels)
        if times:
            self.first = min(times) if self.first is None else min(self.first, *times)
            self.last = max(times) if self.last is None else max(self.last, *times)


class Known(NamedTuple):
    """What the ledger holds of one call, as the logs told it."""

    id: int
    sighting: Sighting
    label: int
    is_claimed: bool
    mentions: frozenset[int]


class Calls:
    """Writes one part; used once."""

    def __init__(self, db: sqlite3.Connection, names: Names, part: Part, manner: Manner, done: Done) -> None:
        self._db, self._names, self._part, self._manner, self._done = db, names, part, manner, done
        self._lasts: dict[int, int] = {}

    def write(self) -> set[int]:
        """Insert the calls that are new, join or replace those that are known; the ids of all of them."""
        keys = self._part.keys
        if not keys:
            return set()
        self._done.duplicates += self._part.rows - len(keys)
        known = self._known(keys) if self._is_likely_known() else {}
        new = self._insert(known)
        if known or self._manner.is_again:
            self._prove_new(new)
        if len(known) + len(new) < len(keys):
            known |= self._known([key for place, key in enumerate(keys) if place not in new])
        if known:
            self._join(known)
        return {*new.values(), *(held.id for held in known.values())}

    # --- new calls ---

    def _is_likely_known(self) -> bool:
        """Look the first call up: a file that says what is known already, a copy, say, begins with it."""
        return bool(self._db.execute("SELECT 1 FROM event WHERE key = ?", self._part.keys[:1]).fetchone())

    def _insert(self, known: dict[bytes, Known]) -> dict[int, int]:
        """Insert the calls that are not known; place -> id of those that were indeed new."""
        part = self._part
        is_new = [key not in known for key in part.keys]
        places = list(compress(range(len(is_new)), is_new))
        if not places:
            return {}
        first = self._db.execute("SELECT coalesce(max(id), 0) + 1 FROM event").fetchone()[0]
        labels = {n: self._names.label_id(part.labels[n]) for n in set(compress(part.label_of, is_new))}
        label_of = map(labels.get, part.label_of)
        rows = zip(
            range(first, first + len(is_new)), part.keys, label_of, *part.numbers.values(), strict=True
        )
        count = self._db.executemany(_insert(tuple(part.numbers)), compress(rows, is_new)).rowcount
        if count < len(places):
            places = [row[0] - first for row in self._db.execute(_SINCE, (first,)).fetchall()]
        new = {place: first + place for place in places}
        self._done.new += count
        self._done.touch([part.numbers["at"][place] for place in places], labels.values())
        self._done.marks.seals.add_new(self._db, first, part.numbers)
        self._insert_more(new)
        return new

    def _prove_new(self, places: Iterable[int]) -> None:
        """See that none of some new calls is there already, under a key that the index of keys lost."""
        times = {self._part.numbers["at"][place] for place in places}
        keys = select_in(self._db, "SELECT key FROM event INDEXED BY event_at WHERE at IN", times)
        if len({*keys}) < len(keys):
            raise twice.differ("event")

    def _insert_more(self, new: dict[int, int]) -> None:
        """Insert what new calls say beside their numbers."""
        part = self._part
        for place in part.outcomes.keys() & new.keys():
            self._add_outcomes(new[place], part.outcomes[place])
        for place in part.claims.keys() & new.keys():
            self._add_claims(new[place], part.claims[place])
        if self._manner.is_table and not self._manner.replaces:
            mention(self._db, self._manner.file, new.values())
        elif part.ordinals and not self._manner.replaces:
            mention(self._db, self._manner.file, [new[place] for place in part.ordinals if place in new])

    # --- known calls ---

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Known]:
        """What the ledger holds of these calls."""
        rows = select_in(self._db, _KNOWN, keys)
        self._names.load([row[3] for row in rows])
        known = {}
        for event, key, at, label, *counts, duration, cost, is_claimed, mentions in rows:
            said = Sighting(at, tuple(counts), duration, cost, self._names.label(label))
            files = frozenset(map(int, mentions.split(","))) if mentions else frozenset()
            known[key] = Known(event, said, label, bool(is_claimed), files)
        if len(known) < len(rows) or not known.keys() <= set(keys):
            raise twice.differ("event")  # the index leads to another call
        return known

    def _join(self, known: dict[bytes, Known]) -> None:
        for place, (key, one) in enumerate(zip(self._part.keys, self._part.sightings(), strict=True)):
            held = known.get(key)
            if held is None:
                continue
            self._done.duplicates += 1
            if not self._is_nothing_new(held, one, place):
                self._meet(held, one, place)

    def _is_nothing_new(self, known: Known, one: Sighting, place: int) -> bool:
        """True for the commonest case by far: an append-only log is read again."""
        part, manner = self._part, self._manner
        if manner.replaces or known.is_claimed or place in part.claims or place in part.outcomes:
            return False
        is_noted = place in part.ordinals or manner.is_table
        is_kept = manner.file in known.mentions if is_noted else not known.mentions
        return is_kept and known.sighting == one

    def _meet(self, known: Known, one: Sighting, place: int) -> None:
        """Join what the ledger holds of a call with what this file says, or replace it."""
        age = self._age(known)
        if age < 0:
            self._keep_mention(known, by_content=False)
            return
        is_mine = age > 0
        change = self._replace_facts if is_mine else self._join_facts
        is_changed = change(known, self._part.outcomes.get(place, {}), self._part.claims_of(place))
        now = one if is_mine else join(known.sighting, one)
        now = now._replace(at=one.at) if self._manner.is_moved else now
        label = self._names.label_id(now.label)
        if (is_mine and is_changed) or (label, *now[:4]) != (known.label, *known.sighting[:4]):
            is_changed = True
            self._change(known.id, label, now)
        self._keep_mention(known, by_content=place in self._part.ordinals)
        if is_changed:
            self._done.changed += 1
            self._done.touch([known.sighting.at, now.at], [known.label, label])
            self._done.marks.sessions |= self._claimants(known)

    def _age(self, known: Known) -> int:
        """Above 0: what this file says takes the place of what is held; below: it is old; 0: join them."""
        others = known.mentions - {self._manner.file}
        if not others:
            return int(self._manner.replaces and bool(known.mentions))
        if self._manner.last is None or HISTORY in others:
            return 0
        latest = max(map(self._last, others))
        return (self._manner.last > latest) - (self._manner.last < latest)

    def _last(self, file: int) -> int:
        """When the last event of another file was."""
        if file not in self._lasts:
            ask = "SELECT max(at) FROM event WHERE id IN (SELECT event FROM mention WHERE file = ?)"
            self._lasts[file] = self._db.execute(ask, (file,)).fetchone()[0]
        return self._lasts[file]

    def _change(self, event: int, label: int, now: Sighting) -> None:
        seals = self._done.marks.seals
        seals.add_these(self._db, [event], -1)
        self._db.execute("DELETE FROM told WHERE event = ?", (event,))
        self._db.execute(_UPDATE, (now.at, label, *now.counts, now.duration_ms, now.cost, event))
        seals.add_these(self._db, [event])

    def _claimants(self, known: Known) -> set[int]:
        if not known.is_claimed:
            return set()
        return {row[0] for row in self._db.execute("SELECT session FROM claim WHERE event = ?", (known.id,))}

    def _join_facts(self, known: Known, outcomes: dict[str, int], claims: Claims) -> bool:
        is_changed = self._add_outcomes(known.id, outcomes)
        told = known.sighting.label[_SESSION]
        if told and not known.is_claimed:
            claims = Claims({told: None}) | claims
        if known.is_claimed or is_shared(claims):
            is_changed |= self._add_claims(known.id, claims)
        return is_changed

    def _replace_facts(self, known: Known, outcomes: dict[str, int], claims: Claims) -> bool:
        ask = "SELECT text, amount FROM outcome JOIN name ON name.id = outcome.name WHERE event = ?"
        before = dict(self._db.execute(ask, (known.id,)).fetchall())
        if before != outcomes:
            self._db.execute("DELETE FROM outcome WHERE event = ?", (known.id,))
            self._add_outcomes(known.id, outcomes)
        return self._replace_claims(known, claims) or before != outcomes

    def _replace_claims(self, known: Known, claims: Claims) -> bool:
        ask = "SELECT session, origin FROM claim WHERE event = ?"
        held = {self._names.text(s): self._names.text(o) for s, o in self._db.execute(ask, (known.id,))}
        if held == (claims if is_shared(claims) else {}):
            return False
        self._done.marks.sessions |= self._claimants(known)
        self._db.execute("DELETE FROM claim WHERE event = ?", (known.id,))
        if is_shared(claims):
            self._add_claims(known.id, claims)
        return True

    def _keep_mention(self, known: Known, *, by_content: bool) -> None:
        """Note who says an event, so that a document takes back only what it alone said."""
        if self._manner.replaces:
            if not known.mentions:
                mention(self._db, HISTORY, [known.id])
        elif by_content or self._manner.is_table:
            if not known.mentions and not by_content:
                mention(self._db, HISTORY, [known.id])
            mention(self._db, self._manner.file, [known.id])
        elif known.mentions:
            mention(self._db, HISTORY, [known.id])

    def _add_outcomes(self, event: int, outcomes: dict[str, int]) -> bool:
        before = self._db.total_changes
        for name, amount in outcomes.items():
            self._db.execute(_OUTCOME, (event, self._names.id(name), amount))
        return self._db.total_changes > before

    def _add_claims(self, event: int, claims: Claims) -> bool:
        """Note which sessions hold a copy of a call; True if that is new."""
        is_new = False
        ask = "SELECT session, origin FROM claim WHERE event = ?"
        held = dict(self._db.execute(ask, (event,)).fetchall())
        for session, origin in claims.items():
            number = self._names.id(session)
            first = self._names.id(least(self._names.text(held.get(number, 0)), origin))
            if held.get(number) != first:
                is_new = True
                self._done.marks.sessions.add(number)
                self._db.execute("INSERT OR REPLACE INTO claim VALUES (?, ?, ?)", (event, number, first))
        return is_new


def mention(db: sqlite3.Connection, file: int, events: Iterable[int]) -> None:
    """Note that a file says some events."""
    db.executemany("INSERT OR IGNORE INTO mention VALUES (?, ?)", ((file, event) for event in events))


@lru_cache(maxsize=256)
def _insert(columns: tuple[str, ...]) -> str:
    """How calls that state some numbers are inserted; the others are 0, or nothing."""
    nothing = {"duration_ms": "NULL", "cost": "NULL"}
    values = ["?" if name in columns else nothing.get(name, "0") for name in NUMBER_FIELDS]
    names = ", ".join(NUMBER_FIELDS)
    return f"""INSERT INTO event (id, key, label, {names}) VALUES (?, ?, ?, {", ".join(values)})
        ON CONFLICT (key) DO NOTHING"""


_SINCE = "SELECT id FROM event WHERE id >= ? ORDER BY id"
_NUMBERS = ", ".join((*COUNT_FIELDS, "duration_ms", "cost"))
_UPDATE = f"UPDATE event SET at = ?, label = ?, {_NUMBERS.replace(',', ' = ?,')} = ? WHERE id = ?"
_TOLD = ", ".join("coalesce(told.output, e.output)" if n == "output" else f"e.{n}" for n in COUNT_FIELDS)
_KNOWN = f"""SELECT e.id, (SELECT own.key FROM event AS own NOT INDEXED WHERE own.id = e.id), at,
    coalesce(told.label, e.label), {_TOLD}, duration_ms, cost,
    EXISTS (SELECT 1 FROM claim WHERE claim.event = e.id),
    (SELECT group_concat(file) FROM mention WHERE mention.event = e.id)
    FROM event e LEFT JOIN told ON told.event = e.id WHERE key IN"""
_OUTCOME = """INSERT INTO outcome VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET amount = excluded.amount WHERE excluded.amount > amount"""
