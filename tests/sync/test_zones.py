"""Time zones: every zone shares the same calls out to its own days, and a change of zone does it anew."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.sync.conftest import CONFIG, World, event

EDGES = (
    "2010-11-07T02:30:30Z",  # St. John's goes back over midnight
    "2010-11-07T02:31:00Z",
    "2011-12-30T09:59:59Z",  # Apia leaves out a day
    "2011-12-30T10:00:00Z",
    "2016-12-31T23:59:60Z",  # a leap second
    "2024-03-30T21:59:59Z",  # Beirut has no midnight
    "2024-03-30T22:00:00Z",
    "2024-09-08T03:59:59Z",  # nor has Santiago
    "2024-09-08T04:00:00Z",
    "2024-11-03T04:30:00Z",  # Havana has two
    "2024-11-03T05:30:00Z",
    "2025-12-31T23:59:59Z",  # end of a day, month, quarter and year, not of a week
    "2026-01-01T00:00:00Z",
    "2026-01-04T23:59:59Z",  # end of an ISO week
    "2026-01-05T00:00:00Z",
    "2026-01-05T09:44:59.999999Z",
    "2027-01-03T23:59:59Z",  # end of week 53
)
ZONES = (
    *("UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Etc/GMT+12"),
    *("Pacific/Apia", "America/Santiago", "America/Havana", "Asia/Beirut", "Pacific/Chatham"),
)
FIRST, LAST = "2000-01-01T00:00:00Z", "2100-12-30T23:59:59.999999Z"
"""Of all that count and can be asked for in every zone."""
BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def report(world: World, period: str, zone: str) -> dict[str, Any]:
    """All years, cut into periods of a zone."""
    asked = ("--json", "--by", "source", "--until", "2100-12-31", "--timezone", zone)
    return dict(json.loads(world.run("report", period, *asked).output, parse_float=Decimal))


def move(world: World, zone: str) -> None:
    """Change the zone in the settings."""
    world.write("vaultsync.yaml", CONFIG.replace(BERLIN, zone))


# --- every zone --------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ZONES)
def test_every_call_is_of_one_period_of_each_kind(world: World, zone: str) -> None:
    """A call on any edge is counted on the day that the clocks of the zone show, and on no other."""
    world.log("edges.jsonl", *(event(when, 1 << n) for n, when in enumerate(EDGES)))
    world.run("collect")
    for period in ("day", "week", "month", "quarter", "year"):
        rows = report(world, period, zone)["rows"]
        assert sum(row["input_tokens"] for row in rows) == 2 ** len(EDGES) - 1
    found = {row["period"]: row["input_tokens"] for row in report(world, "day", zone)["rows"]}
    for n, when in enumerate((*EDGES[2:4], *EDGES[5:])):
        moment = datetime.fromisoformat(when).astimezone(ZoneInfo(zone))
        assert found[moment.date().isoformat()] & (1 << EDGES.index(when)), (n, when)
    assert (zone == "Pacific/Apia") <= ("2011-12-30" not in found)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_first_and_the_last_calls_are_of_some_year(world: World, zone: str) -> None:
    world.log("a.jsonl", event(FIRST), event(LAST))
    world.run("collect")
    assert [row["events"] for row in report(world, "year", zone)["rows"]] == [1, 1]


@pytest.mark.parametrize("seed", range(3))
def test_days_add_up_to_months_and_months_to_years(world: World, seed: int) -> None:
    rng = random.Random(seed)
    start = datetime(2024, 2, 25, tzinfo=UTC)
    moments = [start + timedelta(seconds=rng.randrange(900 * 86_400)) for _ in range(300)]
    world.log("a.jsonl", *(event(f"{when:%Y-%m-%dT%H:%M:%SZ}", rng.randrange(9999)) for when in moments))
    world.run("collect")
    totals = set()
    for zone in rng.sample(ZONES, 4):
        told = {period: report(world, period, zone) for period in ("day", "month", "quarter", "year")}
        for small, large in itertools.pairwise(told):
            sums: dict[str, Decimal] = {}
            for row in told[small]["rows"]:
                sums[inside(row["period"], large)] = (
                    sums.get(inside(row["period"], large), Decimal(0)) + row["cost"]
                )
            assert sums == {row["period"]: row["cost"] for row in told[large]["rows"]}
        totals |= {report["totals"]["cost"] for report in told.values()}
    assert len(totals) == 1


def inside(label: str, kind: str) -> str:
    """The label of the wider period."""
    if kind == "quarter":
        return f"{label[:4]}-Q{(int(label[5:7]) + 2) // 3}"
    return label[: {"month": 7, "year": 4}[kind]]


def test_a_time_before_2000_or_after_2100_is_rejected(world: World) -> None:
    world.log("a.jsonl", event("1999-12-31T23:59:59Z"), event("2101-01-01T00:00:00Z"), event(FIRST))
    said = world.run("collect").stderr
    assert "a.jsonl:1: timestamp is '1999-12-31T23:59:59Z'" in said
    assert "a.jsonl:2: timestamp is '2101-01-01T00:00:00Z'" in said
    assert report(world, "year", "UTC")["totals"]["events"] == 1


@pytest.mark.parametrize("source", ["flat-events", "claude-code"])
def test_a_call_more_than_two_days_ahead_counts_and_is_told(world: World, source: str) -> None:
    times = [world.now + timedelta(hours=48), world.now + timedelta(hours=48, seconds=1)]
    stamps = [f"{when:%Y-%m-%dT%H:%M:%SZ}" for when in times]
    rows = [event(stamp) for stamp in stamps] if source == "flat-events" else [*map(transcribed, stamps)]
    world.log("a.jsonl", *rows)
    assert world.run("collect").stderr.count("more than two days ahead") == 1
    (row,) = report(world, "month", "UTC")["rows"]
    assert (row["source"], row["events"]) == (source, 2)
    world.run("monthly")
    assert "1 event: dated more than two days ahead when read." in world.read("2026-01.md")


def transcribed(stamp: str) -> dict[str, Any]:
    """A row of a transcript of Claude Code."""
    usage = {"input_tokens": 10, "output_tokens": 20}
    message = {"id": f"msg_{stamp}", "model": "claude-opus-4-5", "stop_reason": "end_turn", "usage": usage}
    row = {"type": "assistant", "isSidechain": False, "timestamp": stamp, "sessionId": "s"}
    return {**row, "uuid": stamp, "requestId": f"req_{stamp}", "message": message}


# --- another zone ------------------------------------------------------------------------------


def lived_in(world: World, zone: str) -> dict[str, bytes]:
    """The notes of a vault that never had another zone, with equal notes and logs."""
    other = World(world.root / "lived", world.now)
    other.write("vaultsync.yaml", CONFIG.replace(BERLIN, zone))
    scene(other)
    other.run("sync", "--until", "2026-01-09")
    return other.notes()


def scene(world: World) -> None:
    """Calls at the edges of days, long ago and now, and a note of every day that they may be on."""
    nights = (
        "2025-09-30T22:30",
        "2025-12-31T23:30",
        "2026-01-04T18:20",
        "2026-01-05T02:00",
        "2026-01-08T23:00",
    )
    world.log("a.jsonl", *(event(f"{night}:00Z", 1000 + n) for n, night in enumerate(nights)))
    for day in ("2025-09-30", "2025-10-01", "2025-12-31", *(f"2026-01-0{n}" for n in (1, 4, 5, 8, 9))):
        world.write(f"Daily/{day}.md", f"# {day}\n")
    for week in ("2025-W40", "2026-W01", "2026-W02"):
        world.write(f"Weekly/{week}.md", f"# {week}\n")
    for quarter in ("2025-Q3", "2025-Q4", "2026-Q1"):
        world.write(f"Quarterly/{quarter}.md", f"# {quarter}\n")


@pytest.mark.parametrize("zone", [NEW_YORK, "Asia/Tokyo", "Asia/Kathmandu"])
def test_another_zone_files_all_history_anew_and_says_so(world: World, zone: str) -> None:
    scene(world)
    world.run("daily")
    before = world.notes()
    move(world, zone)
    said = world.run("daily").stdout
    assert f"The time zone is {zone} now, it was Europe/Berlin: all days are cut anew," in said
    after = world.notes()
    assert figures(after) == figures(lived_in(world, zone))
    assert figures(after) != figures(before)
    assert world.run("daily").output == "Nothing to do: all notes are up to date.\n"
    move(world, BERLIN)
    world.run("daily")
    assert figures(world.notes()) == figures(before)


def figures(notes: dict[str, bytes]) -> dict[str, list[str]]:
    """What notes say of calls and cost; a note without a call may say so, or nothing."""
    found = {}
    for path, data in notes.items():
        told = [
            line for line in data.decode().splitlines() if line.startswith(("llm_tokens:", "llm_cost_usd:"))
        ]
        if any(not line.endswith(": 0") for line in told):
            found[path] = told
    return found


def test_the_day_of_the_run_is_that_of_the_new_zone(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T19:00:00Z"))
    world.run("daily")
    move(world, "Pacific/Kiritimati")
    world.run("daily")
    assert "llm_requests: 1" in world.read("Daily/2026-01-10.md")
    assert "llm_requests: 0" in world.read("Daily/2026-01-09.md")


def test_a_check_tells_that_notes_would_change(world: World) -> None:
    scene(world)
    world.run("daily")
    move(world, NEW_YORK)
    before = world.notes()
    world.run("daily", "--check", code=5)
    assert world.notes() == before
    assert "The time zone is America/New_York now" in world.run("daily").stdout


# --- times that name no zone -------------------------------------------------------------------


def naive(world: World) -> None:
    """Logs of all kinds whose times name no zone: late in the evening, and early in the morning."""
    nights = ("2026-01-05T23:30:00", "2026-01-06T00:15:00")
    world.log("plain.jsonl", *(event(night, 1000 + n) for n, night in enumerate(nights)))
    world.log("named.jsonl", *(event(night, 2000 + n, id=f"c{n}") for n, night in enumerate(nights)))
    world.log("aware.jsonl", event("2026-01-06T02:00:00Z", 4000))
    head = "timestamp,model_provider,model_name,input_tokens,output_tokens,total_tokens\n"
    world.write("logs/table.csv", head + f"{nights[0]},anthropic,claude-opus-4-5,3000,1,3001\n")
    run = {
        "timestamp": nights[0],
        "run_type": "manual",
        "tokens": {"input": 5000, "output": 6, "total": 5006},
    }
    world.write("logs/2026-01-05.json", json.dumps({"date": "2026-01-05", "runs": [run]}))
    world.write(
        "logs/2026-01-06.json", json.dumps({"date": "2026-01-06", "totals": {"input": 7000, "output": 1}})
    )


def days(world: World, zone: str) -> dict[str, int]:
    """Input tokens by day."""
    found: Counter[str] = Counter()
    for row in report(world, "day", zone)["rows"]:
        found[row["period"]] += row["input_tokens"]
    return dict(found)


@pytest.mark.parametrize("zone", [NEW_YORK, "Asia/Tokyo"])
def test_times_without_a_zone_stay_on_their_day_and_count_once(world: World, zone: str) -> None:
    naive(world)
    world.run("collect")
    fixed = {"2026-01-05": 11_000, "2026-01-06": 10_002}
    assert days(world, BERLIN) == fixed | {"2026-01-06": 14_002}
    for where, day in ((zone, "2026-01-05" if zone == NEW_YORK else "2026-01-06"), (BERLIN, "2026-01-06")):
        move(world, where)
        world.run("collect")
        assert days(world, where) == fixed | {day: fixed[day] + 4000}
        assert world.run("collect").stderr == ""


def test_a_copy_of_a_log_adds_nothing_after_another_zone(world: World) -> None:
    naive(world)
    world.write("logs/copy.jsonl", world.read("logs/plain.jsonl"))
    world.run("collect")
    (world.vault / "logs/copy.jsonl").unlink()
    move(world, NEW_YORK)
    world.run("collect")
    world.write("logs/again.jsonl", world.read("logs/plain.jsonl"))
    world.run("collect")
    assert sum(days(world, NEW_YORK).values()) == 25_002


def test_a_log_that_is_gone_keeps_its_calls(world: World) -> None:
    naive(world)
    world.run("collect")
    for path in (world.vault / "logs").iterdir():
        path.unlink()
    move(world, NEW_YORK)
    world.run("collect")
    assert sum(days(world, NEW_YORK).values()) == 25_002


def test_a_log_that_grew_meanwhile_is_read_anew_as_a_whole(world: World) -> None:
    naive(world)
    world.run("collect")
    move(world, NEW_YORK)
    rows = [json.loads(line) for line in world.read("logs/plain.jsonl").splitlines()]
    world.log("plain.jsonl", *rows, event("2026-01-06T23:59:00", 9000), age=60)
    said = world.run("daily").stdout
    assert "1 new call from flat-events" in said
    assert days(world, NEW_YORK) == {"2026-01-05": 15_000, "2026-01-06": 19_002}
