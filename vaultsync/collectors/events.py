"""Build usage events from the fields of a record; what cannot be built is an issue, never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

from vaultsync.collectors.families import Found, Split, split
from vaultsync.collectors.identity import response_key
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.values import BadField, clock, count, instant, is_date, money, quote, text
from vaultsync.model import CostKind, Finding, Grain, Issue, TokenCounts, UsageEvent
from vaultsync.periods import month

ACTIONS = ("skill", "agent", "command", "manual", "scheduled")
AHEAD = timedelta(hours=48)
"""An event that is further ahead of the present is flagged `future`."""
_KINDS = frozenset(get_args(CostKind))


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
    bills: bool = False
    """The records tell of money only: their events hold no tokens and no calls, but each must hold a cost."""
    latest: datetime | None = field(init=False)
    """An event after it is flagged `future`."""

    def __post_init__(self) -> None:
        now = datetime.fromtimestamp(self.now_ns // 10**9, UTC) if self.now_ns else None
        object.__setattr__(self, "latest", now + AHEAD if now else None)


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
    when, grain, noticed = _when(values, origin)
    counted = _bill(values, origin) if origin.bills else split(found, separators=origin.separators)
    rest = _NO_REST if _REST.isdisjoint(values) else _rest(values, origin.separators)
    flags = noticed + found.flags + counted.flags + rest.flags
    remarks = counted.remarks + rest.remarks
    if origin.latest and when > origin.latest:
        flags += ("future",)
        shown = f"timestamp {when:%Y-%m-%dT%H:%M:%SZ} is more than two days ahead. Check the log's clock."
        remarks += (shown,)
    model = text(values["model"]) if "model" in values else None
    provider = text(values["provider"]) if "provider" in values else None
    if model is None and (origin.model or (provider is None and origin.provider)):
        flags += ("assumed_model",)
    event = UsageEvent(
        when=when,
        source=origin.source,
        provider=provider_name(provider or origin.provider),
        model=model or origin.model or "unknown",
        tokens=counted.tokens,
        key=_key(values, origin.source),
        grain=grain,
        unsplit=counted.unsplit,
        session=text(values["session"]) if "session" in values else None,
        project=text(values["project"], 1000) if "project" in values else None,
        flags=tuple(sorted(set(flags))) if flags else (),
        outcomes=tuple(sorted(outcomes.items())) if outcomes else (),
        **rest.known,
    )
    return Built(event._replace(requests=0) if origin.bills else event, remarks)


def _key(values: Mapping[str, object], source: str) -> str | None:
    """The key of a call by its response's id, else by the id within its source."""
    if "response" in values and (response := text(values["response"])):
        return response_key(response)
    name = text(values["id"]) if "id" in values else None
    return f"{source}:{name}" if name else None


def _bill(values: Mapping[str, object], origin: Origin) -> Split:
    """No counts at all, of a record that states its cost."""
    if "cost" not in values:
        raise BadField("the cost is missing.")
    money(values["cost"], loose=origin.separators)
    return Split(TokenCounts())


def _when(values: Mapping[str, object], origin: Origin) -> tuple[datetime, Grain, tuple[str, ...]]:
    """Time of a record; a mere date is a bucket of one day, a record with an end a bucket up to it."""
    value = values.get("when")
    if origin.day is not None:
        at = clock(value)
        if at is not None:
            return instant(f"{origin.day} {at}", origin.zone), origin.grain, ()
        if value is None:
            return instant(str(origin.day), origin.zone), origin.grain, ("assumed_date",)
    when = instant(value, origin.zone)
    if "until" in values:
        end = instant(values["until"], origin.zone, "end")
        grain = _bucket(end - when)
        is_odd = grain == "month" and not _is_month(when, end)
        return when, grain, ("odd_period",) if is_odd else ()
    return when, "day" if origin.grain == "request" and is_date(value) else origin.grain, ()


def _bucket(width: timedelta) -> Grain:
    """The grain of an aggregate of this width, the next wider one where there is none."""
    if width <= timedelta(0):
        raise BadField("the end is not after the beginning.")
    return "hour" if width <= timedelta(hours=1) else "day" if width <= timedelta(days=1) else "month"


def _is_month(start: datetime, end: datetime) -> bool:
    """True for a month of the calendar, whether its end is told as its last day or as the day after."""
    of = month(start.date())
    return start.date() == of.start and end.date() in (of.last, of.end)


class _Rest(NamedTuple):
    """The fields that few records have, and without which an event still counts."""

    known: Mapping[str, Any] = MappingProxyType({})
    """By their names in the event."""
    flags: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


_NO_REST = _Rest()
_REST = frozenset(
    {
        *("mode", "region", "context_band", "branch", "machine"),
        *("action_type", "action_name", "run_type", "agent"),
        *("requests", "web_searches", "duration_ms", "cost", "currency", "cost_kind"),
    }
)


def _rest(values: Mapping[str, object], grouped: bool) -> _Rest:
    flags: list[str] = []
    remarks: list[str] = []

    def read(name: str, door: Callable[[object], Any], flag: str = "bad_count") -> Any:
        if name not in values:
            return None
        try:
            return door(values[name])
        except BadField as error:
            flags.append(flag)
            remarks.append(f"{error} The record counts without it.")
            return None

    requests = read("requests", lambda value: count(value, "requests", separators=grouped))
    searches = read("web_searches", lambda value: count(value, "web searches", separators=grouped))
    duration = read("duration_ms", _milliseconds)
    cost = read("cost", lambda value: money(value, loose=grouped), "bad_cost")
    kind = str(values.get("cost_kind", "")).strip().lower()
    action_type, action_name = action(values)
    known = {
        "mode": mode(values.get("mode")),
        "region": _region(values.get("region")),
        "context_band": text(values.get("context_band")),
        "branch": text(values.get("branch")),
        "machine": text(values.get("machine")),
        "action_type": action_type,
        "action_name": action_name,
        "requests": 1 if requests is None else requests,
        "web_searches": searches or 0,
        "duration_ms": duration,
        "cost": cost,
        "currency": (text(values.get("currency"), 8) or "USD").upper(),
        "cost_kind": None if cost is None else kind if kind in _KINDS else "estimated",
    }
    return _Rest(known, tuple(flags), tuple(remarks))


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


@lru_cache(maxsize=1024)
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


REMEDY = "Fix the log, or remove the line."
Where = int | None | Callable[[], int | None]
"""The line of a record, or how to find it out when an issue needs it."""


def events(
    record: Mapping[str, Any],
    where: Where,
    reader: Reader,
    origin: Origin,
    look: Callable[[Mapping[str, Any]], Iterable[Found]],
    outcomes: str = "",
) -> list[Finding]:
    """The events of one record, after issues about what is odd in it; or the issue why there is none.

    Args:
        look: How the fields of the events are found; for most formats a record is one event.
        outcomes: Key of an object of counted results, in formats in which a record is one event; of
            anything else that stands there nothing is taken.
    """
    findings: list[Finding] = []
    results, odd = counted(record[outcomes]) if isinstance(record.get(outcomes), dict) else (None, [])
    try:
        for found in look(record):
            try:
                event, remarks = build(found, origin, results)
            except BadField as error:  # the others of its record count all the same
                findings.append(_issue(reader, where, f"{error} {REMEDY}"))
            else:
                findings += (_issue(reader, where, remark, rejected=False) for remark in (*remarks, *odd))
                findings.append(event)
    except BadField as error:
        findings.append(_issue(reader, where, f"{error} {REMEDY}"))
    return findings


def _issue(reader: Reader, where: Where, text: str, *, rejected: bool = True) -> Issue:
    return Issue(reader.file.path, where() if callable(where) else where, text, rejected)
