"""OpenRouter: one generation is one call, however it is told, and its formats are nobody else's."""

from __future__ import annotations

import json
from pathlib import Path

from tests.collectors.support import SAMPLES, events, read, written
from vaultsync.collectors.logs.flat_events import FlatArray, FlatEvents
from vaultsync.collectors.providers.openrouter import Activity, ActivityLog, Generations
from vaultsync.collectors.reading import LogFile


def test_a_generation_and_its_row_of_the_log_are_one_call() -> None:
    told = {
        event.key: event.tokens
        for event in events(read(Generations(), SAMPLES / "openrouter_generations.jsonl"))
    }
    logged = {
        event.key: event.tokens for event in events(read(ActivityLog(), SAMPLES / "openrouter_log.csv"))
    }
    shared = told.keys() & logged.keys()
    assert len(shared) == 2 and all(told[key] == logged[key] for key in shared)


def test_a_day_has_one_sum_however_its_date_is_written(tmp_path: Path) -> None:
    row = {
        "model_permaslug": "a/b",
        "endpoint_id": "e",
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "usage": 0,
    }
    data = [{**row, "date": "2026-02-10"}, {**row, "date": "2026-02-10 00:00:00"}]
    page = written(tmp_path / "a.json", json.dumps({"data": data}))
    (one, other) = events(read(Activity(), page))
    assert one == other and one.grain == "day"


def test_answers_of_the_api_may_be_printed_or_bare(tmp_path: Path) -> None:
    line = (SAMPLES / "openrouter_generations.jsonl").read_text().split("\n")[0]
    printed, bare = json.dumps(json.loads(line), indent=2), json.dumps(json.loads(line)["data"])
    for text in (printed, bare):
        (event,) = events(read(Generations(), written(tmp_path / "a.json", text)))
        assert event.key == "response:gen-1770714000-Example2"


def test_home_made_logs_leave_its_exports_alone() -> None:
    for name in ("openrouter_generations.jsonl", "openrouter_log.csv", "openrouter_activity.json"):
        file = LogFile.look(SAMPLES / name)
        assert not FlatEvents().claims(file) and not FlatArray().claims(file)
