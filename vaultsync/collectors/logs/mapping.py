"""Read foreign CSV and JSON logs by a mapping in vaultsync.yaml: no code needed.

    mappings:
      - name: gateway                      # the source that its events show; lower case, digits, hyphens
        files: gateway-*.csv               # glob: without a slash for the name, with one for the end of the
        path
        columns:                           # field: column of the CSV, or dotted path in the JSON record
          when: startTime
          model: model
          prompt: prompt_tokens
          cache_read: usage.cached
          output: completion_tokens
          cost: spend
        constants: {provider: openai, project: gateway}     # field: value of every event
        time_format: "%d.%m.%Y %H:%M:%S"   # strptime, or unix, unix_ms, unix_us, unix_ns; default: RFC 3339
        or Unix time
        format: csv                        # csv, jsonl, json; default: by the ending of `files`
        delimiter: ";"                     # of a CSV; default: the one that splits its header
        decimal_comma: true                # 0,27 is a number below one; thousands are then "." unless named
        thousands: "."                     # what separates thousands; default: nothing does
        records: data.items                # dotted path to the list of records in a JSON document or line
        tells: usage                       # a provider's own figures, not single calls; or bills, ...

Only `name`, `files` and `columns` are needed, and among the columns or constants a time and a token count; of
bills a cost. Where a provider tells, a time without an offset is of UTC, as providers cut their days.
Fields are `when`, `until` (the end of what a record sums up), `id`, `session`, `provider`, `model`,
`project`, `branch`, `action_type`, `action_name`, `agent`, `machine`, `mode`, `region`; `input` (the prompt
without cached tokens) or `prompt` (with them), `output`, `total`, `cache_read`, `cache_write`,
`cache_write_5m`, `cache_write_30m`, `cache_write_1h`, `cache_write_12h`, `cache_writes` (all lifetimes in
one), `reasoning`, `input_audio`, `output_audio`, `cache_read_audio`; `web_searches`, `requests`,
`duration_ms`; `cost`, `currency`, `cost_kind`. The names of flat events (`timestamp`, `input_tokens`, ...) do
as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, cast

from vaultsync.collectors.aliases import ALIASES, field_of, fold
from vaultsync.collectors.cells import REST_CSV, Header, csv_lines, header
from vaultsync.collectors.events import REMEDY, Origin, events
from vaultsync.collectors.families import COUNTS, Found
from vaultsync.collectors.fields import Getter, Shape, at
from vaultsync.collectors.finding import matches
from vaultsync.collectors.outline import BLANK, head_of
from vaultsync.collectors.packing import plain_name
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import json_document, json_lines
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, quote
from vaultsync.model import TELLS, Finding, Issue, Tells
from vaultsync.text import ALL_MODELS, nearest, nearest_or_all

Format = Literal["csv", "jsonl", "json"]
FIELDS = frozenset({*ALIASES, "prompt", "until"} - {"run_type"})
TIMES = ("when", "until")
BILL: Mapping[str, object] = {"model": ALL_MODELS, "cost_kind": "billed"}
"""What is said of a record of a bill that does not say otherwise."""
KEYS = (
    "name",
    "files",
    "columns",
    "constants",
    "time_format",
    "format",
    "delimiter",
    "decimal_comma",
    "thousands",
    "records",
    "tells",
)
FORMATS: Mapping[str, Format] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), "csv"),
    **dict.fromkeys((".jsonl", ".ndjson", ".log"), "jsonl"),
    ".json": "json",
}
UNIX = ("unix", "unix_ms", "unix_us", "unix_ns")
NUMBERS = frozenset({*COUNTS, "prompt", "cost", "web_searches", "requests", "duration_ms"})


class BadMapping(ValueError):
    """What is wrong with a mapping, and the nearest known name where one is near.

    `key` tells where: `files`, `columns.input`; empty for the mapping as a whole.
    """

    def __init__(self, text: str, key: str = "") -> None:
        super().__init__(text)
        self.key = key


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """One entry of `mappings:`, checked."""

    name: str
    files: str
    format: Format
    columns: Mapping[str, str]
    """Field -> column or dotted path."""
    constants: Mapping[str, object] = field(default_factory=dict)
    time_format: str | None = None
    delimiter: str | None = None
    decimal_comma: bool = False
    thousands: str = ""
    records: str | None = None
    tells: Tells = "calls"

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> MappingSpec:
        """Check an entry as it was read from YAML.

        Raises:
            ValueError: What is wrong, and the nearest known name where one is near; the caller adds file and
            line.
        """
        for key in data:
            if key not in KEYS:
                raise BadMapping(
                    f"unknown key '{key}' in a mapping.{nearest_or_all(str(key), KEYS)}", str(key)
                )
        name, files = _text(data, "name"), _text(data, "files")
        if not name or not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name):
            raise BadMapping("a mapping needs a name of lower-case letters, digits and hyphens.", "name")
        if not files:
            raise BadMapping(f"mapping {name} needs `files`, a glob such as '{name}-*.csv'.", "files")
        decimal_comma = data.get("decimal_comma", False)
        if not isinstance(decimal_comma, bool):
            raise BadMapping(f"decimal_comma is {decimal_comma!r}; it is true or false.", "decimal_comma")
        spec = cls(
            name,
            files,
            _format(_text(data, "format"), files),
            {known: _column(value, known) for known, value in _fields(data, "columns")},
            {known: _constant(value, known) for known, value in _fields(data, "constants")},
            _text(data, "time_format"),
            _text(data, "delimiter"),
            decimal_comma,
            _text(data, "thousands") or ("." if decimal_comma else ""),
            _text(data, "records"),
            _tells(_text(data, "tells") or "calls"),
        )
        spec._check()
        return spec

    def _check(self) -> None:
        known = {*self.columns, *self.constants}
        if both := self.columns.keys() & self.constants.keys():
            raise BadMapping(f"mapping {self.name} has {min(both)} as a column and as a constant.")
        if "when" not in known:
            raise BadMapping(f"mapping {self.name} has no column for `when`, the time of the event.")
        if self.tells == "bills" and "cost" not in known:
            raise BadMapping(f"mapping {self.name} tells bills, and has no column for `cost`.")
        if self.tells != "bills" and not known & {*COUNTS, "prompt"}:
            raise BadMapping(
                f"mapping {self.name} has no column with a token count, such as `input` or `output`."
            )
        if {"input", "prompt"} <= known:
            raise BadMapping(
                "`input` is the prompt without cached tokens, `prompt` the one with them: map one."
            )
        for key in ("delimiter", "thousands"):
            if len(getattr(self, key) or " ") != 1:
                raise BadMapping(f"{key} is '{getattr(self, key)}'; it is one character.", key)
        if self.time_format and self.time_format not in UNIX and not _is_time_format(self.time_format):
            remedy = f"write it as '%Y-%m-%d %H:%M:%S', or {', '.join(UNIX)}"
            raise BadMapping(f"time_format '{self.time_format}' cannot be used; {remedy}.", "time_format")


class MappedLog:
    """The collector of one mapping."""

    def __init__(self, spec: MappingSpec) -> None:
        self._spec, self._shape = spec, _shape(spec)
        self.name, self.tells = spec.name, spec.tells
        self._is_export = spec.tells in ("usage", "bills")
        is_document = self._is_export or spec.format == "json"
        self.kind: Literal["lines", "document"] = "document" if is_document else "lines"

    def claims(self, file: LogFile) -> bool:
        """True when the path fits the mapping's glob."""
        return matches(file.path, self._spec.files)

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield an event per record, in order."""
        spec, zone = self._spec, UTC if self._is_export else reader.zone
        origin = Origin(self.name, zone, reader.now_ns, bills=spec.tells == "bills")
        for found in self._records(reader):
            if isinstance(found, Issue):
                yield found
                continue
            number, value = found
            try:
                listed = _listed(value, spec.records)
            except BadField as error:
                yield Issue(reader.file.path, number, f"{error} {REMEDY}")
                continue
            for record in listed:
                if isinstance(record, dict):
                    yield from events(record, number, reader, origin, self._look)
                else:
                    yield Issue(reader.file.path, number, f"the record is {quote(record)}, not an object.")

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular."""
        return ()

    def _records(self, reader: Reader) -> Iterator[tuple[int | None, Any] | Issue]:
        if self._spec.format == "json":
            values, _ = json_document(reader)
            for value in values:
                yield from ((None, v) for v in (value if isinstance(value, list) else [value]))
        elif self._spec.format == "jsonl":
            yield from json_lines(reader)
        else:
            yield from self._rows(reader)

    def _rows(self, reader: Reader) -> Iterator[tuple[int, Any] | Issue]:
        head = _header(reader.file, self._spec.delimiter)
        if b"\n" not in reader.file.head and reader.rest_seconds < REST_CSV:
            return  # the header itself is still being written
        if head is None:
            reader.verdict = "damaged"
            yield Issue(reader.file.path, None, "the file has no header of distinct columns. Add one.")
            return
        names = {fold(name) for name in head.names}
        missing = {known: c for known, c in self._spec.columns.items() if fold(c) not in names}
        for known, column in sorted(missing.items()) if reader.is_fresh else ():
            near = nearest(column, head.names) or " Look at the header."
            yield Issue(
                reader.file.path, head.line, f"no column '{column}' for {known}.{near}", rejected=False
            )
        yield from csv_lines(reader, head)

    def _look(self, record: Mapping[str, Any]) -> tuple[Found]:
        """Find the fields of a record by the mapping."""
        found, pattern = self._shape.find(record), self._spec.time_format
        for name in TIMES if pattern and pattern not in UNIX else ():
            if name in found.values:
                found.values[name] = _time(found.values[name], pattern or "")
        return (found,)


def _shape(spec: MappingSpec) -> Shape:
    """The table that a mapping is; a prompt count with cached tokens is the input of the inclusive family."""
    is_inclusive = "prompt" in {*spec.columns, *spec.constants}
    constants = {**(BILL if spec.tells == "bills" else {}), **spec.constants}
    return Shape(
        {_field(known): _column_getter(spec, known, column) for known, column in spec.columns.items()},
        {_field(known): value for known, value in constants.items()},
        "inclusive" if is_inclusive else "disjoint",
    )


def _field(known: str) -> str:
    return "input" if known == "prompt" else known


def _column_getter(spec: MappingSpec, known: str, column: str) -> Getter:
    """How a column or path is read, its name spelled freely, a number in the mapping's way of writing."""

    def read(record: Mapping[str, Any]) -> object:
        value = at(record, column)
        if value is None and "." not in column and column not in record:
            names = (name for name in record if len(name) <= 200 and fold(name) == fold(column))
            value = next((record[name] for name in names), None)
        return _number(value, spec) if known in NUMBERS else value

    return read


def _number(value: object, spec: MappingSpec) -> object:
    """A number as text in the plain way of writing: groups joined, the comma made a point."""
    if not isinstance(value, str) or not (spec.thousands or spec.decimal_comma):
        return value
    text, point = value.strip(), "," if spec.decimal_comma else "."
    mark = re.escape(spec.thousands)
    if spec.thousands and re.fullmatch(
        rf"-?\d{{1,3}}(?:{mark}\d{{3}})+(?:{re.escape(point)}\d*)?", text, re.ASCII
    ):
        text = text.replace(spec.thousands, "")
    elif spec.decimal_comma and "." in text:
        return text.replace(".", "_")  # neither a group nor a fraction: no number
    return text.replace(",", ".") if spec.decimal_comma else text


def _text(data: Mapping[str, object], key: str) -> str | None:
    value = data.get(key)
    if value is None or isinstance(value, str):
        return value or None
    raise BadMapping(f"{key} is {value!r}; it is a text.", key)


def _fields(data: Mapping[str, object], key: str) -> Iterator[tuple[str, object]]:
    """The entries of `columns` or `constants` by their field."""
    entries = data.get(key) or {}
    if not isinstance(entries, Mapping):
        raise BadMapping(f"{key} is {entries!r}; it is a list of `field: value`.", key)
    seen = set()
    for name, value in entries.items():
        known = (
            str(name)
            if name in FIELDS
            else "prompt"
            if fold(str(name)) == "prompttokens"
            else field_of(str(name))
        )
        if known is None or known not in FIELDS:
            raise BadMapping(
                f"unknown field '{name}' in {key}.{nearest_or_all(str(name), sorted(FIELDS))}",
                f"{key}.{name}",
            )
        if known in seen:
            raise BadMapping(f"{key} name the field {known} twice.", f"{key}.{name}")
        seen.add(known)
        yield known, value


def _column(value: object, known: str) -> str:
    if isinstance(value, str) and value:
        return value
    raise BadMapping(f"the column for {known} is {value!r}; it is a name in quotes.", f"columns.{known}")


def _constant(value: object, known: str) -> object:
    if isinstance(value, date):  # YAML makes dates of what looks like one
        return value.isoformat()
    if isinstance(value, float):
        return Decimal(str(value))
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    raise BadMapping(f"the constant {known} is {value!r}; it is a text or a number.", f"constants.{known}")


def _format(named: str | None, files: str) -> Format:
    if named is None:
        found = FORMATS.get(Path(plain_name(files)).suffix.lower())
        if found is None:
            remedy = "Add `format: csv`, jsonl or json."
            raise BadMapping(f"the format of '{files}' is not plain from its ending. {remedy}", "files")
        return found
    if named not in ("csv", "jsonl", "json"):
        raise BadMapping(f"unknown format '{named}'; csv, jsonl and json are known.", "format")
    return cast("Format", named)


def _tells(named: str) -> Tells:
    if named not in TELLS:
        raise BadMapping(f"it tells '{named}'; {', '.join(TELLS)} are known.", "tells")
    return named


def _is_time_format(text: str) -> bool:
    try:
        sample = datetime(2026, 1, 7, 14, 30).strftime(text)  # noqa: DTZ001
        return datetime.strptime(sample, text).date() == date(2026, 1, 7)  # noqa: DTZ007
    except (ValueError, re.error):
        return False


def _time(value: object, pattern: str) -> str:
    """A time in the mapping's format, written as RFC 3339; without a time of day if the format has none."""
    try:
        when = datetime.strptime(str(value).strip(), pattern)  # noqa: DTZ007
    except ValueError:
        raise BadField(f"timestamp is {quote(value)}, not as time_format '{pattern}' says.") from None
    return when.isoformat() if re.search(r"%[HIXcTsR]", pattern) else when.date().isoformat()


def _header(file: LogFile, delimiter: str | None) -> Header | None:
    """The first line of a CSV that is not blank."""
    for number, line in enumerate(head_of(file).split("\n"), 1):
        if line.strip(BLANK):
            return header(line.rstrip("\r"), number, *([delimiter] if delimiter else []))
    return None


def _listed(value: Any, path: str | None) -> list[Any]:
    """The records below a path: a list, or one.

    Raises:
        BadField: A key on the way stands twice.
    """
    if path is not None and isinstance(value, dict):
        value = at(value, path)
        if value is None:
            return []
    return value if isinstance(value, list) else [value]
