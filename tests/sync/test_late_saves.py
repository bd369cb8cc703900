"""What an editor saves into a note in the moment in which a run writes it, is not lost."""

from __future__ import annotations

import sys
from datetime import timedelta

import pytest

from tests.sync.conftest import World, event
from vaultsync.cli import common

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="an open file keeps its name")


def saved_late(world: World) -> None:
    """Let an editor that had a note open write into it after a run has replaced it."""
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    note = world.write("Daily/2026-01-09.md", "# Friday\n")
    with note.open("a") as editor:
        world.run("daily")
        editor.write("Typed while the run wrote.\n")


def test_the_next_run_gives_a_late_save_back_and_tells_the_note_anew(world: World) -> None:
    saved_late(world)
    done = world.run("daily")
    note = world.read("Daily/2026-01-09.md")
    assert "# Friday\nTyped while the run wrote.\n" in note
    assert "vaultsync:begin daily 2026-01-09" in note
    assert "Daily/2026-01-09.md: it was saved while it was written; that save is kept." in done.stderr
    assert world.run("daily").output.startswith("Nothing to do")


def test_a_run_that_only_looks_leaves_a_late_save_to_one_that_writes(world: World) -> None:
    saved_late(world)
    before = world.notes()
    world.run("daily", "--dry-run")
    assert world.notes() == before
    world.run("daily")
    assert "Typed while the run wrote." in world.read("Daily/2026-01-09.md")


@pytest.mark.parametrize("command", ["sync", "weekly", "undo --all"])
def test_every_command_that_writes_notes_gives_late_saves_back(world: World, command: str) -> None:
    saved_late(world)
    world.run(*command.split(), code=None)
    assert "Typed while the run wrote." in world.read("Daily/2026-01-09.md")


def test_a_note_that_is_saved_while_a_long_run_reads_logs_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How long ago that was, is told by the clock at that moment, not by when the run began."""
    slept: list[float] = []
    begun = iter([world.now])
    later = world.now + timedelta(seconds=30.5)
    monkeypatch.setattr(common, "now", lambda: next(begun, later + timedelta(seconds=sum(slept))))
    monkeypatch.setattr("time.sleep", slept.append)
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-09.md", "# Friday\n", age=-30)
    assert "wrote Daily/2026-01-09.md" in world.run("daily").output
    assert slept == [1.5]


def test_a_run_does_not_wait_for_late_saves(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("time.sleep", slept.append)
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-09.md", "# Friday\n")
    assert "wrote Daily/2026-01-09.md" in world.run("daily").output
    assert slept == []
