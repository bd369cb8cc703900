"""Read the token counts that the Kiro editor keeps in its development database: one row for each call.

Odd facts of the format (the tables of Continue, from which it comes; public readers, 2026): counts may be the
program's own estimate; cached tokens are not told apart; models are often only `agent`. Sessions of Kiro's
command line hold no counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Literal

from vaultsync.collectors.agents.counts import counts_of
from vaultsync.collectors.agents.lines import name_of, time_of
from vaultsync.collectors.databases import MAGIC, columns, database
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

SOURCE = "kiro"
DATABASE = "devdata.sqlite"
TABLE = "tokens_generated"
NAMES = ("id", "model", "provider", "tokens_prompt", "tokens_generated", "timestamp")
COUNTS = {"input": ("tokens_prompt",), "output": ("tokens_generated",)}
EDITORS = (".config/Kiro", "Library/Application Support/Kiro", "AppData/Roaming/Kiro")
"""Where the editor keeps its data on Linux, macOS and Windows."""
BELOW = "User/globalStorage/kiro.kiroagent/dev_data"


class Kiro:
    """Collect the calls that Kiro has counted."""

    name = SOURCE
    kind: Literal["store"] = "store"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is Kiro's database, by its place, its name and its head."""
        return (
            file.name == DATABASE
            and file.head.startswith(MAGIC)
            and "kiro.kiroagent" in file.path.parts
            and TABLE.encode() in file.head
        )

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The editor's own storage; `APPDATA` moves it on Windows."""
        roaming = environ.get("APPDATA", "").strip()
        folders = [home / editor for editor in EDITORS] + ([Path(roaming) / "Kiro"] if roaming else [])
        return [Place(folder / BELOW, (DATABASE,)) for folder in dict.fromkeys(folders)]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls in their order."""
        with database(reader) as db:
            if db is None or not set(NAMES) <= set(columns(db, TABLE)):
                return
            for row in db.execute(f"SELECT {', '.join(NAMES)} FROM {TABLE} ORDER BY id"):
                try:
                    yield from _call(row)
                except BadField as fault:
                    text = f"{fault} The call is not counted; restore the database."
                    yield Issue(reader.file.path, None, text)


def _call(row: sqlite3.Row) -> Iterator[UsageEvent]:
    counts = counts_of(dict(row), COUNTS, "inclusive")
    if counts is None:
        return
    when = time_of(row["timestamp"], UTC)
    yield UsageEvent(
        when=when,
        source=SOURCE,
        provider=(name_of(row["provider"]) or "unknown").lower(),
        model=name_of(row["model"]) or "unknown",
        tokens=counts.tokens,
        key=f"{SOURCE}:{row['id']}:{when.isoformat()}",
        quality="estimate",
        flags=tuple(sorted({*counts.flags, "cache_unknown"})),
    )
