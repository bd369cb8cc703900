"""Keep notes true: collect, find those that are no longer, refresh them; undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from vaultsync.errors import NoteSkipped, VanishedError
from vaultsync.periods import KINDS, NOTE_OF, PERIOD_OF, NoteKind
from vaultsync.sync.books import DAY
from vaultsync.sync.collect import Progress
from vaultsync.sync.limits import Limits
from vaultsync.sync.places import vault_name
from vaultsync.sync.plan import Plan
from vaultsync.sync.values import Action, NoteResult, Options, Outcome, Target
from vaultsync.vault.backup import Backups
from vaultsync.vault.diff import diff
from vaultsync.vault.files import Clock
from vaultsync.vault.note import read
from vaultsync.vault.writer import Writer, Written

if TYPE_CHECKING:
    from vaultsync.sync.run import Run


class Refreshing:
    """The part of a run that writes notes."""

    def __init__(
        self,
        run: Run,
        time: Callable[[], float],
        sleep: Callable[[float], None],
        progress: Progress | None,
    ) -> None:
        """Begin; nothing is opened yet.

        Args:
            time: Seconds since 1970 at any later moment; tells how long ago a note was saved.
            sleep: Waits for seconds; used while a note comes to rest.
        """
        self.run, self.books = run, run.books
        self._time, self._sleep, self._progress = time, sleep, progress
        self._slept = 0.0

    def daily(self, day: date, options: Options) -> Outcome:
        """Collect, then refresh what is no longer true, as of a day."""
        self.run.check()
        with self.run.alone():
            collected = self.run.read_new()
            late = self._late_saves(options)
            limits = Limits(self.books, self.run.places)
            plan = Plan(self.books, self.run.places, limits, day, options.only)
            if plan.is_idle() and not (options.force or options.adopt):
                return Outcome(collected, problems=late, is_idle=self._writer().saves.is_done)
            targets = plan.targets()
            outcome = self._refresh(targets, limits, plan.today, options)
            if options.writes:
                plan.finish((n.kind, n.label) for n in outcome.notes if n.action == "skipped")
            problems = (*late, *outcome.problems)
            hints = (*self._moved(plan), *self._hints(targets))
            return replace(outcome, collected=collected, problems=problems, hints=hints)

    def _moved(self, plan: Plan) -> tuple[str, ...]:
        """Tell that days begin at other instants than they did for the last run."""
        if not plan.zone_before:
            return ()
        zones = f"The time zone is {self.books.settings.zone_name} now, it was {plan.zone_before}"
        return (f"{zones}: all days are cut anew, and times that name no zone are of the new one.",)

    def _late_saves(self, options: Options) -> tuple[str, ...]:
        """Give back what was saved into files that earlier runs replaced, and say so."""
        with self._writer() as writer:
            if options.writes:
                writer.saves.look_again()
            return tuple(writer.saves.remarks)

    def _hints(self, targets: Sequence[tuple[Target, bool]]) -> tuple[str, ...]:
        """Tell of past days with usage that have no note: a scheduled run never makes one."""
        missing = [
            target
            for target, may_create in targets
            if target.kind == "daily"
            and not may_create
            and self.run.places.existing("daily", target.period) is None
            and not self.books.is_idle(target.period)
        ]
        if not missing:
            return ()
        days = "1 past day has" if len(missing) == 1 else f"{len(missing):,} past days have"
        return (f"{days} usage but no note; `vaultsync sync` makes the missing notes.",)

    def refresh(self, kind: NoteKind, day: date, options: Options) -> Outcome:
        """Collect, then refresh one note."""
        self.run.check()
        with self.run.alone():
            collected = self.run.read_new()
            limits = Limits(self.books, self.run.places)
            target = Target(kind, self.books.calendar.period(PERIOD_OF.get(kind, "day"), day))
            today = day if kind == "dashboard" else self.books.today
            outcome = self._refresh([(target, True)], limits, today, options, insist=True)
            return replace(outcome, collected=collected)

    def backfill(self, since: date | None, until: date | None, options: Options) -> Outcome:
        """Collect, then refresh every note of a range of days, `until` excluded; missing ones are made."""
        self.run.check()
        with self.run.alone():
            collected = self.run.read_new()
            limits = Limits(self.books, self.run.places)
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
            if self.run.places.is_used(NOTE_OF[kind]):
                period = self.books.calendar.period(kind, first)
                while period.start < end:
                    found.append((Target(NOTE_OF[kind], period), True))
                    period = self.books.calendar.period(kind, period.end)
        if self.run.places.is_used("dashboard"):
            found.append((Target("dashboard", self.books.calendar.period("day", self.books.today)), True))
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
                writer.saves.look_again()
            keeping = Keeper(
                self.books, self.run.places, telling, writer, self._backups(), options, self.run.now
            )
            with closing(keeping) as keeper:
                for number, (target, may_create) in enumerate(targets, 1):
                    result = keeper.refresh(target, may_create=may_create, insist=insist)
                    if result and (insist or result.action != "left" or result.reason):
                        results.append(result)
                    if self._progress:
                        self._progress("Refreshing notes", number, len(targets))
                self.books.check_disks()
        problems = (*self.books.prices.warnings, *limits.problems, *writer.saves.remarks)
        return Outcome(None, tuple(results), problems)

    def _writer(self) -> Writer:
        vault, backups = self.books.settings.vault, self._backups()

        def is_ours(path: Path, data: bytes) -> bool:
            return backups.is_ours(vault_name(path, vault), data)

        return Writer(vault, self.books.settings.state, Clock(self._now, self._wait), is_ours=is_ours)

    def _now(self) -> float:
        """The present: never before the beginning of the run and what it waited since."""
        return max(self._time(), self.run.now.timestamp() + self._slept)

    def _wait(self, seconds: float) -> None:
        self._sleep(seconds)
        self._slept += seconds

    def _backups(self) -> Backups:
        name = self.books.settings.vault.resolve().name
        return Backups(self.books.settings.state / "backups" / f"{name}-{self.books.vault_id}")

    # --- undo ---

    def undo(self, note: Path | None, options: Options) -> Outcome:
        """Bring a note, or without one all notes of ours, back to what it was before our first change."""
        backups = self._backups()
        vault = self.books.settings.vault
        names = [vault_name(note, vault)] if note else backups.notes()
        results = []
        with self.run.alone(), self._writer() as writer:
            if options.writes:
                writer.saves.look_again()
            for name in names:
                self.books.check_disks()
                if not note and not backups.folder.is_dir():
                    raise VanishedError(self.books.settings.state)
                try:
                    if not options.writes:
                        results.append(self._undoing(name, backups))
                        continue
                    done = backups.undo(name, vault, writer, force=options.force)
                    results.append(NoteResult(vault / name, "undo", "", _undone(vault / name, done)))
                except NoteSkipped as trouble:
                    results.append(NoteResult(vault / name, "undo", "", "skipped", str(trouble)))
        return Outcome(None, tuple(results), tuple(writer.saves.remarks))

    def _undoing(self, name: str, backups: Backups) -> NoteResult:
        """What `undo` would do to a note."""
        path, old = self.books.settings.vault / name, backups.before(name)
        now = read(path, self.books.settings.vault).data if path.exists() else None
        if now == old:
            return NoteResult(path, "undo", "", "unchanged")
        action: Action = "would-remove" if old is None else "would-restore"
        return NoteResult(path, "undo", "", action, diff=diff(now or b"", old or b"", name))


def _undone(path: Path, done: Written) -> Action:
    """What `undo` did to a note; one that we had made is gone."""
    if not done.changed:
        return "unchanged"
    return "restored" if path.exists() else "removed"
