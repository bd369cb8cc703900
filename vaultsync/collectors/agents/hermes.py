"""Read the database of Hermes Agent: the tokens of each session by model, nothing finer.

Odd facts of the format (the program's own source, October 2026): since version 21 of its tables a session has
a row for each model, provider and kind of task; older sessions have only their own sums, under the model they
began with. Classes are disjoint, reasoning lies inside the output. The sums are rewritten in place, so a
session has no days: its time is when its first call was made.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from vaultsync.collectors.agents.costs import cost_of
from vaultsync.collectors.agents.counts import counts_of
from vaultsync.collectors.agents.lines import name_of, time_of
from vaultsync.collectors.agents.roots import folder_of
from vaultsync.collectors.agents.titles import BY_USER, titles
from vaultsync.collectors.databases import MAGIC, database, rows, written_ms
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import CostKind, Finding, Issue, UsageEvent

SOURCE = "hermes"
DATABASE = "state.db"
MARKS = (b"session_model_usage", b"billing_provider")
"""Words among the tables; the second is in older ones too."""
COUNTS = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "cache_read": ("cache_read_tokens",),
    "cache_write": ("cache_write_tokens",),
    "reasoning": ("reasoning_tokens",),
}
DIMENSIONS = ("model", "billing_provider", "billing_base_url", "billing_mode", "task")
"""What tells the rows of one session apart."""
TITLED = {"derived": None, "user": BY_USER}
"""Who made a title -> its rank; one that was derived is the first prompt, cut short. Others are a model's."""
COSTS: Mapping[str, CostKind] = {"actual_cost_usd": "charged", "estimated_cost_usd": "estimated"}
"""The better one first; 0 means that none is known."""
COLUMNS = {"id", "session_id", "started_at", "first_seen", *DIMENSIONS}
COLUMNS |= {name for names in COUNTS.values() for name in names} | COSTS.keys()


class Hermes:
    """Collect the sessions of Hermes Agent."""

    name = SOURCE
    kind: Literal["store"] = "store"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is the database, by name and head."""
        return file.name == DATABASE and file.head.startswith(MAGIC) and any(m in file.head for m in MARKS)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The program's folder; `HERMES_HOME` takes the place of the usual one."""
        return [Place(folder_of(environ, home, "HERMES_HOME", ".hermes"), (DATABASE,))]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the sums of each session by model, else of the session alone, and what it is called."""
        with database(reader) as db:
            if db is None:
                return
            for row in rows(db, "sessions", ("id", "title", "title_source")):
                rank = TITLED.get(str(row.get("title_source")), 0)
                if rank is not None:
                    yield from titles(SOURCE, row.get("id"), row.get("title"), rank + written_ms(reader))
            for row in _rows(db):
                try:
                    yield from _total(row, reader)
                except BadField as fault:
                    text = f"{fault} The session is not counted; restore the database."
                    yield Issue(reader.file.path, None, text)


def _rows(db: sqlite3.Connection) -> Iterator[dict[str, Any]]:
    """The sums: those by model with what their session knows besides, then sessions that have none."""
    sessions = {row["id"]: row for row in rows(db, "sessions", COLUMNS) if "id" in row}
    told = set()
    for row in rows(db, "session_model_usage", COLUMNS):
        session = row.get("session_id")
        told.add(session)
        when = row.get("first_seen") or sessions.get(session, {}).get("started_at")
        yield row | {"id": session, "started_at": when, "by_model": True}
    yield from (row for session, row in sessions.items() if session not in told)


def _total(row: dict[str, Any], reader: Reader) -> Iterator[UsageEvent]:
    counts = counts_of(row, COUNTS, "disjoint")
    if counts is None:
        return
    dimensions = [str(row.get(name) or "") for name in DIMENSIONS] if "by_model" in row else []
    task = name_of(row.get("task"))
    cost, amiss, kind = _cost(row)
    yield UsageEvent(
        when=time_of(row.get("started_at"), reader.zone),
        source=SOURCE,
        provider=(name_of(row.get("billing_provider")) or "unknown").lower(),
        model=name_of(row.get("model")) or "unknown",
        tokens=counts.tokens,
        key=":".join((SOURCE, str(row["id"]), *dimensions)),
        grain="session",
        cost=cost,
        cost_kind=kind,
        session=name_of(row["id"]),
        action_type="agent" if task else None,
        action_name=task,
        quality="session-total",
        flags=tuple(sorted({*counts.flags, *amiss})),
    )


def _cost(row: Mapping[str, Any]) -> tuple[Decimal | None, tuple[str, ...], CostKind | None]:
    """What a session cost by the best that is known, what is amiss with it, and what kind of money it is."""
    amiss: tuple[str, ...] = ()
    for name, kind in COSTS.items():
        cost, wrong = cost_of(row.get(name))
        amiss += wrong
        if cost is not None:
            return cost, amiss, kind
    return None, amiss, None
