"""What a count, an amount, an instant and a name may look like in a log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.collectors.values import BadField, clock, count, instant, is_date, money, quote, text

BERLIN = ZoneInfo("Europe/Berlin")
ABSURD = (Decimal("1e9999999"), Decimal("1e-9999999"))


@pytest.mark.parametrize("value", [1500, Decimal("1500.0"), "1500", "1500.0", " 1500 ", Decimal("1.5e3")])
def test_whole_number_counts(value: Any) -> None:
    assert count(value, "tokens") == 1500


@pytest.mark.parametrize(
    "value",
    [
        *(
            -5,
            "-5",
            True,
            False,
            None,
            "",
            " ",
            1.5,
            Decimal("1.5"),
            "1.5",
            "1_000",
            "1,500",
            "0x10",
            "1e3",
            "+5",
        ),
        *(
            Decimal("NaN"),
            *ABSURD,
            Decimal("Infinity"),
            Decimal("1e400"),
            10**12 + 1,
            pytest.param(10**5000, id="5001 digits"),
            pytest.param("9" * 5000, id="5000 nines"),
            "٣",
            "５",
            [],
            {},
        ),
    ],
)
def test_anything_else_is_no_count(value: Any) -> None:
    with pytest.raises(BadField, match=r"^output tokens is "):
        count(value, "output tokens")


@pytest.mark.parametrize(("value", "number"), [("1,500", 1500), ("1,234,567", 1234567), ("12", 12)])
def test_separators_count_where_the_format_has_them(value: str, number: int) -> None:
    assert count(value, "tokens", separators=True) == number


@pytest.mark.parametrize("value", ["1,50", "1500,000", ",500", "1,500,", "1.500"])
def test_separators_out_of_place_do_not_count(value: str) -> None:
    with pytest.raises(BadField):
        count(value, "tokens", separators=True)


def test_message_quotes_the_value_and_names_the_field() -> None:
    with pytest.raises(BadField, match=r"^output tokens is -5; counts cannot be negative\.$"):
        count(-5, "output tokens")


@given(st.text(min_size=1))
def test_message_never_repeats_prose(words: str) -> None:
    shown = quote(words + " tell nobody")
    assert "nobody" not in shown


@pytest.mark.parametrize("value", ["0.27", ".27", Decimal("0.27"), "27e-2"])
def test_money_is_exact(value: Any) -> None:
    assert money(value) == Decimal("0.27")


@pytest.mark.parametrize("value", ["$0.069 (approx.)", "~$0.069", "0.069 USD", "**$0.069**", "about $0.069"])
def test_money_as_people_write_it(value: str) -> None:
    assert money(value, loose=True) == Decimal("0.069")


def test_money_with_separators() -> None:
    assert money("$1,000.50", loose=True) == Decimal("1000.50")


@pytest.mark.parametrize(
    "value", ["$0.069", "-1", "1,5", "NaN", "Infinity", "1e99", True, None, [], 10**400, *ABSURD]
)
def test_bad_money_is_told(value: Any) -> None:
    with pytest.raises(BadField, match=r"^cost is "):
        money(value)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "2026-01-07T14:30:00Z",
            "2026-01-07 14:30:00Z",
            "2026-01-07t15:30+01:00",
            "2026-01-07T15:30:00.000+0100",
        ),
        *(
            "2026-01-07T14:30:00.000000000Z",
            "2026-01-07 14:30:00 UTC",
            "2026-01-07 14:30",
            1767796200,
            "1767796200",
        ),
        *(
            1767796200000,
            "1767796200000000",
            "1767796200000000000",
            Decimal("1767796200.0"),
            "1767796200.000",
        ),
    ],
)
def test_ways_to_write_an_instant(value: Any) -> None:
    assert instant(value, UTC) == datetime(2026, 1, 7, 14, 30, tzinfo=UTC)


def test_naive_time_is_in_the_zone_of_the_vault() -> None:
    assert instant("2026-07-01 00:30:00", BERLIN) == datetime(2026, 6, 30, 22, 30, tzinfo=UTC)


def test_date_is_the_midnight_of_the_vault() -> None:
    assert instant("2026-07-01", BERLIN) == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert is_date("2026-07-01") and not is_date("2026-07-01T00:00:00")


def test_leap_second_is_second_59() -> None:
    assert instant("2016-12-31T23:59:60Z", UTC) == datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)


def test_fractions_are_cut_to_microseconds() -> None:
    assert instant("2026-01-07T14:30:00.123456789Z", UTC).microsecond == 123456


@pytest.mark.parametrize(
    "value",
    [
        *(
            "1999-12-31T23:59:59Z",
            "2101-01-01T00:00:00Z",
            "2026-02-30",
            "2026-01-07T24:00:00Z",
            "2026-01-07T10:00:61Z",
        ),
        *(
            "yesterday",
            "07.01.2026",
            "2026-W02-3",
            "",
            None,
            True,
            0,
            -1,
            20260107,
            10**300,
            Decimal("NaN"),
            *ABSURD,
            [],
            {},
        ),
        *("2026-01-07T10:00:00+25:00", "２０２６-01-07", "9999999999999999999999"),
    ],
)
def test_what_is_no_instant(value: Any) -> None:
    with pytest.raises(BadField, match=r"^timestamp is "):
        instant(value, UTC)


@pytest.mark.parametrize(
    ("value", "shown"), [("14:30", "14:30:00"), ("2:30 PM", "14:30:00"), ("12:05 am", "00:05:00")]
)
def test_time_of_day(value: str, shown: str) -> None:
    assert str(clock(value)) == shown


@pytest.mark.parametrize("value", ["25:00", "13:00 PM", "2026-01-07T14:30", "", None, 5])
def test_what_is_no_time_of_day(value: Any) -> None:
    assert clock(value) is None


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        *(("NA", "NA"), ("null", "null"), ("00123", "00123"), ("1e5", "1e5"), (7, "7"), ("  a\tb\n", "a b")),
        *(
            ("a\0b", "a\ufffdb"),
            ("a\ud800b", "a\ufffdb"),
            ("a\u2028b\x1b[0m", "a b [0m"),
            ("", None),
            (None, None),
        ),
        *(
            (True, None),
            ({}, None),
            ("x" * 300, "x" * 199 + "…"),
            ("gpt-4 \N{SPARKLES}", "gpt-4 \N{SPARKLES}"),
        ),
    ],
)
def test_name_is_kept_as_one_safe_line(value: Any, shown: str | None) -> None:
    assert text(value) == shown


@given(st.text())
def test_name_is_always_one_line_of_encodable_text(value: str) -> None:
    kept = text(value) or ""
    assert len(kept) <= 200 and len(kept.splitlines()) <= 1 and isinstance(kept.encode(), bytes)


@given(
    st.datetimes(datetime.fromisoformat("2000-01-02"), datetime.fromisoformat("2100-12-30")),
    st.sampled_from(["T", " "]),
    st.sampled_from(["", ".123", ".123456", ".1", ",5", ".123456789"]),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(["Z", "", "+hh:mm", "+hhmm"]),
)
def test_every_way_of_writing_an_instant_means_that_instant(
    naive: datetime, mark: str, fraction: str, minutes: int, offset: str
) -> None:
    naive = naive.replace(microsecond=int(fraction[1:7].ljust(6, "0")))
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    colon = ":" if ":" in offset else ""
    zone = f"{sign}{hours:02}{colon}{rest:02}" if "+" in offset else offset
    shift = timedelta(minutes=minutes) if "+" in offset else timedelta(0)
    aware = naive.replace(tzinfo=UTC if offset else BERLIN)
    written = f"{naive:%Y-%m-%d}{mark}{naive:%H:%M:%S}{fraction}{zone}"
    assert instant(written, BERLIN) == aware.astimezone(UTC) - shift


@pytest.mark.parametrize(
    "value",
    ["2026-02-30T00:00:00Z", "2026-01-07T24:00:00Z", "2026-01-07T10:00:00+25:00", "1999-12-31T00:00:00Z"],
)
def test_no_such_instant(value: str) -> None:
    with pytest.raises(BadField, match=r"^timestamp is '"):
        instant(value, UTC)


@given(st.integers(0, 10**12))
def test_count_is_the_same_as_number_and_as_text(number: int) -> None:
    assert count(number, "tokens") == count(str(number), "tokens") == number


def test_name_is_not_that_of_an_equal_value_of_another_kind() -> None:
    assert [text(True), text(1), text("1"), text("True")] == [None, "1", "1", "True"]
