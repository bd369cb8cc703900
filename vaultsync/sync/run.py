"""One run: collect, find the notes that are no longer true, refresh them. What `cli` calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vaultsync.errors import NoteSkipped
from vaultsync.ledger import Ledger, StoredEvent, lock
from vaultsync.periods import KINDS, NOTE_OF, PERIOD_OF, Calendar, NoteKind
from vaultsync.settings import Settings
from vaultsync.sync.books import DAY, Books
from vaultsync.sync.collect import Collecting, Progress, Surroundings
from vaultsync.sync.limits import Limits
from vaultsync.sync.places import Places, vault_name
from vaultsync.sync.plan import Plan
from vaultsync.sync.values import Check, Collected, NoteResult, Options, Outcome, Overview, Target
from vaultsync.vault.backup import Backups
from vaultsync.vault.files import Clock
from vaultsync.vault.note import Writer, diff, read

if TYPE_CHECKING:
    from vaultsync.aggregate import UsageTable
    from vaultsync.model import UsageEvent
    from vaultsync.pricing import PriceList
    from vaultsync.sync.looked import Trees


class Run:
    """What one command works with; a context manager, so that the ledger is closed."""

    def __init__(
        self,
        settings: Settings,
        now: datetime,
        progress: Progress | None = None,
        *,
        sleep: Callable[[float], None],
        environ: Mapping[str, str] | None = None,
        home: Path | None = None,
    ) -> None:
        """Begin a run; nothing is opened yet.

        Args:
            now: Aware instant of the present.
            sleep: Waits for seconds; used while a note comes to rest.
        """
        self.settings = settings
        self.now = now
        self._progress = progress
        self._slept = 0.0
        self._sleep = sleep
        self._environ = os.environ if environ is None else environ
        self._home = home
        self.books = Books(settings, now.astimezone(settings.zone).date())
        self.places = Places(self.books)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        self.books.close()

    # --- what commands ask ---

    @property
    def ledger(self) -> Ledger:
        """The ledger."""
        return self.books.ledger

    @property
    def calendar(self) -> Calendar:
        """How the vault cuts time."""
        return self.books.calendar

    def price_list(self) -> PriceList:
        """The price list in force."""
        return self.books.prices

    def figures(self, since: date, until: date, dimensions: Collection[str] | None = None) -> UsageTable:
        """Priced usage of local days, `until` excluded.

        Args:
            dimensions: All that will be asked for; None: any.
        """
        if dimensions is None:
            return self.books.figures(since, until)
        return self.books.asked(since, until, dimensions)

    def event(self, text: str) -> UsageEvent | None:
        """The one event that an id, or the beginning of one, names; None: there is none, or more than one."""
        found = self.ledger.find(text)
        return found[0].event if len(found) == 1 else None

    def latest(self, count: int) -> list[StoredEvent]:
        """The last events."""
        return self.ledger.latest(count)

    def show(self, day: date) -> Overview:
        """The figures of `show`."""
        from vaultsync.sync import overview

        return overview.build(self.books, self.places, day)

    def looked(self) -> tuple[list[Path], Trees] | None:
        """What the answer of an idle `daily` depends on; see `sync.looked`."""
        from vaultsync.sync import looked

        return looked.looked(self.books, self.places, self._around)

    def doctor(self) -> list[Check]:
        """What was found where, and what looks wrong."""
        from vaultsync.sync import health

        return health.checks(self.books, self.places, self._around)

    # --- collecting ---

    @cached_property
    def _around(self) -> Surroundings:
        return Surroundings(self._environ, self._home or Path.home(), self.now)

    def collect(self) -> Collected:
        """Read all that is new into the ledger."""
        with self._alone():
            return self._collect()

    def _collect(self) -> Collected:
        found = Collecting(self.settings, self.ledger, self._around, self._progress).run()
        if found.new or found.removed or any(count.read for count in found.sources):
            self.books.forget()
        return found

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with lock(self.settings.ledger):
            yield

    # --- notes ---

    def daily(self, day: date, options: Options) -> Outcome:
        """Collect, then refresh what is no longer true, as of a day."""
        with self._alone():
            collected = self._collect()
            late = self._late_saves(options)
            limits = Limits(self.books, self.places)
            plan = Plan(self.books, self.places, limits, day, options.only)
            if plan.is_idle() and not (options.force or options.adopt):
                return Outcome(collected, problems=late, is_idle=self._writer().is_done)
            targets = plan.targets()
            outcome = self._refresh(targets, limits, plan.today, options)
            if options.writes:
                plan.finish((n.kind, n.label) for n in outcome.notes if n.action == "skipped")
            problems = (*late, *outcome.problems)
            return replace(outcome, collected=collected, problems=problems, hints=self._hints(targets))

    def _late_saves(self, options: Options) -> tuple[str, ...]:
        """Give back what was saved into files that earlier runs replaced, and say so."""
        with self._writer() as writer:
            if options.writes:
                writer.look_again()
            return tuple(writer.remarks)

    def _hints(self, targets: Sequence[tuple[Target, bool]]) -> tuple[str, ...]:
        """Tell of past days with usage that have no note: a scheduled run never makes one."""
        missing = [
            target
            for target, may_create in targets
            if target.kind == "daily"
            and not may_create
            and self.places.existing("daily", target.period) is None
            and not self.books.is_idle(target.period)
        ]
        if not missing:
            return ()
        days = "1 past day has" if len(missing) == 1 else f"{len(missing):,} past days have"
        return (f"{days} usage but no note; `vaultsync sync` makes the missing notes.",)

    def refresh(self, kind: NoteKind, day: date, options: Options) -> Outcome:
        """Collect, then refresh one note."""
        with self._alone():
            collected = self._collect()
            limits = Limits(self.books, self.places)
            target = Target(kind, self.calendar.period(PERIOD_OF.get(kind, "day"), day))
            today = day if kind == "dashboard" else self.books.today
            outcome = self._refresh([(target, True)], limits, today, options, insist=True)
            return replace(outcome, collected=collected)

    def backfill(self, since: date | None, until: date | None, options: Options) -> Outcome:
        """Collect, then refresh every note of a range of days, `until` excluded; missing ones are made."""
        with self._alone():
            collected = self._collect()
            limits = Limits(self.books, self.places)
            span = self.books.span()
            first = since or (span[0] if span else self.books.today)
            end = until or self.books.today + DAY
            targets = self._in_range(first, end)
            outcome = self._refresh(targets, limits, self.books.today, options)
            return replace(outcome, collected=collected)

    def _in_range(self, first: date, end: date) -> list[tuple[Target, bool]]:
        """Every period of a used kind that touches a range."""
        found = []
        for kind in KINDS:
            if self.places.is_used(NOTE_OF[kind]):
                period = self.calendar.period(kind, first)
                while period.start < end:
                    found.append((Target(NOTE_OF[kind], period), True))
                    period = self.calendar.period(kind, period.end)
        if self.places.is_used("dashboard"):
            found.append((Target("dashboard", self.calendar.period("day", self.books.today)), True))
        return found

    def _refresh(
        self,
        targets: Sequence[tuple[Target, bool]],
        limits: Limits,
        today: date,
        options: Options,
        *,
        insist: bool = False,
    ) -> Outcome:
        from vaultsync.sync.notes import Keeper
        from vaultsync.sync.telling import Telling

        telling = Telling(self.books, limits, today)
        if targets:
            self.books.figures(*telling.reach([target for target, _ in targets]))
        results: list[NoteResult] = []
        with self._writer() as writer:
            if options.writes:
                writer.look_again()
            keeping = Keeper(self.books, self.places, telling, writer, self._backups(), options, self.now)
            with closing(keeping) as keeper:
                for number, (target, may_create) in enumerate(targets, 1):
                    result = keeper.refresh(target, may_create=may_create, insist=insist)
                    if result and (insist or result.action != "left" or result.reason):
                        results.append(result)
                    if self._progress:
                        self._progress("Refreshing notes", number, len(targets))
        problems = (*self.books.prices.warnings, *limits.problems, *writer.remarks)
        return Outcome(None, tuple(results), problems)

    def _writer(self) -> Writer:
        vault, backups = self.settings.vault, self._backups()

        def is_ours(path: Path, data: bytes) -> bool:
            return backups.is_ours(vault_name(path, vault), data)

        return Writer(vault, self.settings.state, Clock(self._time, self._wait), is_ours=is_ours)

    def _time(self) -> float:
        """The present, as far as this run knows: its beginning and what it waited since."""
        return self.now.timestamp() + self._slept

    def _wait(self, seconds: float) -> None:
        self._sleep(seconds)
        self._slept += seconds

    def _backups(self) -> Backups:
        name = self.settings.vault.resolve().name
        return Backups(self.settings.state / "backups" / f"{name}-{self.books.vault_id}")

    # --- undo ---

    def undo(self, note: Path | None, options: Options) -> Outcome:
        """Bring a note, or without one all notes of ours, back to what it was before our first change."""
        backups = self._backups()
        vault = self.settings.vault
        names = [vault_name(note, vault)] if note else backups.notes()
        results = []
        with self._alone(), self._writer() as writer:
            if options.writes:
                writer.look_again()
            for name in names:
                try:
                    if not options.writes:
                        results.append(self._undoing(name, backups))
                        continue
                    done = backups.undo(name, vault, writer, force=options.force)
                    action = "restored" if done.changed else "unchanged"
                    results.append(NoteResult(vault / name, "undo", "", action))  # type: ignore[arg-type]
                except NoteSkipped as trouble:
                    results.append(NoteResult(vault / name, "undo", "", "skipped", str(trouble)))
        return Outcome(None, tuple(results), tuple(writer.remarks))

    def _undoing(self, name: str, backups: Backups) -> NoteResult:
        """What `undo` would do to a note."""
        path, old = self.settings.vault / name, backups.before(name)
        now = read(path, self.settings.vault).data if path.exists() else None
        if now == old:
            return NoteResult(path, "undo", "", "unchanged")
        return NoteResult(path, "undo", "", "would-restore", diff=diff(now or b"", old or b"", name))
