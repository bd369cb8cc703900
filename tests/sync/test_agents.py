"""What `doctor` says of coding agents: where they are looked for, what they left, for how long."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from tests.sync.conftest import CONFIG, World


@pytest.fixture(autouse=True)
def home(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without anything, in which coding agents are looked for."""
    folder = world.root / "home"
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in ("APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "GEMINI_CLI_HOME"):
        monkeypatch.delenv(name, raising=False)
    asks(world, "auto")
    return folder


def asks(world: World, agents: str) -> None:
    """Ask for some agents."""
    world.write("vaultsync.yaml", CONFIG.replace("agents: none", f"agents: {agents}"))


def transcript(world: World, name: str, days: float) -> Path:
    """A transcript of Claude Code with one call, that changed some days ago."""
    usage = {"input_tokens": 10, "output_tokens": 140}
    message = {
        "id": f"msg_{name:A>20}",
        "model": "claude-opus-4-5",
        "usage": usage,
        "stop_reason": "end_turn",
    }
    row = {"type": "assistant", "uuid": name, "sessionId": name, "timestamp": "2026-01-09T08:00:00.000Z"}
    row |= {"isSidechain": False, "requestId": "r", "message": message}
    file = world.root / "home/.claude/projects/garden" / f"{name}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(row) + "\n")
    then = (world.now - timedelta(days=days)).timestamp()
    os.utime(file, (then, then))
    return file


def told(world: World, *arguments: str) -> list[str]:
    """The lines on agents."""
    lines = world.run("doctor", *arguments, code=None).stdout.replace(str(world.root), "").splitlines()
    if "Agents" not in lines:
        return []
    start = lines.index("Agents") + 1
    return lines[start : next(n for n in range(start, len(lines)) if not lines[n].startswith(" "))]


def test_an_agent_that_is_there_is_told_in_full(world: World) -> None:
    transcript(world, "a", 10)
    transcript(world, "b", 1)
    world.run("collect")
    assert told(world)[:3] == [
        "  ok   claude-code: 2 files in /home/.claude/projects",
        "       2 events from 2026-01-09 to 2026-01-09",
        "       it deletes transcripts 30 days after their last change (its default; `cleanupPeriodDays` in "
        "/home/.claude/settings.json changes it); the oldest goes on 2026-01-29",
    ]


def test_what_is_not_there_is_one_line_and_its_places_are_told_on_demand(world: World) -> None:
    transcript(world, "a", 1)
    (folded,) = [line for line in told(world) if "looked for, not found" in line]
    assert " amp, " in folded and "codex" in folded and "claude-code" not in folded and "cursor" not in folded
    everything = told(world, "-v")
    assert "       amp: nothing in /home/.local/share/amp/threads" in everything
    assert "       nothing in /home/.config/claude/projects" in everything
    assert len(told(world)) < 6 < len(everything)


def test_files_that_will_be_deleted_unread_are_named_with_the_day(world: World) -> None:
    transcript(world, "read", 29)
    world.run("collect")
    transcript(world, "late", 28)
    transcript(world, "new", 2)
    transcript(world, "gone-any-day", 40)
    lines = told(world)
    place = next(n for n, line in enumerate(lines) if line.startswith("  warn"))
    assert lines[place : place + 4] == [
        "  warn claude-code: 2 files with something that is not in the ledger, and the program deletes them "
        "soon",
        "       /home/.claude/projects/garden/gone-any-day.jsonl: 2025-12-30",
        "       /home/.claude/projects/garden/late.jsonl: 2026-01-11",
        "       Run `vaultsync collect` before.",
    ]
    assert lines[2].endswith("the oldest goes at its next start")
    world.run("collect")
    assert "not in the ledger" not in "".join(told(world))


def test_where_the_program_keeps_more_nothing_is_urgent(world: World) -> None:
    transcript(world, "late", 28)
    (world.root / "home/.claude/settings.json").write_text('{"cleanupPeriodDays": 365}')
    assert "warn" not in "".join(told(world))
    (world.root / "home/.claude/settings.json").write_text('{"cleanupPeriodDays": 0}')
    assert "  warn claude-code: it may keep no transcripts" in "\n".join(told(world))


def test_an_agent_whose_logs_are_gone_is_told_by_the_ledger_alone(world: World) -> None:
    file = transcript(world, "a", 1)
    world.run("collect")
    file.unlink()
    whole = world.run("doctor", code=None).stdout
    assert "  ok   claude-code: no files now\n       1 event from 2026-01-09 to 2026-01-09\n" in whole
    assert whole.count("1 event ") == 1


def test_several_that_read_for_one_agent_are_one(world: World, home: Path) -> None:
    for name in ("session-state/s/events.jsonl", "otel/a.jsonl"):
        file = home / ".copilot" / name
        file.parent.mkdir(parents=True)
        file.write_text("{}\n")
    (line,) = [line for line in told(world) if "copilot" in line]
    assert line == ("  ok   copilot: 1 file in /home/.copilot/session-state; 1 file in /home/.copilot/otel")


def test_what_is_not_asked_for_is_not_looked_for(world: World) -> None:
    transcript(world, "a", 1)
    asks(world, "[codex]")
    (missing, others) = told(world)
    assert missing == "       looked for, not found: codex" and "claude-code" in others
    assert others.startswith("       not looked for: amp, ") and others.endswith("; `agents` names others")
    asks(world, "none")
    assert told(world) == ["       agents: none is looked for, as `agents: none` says"]


def test_a_ledger_that_cannot_be_read_calls_no_file_unread(world: World) -> None:
    transcript(world, "late", 28)
    world.run("collect")
    ledger = world.root / "state/ledger.db"
    ledger.write_bytes(b"x" * 4096)
    assert "not in the ledger" not in "".join(told(world))


def test_a_folder_that_the_app_never_opened_is_named(world: World) -> None:
    assert "has no settings of Obsidian, so its defaults hold" in world.run("doctor").stdout
    (world.vault / ".obsidian").mkdir()
    assert "settings of Obsidian" not in world.run("doctor").stdout
