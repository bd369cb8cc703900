"""Which telling of the same spend counts: chosen for each provider and UTC day when figures are asked for.

Nothing is taken out of the books: what is hidden counts again when what hid it is gone, or another order is
wanted. A row of a whole month stands for each of its days.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.ledger import twice
from vaultsync.ledger.names import Names
from vaultsync.ledger.queries import DAY, INTERVAL, QUARTER_HOUR, touch
from vaultsync.model import Preference

if TYPE_CHECKING:
    from vaultsync.ledger.marks import Marks

_EPOCH = date(1970, 1, 1).toordinal()
_QUARTERS = DAY // INTERVAL
"""Quarter-hours of a day."""


class Cell(NamedTuple):
    """That a source tells something of a provider's day."""

    day: int
    """UTC, since 1970."""
    provider: int
    source: int
    is_month: int
    """1: what it tells is of the whole month, of which this is a day."""

    @property
    def days(self) -> range:
        """The days of which it tells."""
        return month(self.day) if self.is_month else range(self.day, self.day + 1)


Hidden = frozenset[Cell]


class HiddenDay(NamedTuple):
    """A day of which a source tells something that does not count."""

    day: date
    """UTC; the one under which the events stand, where they are of a whole month."""
    provider: str
    source: str


def month(day: int) -> range:
    """The days of the month of a day; all since 1970."""
    first = date.fromordinal(day + _EPOCH).replace(day=1)
    after = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return range(first.toordinal() - _EPOCH, after.toordinal() - _EPOCH)


def kinds(db: sqlite3.Connection, names: Names) -> dict[str, str]:
    """The kind of every source that tells something else than calls."""
    found = twice.same(db, "telling", f"SELECT source, kind FROM telling {twice.BY}")
    return {names.text(source) or "": kind for source, kind in found}


def hidden(
    db: sqlite3.Connection, names: Names, since: int, until: int, preference: Preference | None
) -> Hidden:
    """What does not count of a range of microseconds, and perhaps of the rest of its months.

    Args:
        preference: None: all counts.
    """
    if preference is None or not (is_chosen(db) or preference.names_sources):
        return frozenset()
    first, last = month(since // DAY), month(max(since, until - 1) // DAY)
    return choose(_present(db, names, first.start, last.stop), _ranks(db, names, preference))


def is_chosen(db: sqlite3.Connection) -> bool:
    """True where sources tell different things."""
    return bool(twice.same(db, "telling", f"SELECT source FROM telling {twice.BY}"))


def _ranks(
    db: sqlite3.Connection, names: Names, preference: Preference
) -> Mapping[int, tuple[int, str] | None]:
    told = kinds(db, names)
    numbers = [row[0] for row in db.execute("SELECT DISTINCT source FROM label").fetchall()]
    texts = {number: names.text(number) or "" for number in numbers}
    return {number: preference.rank(text, told.get(text, "calls")) for number, text in texts.items()}


def choose(cells: Iterable[Cell], ranks: Mapping[int, tuple[int, str] | None]) -> Hidden:
    """Find the cells that do not count: a better telling that counts has one of their days.

    Args:
        ranks: Source -> its place, least is best; None: it always counts, and hides nothing.
    """
    ranked = sorted((rank, cell) for cell in cells if (rank := ranks[cell.source]) is not None)
    taken: defaultdict[int, set[int]] = defaultdict(set)
    found: set[Cell] = set()
    for _, group in groupby(ranked, key=lambda each: each[0]):
        equals = [cell for _, cell in group]
        lost = {cell for cell in equals if not taken[cell.provider].isdisjoint(cell.days)}
        for cell in equals:
            if cell not in lost:
                taken[cell.provider].update(cell.days)
        found |= lost
    return frozenset(found)


def hidden_days(names: Names, found: Hidden, since: int, until: int) -> list[HiddenDay]:
    """What is hidden as it may be told, of a range of microseconds; sorted."""
    return sorted(
        HiddenDay(
            date.fromordinal(cell.day + _EPOCH),
            names.text(cell.provider) or "",
            names.text(cell.source) or "",
        )
        for cell in found
        if since // DAY <= cell.day < -(-until // DAY)
    )


def midnights(found: Hidden) -> set[int]:
    """Seconds at which days begin and end of which something is hidden."""
    days = {cell.day for cell in found}
    return {day * (DAY // 1_000_000) for day in days | {day + 1 for day in days}}


def places(db: sqlite3.Connection, names: Names, found: Hidden) -> dict[int, tuple[int, int, int]]:
    """Labels of which some events may be hidden: provider, source, is_month."""
    sources = {cell.source for cell in found}
    rows = db.execute("SELECT id, provider, source, grain = ? FROM label", (_month(names),)).fetchall()
    return {
        number: (provider, source, is_month)
        for number, provider, source, is_month in rows
        if source in sources
    }


# --- which days have what ---


def _present(db: sqlite3.Connection, names: Names, first: int, end: int) -> set[Cell]:
    """All cells of a range of days; looked up where they are known, else found among the events."""
    seen, now = (_serial(db, key) for key in ("present", "changes"))
    if seen == now:
        return _known(db, first, end)
    return _told(db, names, first, end)


def _known(db: sqlite3.Connection, first: int, end: int) -> set[Cell]:
    ask = f"SELECT day, provider, source, is_month FROM present {twice.BY} WHERE day >= ? AND day < ?"
    return set(map(Cell._make, twice.same(db, "present", ask, (first, end))))


def _told(db: sqlite3.Connection, names: Names, first: int, end: int) -> set[Cell]:
    ask = f"""SELECT DISTINCT day, provider, source, grain = ? FROM
        (SELECT DISTINCT at / {DAY} AS day, label FROM event WHERE at >= ? AND at < ?) AS found
        CROSS JOIN label ON label.id = found.label"""
    return set(map(Cell._make, db.execute(ask, (_month(names), first * DAY, end * DAY)).fetchall()))


def _month(names: Names) -> int:
    """The number of the grain of a month; -1: the ledger has none."""
    return names.find("month") or -1


def _serial(db: sqlite3.Connection, key: str) -> int:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return int(row[0]) if row else 0


# --- what changes ---


def tell(db: sqlite3.Connection, names: Names, sources: Mapping[str, str], marks: Marks) -> None:
    """Keep which kind of telling sources are; where it was taken for another, its days are looked at anew."""
    known = kinds(db, names)
    for source, kind in sources.items():
        if known.get(source, "calls") == kind:
            continue
        number = names.id(source)
        db.execute("DELETE FROM telling WHERE source = ?", (number,))
        if kind != "calls":
            db.execute("INSERT INTO telling VALUES (?, ?)", (number, kind))
        db.execute("DELETE FROM present WHERE source = ?", (number,))
        ask = "SELECT DISTINCT at FROM event JOIN label ON label.id = event.label WHERE source = ?"
        marks.touch(at for (at,) in db.execute(ask, (number,)))


def is_behind(db: sqlite3.Connection, *, is_choosing: bool) -> bool:
    """True when it must be looked at which days have what; never where there is nothing to choose."""
    return (is_choosing or is_chosen(db)) and _serial(db, "present") != _serial(db, "changes")


def look(db: sqlite3.Connection, names: Names) -> None:
    """Find what changed days have now; mark all figures that may count now, or no more. In a transaction."""
    ask = f"SELECT DISTINCT interval / {_QUARTERS * QUARTER_HOUR} FROM change WHERE serial > ?"
    days = [day for (day,) in db.execute(ask, (_serial(db, "present"),)).fetchall()]
    changed: set[Cell] = set()
    for day in days:
        before, now = _known(db, day, day + 1), _told(db, names, day, day + 1)
        db.executemany(f"DELETE FROM present WHERE {_SAME}", before - now)
        db.executemany("INSERT INTO present VALUES (?, ?, ?, ?)", now - before)
        changed |= before ^ now
    touch(db, _disputed(db, changed))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('present', ?)", (str(_serial(db, "changes")),))


def _disputed(db: sqlite3.Connection, changed: Collection[Cell]) -> set[int]:
    """Quarter-hours of which another telling may count now: with a cell that changed, there are several."""
    found: set[int] = set()
    for provider, days in _around(db, changed):
        ask = f"""SELECT DISTINCT at / {INTERVAL} FROM event CROSS JOIN label ON label.id = event.label
            WHERE at >= ? AND at < ? AND provider = ?"""
        found.update(at for (at,) in db.execute(ask, (days.start * DAY, days.stop * DAY, provider)))
    return found


def _around(db: sqlite3.Connection, changed: Collection[Cell]) -> set[tuple[int, range]]:
    """Days of providers of which several sources told before or tell now."""
    found = set()
    by_month: defaultdict[tuple[int, range], set[Cell]] = defaultdict(set)
    for cell in changed:
        by_month[cell.provider, month(cell.day)].add(cell)
    for (provider, days), cells in by_month.items():
        near = {cell for cell in _known(db, days.start, days.stop) if cell.provider == provider} | cells
        spans = {days} if any(cell.is_month for cell in near) else {cell.days for cell in cells}
        for span in spans:
            if len({cell.source for cell in near if cell.day in span}) > 1:
                found.add((provider, span))
    return found


_SAME = "day = ? AND provider = ? AND source = ? AND is_month = ?"
