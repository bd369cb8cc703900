"""Rows of Codex rollouts, as the program writes them, and ways to read them in a test."""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from vaultsync.collectors.agents.codex import Codex
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.model import Finding, Issue, TokenCounts, UsageEvent

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Json = dict[str, Any]
Vector = tuple[int, int, int, int, int]
"""Input, cached, cache write, output, reasoning, as the program counts."""
START = datetime(2026, 2, 23, 12, 40, tzinfo=UTC)
MODEL = "gpt-5.3-codex"
SECRET = "the secret of the prompt"


def at(seconds: float) -> str:
    """An instant, counted from the start of the tests."""
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid7(seconds: float, tail: int = 1) -> str:
    """An id that holds its instant, as the program makes them."""
    born = f"{int((START + timedelta(seconds=seconds)).timestamp() * 1000):012x}"
    return f"{born[:8]}-{born[8:]}-7000-8000-{tail:012x}"


def row(kind: str, payload: Any, when: float = 0, **more: Any) -> Json:
    return {"timestamp": at(when), **more, "type": kind, "payload": payload}


def meta(ident: str = "S1", when: float = 0, **more: Any) -> Json:
    payload = {"id": ident, "timestamp": at(when), "cwd": "/home/ana/notes", "originator": "codex_cli_rs"}
    payload |= {"cli_version": "0.104.0", "source": "cli", "model_provider": "openai"}
    payload |= {"git": {"commit_hash": "0" * 40, "branch": "main"}}
    return row("session_meta", payload | more, when)


def context(turn: str | None = None, when: float = 0, model: str | None = MODEL, **more: Any) -> Json:
    payload: Json = {"cwd": "/home/ana/notes", "approval_policy": "on-request", "model": model}
    return row("turn_context", payload | ({"turn_id": turn} if turn else {}) | more, when)


def event(kind: str, when: float = 0, **payload: Any) -> Json:
    return row("event_msg", {"type": kind, **payload}, when)


def usage(of: Vector | None, **more: Any) -> Json | None:
    if of is None:
        return None
    read, written, output = of[0], of[3], of[4]
    made = {"input_tokens": of[0], "cached_input_tokens": of[1], "output_tokens": of[3]}
    made |= {"reasoning_output_tokens": output, "total_tokens": read + written}
    return made | ({"cache_write_input_tokens": of[2]} if of[2] else {}) | more


def count(total: Vector | None, last: Vector | None, when: float = 0, **more: Any) -> Json:
    info = {"total_token_usage": usage(total), "last_token_usage": usage(last)}
    return event("token_count", when, info=info | {"model_context_window": 258400} | more, rate_limits={})


def record(response: str, of: Vector, when: float = 0, thread: str = "S1") -> Json:
    payload = {"session_id": thread, "thread_id": thread, "turn_id": "t1", "response_id": response}
    return row("token_usage_record", payload | {"usage": usage(of), "thread_token_usage": usage(of)}, when)


def result(output: str = SECRET, when: float = 0) -> Json:
    return row("response_item", {"type": "function_call_output", "call_id": "call_1", "output": output}, when)


def encode(rows: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(each, separators=(",", ":")).encode() + b"\n" for each in rows)


def collector() -> Codex:
    return Codex(root_of=lambda folder: folder)


def read(path: Path, **reader: Any) -> tuple[list[Finding], Reader]:
    """What a rollout says, the reader's own issues last."""
    opened = Reader(LogFile.look(path), **reader)
    found = list(collector().collect(opened))
    return [*found, *opened.issues], opened


def write(path: Path, *rows: Json) -> Path:
    """Write a rollout; packed if its name says so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pack = {".gz": gzip.compress, ".zst": zstd.compress}.get(path.suffix, bytes)
    path.write_bytes(pack(encode(rows)))
    return path


def found(folder: Path, *rows: Json, name: str = "r.jsonl") -> list[Finding]:
    return read(write(folder / name, *rows))[0]


def calls(folder: Path, *rows: Json) -> list[UsageEvent]:
    """The calls of a rollout that has nothing wrong in it."""
    told = found(folder, *rows)
    assert [each for each in told if isinstance(each, Issue)] == []
    return [each for each in told if isinstance(each, UsageEvent)]


def vector(tokens: TokenCounts) -> tuple[int, int, int, int]:
    """(input, cache_write, cache_read, output), as the list of fixtures writes it."""
    return tokens.input, tokens.cache_writes, tokens.cache_read, tokens.output


def vectors(events: Iterable[UsageEvent]) -> list[tuple[int, int, int, int]]:
    return [vector(each.tokens) for each in events]
