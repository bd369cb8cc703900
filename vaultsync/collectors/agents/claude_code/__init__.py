"""Read the transcripts of Claude Code: the calls, who made them, and what the program says of itself.

Odd facts of the format (own count over public transcripts of versions 2.0.64 to 2.1.42, October 2026):
one call is several rows, one per content block, of which only the output grows; resume, fork and compaction
copy rows into other files; the output of many calls is the number the stream began with; `progress` rows and
the results of agents repeat calls that stand in the subagents' own files, so neither is counted.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Literal

from vaultsync.collectors.agents.claude_code.bulk import Bulk, contradicts, result_of
from vaultsync.collectors.agents.claude_code.calls import NOBODY, Calls, Maker, call_key
from vaultsync.collectors.agents.claude_code.counts import counted
from vaultsync.collectors.agents.claude_code.rows import Message, Row, ToolResult, rows_at_once, rows_of
from vaultsync.collectors.agents.claude_code.titles import RANKS, Titles
from vaultsync.collectors.agents.claude_code.totals import Totals
from vaultsync.collectors.agents.claude_code.turns import Action, Turn
from vaultsync.collectors.agents.lines import BrokenLine, id_of, name_of
from vaultsync.collectors.agents.retention import of_claude_code
from vaultsync.collectors.agents.roots import repository_of
from vaultsync.collectors.agents.rows import SPLICED
from vaultsync.collectors.lines import LONG_LINE, Line, Piece
from vaultsync.collectors.packing import plain_name
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place, Retention
from vaultsync.collectors.values import BadField, text
from vaultsync.model import AgentName, FinalOutput, Finding, Issue

SOURCE = "claude-code"
PROJECTS = "projects"
COWORK = "Library/Application Support/Claude/local-agent-mode-sessions"
MARKS = (b'"isSidechain"', b'"leafUuid"', b'"isSnapshotUpdate"', b'"cost-state"')
"""Words of which one stands in the first rows of every transcript; other agents' logs have none of them."""
COMPACTION = "acompact"
"""How the agent id of a compaction begins."""
TWICE = "the row says twice what it is, and not the same."
PATH_LIMIT = 1000
META_LIMIT = 64 * 1024


class ClaudeCode:
    """Collect what Claude Code leaves in its `projects` folders."""

    name = SOURCE
    kind: Literal["lines", "document"] = "lines"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a transcript, by name and head."""
        if not file.name.endswith(".jsonl") or is_left_out(file.path):
            return False
        return b'"type"' in file.head and any(mark in file.head for mark in MARKS)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The `projects` folders of this machine; `CLAUDE_CONFIG_DIR` takes the place of the usual ones."""
        moved = [part.strip() for part in environ.get("CLAUDE_CONFIG_DIR", "").split(",") if part.strip()]
        if moved:
            folders = [home / part[2:] if part.startswith("~/") else Path(part) for part in moved]
        else:
            xdg = environ.get("XDG_CONFIG_HOME")
            folders = [home / ".claude", (Path(xdg) if xdg else home / ".config") / "claude"]
        places = [Place(folder / PROJECTS, ("**/*.jsonl",)) for folder in folders]
        return [*places, Place(home / COWORK, ("**/local_*/.claude/projects/**/*.jsonl",))]

    def retention(self, place: Place) -> Retention | None:
        """When the program deletes its transcripts; of the desktop app that is not known."""
        return of_claude_code(place.root.parent / "settings.json") if place.root.name == PROJECTS else None

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield what a transcript says; the rows of one call are joined within one reading."""
        if is_left_out(reader.file.path):
            return
        reading = Reading(reader, self._project_of)
        reading.look_beside()
        for piece in reader.pieces(reading.bulk.skips):
            if not reading.read_at_once(piece):
                yield from self._one_by_one(reading, piece, reader)
            if reading.found:
                yield from reading.found
                reading.found.clear()
        yield from reading.rest()

    def _one_by_one(self, reading: Reading, piece: Piece, reader: Reader) -> Iterator[Issue]:
        """Read the lines of a piece each by itself; yield what is wrong with them."""
        for line in piece.lines():
            try:
                reading.read(line)
            except BrokenLine as fault:
                if line.complete:
                    yield Issue(reader.file.path, line.number, f"{fault} Restore the file if it was damaged.")
                else:
                    reader.hold(line)


class Reading:
    """One reading of one transcript: what has been understood so far."""

    def __init__(self, reader: Reader, project_of: Callable[[str], str | None]) -> None:
        self._path = reader.file.path
        self._project_of = project_of
        self._file_agent = agent_of(reader.file.name)
        self.bulk = Bulk()
        self._turn = Turn(reader.state, self.bulk)
        self._calls = Calls(SOURCE, reader.zone)
        self._totals = Totals(SOURCE)
        self._titles = Titles(SOURCE)
        self._named: set[tuple[str, str]] = set()
        self._who: tuple[object, ...] = ()
        """What the last answer said of itself, and what was made of it: the rows of a call say the same."""
        self._key: str | None = None
        self._maker = NOBODY
        self.found: list[Finding] = []
        """What is ready to be told; the caller takes it away."""

    def read_at_once(self, piece: Piece) -> bool:
        """Take in all lines of a piece, if each is plainly one record and short; False: nothing was taken."""
        rows = [] if len(piece.data) > LONG_LINE else rows_at_once(piece.data)
        for number, row in enumerate(rows, piece.number):
            self._take_or_tell(row, number)
        return bool(rows)

    def read(self, line: Line) -> None:
        """Take in one line; its call is kept until the end of the reading.

        Raises:
            BrokenLine: It holds no records.
        """
        if not line.data or line.data.isspace():
            return
        rows, is_spliced = rows_of(line.data)
        if is_spliced:
            self.found.append(Issue(self._path, line.number, SPLICED, rejected=False))
        for place, row in enumerate(rows):
            if not place and contradicts(line.data, row):
                self._tell(line.number, TWICE)
            else:
                self._take_or_tell(row, line.number)

    def _take_or_tell(self, row: Row, number: int) -> None:
        try:
            self._take(row, number)
        except BadField as fault:
            self._tell(number, str(fault))

    def _tell(self, number: int, fault: str) -> None:
        self.found.append(Issue(self._path, number, f"{fault} The row is not counted; restore it."))

    def rest(self) -> Iterator[Finding]:
        """Yield the calls, totals and titles that were kept."""
        yield from self.found
        yield from self._calls.events()
        yield from self._totals.findings()
        yield from self._titles.findings()

    def _take(self, row: Row, number: int) -> None:
        if row.type == "assistant":
            self._take_answer(row)
        elif row.type == "user":
            self._take_prompt(row)
        elif row.type == "cost-state":
            self._totals.add(row)
        elif not isinstance(row.type, str):
            raise BadField("the record has no type.")
        elif row.type in RANKS:
            self._titles.add(row, number)

    def _take_answer(self, row: Row) -> None:
        ident = row.message.id if isinstance(row.message, Message) else None
        who = (
            *(ident, row.requestId, row.sessionId, row.cwd, row.gitBranch, row.agentId, row.isSidechain),
            *(row.attributionSkill, row.attributionAgent, self._turn.changes),
        )
        if who != self._who:
            self._key = call_key(row)
            self._maker = self._make(row, self._key)
            self._who = who if self._key == ident else ()  # else the key depends on more
        self._turn.see_tools(row, self._key)
        self._calls.add(row, self._key, self._maker)
        if self._calls.is_full:
            self.found.extend(self._calls.events())

    def _take_prompt(self, row: Row) -> None:
        """A user row: what a person wrote, or what a tool returned."""
        result = row.toolUseResult
        if result is None:
            self._turn.see_prompt(row)
        elif isinstance(result, ToolResult) and (agent := name_of(result.agentId)):
            if self.bulk.is_result(id_of(result_of(row))):
                return
            self._name(agent, self._turn.agent_asked_for(row))
            with suppress(BadField):
                if said := counted(bytes(result.usage)):
                    self.found.append(FinalOutput(SOURCE, agent, said.counts.tokens))

    def _make(self, row: Row, key: str | None) -> Maker:
        """Who made a call, as far as its row and the rows before it tell."""
        agent = name_of(row.agentId) or self._file_agent or None
        if agent:
            self._name(agent, name_of(row.attributionAgent))
            if COMPACTION in (agent[: len(COMPACTION)], self._file_agent[: len(COMPACTION)]):
                self._name(agent, "compaction")
        is_agent = agent is not None or row.isSidechain is True
        skill = None if is_agent else name_of(row.attributionSkill)
        action = Action("agent") if is_agent else self._turn.action(skill, key)
        folder = id_of(row.cwd)
        project = self._project_of(folder) if folder else None
        return Maker(name_of(row.sessionId), project, name_of(row.gitBranch), *action, agent)

    def _name(self, agent: str, name: str | None) -> None:
        if name and (agent, name) not in self._named:
            self._named.add((agent, name))
            self.found.append(AgentName(SOURCE, agent, name))

    def look_beside(self) -> None:
        """Take a subagent's kind from the `.meta.json` beside its file."""
        if not self._file_agent:
            return
        try:
            with (self._path.parent / f"agent-{self._file_agent}.meta.json").open("rb") as stream:
                meta = json.loads(stream.read(META_LIMIT))
        except (OSError, ValueError, RecursionError):
            return
        if isinstance(meta, dict):
            self._name(self._file_agent, name_of(meta.get("agentType")))


def is_left_out(path: Path) -> bool:
    """True for files that lie among the transcripts and are none, or are no longer in force."""
    name = path.name
    return (
        plain_name(name) == "journal.jsonl"
        or ".orphaned" in name
        or ".superseded" in name
        or "tool-results" in path.parts
    )


def agent_of(file_name: str) -> str:
    """Agent id in the name of a subagent's file; empty for a main session."""
    stem = file_name.removesuffix(".jsonl")
    return stem.removeprefix("agent-") if stem.startswith("agent-") else ""
