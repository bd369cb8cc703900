"""The books of reading in `report --json`: lines read = counted + duplicate + pending + rejected."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import World, event

GOOD = json.dumps(event("2026-01-09T08:00:00Z", id="a"))
BAD = json.dumps(event("2026-01-09T08:00:00Z", -5))


def coverage(world: World) -> dict[str, Any]:
    """What the report says of what was read, after collecting."""
    world.run("collect")
    found: dict[str, Any] = json.loads(world.run("report", "--json").output)["coverage"]
    assert found["lines"]["read"] == sum(found["lines"].values()) - found["lines"]["read"]
    assert found["lines"]["rejected"] == sum(each["lines"] for each in found["rejected"])
    return found


def lines(world: World) -> tuple[int, ...]:
    """Read, counted, duplicate, pending, rejected."""
    told = coverage(world)["lines"]
    return tuple(told[name] for name in ("read", "counted", "duplicate", "pending", "rejected"))


def test_each_line_of_a_log_is_in_one_of_the_four(world: World) -> None:
    other = json.dumps(event("2026-01-09T09:00:00Z", id="b"))
    log = world.write("logs/a.jsonl", "\n".join([GOOD, BAD, GOOD, "garbage", other, GOOD[:40]]), age=1)
    said = coverage(world)
    assert said["lines"] == {"read": 6, "counted": 2, "duplicate": 1, "pending": 1, "rejected": 2}
    assert [(each["file"], each["line"]) for each in said["rejected"]] == [(str(log), 2), (str(log), 4)]
    assert said["rejected"][0]["reason"].startswith("input tokens is -5; counts cannot be negative.")


def test_what_is_added_to_a_log_adds_to_them(world: World) -> None:
    log = world.write("logs/a.jsonl", f"{GOOD}\n{BAD}\n", age=60)
    assert lines(world) == (2, 1, 0, 0, 1)
    world.write("logs/a.jsonl", log.read_text() + f"{BAD}\n{GOOD}\n", age=30)
    assert lines(world) == (4, 1, 1, 0, 2)
    assert [each["line"] for each in coverage(world)["rejected"]] == [2, 3]


def test_a_copy_is_told_again_and_so_is_what_is_read_anew(world: World) -> None:
    log = world.write("logs/a.jsonl", f"{GOOD}\n{BAD}\n")
    packed = log.parent / "a.jsonl.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert lines(world) == (4, 1, 1, 0, 2)
    os.utime(log, (1, 1))  # read on: there is nothing behind its end
    assert lines(world) == (4, 1, 1, 0, 2)
    os.utime(packed, (1, 1))
    assert lines(world) == (5, 1, 2, 0, 2)


def test_a_moved_log_takes_its_rejected_lines_with_it_and_one_that_is_gone_has_none(world: World) -> None:
    log = world.write("logs/a.jsonl", f"{GOOD}\n{BAD}\n")
    assert lines(world) == (2, 1, 0, 0, 1)
    moved = log.rename(log.with_name("b.jsonl"))
    assert [each["file"] for each in coverage(world)["rejected"]] == [str(moved)]
    moved.unlink()
    assert lines(world) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_a_mended_log_has_nothing_rejected_any_more(world: World, ending: str) -> None:
    mended = json.dumps(event("2026-01-09T08:00:00Z", 5))
    for first, age, expected in ((BAD, 3600, (2, 1, 0, 0, 1)), (mended, 600, (3, 2, 1, 0, 0))):
        text = f"{first}\n{GOOD}\n" if ending == "jsonl" else f"[{first}, {GOOD}]"
        world.write(f"logs/a.{ending}", text, age=age)
        assert lines(world) == expected


def test_an_edited_document_counts_what_it_says_now(world: World) -> None:
    world.write("logs/a.json", json.dumps([event(f"2026-01-09T0{n}:00:00Z") for n in range(4)]))
    assert lines(world) == (4, 4, 0, 0, 0)
    world.write("logs/a.json", json.dumps([event(f"2026-01-09T0{n}:00:00Z") for n in range(3)]), age=60)
    assert lines(world) == (6, 3, 3, 0, 0)


def test_past_a_thousand_only_their_number_is_told(world: World) -> None:
    world.write("logs/a.jsonl", f"{GOOD}\n" + f"{BAD}\n" * 1500)
    said = coverage(world)
    assert (len(said["rejected"]), said["lines"]["rejected"]) == (1001, 1500)
    assert said["rejected"][0] | {"lines": 500, "line": None} == {
        "file": str(world.vault / "logs/a.jsonl"),
        "line": None,
        "lines": 500,
        "reason": "500 more lines are rejected.",
    }


def test_a_file_that_no_collector_knows_is_one_until_it_is_gone(world: World) -> None:
    other = world.write("logs/novel.txt", "It was a dark night.\n")
    (world.vault / "logs/loop").symlink_to("loop")
    names = {Path(each["file"]).name: each["line"] for each in coverage(world)["rejected"]}
    assert names == {"loop": None, "novel.txt": None}
    other.unlink()
    (world.vault / "logs/loop").unlink()
    assert lines(world) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("names", [("a.1.jsonl", "a.jsonl"), ("b.jsonl", "a.jsonl")])
def test_each_rotated_log_keeps_its_own_rejected_lines(world: World, names: tuple[str, str]) -> None:
    """Whichever of the two is read first."""
    old, new = names
    log = world.write(f"logs/{new}", f"{GOOD}\n{BAD}\n")
    assert lines(world) == (2, 1, 0, 0, 1)
    rotated = log.rename(log.with_name(old))
    other = json.dumps(event("2026-01-09T09:00:00Z", id="b"))
    world.write(f"logs/{new}", f"{other}\n{BAD}\n{BAD}\n", age=60)
    for _ in range(2):
        found = [(Path(each["file"]), each["line"]) for each in coverage(world)["rejected"]]
        assert found == sorted([(rotated, 2), (log, 2), (log, 3)])


def test_a_log_that_takes_the_place_of_another_takes_its_rejected_lines_away(world: World) -> None:
    log = world.write("logs/a.jsonl", f"{GOOD}\n{BAD}\n")
    other = world.write("logs/b.jsonl", f"{BAD}\n{GOOD}\n{BAD}\n")
    assert lines(world)[4] == 3
    log.rename(other)
    assert [each["line"] for each in coverage(world)["rejected"]] == [2]


def test_what_cannot_be_read_for_a_while_leaves_the_rejected_lines_as_they_were(world: World) -> None:
    lines = [{"wann": "2026-01-09T08:00:00Z", "rein": count, "raus": 5} for count in (7, -7)]
    log = world.write("logs/a.odd", "\n".join(map(json.dumps, lines)) + "\n")
    without = world.read("vaultsync.yaml")
    columns = "{when: wann, input: rein, output: raus}"
    mapped = f"{without}mappings: [{{name: odd, files: '*.odd', format: jsonl, columns: {columns}}}]\n"
    for config, told in ((mapped, [2]), (without, [None, 2]), (mapped, [2])):
        world.write("vaultsync.yaml", config)
        found = coverage(world)["rejected"]
        assert [(each["file"], each["line"]) for each in found] == [(str(log), line) for line in told]


def test_a_run_on_other_logs_knows_nothing_of_what_it_did_not_look_at(world: World) -> None:
    world.write("logs/novel.txt", "It was a dark night.\n")
    world.write("elsewhere/a.jsonl", f"{GOOD}\n")
    assert lines(world) == (1, 0, 0, 0, 1)
    world.run("collect", "--logs", str(world.vault / "elsewhere"))
    assert json.loads(world.run("report", "--json").output)["coverage"]["lines"]["rejected"] == 1


def test_a_document_that_is_being_written_is_pending_until_it_is_whole(world: World) -> None:
    whole = json.dumps([event("2026-01-09T08:00:00Z")])
    world.write("logs/a.json", whole[:-9], age=5)
    assert lines(world) == (1, 0, 0, 1, 0)
    world.write("logs/a.json", whole, age=4)
    assert lines(world) == (1, 1, 0, 0, 0)


def test_a_note_counts_lines_of_logs_and_no_other_files(world: World) -> None:
    world.write("logs/novel.txt", "It was a dark night.\n")
    world.write("logs/a.jsonl", f"{GOOD}\n{BAD}\n")
    world.run("dashboard")
    assert "1 log line in 1 file could not be counted" in world.read("LLM Costs.md")


def test_a_run_without_news_writes_nothing_into_the_ledger(world: World) -> None:
    world.write("logs/novel.txt", "It was a dark night.\n")
    world.write("logs/a.jsonl", f"{GOOD}\n{BAD}\n")
    world.run("collect")
    before = (world.root / "state/ledger.db").read_bytes()
    world.run("collect")
    assert (world.root / "state/ledger.db").read_bytes() == before


def test_collect_says_what_is_pending(world: World) -> None:
    world.write("logs/a.jsonl", f"{GOOD}\n{GOOD[:40]}", age=1)
    titles, _, counts, *_ = world.run("collect").output.splitlines()
    assert dict(zip(titles.split(), counts.split(), strict=False))["pending"] == "1"
