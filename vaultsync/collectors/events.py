"""Build usage events from the fields of a record; what cannot be built is an issue, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple, get_args

from vaultsync.collectors.families import Found, split
from vaultsync.collectors.fields import find
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.values import BadField, clock, count, instant, is_date, money, quote, text
from vaultsync.model import CostKind, Finding, Grain, Issue, UsageEvent

ACTIONS = ("skill", "agent", "command", "manual", "scheduled")
_AHEAD = timedelta(hours=48)


@dataclass(frozen=True, slots=True)
class Origin:
    """What a collector knows about its events beside their records."""

    source: str
    zone: tzinfo = UTC
    """Zone of times without one."""
    now_ns: int = 0
    """The present; 0: not known, so no event is in the future."""
    grain: Grain = "request"
    separators: bool = False
    """Thousands are written `1,500`."""
    model: str | None = None
    """Of records that name none."""
    provider: str | None = None
    day: date | None = None
    """Of records that tell only a time of day, or nothing."""


class Built(NamedTuple):
    """An event, and what is worth knowing about its record though it counts."""

    event: UsageEvent
    remarks: tuple[str, ...]


def build(found: Found, origin: Origin, outcomes: Mapping[str, int] | None = None) -> Built:
    """Make an event of the fields of a record.

    A bad cost or duration is left out and remarked; a bad time or token count is an error.

    Raises:
        BadField: The record cannot be counted; the message says why.
    """
    values = found.values
    when, grain, flags = _when(values, origin)
    counted = split(found, separators=origin.separators)
    extras = _Extras(values, origin)
    flags += [*counted.flags, *extras.flags]
    remarks = [*counted.remarks, *extras.remarks]
    if origin.now_ns and when - _AHEAD > datetime.fromtimestamp(origin.now_ns // 10**9, UTC):
        flags.append("future")
        remarks.append(
            f"timestamp {when:%Y-%m-%dT%H:%M:%SZ} is more than two days ahead. Check the log's clock."
        )
    model, provider = text(values.get("model")), text(values.get("provider"))
    if (model is None and origin.model) or (provider is None and origin.provider and model is None):
        flags.append("assumed_model")
    action_type, action_name = action(values)
    name = text(values.get("id"))
    event = UsageEvent(
        when=when,
        source=origin.source,
        provider=provider_name(provider or origin.provider),
        model=model or origin.model or "unknown",
        tokens=counted.tokens,
        key=f"{origin.source}:{name}" if name else None,
        mode=mode(values.get("mode")),
        region=_region(values.get("region")),
        grain=grain,
        requests=extras.requests,
        web_searches=extras.web_searches,
        unsplit=counted.unsplit,
        duration_ms=extras.duration_ms,
        cost=extras.cost,
        currency=(text(values.get("currency"), 8) or "USD").upper(),
        cost_kind=extras.cost_kind,
        session=text(values.get("session")),
        project=text(values.get("project"), 1000),
        branch=text(values.get("branch")),
        action_type=action_type,
        action_name=action_name,
        machine=text(values.get("machine")),
        flags=tuple(sorted(set(flags))),
        outcomes=tuple(sorted((outcomes or {}).items())),
    )
    return Built(event, tuple(remarks))


def _when(values: Mapping[str, object], origin: Origin) -> tuple[datetime, Grain, list[str]]:
    """Time of a record; a mere date is a bucket of one day."""
    value = values.get("when")
    if origin.day is not None:
        at = clock(value)
        if at is not None:
            return instant(f"{origin.day} {at}", origin.zone), origin.grain, []
        if value is None:
            return instant(str(origin.day), origin.zone), origin.grain, ["assumed_date"]
    when = instant(value, origin.zone)
    return when, "day" if is_date(value) and origin.grain == "request" else origin.grain, []


class _Extras:
    """The fields without which an event still counts."""

    def __init__(self, values: Mapping[str, object], origin: Origin) -> None:
        self.flags: list[str] = []
        self.remarks: list[str] = []
        self._values = values
        grouped = origin.separators
        self.requests = self._read("requests", lambda v: count(v, "requests", separators=grouped)) or 1
        self.web_searches = (
            self._read("web_searches", lambda v: count(v, "web searches", separators=grouped)) or 0
        )
        self.duration_ms = self._read("duration_ms", _milliseconds)
        self.cost: Decimal | None = self._read("cost", lambda v: money(v, loose=grouped), "bad_cost")
        self.cost_kind: CostKind | None = None
        if self.cost is not None:
            kind = str(values.get("cost_kind", "")).strip().lower()
            self.cost_kind = next((k for k in get_args(CostKind) if k == kind), "estimated")

    def _read(self, field: str, door: Callable[[object], Any], flag: str = "bad_count") -> Any:
        if field not in self._values:
            return None
        try:
            return door(self._values[field])
        except BadField as error:
            self.flags.append(flag)
            self.remarks.append(f"{error} The record counts without it.")
            return None


def _milliseconds(value: object) -> int:
    try:
        return int(money(value))
    except BadField:
        raise BadField(f"duration is {quote(value)}; it is a number of milliseconds.") from None


def action(values: Mapping[str, object]) -> tuple[str | None, str | None]:
    """Type and name of what was run; `skill:review` as `run_type` is both, an `agent` is one's name."""
    kind, name = text(values.get("action_type")), text(values.get("action_name"))
    run = text(values.get("run_type"))
    if kind is None and run is not None:
        first, mark, rest = run.partition(":")
        split_up = bool(mark) and first.strip().lower() in ACTIONS
        kind = first.strip() if split_up else run
        name = name or (rest.strip() or None if split_up else None)
    if kind is not None and kind.lower() in ACTIONS:
        kind = kind.lower()
    agent = text(values.get("agent"))
    if agent is not None and kind is None and name is None:
        return "agent", agent
    return kind, name


def provider_name(name: str | None) -> str:
    """A provider in its usual lower-case name, `unknown` where none is given."""
    return "-".join(name.lower().split()) if name else "unknown"


def mode(value: object) -> str:
    """The mode that a service tier means; none, `default` and `auto` are `standard`."""
    name = (text(value, 40) or "standard").lower()
    return "standard" if name in {"default", "auto", "none", "null"} else name


def _region(value: object) -> str | None:
    name = (text(value, 40) or "").lower()
    return None if name in {"", "global", "not_available", "none", "null"} else name


def counted(values: object, *, separators: bool = False) -> tuple[dict[str, int], list[str]]:
    """Read an object of named counts, such as outcomes: (name -> count, remarks about those that are none).

    Names are written in lower case with underscores.
    """
    if not isinstance(values, dict):
        return {}, ([] if values is None else [f"the counts are {quote(values)}, not an object."])
    found: dict[str, int] = {}
    remarks = []
    for name, value in values.items():
        known = "_".join((text(name, 80) or "").lower().replace("-", " ").split())
        if not known or value is None:
            continue
        try:
            found[known] = found.get(known, 0) + count(value, known, separators=separators)
        except BadField as error:
            remarks.append(f"{error} It is left out.")
    return found, remarks


def events(
    record: Mapping[str, Any],
    line: int | None,
    reader: Reader,
    origin: Origin,
    look: Callable[[Mapping[str, Any]], Found] = find,
) -> Iterator[Finding]:
    """The event of one record, after issues about what is odd in it; or the issue why there is none.

    Args:
        look: How the fields of the record are found.
    """
    path = reader.file.path
    try:
        built = build(look(record), origin)
    except BadField as error:
        yield Issue(path, line, f"{error} Fix the log, or remove the line.")
        return
    for remark in built.remarks:
        yield Issue(path, line, remark, rejected=False)
    yield built.event
