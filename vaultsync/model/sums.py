"""What is added up: sums of events, and how honest they are. Money is `Decimal`; unknown is not zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Literal, Protocol

from vaultsync.model.events import TokenCounts
from vaultsync.periods import Calendar, Kind, Period

CostBasis = Literal["reported", "calculated", "mixed", "unpriced"]
CostChoice = Literal["auto", "calculated", "reported"]


@dataclass(frozen=True, slots=True)
class Amount:
    """Money to be shown, with what is known about it."""

    value: Decimal | None
    """None: nothing in it has a price."""
    incomplete: bool = False
    """True: some of what it sums has no price, so it is a lower bound."""
    currency: str | None = None
    """None: the report currency."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How a sum was made, counted in events; what keeps a total honest."""

    events: int = 0
    calculated: int = 0
    reported: int = 0
    """Cost taken from the log: billed, charged, or its own estimate where nothing better is known."""
    unpriced: int = 0
    free: int = 0
    partial: int = 0
    """Output known to be a placeholder."""
    unsplit: int = 0
    """Events known only by a total of tokens."""
    unsplit_tokens: int = 0
    flags: tuple[tuple[str, int], ...] = ()
    """Flag -> number of events, sorted by name."""

    def __add__(self, other: Coverage) -> Coverage:
        flags = dict(self.flags)
        for name, count in other.flags:
            flags[name] = flags.get(name, 0) + count
        sums = {
            f.name: getattr(self, f.name) + getattr(other, f.name)
            for f in fields(Coverage)
            if f.name != "flags"
        }
        return Coverage(**sums, flags=tuple(sorted(flags.items())))


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a summary: the sum of all events that share its keys."""

    keys: tuple[str | None, ...]
    """Values of the summary's `by`, in that order; None is "(none)"."""
    period: str | None
    """Label of the period, where the summary is cut into periods."""
    tokens: TokenCounts
    requests: int
    web_searches: int
    sessions: int
    """Number of distinct sessions."""
    cost: Decimal | None
    """In the report currency; None: no event of the row has a price."""
    list_cost: Decimal | None
    """The same without contract factors."""
    stated: Decimal | None
    """Sum of what the logs themselves state, whether or not it is used."""
    stated_calculated: Decimal | None
    """The calculated cost of the same events as `stated`, to compare."""
    foreign: tuple[tuple[str, Decimal], ...]
    """Money in currencies without an exchange rate, by code; not part of `cost`."""
    energy: tuple[tuple[str, Decimal], ...]
    """Estimated energy cost of local models by currency; never mixed into `cost`."""
    coverage: Coverage
    duration_ms: int = 0
    outcomes: tuple[tuple[str, int], ...] = ()
    notional: Decimal | None = None
    """What calls covered by a flat fee would have cost at list price; not part of `cost`."""

    @property
    def all_tokens(self) -> int:
        """Tokens with those that a log knows only as a total."""
        return self.tokens.total + self.coverage.unsplit_tokens

    @property
    def is_incomplete(self) -> bool:
        """True where some of it is not in the cost: it has no price, or no exchange rate."""
        return bool(self.coverage.unpriced or self.foreign)

    @property
    def amount(self) -> Amount:
        """The cost as it may be shown: no events cost nothing, events without a price an unknown sum."""
        if not self.coverage.events:
            return Amount(Decimal(0))
        return Amount(self.cost, self.cost is not None and self.is_incomplete)

    @property
    def basis(self) -> CostBasis:
        """Where the cost comes from."""
        c = self.coverage
        if self.cost is None:
            return "unpriced"
        if c.reported and (c.calculated or c.free):
            return "mixed"
        return "reported" if c.reported else "calculated"


@dataclass(frozen=True, slots=True)
class Summary:
    """Usage of a range, grouped; `lines` add up to `total` exactly."""

    since: date
    until: date
    """Exclusive."""
    by: tuple[str, ...]
    bucket: Kind | None
    """Kind of period the lines are cut into, or None."""
    lines: tuple[Line, ...]
    """Sorted by period, then keys."""
    total: Line


class Figures(Protocol):
    """What `report`, `budget` and `insight` need of `aggregate`: any grouping of the loaded range."""

    @property
    def calendar(self) -> Calendar:
        """How the vault cuts time."""

    @property
    def daily(self) -> Mapping[date, Decimal | None]:
        """Cost of each local day with events, of all that is loaded; None: no event of it has a price."""

    def summarize(
        self,
        period: Period,
        by: Sequence[str] = (),
        bucket: Kind | None = None,
        where: Mapping[str, str | None] | None = None,
    ) -> Summary:
        """Sum the events of a period, grouped by dimensions and cut into periods of a kind.

        Args:
            by: Of `provider, model, project, session, branch, action, source, machine, mode`; `action` is
                "type name".
            where: Dimension -> value that an event must have.
        """
