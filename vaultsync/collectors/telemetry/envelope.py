"""Unfold the JSON of OpenTelemetry's protocol: who tells, and the spans, log records and metrics of it.

    {"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": …}}]},
                        "scopeSpans": [{"scope": {"name"}, "spans": [{"attributes": […], …}]}]}]}

Facts of the format. A line holds one of `resourceSpans`, `resourceLogs`, `resourceMetrics`, and lines are in
no order. Whole numbers of 64 bits are texts. Attributes are lists of keys and values of a stated type; only
plain values are handed on, so no list of messages is.

Source: OTLP 1.x as JSON, written by the file exporter of the OpenTelemetry Collector, November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from vaultsync.collectors.records import Repeated

SIGNALS = {
    "resourceSpans": ("scopeSpans", "spans"),
    "resourceLogs": ("scopeLogs", "logRecords"),
    "resourceMetrics": ("scopeMetrics", "metrics"),
}
"""Key of a line -> the keys of the lists inside it."""
PLAIN = ("stringValue", "intValue", "doubleValue", "boolValue")


class Item(NamedTuple):
    """A span, a log record or a metric."""

    signal: str
    """One of `SIGNALS`."""
    resource: dict[str, Any]
    """Attributes of the program that tells it."""
    body: dict[str, Any]
    """As it stands."""

    @property
    def service(self) -> str:
        """Name of the program; empty where it has none."""
        name = self.resource.get("service.name")
        return name if isinstance(name, str) and not name.startswith("unknown_service") else ""


def unfolded(page: Mapping[str, Any]) -> Iterator[Item]:
    """The items of a line."""
    for signal, (scopes, items) in SIGNALS.items():
        for told in objects(page, signal):
            holder = told.get("resource")
            resource = attributes(holder) if isinstance(holder, dict) else {}
            for scope in objects(told, scopes):
                yield from (Item(signal, resource, item) for item in objects(scope, items))


def objects(holder: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list that a holder has; none where there is no list."""
    value = holder.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def attributes(holder: Mapping[str, Any]) -> dict[str, Any]:
    """The plain attributes of an item by their names."""
    pairs = [(one["key"], plain(one.get("value"))) for one in objects(holder, "attributes") if _is_named(one)]
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(pairs)


def plain(value: object) -> object:
    """A plain value of a stated type; None for any other, and for a list or an object in the place of one."""
    if not isinstance(value, dict):
        return None
    found = next((value[kind] for kind in PLAIN if kind in value), None)
    return None if isinstance(found, dict | list) else found


def _is_named(attribute: Mapping[str, Any]) -> bool:
    return isinstance(attribute.get("key"), str)


def time_of(item: Mapping[str, Any], *names: str) -> int | None:
    """The first time that an item states, in nanoseconds since 1970; 0 states none."""
    for name in names:
        text = str(item.get(name))
        if text.isdecimal() and len(text) < 20 and int(text):
            return int(text)
    return None
