"""Read the sessions of Goose: each call where its ledger tells them, else the sum of the session.

Odd facts of the format (the program's own source, versions 5 to 17 of its tables, 2026): the ledger came with
version 15. What a session had used before is carried forward into it as one row, so that the ledger
and the sums beside it tell the same twice. `total_tokens` and its likes without `accumulated_` are the state
of the last prompt. The input includes cached tokens. Ids of sessions are a day and a number, so two machines
use the same ones. Goose may let other agents work; their calls stand in their own logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.ancestry import root_of
from vaultsync.collectors.agents.costs import cost_of
from vaultsync.collectors.agents.counts import counts_of
from vaultsync.collectors.agents.lines import decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.titles import BY_USER, rank_of, titles
from vaultsync.collectors.databases import MAGIC, database, rows
from vaultsync.collectors.events import provider_name
from vaultsync.collectors.families import Split
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, SessionTitle, UsageEvent

SOURCE = "goose"
DATABASE = "sessions.db"
MARK = b"accumulated_total_tokens"
FOLDERS = (
    ".local/share/goose",
    ".local/share/Block/goose",
    "Library/Application Support/goose",
    "Library/Application Support/Block/goose",
)
KINDS = ("input", "output", "total", "cache_read", "cache_write")
COUNTS = {kind: (f"{kind}_tokens",) for kind in KINDS}
SUMS = {kind: (f"accumulated_{kind}_tokens",) for kind in KINDS if kind != "total"}
SESSION = (
    *("id", "working_dir", "created_at", "session_type", "parent_session_id", "schedule_id"),
    *("name", "description", "user_set_name", "updated_at"),
    *("provider_name", "model_config_json", "accumulated_cost"),
    *(name for names in SUMS.values() for name in names),
)
CALL = (
    *("id", "session_id", "created_timestamp", "model", "cost", "cost_source", "is_compaction"),
    *(name for names in COUNTS.values() for name in names),
)
CARRIED = "carried_forward"
UNNAMED = ("CLI Session", "New Chat", "New Session", "New session")
"""Names that stand for none."""
AGENTS = frozenset({"claude", "claude-code", "codex", "copilot", "cursor-agent", "gemini", "gemini-cli"})
"""Agents that Goose may let work in its place; `gemini` only by the protocol for that, as `gemini-acp`."""
PATH_LIMIT = 1000


class _Config(msgspec.Struct, gc=False):
    """The settings of a session's model."""

    model_name: Any = None


_config = msgspec.json.Decoder(_Config).decode
Row = Mapping[str, Any]


class Goose:
    """Collect the sessions of Goose."""

    name = SOURCE
    kind: Literal["store"] = "store"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is the database, by name and head."""
        return file.path.suffix == ".db" and file.head.startswith(MAGIC) and MARK in file.head

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folders of data, older ones too; `GOOSE_PATH_ROOT` takes the place of them."""
        if environ.get("GOOSE_PATH_ROOT", "").strip():
            folders = [folder_of(environ, home, "GOOSE_PATH_ROOT", "") / "data"]
        else:
            xdg = folder_of(environ, home, "XDG_DATA_HOME", ".local/share") / "goose"
            windows = folder_of(environ, home, "APPDATA", "AppData/Roaming") / "Block" / "goose" / "data"
            folders = list(dict.fromkeys([xdg, *(home / name for name in FOLDERS), windows]))
        return [Place(folder / "sessions", (DATABASE,)) for folder in folders]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of sessions in the ledger, the sums of the others, and what sessions are called."""
        left_out: set[Any] = set()
        with database(reader) as db:
            if db is None:
                return
            sessions = {row["id"]: row for row in rows(db, "sessions", SESSION) if "id" in row}
            left_out = {ident for ident, row in sessions.items() if is_agent(row.get("provider_name"))}
            told: set[Any] = set()
            for row in rows(db, "usage_ledger", CALL):
                session = row.get("session_id")
                is_first = session not in told
                told.add(session)
                if session not in left_out:
                    yield from self._call(row, is_first, sessions, reader)
            for ident, row in sessions.items():
                if ident not in told and ident not in left_out:
                    yield from self._sum(row, sessions, reader)
                if ident not in left_out and not _root(row, sessions):
                    yield from _titles(row)
        if left_out:
            told_of = (
                f"sessions in which Goose let another agent work: {len(left_out):,}. Its own logs tell them."
            )
            yield Issue(reader.file.path, None, told_of, rejected=False)

    def _call(
        self, row: Row, is_first: bool, sessions: Mapping[Any, Row], reader: Reader
    ) -> Iterator[Finding]:
        """A row of the ledger; the first one may be the sum of all that was before it."""
        session = sessions.get(row.get("session_id"), {"id": row.get("session_id")})
        is_carried = row.get("cost_source") == CARRIED
        try:
            if (counts := counts_of(row, COUNTS, "inclusive")) is None:
                return
            if is_carried and is_first:
                yield self._event(session, sessions, counts, row.get("cost"))
                return
            event = self._event(session, sessions, counts, row.get("cost"), row.get("created_timestamp"))
        except BadField as fault:
            yield Issue(reader.file.path, None, f"{fault} The call is not counted; restore the database.")
            return
        is_charged = event.cost is not None and row.get("cost_source") == "provider_reported"
        event = event._replace(
            model=name_of(row.get("model")) or event.model,
            key=f"{event.key}:{row.get('id')}",
            grain="run" if is_carried else "request",
            quality="session-total" if is_carried else "final",
            cost_kind="charged" if is_charged else event.cost_kind,
        )
        if row.get("is_compaction"):
            event = event._replace(action_type="agent", action_name="compaction")
        yield event

    def _sum(self, row: Row, sessions: Mapping[Any, Row], reader: Reader) -> Iterator[Finding]:
        """What a session used, all in one."""
        try:
            if counts := counts_of(row, SUMS, "inclusive"):
                event = self._event(row, sessions, counts, row.get("accumulated_cost"))
                cached = (row.get(name) for kind in ("cache_read", "cache_write") for name in SUMS[kind])
                if all(count is None for count in cached):
                    event = event._replace(flags=tuple(sorted({*event.flags, "cache_unknown"})))
                yield event
        except BadField as fault:
            yield Issue(reader.file.path, None, f"{fault} The session is not counted; restore the database.")

    def _event(
        self, session: Row, sessions: Mapping[Any, Row], counts: Split, cost: Any, when: Any = None
    ) -> UsageEvent:
        """An event of a session, as its sum.

        Args:
            when: Its time, as logged; None: when the session began.
        """
        amount, amiss = cost_of(cost)
        root = _root(session, sessions)
        agent = name_of(session.get("id")) if root else None
        is_scheduled = session.get("session_type") == "scheduled"
        folder = id_of(session.get("working_dir"))
        return UsageEvent(
            when=time_of(session.get("created_at") if when is None else when, UTC),
            source=SOURCE,
            provider=provider_name(name_of(session.get("provider_name"))),
            model=_model(session),
            tokens=counts.tokens,
            key=f"{SOURCE}:{session.get('id')}:{session.get('created_at')}",
            grain="session",
            unsplit=counts.unsplit,
            cost=amount,
            cost_kind=None if amount is None else "estimated",
            session=name_of(root or session.get("id")),
            project=self._project_of(folder) if folder else None,
            action_type="agent" if agent else "scheduled" if is_scheduled else None,
            action_name=name_of(session.get("schedule_id")) if is_scheduled and not agent else None,
            agent=agent,
            quality="session-total",
            flags=tuple(sorted({*counts.flags, *amiss})),
        )


def _root(session: Row, sessions: Mapping[Any, Row]) -> str | None:
    """The session that a session works for; None: it works for nobody."""
    return root_of(session.get("id"), lambda ident: sessions.get(ident, {}).get("parent_session_id"))


def _titles(session: Row) -> Iterator[SessionTitle]:
    """What a session is called; a schedule's name is none, nor is the one that all new sessions have."""
    name = session.get("name") or session.get("description")
    if session.get("user_set_name") or not (name in UNNAMED or session.get("schedule_id")):
        by_user = BY_USER if session.get("user_set_name") else 0
        yield from titles(SOURCE, session.get("id"), name, by_user + rank_of(session.get("updated_at")))


def _model(session: Row) -> str:
    told = session.get("model_config_json")
    config = decoded(_config, Raw(told.encode("utf-8", "replace"))) if isinstance(told, str) else None
    return (name_of(config.model_name) if config else None) or "unknown"


def is_agent(provider: Any) -> bool:
    """Say whether a provider is an agent with logs of its own."""
    name = provider.lower().replace("_", "-") if isinstance(provider, str) else ""
    return name.removesuffix("-acp") in AGENTS and name != "gemini"
