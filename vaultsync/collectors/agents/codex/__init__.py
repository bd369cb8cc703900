"""Read the rollouts of OpenAI Codex (CLI, desktop app, IDE extension): the calls, and who made them.

Odd facts of the format (own count over public rollouts of versions 0.66 to 0.104, and reports on later ones,
October 2026): the counts of a call are written twice or more, seconds to hours apart; forks and subagents
begin with a copy of their parent's history; newer programs tell each answer by its id, but leave those
records out of what a subagent copies; files move to an archive and are packed after a week.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from vaultsync.collectors.agents.codex.bulk import KINDS, begins, skips
from vaultsync.collectors.agents.codex.counts import Counted, counted, tokens_of
from vaultsync.collectors.agents.codex.family import Family, Thread
from vaultsync.collectors.agents.codex.meter import Meter
from vaultsync.collectors.agents.codex.rows import (
    Row,
    context_of,
    event_of,
    info_of,
    meta_of,
    record_of,
    rows_of,
)
from vaultsync.collectors.agents.codex.turns import Turn
from vaultsync.collectors.agents.lines import BrokenLine, id_of, time_of
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.rows import SPLICED
from vaultsync.collectors.reading import Line, LogFile, Reader
from vaultsync.collectors.registry import Place, Retention
from vaultsync.collectors.values import BadField, text
from vaultsync.model import Finding, Issue, UsageEvent

SOURCE = "codex"
FOLDERS = ("sessions", "archived_sessions")
PATTERNS = ("**/*.jsonl", "**/*.jsonl.zst")
TWICE = "the row says twice what it is, and not the same."
PATH_LIMIT = 1000
RECORDING = (0, 152)
"""Version from which the answers of a parent are told by id in its own rollout, and left out of copies."""
_is_rollout = re.compile(r"rollout-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-(.+)\.jsonl").fullmatch


class Codex:
    """Collect what Codex leaves in its `sessions` folders."""

    name = SOURCE
    kind: Literal["lines", "document"] = "lines"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a rollout, by name or head."""
        if _is_rollout(file.name):
            return True
        return file.name.endswith(".jsonl") and b'"session_meta"' in file.head and b'"payload"' in file.head

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folders of this machine; `CODEX_HOME` takes the place of the usual one."""
        folder = folder_of(environ, home, "CODEX_HOME", ".codex")
        return [Place(folder / name, PATTERNS) for name in FOLDERS]

    def retention(self, place: Place) -> Retention:
        """What the program does to its rollouts, since about version 0.137."""
        return Retention("packs rollouts that were idle for 7 days; those are read, too")

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of a rollout in their order."""
        reading = Reading(reader, self._project_of)
        for line in reader.lines(skips):
            try:
                reading.read(line)
            except BrokenLine as fault:
                if not line.complete:
                    reader.hold(line)
                    break
                yield Issue(reader.file.path, line.number, f"{fault} Restore the file if it was damaged.")
            if reading.found:
                yield from reading.found
                reading.found.clear()


class Reading:
    """One reading of one rollout: what has been understood so far."""

    def __init__(self, reader: Reader, project_of: Callable[[str], str | None]) -> None:
        self._path, self._zone = reader.file.path, reader.zone
        self._project_of = project_of
        self._state = reader.state
        self._family = Family(reader.state, thread_in(reader.file.name))
        self._meter = Meter(reader.state)
        self._turn = Turn(reader.state)
        self.found: list[Finding] = []
        """What is ready to be told; the caller takes it away."""

    def read(self, line: Line) -> None:
        """Take in one line.

        Raises:
            BrokenLine: It holds no records.
        """
        if not line.data or line.data.isspace():
            return
        rows, is_spliced = rows_of(line.data)
        if is_spliced:
            self.found.append(Issue(self._path, line.number, SPLICED, rejected=False))
        for row in rows:
            try:
                if row is rows[0] and row.type not in KINDS and begins(line.data):
                    raise BadField(TWICE)
                self._take(row)
            except BadField as fault:
                told = f"{fault} The row is not counted; restore it."
                self.found.append(Issue(self._path, line.number, told))

    def _take(self, row: Row) -> None:
        if row.type == "event_msg":
            self._take_event(row)
        elif row.type == "token_usage_record":
            self._take_record(row)
        elif row.type == "turn_context":
            self._turn.see_context(context_of(row))
        elif row.type == "session_meta":
            self._take_meta(row)
        elif not isinstance(row.type, str) and row.timestamp is None and row.record_type is None:
            raise BadField("the record has no type.")

    def _take_meta(self, row: Row) -> None:
        meta, when = meta_of(row), None
        with suppress(BadField):
            when = time_of(row.timestamp, self._zone)
        self._family.see(meta, when)
        self._turn.see_meta(meta)

    def _take_event(self, row: Row) -> None:
        event = event_of(row)
        if event.type == "token_count":
            if (info := info_of(event)) is not None:
                self._count(row, counted(info.total_token_usage), counted(info.last_token_usage))
        elif event.type == "task_started":
            self._turn.see_start(event)
        elif event.type == "thread_settings_applied":
            self._turn.see_settings(event)

    def _count(self, row: Row, total: Counted | None, last: Counted | None) -> None:
        """A `token_count`: tell its call, unless it was told before."""
        when = time_of(row.timestamp, self._zone)
        if total and "bad_count" in total.flags:
            # Without it a repeat cannot be told from a call.
            raise BadField("the running sum holds what is no count.")
        call = self._meter.new_call(total, last, is_fork=self._family.is_fork)
        if call is None:
            return
        owner = self._family.owner(self._turn.born, when, row.ordinal)
        if owner.is_copied and self._family.version >= RECORDING:
            return  # the parent's own rollout tells it, by an id that this copy lacks
        key = None
        if total and owner.space:
            sums, own = (".".join(map(str, said.numbers)) for said in (total, call))
            key = f"{SOURCE}:{owner.space}:{sums}:{own}"
        self._tell(when, owner.thread, call, key)

    def _take_record(self, row: Row) -> None:
        record, when = record_of(row), time_of(row.timestamp, self._zone)
        usage, response = counted(record.usage), id_of(record.response_id)
        if usage is not None and self._meter.is_new_record(usage, response):
            thread = self._family.named(record.thread_id)
            thread = thread or self._family.owner(self._turn.born, when, row.ordinal).thread
            self._tell(when, thread, usage, response and f"{SOURCE}:{response}")

    def _tell(self, when: datetime, thread: Thread, call: Counted, key: str | None) -> None:
        tokens, flags = tokens_of(call)
        folder = self._turn.folder
        is_agent = "agent" in thread
        self.found.append(
            UsageEvent(
                when=when,
                source=SOURCE,
                provider=thread.get("provider") or "unknown",
                model=self._turn.model,
                tokens=tokens,
                key=key,
                mode=self._turn.mode,
                session=thread.get("session") or thread["id"],
                project=self._project_of(folder) if folder else None,
                branch=thread.get("branch"),
                action_type="agent" if is_agent else None,
                action_name=thread.get("agent"),
                agent=thread["id"] if is_agent else None,
                flags=tuple(sorted(flags)),
            )
        )


def thread_in(file_name: str) -> str | None:
    """Id of the thread in the name of a rollout."""
    found = _is_rollout(file_name)
    return found and found[1]
