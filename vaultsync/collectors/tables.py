"""Turn the description of a format into a collector: how its files are known, and the shape of its records.

A provider's collector is a subclass of `JsonTable` or `CsvTable` with its facts as attributes, in a file of
its own. This is all of one:

    class Activity(CsvTable):
        \"""One row per generation.\"""

        name = "openrouter-activity"
        signs = ("generation_id", "model_permaslug")
        shape = Shape(
            {
                "when": "created_at",
                "id": "generation_id",
                "model": "model_permaslug",
                "input": "tokens_prompt",
                "cache_read": "tokens_cached",
                "output": "tokens_completion",
                "reasoning": "tokens_reasoning",
                "cost": "cost_total",
            },
            {"provider": "openrouter", "cost_kind": "charged"},
            family="inclusive",
        )

and one line in `pyproject.toml` under the entry points `vaultsync.collectors`. What a table cannot say is
said by two methods: `is_counted` passes rows over that are no usage, and `look` makes several events of a
record, or works out what no path leads to. `look` may raise `BadField`.

Exactly one collector may claim a file: where the signs of one format are found in another one too, the first
names signs of the second as `foreign`. Names that `logs/flat_events` would take for its own, though they mean
something else, are listed there in `EXPORTS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

from vaultsync.collectors.cells import Header, csv_lines, headers
from vaultsync.collectors.events import Origin, Where, events
from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape
from vaultsync.collectors.outline import BLANK, Lines, first_record, head_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import below, json_document, json_lines, surround
from vaultsync.collectors.registry import Kind, Place
from vaultsync.collectors.values import quote
from vaultsync.model import Finding, Grain, Issue, Tells


class Table:
    """What both kinds of described formats share."""

    name: str
    source: str = ""
    """Source of the events where several collectors read one format; empty: the name."""
    kind: Kind = "lines"
    """`lines` for logs that are only added to, and for answers that never change once they are saved;
    `document` for reports that say anew what is true of their range; `store` for those that say of the past
    what they said before."""
    tells: Tells | Mapping[str, Tells] = "calls"
    """What kind of telling its events are, or kinds by their source where it has several. Of `bills` each
    record needs a cost, and none has counts."""
    signs: tuple[str, ...]
    """What a file of this format shows, all of it."""
    foreign: tuple[str, ...] = ()
    """What it never shows, for that is another format's."""
    shape: Shape
    grain: Grain = "request"
    """Of records that tell no end of their bucket."""
    separators: bool = False
    """Thousands may be written `1,500`, money `$1,500.00`."""
    zone: tzinfo | None = UTC
    """Of times without one; None: the vault's."""

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular."""
        return ()

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """Say whether a record is about usage; one that is not is passed over without a word.

        Raises:
            BadField: That cannot be told.
        """
        return True

    def unwrapped(self, record: dict[str, Any]) -> dict[str, Any]:
        """The object that a record holds, or the record as it stands."""
        return record

    def beside(self, reader: Reader) -> dict[str, Any]:
        """What a file tells by its name or its time; its records see it as `^name`."""
        return {}

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """The fields of the events that a record tells of.

        Raises:
            BadField: It cannot be counted; the message says why.
        """
        return (self.shape.find(record),)

    def _events(self, record: Any, where: Where, reader: Reader, origin: Origin) -> Iterator[Finding]:
        if not isinstance(record, dict):
            line = where() if callable(where) else where
            text = f"the record is {quote(record)}, not an object. Remove it."
            yield Issue(reader.file.path, line, text)
        else:
            beside = self.beside(reader)
            yield from events(record, where, reader, origin, lambda found: self._told(found, beside))

    def _told(self, record: Any, beside: dict[str, Any]) -> Iterable[Found]:
        record = self.unwrapped(record)
        surround(record, beside)
        return self.look(record) if self.is_counted(record) else ()

    def _origin(self, reader: Reader) -> Origin:
        zone = reader.zone if self.zone is None else self.zone
        bills = self.tells == "bills"
        return Origin(self.source or self.name, zone, reader.now_ns, self.grain, self.separators, bills=bills)


class CsvTable(Table):
    """A format of CSV files; signs are columns."""

    def claims(self, file: LogFile) -> bool:
        """True when a header near the top has the columns."""
        return any(map(self._is_ours, headers(head_of(file))))

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the events of each row, in order."""
        origin = self._origin(reader)
        for found in self.rows(reader):
            if isinstance(found, Issue):
                yield found
            else:
                yield from self._events(found[1], found[0], reader, origin)

    def rows(self, reader: Reader) -> Iterator[tuple[int, dict[str, str]] | Issue]:
        """The rows by column name, with the lines they stand on."""
        head = next(filter(self._is_ours, headers(head_of(reader.file))), None)
        return csv_lines(reader, head) if head else iter(())

    def _is_ours(self, head: Header) -> bool:
        return set(self.signs) <= set(head.names) and not set(self.foreign) & set(head.names)


class JsonTable(Table):
    """A format of JSON: objects line by line, one after another, in arrays, or in lists inside a page.

    Signs are paths from the record, or from the page, as in `data[].results[].model`; `path=value` and
    `path=beginning*` ask for a text too.
    """

    records: str = ""
    """Way from a page to its records: `data[].results[]`. A record sees the page's own values as `^name`."""
    wrappers: tuple[str, ...] = ()
    """Paths under which a record may be wrapped, the longest first: `("response.body", "response")`. What
    stands beside it is seen as `^name`."""

    def claims(self, file: LogFile) -> bool:
        """True when the first record bears the signs, wrapped or not."""
        first = first_record(head_of(file))
        return any(
            all(first.shows(sign, way) for sign in self.signs)
            and not any(first.shows(sign, way) for sign in self.foreign)
            for way in ("", *(f"{wrapper}." for wrapper in self.wrappers))
        )

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the events of each record, in order."""
        origin = self._origin(reader)
        for found in self._pages(reader):
            if isinstance(found, Issue):
                yield found
                continue
            where, page, path = found
            for there, record in below(page, self.records, path):
                line = partial(where.of, there) if isinstance(where, Lines) else where
                yield from self._events(record, line, reader, origin)

    def _pages(self, reader: Reader) -> Iterator[tuple[Lines | int, Any, tuple[int, ...]] | Issue]:
        """The top-level values of a file, and the lines they stand on."""
        if self.kind == "lines" and is_lines(reader.file):
            for found in json_lines(reader):
                yield found if isinstance(found, Issue) else (*found, (0,))
            return
        values, text = json_document(reader)
        lines = Lines(text)
        yield from ((lines, value, (n,)) for n, value in enumerate(values))
        if values and isinstance(values[-1], dict) and values[-1].get("has_more") is True:
            text = "the last page says that there are more. Export those too."
            yield Issue(reader.file.path, None, text, rejected=False)

    def unwrapped(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record inside its wrapper, or as it stands."""
        for wrapper in self.wrappers:
            inner = next((found for _, found in below(record, wrapper)), None)
            if isinstance(inner, dict) and inner is not record:
                return inner
        return record


def is_lines(file: LogFile) -> bool:
    """Say whether a file of JSON has its objects line by line, and not printed over several lines."""
    line = next((line for line in head_of(file).split("\n") if line.strip(BLANK)), "").strip(BLANK)
    return line.startswith("{") and not line.endswith(("{", "[", ","))
