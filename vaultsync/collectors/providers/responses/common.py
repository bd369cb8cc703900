"""What the answers of all APIs share: where a record of a log tells when and for whom a call was made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultsync.collectors.fields import Source
from vaultsync.collectors.identity import LONG_ID

TIMES = (
    *("created_at", "created", "createTime", "create_time", "timestamp"),
    *("^timestamp", "^ts", "^time", "^created_at", "^created", "^processed_time"),
)
"""Paths of the time of an answer, the best first."""


def request_id(record: Mapping[str, Any]) -> object:
    """The id of the request around an answer without one, unless it is a number of somebody's own."""
    ident = record.get("^request_id") or record.get("^requestId")
    return ident if isinstance(ident, str) and len(ident) >= LONG_ID else None


FIELDS: Mapping[str, Source] = {
    "when": (*TIMES, "^modified"),
    "response": ("id", request_id),
    "model": "model",
    "session": ("session_id", "^session_id"),
    "project": ("project", "^project"),
}


def in_batch(otherwise: Source) -> tuple[Source, ...]:
    """The mode of an answer: `batch` for the results of one, whose requests the user has named."""
    return (_batch, otherwise)


def _batch(record: Mapping[str, Any]) -> object:
    return None if record.get("^custom_id") is None else "batch"
