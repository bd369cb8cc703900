"""Write what one reading said into the ledger: each call once, whatever was said of it before.

The caller holds the transaction; see `store.Ledger.record`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vaultsync.ledger.facts import keep
from vaultsync.ledger.files import FILE_COLUMNS, Recorded, head_hash
from vaultsync.ledger.gather import DAY, Claims, Part, is_shared, least
from vaultsync.ledger.identity import AT, COUNT_FIELDS, Sighting, content, content_key, instant, join
from vaultsync.ledger.names import Names
from vaultsync.ledger.prepared import Prepared
from vaultsync.ledger.queries import INTERVAL, delete_in, select_in, touch
from vaultsync.model import Issue

HISTORY = 0
"""File of mentions by logs that never take back what they said."""
_SESSION, _AGENT = AT["session"], AT["agent"]


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds of one call, as the logs told it."""

    id: int
    sighting: Sighting
    label: int
    is_claimed: bool
    mentions: frozenset[int]


class Recorder:
    """Records one reading; used once."""

    def __init__(self, db: sqlite3.Connection, names: Names, said: Prepared) -> None:
        self._db, self._names, self._said = db, names, said
        self._file = 0
        self._is_fresh = said.start == 0
        self._new = self._duplicates = self._changed = self._removed = 0
        self._intervals: set[int] = set()
        self._first: int | None = None
        self._last: int | None = None
        self._labels: set[int] = set()
        """Labels whose sessions and agents want settling."""
        self._sessions: set[int] = set()
        self._issues: list[Issue] = []

    def run(self) -> Recorded:
        """Record what was said and the state of its file."""
        if not self._enter_file():
            return Recorded(is_stale=True)
        if self._said.replaces:
            self._document()
        else:
            self._lines()
        self._leave_file()
        touch(self._db, self._intervals)
        self._unsettle()
        return self._result()

    # --- the file ---

    def _enter_file(self) -> bool:
        """Find the file's row; False when the reading began where the ledger no longer stands."""
        said = self._said
        ask = f"SELECT {FILE_COLUMNS} FROM file WHERE"
        row = None
        if said.file_id is not None:
            row = self._db.execute(f"{ask} id = ?", (said.file_id,)).fetchone()
        row = row or self._db.execute(f"{ask} path = ?", (said.path,)).fetchone()
        if not self._is_fresh and not (row and self._goes_on(row)):
            return False
        if row:
            self._file = row[0]
            if row[1] != said.path:
                self._db.execute("UPDATE file SET path = NULL WHERE path = ?", (said.path,))
        return True

    def _goes_on(self, row: tuple[Any, ...]) -> bool:
        offset, head, size = row[7], row[9], row[10]
        return bool(offset == self._said.start and head_hash(self._said.head[:size]) == head)

    def _file_id(self) -> int:
        if not self._file:
            blank = (self._said.path, self._said.collector)
            insert = "INSERT INTO file VALUES (NULL, ?, ?, 0, 0, '0', '0', 0, 1, x'', 0, '{}')"
            self._file = self._db.execute(insert, blank).lastrowid or 0
        return self._file

    def _leave_file(self) -> None:
        columns = FILE_COLUMNS.split(", ")[1:]
        update = f"UPDATE file SET {', '.join(f'{c} = ?' for c in columns)} WHERE id = ?"
        self._db.execute(update, (*self._said.file, self._file_id()))

    # --- what it says ---

    def _lines(self) -> None:
        file = self._file_id()
        if self._is_fresh:
            self._forget_mentions(file)
        goes_on = not self._is_fresh
        for part in self._said.parts:
            self._keep_others(part)
            self._write(self._renumbered(part) if goes_on else part)
            goes_on = True

    def _keep_others(self, part: Part) -> None:
        """Keep what a part says beside its events."""
        keep(self._db, self._names, part.facts)
        path = Path(os.fsdecode(self._said.path))
        self._issues += [Issue(path, None, text) for text in part.unbelievable]

    def _document(self) -> None:
        """Record a document, and take back what it said before and says no more."""
        file = self._file_id()
        (part,) = self._said.parts
        self._keep_others(part)
        if not part.keys:
            return
        old = {row[0] for row in self._db.execute("SELECT event FROM mention WHERE file = ?", (file,))}
        now = self._write(part)
        if old and (old & now or self._days_of(old) <= part.days):
            self._take_back(old - now)
        else:
            self._forget_mentions(file)
        self._mention(file, now)

    def _days_of(self, events: set[int]) -> set[int]:
        return {row[0] // DAY for row in select_in(self._db, "SELECT at FROM event WHERE id IN", events)}

    def _take_back(self, events: set[int]) -> None:
        """Remove events that no other file mentions."""
        delete_in(self._db, "mention", "event", events, f"AND file = {self._file}")
        others = {row[0] for row in select_in(self._db, "SELECT event FROM mention WHERE event IN", events)}
        gone = events - others
        rows = select_in(self._db, "SELECT at, label FROM event WHERE id IN", gone)
        self._touch([at for at, _ in rows])
        self._labels.update(label for _, label in rows)
        self._sessions |= {
            row[0] for row in select_in(self._db, "SELECT session FROM claim WHERE event IN", gone)
        }
        for table, column in (("outcome", "event"), ("claim", "event"), ("told", "event"), ("event", "id")):
            delete_in(self._db, table, column, gone)
        self._removed += len(gone)

    def _forget_mentions(self, file: int) -> None:
        """Leave what a file said before to history: it is never taken back."""
        keep = "SELECT 0, event FROM mention m WHERE file = ? AND EXISTS ({})".format(
            "SELECT 1 FROM mention o WHERE o.event = m.event AND o.file <> m.file"
        )
        self._db.execute(f"INSERT OR IGNORE INTO mention (file, event) {keep}", (file,))
        self._db.execute("DELETE FROM mention WHERE file = ?", (file,))

    def _mention(self, file: int, events: Iterable[int]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO mention VALUES (?, ?)", ((file, event) for event in events)
        )

    # --- which call is it ---

    def _renumbered(self, part: Part) -> Part:
        """A part in which the equal rows that the file said before are counted too."""
        first = [part.keys[place] for place, ordinal in part.ordinals.items() if not ordinal]
        if not self._mine(first):
            return part
        contents = {place: content(part.sighting(place)) for place in part.ordinals}
        said = self._count_said(set(contents.values()))
        keys = list(part.keys)
        for place, what in contents.items():
            keys[place] = content_key(what, part.ordinals[place] + said.get(what, 0))
        return part._replace(keys=keys)

    def _mine(self, keys: Iterable[bytes]) -> list[bytes]:
        """Those keys of calls without id that this file has said already."""
        ask = (
            f"SELECT key FROM event CROSS JOIN mention ON mention.event = event.id AND file = {self._file} "
            "WHERE key IN"
        )
        return [row[0] for row in select_in(self._db, ask, keys)]

    def _count_said(self, contents: Iterable[bytes]) -> dict[bytes, int]:
        """How many equal rows of each content this file has said already."""
        asked = {content_key(what, 0): (what, 0) for what in contents}
        said: dict[bytes, int] = {}
        while asked:
            again = {}
            for key in self._mine(asked):
                what, ordinal = asked[key]
                said[what] = ordinal + 1
                again[content_key(what, ordinal + 1)] = (what, ordinal + 1)
            asked = again
        return said

    # --- write ---

    def _write(self, part: Part) -> set[int]:
        """Insert and join the calls of a part; the ids of all of them."""
        known = self._known(part.keys)
        self._duplicates += part.rows - len(part.keys)
        new = self._insert(part, known)
        if known:
            for place, key in enumerate(part.keys):
                if key in known:
                    self._meet(known[key], part, place)
        return {*new, *(found.id for found in known.values())}

    def _insert(self, part: Part, known: Mapping[bytes, Known]) -> list[int]:
        """Insert the calls that are not known yet; their ids."""
        places = [place for place, key in enumerate(part.keys) if key not in known]
        last = self._db.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]
        ids = range(last + 1, last + 1 + len(places))
        of = {place: part.label_of[place] for place in places}
        labels = {number: self._names.label_id(part.labels[number]) for number in set(of.values())}
        self._db.executemany(
            _INSERT,
            (
                (number, part.keys[place], labels[of[place]], *part.numbers[place])
                for number, place in zip(ids, places, strict=True)
            ),
        )
        self._new += len(places)
        self._touch([part.numbers[place][0] for place in places])
        self._labels.update(labels.values())
        self._insert_more(part, dict(zip(places, ids, strict=True)))
        return list(ids)

    def _insert_more(self, part: Part, ids: Mapping[int, int]) -> None:
        """Insert what new calls say beside their numbers."""
        for place in part.outcomes.keys() & ids.keys():
            self._add_outcomes(ids[place], part.outcomes[place])
        for place in part.claims.keys() & ids.keys():
            self._add_claims(ids[place], part.claims[place])
        if self._said.replaces:
            return
        noted = ids.values() if self._said.is_table else [ids[n] for n in part.ordinals if n in ids]
        self._mention(self._file, noted)

    def _known(self, keys: Iterable[bytes]) -> dict[bytes, Known]:
        """What the ledger holds of these calls."""
        rows = select_in(self._db, _KNOWN, keys)
        self._names.load([row[3] for row in rows])
        known = {}
        for event, key, at, label, *counts, duration, cost, is_claimed, mentions in rows:
            said = Sighting(at, tuple(counts), duration, cost, self._names.label(label))
            files = frozenset(map(int, mentions.split(","))) if mentions else frozenset()
            known[key] = Known(event, said, label, bool(is_claimed), files)
        return known

    def _meet(self, known: Known, part: Part, place: int) -> None:
        """Join what the ledger holds of a call with what this file says, or replace it."""
        self._duplicates += 1
        if self._is_nothing_new(known, part, place):
            return
        one = part.sighting(place)
        is_mine = self._said.replaces and known.mentions == {self._file}
        change = self._replace_facts if is_mine else self._join_facts
        is_changed = change(known, part.outcomes.get(place, {}), part.claims_of(place))
        now = one if is_mine else join(known.sighting, one)
        label = self._names.label_id(now.label)
        if (is_mine and is_changed) or (label, *now[:4]) != (known.label, *known.sighting[:4]):
            is_changed = True
            self._db.execute("DELETE FROM told WHERE event = ?", (known.id,))
            self._db.execute(_UPDATE, (now.at, label, *now.counts, now.duration_ms, now.cost, known.id))
        self._keep_mention(known, by_content=place in part.ordinals)
        if is_changed:
            self._changed += 1
            self._touch([known.sighting.at, now.at])
            self._labels |= {known.label, label}
            self._sessions |= self._claimants(known)

    def _is_nothing_new(self, known: Known, part: Part, place: int) -> bool:
        """True for the commonest case by far: an append-only log is read again."""
        if self._said.replaces or known.is_claimed or place in part.claims or place in part.outcomes:
            return False
        is_noted = place in part.ordinals or self._said.is_table
        is_kept = self._file in known.mentions if is_noted else not known.mentions
        return is_kept and known.sighting == part.sighting(place)

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
        self._sessions |= self._claimants(known)
        self._db.execute("DELETE FROM claim WHERE event = ?", (known.id,))
        if is_shared(claims):
            self._add_claims(known.id, claims)
        return True

    def _keep_mention(self, known: Known, *, by_content: bool) -> None:
        """Note who says an event, so that a document takes back only what it alone said."""
        if self._said.replaces:
            if not known.mentions:
                self._mention(HISTORY, [known.id])
        elif by_content or self._said.is_table:
            if not known.mentions and not by_content:
                self._mention(HISTORY, [known.id])
            self._mention(self._file, [known.id])
        elif known.mentions:
            self._mention(HISTORY, [known.id])

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
                self._sessions.add(number)
                self._db.execute("INSERT OR REPLACE INTO claim VALUES (?, ?, ?)", (event, number, first))
        return is_new

    # --- afterwards ---

    def _unsettle(self) -> None:
        """Mark the sessions and agents of all touched events; `settle` looks at those that share facts."""
        self._names.load(list(self._labels))
        labels = [self._names.label(number) for number in self._labels]
        sessions = {self._names.id(label[_SESSION]) for label in labels} | self._sessions
        agents = {self._names.id(label[_AGENT]) for label in labels}
        rows = [("session", n) for n in sessions if n] + [("agent", n) for n in agents if n]
        self._db.executemany("INSERT OR IGNORE INTO unsettled VALUES (?, ?)", rows)

    def _touch(self, times: Collection[int]) -> None:
        """Note that the figures at some instants changed."""
        self._intervals.update(at // INTERVAL for at in times)
        if times:
            self._first = min(times) if self._first is None else min(self._first, min(times))
            self._last = max(times) if self._last is None else max(self._last, max(times))

    def _result(self) -> Recorded:
        first, last = (None if at is None else instant(at) for at in (self._first, self._last))
        counts = (self._new, self._duplicates, self._changed, self._removed)
        return Recorded(*counts, first, last, False, tuple(self._issues))


_NUMBERS = ", ".join((*COUNT_FIELDS, "duration_ms", "cost"))
_INSERT = (
    f"INSERT INTO event (id, key, label, at, {_NUMBERS}) VALUES ({', '.join('?' * (6 + len(COUNT_FIELDS)))})"
)
_UPDATE = f"UPDATE event SET at = ?, label = ?, {_NUMBERS.replace(',', ' = ?,')} = ? WHERE id = ?"
_TOLD = ", ".join("coalesce(told.output, e.output)" if n == "output" else f"e.{n}" for n in COUNT_FIELDS)
_KNOWN = f"""SELECT e.id, key, at, coalesce(told.label, e.label), {_TOLD}, duration_ms, cost,
    EXISTS (SELECT 1 FROM claim WHERE claim.event = e.id),
    (SELECT group_concat(file) FROM mention WHERE mention.event = e.id)
    FROM event e LEFT JOIN told ON told.event = e.id WHERE key IN"""
_OUTCOME = """INSERT INTO outcome VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET amount = excluded.amount WHERE excluded.amount > amount"""
