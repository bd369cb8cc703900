"""Commands that write notes: what they ask of a run, what they say, how they end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Cli, note
from vaultsync.model import Issue
from vaultsync.sync import Collected, Options, Outcome, SourceCount

Answer = Callable[[Any], None]
DIFF = "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new\n"


def collected(*issues: Issue) -> Collected:
    """Two new calls, and what was wrong."""
    return Collected((SourceCount("claude-code", 1, 1, 2),), issues)


def test_without_a_date_it_is_today_in_the_zone_of_the_vault(cli: Cli, asked: list[Any]) -> None:
    cli("daily")
    assert asked[1] == ("daily", date(2026, 1, 8), Options())
    assert asked[-1] == ("closed",)


@pytest.mark.parametrize("kind", ["weekly", "monthly", "quarterly", "yearly"])
def test_a_period_command_refreshes_the_note_of_its_day(cli: Cli, asked: list[Any], kind: str) -> None:
    cli(kind, "--date", "2025-12-31")
    assert asked[1] == (kind, date(2025, 12, 31), Options())


def test_the_dashboard_is_of_today(cli: Cli, asked: list[Any]) -> None:
    cli("dashboard")
    assert asked[1] == ("dashboard", date(2026, 1, 8), Options())
    assert cli("dashboard", "--date", "2026-01-01").exit_code == 2


def test_every_switch_reaches_the_run(cli: Cli, asked: list[Any]) -> None:
    cli("daily", "--dry-run", "--diff", "--check", "--force", "--adopt", "--only", "--strict")
    assert asked[1][2] == Options(True, True, True, True, True, True, True)


def test_a_range_includes_its_last_day(cli: Cli, asked: list[Any]) -> None:
    cli("sync", "--since", "2026-01-01", "--until", "2026-01-31")
    assert asked[1] == ("sync", date(2026, 1, 1), date(2026, 2, 1), Options())


def test_a_range_without_bounds_is_everything(cli: Cli, asked: list[Any]) -> None:
    cli("sync")
    assert asked[1] == ("sync", None, None, Options())


def test_a_range_that_ends_before_it_begins_is_refused(cli: Cli, asked: list[Any]) -> None:
    assert cli("sync", "--since", "2026-02-01", "--until", "2026-01-01").exit_code == 2
    assert asked == []


def test_what_was_written_is_said_with_its_period(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(collected(), (note(vault, "written"), note(vault, "unchanged"))))
    result = cli("daily")
    assert result.stdout == "2 new calls from claude-code\nwrote 2026-01-07.md (daily 2026-01-07)\n"
    assert (result.exit_code, result.stderr) == (0, "")


def test_nothing_to_do_is_said_in_one_line(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(Collected(), (note(vault, "unchanged"),)))
    assert cli("daily").stdout == "Nothing to do: all notes are up to date.\n"


def test_verbose_names_unchanged_notes_too(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(notes=(note(vault, "unchanged"),)))
    assert "unchanged 2026-01-07.md" in cli("daily", "-v").stdout


def test_a_note_left_by_the_rules_is_told_with_its_reason_and_is_no_trouble(
    cli: Cli, vault: Path, answer: Answer
) -> None:
    answer(Outcome(notes=(note(vault, "left", "its template needs Templater"),)))
    result = cli("daily")
    assert "left 2026-01-07.md (daily 2026-01-07): its template needs Templater\n" in result.stdout
    assert result.exit_code == 0


def test_a_skipped_note_goes_to_standard_error_and_ends_with_3(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(notes=(note(vault, "skipped", "the end marker is missing."), note(vault, "written"))))
    result = cli("daily", "-q")
    assert result.stderr == "2026-01-07.md: the end marker is missing.\n"
    assert (result.exit_code, result.stdout) == (3, "")


def test_check_ends_with_5_when_a_note_would_change_and_says_nothing(
    cli: Cli, vault: Path, answer: Answer
) -> None:
    answer(Outcome(notes=(note(vault, "would-write"),)))
    result = cli("daily", "--check")
    assert (result.exit_code, result.output) == (5, "")


def test_check_ends_with_0_when_all_is_up_to_date(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(notes=(note(vault, "unchanged"),)))
    assert cli("daily", "--check").exit_code == 0


def test_a_skipped_note_is_worse_than_one_that_would_change(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(notes=(note(vault, "would-write"), note(vault, "skipped", "no."))))
    assert cli("daily", "--check").exit_code == 3


def test_a_dry_run_says_what_would_change_and_ends_with_0(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(notes=(note(vault, "would-create"),)))
    result = cli("daily", "--dry-run")
    assert result.stdout == "would create 2026-01-07.md (daily 2026-01-07)\n"
    assert result.exit_code == 0


def test_a_diff_is_shown_even_when_quiet(cli: Cli, vault: Path, answer: Answer) -> None:
    answer(Outcome(notes=(note(vault, "would-write", diff=DIFF),)))
    assert cli("daily", "--diff", "-q").stdout == DIFF
    assert DIFF not in cli("daily", "--dry-run").stdout


def test_rejected_lines_are_named_and_no_trouble_unless_strict(cli: Cli, answer: Answer) -> None:
    answer(Outcome(collected(Issue("a.jsonl", 3, "input tokens is -5; counts cannot be negative."))))
    result = cli("daily")
    assert result.stderr == "a.jsonl:3: input tokens is -5; counts cannot be negative.\n"
    assert result.exit_code == 0
    assert cli("daily", "--strict").exit_code == 3


def test_a_line_that_was_counted_is_no_trouble_even_when_strict(cli: Cli, answer: Answer) -> None:
    answer(Outcome(collected(Issue("a.jsonl", 3, "the total differs.", rejected=False))))
    assert cli("daily", "--strict").exit_code == 0


def test_many_issues_are_cut_with_their_number_and_verbose_names_all(cli: Cli, answer: Answer) -> None:
    issues = [Issue("a", n, "reported.", rejected=False) for n in range(1, 2001)] + [
        Issue("b", 1, "rejected.")
    ]
    answer(Outcome(collected(*issues)))
    lines = cli("daily").stderr.splitlines()
    assert lines[0] == "b:1: rejected."
    assert lines[-1] == "... and 1,981 more such lines; -v lists them all."
    assert len(lines) == 21
    assert len(cli("daily", "-v").stderr.splitlines()) == 2001


def test_other_problems_are_named_on_standard_error(cli: Cli, answer: Answer) -> None:
    answer(Outcome(problems=("LLM Costs.md: llm_budget_monthly_usd is 'much'.",)))
    result = cli("daily", "-q")
    assert result.stderr == "LLM Costs.md: llm_budget_monthly_usd is 'much'.\n"
    assert result.exit_code == 0


# --- undo --------------------------------------------------------------------------------------


def test_undo_alone_only_says_what_it_could_bring_back(cli: Cli, vault: Path, asked: list[Any]) -> None:
    cli("undo")
    assert asked[1] == ("undo", None, Options(dry_run=True))


def test_undo_all_brings_back_the_last_run(cli: Cli, asked: list[Any]) -> None:
    cli("undo", "--all")
    assert asked[1] == ("undo", None, Options())


def test_undo_takes_a_note_from_here_or_from_the_vault(
    cli: Cli, vault: Path, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    (vault / "Daily").mkdir()
    (vault / "Daily/a.md").write_text("x")
    monkeypatch.chdir(vault / "Daily")
    cli("undo", "a.md")
    cli("undo", "Daily/a.md", "--force")
    calls = [entry for entry in asked if entry[0] == "undo"]
    assert calls == [
        ("undo", vault / "Daily/a.md", Options()),
        ("undo", vault / "Daily/a.md", Options(force=True)),
    ]


def test_undo_of_one_note_and_of_all_at_once_is_refused(cli: Cli) -> None:
    assert cli("undo", "a.md", "--all").exit_code == 2
