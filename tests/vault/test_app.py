"""Where notes live is read from the app's own files, in every version, and damage is only a warning."""

import json
from pathlib import Path

import pytest

from vaultsync.periods import WeekRule
from vaultsync.vault.app import Place, VaultSettings, read_settings

ENGLAND = {"LANG": "en_GB.UTF-8"}


def settings(
    vault: Path, said: dict[str, object], locale: str | None = None, **environ: str
) -> VaultSettings:
    """Settings of a vault whose config folder holds these files."""
    for name, content in said.items():
        path = vault / ".obsidian" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_settings(vault, locale=locale, environ=environ)


def told(place: Place) -> tuple[bool, str, str, str]:
    return place.used, place.origin, place.folder, place.format


PERIODIC = "plugins/periodic-notes/data.json"
CALENDAR = "plugins/calendar/data.json"
JOURNALS = "plugins/journals/data.json"
ON = {"community-plugins.json": ["periodic-notes", "calendar", "journals", "templater-obsidian"]}


def test_a_vault_that_says_nothing_keeps_daily_notes_only(tmp_path: Path) -> None:
    places = settings(tmp_path, {"app.json": {}}).places
    assert told(places["daily"]) == (True, "default", "", "YYYY-MM-DD")
    assert told(places["weekly"]) == (False, "default", "", "gggg-[W]ww")
    assert [places[kind].format for kind in ("monthly", "quarterly", "yearly")] == [
        "YYYY-MM",
        "YYYY-[Q]Q",
        "YYYY",
    ]
    assert not any(places[kind].used for kind in ("monthly", "quarterly", "yearly"))


def test_core_daily_notes(tmp_path: Path) -> None:
    said = {"folder": " /Journal\\Days/ ", "format": "YYYY/MM/YYYY-MM-DD", "template": "Templates/Daily"}
    place = settings(tmp_path, {"daily-notes.json": said}).places["daily"]
    assert told(place) == (True, "Daily notes", "Journal/Days", "YYYY/MM/YYYY-MM-DD")
    assert place.template == tmp_path / "Templates" / "Daily.md"


@pytest.mark.parametrize("plugins", [{"daily-notes": False}, ["file-explorer"]])
def test_a_core_plugin_that_is_off_keeps_no_notes(tmp_path: Path, plugins: object) -> None:
    found = settings(tmp_path, {"core-plugins.json": plugins, "daily-notes.json": {"folder": "Days"}})
    assert told(found.places["daily"]) == (False, "Daily notes", "Days", "YYYY-MM-DD")


@pytest.mark.parametrize("plugins", [{"daily-notes": True}, ["daily-notes"]])
def test_both_shapes_of_the_core_list(tmp_path: Path, plugins: object) -> None:
    assert settings(tmp_path, {"core-plugins.json": plugins}).places["daily"].used


def test_periodic_notes_of_the_store(tmp_path: Path) -> None:
    data = {
        "daily": {"enabled": True, "format": "", "folder": "D", "template": "T/d.md"},
        "weekly": {"enabled": True, "format": "GGGG-[W]WW", "folder": "W"},
        "monthly": {"format": "YYYY-MM", "folder": "M"},
    }
    places = settings(tmp_path, ON | {PERIODIC: data, "daily-notes.json": {"folder": "Core"}}).places
    assert told(places["daily"]) == (True, "Periodic Notes", "D", "YYYY-MM-DD")
    assert places["daily"].template == tmp_path / "T" / "d.md"
    assert told(places["weekly"]) == (True, "Periodic Notes", "W", "GGGG-[W]WW")
    assert not places["monthly"].used


def test_the_beta_of_periodic_notes_uses_its_active_set(tmp_path: Path) -> None:
    data = {
        "activeCalendarSet": "b",
        "calendarSets": [
            {"id": "a", "day": {"enabled": True, "folder": "A"}},
            {"id": "b", "quarter": {"enabled": True, "folder": "Q", "templatePath": "T/q"}},
        ],
    }
    places = settings(tmp_path, ON | {PERIODIC: data}).places
    assert told(places["quarterly"]) == (True, "Periodic Notes", "Q", "YYYY-[Q]Q")
    assert places["quarterly"].template == tmp_path / "T" / "q.md"
    assert places["daily"].origin == "default"


def test_a_plugin_that_is_not_in_the_list_does_not_count(tmp_path: Path) -> None:
    said = {PERIODIC: {"weekly": {"enabled": True}}, "community-plugins.json": ["dataview"]}
    assert not settings(tmp_path, said).places["weekly"].used


def test_calendar_keeps_weekly_notes_where_periodic_notes_does_not(tmp_path: Path) -> None:
    data = {"weeklyNoteFormat": "YYYY-[W]ww", "weeklyNoteFolder": "Weeks", "showWeeklyNote": True}
    found = settings(tmp_path, ON | {CALENDAR: data})
    assert told(found.places["weekly"]) == (True, "Calendar", "Weeks", "YYYY-[W]ww")


@pytest.mark.parametrize(
    "journals",
    [
        {
            "version": 3,
            "journals": {
                "Week log": {
                    "write": {"type": "week"},
                    "nameTemplate": "{{date}} {{journal_name}}",
                    "dateFormat": "GGGG-[W]WW",
                    "folder": "Log/{{date:YYYY}}",
                    "templates": ["T/week"],
                }
            },
        },
        {
            "journals": {
                "Week log": {
                    "week": {
                        "enabled": True,
                        "nameTemplate": "{{date}} {{journal_name}}",
                        "dateFormat": "GGGG-[W]WW",
                        "folder": "Log/{{date:YYYY}}",
                        "template": "T/week",
                    }
                }
            }
        },
    ],
)
def test_journals_of_both_shapes(tmp_path: Path, journals: object) -> None:
    place = settings(tmp_path, ON | {JOURNALS: journals}).places["weekly"]
    assert told(place) == (True, "Journals: Week log", "", "[Log]/YYYY/GGGG-[W]WW[ ][Week log]")
    assert place.template == tmp_path / "T" / "week.md"


def test_a_journal_with_unknown_variables_is_a_warning(tmp_path: Path) -> None:
    data = {"journals": {"J": {"write": {"type": "week"}, "nameTemplate": "{{index}}"}}}
    found = settings(tmp_path, ON | {JOURNALS: data})
    assert not found.places["weekly"].used
    assert "'J'" in found.warnings[0]


@pytest.mark.parametrize("damage", ["{", "[]", '{"daily": []}', "null", "", '"text"', "[" * 100_000])
def test_damaged_files_cost_only_themselves(tmp_path: Path, damage: str) -> None:
    found = settings(tmp_path, ON | {PERIODIC: damage, CALENDAR: damage, "daily-notes.json": damage})
    assert found.places["daily"].format == "YYYY-MM-DD"
    assert bool(found.warnings) == (damage in ("{", "[" * 100_000))


def test_the_config_folder_may_have_another_name(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".config-mobile").mkdir()
    (tmp_path / ".config-mobile" / "app.json").write_text('{"userIgnoreFilters": ["Archive/", "", 3]}')
    found = read_settings(tmp_path, environ={})
    assert found.config == tmp_path / ".config-mobile"
    assert found.ignore == ("Archive/",)


def test_templater(tmp_path: Path) -> None:
    data = {"trigger_on_file_creation": True, "templates_folder": "T"}
    found = settings(tmp_path, ON | {"plugins/templater-obsidian/data.json": data}).templater
    assert (found.enabled, found.on_creation, found.folder) == (True, True, "T")


# --- locale --------------------------------------------------------------------------------------


def test_the_users_own_locale_wins(tmp_path: Path) -> None:
    found = settings(tmp_path, ON | {CALENDAR: {"localeOverride": "de"}}, locale="fr", LANG="en_GB")
    assert (found.locale.name, found.locale_origin) == ("fr", "vaultsync.yaml")


def test_then_the_plugins(tmp_path: Path) -> None:
    found = settings(tmp_path, ON | {CALENDAR: {"localeOverride": "de"}}, LANG="en_GB")
    assert (found.locale.name, found.locale_origin) == ("de", "Calendar")


def test_then_the_systems(tmp_path: Path) -> None:
    found = settings(tmp_path, ON | {CALENDAR: {"localeOverride": "system-default"}}, LANG="en_GB.UTF-8")
    assert (found.locale.name, found.locale_origin) == ("en-gb", "the system")


def test_else_english(tmp_path: Path) -> None:
    found = settings(tmp_path, {}, LANG="C.UTF-8")
    assert (found.locale.name, found.locale_origin) == ("en", "default")


def test_an_unknown_locale_is_a_warning(tmp_path: Path) -> None:
    found = settings(tmp_path, {}, locale="tlh")
    assert found.locale.name == "en"
    assert "'tlh'" in found.warnings[0]


def test_a_plugins_first_day_of_the_week_replaces_only_the_day(tmp_path: Path) -> None:
    found = settings(tmp_path, ON | {CALENDAR: {"weekStart": "monday"}})
    assert found.week_start == 1
    assert found.locale.week == WeekRule(1, 6)
