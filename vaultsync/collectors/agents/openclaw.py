"""Read the sessions of OpenClaw, which are in the format of Pi, in files and, since 2026, in databases.

Odd facts (public readers, October 2026): a session that was reset or deleted is renamed, and one that was
taken into a database stays as a file; trajectories repeat the calls of their session. Some answers are
written by the program itself and cost nothing. Of a turn that Codex did, the last answer is copied; its
rollout, in `agent/codex-home`, tells all of them, so the copy is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal

from msgspec import Raw

from vaultsync.collectors.agents.lines import decoded, id_of
from vaultsync.collectors.agents.pi import PATH_LIMIT, Pi, Session, entry_of, is_openclaw, is_session
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.databases import MAGIC, columns, database
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue

DATABASE = "openclaw-agent.sqlite"
QUERY = """
    SELECT session_id, event_json FROM transcript_events
    WHERE instr(event_json, '"usage"') OR instr(event_json, '"model_change"') OR instr(event_json, '"cwd"')
        OR instr(event_json, '"session_info"')
    ORDER BY session_id, seq
"""


class OpenClaw(Pi):
    """Collect the sessions that OpenClaw keeps as files."""

    name = "openclaw"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a session of OpenClaw, by its head, and by its place or its name."""
        return is_session(file) and is_openclaw(file)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folders of its agents, those of its older names too; `OPENCLAW_DIR` takes the place of them."""
        return [Place(root, ("*/sessions/*.jsonl", "*/sessions/*.jsonl.*")) for root in roots(environ, home)]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of a session; a trajectory repeats those of its session, so it holds none."""
        if ".trajectory." in reader.file.name:
            reader.end = reader.file.size
            return
        yield from super().collect(reader)

    def _ident(self, file_name: str) -> str | None:
        return file_name.partition(".jsonl")[0] or None


class OpenClawStore:
    """Collect the sessions that OpenClaw keeps in the databases of its agents, since 2026."""

    name = "openclaw-store"
    agent = OpenClaw.name
    kind: Literal["store"] = "store"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is such a database, by name and head."""
        return file.name == DATABASE and file.head.startswith(MAGIC)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The databases of its agents; `OPENCLAW_DIR` moves them."""
        return [Place(root, (f"*/agent/{DATABASE}",)) for root in roots(environ, home)]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of each session in their order."""
        with database(reader) as db:
            if db is None or "event_json" not in columns(db, "transcript_events"):
                return
            for ident, rows in groupby(db.execute(QUERY), itemgetter("session_id")):
                session = Session({}, reader.zone, OpenClaw.name, self._project_of, id_of(ident))
                for row in rows:
                    yield from self._taken(session, row["event_json"], reader.file.path)

    def _taken(self, session: Session, event: Any, path: Path) -> Iterator[Finding]:
        entry = decoded(entry_of, Raw(event.encode())) if isinstance(event, str) else None
        try:
            if entry is None:
                raise BadField("an event of a session is not a JSON object.")
            yield from session.take(entry)
        except BadField as fault:
            yield Issue(path, None, f"{fault} It is not counted; restore it.")


def roots(environ: Mapping[str, str], home: Path) -> list[Path]:
    """The folders in which OpenClaw keeps its agents."""
    if environ.get("OPENCLAW_DIR", "").strip():
        return [folder_of(environ, home, "OPENCLAW_DIR", "") / "agents"]
    return [home / name / "agents" for name in (".openclaw", ".clawdbot", ".moltbot")]
