"""Describe a log shape as a table, path in the record -> field of the event, and find the fields by it.

`ALIASES` is the table of home-made logs; a foreign log brings its own (see `logs/mapping.py`). No format is
read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from vaultsync.collectors.families import COUNTS, Family, Found, label
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
    found = _INDEX.get(fold(name)) if len(name) <= 64 else None
    return found[0] if found else None


def find(record: Mapping[str, Any]) -> Found:
    """Find the fields of a record of a home-made log by their names; counts may sit in `usage` or `tokens`.

    Raises:
        BadField: A counted name stands twice.
    """
    best: dict[str, tuple[int, str, object]] = {}
    day: object = None
    families = set()
    for name, value, nested in _flat(record):
        known = _INDEX.get(name)
        if known is None or value is None or value == "" or isinstance(value, dict | list):
            continue
        field, rank = known[0], 2 * known[1] + nested
        other = best.get(field)
        if other is None or rank < other[0]:
            best[field] = rank, name, value
        elif rank == other[0] and value != other[2]:
            raise BadField(f"{label(field)} stands twice, with different values.")
        if name == "date":
            day = value
    for _, name, _ in best.values():
        families.add(_FAMILY.get(name.partition(".")[0]))
    values = {field: value for field, (_, _, value) in best.items()}
    if day is not None and is_date(day) and (at := clock(values.get("when"))):
        values["when"] = f"{day} {at}"  # a date and a time of day in two columns
    if "inclusive" in families:
        return Found(values, "inclusive")
    return Found(values, "exclusive" if "exclusive" in families else "disjoint")


def _flat(record: Mapping[str, Any], prefix: str = "", nested: int = 0) -> Iterator[tuple[str, Any, int]]:
    """Folded dotted names and values, those of `usage` and `tokens` as if they stood outside."""
    if isinstance(record, Repeated):
        for name in record.repeated:
            if field := field_of(prefix + name):
                raise BadField(f"{label(field)} stands twice in the record.")
    for key, value in record.items():
        if len(key) > 64:
            continue
        name = fold(key)
        if isinstance(value, dict) and nested < 3:
            if name in _UNWRAPPED and not prefix:
                yield from _flat(value, "", nested + 1)
            elif name in _DETAILS:
                yield from _flat(value, f"{name}.", nested + 1)
        else:
            yield ("totaltokens" if nested and name == "total" else prefix + name), value, min(nested, 1)


def is_usage(names: Iterable[str]) -> bool:
    """Say whether the names of a record or a header are those of usage: a time and a token count."""
    fields = {field_of(name.removeprefix("usage.").removeprefix("tokens.")) for name in names}
    return "when" in fields and not fields.isdisjoint(COUNTS)
