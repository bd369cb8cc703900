"""From log files to the ledger: find what is new, let the one collector that knows a file read it, record it.

An unchanged file costs one `stat`; a file that has grown is read from where reading stopped.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

from vaultsync.collectors import registry
from vaultsync.collectors.finding import find_files
from vaultsync.collectors.reading import LogFile, Reader, capped
from vaultsync.collectors.registry import Collector
from vaultsync.errors import ConfigError
from vaultsync.ledger import Batch, FileState, Ledger, Recorded, find
from vaultsync.model import Finding, Issue, UsageEvent
from vaultsync.periods import local_day
from vaultsync.settings import Settings
from vaultsync.sync.mappings import mapping_collectors
from vaultsync.sync.values import Collected, SourceCount
from vaultsync.text import nearest_or_all

TAIL = 1024
"""Bytes before the end of what was read that must be the same when reading goes on."""
REJECTED = "rejected"
"""Under this name a file's state keeps how many of its lines were not counted."""
FILES_A_COMMIT = 200
"""Small files recorded in one transaction; each file's events and state are in the same one."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What collecting takes from the machine, told so that tests need none of it."""

    environ: Mapping[str, str]
    home: Path
    now: datetime
    """UTC."""


@dataclass(slots=True)
class Collecting:
    """One pass over all logs."""

    settings: Settings
    ledger: Ledger
    around: Surroundings
    progress: Progress | None = None
    _issues: list[Issue] = field(default_factory=list)
    _counts: dict[str, SourceCount] = field(default_factory=dict)
    _removed: int = 0
    _partial: Counter[str] = field(default_factory=Counter)

    def run(self) -> Collected:
        """Read all that is new, settle the ledger, and say what was found."""
        mapped = mapping_collectors(self.settings)
        collectors, broken = registry.load(mapped)
        self._issues += broken
        check_agents(self.settings, collectors)
        known = self.ledger.files()
        wanted = [*self._agent_files(collectors), *self._log_files()]
        fresh = [
            (path, owner) for path, owner in wanted if not self._is_known(path, owner, known, collectors)
        ]
        for start in range(0, len(fresh), FILES_A_COMMIT):
            with self.ledger.transaction():
                for number, (path, owner) in enumerate(fresh[start : start + FILES_A_COMMIT], start + 1):
                    self._read(path, owner, known, collectors, len(mapped))
                    if self.progress:
                        self.progress("Reading logs", number, len(fresh))
        self.ledger.settle()
        counts = tuple(self._counts[name] for name in sorted(self._counts))
        return Collected(counts, tuple(self._issues), self._removed)

    # --- which files ---

    def _agent_files(self, collectors: Sequence[Collector]) -> Iterator[tuple[Path, Collector | None]]:
        """Files in the usual places of the wanted agents, each with its collector."""
        wanted = self.settings.agents
        if wanted == "none":
            return
        for collector in collectors:
            if wanted == "auto" or collector.name in wanted:
                for place in collector.places(self.around.environ, self.around.home):
                    yield from self._found(registry.files_of(place), collector)

    def _log_files(self) -> Iterator[tuple[Path, Collector | None]]:
        """Files of the logs folders; their collectors are found by looking."""
        yield from self._found(find_files(self.settings.logs), None)

    def _found(
        self, files: Iterable[Path | Issue], owner: Collector | None
    ) -> Iterator[tuple[Path, Collector | None]]:
        for found in files:
            if isinstance(found, Issue):
                self._issues.append(found)
            else:
                yield found, owner

    def _is_known(
        self,
        path: Path,
        owner: Collector | None,
        known: Mapping[str, FileState],
        collectors: Sequence[Collector],
    ) -> bool:
        """Say whether a file was read and has not changed since; it is counted, not opened."""
        state = known.get(str(path))
        if state is None or (owner and owner.name != state.collector):
            return False
        try:
            info = path.stat()
        except OSError:
            return False
        if (info.st_size, info.st_mtime_ns, info.st_ino) != (state.size, state.mtime_ns, state.inode):
            return False
        is_held = state.offset < state.size and not path.name.endswith(".gz")
        if is_held or not any(c.name == state.collector for c in collectors):
            return False  # an unfinished last line may count once it has rested
        self._count(state.collector, files=1)
        return True

    # --- one file ---

    def _read(
        self,
        path: Path,
        owner: Collector | None,
        known: Mapping[str, FileState],
        collectors: Sequence[Collector],
        mapped: int,
    ) -> None:
        try:
            file = LogFile.look(path)
        except OSError as error:
            self._issues.append(
                Issue(path, None, f"{error.strerror or error}. Check the file, or move it out.")
            )
            return
        if owner is None and file.size == 0:
            return
        collector = owner or registry.match(file, collectors, mapped)
        if isinstance(collector, Issue):
            self._issues.append(collector)
            return
        state = find(known, file, Path.exists)
        try:
            recorded = self._record(file, collector, state, read_on=True)
            if recorded.is_stale:
                recorded = self._record(file, collector, state, read_on=False)
        except CollectorFailed as failure:
            self._issues.append(Issue(path, None, str(failure)))
            return
        self._removed += recorded.removed
        self._issues += recorded.issues
        days = [local_day(when, self.settings.zone) for when in (recorded.first, recorded.last) if when]
        self._count(
            collector.name,
            files=1,
            read=1,
            new=recorded.new,
            joined=recorded.duplicates,
            partial=self._partial.pop(collector.name, 0),
            rejected=len(recorded.issues),
            days=days,
        )

    def _record(
        self, file: LogFile, collector: Collector, state: FileState | None, *, read_on: bool
    ) -> Recorded:
        """Read a file, from where reading stopped if it has only grown, and record what it says."""
        reader = Reader(file, self.settings.zone, now_ns=int(self.around.now.timestamp() * 1e9))
        if read_on and state and collector.kind == "lines" and has_grown(state, file):
            reader = replace(reader, start=state.offset, first_line=state.line, state=dict(state.state))
        replaces = collector.kind == "document" or (reader.is_fresh and state is not None and is_table(file))
        told = self._watched(capped(blaming(collector, reader), reader), collector)
        # What a document says counts only if it could be read as a whole.
        findings: Iterable[Finding] = noting(told, reader, self._issues)
        findings = list(findings) if replaces else findings
        recorded = Recorded()
        if not (replaces and reader.verdict != "read"):
            known = state.id if state and read_on else None
            batch = Batch(collector.name, reader, findings, replaces, known, is_table(file))
            recorded = self.ledger.record(batch)
        self._issues += reader.issues
        self._count(collector.name, rejected=len(reader.issues))
        return recorded

    def _watched(self, findings: Iterator[Finding], collector: Collector) -> Iterator[Finding]:
        """Pass events on, keep the issues."""
        for finding in findings:
            if isinstance(finding, Issue):
                self._issues.append(finding)
                self._count(collector.name, rejected=int(finding.rejected))
            else:
                if isinstance(finding, UsageEvent) and finding.quality == "partial":
                    self._partial[collector.name] += 1
                yield finding

    def _count(self, source: str, days: Sequence[date] = (), **more: int) -> None:
        """Add to the counts of a source."""
        before = self._counts.get(source, SourceCount(source))
        sums = {name: getattr(before, name) + count for name, count in more.items()}
        spans = [day for day in (before.first, before.last, *days) if day]
        first, last = (min(spans), max(spans)) if spans else (None, None)
        self._counts[source] = replace(before, **sums, first=first, last=last)


def check_agents(settings: Settings, collectors: Sequence[Collector]) -> None:
    """Refuse names under `agents` that no collector has: a slip of the pen would read nothing, silently.

    Raises:
        ConfigError: Names the file and the nearest known name.
    """
    names = {collector.name for collector in collectors}
    for name in () if isinstance(settings.agents, str) else settings.agents:
        if name not in names:
            where = settings.config_file or "vaultsync.yaml"
            what = f"agents names '{name}', and no collector has this name."
            raise ConfigError(where, None, what, nearest_or_all(name, names).strip())


class CollectorFailed(Exception):
    """A collector raised where it should have told; nothing of the file is recorded, so it is tried again."""


def blaming(collector: Collector, reader: Reader) -> Iterator[Finding]:
    """What a collector finds in a file.

    Raises:
        CollectorFailed: It failed, in whatever way: a plug-in must not stop the run.
    """
    try:
        yield from collector.collect(reader)
    except Exception as error:
        what = f"the collector {collector.name} failed on it ({type(error).__name__})"
        raise CollectorFailed(f"{what}. Update the package that brings it.") from error


def is_table(file: LogFile) -> bool:
    """True for a CSV: people edit those, so one that did not just grow says what it says anew."""
    return file.name.lower().endswith((".csv", ".tsv"))


def has_grown(state: FileState, file: LogFile) -> bool:
    """True when all that was read is still there, so reading may go on behind it.

    The beginning and the last bytes before the old end must be the same; edits in between are not seen, for a
    log that is only added to has none.
    """
    if file.packed or not state.is_grown(file) or state.offset > file.size:
        return False
    return state.offset == 0 or tail_mark(file.path, state.offset) == state.state.get("tail")


def noting(findings: Iterable[Finding], reader: Reader, issues: Sequence[Issue]) -> Iterator[Finding]:
    """Pass findings on; at the end note how many lines were rejected, and what stands before the end.

    Args:
        issues: Grows while the findings are consumed.
    """
    start, before = len(issues), 0 if reader.is_fresh else reader.state.get(REJECTED, 0)
    yield from findings
    rejected = before + sum(issue.rejected for issue in (*issues[start:], *reader.issues))
    reader.state |= {REJECTED: rejected} if rejected else {}
    if not reader.file.packed and reader.end:
        reader.state["tail"] = tail_mark(reader.file.path, reader.end)


def rejected_lines(ledger: Ledger) -> dict[str, int]:
    """Log files that are still there, with the number of their lines that were not counted."""
    found = {name: state.state.get(REJECTED, 0) for name, state in sorted(ledger.files().items())}
    return {name: count for name, count in found.items() if count and Path(name).exists()}


def tail_mark(path: Path, end: int) -> str | None:
    """Hash of the last bytes before a place in a file; None when they cannot be read."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, end - TAIL))
            return hashlib.blake2b(stream.read(min(TAIL, end)), digest_size=8).hexdigest()
    except OSError:
        return None
