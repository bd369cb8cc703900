"""A missing note begins with its filled-in template, or is left for the app."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from vaultsync import periods
from vaultsync.vault.app import Place, Templater, VaultSettings, read_settings
from vaultsync.vault.create import Start, Wanted, start

NOW = datetime(2026, 1, 9, 6, 5, 9, tzinfo=UTC)
DAY = Place("daily", True, "Periodic Notes", "Daily", "YYYY/YYYY-MM-DD ddd")
WEEK = Place("weekly", True, "Periodic Notes", "W", "gggg-[W]ww")


def begin(
    vault: Path,
    template: str | None,
    place: Place = DAY,
    wanted: Wanted = "auto",
    settings: VaultSettings | None = None,
) -> Start:
    """What the note of 2026-01-07, or of its ISO week, begins with."""
    if template is not None:
        (vault / "T.md").write_bytes(template.encode())
        place = replace(place, template=vault / "T.md")
    settings = settings or read_settings(vault, locale="en-gb", environ={})
    day = date(2026, 1, 7)
    period = periods.week(day) if place.kind == "weekly" else periods.day(day)
    path = vault / "2026-W02.md" if place.kind == "weekly" else vault / "2026-01-07 Wed.md"
    return start(vault, place, period, path, settings, wanted=wanted, now=NOW)


def test_a_kind_without_template_begins_empty(tmp_path: Path) -> None:
    assert begin(tmp_path, None) == Start("")


def test_a_template_that_cannot_be_a_file_is_left_alone(tmp_path: Path) -> None:
    begun = begin(tmp_path, None, replace(DAY, template=tmp_path / "a\0b.md"))
    assert begun.text is None and "its template cannot be used" in begun.reason


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("# {{title}}\r\n", "# 2026-01-07 Wed\r\n"),
        ("{{date}} {{ DATE }}", "2026-01-07 Wed 2026-01-07 Wed"),
        ("{{date:dddd, Do MMMM}}", "Wednesday, 7th January"),
        ("{{time}} {{time:HH:mm:ss}}", "06:05 06:05:09"),
        ("{{date+1d:YYYY-MM-DD}} {{date-2w:DD.MM.}}", "2026-01-08 24.12."),
        ("{{date+1y:YYYY}} {{date+1M:MM}} {{date+90m:HH:mm}}", "2027 02 07:35"),
        ("[[{{yesterday}}]] [[{{tomorrow}}]]", "[[2026-01-06 Tue]] [[2026-01-08 Thu]]"),
        ("{{month:YYYY-MM-DD}} {{quarter:[Q]Q}} {{year:YYYY-MM-DD}}", "2026-01-01 Q1 2026-01-01"),
        ("plain { text }", "plain { text }"),
    ],
)
def test_the_variables_of_the_plugins_are_filled_in(tmp_path: Path, template: str, text: str) -> None:
    assert begin(tmp_path, template) == Start(text)


def test_the_core_plugin_writes_its_date_in_one_way(tmp_path: Path) -> None:
    assert begin(tmp_path, "{{date}}", replace(DAY, origin="Daily notes")) == Start("2026-01-07")


def test_a_weekly_template_knows_its_days(tmp_path: Path) -> None:
    template = "{{title}}: {{monday:YYYY-MM-DD}} to {{Sunday:YYYY-MM-DD}}"
    assert begin(tmp_path, template, WEEK) == Start("2026-W02: 2026-01-05 to 2026-01-11")


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("<% tp.date.now() %>", "Templater commands"),
        ("{{VALUE}}", "{{VALUE}}"),
        ("{{date+9999y:YYYY}}", "{{date+9999y:YYYY}}"),
        ("\ud800", "not UTF-8"),
    ],
)
def test_what_the_app_must_do_is_left_to_it(tmp_path: Path, template: str, reason: str) -> None:
    if template == "\ud800":
        (tmp_path / "T.md").write_bytes(b"\xff")
        found = begin(tmp_path, None, replace(DAY, template=tmp_path / "T.md"))
    else:
        found = begin(tmp_path, template)
    assert found.text is None
    assert reason in found.reason


def test_nothing_is_made_where_templater_runs_on_every_new_note(tmp_path: Path) -> None:
    settings = replace(read_settings(tmp_path, environ={}), templater=Templater(True, True))
    assert begin(tmp_path, None, settings=settings).text is None


def test_a_template_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    missing = replace(DAY, template=tmp_path / "gone.md")
    assert "no such note" in begin(tmp_path, None, missing).reason
    assert begin(tmp_path, None, missing, "always") == Start("")


def test_always_makes_the_note_with_commands_unrun(tmp_path: Path) -> None:
    assert begin(tmp_path, "<% x %> {{date:YYYY}}", wanted="always") == Start("<% x %> 2026")


def test_never_is_never(tmp_path: Path) -> None:
    assert begin(tmp_path, None, wanted="never").text is None
