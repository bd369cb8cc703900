"""What is long, deep or repeated without end costs time in proportion to its length, however it is read."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.faults.specimens import read, specimens

SIZE = 30_000
SECONDS = 2.0
"""Processor time; what grows with the square of the size takes much more."""
READERS = (
    *("events.jsonl", "events.csv", "flat-array", "day.json", "sessions.md", "responses.jsonl"),
    *(
        "claude-code",
        "codex",
        "gemini-cli",
        "lm-studio",
        "gemini-cli-telemetry",
        "openai_usage.json",
        "gateway.csv",
    ),
)
PARTS = {
    "quotes": b'"',
    "escaped quotes": b'\\"',
    "escapes": b"\\u0022",
    "lists": b"[",
    "objects": b'{"a":',
    "records": b'{"a":1}',
    "numbers": b"1 ",
    "digits": b"9",
    "line feeds": b"\n",
    "openings": b"{\n",
    "closings": b"}\n",
    "commas": b",",
    "NUL": b"\0",
    "stars": b"**a",
    "bullets": b"- a: b\n",
    "rows": b"| a | b |\n| - | - |\n",
    "fences": b"```\n~~~\n",
    "sessions": b"# Session 1\nToken usage: 1/2\n",
    "log lines": b"[2026-01-05 10:00:05][INFO][q] Generated prediction:  {\n",
}
BODIES = {name: part * (SIZE // len(part)) for name, part in PARTS.items()}
BODIES["keys"] = b"{" + b"".join(b'"k%d":1,' % n for n in range(20_000)) + b'"k0":2}'
BODIES["double keys"] = b"{" + b"".join(b'"k%d":1,' % (n // 2) for n in range(20_000)) + b'"z":2}'


@pytest.mark.parametrize("name", READERS)
def test_no_reader_takes_long(name: str, tmp_path: Path) -> None:
    (sound,) = (one for one in specimens() if one.name == name)
    path, middle = sound.put(tmp_path), len(sound.data) // 2
    slow = []
    for what, body in BODIES.items():
        for data in (body, sound.data[:middle] + body + sound.data[middle:], sound.data + body):
            path.write_bytes(data)
            began = time.process_time()
            read(sound.collector, path)
            slow += [what] if time.process_time() - began > SECONDS else []
    assert slow == []
