"""Dates are written as Moment.js 2.30.1 writes them: expected values were printed by it."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from vaultsync.periods import ISO_WEEK, WeekRule, week
from vaultsync.vault.locales import ENGLISH, LOCALES, find_locale
from vaultsync.vault.moment import format, tokens, week_rule

WEDNESDAY = datetime(2026, 1, 7, 6, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fmt", "text"),
    [
        ("YYYY YY Y y yy yyyy YYYYYY", "2026 26 2026 2026 2026 2026 +002026"),
        ("gggg gg GGGG GG", "2026 26 2026 26"),
        ("M MM MMM MMMM Mo", "1 01 Jan January 1st"),
        ("w ww wo W WW Wo", "2 02 2nd 2 02 2nd"),
        ("D DD Do DDD DDDD DDDo", "7 07 7th 7 007 7th"),
        ("d do dd ddd dddd e E", "3 3rd We Wed Wednesday 3 3"),
        ("Q Qo", "1 1st"),
        ("H HH h hh k kk m mm s ss SSS", "6 06 6 06 6 06 5 05 9 09 000"),
        ("A a Z ZZ X x", "AM am +00:00 +0000 1767765909 1767765909000"),
        ("L l LL ll LT LTS", "01/07/2026 1/7/2026 January 7, 2026 Jan 7, 2026 6:05 AM 6:05:09 AM"),
        ("", "2026-01-07T06:05:09+00:00"),
        ("[Week] w [of] gggg", "Week 2 of 2026"),
        ("W[eek]", "2eek"),
        ("[[W]]ww", "[W]02"),
        ("gggggg", "02026g"),
        ("[LT] [] D", "LT  7"),
        ("[D", "[7"),
        (r"\YYYY \[MM]", "YYYY [01]"),
        ("YYYY-MM-DD[@daily]", "2026-01-07@daily"),
        ("YYYY/[Daily]/MM/YYYY-MM-DD", "2026/Daily/01/2026-01-07"),
        ("Hmm hmmss SSSSSS", "605 60509 000000"),
        ("N NNNN yo", "AD Anno Domini 2026th"),
    ],
)
def test_tokens_in_english(fmt: str, text: str) -> None:
    assert format(WEDNESDAY, fmt, ENGLISH) == text


@pytest.mark.parametrize(
    ("locale", "fmt", "text"),
    [
        ("de", "ddd Do MMM", "Mi. 7. Jan."),
        ("de-at", "MMMM", "Jänner"),
        ("es", "Do MMM", "7º ene."),
        ("es", "DD-MMM-YYYY", "07-ene-2026"),
        ("nl", "D-MMM-YY MMM", "7-jan-26 jan"),
        ("fr", "Do wo Qo ddd", "7 2e 1er mer."),
        ("fr-ca", "Do L", "7e 2026-01-07"),
        ("ja", "Do y NNNN dddd A", "7日 8 令和 水曜日 午前"),
        ("ko", "wo Mo A", "2주 1월 오전"),
        ("zh-cn", "MMMM Do wo dddd A", "一月 7日 2周 星期三 早上"),
        ("zh-tw", "wo ddd", "2週 週三"),
        ("ru", "D MMMM", "7 января"),
        ("ru", "MMMM", "январь"),
        ("ru", "[в] dddd", "в среду"),
        ("uk", "[у] dddd", "у середу"),
        ("pl", "D MMMM", "7 stycznia"),
        ("pl", "MMMM", "styczeń"),
        ("cs", "D. MMMM l", "7. ledna 7. 1. 2026"),
        ("sv", "Do wo", "7:e 2:a"),
        ("tr", "Wo Do", "2'nci 7"),
        ("fi", "LL", "7. tammikuuta 2026"),
        ("hu", "a L", "de 2026.01.07."),
        ("pt", "dddd", "Quarta-feira"),
        ("pt-br", "dddd", "quarta-feira"),
        ("en-gb", "L", "07/01/2026"),
    ],
)
def test_names_and_ordinals_of_other_languages(locale: str, fmt: str, text: str) -> None:
    assert format(WEDNESDAY, fmt, LOCALES[locale]) == text


@pytest.mark.parametrize(
    ("day", "locale", "local", "iso"),
    [
        (date(2024, 12, 30), "en", "2025-W01", "2025-W01"),
        (date(2027, 1, 3), "en", "2027-W02", "2026-W53"),
        (date(2027, 1, 3), "en-gb", "2026-W53", "2026-W53"),
        (date(2023, 1, 1), "tr", "2023-W01", "2022-W52"),
        (date(2027, 1, 1), "en-au", "2026-W53", "2026-W53"),
        (date(2026, 1, 4), "ja", "2026-W02", "2026-W01"),
    ],
)
def test_weeks_at_the_turn_of_the_year(day: date, locale: str, local: str, iso: str) -> None:
    assert format(day, "gggg-[W]ww GGGG-[W]WW", LOCALES[locale]) == f"{local} {iso}"


def test_a_calendar_override_moves_only_the_first_day() -> None:
    monday = ENGLISH.with_week_start(1)
    assert monday.week == WeekRule(1, 6)
    assert format(date(2027, 1, 3), "gggg-[W]ww e", monday) == "2027-W01 6"


@pytest.mark.parametrize(
    ("fmt", "rule"),
    [
        ("GGGG-[W]WW", ISO_WEEK),
        ("YYYY-[W]WW", ISO_WEEK),
        ("gggg-[W]WW", ISO_WEEK),
        ("gggg-[W]ww", WeekRule(1, 6)),
        ("YYYY-[Wow GGGG]-ww", WeekRule(1, 6)),
        ("YYYY-MM-DD", WeekRule(1, 6)),
    ],
)
def test_the_format_says_which_week_is_meant(fmt: str, rule: WeekRule) -> None:
    assert week_rule(fmt, ENGLISH, 1) == rule


@pytest.mark.parametrize("name", sorted(LOCALES))
def test_the_label_of_a_locale_week_is_the_same_for_each_of_its_days(name: str) -> None:
    locale = LOCALES[name]
    for start in (date(2020, 12, 27) + timedelta(days=n) for n in range(0, 3000, 5)):
        period = week(start, locale.week)
        assert {format(day, "gggg-[W]ww", locale) for day in period.days()} == {period.label}


def test_an_instant_keeps_its_own_zone() -> None:
    there = datetime(2026, 1, 7, 23, 30, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    assert format(there, "YYYY-MM-DD Z", ENGLISH) == "2026-01-07 -03:30"


def test_tokens_leave_literals_out() -> None:
    assert tokens("YYYY-[W]ww") == ["YYYY", "ww"]


@pytest.mark.parametrize(
    ("written", "found"),
    [("en_GB.UTF-8", "en-gb"), ("de-DE", "de"), ("en_US", "en"), ("zh", "zh-cn"), ("pt_BR@euro", "pt-br")],
)
def test_a_system_name_finds_its_locale(written: str, found: str) -> None:
    locale = find_locale(written)
    assert locale is not None
    assert locale.name == found


def test_an_unknown_locale_is_not_guessed() -> None:
    assert find_locale("tlh") is None
