"""Read what a call has counted: the token classes of its `usage` object, and what changes its price."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from vaultsync.collectors.agents.lines import LONGEST_USAGE, UNREADABLE, keys_in, name_of
from vaultsync.collectors.values import BadField
from vaultsync.model import MAX_COUNT, TokenCounts

BILLED_MODES = ("batch", "priority")
NO_USAGE = (b"", b"null", b"{}")
NO_REGION = ("", "not_available", "global")
NO_FLAGS: frozenset[str] = frozenset()
ADVICE = "advisor_message"
CLASSES = ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


class Usage(msgspec.Struct, gc=False):
    """`message.usage`; every field may hold anything."""

    input_tokens: Any = None
    output_tokens: Any = None
    cache_creation_input_tokens: Any = None
    cache_read_input_tokens: Any = None
    cache_creation: Any = None
    service_tier: Any = None
    speed: Any = None
    inference_geo: Any = None
    server_tool_use: Any = UNSET
    output_tokens_details: Any = None
    iterations: Any = None


class Counts(NamedTuple):
    """The token classes that a row can tell; `reasoning` is inside `output`."""

    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    reasoning: int

    @property
    def tokens(self) -> TokenCounts:
        """The same among all classes."""
        read, short, long = self.cache_read, self.cache_write_5m, self.cache_write_1h
        return TokenCounts(self.input, read, short, 0, long, 0, 0, self.output, self.reasoning)

    def largest(self, other: Counts) -> Counts:
        """The larger of each class; mostly all but the output are the same."""
        if self[:4] == other[:4] and self.reasoning == other.reasoning:
            return self if self.output >= other.output else other
        return Counts(*map(max, self, other))


class Advice(NamedTuple):
    """A call that another model answered on the way; billed apart."""

    model: str
    counts: Counts
    flags: frozenset[str]


class Counted(NamedTuple):
    """What one row says its call has counted."""

    counts: Counts
    web_searches: int
    mode: str
    region: str | None
    is_marked: bool
    """True where the row bears the mark of final numbers."""
    flags: frozenset[str]
    advice: tuple[Advice, ...]


class Counter:
    """The one door for counts: whole, not negative, not absurd; anything else is 0 and flagged."""

    def __init__(self) -> None:
        self.flags: set[str] = set()

    def count(self, value: Any) -> int:
        """A count as logged; a whole float counts, text and booleans do not."""
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is int and 0 <= value <= MAX_COUNT:
            return value
        self.flags.add("bad_count")
        return 0

    def count_in(self, holder: Any, name: str) -> int:
        """A count that may well be absent, or its holder."""
        value = holder.get(name) if isinstance(holder, dict) else None
        return 0 if value is None else self.count(value)


Count = Annotated[int, Meta(ge=0, le=MAX_COUNT)]


class PlainWrites(msgspec.Struct, gc=False):
    """`usage.cache_creation` as it should be."""

    ephemeral_5m_input_tokens: Count
    ephemeral_1h_input_tokens: Count


class PlainTools(msgspec.Struct, gc=False):
    """`usage.server_tool_use` as it should be."""

    web_search_requests: Count = 0


class PlainDetails(msgspec.Struct, gc=False):
    """`usage.output_tokens_details` as it should be."""

    thinking_tokens: Count


class PlainUsage(msgspec.Struct, gc=False):
    """`message.usage` as nearly every row has it, every count in its place; read in one step."""

    input_tokens: Count
    output_tokens: Count
    cache_creation_input_tokens: Count
    cache_read_input_tokens: Count
    cache_creation: PlainWrites | None = None
    service_tier: Any = None
    speed: Any = None
    inference_geo: Any = None
    server_tool_use: PlainTools | UnsetType | None = UNSET
    output_tokens_details: PlainDetails | None = None
    iterations: list[Raw] | None = None


_usage = msgspec.json.Decoder(Usage).decode
_plain = msgspec.json.Decoder(PlainUsage).decode
_keys = tuple(f'"{name}"'.encode() for name in CLASSES)


def counted(data: bytes) -> Counted | None:
    """Read a usage object; the rows of one call mostly repeat it, so the last ones are remembered.

    Returns:
        None where there is none.

    Raises:
        BadField: It is no readable object, or names a count twice.
    """
    return _remembered(data) if len(data) <= LONGEST_USAGE else counted_carefully(data)


@lru_cache(maxsize=64)
def _remembered(data: bytes) -> Counted | None:
    if data in NO_USAGE:
        return None
    try:
        return _counted_plainly(_plain(data), data.count(b'_tokens"')) or counted_carefully(data)
    except UNREADABLE:
        return counted_carefully(data)


def _counted_plainly(usage: PlainUsage, words: int) -> Counted | None:
    """Read what has its usual shape; None where a second look is wanted.

    Args:
        words: How many counts the object names, at least; more than were found: one comes twice.
    """
    writes, tools, details = usage.cache_creation, usage.server_tool_use, usage.output_tokens_details
    short = long = reasoning = searches = 0
    if writes:
        short, long = writes.ephemeral_5m_input_tokens, writes.ephemeral_1h_input_tokens
        words -= 2
    if details:
        reasoning = min(details.thinking_tokens, usage.output_tokens)
        words -= 1
    if tools:
        searches = tools.web_search_requests
    if words != len(CLASSES) or short + long != usage.cache_creation_input_tokens or usage.iterations:
        return None
    counts = Counts(
        usage.input_tokens, usage.cache_read_input_tokens, short, long, usage.output_tokens, reasoning
    )
    mode, region = _rate(usage)
    return Counted(counts, searches, mode, region, tools is not UNSET, NO_FLAGS, ())


def counted_carefully(data: bytes) -> Counted:
    """Read a usage object of any shape; what is no count is 0 and flagged.

    Raises:
        BadField: It is no readable object, or names a count twice.
    """
    try:
        usage = _usage(data)
    except UNREADABLE:
        raise BadField("usage is not a readable object.") from None
    if max(map(data.count, _keys)) > 1:
        _refuse_doubles(data)
    counter = Counter()
    return Counted(
        _counts(usage, counter),
        counter.count_in(usage.server_tool_use, "web_search_requests"),
        *_rate(usage),
        usage.server_tool_use is not UNSET,
        frozenset(counter.flags),
        tuple(_advice(usage)),
    )


def _rate(usage: Usage | PlainUsage) -> tuple[str, str | None]:
    """Mode and region, which change the price."""
    tier, place = usage.service_tier, usage.inference_geo
    mode = "fast" if usage.speed == "fast" else tier if tier in BILLED_MODES else "standard"
    return mode, None if place in NO_REGION else name_of(place)


def _refuse_doubles(data: bytes) -> None:
    """Refuse an object that names one count twice; the objects inside may well name it once more."""
    for keys in keys_in(data):
        for name in CLASSES:
            if keys.count(name) > 1:
                raise BadField(f"usage names {name} twice.")


def _counts(usage: Usage, counter: Counter) -> Counts:
    short, long = _writes(usage, counter)
    output = counter.count(usage.output_tokens)
    return Counts(
        counter.count(usage.input_tokens),
        counter.count(usage.cache_read_input_tokens),
        short,
        long,
        output,
        min(counter.count_in(usage.output_tokens_details, "thinking_tokens"), output),
    )


def _writes(usage: Usage, counter: Counter) -> tuple[int, int]:
    """Tokens written to the cache for 5 minutes and for 1 hour; all for 5 where the split does not add up."""
    flat = counter.count(usage.cache_creation_input_tokens)
    short = counter.count_in(usage.cache_creation, "ephemeral_5m_input_tokens")
    long = counter.count_in(usage.cache_creation, "ephemeral_1h_input_tokens")
    if short + long == flat or usage.cache_creation_input_tokens is None:
        return short, long
    counter.flags.add("split_mismatch")
    return flat, 0


def _advice(usage: Usage) -> Iterator[Advice]:
    """The advisor's answers among the iterations; the other ones repeat the call itself."""
    for entry in usage.iterations if isinstance(usage.iterations, list) else []:
        if isinstance(entry, dict) and entry.get("type") == ADVICE and name_of(entry.get("model")):
            counter = Counter()
            own = Usage(**{name: entry.get(name) for name in (*CLASSES, "cache_creation")})
            yield Advice(name_of(entry["model"]) or "", _counts(own, counter), frozenset(counter.flags))
