"""Collecting: each file is read once, only what is new of it, by one collector; trouble is named."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sync.conftest import World, event
from vaultsync.collectors import loading
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.model import Finding


def totals(world: World) -> dict[str, object]:
    """Totals of all time."""
    whole = world.run("report", "--since", "2020-01-01", "--until", "2026-12-31", "--json").output
    return dict(json.loads(whole)["totals"])


def test_a_growing_log_is_read_on_and_counted_once(world: World) -> None:
    log = world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    assert "1" in world.run("collect").output
    with log.open("a") as stream:
        stream.write(json.dumps(event("2026-01-09T09:00:00Z")) + "\n")
    world.run("collect")
    assert totals(world)["events"] == 2


def test_equal_lines_are_counted_each_also_over_two_readings(world: World) -> None:
    log = world.log("a.jsonl", event("2026-01-09T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.run("collect")
    with log.open("a") as stream:
        stream.write(json.dumps(event("2026-01-09T08:00:00Z")) + "\n")
    world.run("collect")
    assert totals(world)["events"] == 3


@pytest.mark.parametrize("how", ["copy", "rename", "gzip", "reorder", "rewrite", "array", "csv"])
def test_the_same_calls_elsewhere_add_nothing(world: World, how: str) -> None:
    events = [event(f"2026-01-09T0{n}:00:00Z", 1000 + n) for n in range(5)]
    log = world.log("a.jsonl", *events)
    world.run("collect")
    before = totals(world)
    if how == "rename":
        log.rename(log.with_name("b.jsonl"))
    elif how == "gzip":
        (log.parent / "a.jsonl.gz").write_bytes(gzip.compress(log.read_bytes()))
        log.unlink()
    elif how == "array":
        world.write("logs/all.json", json.dumps(events, indent=2))
    elif how == "csv":
        rows = [",".join(events[0]), *(",".join(str(v) for v in e.values()) for e in events)]
        world.write("logs/all.csv", "\n".join(rows) + "\n")
    else:
        lines = log.read_text().splitlines()
        text = "\n".join(reversed(lines) if how == "reorder" else lines) + "\n"
        world.write("logs/a.jsonl" if how == "rewrite" else "logs/copy.jsonl", text, age=60)
    world.run("collect")
    assert totals(world) == before


def test_an_edited_document_replaces_what_it_said(world: World) -> None:
    run = {"timestamp": "2026-01-09T08:00:00Z", "run_type": "manual", "model": "claude-opus-4-5"}
    run |= {"provider": "anthropic", "tokens": {"input": 1000, "output": 100}}
    world.write("logs/day.json", json.dumps({"date": "2026-01-09", "runs": [run]}))
    world.run("collect")
    run["tokens"] = {"input": 10, "output": 1}
    world.write("logs/day.json", json.dumps({"date": "2026-01-09", "runs": [run]}), age=600)
    world.run("collect")
    assert totals(world)["total_tokens"] == 11


def test_an_edited_table_replaces_what_it_said(world: World) -> None:
    head = "timestamp,model_provider,model_name,input_tokens,output_tokens\n"
    row = "2026-01-09T0{}:00:00Z,openai,gpt-5,{},100\n"
    world.write("logs/a.csv", head + row.format(8, 1000) + row.format(9, 2000))
    world.run("collect")
    world.write("logs/a.csv", head + row.format(8, 7) + row.format(9, 2000), age=60)
    world.run("collect")
    assert totals(world)["input_tokens"] == 2007


def test_a_rotated_log_loses_nothing(world: World) -> None:
    world.log("a.jsonl", event("2026-01-08T08:00:00Z"))
    world.run("collect")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"), age=60)
    world.run("collect")
    assert totals(world)["events"] == 2


def test_an_unfinished_line_waits_for_its_end(world: World) -> None:
    whole = json.dumps(event("2026-01-09T08:00:00Z"))
    world.write("logs/a.jsonl", json.dumps(event("2026-01-09T07:00:00Z")) + "\n" + whole[:40])
    world.run("collect")
    assert totals(world)["events"] == 1
    world.write("logs/a.jsonl", json.dumps(event("2026-01-09T07:00:00Z")) + "\n" + whole + "\n", age=60)
    world.run("collect")
    assert totals(world)["events"] == 2


def test_the_last_row_of_a_table_counts_once_it_rests(world: World) -> None:
    head = "timestamp,model_provider,model_name,input_tokens,output_tokens\n"
    world.write("logs/a.csv", head + "2026-01-09T08:00:00Z,openai,gpt-5,7,800", age=5)
    world.run("collect")
    assert totals(world)["events"] == 0
    world.now += timedelta(minutes=20)
    world.run("collect")
    assert totals(world)["output_tokens"] == 800


def test_a_bad_line_costs_itself_only_and_shows_in_the_dashboard(world: World) -> None:
    bad = event("2026-01-09T08:00:00Z") | {"output_tokens": -5}
    world.log("a.jsonl", event("2026-01-09T07:00:00Z"), bad, event("2026-01-09T09:00:00Z"))
    done = world.run("daily", "--strict", code=3)
    assert "a.jsonl:2:" in done.stderr
    assert "-5" in done.stderr
    assert totals(world)["events"] == 2
    assert "1 log line in 1 file could not be counted" in world.read("LLM Costs.md")
    before = world.notes()
    world.run("sync")
    assert world.notes()["LLM Costs.md"] == before["LLM Costs.md"]
    assert "not counted: 1 line\n" in world.run("doctor", code=None).output


def test_a_bad_file_that_is_removed_is_no_longer_told_of(world: World) -> None:
    bad = world.log("bad.jsonl", event("2026-01-09T08:00:00Z") | {"output_tokens": -5})
    world.run("daily")
    bad.unlink()
    world.log("b.jsonl", event("2026-01-09T09:00:00Z"))
    world.run("daily")
    assert "could not be counted" not in world.read("LLM Costs.md")


@pytest.mark.parametrize("kind", ["lines", "document"])
def test_a_collector_that_fails_costs_its_own_files_only(
    world: World, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    class Broken:
        name = "broken"

        def __init__(self) -> None:
            self.kind = kind

        def claims(self, file: LogFile) -> bool:
            return file.name == "odd.log"

        def collect(self, reader: Reader) -> Iterator[Finding]:
            yield from ()
            raise KeyError("text of a prompt")

        def places(self, environ: object, home: object) -> tuple[Place, ...]:
            return ()

    shipped = loading.load
    monkeypatch.setattr(loading, "load", lambda mapped, memory: ([Broken(), *shipped(mapped)[0]], []))
    world.write("logs/odd.log", "text\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    for _ in range(2):
        said = world.run("collect").stderr
        assert "odd.log: the collector broken failed on it (KeyError)." in said
        assert "prompt" not in said
    assert totals(world)["events"] == 1


def test_each_file_that_cannot_be_read_gets_one_line_and_the_rest_goes_on(world: World) -> None:
    world.log("good.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("logs/garbage.bin", b"\x00\x01\x02nothing")
    world.write("logs/cut.json.gz", gzip.compress(b'{"date": "2026-01-09"}')[:12])
    world.write("logs/wide.csv", "a;b\n1;2\n".encode("utf-16"))
    os.mkfifo(world.vault / "logs/pipe.jsonl")
    done = world.run("collect")
    lines = [line for line in done.stderr.splitlines() if line]
    for name in ("garbage.bin", "cut.json.gz", "wide.csv", "pipe.jsonl"):
        assert len([line for line in lines if name in line]) == 1, done.stderr
    assert totals(world)["events"] == 1


def test_coding_agents_are_found_where_the_environment_says(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = {"input_tokens": 10, "output_tokens": 140, "cache_read_input_tokens": 2000}
    message = {"id": "msg_" + "A" * 20, "model": "claude-opus-4-5", "usage": usage, "stop_reason": "end_turn"}
    row = {"type": "assistant", "uuid": "u", "sessionId": "S", "timestamp": "2026-01-09T08:00:00.000Z"}
    row |= {"cwd": "/home/ana/garden", "requestId": "req_1", "message": message}
    file = tmp_path / "claude/projects/-home-ana-garden/S.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(row) + "\n")
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    world.write("vaultsync.yaml", world.read("vaultsync.yaml").replace("agents: none", "agents: auto"))
    world.run("collect")
    assert totals(world)["total_tokens"] == 2150
    rows = json.loads(world.run("report", "--json", "--by", "project,source").output)["rows"]
    assert [(r["project"], r["source"]) for r in rows] == [("garden", "claude-code")]
    file.unlink()
    world.run("collect")
    assert totals(world)["total_tokens"] == 2150


@pytest.mark.parametrize(("agents", "tokens"), [("qwen-code", 110), ("qwen-code-chats", 110), ("codex", 0)])
def test_naming_an_agent_reads_all_that_it_leaves(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, agents: str, tokens: int
) -> None:
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 10, "totalTokenCount": 110}
    row = {"uuid": "u", "parentUuid": None, "sessionId": "S", "timestamp": "2026-01-09T08:00:00.000Z"}
    row |= {"type": "assistant", "model": "qwen3-coder-plus", "usageMetadata": usage, "cwd": "/home/ana"}
    chat = tmp_path / "qwen/projects/garden/chats/S.jsonl"
    chat.parent.mkdir(parents=True)
    chat.write_text(json.dumps(row) + "\n")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "qwen"))
    world.write("vaultsync.yaml", world.read("vaultsync.yaml").replace("none", f"[{agents}]"))
    world.run("collect")
    assert totals(world)["total_tokens"] == tokens


def test_a_programs_own_totals_stand_beside_its_calls_and_are_not_added(world: World) -> None:
    usage = {"input_tokens": 10, "output_tokens": 140, "cache_read_input_tokens": 2000}
    message = {"id": "msg_" + "A" * 20, "model": "claude-opus-4-5", "usage": usage, "stop_reason": "end_turn"}
    row = {"type": "assistant", "uuid": "u", "sessionId": "S", "timestamp": "2026-01-09T08:00:00.000Z"}
    total = {"inputTokens": 510, "outputTokens": 300, "cacheReadInputTokens": 2000, "costUSD": 0.02}
    state = {"type": "cost-state", "sessionId": "S", "startTime": 1, "modelUsage": {"claude-opus-4-5": total}}
    lines = [json.dumps(row | {"message": message, "requestId": "r"}), json.dumps(state)]
    world.write("logs/S.jsonl", "\n".join(lines) + "\n")
    world.run("daily")
    assert totals(world)["total_tokens"] == 2150
    assert "1 session has 660 more tokens" in world.read("Daily/2026-01-09.md")


def test_a_table_that_tells_of_the_last_days_only_takes_nothing_back(world: World) -> None:
    head = (
        "Date,Model,Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Total Tokens,Cost"
    )
    rows = [f"2026-01-0{day}T08:00:00Z,gpt-5,0,1000,0,10,1010,Included" for day in range(1, 6)]
    for window in (rows[:2], rows[1:], rows[4:]):
        world.write("logs/usage-events.csv", "\n".join([head, *window]) + "\n")
        world.run("collect")
    assert totals(world)["events"] == 5


def test_rejected_lines_are_told_by_their_reasons(world: World) -> None:
    world.log(
        "a.jsonl", *(event(f"2026-01-09T08:00:0{n}Z", -n) for n in range(1, 4)), event("2026-01-32T08:00:00Z")
    )
    said = world.run("collect").stdout
    (counts,) = [line for line in said.splitlines() if line.startswith("flat-events: 3 rejected: ")]
    assert "negative" in counts and "-3" not in counts and "Fix" not in counts
    assert "flat-events: 1 rejected: " in said and "2026-01-32" not in said
