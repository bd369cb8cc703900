"""Read what can be read of a damaged ledger, and write its events down as lines that `collect` reads back.

A line holds one event under the key that it has in the ledger, so it never counts beside its own log. The
damaged file is only read. Kept apart are events of a quarter-hour whose check sum does not fit, for one of
them is wrong and nobody can tell which, and events whose key, names, outcomes or tellers are written in two
ways: taken over, they might count beside what the logs say.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from vaultsync.errors import LedgerError
from vaultsync.ledger import patience
from vaultsync.ledger.identity import COUNT_FIELDS, FIRST, LABEL_FIELDS, LAST, instant, microseconds
from vaultsync.ledger.private import private_file, write_through
from vaultsync.ledger.queries import INTERVAL, QUARTER_HOUR
from vaultsync.ledger.remains import Remains, is_ours
from vaultsync.ledger.schema import TIMED
from vaultsync.ledger.seals import PRIME, number_of
from vaultsync.model import MAX_COUNT, TOKEN_CLASSES

NAMES = {"provider": "model_provider", "model": "model_name", "session": "session_id"}
NAMES |= {name: f"{name}_tokens" for name in (*TOKEN_CLASSES, "unsplit")}
NAMES["web_searches"] = "web_search_requests"
"""What fields are called in a line, where it is not their own name."""
_COST = re.compile(r"-?\d{1,40}(\.\d{1,60})?").fullmatch
_EARLIEST, _LATEST = microseconds(FIRST), microseconds(LAST)


class Salvaged(NamedTuple):
    """What could be read."""

    events: int
    doubtful: int
    lost: int | None
    """Events that were written and cannot be found; None: there are no check sums that tell."""


def save_events(path: Path, good: Path, doubtful: Path) -> Salvaged:
    """Write the events of a damaged ledger into new files; one without events is not made.

    Args:
        good: For events as they were written, as far as check sums tell.
        doubtful: For those of quarter-hours whose check sum does not fit.

    Raises:
        LedgerError: A file cannot be written.
    """
    try:
        with closing(patience.connect(path, "ro", wait=0)) as db:
            if not is_ours(db):
                return Salvaged(0, 0, None)
            ruin = Ruin(db)
            saved, unsure = (_write(ruin, place, is_good=place == good) for place in (good, doubtful))
            lost = None if ruin.written is None else max(0, ruin.written - saved - unsure)
            return Salvaged(saved, unsure, lost)
    except OSError as error:
        raise LedgerError(
            good, f"it cannot be written ({error.strerror}).", "Make room, then run again."
        ) from error
    except sqlite3.Error:
        return Salvaged(0, 0, None)


def _write(ruin: Ruin, path: Path, *, is_good: bool) -> int:
    count = 0
    unfinished = path.with_name(f"{path.name}.part")
    private_file(unfinished)
    with unfinished.open("w", encoding="utf-8", newline="\n") as stream:
        for line in ruin.events(is_good=is_good):
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")
            count += 1
    if not count:
        unfinished.unlink()
        return 0
    write_through(unfinished)
    unfinished.rename(path)
    return count


class Ruin:
    """A damaged ledger, read around its damage."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._remains = Remains(db)
        self._names = {0: None} | {
            id: text for id, text in self._remains.rows("name", "id, text") if isinstance(text, str)
        }
        fields = f"id, {', '.join(LABEL_FIELDS)}"
        self._labels = {id: of for id, *of in self._remains.rows("label", fields)}
        self._seals = {
            id: (events, number)
            for id, events, number in self._remains.rows("seal", "interval, events, number")
            if isinstance(events, int) and isinstance(number, int)
        }
        self._outcomes, self._unsure = self._all_outcomes()
        self._unsure |= self._remains.copies("event", "id, key").unsure
        self._unsure |= self._remains.copies("mention", "event, file", is_list=True).unsure
        unsure_names = self._remains.copies("name", "id, text").unsure
        self._unsure_labels = self._remains.copies("label", fields).unsure
        self._unsure_labels |= {id for id, of in self._labels.items() if not unsure_names.isdisjoint(of)}
        self.broken = self._find_broken()
        """Starts of quarter-hours whose events are not those that were written, in seconds since 1970."""

    @property
    def written(self) -> int | None:
        """How many events were written; None: not known."""
        return sum(events for events, _ in self._seals.values()) if self._seals else None

    def events(self, *, is_good: bool) -> Iterator[dict[str, Any]]:
        """Lines of the events that can be true; those of broken quarter-hours, or the others."""
        for row in self._remains.rows("event", f"id, {_FIELDS}"):
            if (line := self._line(*row)) and self._is_doubtful(*row[:4]) != is_good:
                yield line

    def _is_doubtful(self, event: int, _: Any, at: int, label: int) -> bool:
        """True where it is not sure what an event was, or who said it: logs and backup may tell."""
        return event in self._unsure or label in self._unsure_labels or self._start(at) in self.broken

    def _find_broken(self) -> set[int]:
        found: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])
        if not self._seals:
            return set()
        number_now = number_of(has_duration=self._remains.schema >= TIMED)
        for _, at, number in self._remains.rows("event", f"id, at, {number_now}"):
            if isinstance(at, int) and isinstance(number, int):
                of = found[self._start(at)]
                of[0], of[1] = of[0] + 1, (of[1] + number) % PRIME
        every = self._seals.keys() | found.keys()
        return {start for start in every if (*found[start],) != self._seals.get(start, (0, 0))}

    @staticmethod
    def _start(at: int) -> int:
        return at // INTERVAL * QUARTER_HOUR

    def _all_outcomes(self) -> tuple[dict[int, dict[str, int]], set[int]]:
        found: defaultdict[int, dict[str, int]] = defaultdict(dict)
        rows, unsure = self._remains.outcomes()
        for event, name, amount in rows:
            if self._names.get(name) and _is_count(amount):
                found[event][self._names[name] or ""] = amount
        return dict(found), unsure

    def _line(self, event: int, key: Any, at: Any, label: Any, *numbers: Any) -> dict[str, Any] | None:
        """An event as a line, without what is 0 or not stated; None: it cannot be true."""
        *counts, duration, cost = numbers
        of = self._labels.get(label)
        if not (
            isinstance(key, bytes) and len(key) == 16 and isinstance(at, int) and _EARLIEST <= at < _LATEST
        ):
            return None
        if of is None or any(id not in self._names for id in of) or not all(map(_is_count, counts)):
            return None
        if (duration is not None and not _is_count(duration)) or (cost is not None and not _COST(str(cost))):
            return None
        texts = dict(zip(LABEL_FIELDS, (self._names[id] for id in of), strict=True))
        said: dict[str, Any] = texts | dict(zip(COUNT_FIELDS, counts, strict=True))
        said |= {"duration_ms": duration, "cost": cost, "outcomes": self._outcomes.get(event)}
        shown = {NAMES.get(name, name): value for name, value in said.items() if value not in (None, 0)}
        return {"ledger_event": key.hex(), "timestamp": f"{instant(at):%Y-%m-%dT%H:%M:%S.%fZ}"} | shown


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and 0 <= value <= MAX_COUNT


_FIELDS = f"key, at, label, {', '.join(COUNT_FIELDS)}, duration_ms, cost"
