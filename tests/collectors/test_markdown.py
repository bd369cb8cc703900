"""Usage in Markdown: sessions, token tables and pasted totals; never vaultsync's own words."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from tests.collectors.support import SAMPLES, events, issues, read, rejected, written
from vaultsync.collectors.logs.markdown import MarkdownLog
from vaultsync.collectors.reading import LogFile
from vaultsync.model import Finding, TokenCounts

SESSION = """#### Session 1 - title
- **Timestamp**: 2025-07-09 10:15:00
- **Model**: gpt-4
- **Input Tokens**: 1,500
- **Output Tokens**: 800
"""
TABLE = """## Token Usage

| Metric | Count |
|---|---|
| Input Tokens | 15,000 |
| Output Tokens | 3,000 |
"""
PASTED = "Token usage: 54161/200000; 145839 remaining\n"
DAY = datetime(2026, 1, 7, tzinfo=UTC)


def note(folder: Path, text: str, name: str = "note.md") -> list[Finding]:
    """Findings of a note."""
    return read(MarkdownLog(), written(folder / name, text))


def claimed(folder: Path, text: str, name: str = "note.md") -> bool:
    """Whether a note is taken for a log."""
    return MarkdownLog().claims(LogFile.look(written(folder / name, text)))


def test_sessions_of_the_sketch_add_up() -> None:
    found = events(read(MarkdownLog(), SAMPLES / "sessions.md"))
    assert sum((event.tokens for event in found), TokenCounts()) == TokenCounts(5500, output=3250)
    assert [event.cost for event in found] == [Decimal("0.069"), Decimal("0.185"), None]


@pytest.mark.parametrize(
    "line",
    [
        "- **Input Tokens**: 1,500",
        "* **Input Tokens:** 1500",
        "- Input tokens: `1,500`",
        "- **Prompt Tokens**: 1,500 tokens",
    ],
)
def test_labels_may_be_written_in_several_ways(tmp_path: Path, line: str) -> None:
    (event,) = events(note(tmp_path, SESSION.replace("- **Input Tokens**: 1,500", line)))
    assert event.tokens == TokenCounts(1500, output=800)


def test_rough_count_is_an_estimate(tmp_path: Path) -> None:
    (event,) = events(note(tmp_path, SESSION.replace("1,500", "~1,500 (approx.)")))
    assert event.tokens.input == 1500 and event.quality == "estimate"


def test_bad_count_names_the_session(tmp_path: Path) -> None:
    found = note(tmp_path, "\n\n" + SESSION.replace("800", "many") + SESSION)
    assert rejected(found) == [3] and len(events(found)) == 1


def test_label_that_stands_twice_is_rejected(tmp_path: Path) -> None:
    assert rejected(note(tmp_path, SESSION + "- **Input Tokens**: 7\n")) == [1]


def test_session_ends_at_the_next_heading(tmp_path: Path) -> None:
    (event,) = events(note(tmp_path, SESSION + "#### Ideas\n- **Input Tokens**: 7\n"))
    assert event.tokens.input == 1500


def test_session_without_counts_is_prose(tmp_path: Path) -> None:
    assert not claimed(tmp_path, "## Session 1 - planning\n- **Timestamp**: 10:00\n- bring cake\n")


@pytest.mark.parametrize(
    ("before", "name"),
    [
        *(
            ("# Run log 2026-01-07\n", "run.md"),
            ("---\ndate: 2026-01-07\n---\n", "run.md"),
            ("", "run_20260107.md"),
        ),
        *(("**Date**: 2026-01-07\n", "run.md"), ("", "2026-01-07 run 3.md")),
    ],
)
def test_date_comes_from_heading_front_matter_or_name(tmp_path: Path, before: str, name: str) -> None:
    (event,) = events(note(tmp_path, before + TABLE, name))
    assert event.when == DAY and event.flags == ("assumed_date",) and event.grain == "run"


def test_nearest_heading_dates_a_session(tmp_path: Path) -> None:
    session = SESSION.replace("- **Timestamp**: 2025-07-09 10:15:00\n", "- **Time**: 14:30\n")
    found = events(note(tmp_path, f"# 2026-01-06\n{session}# 2026-01-07\n{session}"))
    assert [event.when.isoformat()[:16] for event in found] == ["2026-01-06T14:30", "2026-01-07T14:30"]


def test_time_in_a_heading_is_as_good_as_a_timestamp(tmp_path: Path) -> None:
    (event,) = events(note(tmp_path, "# Run log 2026-01-07 14:30\n" + TABLE))
    assert event.when == datetime(2026, 1, 7, 14, 30, tzinfo=UTC) and not event.flags


def test_usage_without_any_date_is_rejected(tmp_path: Path) -> None:
    found = note(tmp_path, TABLE)
    assert not events(found) and "timestamp is missing" in issues(found)[0].text


def test_model_may_stand_in_the_front_matter(tmp_path: Path) -> None:
    front = "---\ndate: 2026-01-07\nmodel: claude-opus-4-5\nprovider: Anthropic\nproject: garden\n---\n"
    (event,) = events(note(tmp_path, front + TABLE))
    assert (event.provider, event.model, event.project) == ("anthropic", "claude-opus-4-5", "garden")


def test_pasted_line_is_a_total_without_a_split(tmp_path: Path) -> None:
    (event,) = events(note(tmp_path, "# 2026-01-07\n```\n" + PASTED + "```\n"))
    assert (event.unsplit, event.tokens.total) == (54161, 0) and "total_only" in event.flags


def test_pasted_line_without_a_date_is_rejected(tmp_path: Path) -> None:
    assert rejected(note(tmp_path, "words\n" + PASTED)) == [2]


def test_pasted_line_in_a_session_is_its_total(tmp_path: Path) -> None:
    (event,) = events(note(tmp_path, "#### Session 1\n- **Timestamp**: 2026-01-07 10:00\n" + PASTED))
    assert event.unsplit == 54161 and event.when.hour == 10


def test_pasted_line_beside_counts_adds_nothing(tmp_path: Path) -> None:
    (event,) = events(note(tmp_path, SESSION + PASTED))
    assert event.tokens.total == 2300 and event.unsplit == 0 and not event.flags


def test_table_that_repeats_its_sessions_adds_nothing(tmp_path: Path) -> None:
    same = TABLE.replace("15,000", "1,500").replace("3,000", "800")
    assert len(events(note(tmp_path, SESSION + same))) == 1 and not issues(note(tmp_path, SESSION + same))


def test_table_that_differs_from_its_sessions_is_told(tmp_path: Path) -> None:
    found = note(tmp_path, SESSION + TABLE)
    text = "the table says 15,000 and 3,000 tokens, the sessions add up to 1,500 and 800. The sessions count."
    assert len(events(found)) == 1 and [issue.text for issue in issues(found)] == [text]


def test_own_blocks_are_never_read_back(tmp_path: Path) -> None:
    begin = "%% vaultsync:begin daily 2026-01-07 sum=3f9c2a1b %%\n\n"
    block = f"{begin}{SESSION}{TABLE}{PASTED}\n%% vaultsync:end daily %%\n"
    assert not claimed(tmp_path, "# 2026-01-07\n" + block)
    assert len(events(note(tmp_path, block + SESSION))) == 1


def test_fences_hide_sessions_and_tables(tmp_path: Path) -> None:
    assert not claimed(tmp_path, f"# 2026-01-07\n~~~~\n{SESSION}~~~\n{TABLE}~~~~\n")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Words\n",
        "## Token Usage\n\nnone today\n",
        TABLE.replace("Token Usage", "Budget"),
        "---\ntokens: 5\n---\n",
    ],
)
def test_prose_is_not_claimed(tmp_path: Path, text: str) -> None:
    assert not claimed(tmp_path, text)


def test_only_markdown_is_claimed(tmp_path: Path) -> None:
    assert not claimed(tmp_path, SESSION, "note.txt") and claimed(tmp_path, SESSION, "note.md.gz")


def test_table_at_the_end_of_a_long_run_log_is_found(tmp_path: Path) -> None:
    found = note(tmp_path, "# 2026-01-07\n" + "words and words\n" * 8000 + TABLE)
    assert events(found)[0].tokens == TokenCounts(15000, output=3000)


def test_line_ends_and_byte_order_mark_have_no_effect(tmp_path: Path) -> None:
    assert events(note(tmp_path, "\ufeff" + SESSION.replace("\n", "\r\n"))) == events(note(tmp_path, SESSION))
