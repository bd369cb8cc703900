"""The sketches that the program grew from, from log to note."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal

from tests.sync.conftest import World, event


def day_of_runs() -> str:
    """Three runs of 15,000 tokens in and 3,000 out, with what they did and a rough estimate of the cost."""
    run = {
        "run_type": "scheduled",
        "model": "claude-opus-4-5",
        "provider": "anthropic",
        "tokens": {"input": 15_000, "output": 3_000, "total": 18_000},
        "metrics": {"conversations_processed": 5, "messages_sent": 10, "errors": 0},
    }
    runs = [{"timestamp": f"2026-01-07T{h}:30:00Z", "run_log": f"run-{h}", **run} for h in ("08", "14", "20")]
    totals = {
        "runs": 3,
        "tokens": {"input": 45_000, "output": 9_000, "total": 54_000},
        "estimated_cost_usd": 0.81,
    }
    outcomes = {"conversations_processed": 15, "messages_sent": 30}
    return json.dumps({"date": "2026-01-07", "runs": runs, "totals": totals, "outcomes": outcomes})


def row(note: str, *starts: str) -> list[str]:
    """Cells of the first table row of a note that begins with some cells."""
    for line in note.splitlines():
        cells = [cell.strip().strip("*") for cell in line.lstrip("> ").strip("|").split("|")]
        if cells[: len(starts)] == list(starts):
            return cells
    raise AssertionError(f"no row {starts} in\n{note}")


def test_a_day_of_runs_says_what_a_message_a_conversation_and_a_run_cost(world: World) -> None:
    world.now = datetime(2026, 1, 7, 22, tzinfo=UTC)
    world.write("logs/2026-01-07.json", day_of_runs())
    world.run("daily")
    note = world.read("Daily/2026-01-07.md")
    cost = Decimal(45_000 * 5 + 9_000 * 25) / 1_000_000
    assert row(note, "anthropic", "claude-opus-4-5")[2:6] == ["3", "45,000", "9,000", f"{cost:.4f}"]
    assert row(note, "runs")[1:3] == ["3", f"{cost / 3:.4f}"]
    assert row(note, "messages sent")[1:3] == ["30", f"{cost / 30:.4f}"]
    assert row(note, "conversations processed")[1:3] == ["15", f"{cost / 15:.4f}"]
    assert row(note, "messages sent")[3] == f"{Decimal(30 * 1000) / 54_000:.2f}"
    assert "0.8100" in note  # what the log itself states, beside it


def test_three_providers_make_a_table_with_sessions_average_and_total(world: World) -> None:
    world.now = datetime(2025, 7, 9, 20, tzinfo=UTC)
    events = [
        event(
            "2025-07-09T10:15:00Z", 1500, 800, model_provider="openai", model_name="gpt-4", session_id="s1"
        ),
        event("2025-07-09T10:16:00Z", 2200, 1500, model_name="claude-3-opus-20240229", session_id="s2"),
        event(
            "2025-07-09T10:17:00Z",
            1800,
            950,
            model_provider="google",
            model_name="gemini-1.5-pro",
            session_id="s3",
        ),
    ]
    world.log("events.jsonl", *events)
    world.run("daily")
    note = world.read("Daily/2025-07-09.md")
    assert row(note, "openai", "gpt-4")[2:6] == ["1", "1,500", "800", "0.0930"]
    assert row(note, "anthropic")[2:6] == ["1", "2,200", "1,500", "0.1455"]
    assert row(note, "google", "gemini-1.5-pro")[2:6] == ["1", "1,800", "950", "0.0070"]
    assert row(note, "Total")[2:6] == ["3", "5,500", "3,250", "0.2455"]
    sessions = note[note.index("Per session") :]
    assert row(sessions, "Total")[2:5] == ["3", "8,750", "2,917"]


def test_a_week_rolls_up_seven_days_and_a_quarter_thirteen_weeks(world: World) -> None:
    days = [event(f"2026-01-0{d}T08:00:00Z", 1000 * d, 0) for d in range(5, 10)]
    world.log("a.jsonl", *days, event("2025-12-31T08:00:00Z", 9_000, 0))
    world.write("Quarterly/2026-Q1.md", "---\nllm_budget_usd: 13\n---\n")
    world.run("daily")
    week, quarter = world.read("Weekly/2026-W02.md"), world.read("Quarterly/2026-Q1.md")
    labels = ["Mon 5", "Tue 6", "Wed 7", "Thu 8", "Fri 9", "Sat 10", "Sun 11"]
    rows = {label: row(week, label) for label in labels}
    assert [rows[label][2] for label in labels] == ["5,000", "6,000", "7,000", "8,000", "9,000", "", ""]
    assert row(week, "Total")[1:4] == ["5", "35,000", "0.1750"]
    weeks = re.findall(r"^\| W\d\d ", quarter, re.MULTILINE)
    assert len(weeks) == 14  # Thursday to Tuesday: thirteen weeks that a quarter cuts into fourteen
    assert "13.00" in row(quarter, "Total")


def test_a_quarter_of_weeks_has_thirteen(world: World) -> None:
    world.write("vaultsync.yaml", world.read("vaultsync.yaml") + "quarter: weeks\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    quarter = world.read("Quarterly/2026-Q1.md")
    weeks = re.findall(r"^\| W\d\d ", quarter, re.MULTILINE)
    assert len(weeks) == 13
