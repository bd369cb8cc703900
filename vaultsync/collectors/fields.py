"""Describe a log shape as a table: field of the event -> path in the record. No format is read here.

    SHAPE = Shape(
        {
            "when": "created",
            "id": "id",
            "model": "model",
            "mode": ("response.service_tier", "service_tier"),      # the first that is given
            "input": "usage.prompt_tokens",
            "cache_read": "usage.prompt_tokens_details.cached_tokens",
            "output": "usage.completion_tokens",
            "total": "usage.total_tokens",
            "cost": scaled("usage.cost_in_usd_ticks", -10),          # ticks of 10^-10 USD
            "project": "^project_id",                                # of the object around the record
        },
        {"provider": "openai", "output": 0},                         # where the record gives none
        family="inclusive",
    )

`FIELDS` names the fields. Times are told apart by themselves: RFC 3339, Unix seconds, milli-, micro- and
nanoseconds, as numbers or as text. Counts may be texts too. What a path cannot say, a function of the record
says; `scaled`, `summed`, `joined` and `chosen` make the usual ones. How `input` and `output` relate to the
other counts is the family's business (see `families`), not the table's.

`tables` turns a shape into a collector; home-made logs have no shape and are read by `aliases`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

from vaultsync.collectors.families import COUNTS, Family, Found, is_given
from vaultsync.collectors.records import Repeated
from vaultsync.collectors.values import BadField, count, money

Getter = Callable[[Mapping[str, Any]], object]
Source = str | tuple["Source", ...] | Getter
"""Where a value is found: a dotted path, several of which the first counts that is given, or a function."""

FIELDS = frozenset(
    {
        *(
            "when",
            "until",
            "id",
            "response",
            "session",
            "provider",
            "model",
            "mode",
            "region",
            "context_band",
        ),
        *("project", "branch", "action_type", "action_name", "run_type", "agent", "machine"),
        *("requests", "web_searches", "duration_ms", "cost", "currency", "cost_kind"),
        *COUNTS,
    }
)
"""What can be said of an event. `until`: the end of the bucket that begins at `when`, which makes an
aggregate of the hour, day or month. `id`: unique within the source; an aggregate has `joined` dimensions.
`response`: the id that the provider gave its response, which names the call whatever the source, and wins.
`cache_writes`: all lifetimes in one."""


@dataclass(frozen=True)
class Shape:
    """Where the fields of an event stand in a record of one format."""

    fields: Mapping[str, Source]
    """Field -> where it is found."""
    constants: Mapping[str, object] = field(default_factory=dict)
    """Field -> value of records that give none."""
    family: Family = "disjoint"
    flags: tuple[str, ...] = ()
    """Of every event: what the format can never tell, such as `cache_unknown`."""

    def __post_init__(self) -> None:
        if unknown := {*self.fields, *self.constants} - FIELDS:
            raise ValueError(f"no field of an event is named {min(unknown)}")

    def find(self, record: Mapping[str, Any]) -> Found:
        """Find the fields of a record; what is null, empty, an object or a list is not there.

        In the place of a count an object or a list is there, unless it is empty: the door of counts tells it.

        Raises:
            BadField: A key that is asked for stands twice.
        """
        values = dict(self.constants)
        for name, get in self._getters:
            value = get(record)
            if is_given(value) or (value and name in COUNTS):
                values[name] = value
        return Found(values, self.family, self.flags)

    @cached_property
    def _getters(self) -> tuple[tuple[str, Getter], ...]:
        return tuple((name, getter(source)) for name, source in self.fields.items())


def getter(source: Source) -> Getter:
    """The function that finds a value."""
    if isinstance(source, str):
        return _path_getter(source)
    if callable(source):
        return source
    return _first([getter(one) for one in source])


def _first(getters: Sequence[Getter]) -> Getter:
    """The first value that is given; where none is, an object or a list that stands in the place of one."""

    def read(record: Mapping[str, Any]) -> object:
        nested = None
        for get in getters:
            value = get(record)
            if is_given(value):
                return value
            nested = nested or value
        return nested

    return read


def _path_getter(path: str) -> Getter:
    """What `at` does, in less time where records are plain objects."""
    key, *rest = _parts(path)

    def read(record: Mapping[str, Any]) -> object:
        if type(record) is not dict:
            return at(record, path)
        value = record.get(path)
        if value is None and rest:
            value = record.get(key)
            for part in rest:
                if value is None:
                    return None
                value = value.get(part) if type(value) is dict else _member(value, part)
        return value

    return read


def at(record: Any, path: str) -> Any:
    """The value at a dotted path, None where there is none; a key that holds the dots itself comes first.

    Raises:
        BadField: A key on the way stands twice.
    """
    value = _member(record, path)
    parts = _parts(path)
    if value is None and len(parts) > 1:
        value = record
        for part in parts:
            value = _member(value, part)
    return value


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _member(holder: Any, key: str) -> Any:
    if isinstance(holder, dict):
        if isinstance(holder, Repeated) and key in holder.repeated:
            raise BadField(f"'{key}' stands twice in the record.")
        return holder.get(key)
    if isinstance(holder, list) and key.isdecimal() and int(key) < len(holder):
        return holder[int(key)]
    return None


def scaled(source: Source, power: int) -> Getter:
    """Money in a smaller unit: `scaled("amount", -2)` for cents, -6 for millionths, -9 for billionths.

    Exact to the last digit. What is no money is passed on as it stands, for the door of costs to tell.
    """
    get = getter(source)

    def read(record: Mapping[str, Any]) -> object:
        value = get(record)
        try:
            sign, digits, exponent = money(value).as_tuple()
        except BadField:
            return value
        return Decimal((sign, digits, int(exponent) + power))

    return read


def summed(*sources: Source) -> Getter:
    """The sum of those counts that are given: `summed("promptTokenCount", "toolUsePromptTokenCount")`.

    One that is no count is passed on instead, for the door of counts to tell.
    """
    getters = [getter(source) for source in sources]

    def read(record: Mapping[str, Any]) -> object:
        given = [value for get in getters if (value := get(record)) or is_given(value)]
        total = 0
        for value in given:
            try:
                total += count(value, "")
            except BadField:
                return value
        return total if given else None

    return read


def joined(*sources: Source) -> Getter:
    """A short mark of several values: the identity of an aggregate by its dimensions, those not given too."""
    getters = [getter(source) for source in sources]

    def read(record: Mapping[str, Any]) -> object:
        values = [None if (value := get(record)) is None else str(value) for get in getters]
        return hashlib.blake2b(json.dumps(values).encode(), digest_size=16).hexdigest()

    return read


def chosen(source: Source, table: Mapping[str, object]) -> Getter:
    """A value by a table of its lower-case texts: `chosen("batch", {"true": "batch"})`; None if not in it."""
    get = getter(source)
    return lambda record: table.get(str(get(record)).strip().lower())
