"""Collect the calls that Gemini CLI writes into its local file of telemetry.

The file is no envelope of OpenTelemetry and no JSON lines, but one object after another, each printed over
several lines and indented by two, spans, log records and metrics mixed. An object ends where a line is
exactly `}` and the next begins where one is exactly `{`, so a damaged one costs itself only. The same calls
over OTLP have the same keys.

Source: the telemetry document and the program's own exporter, November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from vaultsync.collectors.events import Origin, events
from vaultsync.collectors.lines import BOM, Line
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import Malformed, json_object, json_values
from vaultsync.collectors.registry import Kind, Place
from vaultsync.collectors.telemetry import calls
from vaultsync.model import Finding, Issue, Tells

_is_telemetry = re.compile(rb'"event\.name":\s*"gemini_cli\.').search
_is_call = re.compile(rb'"gemini_cli\.api_response"').search


class Printed(NamedTuple):
    """An object as it is printed."""

    line: int
    """On which it begins."""
    text: bytes
    is_whole: bool


class GeminiCliTelemetry:
    """The local file of telemetry."""

    name = "gemini-cli-telemetry"
    kind: Kind = "lines"
    tells: Mapping[str, Tells] = {calls.GEMINI_CLI: "events"}

    def claims(self, file: LogFile) -> bool:
        """True when a printed object comes first, and one of the first is an event of the program."""
        printed = file.head.removeprefix(BOM).lstrip()
        return printed.startswith((b"{\n", b"{\r\n")) and bool(_is_telemetry(file.head))

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular, for the user names the file."""
        return ()

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls, in order."""
        origin = Origin(calls.GEMINI_CLI, now_ns=reader.now_ns)
        for printed in _objects(reader):
            if not _is_call(printed.text):
                continue
            try:
                record = _record(printed)
            except Malformed as error:
                text = f"the object {error}. Restore it, or remove it."
                yield Issue(reader.file.path, printed.line, text)
                continue
            if told := calls.event_of(str(record.get("event.name")), record):
                yield from events(told.record, printed.line, reader, origin, told.look)


def _objects(reader: Reader) -> Iterator[Printed]:
    """The printed objects; one that is not finished is left for the next run."""
    held: list[Line] = []
    for line in reader.lines():
        bare = line.data.rstrip()
        if bare == b"{":
            if held:
                yield _joined(held, is_whole=False)
            held = [line]
        elif held:
            held.append(line)
            if bare == b"}":
                yield _joined(held, is_whole=True)
                held = []
    if held and not reader.file.packed:
        reader.hold(held[0])


def _joined(held: list[Line], *, is_whole: bool) -> Printed:
    return Printed(held[0].number, b"\n".join(line.data for line in held), is_whole)


def _record(printed: Printed) -> dict[str, Any]:
    """The attributes of an object, and its time.

    Raises:
        Malformed: It is damaged.
    """
    if not printed.is_whole:
        raise Malformed("has no end")
    (value, *_) = json_values(printed.text.decode("utf-8", "replace"))
    record = json_object(value.get("attributes"))
    time = value.get("hrTime")
    if isinstance(time, list) and len(time) == 2 and all(type(part) is int for part in time):
        record["^time"] = Decimal(time[0]) + Decimal(time[1]).scaleb(-9)
    return record
