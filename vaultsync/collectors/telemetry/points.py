"""Read the token counters of metrics: the points of one moment are one event, counters become differences.

    {"name": "claude_code.token.usage", "sum": {"aggregationTemporality": 1, "dataPoints": [
        {"startTimeUnixNano", "timeUnixNano", "asDouble": 504, "attributes": [type, model, session.id, …]}]}}

Facts of the format. A delta tells what came since its start. A cumulative counter tells all since its start,
so each point is worth its difference from the one before, and the first its whole value; a new start, or a
value that fell, is a new beginning. Of histograms the `sum` counts. No counter tells how many calls it sums
up, but a histogram does.

Source: OTLP 1.x, the conventions for generative AI, the monitoring documents of Claude Code and Gemini CLI,
read in November 2026.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any

from vaultsync.collectors.agents.claude_code.calls import provider_of
from vaultsync.collectors.families import COUNTS, Family, Found
from vaultsync.collectors.fields import Getter, Source, getter
from vaultsync.collectors.providers.names import usual
from vaultsync.collectors.telemetry.calls import AGENTS, MODEL, Told, maker
from vaultsync.collectors.telemetry.envelope import Item, attributes, objects, time_of
from vaultsync.collectors.values import BadField, is_zero, money

CLAUDE_CODE, GEMINI_CLI, OTHERS = "claude-code-otel-metrics", "gemini-cli-otel-metrics", "otlp-metrics"
"""Sources of the events."""
CUMULATIVE = (2, "2", "AGGREGATION_TEMPORALITY_CUMULATIVE")
HOUR_NS = 3600 * 10**9


@dataclass(frozen=True)
class Meter:
    """What a metric counts."""

    source: str
    kind: str
    """Attribute that tells which class of tokens a point counts; empty: the metric is of money."""
    fields: Mapping[object, str]
    """Value of that attribute -> field of the event."""
    model: Source = "model"
    provider: Source = ()
    session: Source = "session.id"
    family: Family = "disjoint"
    flags: tuple[str, ...] = ()


def _claude_provider(record: Mapping[str, Any]) -> str:
    return provider_of(str(record.get("model")))


METERS = {
    "claude_code.token.usage": Meter(
        CLAUDE_CODE,
        "type",
        {"input": "input", "output": "output", "cacheRead": "cache_read", "cacheCreation": "cache_write"},
        provider=_claude_provider,
    ),
    "claude_code.cost.usage": Meter(CLAUDE_CODE, "", {None: "cost"}, provider=_claude_provider),
    "gemini_cli.token.usage": Meter(
        GEMINI_CLI,
        "type",
        {
            "input": "input",
            "tool": "input",
            "cache": "cache_read",
            "output": "output",
            "thought": "reasoning",
        },
        provider=lambda record: "google",
        family="outside",
    ),
    "gen_ai.client.token.usage": Meter(
        OTHERS,
        "gen_ai.token.type",
        {"input": "input", "output": "output"},
        model=MODEL,
        provider=(usual(("gen_ai.provider.name", "gen_ai.system")), maker),
        flags=("cache_unknown",),
    ),
}
"""Name of a metric -> what it counts."""


class Series:
    """Where the cumulative counters of a file stand."""

    def __init__(self, state: dict[str, Any]) -> None:
        """Go on from what was noted at the end of an earlier reading."""
        self._last: dict[str, list[Any]] = state.setdefault("series", {})

    def risen(self, name: str, start: int, time: int, value: Decimal) -> tuple[int, Decimal]:
        """Since when, and by how much, a counter has risen; a point that comes late says nothing new."""
        known = self._last.get(name)
        if known and time <= known[1]:
            return time, Decimal(0)
        self._last[name] = [start, time, str(value)]
        if not known or start != known[0] or value < Decimal(known[2]):
            return start, value
        return known[1], value - Decimal(known[2])


def sums_of(items: list[Item], series: Series) -> Iterator[Told]:
    """The sums that the metrics of a line tell, an event for all points that differ in the class alone."""
    told: dict[tuple[str, ...], Found] = {}
    for item in items:
        meter = METERS.get(str(item.body.get("name")))
        is_repeated = meter is not None and meter.source == OTHERS and item.service in AGENTS
        if meter is not None and not is_repeated:
            for point, is_cumulative in _points(item.body):
                _count(meter, item, point, series if is_cumulative else None, told)
    for (source, *_), found in told.items():
        if not found.values.keys().isdisjoint(COUNTS):
            found.values.setdefault("input", 0)
            found.values.setdefault("output", 0)
            yield Told(source, {}, partial(_as_found, found))


def _as_found(found: Found, _: Mapping[str, Any]) -> tuple[Found]:
    return (found,)


def _points(metric: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], bool]]:
    """The points of a metric, and whether each tells the whole since its start."""
    for kind in ("sum", "histogram", "exponentialHistogram"):
        data = metric.get(kind)
        if isinstance(data, dict):
            is_cumulative = data.get("aggregationTemporality") in CUMULATIVE
            yield from ((point, is_cumulative) for point in objects(data, "dataPoints"))


def _count(
    meter: Meter,
    item: Item,
    point: Mapping[str, Any],
    series: Series | None,
    told: dict[tuple[str, ...], Found],
) -> None:
    """Add a point to the event that it belongs to."""
    about = dict(attributes(point))
    field = meter.fields.get(about.pop(meter.kind, None))
    start, time = (time_of(point, name) or 0 for name in ("startTimeUnixNano", "timeUnixNano"))
    raw = next((point[name] for name in ("asInt", "asDouble", "sum") if name in point), None)
    if field is None or is_zero(raw):
        return
    amount = _decimal(raw)
    mark = _mark(item.resource, about)
    begin = start or time
    if series is not None and amount is not None:
        begin, amount = series.risen(_mark(mark, item.body.get("name"), field), start, time, amount)
        if not amount:
            return
    key = (meter.source, mark, str(start), str(time))
    found = told.setdefault(key, _sum(meter, about, ":".join(key[1:]), begin, time))
    found.values[field] = raw if amount is None else _added(found.values.get(field, 0), amount)
    calls = _decimal(point.get("count"))
    if calls and series is None:
        known = found.values.get("requests", 0)
        found.values["requests"] = max(calls, known if isinstance(known, Decimal) else Decimal(0))


def _added(known: object, more: Decimal) -> object:
    """A sum; or what is no amount, for the door of counts to tell."""
    amount = _decimal(known)
    return known if amount is None else amount + more


def _sum(meter: Meter, about: Mapping[str, Any], ident: str, begin: int, time: int) -> Found:
    """An event without counts yet; one that spans more than an hour stands at its end."""
    values: dict[str, Any] = {"when": begin if time - begin <= HOUR_NS else time, "id": ident}
    named = {"model": meter.model, "provider": meter.provider, "session": meter.session}
    found = {name: get(about) for name, get in _getters(named).items()}
    values |= {name: value for name, value in found.items() if value is not None}
    return Found(values | {"cost_kind": "estimated"}, meter.family, meter.flags)


def _getters(sources: Mapping[str, Source]) -> dict[str, Getter]:
    return {name: getter(source) for name, source in sources.items()}


def _mark(*values: object) -> str:
    """A short mark of values."""
    text = json.dumps(values, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def _decimal(value: object) -> Decimal | None:
    try:
        return money(value)
    except BadField:
        return None
