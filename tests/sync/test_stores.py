"""Databases of other programs: read on from run to run, whole when they are others, each call once."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import NOW, World
from tests.sync.test_collect import totals
from vaultsync.collectors.agents.opencode import messages

seconds = count()
HOUR_MS = 3_600_000
MORNING = int(NOW.timestamp() * 1000) - 10 * HOUR_MS
Row = tuple[str, int, str]


def message(number: int, output: Any = 100, *, done: bool = True) -> Row:
    """One call an hour: id, time of its last change, what is said of it."""
    at = MORNING + number * HOUR_MS
    said = {
        "role": "assistant",
        "modelID": "claude-opus-4-5",
        "providerID": "anthropic",
        "time": {"created": at} | ({"completed": at + 9000} if done else {}),
        "tokens": {"input": 10, "output": output, "reasoning": 0, "cache": {"read": 0, "write": 0}},
    }
    return f"msg_{number}", at + 9000, json.dumps(said)


def stored(path: Path, *rows: Row) -> Path:
    """Add messages to a database, or change those that are there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, title TEXT, time_updated)")
        db.execute(
            "CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, session_id, time_updated, data TEXT)"
        )
        upsert = "ON CONFLICT DO UPDATE SET time_updated = excluded.time_updated, data = excluded.data"
        for ident, changed, data in rows:
            db.execute(f"INSERT INTO message VALUES (?, 'ses_1', ?, ?) {upsert}", (ident, changed, data))
    return path


def base(world: World) -> Path:
    return world.vault / "logs" / "opencode.db"


def collected(world: World, path: Path) -> tuple[object, object]:
    """Events and output of all time, once a changed database is read."""
    was_changed(path)
    world.run("collect")
    whole = totals(world)
    return whole["events"], whole["output_tokens"]


def was_changed(path: Path) -> None:
    """Let a file look as if it were written later than ever before, yet long ago."""
    then = NOW.timestamp() - 9000 + next(seconds)
    os.utime(path, (then, then))


def test_a_growing_store_is_read_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stored(base(world), *map(message, range(5)))
    assert collected(world, path) == (5, 500)
    seen: list[bytes] = []

    def decode(data: bytes) -> messages.Message:
        seen.append(data)
        return messages.decode(data)

    monkeypatch.setattr("vaultsync.collectors.agents.opencode.decode", decode)
    assert collected(world, stored(path, message(5))) == (6, 600)
    assert len(seen) <= 2


def test_a_message_that_is_completed_later_counts_with_what_it_says_at_last(world: World) -> None:
    path = stored(base(world), message(0), message(8, 1, done=False), message(9))
    assert collected(world, path) == (2, 200)
    *_, said = message(8, 300)
    stored(path, ("msg_8", 0, said))  # nothing tells that it was changed
    assert collected(world, path) == (3, 500)


def test_a_message_that_nobody_completes_counts_after_a_day(world: World) -> None:
    path = stored(base(world), message(8, 7, done=False), *map(message, (9, 10)))
    assert collected(world, path) == (2, 200)
    world.now += timedelta(days=2)
    world.run("collect")
    assert totals(world)["output_tokens"] == 207


def test_a_store_in_whose_place_another_one_lies_is_read_whole(world: World) -> None:
    path = stored(base(world), *map(message, range(3)))
    assert collected(world, path) == (3, 300)
    other = stored(world.root / "other.db", *map(message, (7, 1, 2, 3)))
    other.replace(path)
    assert collected(world, path) == (5, 500)


def test_a_store_that_is_restored_is_read_whole_and_loses_nothing(world: World) -> None:
    path = stored(base(world), *map(message, range(2)))
    shutil.copyfile(path, world.root / "backup")
    assert collected(world, stored(path, *map(message, (2, 3)))) == (4, 400)
    shutil.copyfile(world.root / "backup", path)  # the same file, with what it held before
    assert collected(world, stored(path, *map(message, (4, 5)))) == (6, 600)


def test_a_store_that_forgets_keeps_its_calls(world: World) -> None:
    path = stored(base(world), *map(message, range(3)))
    assert collected(world, path) == (3, 300)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM message")
    assert collected(world, stored(path, message(5))) == (4, 400)


def test_a_bad_row_is_named_at_each_reading(world: World) -> None:
    path = stored(base(world), message(0), ("msg_1", 0, "{half"), message(2))
    for number in (2, 3):
        assert collected(world, stored(path, message(number)))[0] == number
        was_changed(path)
        assert "a message is not a readable object" in world.run("collect").output


def test_a_session_that_is_renamed_shows_by_its_last_name(world: World) -> None:
    path = stored(base(world), message(0))
    for number, title in enumerate(("Zebras", "Odes")):
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("INSERT OR REPLACE INTO session VALUES ('ses_1', ?, ?)", (title, MORNING + number))
        collected(world, path)
    shown = world.run("report", "--by", "session", "--since", "2026-01-01", "--until", "2026-01-31").output
    assert "Odes" in shown and "Zebras" not in shown
