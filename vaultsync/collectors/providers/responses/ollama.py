"""Read the usage of answers of Ollama's own API: the last object of a chat, a completion or an embedding.

    {"model", "created_at", "done": true, "total_duration", "prompt_eval_count", "prompt_eval_cached_count",
     "eval_count"}

Facts of the format. There is no id. Durations are in nanoseconds. The prompt count is with cached tokens;
versions that do not count those leave them out, and leave the count out where all were cached.

Source: the API documentation of Ollama, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, joined, scaled
from vaultsync.collectors.providers.responses.common import FIELDS

PROMPT = "prompt_eval_count"
_moment = joined("model", "created_at", "eval_count")


def _response(record: Mapping[str, Any]) -> object:
    """What stands for an id: the time, which is written to the nanosecond; embeddings have none."""
    return None if record.get("created_at") is None else _moment(record)


SHAPE = Shape(
    {
        **FIELDS,
        "response": _response,
        "input": PROMPT,
        "cache_read": "prompt_eval_cached_count",
        "output": "eval_count",
        "duration_ms": scaled("total_duration", -6),
    },
    {"provider": "ollama", "input": 0},
    family="inclusive",
)


def look(record: Mapping[str, Any]) -> Iterable[Found]:
    """The call of an answer; one whose prompt was not counted says so."""
    found = SHAPE.find(record)
    if "embeddings" in record or "embedding" in record:
        found.values.setdefault("output", 0)
    return (found if PROMPT in record else found._replace(flags=("cache_unknown",)),)
