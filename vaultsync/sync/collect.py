"""From log files to the ledger: find what is new, let the one collector that knows a file read it, record it.

An unchanged file costs one `stat`; a file that has grown is read from where reading stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path

from vaultsync.collectors import registry
from vaultsync.collectors.finding import find_files
from vaultsync.collectors.packing import PACKED
from vaultsync.collectors.registry import Collector
from vaultsync.ledger import FileState, Ledger, Recorded
from vaultsync.model import TELLS, Issue, Preference
from vaultsync.periods import local_day
from vaultsync.settings import Settings
from vaultsync.sync.crew import Unread, readings
from vaultsync.sync.mappings import mapping_collectors
from vaultsync.sync.read import (
    CollectorFailed,
    Reading,
    Told,
    has_moved_on,
    installed,
    is_as_read,
    taken_of,
)
from vaultsync.sync.values import Collected, SourceCount
from vaultsync.text import nearest_or_all

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
    processes: int = 0
    """How many read at once; 0: as many as the machine has cores for, where there is much to read."""
    _issues: list[Issue] = field(default_factory=list)
    _counts: dict[str, SourceCount] = field(default_factory=dict)
    _removed: int = 0
    _reasons: dict[str, Counter[str]] = field(default_factory=dict)
    _left: dict[Path, set[Issue | None]] = field(default_factory=dict)
    """Files of which nothing could be recorded, and why; None: still being written."""
    _unchanged: Counter[str] = field(default_factory=Counter)
    """Files with nothing new, by collector."""

    def run(self) -> Collected:
        """Read all that is new, settle the ledger, and say what was found."""
        known = self.ledger.files()
        reading = Reading(self.settings, known, self.around.now)
        collectors = reading.collectors
        self._issues += reading.issues
        wanted = [*self._agent_files(collectors), *self._log_files()]
        fresh = [file for path, owner in wanted if (file := self._unread(path, owner, known, reading))]
        self._take(reading, fresh)
        self.ledger.keep_unread(self._left, [path for path, _ in wanted])
        self.ledger.settle(is_choosing=Preference(*self.settings.tellings).names_sources)
        for name, files in self._unchanged.items():
            self._count(name, files=files)
        counts = tuple(self._with_reasons(self._counts[name]) for name in sorted(self._counts))
        return Collected(counts, tuple(self._issues), self._removed)

    def _take(self, reading: Reading, fresh: Sequence[Unread]) -> None:
        """Read and record files, many in one transaction."""
        with closing(readings(reading, fresh, self.processes)) as told:
            for start in range(0, len(fresh), FILES_A_COMMIT):
                with self.ledger.transaction():
                    for number, file in enumerate(islice(told, FILES_A_COMMIT), start):
                        for one in file:
                            self._record(reading, one, fresh[number])
                        if self.progress:
                            self.progress("Reading logs", number + 1, len(fresh))

    # --- which files ---

    def _agent_files(self, collectors: Sequence[Collector]) -> Iterator[tuple[Path, str | None]]:
        """Files in the usual places of the wanted agents, each with the name of its collector."""
        for collector in collectors:
            if registry.is_wanted(collector, self.settings.agents):
                for place in collector.places(self.around.environ, self.around.home):
                    yield from self._found(registry.files_of(place), collector.name)

    def _log_files(self) -> Iterator[tuple[Path, str | None]]:
        """Files of the logs folders; their collectors are found by looking."""
        yield from self._found(find_files(self.settings.logs), None)

    def _found(self, files: Iterable[Path | Issue], owner: str | None) -> Iterator[tuple[Path, str | None]]:
        for found in files:
            if isinstance(found, Issue):
                self._issues.append(found)
                self._leave(found)
            else:
                yield found, owner

    def _unread(
        self, path: Path, owner: str | None, known: Mapping[str, FileState], reading: Reading
    ) -> Unread | None:
        """A file that is new or has changed; None for one that was read: it is counted, not opened."""
        try:
            info = path.stat()
        except OSError:
            return Unread(path, owner, 0)  # why it cannot be read is told when it is read
        state = known.get(str(path))
        if state is None or (owner and owner != state.collector) or not reading.is_current(state):
            return Unread(path, owner, info.st_size)
        # An unfinished last line may count once it has rested.
        is_held = state.offset < state.size and not path.name.endswith(PACKED)
        if is_held or not is_as_read(info, state) or has_moved_on(path, state):
            return Unread(path, owner, max(0, info.st_size - state.offset))
        for name, files in taken_of(state).items():
            self._unchanged[name] += files
        return None

    # --- what cannot be read ---

    def _leave(self, issue: Issue) -> None:
        if issue.rejected:
            self._left.setdefault(Path(issue.path), set()).add(issue)

    # --- one file ---

    def _record(self, reading: Reading, told: Told, file: Unread) -> None:
        """Record what a file says, or only that it cannot be read."""
        recorded = Recorded()
        try:
            if told.prepared:
                recorded = self.ledger.record(told.prepared)
            if recorded.is_stale and (told := next(reading.read(*file[:2], read_on=False))).prepared:
                recorded = self.ledger.record(told.prepared)
        except CollectorFailed as failure:
            told.issues.append(Issue(told.path, None, str(failure)))
            told.source, told.prepared = "", None
        self._issues += (*told.issues, *recorded.issues)
        if told.prepared:
            if issues := (*told.issues, *recorded.issues):
                self.ledger.keep_rejected(recorded.file, told.path, issues)
        else:
            for issue in told.issues:
                self._leave(issue)
            if told.pending:
                self._left.setdefault(told.path, set()).add(None)
        if not told.source:
            return
        self._reasons.setdefault(told.source, Counter()).update(
            issue.reason for issue in (*told.issues, *recorded.issues) if issue.rejected
        )
        self._removed += recorded.removed
        days = [local_day(when, self.settings.zone) for when in (recorded.first, recorded.last) if when]
        self._count(
            told.source,
            files=1,
            read=1,
            new=recorded.new,
            joined=recorded.duplicates,
            partial=told.partial,
            rejected=told.rejected + len(recorded.issues),
            pending=told.pending,
            days=days,
        )

    def _with_reasons(self, count: SourceCount) -> SourceCount:
        reasons = self._reasons.get(count.source, Counter())
        return replace(count, reasons=tuple(sorted(reasons.items(), key=lambda each: (-each[1], each[0]))))

    def _count(self, source: str, days: Sequence[date] = (), **more: int) -> None:
        """Add to the counts of a source."""
        before = self._counts.get(source, SourceCount(source))
        sums = {name: getattr(before, name) + count for name, count in more.items()}
        spans = [day for day in (before.first, before.last, *days) if day]
        first, last = (min(spans), max(spans)) if spans else (None, None)
        self._counts[source] = replace(before, **sums, first=first, last=last)


def check_names(settings: Settings) -> None:
    """Refuse mappings that cannot be used, and names of collectors that are unknown, before anything is read.

    Raises:
        ConfigError: With file and line.
    """
    mapped = mapping_collectors(settings)
    if not isinstance(settings.agents, str) or any(settings.tellings):
        collectors, _ = installed(settings, mapped)
        check_agents(settings, collectors)
        check_tellings(settings, collectors)


def check_agents(settings: Settings, collectors: Sequence[Collector]) -> None:
    """Refuse names under `agents` that are unknown: a slip of the pen would read nothing, silently.

    Raises:
        ConfigError: Names the file and the nearest known name.
    """
    if isinstance(settings.agents, str):
        return
    names = {name for each in collectors for name in (each.name, registry.agent_of(each))}
    for name in settings.agents:
        if name not in names:
            what = f"agents names '{name}', and no collector has this name."
            settings.refuse("agents", what, nearest_or_all(name, sorted(names)).strip())


def check_tellings(settings: Settings, collectors: Sequence[Collector]) -> None:
    """Refuse names under `tellings` that are neither kinds nor sources.

    Raises:
        ConfigError: Names the file and the nearest known name.
    """
    by_name = {each.name: each for each in collectors}
    for key, names in settings.tellings._asdict().items():
        kinds = TELLS if key == "order" else ()
        for name in names:
            own = registry.sources_of(by_name[name]) if name in by_name else ()  # asks few to be loaded
            if name in kinds or name in own:
                continue
            known = {source for each in collectors for source in registry.sources_of(each)}
            if name not in known:
                why = f"the events of this collector are told as {', '.join(own)}"
                what = f"tellings.{key} names '{name}', and {why if own else 'no collector has this name'}."
                near = nearest_or_all(name, sorted({*own} or {*kinds, *known}))
                settings.refuse("tellings", what, near.strip())
