"""The telemetry file of Gemini CLI: printed objects, one after another, some of them damaged."""

from __future__ import annotations

import json
from pathlib import Path

from tests.collectors.support import SAMPLES, events, read, reader_of, rejected, written
from tests.collectors.telemetry import logs
from vaultsync.collectors.agents.gemini_cli import GeminiCli
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.telemetry.gemini_cli import GeminiCliTelemetry
from vaultsync.collectors.telemetry.otlp import Otlp

SAMPLE = SAMPLES / "gemini_cli_telemetry.log"
RESPONSE = {
    "session.id": "s",
    "event.name": "gemini_cli.api_response",
    "event.timestamp": "2026-02-10T09:00:00.000Z",
    "model": "gemini-2.5-pro",
    "input_token_count": 10,
    "output_token_count": 5,
    "total_token_count": 15,
}


def printed(*told: dict[str, object]) -> str:
    """Objects as the program prints them."""
    return "".join(
        json.dumps({"hrTime": [1770714000, 0], "attributes": one}, indent=2) + "\n" for one in told
    )


def test_a_call_over_otlp_and_in_the_local_file_is_one(tmp_path: Path) -> None:
    local = read(GeminiCliTelemetry(), written(tmp_path / "a.log", printed(RESPONSE)))
    (sent,) = read(Otlp(), written(tmp_path / "b.jsonl", json.dumps(logs("gemini-cli", RESPONSE)) + "\n"))
    assert local == [sent]


def test_a_damaged_object_costs_itself_only(tmp_path: Path) -> None:
    whole = printed(RESPONSE)
    cut, garbled = whole[:-4], whole.replace('"model"', "model")
    path = written(tmp_path / "a.log", whole + cut.rstrip() + "\n" + garbled + whole)
    found = read(GeminiCliTelemetry(), path)
    lines = path.read_text().split("\n")
    assert len(events(found)) == 2
    assert [lines[(line or 0) - 1] for line in rejected(found)] == ["{", "{"]


def test_an_object_that_is_being_written_waits(tmp_path: Path) -> None:
    text = printed(RESPONSE, {**RESPONSE, "event.timestamp": "2026-02-10T09:00:09Z"})
    path = written(tmp_path / "a.log", text[:-30])
    early = reader_of(path)
    assert len(list(GeminiCliTelemetry().collect(early))) == 1
    written(path, text)
    later = reader_of(path, start=early.end, first_line=early.next_line)
    assert len(list(GeminiCliTelemetry().collect(later))) == 1


def test_it_is_no_session_of_the_same_program() -> None:
    assert not GeminiCli().claims(LogFile.look(SAMPLE))
