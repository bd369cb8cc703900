"""Decode lines of a transcript into the few fields that matter; all else, text above all, is skipped."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.lines import NOTHING, decoded, records_at_once, records_of


class Message(msgspec.Struct, gc=False):
    """The API's answer, or the prompt."""

    id: Any = None
    model: Any = None
    stop_reason: Any = None
    content: Raw = NOTHING
    usage: Raw = NOTHING


class ToolResult(msgspec.Struct, gc=False):
    """What a tool returned; only agents return an id and usage."""

    agentId: Any = None
    usage: Raw = NOTHING


class Row(msgspec.Struct, gc=False):
    """One record; every field may hold anything, so that no record fails as a whole."""

    type: Any = None
    uuid: Any = None
    sessionId: Any = None
    requestId: Any = None
    timestamp: Any = None
    cwd: Any = None
    gitBranch: Any = None
    isSidechain: Any = None
    agentId: Any = None
    attributionSkill: Any = None
    attributionAgent: Any = None
    forkedFrom: Any = None
    costUSD: Raw = NOTHING
    isMeta: Any = None
    isCompactSummary: Any = None
    turnOrigin: Any = None
    message: Message | list[Raw] | str | float | bool | None = None
    toolUseResult: ToolResult | list[Raw] | str | float | bool | None = None
    startTime: Any = None
    modelUsage: Raw = NOTHING
    customTitle: Any = None
    aiTitle: Any = None


class Block(msgspec.Struct, gc=False):
    """One block of a message's content."""

    type: Any = None
    text: Any = None
    id: Any = None
    name: Any = None
    tool_use_id: Any = None
    input: Raw = NOTHING


_decoder = msgspec.json.Decoder(Row)
_row, _rows = _decoder.decode, _decoder.decode_lines
_blocks = msgspec.json.Decoder(list[Block]).decode


def rows_of(line: bytes) -> tuple[list[Row], bool]:
    """Decode one physical line; see `records_of`."""
    return records_of(line, _row)


def rows_at_once(data: bytes) -> list[Row]:
    """Decode whole lines in one step; see `records_at_once`."""
    return records_at_once(data, _rows)


def blocks_of(content: Raw) -> list[Block]:
    """The blocks of a message; text alone, or anything else, has none."""
    return decoded(_blocks, content) or []
