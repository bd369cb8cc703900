"""Collect calls of models from files of OpenTelemetry: spans, events of coding agents, counters of tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from vaultsync.collectors.events import Origin, events
from vaultsync.collectors.outline import Lines, first_record, head_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import below
from vaultsync.collectors.tables import JsonTable
from vaultsync.collectors.telemetry import calls, points
from vaultsync.collectors.telemetry.envelope import SIGNALS, unfolded
from vaultsync.model import Finding, Grain, Issue, Tells

KINDS: Mapping[str, Tells] = {
    **dict.fromkeys((calls.OTHERS, calls.CLAUDE_CODE, calls.CODEX, calls.GEMINI_CLI), "events"),
    **dict.fromkeys((points.OTHERS, points.CLAUDE_CODE, points.GEMINI_CLI), "metrics"),
}
"""Source of events -> what kind of telling it is."""


class Otlp(JsonTable):
    """Files of the file exporter. Their events have several sources, by who tells and by what."""

    name = calls.OTHERS
    tells = KINDS

    def claims(self, file: LogFile) -> bool:
        """True when the first record is an envelope of the protocol."""
        first = first_record(head_of(file))
        return any(first.shows(signal) for signal in SIGNALS)

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the events of each line, in order."""
        series = points.Series(reader.state)
        for found in self._pages(reader):
            if isinstance(found, Issue):
                yield found
                continue
            where, page, path = found
            for there, line in below(page, "", path):
                number = partial(where.of, there) if isinstance(where, Lines) else where
                for told in _told(line, series) if isinstance(line, dict) else ():
                    yield from events(told.record, number, reader, _origin(told, reader), told.look)


def _origin(told: calls.Told, reader: Reader) -> Origin:
    """Whose the events are; those of counters are known to the hour."""
    grain: Grain = "hour" if KINDS[told.source] == "metrics" else "request"
    return Origin(told.source, now_ns=reader.now_ns, grain=grain)


def _told(page: Mapping[str, Any], series: points.Series) -> Iterator[calls.Told]:
    """The calls and sums of calls that a line tells of."""
    items = list(unfolded(page))
    for item in items:
        if item.signal != "resourceMetrics" and (told := calls.call_of(item)):
            yield told
    yield from points.sums_of([item for item in items if item.signal == "resourceMetrics"], series)
