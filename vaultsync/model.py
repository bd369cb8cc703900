"""The nouns that cross a border between rooms: what a log says, what is added up, what is told.

Frozen values without behaviour beyond plain sums. Money is `Decimal`, instants are aware and UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol

from vaultsync.periods import Calendar, Kind, NoteKind, Period

Quality = Literal["final", "partial", "session-total", "estimate"]
CostKind = Literal["billed", "charged", "estimated", "notional"]
Grain = Literal["request", "run", "session", "hour", "day", "month"]
CostBasis = Literal["reported", "calculated", "mixed", "unpriced"]
CostChoice = Literal["auto", "calculated", "reported"]
MAX_COUNT = 10**12
"""Largest token count of one event that is believed; more is rejected on entry, so no sum overflows."""


# --- what a log says ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Whole, not negative, disjoint token counts of one event or a sum of events.

    Four counts are parts of another one and are never added: `reasoning` and `output_audio` lie inside
    `output`, `input_audio` inside `input`, `cache_read_audio` inside `cache_read`.
    """

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_30m: int = 0
    cache_write_1h: int = 0
    cache_write_12h: int = 0
    cache_write: int = 0
    """Written to a cache with an unknown lifetime."""
    output: int = 0
    reasoning: int = 0
    input_audio: int = 0
    output_audio: int = 0
    cache_read_audio: int = 0

    @property
    def cache_writes(self) -> int:
        """Tokens written to a cache, of every lifetime."""
        return (
            self.cache_write_5m
            + self.cache_write_30m
            + self.cache_write_1h
            + self.cache_write_12h
            + self.cache_write
        )

    @property
    def prompt(self) -> int:
        """Tokens sent: what selects a long-context price."""
        return self.input + self.cache_read + self.cache_writes

    @property
    def total(self) -> int:
        """All tokens: prompt and output."""
        return self.prompt + self.output

    def __add__(self, other: TokenCounts) -> TokenCounts:
        return TokenCounts(*(getattr(self, n) + getattr(other, n) for n in TOKEN_CLASSES))

    def largest(self, other: TokenCounts) -> TokenCounts:
        """The larger count of each class: how two rows of one call are joined."""
        return TokenCounts(*(max(getattr(self, n), getattr(other, n)) for n in TOKEN_CLASSES))


TOKEN_CLASSES: tuple[str, ...] = tuple(f.name for f in fields(TokenCounts))


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """One API call or one logged run."""

    when: datetime
    """UTC instant of the call, its earliest row; of an aggregate, the start of its bucket."""
    source: str
    """Name of the collector."""
    provider: str
    """Who bills, in the field's usual lower-case name: `anthropic`, `openai`, `google`, `ollama`;
    `unknown`."""
    model: str
    """As logged."""
    tokens: TokenCounts
    key: str | None = None
    """The log's own call id, prefixed with the source; None: identified by content and ordinal in its
    file."""
    mode: str = "standard"
    """`standard`, `batch`, `flex`, `priority`, `fast`, ..."""
    region: str | None = None
    """Only where it may change the price: `us`, `eu`."""
    context_band: str | None = None
    """Only on aggregates: `long` or `base`, the long-context bucket that the provider assigned."""
    grain: Grain = "request"
    requests: int = 1
    """Number of calls in the event."""
    web_searches: int = 0
    unsplit: int = 0
    """Tokens that the log knows only as a total; never priced, never in `tokens`."""
    duration_ms: int | None = None
    cost: Decimal | None = None
    """Money that the log itself states, in `currency`."""
    currency: str = "USD"
    cost_kind: CostKind | None = None
    session: str | None = None
    project: str | None = None
    branch: str | None = None
    action_type: str | None = None
    """`skill`, `agent`, `command`, `manual`, `scheduled`, or what the log says."""
    action_name: str | None = None
    agent: str | None = None
    """Id of the subagent that made the call."""
    machine: str | None = None
    quality: Quality = "final"
    flags: tuple[str, ...] = ()
    """What was noticed while reading, sorted: `split_mismatch`, `total_mismatch`, `negative_class`,
    `total_only`,
    `bad_count`, `from_totals`, `future`, `assumed_model`, ..."""
    outcomes: tuple[tuple[str, int], ...] = ()
    """Counted results of this run, sorted by name: `messages_sent`, `poems`."""
    origin_session: str | None = None
    """Session that a copied row says it was copied from."""


@dataclass(frozen=True, slots=True)
class AgentName:
    """What kind of subagent an agent id stands for; may stand in another file than the agent's calls."""

    source: str
    agent: str
    name: str


@dataclass(frozen=True, slots=True)
class FinalOutput:
    """The final output of a subagent's last call, told by its parent; repairs a placeholder.

    It belongs to the event of that agent whose input and cache counts are equal.
    """

    source: str
    agent: str
    tokens: TokenCounts


@dataclass(frozen=True, slots=True)
class SessionTotal:
    """A program's own running total of a session; shown beside the events, never added to them."""

    source: str
    session: str
    run: str
    """Identifies one meter within a session; the largest total of a meter is its last."""
    model: str
    tokens: TokenCounts
    web_searches: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Issue:
    """Something readable but wrong in the data."""

    path: Path | str
    line: int | None
    text: str
    """What is wrong, with the value quoted, and what to do; one sentence or two."""
    rejected: bool = True
    """True: the line or file was not counted. False: it was counted, and this is worth knowing."""

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{place}: {self.text}"


Finding = UsageEvent | AgentName | FinalOutput | SessionTotal | Issue
"""What a collector yields."""


# --- what is priced ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RateKey:
    """All that selects the rate of an event; events with equal keys may be summed before pricing."""

    provider: str
    model: str
    when: datetime
    """UTC; the start of the interval in which no rate changes."""
    mode: str = "standard"
    region: str | None = None
    prompt: int = 0
    """Prompt tokens of one request; any number of the same long-context band will do."""
    grain: Grain = "request"
    context_band: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedRate:
    """What multiplies the counts of events with one `RateKey`; or why nothing does."""

    rates: Mapping[str, Decimal | None]
    """Token class -> money per million tokens in `currency`, fall-backs, mode and region applied."""
    currency: str = "USD"
    web_search: Decimal = Decimal(0)
    """Money per search."""
    request: Decimal = Decimal(0)
    """Money per request."""
    adjust: Decimal = Decimal(1)
    """Contract factor on the whole cost; the list cost is without it."""
    free: bool = False
    reason: str | None = None
    """None, or why there is no price: `unknown_model`, `no_rate_for_date`, `ambiguous_provider`,
    `mode_rate_missing`."""
    flags: tuple[str, ...] = ()
    """`maker_price`, `mode_rate_missing`, `tier_unknown`, `window_unknown`, `date_span`."""
    row: str = ""
    """Which row of which file, for people: `pricing.yaml:123 anthropic claude-opus-4-5 from 2025-11-24`."""

    def cost(
        self, tokens: TokenCounts, web_searches: int = 0, requests: int = 1, *, at_list: bool = False
    ) -> Decimal | None:
        """Cost of counts, exact, in `currency`.

        Args:
            at_list: Leave the contract factor out.

        Returns:
            None where there is no rate, or where output has none.
        """
        if self.reason:
            return None
        if self.free:
            return Decimal(0)
        total = Decimal(0)
        for name, count in self.counts(tokens).items():
            if count:
                price = self.rates.get(name)
                if price is None:
                    return None
                total += count * price
        total = total / 1_000_000 + web_searches * self.web_search + requests * self.request
        return total if at_list else total * self.adjust

    def counts(self, tokens: TokenCounts) -> dict[str, int]:
        """Token class -> what its rate multiplies; here the classes are disjoint, audio and reasoning
        included."""
        counts = {
            "input": tokens.input - tokens.input_audio,
            "input_audio": tokens.input_audio,
            "cache_read": tokens.cache_read - tokens.cache_read_audio,
            "cache_read_audio": tokens.cache_read_audio,
            "cache_write_5m": tokens.cache_write_5m,
            "cache_write_30m": tokens.cache_write_30m,
            "cache_write_1h": tokens.cache_write_1h,
            "cache_write_12h": tokens.cache_write_12h,
            "cache_write": tokens.cache_write,
            "output_audio": tokens.output_audio,
        }
        spoken = tokens.output - tokens.output_audio
        if self.rates.get("reasoning") is not None:
            counts["reasoning"] = min(tokens.reasoning, spoken)
            spoken -= counts["reasoning"]
        counts["output"] = spoken
        return counts


class Pricer(Protocol):
    """What `aggregate` needs of a price list.

    Two more methods are asked for where a price list has them. `windowed(provider, model) -> bool`: may a
    price
    depend on the hour? Without it every interval is asked for. `energy(key: RateKey) -> tuple[Decimal,
    Decimal,
    str] | None`: watts, price per kWh and its currency, of a local model.
    """

    @property
    def thresholds(self) -> Sequence[int]:
        """Prompt sizes at which a long-context price may begin, ascending."""

    @property
    def minutes(self) -> int:
        """Length of the UTC interval within which no rate changes; divides 15."""

    def rate(self, key: RateKey) -> AppliedRate:
        """The rate that applies to a key; cheap when asked again."""

    def convert(self, amount: Decimal, currency: str, day: date) -> Decimal | None:
        """An amount in the report currency by the table of a UTC day; None: no rate is known."""


class UsageRows(Protocol):
    """The usage table of a range: one row per group of events that may be summed; columns of equal length.

    Columns: `quarter` (int, start of the UTC interval in seconds), `band` (int, index into the sorted
    thresholds: number of thresholds t with prompt >= t plus number with prompt > t), `label` columns
    `source, provider, model, mode, region, context_band, grain, session, project, branch, action_type,
    action_name,
    machine, quality` (str or None), the token classes, `events, requests, web_searches, unsplit, duration_ms`
    (int), `has_output` (bool), `cost` (Decimal or None), `currency`, `cost_kind`, `flags` (str, space
    separated).
    A row with a stated cost holds one event.
    """

    @property
    def columns(self) -> Mapping[str, Sequence[object]]:
        """Column -> values."""

    @property
    def outcomes(self) -> Sequence[tuple[int, str, int]]:
        """Counted results: row, name, amount."""


# --- what is added up --------------------------------------------------------------------------


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


# --- what is told ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit that the user wrote into front matter."""

    kind: Kind
    limit: Decimal
    """In the report currency; 0 is a budget."""
    origin: str
    """Note and key, for people: `LLM Costs.md llm_budget_monthly_usd`."""
    provider: str | None = None
    project: str | None = None
    period: str | None = None
    """Label of the one period it limits; None: every period of its kind."""
    also: tuple[str, ...] = ()
    """Further log names of the same project, limited together with it."""

    @property
    def is_general(self) -> bool:
        """True for a budget on everything, False for one on a provider or a project."""
        return self.provider is None and self.project is None


@dataclass(frozen=True, slots=True)
class BudgetState:
    """A budget against what was spent in a period."""

    budget: Budget
    period: Period
    limit: Decimal
    """The limit of this period; where the budget is of a wider one, the share by days, exact."""
    spent: Decimal
    shared_from: str | None = None
    """Label of the wider period whose share this is."""
    incomplete: bool = False
    """Some events of the period have no price."""

    @property
    def is_general(self) -> bool:
        """True for a budget on everything, False for one on a provider or a project."""
        return self.budget.is_general

    @property
    def left(self) -> Decimal:
        """What remains; negative when over."""
        return self.limit - self.spent

    @property
    def is_over(self) -> bool:
        """Spent more than the limit."""
        return self.spent > self.limit

    @property
    def used(self) -> Decimal | None:
        """Spent as a fraction of the limit; None for a limit of 0."""
        return self.spent / self.limit if self.limit else None


@dataclass(frozen=True, slots=True)
class Change:
    """What a period costs against an earlier one; both sums cover equally many days."""

    against: str
    """The earlier period in words: `last week`, `the day before`."""
    before: Decimal | None
    """None: nothing in it has a price."""
    now: Decimal | None

    @property
    def fraction(self) -> Decimal | None:
        """Growth as a fraction of `before`; None where there is nothing to compare with."""
        if self.before is None or self.now is None or not self.before:
            return None
        return (self.now - self.before) / self.before


@dataclass(frozen=True, slots=True)
class Forecast:
    """What an unfinished period will have cost at its end."""

    period: Period
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Spike:
    """A day that cost much more than such days usually do."""

    period: Period
    cost: Decimal
    usual: Decimal


@dataclass(frozen=True, slots=True)
class Insights:
    """What `insight` found out about a period; everything is optional."""

    change: Change | None = None
    trend: Decimal | None = None
    """Mean growth of cost from one part to the next, in money: per week of a quarter, per month of a year."""
    forecasts: tuple[Forecast, ...] = ()
    """Of the period itself while it is unfinished; on the dashboard, of any current periods."""
    spikes: tuple[Spike, ...] = ()


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
class Notice:
    """One honest sentence under the figures."""

    kind: Literal[
        "unpriced", "partial", "rejected", "stated", "flag", "budget", "unsplit", "foreign", "energy", "gap"
    ]
    text: str
    """Plain text, escaped by `render`. With `values`, a fixed sentence of ours in which each `{}` stands for
    one."""
    values: tuple[object, ...] = ()
    """Names (str), counts (int) and money (`Amount`), formatted and escaped by `render`."""


Unit = Literal["text", "count", "money", "percent", "share", "bar", "rate"]
"""`percent`: a fraction; `share`: fractions of one whole, rounded so that they add up; `bar`: a fraction
drawn as a text bar; `rate`: a small ratio."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    unit: Unit = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as values, not text; `render` formats each cell by its column's unit."""

    id: str
    """`models`, `projects`, ...: the template block that shows it."""
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    """Text cells hold str, counts int, money `Amount`, the others Decimal; None is an empty cell."""
    total: tuple[object, ...] | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """Series for a Mermaid chart; the same numbers stand in a table or in the text."""

    id: str
    kind: Literal["xy", "pie"]
    title: str
    labels: tuple[str, ...]
    values: tuple[Decimal, ...]
    line: tuple[Decimal, ...] = ()
    """A second series of an xy chart: the budget."""
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What the reader of one note is told; templates lay it out and do not count."""

    kind: NoteKind
    period: Period
    """Of a dashboard: the current month, which its head and its tables are about."""
    currency: str
    total: Line
    budgets: tuple[BudgetState, ...] = ()
    """Those of the period itself, the one on everything first; on a dashboard, of every current period."""
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notices: tuple[Notice, ...] = ()
    insights: Insights = field(default_factory=Insights)
    spark: tuple[Decimal, ...] = ()
    """Cost of each part of the period, for a sparkline."""
    only: tuple[str, ...] = ()
    """Project, branch, action that all of the period has in common, so that no table says it."""
