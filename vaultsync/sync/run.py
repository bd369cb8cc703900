"""One run: the ledger, what is new, figures, notes; each part is loaded when asked for. What `cli` calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from vaultsync.ledger import Ledger, lock, prove
from vaultsync.settings import Settings
from vaultsync.sync.books import Books
from vaultsync.sync.collect import Collecting, Progress, Surroundings, check_names

if TYPE_CHECKING:
    from vaultsync.aggregate import UsageTable
    from vaultsync.ledger import StoredEvent
    from vaultsync.model import Intake, Line, Notice, UsageEvent
    from vaultsync.periods import Calendar, NoteKind, Period
    from vaultsync.pricing import PriceList
    from vaultsync.sync.looked import Trees
    from vaultsync.sync.places import Places
    from vaultsync.sync.reconcile import Reconciled
    from vaultsync.sync.refreshing import Refreshing
    from vaultsync.sync.values import Check, Collected, Options, Outcome, Overview


class Run:
    """What one command works with; a context manager, so that the ledger is closed."""

    def __init__(
        self,
        settings: Settings,
        now: datetime,
        progress: Progress | None = None,
        *,
        time: Callable[[], float],
        sleep: Callable[[float], None],
        environ: Mapping[str, str] | None = None,
        home: Path | None = None,
        is_reading: bool = False,
    ) -> None:
        """Begin a run; nothing is opened yet.

        Args:
            is_reading: It only asks, and makes no ledger.
            now: Aware instant of the present.
            time: Seconds since 1970 at any later moment; tells how long ago a note was saved.
            sleep: Waits for seconds; used while a note comes to rest.
        """
        self.settings = settings
        self.now = now
        self.progress = progress
        self._time, self._sleep = time, sleep
        self._environ = os.environ if environ is None else environ
        self._home = home
        self.books = Books(settings, now.astimezone(settings.zone).date(), is_reading)

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
    def lacks_ledger(self) -> bool:
        """True when the ledger was asked, and there is none yet."""
        return self.books.lacks_ledger

    @cached_property
    def places(self) -> Places:
        """Where notes are."""
        from vaultsync.sync.places import Places

        return Places(self.books)

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

    def unpriced(self, provider: str | None = None) -> list[Line]:
        """Models of the ledger that have no price, all of them or those of a provider."""
        return self.books.unpriced(provider)

    def event(self, text: str) -> UsageEvent | None:
        """The one event that an id, or the beginning of one, names; None: there is none, or more than one."""
        if not self.settings.ledger.exists():
            return None  # it may be a model's name, and what that costs needs no ledger
        found = self.ledger.find(text)
        return found[0].event if len(found) == 1 else None

    def latest(self, count: int) -> list[StoredEvent]:
        """The last events."""
        return self.ledger.latest(count)

    def reconcile(self, period: Period | None, provider: str | None = None) -> Reconciled:
        """What every telling of the same spend says, compared.

        Args:
            period: Of UTC; None: the latest month with something to compare.
            provider: None: of all.
        """
        from vaultsync.sync import reconcile

        return reconcile.build(self.books, period or reconcile.usual(self.books), provider, self.now)

    def beside(self, period: Period) -> list[Notice]:
        """What other tellings say of a period, where it is something else."""
        from vaultsync.sync import reconcile

        return reconcile.beside(self.books, period)

    def intake(self) -> Intake:
        """What became of all that was read."""
        from vaultsync.sync.intake import intake

        return intake(self.ledger)

    def titles(self) -> dict[str, str]:
        """What sessions are called, by their ids."""
        return self.books.titles()

    def show(self, day: date) -> Overview:
        """The figures of `show`."""
        from vaultsync.sync import overview

        return overview.build(self.books, self.places, day)

    def looked(self) -> tuple[list[Path], Trees] | None:
        """What the answer of an idle `daily` depends on; see `sync.looked`."""
        from vaultsync.sync import looked

        return looked.looked(self.books, self.places, self.around)

    def doctor(self) -> list[Check]:
        """What was found where, and what looks wrong."""
        from vaultsync.sync import health

        return health.checks(self.books, self.places, self.around)

    # --- collecting ---

    @cached_property
    def around(self) -> Surroundings:
        """What the machine adds: environment, home folder, the present."""
        return Surroundings(self._environ, self._home or _home(), self.now)

    def collect(self) -> Collected:
        """Read all that is new into the ledger."""
        self.check()
        with self.alone():
            return self.read_new()

    def read_new(self) -> Collected:
        """The same, for who holds the lock."""
        found = Collecting(self.settings, self.ledger, self.around, self.progress).run()
        if found.new or found.removed or any(count.read for count in found.sources):
            self.books.forget()
        return found

    def check(self) -> None:
        """Refuse settings, mappings and price lists that cannot work, before anything is touched.

        Raises:
            ConfigError: With file and line.
        """
        check_names(self.settings)
        _ = self.calendar, self.settings.pricing and self.books.prices

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs on the same ledger waiting."""
        prove(self.settings.ledger)
        waiting = partial(self.progress, "Waiting for another run") if self.progress else None
        with lock(self.settings.ledger, waiting=waiting):
            yield

    # --- notes ---

    @cached_property
    def _refreshing(self) -> Refreshing:
        from vaultsync.sync.refreshing import Refreshing

        return Refreshing(self, self._time, self._sleep, self.progress)

    def daily(self, day: date, options: Options) -> Outcome:
        """Collect, then refresh what is no longer true, as of a day."""
        return self._refreshing.daily(day, options)

    def refresh(self, kind: NoteKind, day: date, options: Options) -> Outcome:
        """Collect, then refresh one note."""
        return self._refreshing.refresh(kind, day, options)

    def backfill(self, since: date | None, until: date | None, options: Options) -> Outcome:
        """Collect, then refresh every note of a range of days, `until` excluded; missing ones are made."""
        return self._refreshing.backfill(since, until, options)

    def undo(self, note: Path | None, options: Options) -> Outcome:
        """Bring a note, or without one all notes of ours, back to what it was before our first change."""
        return self._refreshing.undo(note, options)


def _home() -> Path:
    """The user's home folder; where the system knows of none, a place below which nothing is."""
    try:
        return Path.home()
    except RuntimeError:
        return Path(os.devnull)
