"""Everything that a run asks again and again: ledger, price list, figures, the vault's way of cutting time.

Each is opened when it is first wanted, so that a run with nothing to do opens little.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property, partial
from math import gcd
from typing import TYPE_CHECKING

from vaultsync.errors import ConfigError, VanishedError
from vaultsync.ledger import Ledger
from vaultsync.model import Preference
from vaultsync.periods import EVER, Calendar, Period, midnight
from vaultsync.settings import Settings, shipped
from vaultsync.sync.memory import cache
from vaultsync.sync.shared import place

if TYPE_CHECKING:
    from vaultsync.aggregate import UsageTable
    from vaultsync.ledger import Usage
    from vaultsync.model import Line
    from vaultsync.pricing import PriceList
    from vaultsync.vault import locate

DAY = timedelta(days=1)
QUARTER_HOUR = 900
DETAILS = {
    "session": ("session",),
    "project": ("project",),
    "branch": ("branch",),
    "action": ("action_type", "action_name"),
    "machine": ("machine",),
}
"""Dimensions that rows need not be told apart by where nobody asks, and the labels they are made of."""


@dataclass
class Books:
    """What one run works with."""

    settings: Settings
    today: date
    """Local day of the run."""
    is_reading: bool = False
    """True where the run makes no ledger: it only asks."""
    is_looking: bool = False
    """True where nothing may change: the ledger is not even brought up to date."""
    _table: UsageTable | None = field(default=None, repr=False)
    _loaded: tuple[date, date] = (date.max, date.min)

    @cached_property
    def vault_id(self) -> str:
        """What tells the vault from others that share the ledger: a hash of its path, links followed."""
        return hashlib.blake2b(os.fsencode(self.settings.vault.resolve()), digest_size=8).hexdigest()

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger, open; an empty one where who only asks comes before the first run.

        Raises:
            ConfigError: Who only asks has named a ledger that is not there.
        """
        path = self.settings.ledger
        if self.is_reading and not path.exists():
            if self.settings.names_ledger:
                remedy = "Mend --ledger or `ledger:`; `vaultsync collect` makes a new one."
                raise ConfigError(path, None, "there is no ledger.", remedy)
            return Ledger.empty(path)
        return Ledger.open(path, read_only=self.is_looking, wal=not place(self.settings))

    @property
    def lacks_ledger(self) -> bool:
        """True when the ledger was asked, and there is none yet."""
        return "ledger" in self.__dict__ and not self.settings.ledger.exists()

    @cached_property
    def preference(self) -> Preference:
        """Which telling of the same spend counts."""
        return Preference(*self.settings.tellings)

    @property
    def competes(self) -> bool:
        """True where several tellings may be of the same spend."""
        return self.preference.names_sources or bool(self.ledger.kinds())

    @cached_property
    def prices(self) -> PriceList:
        """The shipped price list with the user's laid over it."""
        from vaultsync import pricing

        return pricing.load(
            self.settings.pricing,
            shipped() / "pricing.yaml",
            currency=self.settings.currency,
            cache=cache(self.settings),
        )

    @cached_property
    def vault(self) -> locate.VaultSettings:
        """What the vault's own settings say.

        Raises:
            ConfigError: Our own settings name a locale that is not known: another one would name other weeks.
        """
        from vaultsync.text import nearest_or_all
        from vaultsync.vault import locate
        from vaultsync.vault.locales import LOCALES, find_locale

        name = self.settings.locale
        if name and not find_locale(name):
            what = f"locale '{name}' is not known, so weeks cannot be numbered."
            self.settings.refuse("locale", what, nearest_or_all(name, LOCALES).strip())
        return locate.read_settings(self.settings.vault, locale=name)

    @cached_property
    def calendar(self) -> Calendar:
        """How the vault cuts time: its weekly format and locale decide what a week is."""
        from vaultsync.vault import locate

        wanted = self.settings.notes["weekly"].format
        weeks = locate.week_rule(self.vault, wanted)
        return Calendar(self.settings.zone, weeks, self.settings.quarter)

    def figures(self, since: date, until: date) -> UsageTable:
        """Priced usage of local days from `since` to before `until`; grown when more is asked for."""
        first, last = self._loaded
        if self._table is None or since < first or until > last:
            first, last = min(since, first), max(until, last)
            self._table, self._loaded = self._load(first, last), (first, last)
        return self._table

    def is_idle(self, period: Period) -> bool:
        """True when no event falls on a period."""
        return self.figures(period.start, period.end).daily.keys().isdisjoint(period.days())

    def forget(self) -> None:
        """Read figures anew: the ledger has changed."""
        self._table, self._loaded = None, (date.max, date.min)

    def asked(self, since: date, until: date, dimensions: Collection[str]) -> UsageTable:
        """Priced usage for a question that names some dimensions: the same sums, of less that is read."""
        return self._load(since, until, dimensions)

    def unpriced(self, provider: str | None = None) -> list[Line]:
        """What has no price, whenever it was used: a line for each provider and model.

        Args:
            provider: Only of this one; None: of all.
        """
        by, where = ("provider", "model"), {"provider": provider} if provider else None
        summary = self.asked(EVER.start, EVER.end, by).summarize(EVER, by, None, where)
        return [line for line in summary.lines if line.coverage.unpriced]

    def _load(self, since: date, until: date, dimensions: Collection[str] | None = None) -> UsageTable:
        from vaultsync import aggregate

        wanted = aggregate.DIMENSIONS if dimensions is None else dimensions
        needs = None
        if dimensions is not None:
            needs = {label for dimension in dimensions for label in DETAILS.get(dimension, ())}
        return aggregate.load(
            self.rows(since, until, needs, self.settings.zone, self.preference),
            self.prices,
            self.calendar,
            currency=self.settings.currency,
            cost=self.settings.cost,
            dimensions=wanted,
        )

    def rows(
        self,
        since: date,
        until: date,
        needs: Collection[str] | None,
        zone: tzinfo,
        preference: Preference | None,
    ) -> Usage:
        """Usage by days of a zone; where a price follows the hour, by the intervals of the price list.

        Args:
            needs, preference: As in `Ledger.rows`.
        """
        prices = self.prices
        ask = partial(
            self.ledger.rows,
            midnight(since, zone),
            midnight(until, zone),
            prices.thresholds,
            gcd(15, prices.minutes),
            self.settings.project_name,
            needs=needs,
            preference=preference,
        )
        rows = ask(cuts=self._midnights(since, until, zone))
        models = {*zip(rows.columns["provider"], rows.columns["model"], strict=True)}
        by_hour = any(prices.windowed(str(maker or "unknown"), str(model or "")) for maker, model in models)
        return ask() if by_hour else rows

    def _midnights(self, since: date, until: date, zone: tzinfo) -> list[datetime] | None:
        """Instants at which a day begins, one of the zone or one of UTC, whose prices count.

        Returns:
            None where one of them is no whole quarter-hour.
        """
        span = self.span() or (since, since)
        days = Period(max(since, span[0]) - DAY, min(until, span[1] + DAY) + DAY, "day", "").days()
        found = sorted({midnight(each, of) for each in days for of in (zone, UTC)})
        return None if any(each.timestamp() % QUARTER_HOUR for each in found) else found

    def span(self) -> tuple[date, date] | None:
        """Local days of the first and the last event; None without events."""
        found = self.ledger.span()
        return None if found is None else (self.day_of(found[0]), self.day_of(found[1]))

    def day_of(self, when: datetime) -> date:
        """Local day of an instant."""
        return self.calendar.day_of(when)

    def titles(self) -> dict[str, str]:
        """What sessions are called, by their ids; those without a title are left out."""
        return {session: title for (_, session), title in self.ledger.titles().items()}

    def check_disks(self) -> None:
        """See that vault and ledger are there still; of a disk that is gone, no note is missing or written.

        Raises:
            VanishedError: One of them is gone, or the vault is empty, as where a disk was mounted.
        """
        vault, ledger = self.settings.vault, self.settings.ledger
        if not vault.is_dir() or next(vault.iterdir(), None) is None:
            raise VanishedError(vault)
        if "ledger" in self.__dict__ and not ledger.exists():
            raise VanishedError(ledger)

    def close(self) -> None:
        """Close what is open."""
        if "ledger" in self.__dict__:
            self.ledger.close()
