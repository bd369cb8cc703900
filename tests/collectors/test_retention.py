"""What agents do to their old logs, as their own settings say."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.collectors.support import written
from vaultsync.collectors.agents.claude_code import ClaudeCode
from vaultsync.collectors.agents.gemini_cli import GeminiCli
from vaultsync.collectors.loading import load
from vaultsync.collectors.registry import Collector, Place, retention_of


def told(collector: Collector, home: Path, settings: str | None) -> tuple[str, timedelta | None, str]:
    """What is said of the first usual place, beside a file of settings, with the folders left out."""
    place = collector.places({}, home)[0]
    if settings is not None:
        place.root.parent.mkdir(parents=True)
        written(place.root.parent / "settings.json", settings)
    found = retention_of(collector, place)
    assert found
    return found.says.replace(f"{place.root.parent}/", ""), found.after, found.remedy


@pytest.mark.parametrize(
    ("settings", "days", "where"),
    [
        (None, 30, "its default; `cleanupPeriodDays` in settings.json changes it"),
        ("{}", 30, "its default; `cleanupPeriodDays` in settings.json changes it"),
        ('{"cleanupPeriodDays": 365}', 365, "`cleanupPeriodDays` in settings.json"),
        ('{"cleanupPeriodDays": 1e300}', 1_000_000, "`cleanupPeriodDays` in settings.json"),
    ],
)
def test_claude_code_deletes_after_30_days_or_as_set(
    tmp_path: Path, settings: str | None, days: int, where: str
) -> None:
    says, after, remedy = told(ClaudeCode(), tmp_path, settings)
    assert says == f"deletes transcripts {days:,} days after their last change ({where})"
    assert after == timedelta(days=days) and not remedy


@pytest.mark.parametrize("value", ["0", "-1", "true", '"30"', "NaN", "[]"])
def test_a_value_that_is_no_number_of_days_is_warned_of_and_zero_never_advised(
    tmp_path: Path, value: str
) -> None:
    says, after, remedy = told(ClaudeCode(), tmp_path, f'{{"cleanupPeriodDays": {value}}}')
    assert says == "may keep no transcripts: `cleanupPeriodDays` in settings.json is no number of days"
    assert after is None and "365" in remedy and " 0" not in remedy


@pytest.mark.parametrize("collector", [ClaudeCode(), GeminiCli()])
@pytest.mark.parametrize("text", ["{ // mine", "\xff", "[" * 100_000])
def test_settings_that_cannot_be_read_leave_it_unknown(
    tmp_path: Path, collector: Collector, text: str
) -> None:
    says, after, _ = told(collector, tmp_path, text)
    assert "when is not known" in says and after is None


def test_where_settings_are_no_object_the_default_holds(tmp_path: Path) -> None:
    for collector in (ClaudeCode(), GeminiCli()):
        assert told(collector, tmp_path, "[]")[1] == timedelta(days=30)


def test_of_the_desktop_app_it_is_not_known(tmp_path: Path) -> None:
    place = ClaudeCode().places({}, tmp_path)[-1]
    assert retention_of(ClaudeCode(), place) is None


@pytest.mark.parametrize(
    ("wanted", "after"),
    [
        ("{}", timedelta(days=30)),
        ('{"enabled": true, "maxAge": "7d"}', timedelta(days=7)),
        ('{"maxAge": "24h"}', timedelta(days=1)),
        ('{"maxAge": "4w"}', timedelta(days=28)),
        ('{"maxAge": "999999999999w"}', timedelta(days=1_000_000)),
        ('{"maxAge": "soon"}', None),
        ('{"enabled": false, "maxAge": "7d"}', None),
    ],
)
def test_gemini_cli_deletes_after_30_days_or_as_set(
    tmp_path: Path, wanted: str, after: timedelta | None
) -> None:
    assert told(GeminiCli(), tmp_path, f'{{"general": {{"sessionRetention": {wanted}}}}}')[1] == after


def test_a_collector_that_says_nothing_of_it_is_not_guessed_at(tmp_path: Path) -> None:
    place = Place(tmp_path, ("*",))
    said = {collector.name: retention_of(collector, place) for collector in load()[0]}
    assert said["amp"] is None and said["codex"] is not None
    assert "packs" in said["codex"].says and said["codex"].after is None
