"""Find the fields of a record of a home-made log by the names that people give them.

`ALIASES` is the table. Lines of one log share their keys, so what the keys mean is worked out once for each
set of keys; a further line costs a look at each of its values. Formats with a document of their own are
described in `fields` instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from vaultsync.collectors.families import COUNTS, Family, Found, is_given, label
from vaultsync.collectors.records import Repeated
from vaultsync.collectors.values import BadField, clock, is_date

ALIASES: Mapping[str, tuple[str, ...]] = {
    "when": (
        "timestamp",
        "ts",
        "time",
        "datetime",
        "date",
        "created",
        "created_at",
        "start_time",
        "started_at",
    ),
    "id": ("id", "event_id", "call_id", "request_id"),
    "session": ("session_id", "session", "run_id", "run_log", "conversation_id"),
    "provider": ("model_provider", "provider", "vendor", "service"),
    "model": ("model_name", "model", "model_id", "engine"),
    "project": ("project", "project_name"),
    "branch": ("branch", "git_branch"),
    "action_type": ("action_type",),
    "action_name": ("action_name", "action"),
    "run_type": ("run_type",),
    "agent": ("agent", "agent_name"),
    "machine": ("machine", "host", "hostname"),
    "mode": ("mode", "service_tier"),
    "region": ("region", "inference_geo"),
    "input": (
        "input_tokens",
        "tokens_in",
        "tokens_input",
        "prompt_tokens",
        "total_input_tokens",
        "input",
        "in",
    ),
    "output": (
        "output_tokens",
        "completion_tokens",
        "tokens_out",
        "tokens_output",
        "total_output_tokens",
        "output",
        "out",
    ),
    "total": ("total_tokens", "tokens", "token_usage", "tokens_used"),
    "cache_read": (
        "cache_read_tokens",
        "cache_read",
        "cache_read_input_tokens",
        "cached_tokens",
        "cached_input_tokens",
        "prompt_tokens_details.cached_tokens",
        "input_tokens_details.cached_tokens",
    ),
    "cache_write": ("cache_write_tokens", "cache_write"),
    "cache_writes": (
        "cache_creation_tokens",
        "cache_creation_input_tokens",
        "prompt_tokens_details.cache_write_tokens",
        "input_tokens_details.cache_write_tokens",
    ),
    "cache_write_5m": ("cache_write_5m_tokens", "cache_write_5m", "cache_creation.ephemeral_5m_input_tokens"),
    "cache_write_30m": ("cache_write_30m_tokens", "cache_write_30m"),
    "cache_write_1h": ("cache_write_1h_tokens", "cache_write_1h", "cache_creation.ephemeral_1h_input_tokens"),
    "cache_write_12h": ("cache_write_12h_tokens", "cache_write_12h"),
    "reasoning": (
        "reasoning_tokens",
        "reasoning",
        "thinking_tokens",
        "completion_tokens_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
        "output_tokens_details.thinking_tokens",
    ),
    "input_audio": ("input_audio_tokens", "input_audio"),
    "output_audio": ("output_audio_tokens", "output_audio"),
    "cache_read_audio": ("cache_read_audio_tokens", "cache_read_audio"),
    "web_searches": ("web_search_requests", "web_searches"),
    "requests": ("requests", "calls", "num_requests"),
    "duration_ms": ("duration_ms", "latency_ms"),
    "cost": ("cost_usd", "cost", "estimated_cost_usd", "estimated_cost", "total_cost_usd", "price", "spend"),
    "currency": ("currency",),
    "cost_kind": ("cost_kind",),
}
"""Field -> the names it goes by, the best first. `cache_writes` is the sum over all lifetimes."""

INCLUSIVE = (
    "prompt_tokens",
    "cached_tokens",
    "cached_input_tokens",
    "prompt_tokens_details",
    "input_tokens_details",
)
EXCLUSIVE = (
    "cache_read_input_tokens",
    "cache_creation_tokens",
    "cache_creation_input_tokens",
    "cache_creation",
)
_UNWRAPPED = frozenset({"usage", "tokens", "tokenusage", "tokencounts"})
_DETAILS = frozenset(
    {
        "prompttokensdetails",
        "inputtokensdetails",
        "completiontokensdetails",
        "outputtokensdetails",
        "cachecreation",
    }
)
_SEPARATORS = {ord(c): None for c in "-_ "}
_DEEPEST = 3
"""Objects inside one another in which counts are looked for."""
_LONGEST = 64
"""Characters of a key that may be a name."""

Key = str | tuple[str, ...]
"""A key of a record, or the path of one in an object inside it."""


@lru_cache(maxsize=4096)
def fold(name: str) -> str:
    """Write a name so that `Input-Tokens`, `input_tokens` and `input tokens` are one."""
    return name.lower().translate(_SEPARATORS)


_INDEX = {fold(alias): (field, rank) for field, names in ALIASES.items() for rank, alias in enumerate(names)}
_FAMILY: Mapping[str, Family] = {
    **{fold(name): "exclusive" for name in EXCLUSIVE},
    **{fold(name): "inclusive" for name in INCLUSIVE},
}


def field_of(name: str) -> str | None:
    """The field that a name of a home-made log stands for, or None."""
    found = _INDEX.get(fold(name)) if len(name) <= _LONGEST else None
    return found[0] if found else None


class _Spelling(NamedTuple):
    """A key that feeds a field."""

    rank: int
    """The least one that holds a value is the one that counts."""
    key: Key
    family: Family | None


class _Plan(NamedTuple):
    """What the keys of a record mean."""

    holders: tuple[str, ...]
    """Keys under which an object with counts may stand."""
    plain: tuple[tuple[str, Key, Family | None], ...]
    """Fields with one spelling among the keys."""
    contested: tuple[tuple[str, tuple[_Spelling, ...]], ...]
    """Fields with several, the best first."""
    days: tuple[Key, ...]
    """Keys named `date`, where another key may tell the time of that day."""


def find(record: Mapping[str, Any]) -> Found:
    """Find the fields of a record of a home-made log by their names; counts may sit in `usage` or `tokens`.

    Raises:
        BadField: A counted name stands twice.
    """
    if isinstance(record, Repeated):
        _refuse_repeated(record)
    plan = _plan_of(tuple(record))
    known: Mapping[Any, Any] = record
    for key in plan.holders:
        if isinstance(record[key], dict):
            known = dict(_leaves(record))
            plan = _plan_of(tuple(known))
            break
    values: dict[str, object] = {}
    families: set[Family] = set()
    for field, at, family in plan.plain:
        value = known[at]
        kind = type(value)
        if kind is int or (kind is str and value) or is_given(value) or _is_no_count(field, at, value):
            values[field] = value
            if family:
                families.add(family)
    for field, spellings in plan.contested:
        if (best := _best(field, spellings, known)) is not None:
            values[field] = known[best.key]
            families.update((best.family,) if best.family else ())
    for day in plan.days:
        if is_date(known[day]) and (at_clock := clock(values.get("when"))):
            values["when"] = f"{known[day]} {at_clock}"  # a date and a time of day in two columns
    if not families:
        return Found(values)
    return Found(values, "inclusive" if "inclusive" in families else "exclusive")


def _best(field: str, spellings: tuple[_Spelling, ...], known: Mapping[Key, Any]) -> _Spelling | None:
    """The spelling of a field that counts; an equally good one must say the same."""
    given = [spelling for spelling in spellings if is_given(known[spelling.key])]
    given += [each for each in spellings if not given and _is_no_count(field, each.key, known[each.key])]
    for other in given[1:]:
        if other.rank == given[0].rank and known[other.key] != known[given[0].key]:
            raise BadField(f"{label(field)} stands twice, with different values.")
    return given[0] if given else None


def _is_no_count(field: str, key: Key, value: object) -> bool:
    """True for an object or a list where only a count may stand; under `input` there may be a prompt."""
    if not value or not isinstance(value, dict | list) or field not in COUNTS:
        return False
    return isinstance(key, tuple) or (fold(key).endswith("tokens") and _name(key) not in _UNWRAPPED)


_PLANS: dict[tuple[Key, ...], _Plan] = {}
"""The plans of the latest sets of keys; a log has one or a few."""
_MOST_PLANS = 256
_LONGEST_SET = 4096
"""Characters of a set of keys that is worth remembering."""


def _plan_of(keys: tuple[Key, ...]) -> _Plan:
    plan = _PLANS.get(keys)
    if plan is None:
        plan = _compile(keys)
        if sum(map(len, keys)) <= _LONGEST_SET:
            if len(_PLANS) >= _MOST_PLANS:
                _PLANS.clear()
            _PLANS[keys] = plan
    return plan


def _compile(keys: tuple[Key, ...]) -> _Plan:
    """Work out what a set of keys means."""
    found: dict[str, list[_Spelling]] = {}
    for key in keys:
        name = _name(key)
        if name in _INDEX:
            field, rank = _INDEX[name]
            family = _FAMILY.get(name.partition(".")[0])
            spelling = _Spelling(2 * rank + isinstance(key, tuple), key, family)
            found.setdefault(field, []).append(spelling)
    days = tuple(s.key for s in found.get("when", ()) if _name(s.key) == "date")
    return _Plan(
        tuple(key for key in keys if isinstance(key, str) and _name(key) in _UNWRAPPED | _DETAILS),
        tuple((field, s[0].key, s[0].family) for field, s in found.items() if len(s) == 1),
        tuple(
            (field, tuple(sorted(s, key=lambda spelling: spelling.rank)))
            for field, s in found.items()
            if len(s) > 1
        ),
        days if len(found.get("when", ())) > len(days) else (),
    )


def _name(key: Key) -> str:
    """A key as it stands in the index: folded, of an inner one with the object that gives it its meaning."""
    if isinstance(key, str):
        return fold(key) if len(key) <= _LONGEST else ""
    holder, name = fold(key[-2]), fold(key[-1])
    if name == "total":
        return "totaltokens"
    return f"{holder}.{name}" if holder in _DETAILS else name


def _leaves(record: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Key, Any]]:
    """The values of a record and of the objects with counts inside it."""
    if isinstance(record, Repeated):
        _refuse_repeated(record, path)
    for key, value in record.items():
        if len(key) > _LONGEST:
            continue
        if isinstance(value, dict) and _holds(fold(key), path) and len(path) < _DEEPEST:
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key) if path else key, value


def _holds(name: str, path: tuple[str, ...]) -> bool:
    """Say whether an object of this name holds counts: one of details, or `usage` outside of those."""
    return name in _DETAILS or (name in _UNWRAPPED and not (path and fold(path[-1]) in _DETAILS))


def _refuse_repeated(record: Repeated, path: tuple[str, ...] = ()) -> None:
    for key in record.repeated:
        name = _name((*path, key) if path else key)
        if known := _INDEX.get(name):
            raise BadField(f"{label(known[0])} stands twice in the record.")
        if name in _UNWRAPPED | _DETAILS:
            raise BadField("an object with token counts stands twice in the record.")


def is_usage(names: Iterable[str]) -> bool:
    """Say whether the names of a record or a header are those of usage: a time and a token count."""
    fields = {field_of(name.removeprefix("usage.").removeprefix("tokens.")) for name in names}
    return "when" in fields and not fields.isdisjoint(COUNTS)
