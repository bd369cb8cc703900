"""Laws of the whole: sums tie out between ledger, report and notes; order and repetition do not matter."""

from __future__ import annotations

import itertools
import json
import random
import re
import shutil
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from tests.sync.conftest import World, event
from vaultsync.vault import properties

RATES = {"claude-opus-4-5": (5, 25), "claude-haiku-4-5": (1, 5), "gpt-5": (Decimal("1.25"), 10)}
PROVIDERS = {"claude-opus-4-5": "anthropic", "claude-haiku-4-5": "anthropic", "gpt-5": "openai"}


def usage(rng: random.Random, count: int) -> list[dict[str, object]]:
    """Events over some weeks around the turn of a year, of models whose rates stand above."""
    found = []
    for n in range(count):
        model = rng.choice(sorted(RATES))
        day = rng.choice(["2025-12-28", "2025-12-31", "2026-01-01", "2026-01-04", "2026-01-05", "2026-01-09"])
        when = f"{day}T{rng.randrange(24):02d}:{rng.randrange(60):02d}:00Z"
        more = {"id": f"c{n}", "project": rng.choice(["a", "b", None]), "session_id": f"s{n % 7}"}
        more |= {"model_provider": PROVIDERS[model], "model_name": model}
        found.append(event(when, rng.randrange(100_000), rng.randrange(5_000), **more))
    return found


def cost(events: list[dict[str, object]]) -> Decimal:
    """Cost by counting one event after another, without any of the program."""
    return (
        sum(
            (
                Decimal(int(e["input_tokens"])) * RATES[str(e["model_name"])][0]  # type: ignore[call-overload]
                + Decimal(int(e["output_tokens"])) * RATES[str(e["model_name"])][1]  # type: ignore[call-overload]
                for e in events
            ),
            Decimal(0),
        )
        / 1_000_000
    )


def report(world: World, *arguments: str) -> dict[str, object]:
    text = world.run("report", "--json", "--since", "2025-01-01", "--until", "2026-12-31", *arguments).output
    return dict(json.loads(text, parse_float=Decimal, parse_int=Decimal))


def test_any_grouping_has_the_total_of_the_events(world: World) -> None:
    events = usage(random.Random(1), 200)
    world.log("a.jsonl", *events)
    world.run("collect")
    dimensions = ("provider", "model", "project", "session", "action", "source")
    for by in (*itertools.combinations(dimensions, 1), *itertools.combinations(dimensions, 2)):
        for period in ("day", "week", "month", "quarter", "year"):
            found = report(world, period, "--by", ",".join(by))
            assert sum(row["cost"] for row in found["rows"]) == cost(events)  # type: ignore[attr-defined]
            assert found["totals"]["cost"] == cost(events)  # type: ignore[index]
            assert sum(row["events"] for row in found["rows"]) == 200  # type: ignore[attr-defined]


def test_notes_report_and_ledger_say_the_same(world: World) -> None:
    events = usage(random.Random(2), 150)
    world.log("a.jsonl", *events)
    world.run("sync", "--until", "2026-01-10")
    with closing(sqlite3.connect(world.root / "state/ledger.db")) as db:
        (tokens,) = db.execute("SELECT sum(input + output) FROM event").fetchone()
    assert report(world)["totals"]["total_tokens"] == tokens  # type: ignore[index]
    for kind, folder in (("day", "Daily"), ("week", "Weekly"), ("quarter", "Quarterly")):
        rows = {row["period"]: row for row in report(world, kind, "--by", "source")["rows"]}  # type: ignore[attr-defined]
        assert {f"{folder}/{label}.md" for label in rows} == {n for n in world.notes() if folder in n}
        for label, row in rows.items():
            told = properties.read(world.read(f"{folder}/{label}.md"))[0]
            places = 2 if row["cost"] >= 1 else 4
            assert told["llm_tokens"] == row["total_tokens"]
            assert Decimal(told["llm_cost_usd"]) == round(row["cost"], places)


def test_every_table_of_every_note_adds_up(world: World) -> None:
    world.log("a.jsonl", *usage(random.Random(3), 150))
    world.run("sync")
    checked = 0
    for note in world.notes().values():
        for table in re.findall(r"(?:^(?:> )?\|.*\n)+", note.decode(), re.MULTILINE):
            rows = [
                [c.strip(" *") for c in line.lstrip("> ").strip("|").split("|")]
                for line in table.splitlines()
            ]
            rows = [[cell.strip(" *") for cell in row] for row in rows]
            column = next((n for n, title in enumerate(rows[0]) if title in ("Calls", "Tokens")), None)
            if column is None or rows[-1][0] != "Total":
                continue
            counts = [int(row[column].replace(",", "") or 0) for row in rows[2:]]
            assert sum(counts[:-1]) == counts[-1], table
            checked += 1
    assert checked > 30


@pytest.mark.parametrize("seed", range(4))
def test_order_split_and_repetition_of_logs_do_not_matter(world: World, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    events = usage(rng, 60)
    world.log("all.jsonl", *events)
    world.run("sync")
    expected = world.notes()
    for path in [*world.notes()]:
        (world.vault / path).unlink()
    (world.vault / "logs/all.jsonl").unlink()
    shutil.rmtree(world.root / "state")
    shuffled = [*events, *rng.sample(events, 20)]
    rng.shuffle(shuffled)
    for part in range(4):
        world.log(f"{rng.randrange(1000):03d}-{part}.jsonl", *shuffled[part::4])
        world.run("sync")
    assert world.notes() == expected


def test_a_zone_decides_the_day_and_nothing_is_lost_at_midnight(world: World) -> None:
    world.log("a.jsonl", event("2026-01-08T22:59:59Z"), event("2026-01-08T23:00:00Z"))
    world.run("collect")
    rows = report(world, "day", "--by", "source")["rows"]
    assert [row["period"] for row in rows] == ["2026-01-08", "2026-01-09"]  # type: ignore[attr-defined]


def test_unknown_is_not_zero(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", model_provider="acme", model_name="mystery-1"))
    world.run("daily")
    note = world.read("Daily/2026-01-09.md")
    assert report(world)["totals"]["cost"] is None  # type: ignore[index]
    assert "llm_cost_usd" not in note
    assert "no price" in note
    assert "No price for acme mystery-1" in note
    assert "mystery-1" in world.run("prices", "check").output


def test_prompts_never_leave_the_log(world: World) -> None:
    secret = "xyzzy-secret-phrase"
    more = {"note": secret, "prompt": secret, "messages": [{"content": secret}], "response": {"text": secret}}
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", **more), {"timestamp": secret, "input_tokens": 1})
    world.write(
        "logs/day.json", json.dumps({"date": "2026-01-09", "runs": [], "summary": secret, "totals": {}})
    )
    said = world.run("daily", "-v", code=None).output + world.run("report", "--json").output
    said += world.run("collect", "-v").output + world.run("doctor", code=None).output
    assert secret not in said.replace("\n", " ")
    for path in [p for p in world.root.rglob("*") if p.is_file() and "logs" not in p.parts]:
        assert secret.encode() not in path.read_bytes(), path


def test_every_event_can_be_found_and_its_price_explained(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", 15_000, 3_000))
    world.run("collect")
    listed = world.run("prices", "explain").output
    line = next(line for line in listed.splitlines() if "claude-opus-4-5" in line)
    told = world.run("prices", "explain", line.split()[0]).output
    assert "anthropic claude-opus-4-5" in told
    assert told.rstrip().endswith("0.15")


def test_show_holds_a_day_against_the_whole_budget_and_no_slivers_of_others(world: World) -> None:
    world.write("LLM Costs.md", "---\nllm_budget_monthly_usd: 31\nllm_budget_openai_monthly_usd: 2\n---\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("collect")
    told = [line.split() for line in world.run("show").output.splitlines() if "2026-01" in line]
    limits = [(row[0], row[1], row[2]) for row in told if len(row) > 2 and row[1] in ("everything", "openai")]
    expected = [("2026-01-09", "everything", "1.00")]
    assert limits == [*expected, ("2026-01", "everything", "31.00"), ("2026-01", "openai", "2.00")]


def test_a_note_names_the_budgets_it_asked_for_told_alone_or_with_others(world: World) -> None:
    world.log("a.jsonl", event("2026-01-05T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-05.md", "---\nllm_budget_usd: 1,50\n---\n")
    world.write("Daily/2026-01-09.md", "# Friday\n")
    world.run("daily")
    assert "1,50" in world.read("Daily/2026-01-05.md").partition("vaultsync:begin")[2]
    assert "1,50" in world.read("Weekly/2026-W02.md")
    assert "1,50" not in world.read("Daily/2026-01-09.md")
    assert "1,50" not in world.read("Quarterly/2026-Q1.md")
    assert world.run("weekly", "--check").exit_code == 0
    assert world.run("quarterly", "--check").exit_code == 0
