"""The usage table in as few rows as a question needs: summed over days, and over labels that are not asked.

A quarter of a million calls by model is some hundred rows instead of many thousands. The sums are the same.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from vaultsync.ledger import twice
from vaultsync.ledger.identity import LABEL_FIELDS, Text
from vaultsync.ledger.names import Names
from vaultsync.ledger.rows import (
    DEFAULTS,
    SUMMED,
    SUMS,
    Range,
    Usage,
    assemble,
    check,
    has_outcomes,
    is_most,
    is_rolled,
)
from vaultsync.ledger.seals import PLACE_OF_SUM
from vaultsync.ledger.tellings import Hidden, midnights

DETAILS = ("session", "project", "branch", "action_type", "action_name", "machine")
"""Labels that may be left out: no price depends on them."""
_SECOND = 1_000_000
_DAY = 86_400


class Texts(list[Text]):
    """A column of texts, with a number for each of them, so that nobody need look at them one by one."""

    def __init__(self, codes: array[int], distinct: list[Text]) -> None:
        """Make a column.

        Args:
            codes: Places in `distinct`, a row each.
        """
        super().__init__(map(distinct.__getitem__, codes))
        self.codes, self.distinct = codes, distinct


class Question(NamedTuple):
    """What is asked of a range."""

    range: Range
    needs: frozenset[str]
    """Of `DETAILS`, those that rows are told apart by."""
    cuts: tuple[int, ...] | None
    """Instants in seconds, ascending, at which rows are told apart; None: every interval of the range."""

    @property
    def fields(self) -> list[str]:
        """Labels by which rows are told apart."""
        left_out = {*DETAILS, "agent"} - self.needs
        return [field for field in LABEL_FIELDS if field not in left_out]

    def spans(self) -> Iterator[dict[str, int]]:
        """Parts of the range, in microseconds, and the second at which they begin."""
        since, until = self.range.since, self.range.until
        inside = [cut * _SECOND for cut in self.cuts or () if since < cut * _SECOND < until]
        for start, end in zip([since, *inside], [*inside, until], strict=True):
            yield {"start": start // _SECOND, "since": start, "until": end}


def detail(needs: Collection[str] | None) -> frozenset[str]:
    """Which details are told apart; None: all.

    Raises:
        ValueError: Something is none.
    """
    if wrong := sorted({*(needs or ())} - {*DETAILS}):
        raise ValueError(f"needs are of {', '.join(DETAILS)}; not {', '.join(wrong)}")
    return frozenset(DETAILS if needs is None else needs)


def summed(
    db: sqlite3.Connection,
    names: Names,
    asked: Question,
    project_name: Callable[[Text], Text],
    hidden: Hidden = frozenset(),
) -> Usage:
    """Sum the rows of a range; one read transaction holds still what is read.

    Args:
        hidden: What does not count; with it, rows are apart at the midnights of UTC too.
    """
    if hidden and asked.cuts is not None:
        asked = asked._replace(cuts=tuple(sorted({*asked.cuts, *midnights(hidden)})))
    is_ahead = is_rolled(db, asked.range)
    rows = _ask(db, asked, _rows(asked, is_ahead=is_ahead))
    names.prove(_labels(db, asked.range, is_ahead=is_ahead))
    labels = len(asked.fields)
    *_, costs, places = found = _columns(rows, labels)
    check(db, asked.range, found[labels + 4 : -2], sum(places), costs)
    if hidden:
        rows = _shown(names, asked, rows, hidden)
        found = _columns(rows, labels)
    columns = _label_columns(names, asked.fields, found[1 : labels + 1], len(rows), project_name)
    usage = assemble(found[0], columns, found[labels + 1 : -1])
    return Usage(usage, _outcomes(db, names, asked, rows))


def _columns(rows: list[tuple[Any, ...]], labels: int) -> list[tuple[Any, ...]]:
    return list(zip(*rows, strict=True)) if rows else [()] * (labels + len(SUMS) + 7)


def _ask(db: sqlite3.Connection, asked: Question, ask: str) -> list[tuple[Any, ...]]:
    return [row for span in asked.spans() for row in db.execute(ask, span).fetchall()]


def _labels(db: sqlite3.Connection, asked: Range, *, is_ahead: bool) -> set[int]:
    """Labels of a range; of most of the ledger all there are, which are found sooner."""
    ask, values = "SELECT id FROM label", {}
    if not is_most(db, asked):
        table, where = ("rolled", _AHEAD) if is_ahead else ("event", "at >= :since AND at < :until")
        ask, values = f"SELECT DISTINCT label FROM {table} WHERE {where}", {"since": asked.since}
        values["until"] = asked.until
    return {number for (number,) in db.execute(ask, values)}


def _shown(
    names: Names, asked: Question, rows: list[tuple[Any, ...]], hidden: Hidden
) -> list[tuple[Any, ...]]:
    provider, source, grain = (1 + asked.fields.index(field) for field in ("provider", "source", "grain"))
    month = names.find("month")
    return [
        row
        for row in rows
        if (row[0] // _DAY, row[provider], row[source], int(row[grain] == month)) not in hidden
    ]


def _rows(asked: Question, *, is_ahead: bool) -> str:
    """How the rows of a span are summed, from sums made ahead or from the events."""
    start = "quarter" if asked.cuts is None else ":start"
    keys = ", ".join((start, *asked.fields, "band", "has_output", "single"))
    sums = ", ".join(f"sum({name})" for name in (*SUMS, "events"))
    source = f"rolled CROSS JOIN label ON label.id = rolled.label WHERE {_AHEAD}"
    if not is_ahead:
        parts = zip(asked.range.keys, ("quarter", "label", "band", "has_output", "single"), strict=True)
        direct = f"""SELECT {", ".join(f"{part} AS {name}" for part, name in parts)}, {SUMMED} FROM event
            WHERE at >= :since AND at < :until GROUP BY 1, 2, 3, 4, 5"""
        source = f"({direct}) AS rolled CROSS JOIN label ON label.id = rolled.label"
    return f"SELECT {keys}, {sums}, max(cost), sum({PLACE_OF_SUM}) FROM {source} GROUP BY {keys}"


def _outcomes(
    db: sqlite3.Connection, names: Names, asked: Question, rows: list[tuple[Any, ...]]
) -> list[tuple[int, str, int]]:
    if not has_outcomes(db):
        return []
    start, _, *others = asked.range.keys
    keys = ", ".join((start if asked.cuts is None else ":start", *asked.fields, *others))
    ask = f"""SELECT {keys}, outcome.name, sum(amount) FROM event
        CROSS JOIN outcome {twice.BY} ON event.id = outcome.event CROSS JOIN label ON label.id = event.label
        WHERE at >= :since AND at < :until GROUP BY {keys}, outcome.name"""
    width = len(asked.fields) + 4
    place = {row[:width]: number for number, row in enumerate(rows)}
    found = [row for span in asked.spans() for row in twice.same(db, "outcome", ask, span)]
    return sorted(
        (place[key], names.text(name) or "", amount)
        for *keys, name, amount in found
        if (key := tuple(keys)) in place  # else its telling does not count
    )


def _label_columns(
    names: Names,
    fields: Sequence[str],
    found: Sequence[tuple[int, ...]],
    rows: int,
    project_name: Callable[[Text], Text],
) -> dict[str, Sequence[object]]:
    """Columns of texts; those that were left out say nothing."""
    columns: dict[str, Sequence[object]] = {
        field: Texts(array("q", bytes(8 * rows)), [None]) for field in LABEL_FIELDS if field != "agent"
    }
    for field, numbers in zip(fields, found, strict=True):
        distinct = list(dict.fromkeys(numbers))
        texts: Iterable[Text] = names.texts(distinct)
        if field == "project":
            texts = map(project_name, texts)
        shown = [DEFAULTS.get(field) if text is None else text for text in texts]
        columns[field] = _coded(numbers, distinct, shown)
    return columns


def _coded(numbers: Sequence[int], distinct: Sequence[int], texts: list[Text]) -> Texts:
    """A column with one code for each distinct text; several projects may be shown under one name."""
    codes: dict[Text, int] = {}
    code_of = {
        number: codes.setdefault(text, len(codes)) for number, text in zip(distinct, texts, strict=True)
    }
    return Texts(array("q", map(code_of.__getitem__, numbers)), list(codes))


_AHEAD = f"quarter >= :since / {_SECOND} AND quarter < :until / {_SECOND}"
