"""Decode what Copilot CLI exports by OpenTelemetry, and say of which sessions it tells each call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.counts import object_of
from vaultsync.collectors.agents.lines import NOTHING, id_of, time_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.finding import files_below
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.values import BadField
from vaultsync.model import Issue

FOLDER = "otel"
PATTERN = "**/*.jsonl"
FILE = "COPILOT_OTEL_FILE_EXPORTER_PATH"
CONVERSATION = "gen_ai.conversation.id"


class Span(msgspec.Struct, gc=False):
    """One line: a span, or something else; every field may hold anything."""

    type: Any = None
    trace: Any = msgspec.field(default=None, name="traceId")
    span: Any = msgspec.field(default=None, name="spanId")
    start: Any = msgspec.field(default=None, name="startTime")
    end: Any = msgspec.field(default=None, name="endTime")
    attributes: Raw = NOTHING


decode = msgspec.json.Decoder(Span).decode


def moment(value: Any) -> datetime:
    """The time of a span: seconds and nanoseconds in a list, or a plain time.

    Raises:
        BadField: It is none.
    """
    if isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value):
        value = Decimal(value[0]) + Decimal(value[1]).scaleb(-9)
    return time_of(value, UTC)


class Exported:
    """The exported calls of a machine, as far as they are needed to know which sessions they tell."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Get ready.

        Args:
            environ: May name a file that lies elsewhere.
        """
        self._elsewhere = environ.get(FILE, "").strip()

    def beside(self, session: Path) -> Beside:
        """What is exported by the program that keeps a session file."""
        home = next((each.parent for each in session.parents if each.name == "session-state"), None)
        found = files_below(home / FOLDER, (PATTERN,)) if home else ()
        files = [path for path in found if isinstance(path, Path)]
        return Beside([*files, *([Path(self._elsewhere)] if self._elsewhere else [])])


class Beside:
    """Exported calls beside the sessions; looked into when first asked."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)

    def tells(self, session: str, since: datetime, until: datetime | None = None) -> bool:
        """Say whether calls of a session are told from one time on, up to another."""
        times = (when for path in self._files for when in _told(path).get(session, ()))
        return any(since <= when and (until is None or when <= until) for when in times)


def _told(path: Path) -> Mapping[str, list[datetime]]:
    try:
        info = path.stat()
        return _sessions(path, info.st_size, info.st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=256)
def _sessions(path: Path, size: int, mtime_ns: int) -> Mapping[str, list[datetime]]:
    """Session -> the times of its spans in a file that looks like this."""
    found: dict[str, list[datetime]] = {}
    for one in rows_in(Reader(LogFile.look(path)), decode):
        if isinstance(one, Issue):
            continue
        with suppress(BadField):
            session = id_of(object_of(one[1].attributes, "attributes").get(CONVERSATION))
            if session:
                found.setdefault(session, []).append(moment(one[1].start))
    return found
