"""The scheduler's command: what it refreshes, what it leaves, and that it does nothing twice."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.sync.conftest import World, event
from vaultsync.vault import properties, section


def test_todays_note_gets_its_section_and_properties(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", 15_000, 3_000))
    world.write("Daily/2026-01-09.md", "# Friday\n\nMy words.\n")
    done = world.run("daily")
    note = world.read("Daily/2026-01-09.md")
    assert "wrote Daily/2026-01-09.md" in done.output
    assert "My words." in note
    assert "0.1500" in note  # 15,000 x 5 + 3,000 x 25 per million
    assert properties.read(note)[0]["llm_tokens"] == 18_000


def test_a_second_run_writes_nothing(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"), event("2026-01-05T08:00:00Z"))
    world.write("Daily/2026-01-09.md", "# Friday\n")
    world.write("Daily/2026-01-05.md", "# Monday\n")
    world.run("daily")
    before = {p: p.stat().st_mtime_ns for p in world.vault.rglob("*.md")}
    assert world.run("daily", "-q").output == ""
    assert world.run("daily", "--check").output == ""
    assert world.run("sync", "--check", "--since", "2026-01-09").output == ""
    assert before == {p: p.stat().st_mtime_ns for p in world.vault.rglob("*.md")}


def test_a_late_log_refreshes_its_own_day_and_what_contains_it(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("Daily/2025-12-30.md", "# Tuesday\n")
    world.write("Weekly/2026-W01.md", "# Week 1\n")
    world.write("Quarterly/2025-Q4.md", "# Autumn\n")
    world.run("daily")
    assert world.read("Daily/2025-12-30.md") == "# Tuesday\n"
    world.log("late.jsonl", event("2025-12-30T08:00:00Z"))
    done = world.run("daily")
    for path in ("Daily/2025-12-30.md", "Weekly/2026-W01.md", "Quarterly/2025-Q4.md"):
        assert f"wrote {path}" in done.output
        assert "vaultsync:begin" in world.read(path)


def test_a_late_log_refreshes_notes_that_compare_themselves_with_its_day(world: World) -> None:
    world.log("a.jsonl", *(event(f"2026-01-0{day}T08:00:00Z") for day in (5, 6, 7)))
    for day in (6, 7):
        world.write(f"Daily/2026-01-0{day}.md", "# A day\n")
    world.run("sync")
    assert "as much as the day before" in world.read("Daily/2026-01-07.md")
    world.log("late.jsonl", event("2026-01-06T09:00:00Z"))
    world.run("daily")
    assert "▼ 50% against the day before" in world.read("Daily/2026-01-07.md")
    assert world.run("sync", "--check").output == ""


def test_missing_notes_of_past_days_are_left_to_sync(world: World) -> None:
    world.log("a.jsonl", event("2026-01-02T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    assert "1 past day has usage but no note" in world.run("daily").output
    assert not (world.vault / "Daily/2026-01-02.md").exists()
    assert (world.vault / "Daily/2026-01-09.md").exists()
    world.run("sync")
    assert "vaultsync:begin daily 2026-01-02" in world.read("Daily/2026-01-02.md")


def test_a_day_without_usage_and_without_block_stays_untouched(world: World) -> None:
    world.log("a.jsonl", event("2026-01-05T08:00:00Z"))
    world.write("Daily/2026-01-09.md", "# Friday\n\n## 💰 Token Usage Today\n")
    world.run("daily")
    assert world.read("Daily/2026-01-09.md") == "# Friday\n\n## 💰 Token Usage Today\n"


def test_yesterdays_unfinished_periods_are_told_once_more(world: World) -> None:
    world.log("a.jsonl", *(event(f"2026-01-0{d}T08:00:00Z") for d in range(5, 10)))
    world.write("Weekly/2026-W02.md", "# Week 2\n")
    world.run("daily")
    first = world.read("Weekly/2026-W02.md")
    world.now += timedelta(days=4)
    world.run("daily")
    finished = world.read("Weekly/2026-W02.md")
    assert "On course" in first
    assert "On course" not in finished


def test_an_edited_budget_shows_on_the_next_run(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", 15_000, 3_000))
    world.write("LLM Costs.md", "---\nllm_budget_daily_usd: 1\n---\n")
    world.run("daily")
    assert properties.read(world.read("Daily/2026-01-09.md"))[0]["llm_over_budget"] is False
    world.write("LLM Costs.md", world.read("LLM Costs.md").replace("usd: 1\n", "usd: 0.10\n"), age=60)
    world.run("daily")
    assert properties.read(world.read("Daily/2026-01-09.md"))[0]["llm_over_budget"] is True


def test_a_block_edited_by_hand_is_left_until_force(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    mine = world.read("Daily/2026-01-09.md").replace("claude-opus-4-5", "my favourite")
    world.write("Daily/2026-01-09.md", mine)
    world.log("b.jsonl", event("2026-01-09T09:00:00Z"))
    done = world.run("daily", code=3)
    assert "edited by hand" in done.stderr
    assert world.read("Daily/2026-01-09.md") == mine
    assert "edited by hand" in world.run("daily", code=3).stderr  # it is not forgotten
    world.run("daily", "--force")
    assert "my favourite" not in world.read("Daily/2026-01-09.md")
    world.run("undo", "Daily/2026-01-09.md")
    assert world.read("Daily/2026-01-09.md") == mine


def test_undo_gives_back_every_byte(world: World) -> None:
    old = b"---\r\nmood: calm\r\n---\r\n\r\n# Friday\r\n\r\nNo final line end"
    world.write("Daily/2026-01-09.md", old)
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    assert world.notes()["Daily/2026-01-09.md"] != old
    world.run("undo", "Daily/2026-01-09.md")
    assert world.notes()["Daily/2026-01-09.md"] == old


@pytest.mark.parametrize("path", ["/etc/hosts", "../elsewhere.md", "Daily/never.md"])
@pytest.mark.parametrize("how", [[], ["--dry-run"]])
def test_undo_of_what_was_never_written_says_so(world: World, path: str, how: list[str]) -> None:
    assert f"{path}: there is no backup of it" in world.run("undo", path, *how, code=3).stderr


def test_undo_says_which_note_goes_and_which_comes_back(world: World) -> None:
    world.write("Daily/2026-01-09.md", "# Friday\n")
    world.log("a.jsonl", event("2026-01-08T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    world.run("sync")
    offered = world.run("undo").stdout
    assert "would remove Daily/2026-01-08.md" in offered
    assert "would restore Daily/2026-01-09.md" in offered
    done = world.run("undo", "--all").stdout
    assert "removed Daily/2026-01-08.md" in done
    assert "restored Daily/2026-01-09.md" in done
    assert not (world.vault / "Daily/2026-01-08.md").exists()


def test_undo_shows_what_it_would_take_away(world: World) -> None:
    world.write("Daily/2026-01-09.md", "# Friday\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    before = world.notes()
    said = world.run("undo", "Daily/2026-01-09.md", "--diff").stdout
    assert "\n # Friday\n" in said and "\n-## 💰 Token Usage Today\n" in said
    assert world.notes() == before


def test_everything_outside_block_and_properties_stays(world: World) -> None:
    old = "---\ntags: [a, b]  # mine\n---\n# Friday\n\n```\n## 💰 Token Usage Today\n```\n\ntext  \n"
    world.write("Daily/2026-01-09.md", old)
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    note = section.remove(world.read("Daily/2026-01-09.md"), "daily").text
    ours = ["llm_cost_usd", "llm_tokens", "llm_requests", "llm_over_budget", "llm_period"]
    assert properties.remove(note, ours).text == old


def test_a_note_that_asks_for_it_is_left_alone(world: World) -> None:
    world.write("Daily/2026-01-09.md", "---\nvaultsync: false\n---\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily", "--force")
    assert world.read("Daily/2026-01-09.md") == "---\nvaultsync: false\n---\n"


@pytest.mark.parametrize("switch", ["--dry-run", "--diff", "--check"])
def test_looking_writes_no_note(world: World, switch: str) -> None:
    world.write("Daily/2026-01-09.md", "# Friday\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    done = world.run("daily", switch, code=5 if switch == "--check" else 0)
    assert list(world.notes()) == ["Daily/2026-01-09.md"]
    assert world.read("Daily/2026-01-09.md") == "# Friday\n"
    if switch == "--diff":
        assert "+%% vaultsync:begin daily 2026-01-09" in done.output
    world.run("daily")
    assert "vaultsync:begin" in world.read("Daily/2026-01-09.md")


def test_only_refreshes_daily_notes_and_forgets_nothing(world: World) -> None:
    world.write("Weekly/2026-W02.md", "# Week 2\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily", "--only")
    assert world.read("Weekly/2026-W02.md") == "# Week 2\n"
    world.run("daily")
    assert "vaultsync:begin weekly 2026-W02" in world.read("Weekly/2026-W02.md")


def test_a_deleted_log_changes_nothing(world: World) -> None:
    log = world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    before = world.notes()
    log.unlink()
    world.run("daily")
    world.run("sync")
    assert world.notes() == before


def test_a_template_with_commands_of_another_plugin_waits_for_the_app(world: World) -> None:
    world.write(".obsidian/core-plugins.json", '{"daily-notes": true}')
    world.write(".obsidian/daily-notes.json", '{"folder": "Daily", "template": "T/day"}')
    world.write("T/day.md", "# <% tp.date.now() %>\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    done = world.run("daily")
    assert "left Daily/2026-01-09.md" in done.output
    assert not (world.vault / "Daily/2026-01-09.md").exists()


def test_a_missing_note_is_made_from_its_template(world: World) -> None:
    world.write(".obsidian/core-plugins.json", '{"daily-notes": true}')
    world.write(".obsidian/daily-notes.json", '{"folder": "Daily", "template": "T/day"}')
    world.write("T/day.md", "# {{date:dddd}} {{title}}\n\n## 💰 Token Usage Today\n\n## Notes\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    note = world.read("Daily/2026-01-09.md")
    assert "# Friday 2026-01-09\n" in note
    assert note.index("Token Usage Today") < note.index("vaultsync:begin") < note.index("## Notes")


def test_a_run_with_nothing_new_loads_neither_pandas_nor_jinja2(world: World, tmp_path: Path) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily", "--date", "2026-01-09")
    code = (
        "import sys\nfrom vaultsync.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "heavy = {'pandas', 'numpy', 'jinja2', 'rich', *(f'vaultsync.{room}' for room in (\n"
        "    'aggregate', 'budget', 'insight', 'report', 'render', 'pricing', 'sync.notes', 'sync.telling',\n"
        "    'model.rates', 'model.told', 'vault.section', 'vault.properties'))} & set(sys.modules)\n"
        "sys.exit(f'loaded {sorted(heavy)}' if heavy else 0)\n"
    )
    command = [sys.executable, "-c", code, "daily", "--date", "2026-01-09", "--vault", str(world.vault)]
    env = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    assert "Nothing to do" in done.stdout


def test_nothing_but_notes_appears_in_the_vault(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    before = {p for p in world.vault.rglob("*") if p.is_file()}
    world.run("daily")
    new = {str(p.relative_to(world.vault)) for p in world.vault.rglob("*") if p.is_file()} - {
        str(p.relative_to(world.vault)) for p in before
    }
    assert new == {"Daily/2026-01-09.md", "Weekly/2026-W02.md", "Quarterly/2026-Q1.md", "LLM Costs.md"}


def test_a_cost_of_another_currency_does_not_stay_behind(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("pricing.yaml", "version: 1\nfx:\n  USD: [{valid_from: 2020-01-01, rate: '0.5'}]\n")
    world.run("daily")
    world.write("vaultsync.yaml", world.read("vaultsync.yaml") + "currency: EUR\n", age=60)
    world.run("daily")
    told = properties.read(world.read("Daily/2026-01-09.md"))[0]
    assert "llm_cost_usd" not in told
    assert told["llm_cost_eur"] == Decimal("0.0038")  # half of 0.0075, half to even
    world.run("daily", "--check")


@pytest.mark.parametrize(("left", "is_kept"), [(b"# Friday\n", False), (b"# Friday, saved by me\n", True)])
def test_what_a_killed_run_left_behind_is_cleared_and_a_save_of_the_user_kept(
    world: World, left: bytes, is_kept: bool
) -> None:
    world.write("Daily/2026-01-09.md", "# Friday\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    world.write("Daily/.2026-01-09.md.0a1b2c3d.vaultsync.tmp", left)
    world.log("b.jsonl", event("2026-01-09T09:00:00Z"))
    done = world.run("daily")
    assert not list((world.vault / "Daily").glob(".*"))
    kept = [p.read_bytes() for p in (world.root / "state").glob("rescued/*")]
    assert kept == ([left] if is_kept else [])
    assert ("another version of this note" in done.stderr) is is_kept
