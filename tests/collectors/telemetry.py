"""Write telemetry in a test: attributes, and the envelope around spans, log records and metrics."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
START = 1_770_714_000_000_000_000
"""2026-02-10T09:00:00Z, in nanoseconds."""
SECOND = 10**9


def value(of: Any) -> Json:
    """A value of a stated type; whole numbers are texts."""
    if isinstance(of, list):
        return {"arrayValue": {"values": [value(one) for one in of]}}
    kind = {bool: "boolValue", int: "intValue", float: "doubleValue"}.get(type(of), "stringValue")
    return {kind: str(of) if kind == "intValue" else of}


def attributes(of: Json) -> list[Json]:
    """Attributes as a list."""
    return [{"key": name, "value": value(one)} for name, one in of.items()]


def spans(service: str, *told: Json, seconds: int = 0) -> Json:
    """A line of spans with these attributes, which took two seconds each."""
    start, end = START + seconds * SECOND, START + (seconds + 2) * SECOND
    bodies = [
        {
            "traceId": "5b8efff798038103d269b633813fc60c",
            "spanId": f"eee19b7ec3c1b1{n:02}",
            "startTimeUnixNano": str(start),
            "endTimeUnixNano": str(end),
            "attributes": attributes(one),
        }
        for n, one in enumerate(told)
    ]
    return _envelope("resourceSpans", "scopeSpans", "spans", service, bodies)


def logs(service: str, *told: Json) -> Json:
    """A line of log records with these attributes."""
    bodies = [{"timeUnixNano": str(START), "attributes": attributes(one)} for one in told]
    return _envelope("resourceLogs", "scopeLogs", "logRecords", service, bodies)


def metric(service: str, name: str, *points: Json, cumulative: bool = False, kind: str = "sum") -> Json:
    """A line of one metric."""
    data = {"aggregationTemporality": 1 + cumulative, "dataPoints": list(points)}
    return _envelope("resourceMetrics", "scopeMetrics", "metrics", service, [{"name": name, kind: data}])


def point(amount: Any, since: int, until: int, kind: str = "asInt", **about: str) -> Json:
    """A point of a metric; times are seconds after the start."""
    times = {"startTimeUnixNano": START + since * SECOND, "timeUnixNano": START + until * SECOND}
    return {**{n: str(t) for n, t in times.items()}, kind: amount, "attributes": attributes(about)}


def _envelope(signal: str, scopes: str, items: str, service: str, bodies: list[Json]) -> Json:
    resource = {"attributes": attributes({"service.name": service})}
    return {signal: [{"resource": resource, scopes: [{"scope": {"name": "example"}, items: bodies}]}]}
