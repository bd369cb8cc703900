"""What a log says: events and what stands beside them. Instants are aware and UTC, money is `Decimal`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import add
from pathlib import Path
from typing import Literal, NamedTuple

Quality = Literal["final", "partial", "session-total", "estimate"]
CostKind = Literal["billed", "charged", "estimated", "notional"]
Grain = Literal["request", "run", "session", "hour", "day", "month"]
MAX_COUNT = 10**12
"""Largest token count of one event that is believed; more is rejected on entry, so no sum overflows."""

SAME_KEY = "="
"""Begins a key that is no log's own id but the key in a ledger, in hex digits: of an event saved from one."""


class TokenCounts(NamedTuple):
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

    def __add__(self, other: TokenCounts) -> TokenCounts:  # type: ignore[override]
        return TokenCounts(*map(add, self, other))

    def largest(self, other: TokenCounts) -> TokenCounts:
        """The larger count of each class: how two rows of one call are joined."""
        return TokenCounts(*map(max, self, other))


TOKEN_CLASSES: tuple[str, ...] = TokenCounts._fields


class UsageEvent(NamedTuple):
    """One API call or one logged run; a tuple, for many are made and a dataclass takes four times as long."""

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
    """The log's own call id, prefixed with the source, or `SAME_KEY` and what a ledger made of it; None:
    identified by content and ordinal in its file."""
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
class SessionTitle:
    """What a session is called."""

    source: str
    session: str
    title: str
    """One line, made safe; at most 200 characters."""
    rank: int = 0
    """Of several titles the one of the highest rank counts: one that the user gave, say."""


@dataclass(frozen=True, slots=True)
class Issue:
    """Something readable but wrong in the data."""

    path: Path | str
    line: int | None
    text: str
    """What is wrong, with the value quoted, and what to do; one sentence or two."""
    rejected: bool = True
    """True: the line or file was not counted. False: it was counted, and this is worth knowing."""
    lines: int = 1
    """Rejected lines that it stands for: more where only their number is told, none where each is told too;
    1 for a file of which nothing was read."""

    @property
    def reason(self) -> str:
        """What is wrong, without the values of this one line and without the remedy: many lines share it."""
        import re  # seldom asked for

        bare = re.sub(r"'[^']*'|\"[^\"]*\"|-?\d[\d,.]*\d|-?\d", "…", self.text)
        return bare.split(". ", 1)[0].rstrip(".")

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else f"{self.path}"
        return f"{place}: {self.text}"


class Intake(NamedTuple):
    """What became of all that was ever read; in lines, or in what a document or a database has for them."""

    counted: int
    """Events in the ledger."""
    duplicate: int
    """How often one of them was told again: copies, later rows of a call, what was read anew."""
    pending: tuple[Path, ...]
    """Files whose last line is not finished, and documents that are still being written."""
    rejected: tuple[Issue, ...]
    """Lines and files that do not count, by path and line."""

    @property
    def rejected_lines(self) -> int:
        """How many lines do not count; a file of which nothing was read is one."""
        return sum(issue.lines for issue in self.rejected)

    @property
    def read(self) -> int:
        """All of them."""
        return self.counted + self.duplicate + len(self.pending) + self.rejected_lines


Finding = UsageEvent | AgentName | FinalOutput | SessionTotal | SessionTitle | Issue
"""What a collector yields."""
