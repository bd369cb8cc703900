"""A ledger that is made anew takes back what documents say no more, and loses nothing that is gone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import World, event

DAY = "logs/day.json"


def day(world: World, *tokens: int, path: str = DAY, age: float = 3600) -> Path:
    """Write a document with a run for each number of tokens."""
    runs = [
        {
            "timestamp": f"2026-01-09T08:{minute:02}:00Z",
            "run_type": "manual",
            "model": "claude-opus-4-5",
            "provider": "anthropic",
            "tokens": {"input": count, "output": 0},
        }
        for minute, count in enumerate(tokens)
    ]
    return world.write(path, json.dumps({"date": "2026-01-09", "runs": runs}), age=age)


def export(world: World, *rows: str, age: float) -> None:
    """Write a table of calls, a row for each."""
    head = "timestamp,model_provider,model_name,input_tokens,output_tokens"
    world.write("logs/calls.csv", "\n".join([head, *rows]) + "\n", age=age)


def held(world: World) -> tuple[int, int]:
    """Events and tokens, as a report tells them."""
    told = world.run("report", "--json", "--by", "none", "--since", "2026-01-01", "--until", "2026-01-31")
    found: dict[str, Any] = json.loads(told.stdout)["totals"]
    return found["events"], found["total_tokens"]


def damage(world: World) -> Path:
    """Spoil an event of a day of its own; all others can be saved."""
    world.log("lost.jsonl", event("2026-01-02T08:00:00Z", 1, 0, id="lost"))
    world.run("collect")
    path = world.root / "state" / "ledger.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE event SET input = 7 WHERE at = (SELECT min(at) FROM event)")
        db.commit()
    (world.vault / "logs" / "lost.jsonl").unlink()
    return path


def rebuild(world: World) -> None:
    """Make the ledger anew without the event that was spoiled."""
    world.run("ledger", "rebuild")
    world.run("ledger", "check")


@pytest.fixture(params=["alone", "with a backup", "with a backup of before"])
def ruin(world: World, request: pytest.FixtureRequest) -> World:
    """A damaged ledger of a document of three runs; the backup is of then, or of when a run was another."""
    if request.param == "with a backup of before":
        day(world, 100, 200, 299, age=7200)
        world.run("collect")
        world.run("ledger", "backup")
    day(world, 100, 200, 300)
    world.run("collect")
    if request.param == "with a backup":
        world.run("ledger", "backup")
    damage(world)
    return world


SAME = pytest.mark.parametrize("ruin", ["alone", "with a backup"], indirect=True)
"""Without a backup of before: only the document can tell that a run of it is none any more."""


def test_a_document_that_is_edited_later_counts_once(ruin: World) -> None:
    rebuild(ruin)
    assert held(ruin) == (3, 600)
    day(ruin, 100, 200, 333, age=600)
    ruin.run("collect")
    assert held(ruin) == (3, 633)


def test_a_document_that_was_edited_before_counts_once(ruin: World) -> None:
    day(ruin, 100, 200, 333, age=600)
    rebuild(ruin)
    assert held(ruin) == (3, 633)
    ruin.run("collect")
    assert held(ruin) == (3, 633)


@pytest.mark.parametrize("moved", ["logs/old/day.json", "logs/renamed.json"])
def test_a_document_that_was_moved_is_known_again(ruin: World, moved: str) -> None:
    target = ruin.vault / moved
    target.parent.mkdir(exist_ok=True)
    (ruin.vault / DAY).rename(target)
    rebuild(ruin)
    assert held(ruin) == (3, 600)
    day(ruin, 100, 200, 333, path=moved, age=600)
    ruin.run("collect")
    assert held(ruin) == (3, 633)


@SAME
def test_events_of_a_document_that_is_gone_stay_until_it_comes_back_edited(ruin: World) -> None:
    (ruin.vault / DAY).unlink()
    rebuild(ruin)
    ruin.run("collect")
    assert held(ruin) == (3, 600)
    day(ruin, 100, 200, 333, age=600)
    ruin.run("collect")
    assert held(ruin) == (3, 633)


@SAME
def test_a_document_that_cannot_be_read_now_keeps_what_it_said(ruin: World) -> None:
    ruin.write(DAY, "{", age=900)
    rebuild(ruin)
    assert held(ruin) == (3, 600)
    day(ruin, 100, 200, 333, age=600)
    ruin.run("collect")
    assert held(ruin) == (3, 633)


def test_what_a_copy_says_is_not_taken_back_with_the_document(world: World) -> None:
    day(world, 100, 200, 300)
    copy = day(world, 100, 200, 300, path="logs/copy.json")
    world.run("collect")
    damage(world)
    copy.unlink()
    day(world, 100, 200, 333, age=600)
    rebuild(world)
    assert held(world) == (4, 933)


def test_a_log_of_which_only_the_end_is_left_loses_nothing(world: World) -> None:
    world.log("a.jsonl", *(event(f"2026-01-09T0{hour}:00:00Z", 100, 0) for hour in (1, 2, 3)))
    world.run("collect")
    damage(world)
    world.log("a.jsonl", event("2026-01-09T03:00:00Z", 100, 0), event("2026-01-09T04:00:00Z", 5, 0), age=60)
    rebuild(world)
    assert held(world) == (4, 305)


@pytest.mark.parametrize(("rows", "wanted"), [((0, 1), (2, 300)), ((0, 1, 2), (3, 603))])
def test_a_table_that_was_edited_or_has_grown_counts_once(
    world: World, rows: Sequence[int], wanted: tuple[int, int]
) -> None:
    lines = [f"2026-01-09T0{n}:00:00Z,anthropic,claude-opus-4-5,{(100, 200, 303)[n]},0" for n in range(3)]
    export(world, lines[0], lines[1], lines[2].replace("303", "300"), age=3600)
    world.run("collect")
    damage(world)
    export(world, *(lines[n] for n in rows), age=60)
    rebuild(world)
    assert held(world) == wanted
