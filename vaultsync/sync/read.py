"""Read one log file: which collector knows it, what it says, ready to be recorded; in whatever process.

Touches no ledger. What was read of a file before is told, and decides where the reading begins.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from vaultsync.collectors import loading, registry
from vaultsync.collectors.databases import MAGIC as DATABASE
from vaultsync.collectors.databases import SUFFIXES as DATABASES
from vaultsync.collectors.databases import wal_mark
from vaultsync.collectors.events import AHEAD
from vaultsync.collectors.marks import MARKS
from vaultsync.collectors.reading import LogFile, Reader, capped
from vaultsync.collectors.registry import Collector
from vaultsync.ledger import Batch, Files, FileState, Prepared, find, prepare
from vaultsync.model import Finding, Issue, UsageEvent
from vaultsync.settings import Settings
from vaultsync.sync.mappings import mapping_collectors
from vaultsync.sync.memory import cache
from vaultsync.sync.zone import Zone, is_of_another, note

TAIL = 1024
"""Bytes before the end of what was read that must be the same when reading goes on."""
WAL = "wal"
"""Under this name the state of a database keeps what its changes looked like before it was read."""
ZIP = "(zip)"
"""Stands in the place of a collector where a ZIP itself is known; what is in it has states of its own."""
FILES, ASKED = "files", "asked"
"""Under these names its state keeps how many of its files each collector read, and who was asked."""


@dataclass(slots=True)
class Told:
    """What one reading of one file, or of one in a ZIP, says; complete once `prepared` is consumed."""

    path: Path
    source: str = ""
    """Name of the collector that read it; empty: none did."""
    prepared: Prepared | None = None
    """What is to be recorded; None: nothing, what the file said before stands."""
    issues: list[Issue] = field(default_factory=list)
    rejected: int = 0
    pending: int = 0
    """1 where its last line, or all of it, may still be being written."""
    partial: int = 0
    """Events whose output is a placeholder."""


class CollectorFailed(Exception):
    """A collector raised where it should have told; nothing of the file is recorded, so it is tried again."""


class Reading:
    """What reading any file takes; it may be sent to another process."""

    def __init__(self, settings: Settings, known: Files, now: datetime) -> None:
        """Get ready to read.

        Args:
            known: Files that were read before, as `Ledger.files` gives them.
            now: UTC.

        Raises:
            ConfigError: A mapping cannot be used.
        """
        self._settings, self._known, self._now = settings, known, now
        mapped = mapping_collectors(settings)
        self._mapped = len(mapped)
        self.collectors, self.issues = installed(settings, mapped)

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel without the collectors, which are loaded again; a plug-in's may hold anything."""
        return Reading, (self._settings, self._known, self._now)

    def collector(self, name: str | None) -> Collector | None:
        """A collector by its name."""
        return next((each for each in self.collectors if each.name == name), None)

    def is_current(self, state: FileState) -> bool:
        """True when who read a file before is still there; for a ZIP, when no others are; in this zone."""
        if is_of_another(state, self._settings.zone_name):
            return False
        return state.state[ASKED] == self._asked if state.collector == ZIP else state.collector in self._names

    @cached_property
    def _names(self) -> set[str]:
        return {each.name for each in self.collectors}

    @cached_property
    def _asked(self) -> str:
        """Differs where other collectors, or other mappings, are asked."""
        asked = repr((sorted(self._names), self._settings.mappings)).encode()
        return hashlib.blake2b(asked, digest_size=8).hexdigest()

    def read(self, path: Path, owner: str | None, *, read_on: bool = True) -> Iterator[Told]:
        """Begin to read a file; the rest is read while what was prepared is consumed.

        Args:
            owner: Name of the collector in whose usual place the file lies; None: found by looking.
            read_on: Go on where reading stopped, if the file has only grown.

        Returns:
            What it says; of a ZIP what each file in it says, to be consumed before the next is asked for.
        """
        try:
            file = LogFile.look(path)
        except OSError as error:
            yield Told(path, issues=[_unseen(path, error)])
            return
        if file.is_zip:
            yield from self._unzipped(file)
        elif owner is None and file.size == 0:
            yield Told(path)
        else:
            yield self._told(file, self.collector(owner) or self._match(file), read_on)

    def unread(self, path: Path) -> Issue | None:
        """Why nothing of a file is read, by its name and head only; None: it is, or it holds nothing."""
        try:
            file = LogFile.look(path)
        except OSError as error:
            return _unseen(path, error)
        if file.is_zip:
            return None  # what is in it has to be unpacked
        found = self._match(file) if file.size else None
        return found if isinstance(found, Issue) and found.rejected else None

    def _match(self, file: LogFile) -> Collector | Issue:
        """The collector that reads a file, or why none does."""
        return self._as_before(file) or registry.match(file, self.collectors, self._mapped)

    def _told(
        self, file: LogFile, found: Collector | Issue, read_on: bool = True, zone: Zone | None = None
    ) -> Told:
        if isinstance(found, Issue):
            return Told(file.path, issues=[found])
        told = Told(file.path, found.name)
        self._collect(self._reader(file, zone), found, told, read_on)
        return told

    def _unzipped(self, file: LogFile) -> Iterator[Told]:
        """What those files in a ZIP say that a collector knows; at last what is wrong with it."""
        from vaultsync.collectors.zips import members

        zone, taken, is_whole = self._zone(), Counter[str](), True
        reader = self._reader(file, zone)
        for member in members(reader):
            found = self._as_before(member) or registry.claimant(member, self.collectors, self._mapped)
            if not found or not member.size:
                continue
            if isinstance(found, Issue) or member.head.startswith(DATABASE):
                text = "a database inside a ZIP is not read. Unpack it."
                reader.issues.append(found if isinstance(found, Issue) else Issue(member.path, None, text))
                continue
            told = self._told(member, found, zone=zone)
            yield told
            is_whole = is_whole and bool(told.source and told.prepared)
            taken[found.name] += 1
        yield self._zip_told(reader, taken, is_whole)

    def _zip_told(self, reader: Reader, taken: Counter[str], is_whole: bool) -> Told:
        """What is wrong with a ZIP; and that it was read, so that it need not be looked at again."""
        file = reader.file
        told = Told(file.path, issues=reader.issues)
        if not taken and not told.issues and reader.verdict == "read":
            remedy = "Add a mapping to vaultsync.yaml, or move the ZIP out of the logs."
            told.issues.append(Issue(file.path, None, f"no collector knows a file in it. {remedy}"))
        if taken and is_whole and reader.verdict == "read":
            reader.end, reader.state = file.size, {FILES: taken, ASKED: self._asked}
            note(reader.zone, reader.state)
            told.prepared = prepare(Batch(ZIP, reader, ()))
        return told

    def _as_before(self, file: LogFile) -> Collector | None:
        """The collector that read a file before, if it still knows it, and no new mapping does."""
        state = self._known.get(str(file.path))
        collector = self.collector(state.collector) if state else None
        try:
            mapped = any(each.claims(file) for each in self.collectors[: self._mapped])
            return collector if collector and not mapped and collector.claims(file) else None
        except Exception:  # the one that fails is named when all are asked
            return None

    def whole(self, path: Path, owner: str | None) -> Iterator[Told]:
        """Read a file to its end; the results hold plain values only."""
        for told in self.read(path, owner):
            if told.prepared:
                try:
                    told.prepared.whole()
                except CollectorFailed as failure:
                    told.prepared, told.source = None, ""
                    told.issues.append(Issue(told.path, None, str(failure)))
            yield told

    def _zone(self) -> Zone:
        return Zone(self._settings.zone, self._settings.zone_name)

    def _reader(self, file: LogFile, zone: Zone | None = None) -> Reader:
        return Reader(file, zone or self._zone(), now_ns=int(self._now.timestamp() * 1e9))

    def _collect(self, reader: Reader, collector: Collector, told: Told, read_on: bool) -> None:
        file = reader.file
        state = find(self._known, file, is_there)
        is_moved = state is not None and is_of_another(state, self._settings.zone_name)
        read_on = read_on and not is_moved
        if read_on and state and collector.kind == "lines" and has_grown(state, file):
            reader = replace(reader, start=state.offset, first_line=state.line, state=dict(state.state))
        if read_on and state and collector.kind == "store" and may_go_on(state, file, collector):
            reader.state[MARKS] = state.state.get(MARKS, {})
        if collector.kind == "store" and (changes := wal_mark(file.path)):
            reader.state[WAL] = changes
        table = collector.kind != "store" and is_table(file)
        replaces = collector.kind == "document" or (reader.is_fresh and state is not None and table)
        findings: Iterable[Finding] = finishing(
            watched(capped(blaming(collector, reader), reader), told, self._now + AHEAD), reader, told
        )
        if replaces or collector.kind == "store":  # these count only if they could be read as a whole
            try:
                findings = list(findings)
            except CollectorFailed as failure:
                told.source = ""
                told.issues.append(Issue(file.path, None, str(failure)))
                return
            if reader.verdict != "read":
                return
        # Another log of lines at this path is another file; a document or a store that changed is itself.
        goes_by_name = replaces or collector.kind == "store"
        is_known = state and (read_on or is_moved) and (goes_by_name or state.is_same(file))
        known = state.id if state and is_known else None
        tells = registry.tells_of(collector) or registry.kinds_of(self.collectors)
        moved = is_moved and (collector.kind == "store" or begins_as_read(state, file))
        batch = Batch(collector.name, reader, findings, replaces, known, table, tells, moved)
        told.prepared = prepare(batch)


def _unseen(path: Path, error: OSError) -> Issue:
    return Issue(path, None, f"{error.strerror or error}. Check the file, or move it out.")


def installed(settings: Settings, mapped: Sequence[Collector]) -> tuple[list[Collector], list[Issue]]:
    """The mappings, and all collectors that are installed; see `loading.load`."""
    folder = cache(settings)
    return loading.load(mapped, folder / "collectors.json" if folder else None)


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


def watched(findings: Iterable[Finding], told: Told, latest: datetime) -> Iterator[Finding]:
    """Pass events and facts on, keep the issues; flag events that are later than they can be."""
    ahead = 0
    for finding in findings:
        if isinstance(finding, Issue):
            told.issues.append(finding)
            told.rejected += finding.lines * finding.rejected
            continue
        if isinstance(finding, UsageEvent):
            told.partial += finding.quality == "partial"
            if finding.when > latest and "future" not in finding.flags:
                ahead += 1
                finding = finding._replace(flags=tuple(sorted((*finding.flags, "future"))))
        yield finding
    if ahead:
        calls = "1 call is" if ahead == 1 else f"{ahead:,} calls are"
        text = f"{calls} more than two days ahead. Check the clock of the machine that wrote it."
        told.issues.append(Issue(told.path, None, text, rejected=False))


def finishing(findings: Iterable[Finding], reader: Reader, told: Told) -> Iterator[Finding]:
    """Pass findings on; at the end note what stands before the end of what was read."""
    yield from findings
    told.issues += reader.issues
    told.rejected += sum(issue.lines for issue in reader.issues)
    told.pending += reader.is_pending
    if told.rejected:
        reader.state.pop(MARKS, None)  # so that they are named again
    note(reader.zone, reader.state)
    if not reader.file.packed and reader.end:
        reader.state["tail"] = tail_mark(reader.file.path, reader.end)


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


def begins_as_read(state: FileState | None, file: LogFile) -> bool:
    """True when what was read of a file is still in it, by its beginning and its size."""
    return state is not None and state.is_same(file) and file.size >= state.size


def taken_of(state: FileState) -> Mapping[str, int]:
    """How many files each collector read of what is known as one: one of itself, or those in a ZIP."""
    taken: Mapping[str, int] = state.state[FILES] if state.collector == ZIP else {state.collector: 1}
    return taken


def is_there(path: Path) -> bool:
    """True for a path at which a file was read and still may be: on the disk, or in a ZIP on the disk."""
    with suppress(OSError):  # names in a ZIP may be of any length
        return path.exists() or any(parent.is_file() for parent in path.parents)
    return False


def may_go_on(state: FileState, file: LogFile, collector: Collector) -> bool:
    """True for a store that no other has taken the place of; whether its rows are still there, they tell."""
    is_same = (file.inode, file.device) == (state.inode, state.device)
    return is_same and file.size >= state.size and state.collector == collector.name


def is_as_read(info: os.stat_result, state: FileState) -> bool:
    """True for a file that looks as it did when it was read."""
    if state.ctime_ns not in (info.st_ctime_ns, 0):
        return False  # another content may have the old size and time
    return (info.st_size, info.st_mtime_ns, info.st_ino) == (state.size, state.mtime_ns, state.inode)


def has_moved_on(path: Path, state: FileState) -> bool:
    """True for a database whose own file is as it was, but which has other changes waiting beside it."""
    return path.suffix in DATABASES and wal_mark(path) != state.state.get(WAL)


def tail_mark(path: Path, end: int) -> str | None:
    """Hash of the last bytes before a place in a file; None when they cannot be read."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, end - TAIL))
            return hashlib.blake2b(stream.read(min(TAIL, end)), digest_size=8).hexdigest()
    except OSError:
        return None
