"""What a scheduled run finds again: edits, deletions, other days, other vaults of the same ledger."""

from __future__ import annotations

import errno
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import CONFIG, World, event
from vaultsync.sync.telling import Telling
from vaultsync.vault import locate, properties

IDLE = "Nothing to do: all notes are up to date.\n"
TODAY, TEMPLATED = "Daily/2026-01-09.md", '{"folder": "Daily", "template": "T/day"}'


def second(world: World) -> World:
    """Another vault with a folder of the same name, that shares logs and ledger with the first."""
    other = World(world.root / "elsewhere", world.now)
    config = CONFIG.replace("logs: [logs]", f"logs: [{world.vault / 'logs'}]")
    other.write("vaultsync.yaml", config.replace("../state/", f"{world.root}/state/"))
    return other


def test_every_vault_of_a_ledger_hears_of_every_change(world: World) -> None:
    other = second(world)
    for one in (world, other):
        one.write(TODAY, "# Friday\n")
    for hour in (8, 9):
        world.log(f"{hour}.jsonl", event(f"2026-01-09T0{hour}:00:00Z"))
        world.run("daily")
        other.run("daily")
        assert other.notes()[TODAY] == world.notes()[TODAY]
    assert world.run("daily").output == other.run("daily").output == IDLE


def test_a_vault_knows_only_its_own_notes(world: World) -> None:
    other = second(world)
    world.log("a.jsonl", event("2026-01-05T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-05.md", "# Monday\n")
    world.run("daily")
    other.run("daily")
    assert other.run("daily").output == IDLE
    assert "Daily/2026-01-05.md" not in other.notes()


def test_undo_gives_back_the_bytes_of_this_vault(world: World) -> None:
    other = second(world)
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write(TODAY, "# Mine\n")
    other.write(TODAY, "# Yours\n")
    for one in (world, other):
        one.run("daily")
    for one in (world, other):
        one.run("undo", TODAY)
    assert (world.read(TODAY), other.read(TODAY)) == ("# Mine\n", "# Yours\n")


def test_a_deleted_past_note_is_looked_for_once(world: World) -> None:
    world.log("a.jsonl", event("2026-01-05T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    past = world.write("Daily/2026-01-05.md", "# Monday\n")
    world.run("daily")
    past.unlink()
    world.run("daily")
    assert not past.exists()
    assert world.run("daily").output == IDLE


def test_notes_of_a_kind_that_is_kept_no_more_trouble_nobody(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    world.write("vaultsync.yaml", CONFIG.replace("weekly: {folder: Weekly}", "weekly: {enabled: false}"))
    world.write("Weekly/2026-W02.md", "# Mine now\n")
    world.run("daily")
    assert world.run("daily").output == IDLE
    assert world.read("Weekly/2026-W02.md") == "# Mine now\n"


def test_a_run_for_an_earlier_day_opens_nothing_that_has_ended(world: World) -> None:
    world.log("a.jsonl", *(event(f"2026-01-0{day}T08:00:00Z") for day in range(5, 10)))
    world.write("Weekly/2026-W02.md", "# Week 2\n")
    world.now += timedelta(days=4)
    world.run("daily")
    told = world.notes()
    world.log("late.jsonl", event("2026-01-07T09:00:00Z"))
    world.run("daily", "--date", "2026-01-06")
    assert "On course" not in world.read("Weekly/2026-W02.md")
    assert world.notes()["LLM Costs.md"] != told["LLM Costs.md"]
    before = world.notes()
    world.run("daily")
    assert world.notes() == before


def test_a_run_for_an_earlier_day_makes_its_note(world: World) -> None:
    world.log("a.jsonl", event("2026-01-06T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.run("daily")
    world.run("daily", "--date", "2026-01-06")
    assert "vaultsync:begin daily 2026-01-06" in world.read("Daily/2026-01-06.md")


def test_a_mistaken_date_to_come_spoils_no_later_run(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    right = world.notes()
    world.run("daily", "--date", "2062-01-09")
    world.run("daily")
    assert {name: world.notes()[name] for name in right} == right


def test_a_budget_in_a_weekly_note_reaches_its_days(world: World) -> None:
    world.log("a.jsonl", event("2026-01-07T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-07.md", "# Wednesday\n")
    world.write("Weekly/2026-W02.md", "# Week 2\n")
    world.run("daily")
    assert properties.read(world.read("Daily/2026-01-07.md"))[0]["llm_over_budget"] is False
    week = world.read("Weekly/2026-W02.md").replace("---\n", "---\nllm_budget_usd: 0.01\n", 1)
    world.write("Weekly/2026-W02.md", week, age=60)
    world.run("daily")
    assert properties.read(world.read("Daily/2026-01-07.md"))[0]["llm_over_budget"] is True


def test_words_written_into_the_dashboard_tell_no_past_note_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log("a.jsonl", event("2026-01-01T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-01.md", "# Thursday\n")
    world.run("daily")
    world.write("LLM Costs.md", world.read("LLM Costs.md") + "\nMy words.\n", age=60)
    told: list[str] = []
    tell = Telling.tell
    monkeypatch.setattr(
        Telling, "tell", lambda self, target: told.append(target.period.label) or tell(self, target)
    )
    world.run("daily")
    assert "2026-01-09" in told
    assert "2026-01-01" not in told


def test_results_counted_in_a_past_daily_note_reach_its_week(world: World) -> None:
    world.write("vaultsync.yaml", f"{CONFIG}outcomes: [poems]\n")
    world.log("a.jsonl", event("2026-01-02T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-02.md", "---\npoems: 1\n---\n")
    world.write("Weekly/2026-W01.md", "# Week 1\n")
    world.run("daily")
    before = world.read("Weekly/2026-W01.md")
    world.write(
        "Daily/2026-01-02.md", world.read("Daily/2026-01-02.md").replace("poems: 1", "poems: 4"), age=60
    )
    world.run("daily")
    assert "poems" in before
    assert world.read("Weekly/2026-W01.md") != before


def test_a_note_that_the_app_makes_after_the_run_is_filled_by_the_next(world: World) -> None:
    world.write(".obsidian/core-plugins.json", '{"daily-notes": true}')
    world.write(".obsidian/daily-notes.json", TEMPLATED)
    world.write("T/day.md", "# <% tp.date.now() %>\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    assert world.run("daily").output == IDLE
    world.write(TODAY, "# Friday\n")
    world.run("daily")
    assert "vaultsync:begin daily 2026-01-09" in world.read(TODAY)


def test_daily_notes_alone_are_idle_on_their_own(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily", "--only")
    assert world.run("daily", "--only").output == IDLE
    assert "Weekly/2026-W02.md" not in world.notes()


def test_a_note_that_cannot_be_made_is_tried_again(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    inside: Path = world.write("Daily", "in the way of the folder")
    assert "Daily" in world.run("daily", code=3).stderr
    assert "Daily" in world.run("daily", code=3).stderr
    inside.unlink()
    world.run("daily")
    assert world.run("daily").output == IDLE
    assert "vaultsync:begin" in world.read(TODAY)


def test_a_note_that_cannot_be_looked_for_costs_itself_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = locate.note_for

    def locked(vault: Path, where: locate.Place, *more: Any) -> locate.Located:
        if where.kind == "daily":
            raise PermissionError(errno.EACCES, "Permission denied", str(vault / "Daily"))
        return look(vault, where, *more)

    monkeypatch.setattr(locate, "note_for", locked)
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    assert (
        "the daily note of 2026-01-09 cannot be looked for: Permission" in world.run("daily", code=3).stderr
    )
    assert "vaultsync:begin weekly 2026-W02" in world.read("Weekly/2026-W02.md")
