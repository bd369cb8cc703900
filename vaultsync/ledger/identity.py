"""Say which call an event is, and join what several rows say of one call; pure values, no database.

Joining is commutative, associative and idempotent, so neither the order of files nor reading twice matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, NamedTuple

from vaultsync.ledger.digest import blake2b
from vaultsync.model import MAX_COUNT, SAME_KEY, TOKEN_CLASSES, UsageEvent
from vaultsync.text import decimal_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FIRST, LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
"""Times outside are not believed."""

Text = str | None
Label = tuple[Text, ...]
LABEL_FIELDS = (
    "source",
    "provider",
    "model",
    "mode",
    "region",
    "context_band",
    "grain",
    "session",
    "project",
    "branch",
    "action_type",
    "action_name",
    "agent",
    "machine",
    "quality",
    "flags",
    "currency",
    "cost_kind",
)
AT = {name: place for place, name in enumerate(LABEL_FIELDS)}
"""Place of a field in a label."""
COUNT_FIELDS = (*TOKEN_CLASSES, "requests", "web_searches", "unsplit")
NUMBER_FIELDS = ("at", *COUNT_FIELDS, "duration_ms", "cost")
PROMPT_FIELDS = tuple(
    n for n in TOKEN_CLASSES if n == "input" or (n.startswith("cache_") and "audio" not in n)
)
"""Token classes that are sent: what tells one call of an agent from the next."""

_QUALITIES = {"final": 3, "estimate": 2, "session-total": 1, "partial": 0}
_WEAK = {"provider": "unknown", "model": "unknown", "mode": "standard", "grain": "request"}
"""What a field holds when the row did not say; anything else wins over it."""
_SESSION, _ACTION, _QUALITY = AT["session"], AT["action_type"], AT["quality"]
_FLAGS, _MONEY = AT["flags"], AT["currency"]
_fields_of = attrgetter(*LABEL_FIELDS)


class Sighting(NamedTuple):
    """What one row, or several joined ones, say of a call."""

    at: int
    """Microseconds since 1970, UTC."""
    counts: tuple[int, ...]
    """In the order of `COUNT_FIELDS`."""
    duration_ms: int | None
    cost: str | None
    """Decimal, in its shortest spelling."""
    label: Label
    """In the order of `LABEL_FIELDS`; flags as one text."""


_sighting: Callable[[tuple[Any, ...]], Sighting] = partial(tuple.__new__, Sighting)
"""Make a sighting of a tuple without looking at it: quicker than by its class."""


def microseconds(when: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    return (when - EPOCH) // MICROSECOND


def instant(at: int) -> datetime:
    """The aware UTC instant of microseconds since 1970."""
    return EPOCH + timedelta(microseconds=at)


class Unbelievable(ValueError):
    """An event that must not enter the books; says why and what to do."""


def sight(event: UsageEvent) -> Sighting:
    """What an event of a collector says, in the ledger's terms.

    Raises:
        Unbelievable: A count, the time or the cost is impossible; the last door before the books.
    """
    counts = (*event.tokens, event.requests, event.web_searches, event.unsplit)
    duration, when = event.duration_ms, event.when
    if min(counts) < 0 or max(counts) > MAX_COUNT or (duration and not 0 < duration <= MAX_COUNT):
        bad = next((n for n in counts if not 0 <= n <= MAX_COUNT), duration)
        raise Unbelievable(f"a count is {bad}; counts are 0 to {MAX_COUNT}. Fix the log or remove the row.")
    if when.tzinfo is None or not FIRST <= when < LAST:
        raise Unbelievable(f"the time is {when}; years are 2000 to 2100. Fix the log or remove the row.")
    cost = None if event.cost is None else amount(event.cost)
    label = label_of(_fields_of(event), cost is not None)
    return _sighting(((when - EPOCH) // MICROSECOND, counts, duration, cost, label))


@lru_cache(maxsize=1024)
def label_of(fields: tuple[Any, ...], has_cost: bool) -> Label:
    """The label of an event, from its `LABEL_FIELDS`; most events of a file have the same."""
    flags = " ".join(sorted(fields[_FLAGS])) or None
    money = fields[_MONEY:] if has_cost else (None, None)
    return (*fields[:_FLAGS], flags, *money)


def amount(cost: Decimal) -> str:
    """Money as the ledger keeps it.

    Raises:
        Unbelievable: It is no finite amount, or too much.
    """
    if not cost.is_finite() or abs(cost) > MAX_COUNT:
        raise Unbelievable(f"the cost is {cost}; that is no amount. Fix the log or remove the row.")
    return decimal_text(cost)


def log_key(text: str) -> bytes:
    """Key of a call whose log has its own id."""
    if text[:1] == SAME_KEY:
        return bytes.fromhex(text[1:])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def content(at: int, counts: tuple[int, ...], label: Label) -> bytes:
    """What identifies a call without an id, but for its ordinal; never its path, and no class of 0."""
    tokens = ",".join([f"{name}={n}" for name, n in zip(TOKEN_CLASSES, counts, strict=False) if n])
    source, provider, model, mode = label[:4]
    session = "-" if label[_SESSION] is None else f"={label[_SESSION]}"
    what = f"{source}\0{at}\0{provider}\0{model}\0{mode}\0{tokens}\0{counts[-1]}\0{session}"
    return what.encode("utf-8", "surrogatepass")


def content_key(what: bytes, ordinal: int) -> bytes:
    """Key of the n-th equal call of one file, counted from 0."""
    return blake2b(b"%b\0#%d" % (what, ordinal), digest_size=16).digest()


def join(one: Sighting, other: Sighting) -> Sighting:
    """What two sightings of one call say together."""
    if one == other:
        return one
    dearer = max(one, other, key=_price)
    return Sighting(
        min(one.at, other.at),
        tuple(map(max, one.counts, other.counts)),
        max((d for d in (one.duration_ms, other.duration_ms) if d is not None), default=None),
        dearer.cost,
        (*_join_names(one.label, other.label), *dearer.label[_MONEY:]),
    )


def _price(sighting: Sighting) -> tuple[bool, Decimal, str, str]:
    """Orders sightings by the money they state; none is least."""
    currency, kind = sighting.label[_MONEY:]
    return sighting.cost is not None, Decimal(sighting.cost or 0), currency or "", kind or ""


def _join_names(one: Label, other: Label) -> list[Text]:
    names = [_stronger(*of) for of in zip(LABEL_FIELDS[:_MONEY], one, other, strict=False)]
    names[_ACTION : _ACTION + 2] = min(one[_ACTION:][:2], other[_ACTION:][:2], key=_nones_last)
    names[_QUALITY] = max(
        one[_QUALITY], other[_QUALITY], key=lambda q: (_QUALITIES.get(q or "", -1), q or "")
    )
    flags = {*(one[_FLAGS] or "").split(), *(other[_FLAGS] or "").split()}
    names[_FLAGS] = " ".join(sorted(flags)) or None
    return names


def _stronger(field: str, one: Text, other: Text) -> Text:
    """What is stated wins over what is not or only assumed, then the first in the alphabet."""
    weak = _WEAK.get(field)
    return min(one, other, key=lambda text: (text is None, text == weak, text or ""))


def _nones_last(texts: Iterable[Text]) -> tuple[tuple[bool, str], ...]:
    return tuple((text is None, text or "") for text in texts)


def replaced(label: Label, **fields: Text) -> Label:
    """A label with some fields changed."""
    names = list(label)
    for field, text in fields.items():
        names[AT[field]] = text
    return tuple(names)
