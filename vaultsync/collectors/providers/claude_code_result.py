"""Read what Claude Code prints when it runs without a terminal: the result, alone or at the end of a stream.

    {"type": "result", "session_id", "uuid", "total_cost_usd", "usage": {"cache_creation": {...}},
     "modelUsage": {"claude-opus-4-5-20251101": {"inputTokens", "outputTokens", "cacheReadInputTokens",
                    "cacheCreationInputTokens", "webSearchRequests", "costUSD", "canonicalModel"}}}

Facts of the format. `modelUsage` is of all models, helpers included, `usage` of the main one; only the latter
tells cache writes by lifetime. Costs are the program's own estimates at list price. There is no time, so that
of the file counts and is flagged. A session that is resumed has a new `uuid`. The transcript of the session
holds the calls themselves.

Source: `claude -p --output-format json` and `stream-json`, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, at, joined
from vaultsync.collectors.outline import first_record, head_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.tables import JsonTable
from vaultsync.collectors.values import BadField, quote

BEGINNINGS = (("type=result", "modelUsage"), ("type=system", "subtype=init", "session_id", "tools"))
"""What the first object shows: the result, or the beginning of a stream, which may well end without one."""
LIFETIMES = {
    "cache_write_5m": "usage.cache_creation.ephemeral_5m_input_tokens",
    "cache_write_1h": "usage.cache_creation.ephemeral_1h_input_tokens",
}
TIMES = ("timestamp", "^timestamp")


def _provider(record: Mapping[str, Any]) -> str | None:
    return "anthropic" if str(record.get("model")).startswith("claude") else None


class ClaudeCodeResult(JsonTable):
    """Runs of Claude Code, an event for each model."""

    name = "claude-code-result"
    kind = "store"
    tells = "usage"
    grain = "session"
    shape = Shape(
        {
            "when": (*TIMES, "^modified"),
            "id": joined("session_id", "uuid", "name"),
            "session": "session_id",
            "provider": _provider,
            "model": ("part.canonicalModel", "name"),
            "input": "part.inputTokens",
            "cache_read": "part.cacheReadInputTokens",
            "cache_writes": "part.cacheCreationInputTokens",
            "output": "part.outputTokens",
            "web_searches": "part.webSearchRequests",
            "cost": "part.costUSD",
        },
        {"cost_kind": "estimated"},
        family="exclusive",
    )

    def claims(self, file: LogFile) -> bool:
        """True when the first object is a result, or begins a stream that ends with one."""
        first = first_record(head_of(file))
        return any(all(map(first.shows, signs)) for signs in BEGINNINGS)

    def beside(self, reader: Reader) -> dict[str, Any]:
        """When the file was last written."""
        return {"modified": reader.last_modified_ns}

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for what comes before the result."""
        return record.get("type") == "result" and "modelUsage" in record

    def look(self, record: Mapping[str, Any]) -> Iterator[Found]:
        """One event for each model; the only one is told cache writes by lifetime."""
        parts = record["modelUsage"]
        if not isinstance(parts, dict) or not all(isinstance(part, dict) for part in parts.values()):
            raise BadField(f"modelUsage is {quote(parts)}, not an object of objects.")
        for name, part in parts.items():
            found = self.shape.find({**record, "name": name, "part": part, "model": name})
            is_dated = any(record.get(path) is not None for path in TIMES)
            flags: tuple[str, ...] = () if is_dated else ("assumed_date",)
            if len(parts) == 1 and _is_same(record, part):
                found.values.update({field: at(record, path) for field, path in LIFETIMES.items()})
            elif len(parts) == 1 and any(at(record, path) is not None for path in LIFETIMES.values()):
                flags += ("split_mismatch",)
            yield found._replace(flags=flags)


def _is_same(record: Mapping[str, Any], part: Mapping[str, Any]) -> bool:
    """Say whether the lifetimes add up to what the model has written."""
    given = [at(record, path) for path in LIFETIMES.values()]
    return all(type(n) is int for n in given) and sum(given) == part.get("cacheCreationInputTokens")
