"""Read the development database of Continue, and that of the Kiro editor, which took it over.

Odd facts of the format (Continue's own source, readers of Kiro's, 2026): a row is a call, and its counts
are the program's own estimate; cached tokens are not told apart, and no call has a session or a folder.
Continue tells the same calls once more in `tokensGenerated.jsonl`, without ids, and there only since 2025, so
that file is not read. Kiro's models are often only `agent`; sessions of its command line hold no counts.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from pathlib import Path
from typing import Literal

from vaultsync.collectors.agents.counts import counts_of
from vaultsync.collectors.agents.lines import name_of, time_of
from vaultsync.collectors.agents.roots import folder_of
from vaultsync.collectors.databases import MAGIC, columns, database
from vaultsync.collectors.events import provider_name
from vaultsync.collectors.marks import Unread
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

DATABASE = "devdata.sqlite"
TABLE = "tokens_generated"
NAMES = ("id", "model", "provider", "tokens_prompt", "tokens_generated", "timestamp")
COUNTS = {"input": ("tokens_prompt",), "output": ("tokens_generated",)}
EXTENSION = "kiro.kiroagent"
EDITORS = (".config/Kiro", "Library/Application Support/Kiro", "AppData/Roaming/Kiro")
"""Where the editor keeps its data on Linux, macOS and Windows."""


class _DevData:
    """Collect the calls in the database of one of the programs."""

    name: str
    kind: Literal["store"] = "store"
    is_kiro: bool

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is this program's database, by its place, its name and its head."""
        is_base = file.path.name == DATABASE and file.head.startswith(MAGIC) and TABLE.encode() in file.head
        return is_base and (EXTENSION in file.path.parts) is self.is_kiro

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls in their order."""
        with database(reader) as db:
            if db is None or not set(NAMES) <= set(columns(db, TABLE)):
                return
            for row in Unread(reader, db, TABLE, ("id", "timestamp")).rows(*NAMES):
                try:
                    yield from self._call(row)
                except BadField as fault:
                    text = f"{fault} The call is not counted; restore the database."
                    yield Issue(reader.file.path, None, text)

    def _call(self, row: sqlite3.Row) -> Iterator[UsageEvent]:
        counts = counts_of(dict(row), COUNTS, "inclusive")
        if counts is None:
            return
        when = time_of(row["timestamp"], UTC)
        yield UsageEvent(
            when=when,
            source=self.name,
            provider=provider_name(name_of(row["provider"])),
            model=name_of(row["model"]) or "unknown",
            tokens=counts.tokens,
            key=f"{self.name}:{row['id']}:{when.isoformat()}",
            quality="estimate",
            flags=tuple(sorted({*counts.flags, "cache_unknown"})),
        )


class Continue(_DevData):
    """Collect the calls that Continue has counted."""

    name = "continue"
    is_kiro = False

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The program's folder, the same on all systems; `CONTINUE_GLOBAL_DIR` takes the place of it."""
        folder = folder_of(environ, home, "CONTINUE_GLOBAL_DIR", ".continue")
        return [Place(folder / "dev_data", (DATABASE,))]


class Kiro(_DevData):
    """Collect the calls that Kiro has counted."""

    name = "kiro"
    is_kiro = True

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The editor's own storage; `APPDATA` moves it on Windows."""
        roaming = environ.get("APPDATA", "").strip()
        folders = [home / editor for editor in EDITORS] + ([Path(roaming) / "Kiro"] if roaming else [])
        below = Path("User", "globalStorage", EXTENSION, "dev_data")
        return [Place(folder / below, (DATABASE,)) for folder in dict.fromkeys(folders)]
