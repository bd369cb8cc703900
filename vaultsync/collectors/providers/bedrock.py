"""Read the log of model invocations of AWS Bedrock, as it lies in object storage.

    {"schemaType": "ModelInvocationLog", "timestamp", "requestId", "operation", "modelId": "arn:…",
     "requestMetadata": {"project"},
     "input": {"inputTokenCount", "cacheReadInputTokenCount", "cacheWriteInputTokenCount"},
     "output": {"outputTokenCount", "outputBodyJson": {"usage": {…}} | [{"type": "message_start", …}]}}

Facts of the format. The input count is without cached tokens. Lifetimes of what was written to a cache stand
only in the answers of Anthropic's own form, whole or as the events of a stream; the ids of those name calls
in transcripts too. A model is an id, an id behind a geography (`eu.`), or a resource name that ends in
either; a profile of the user's own has a name that tells no model. There is no cost. Calls by the endpoint
that speaks like OpenAI are not logged.

Source: invocation logs of schema 1.0 as AWS documents them, read in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, at
from vaultsync.collectors.records import json_object
from vaultsync.collectors.tables import JsonTable
from vaultsync.collectors.values import is_zero

COUNTS = (
    *(("input", "inputTokenCount"), ("input", "cacheReadInputTokenCount")),
    ("output", "outputTokenCount"),
)
_GEOGRAPHIES = "us-gov|us|eu|apac|global|jp|au|ca|in"
_parts = re.compile(
    rf"(?:.*/)?(?:({_GEOGRAPHIES})\.)?(?:anthropic\.(.*?)(?:-v\d+:\d+)?|(.+))", re.DOTALL
).fullmatch
ANSWER = Shape(
    {
        "response": "id",
        "cache_read": "usage.cache_read_input_tokens",
        "cache_writes": "usage.cache_creation_input_tokens",
        "cache_write_5m": "usage.cache_creation.ephemeral_5m_input_tokens",
        "cache_write_1h": "usage.cache_creation.ephemeral_1h_input_tokens",
    }
)
"""What an answer of Anthropic's own form tells beside or better than the record."""


def _model(record: Mapping[str, Any]) -> str | None:
    found = _parts(str(record.get("modelId") or ""))
    return (found[2] or found[3]) if found else None


def _region(record: Mapping[str, Any]) -> str | None:
    found = _parts(str(record.get("modelId") or ""))
    return found[1] if found else None


class Bedrock(JsonTable):
    """A record per call."""

    name = "bedrock"
    signs = ("schemaType=ModelInvocationLog",)
    shape = Shape(
        {
            "when": "timestamp",
            "id": "requestId",
            "project": "requestMetadata.project",
            "model": _model,
            "region": _region,
            "input": "input.inputTokenCount",
            "cache_read": "input.cacheReadInputTokenCount",
            "cache_writes": "input.cacheWriteInputTokenCount",
            "output": "output.outputTokenCount",
            "duration_ms": "output.outputBodyJson.metrics.latencyMs",
        },
        {"provider": "aws-bedrock"},
        family="exclusive",
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for a call that was refused."""
        return not all(is_zero(json_object(record.get(part)).get(name)) for part, name in COUNTS)

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """The call, with what its answer tells beside the counts; an embedding has no output."""
        found = self.shape.find(record)
        for answer in _answers(at(record, "output.outputBodyJson")):
            found.values.update(ANSWER.find(answer).values)
        if "embed" in str(found.values.get("model")):
            found.values.setdefault("output", 0)
        return (found,)


def _answers(body: object) -> Iterator[Mapping[str, Any]]:
    """The answer of Anthropic's own form, if that is what stands there or begins a stream."""
    for one in body if isinstance(body, list) else (body,):
        message = one.get("message", one) if isinstance(one, dict) else None
        if isinstance(message, dict) and str(message.get("id")).startswith("msg_"):
            yield message
