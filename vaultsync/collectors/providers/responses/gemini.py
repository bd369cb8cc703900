"""Read the usage of answers of the Gemini API and of Vertex AI.

    {"responseId", "modelVersion", "createTime", "usageMetadata": {"promptTokenCount", "candidatesTokenCount",
     "cachedContentTokenCount", "toolUsePromptTokenCount", "thoughtsTokenCount", "totalTokenCount",
     "promptTokensDetails": [{"modality", "tokenCount"}], "cacheTokensDetails", "trafficType", "serviceTier"}}

Facts of the format. The prompt count is with cached tokens, but without the results of tools; the count of
the answer is without thoughts. A count of 0 is left out, so a blocked answer has none for its output. A
stream tells in each piece what it counted so far. The Live API says `response` for `candidates`. The SDK
writes the same names with underscores.

Source: `UsageMetadata` of the Gemini API and of Vertex AI, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Getter, Shape, at, chosen, summed
from vaultsync.collectors.providers.responses.common import FIELDS, request_id
from vaultsync.collectors.records import Repeated
from vaultsync.collectors.values import BadField, count

USAGE = "usageMetadata"
SNAKES = ("usage_metadata", "model_version", "response_id")
"""What the SDK spells another way, of what is read."""
TRAFFIC = {
    "on_demand": "standard",
    "on_demand_priority": "priority",
    "on_demand_flex": "flex",
    "on_demand_offpeak": "flex",
    "provisioned_throughput": "provisioned",
}


def _spoken(details: str) -> Getter:
    """The audio tokens among the details of a count."""

    def read(record: Mapping[str, Any]) -> object:
        parts = at(record, f"{USAGE}.{details}")
        given = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
        return next((part.get("tokenCount") for part in given if part.get("modality") == "AUDIO"), None)

    return read


def _sent_audio(record: Mapping[str, Any]) -> object:
    """Audio in the prompt that was not cached; what is no count is passed on."""
    sent, cached = _spoken("promptTokensDetails")(record), _spoken("cacheTokensDetails")(record)
    try:
        return None if sent is None else max(0, count(sent, "") - count(cached or 0, ""))
    except BadField:
        return sent


SHAPE = Shape(
    {
        **FIELDS,
        "response": ("responseId", request_id),
        "model": ("modelVersion", "model", "^model"),
        "mode": (chosen(f"{USAGE}.trafficType", TRAFFIC), f"{USAGE}.serviceTier"),
        "input": summed(f"{USAGE}.promptTokenCount", f"{USAGE}.toolUsePromptTokenCount"),
        "cache_read": f"{USAGE}.cachedContentTokenCount",
        "output": (f"{USAGE}.candidatesTokenCount", f"{USAGE}.responseTokenCount"),
        "reasoning": f"{USAGE}.thoughtsTokenCount",
        "total": f"{USAGE}.totalTokenCount",
        "input_audio": _sent_audio,
        "output_audio": (_spoken("candidatesTokensDetails"), _spoken("responseTokensDetails")),
        "cache_read_audio": _spoken("cacheTokensDetails"),
    },
    {"provider": "google", "output": 0},
    family="outside",
)


def look(record: Mapping[str, Any]) -> Iterable[Found]:
    """The call of an answer; a piece of a stream is none if no id joins it with the last one."""
    if "usage_metadata" in record:
        record = {**record, **{_capital(name): _in_capitals(record.get(name)) for name in SNAKES}}
    return (SHAPE.find(record),) if record.get("responseId") or _is_whole(record) else ()


def _is_whole(record: Mapping[str, Any]) -> bool:
    candidates = record.get("candidates")
    if not isinstance(candidates, list) or not candidates:
        return True
    given = [one for one in candidates if isinstance(one, dict)]
    return any(one.get("finishReason") or one.get("finish_reason") for one in given)


def _in_capitals(value: Any) -> Any:
    """What the SDK writes, in the spelling of the API: `prompt_token_count` as `promptTokenCount`.

    Raises:
        BadField: A key stands twice.
    """
    if isinstance(value, list):
        return [_in_capitals(one) for one in value]
    if isinstance(value, Repeated):
        raise BadField("a key stands twice in the usage metadata.")
    if isinstance(value, dict):
        return {_capital(name): _in_capitals(one) for name, one in value.items()}
    return value


def _capital(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
