"""Decode lines of a rollout: an envelope with the kind of the record, and of few kinds what is inside."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.lines import NOTHING, decoded, records_of
from vaultsync.collectors.values import BadField

T = TypeVar("T")


class Row(msgspec.Struct, gc=False):
    """One record; every field may hold anything, so that no record fails as a whole."""

    type: Any = None
    timestamp: Any = None
    ordinal: Any = None
    payload: Raw = NOTHING
    record_type: Any = None
    """In rows of before September 2025, which have no envelope and no counts."""


class SessionMeta(msgspec.Struct, gc=False):
    """What a rollout says of its thread; a copy of another thread's row tells whose history follows."""

    id: Any = None
    session_id: Any = None
    timestamp: Any = None
    cwd: Any = None
    cli_version: Any = None
    source: Any = None
    thread_source: Any = None
    model_provider: Any = None
    git: Any = None
    forked_from_id: Any = None
    parent_thread_id: Any = None
    agent_nickname: Any = None
    agent_role: Any = None
    subagent_history_start_ordinal: Any = None


class TurnContext(msgspec.Struct, gc=False):
    """The settings of a turn, written before each of its calls."""

    turn_id: Any = None
    cwd: Any = None
    model: Any = None


class ThreadSettings(msgspec.Struct, gc=False):
    """Settings that a person changed."""

    service_tier: Any = None


class Event(msgspec.Struct, gc=False):
    """A row of type `event_msg`, as far as it matters."""

    type: Any = None
    turn_id: Any = None
    info: Raw = NOTHING
    thread_settings: ThreadSettings | None = None


class Info(msgspec.Struct, gc=False):
    """What a `token_count` tells: the running sum of the thread, and its last call."""

    total_token_usage: Raw = NOTHING
    last_token_usage: Raw = NOTHING


class UsageRecord(msgspec.Struct, gc=False):
    """A row of type `token_usage_record`: one answer of the API."""

    response_id: Any = None
    thread_id: Any = None
    usage: Raw = NOTHING


_row = msgspec.json.Decoder(Row).decode
_meta = msgspec.json.Decoder(SessionMeta).decode
_context = msgspec.json.Decoder(TurnContext).decode
_event = msgspec.json.Decoder(Event).decode
_info = msgspec.json.Decoder(Info).decode
_record = msgspec.json.Decoder(UsageRecord).decode


def rows_of(line: bytes) -> tuple[list[Row], bool]:
    """Decode one physical line; see `records_of`."""
    return records_of(line, _row)


def meta_of(row: Row) -> SessionMeta:
    """The payload of a `session_meta`.

    Raises:
        BadField: It is no object; as in the functions below.
    """
    return _whole(decoded(_meta, row.payload), row)


def context_of(row: Row) -> TurnContext:
    """The payload of a `turn_context`."""
    return _whole(decoded(_context, row.payload), row)


def event_of(row: Row) -> Event:
    """The payload of an `event_msg`."""
    return _whole(decoded(_event, row.payload), row)


def record_of(row: Row) -> UsageRecord:
    """The payload of a `token_usage_record`."""
    return _whole(decoded(_record, row.payload), row)


def info_of(event: Event) -> Info | None:
    """The counts of a `token_count`; None where it is only about the limits of a plan.

    Raises:
        BadField: They are no object.
    """
    if bytes(event.info) in (b"", b"null"):
        return None
    info = decoded(_info, event.info)
    if info is None:
        raise BadField("info of the token count is not a readable object.")
    return info


def _whole(payload: T | None, row: Row) -> T:
    if payload is None:
        raise BadField(f"the payload of {row.type} is not a readable object.")
    return payload
