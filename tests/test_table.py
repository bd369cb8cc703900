"""Numbers for programs: exact, sorted, the same bytes each time, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.model import Coverage, Intake, Line, Summary, TokenCounts
from vaultsync.table import MEASURES, defuse, to_csv, to_json

TOKENS = TokenCounts(input=100, cache_read=20, cache_write_5m=3, cache_write=4, output=50, reasoning=10)


def line(keys: Sequence[str | None] = (), cost: str | None = "1.50", period: str | None = None) -> Line:
    """A line of two events, one of them without a price where the cost is None."""
    price = None if cost is None else Decimal(cost)
    coverage = Coverage(events=2, calculated=0 if price is None else 2, unpriced=2 if price is None else 0)
    return Line(tuple(keys), period, TOKENS, 2, 0, 1, price, price, None, None, (), (), coverage)


def summary(*lines: Line, by: tuple[str, ...] = ("model",), cost: str | None = "1.50") -> Summary:
    """A summary of January 2026."""
    bucket = "week" if lines and lines[0].period else None
    return Summary(date(2026, 1, 1), date(2026, 2, 1), by, bucket, lines, line(cost=cost))


def text_of(what: Summary) -> str:
    return to_json(what, Intake(3, 1, (), ()), zone="Europe/Berlin", currency="USD")


def test_json_says_what_it_is_and_what_it_covers() -> None:
    said = json.loads(text_of(summary(line(["opus"]))))
    assert list(said) == [
        "schema",
        "timezone",
        "currency",
        "period",
        "since",
        "until",
        "by",
        "rows",
        "totals",
        "coverage",
    ]
    assert said["schema"] == "vaultsync.report/1"
    assert (said["timezone"], said["currency"], said["by"]) == ("Europe/Berlin", "USD", ["model"])
    assert (said["period"], said["since"], said["until"]) == (None, "2026-01-01", "2026-01-31")


def test_a_row_has_period_dimensions_and_measures() -> None:
    (row,) = json.loads(text_of(summary(line(["opus"], period="2026-W02"))))["rows"]
    assert row == {
        "period": "2026-W02",
        "model": "opus",
        "events": 2,
        "input_tokens": 100,
        "cache_read_tokens": 20,
        "cache_write_tokens": 7,
        "output_tokens": 50,
        "reasoning_tokens": 10,
        "total_tokens": 177,
        "cost": 1.5,
        "cost_basis": "calculated",
        "unpriced_events": 0,
    }


def test_what_has_no_price_is_null_and_not_zero() -> None:
    said = json.loads(text_of(summary(line(["own"], cost=None), cost=None)))
    assert said["rows"][0]["cost"] is None
    assert said["totals"]["cost"] is None
    assert said["rows"][0]["cost_basis"] == "unpriced"


def test_no_rows_are_an_empty_list() -> None:
    assert json.loads(text_of(summary()))["rows"] == []


def test_a_missing_name_is_null() -> None:
    assert json.loads(text_of(summary(line([None]))))["rows"][0]["model"] is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=0, max_value=10**15))
def test_a_cost_comes_back_from_json_to_the_last_decimal(cost: Decimal) -> None:
    said = json.loads(text_of(summary(line(["m"], cost=str(cost)))), parse_float=Decimal, parse_int=Decimal)
    assert said["rows"][0]["cost"] == cost


@given(st.text())
def test_any_name_survives_json_as_plain_ascii(name: str) -> None:
    text = text_of(summary(line([name])))
    assert text.isascii()
    assert json.loads(text)["rows"][0]["model"] == name


def test_csv_has_the_columns_of_json() -> None:
    what = summary(line(["opus"], period="2026-W02"))
    header, row = csv.reader(io.StringIO(to_csv(what)))
    assert header == ["period", "model", *MEASURES]
    assert row == ["2026-W02", "opus", "2", "100", "20", "7", "50", "10", "177", "1.5", "calculated", "0"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "＝1+1", "＠x"])
def test_a_formula_is_defused_in_csv(name: str) -> None:
    _, row = csv.reader(io.StringIO(to_csv(summary(line([name])))))
    assert row[1] == re.sub("[\t\r]", " ", f"'{name}")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x;=1+1", "x;'=1+1"),
        ("=1;@2; +3", "'=1;'@2;' +3"),
        ('x;"=1+1', "x;'\"=1+1"),
        ("x\t=1+1", "x =1+1"),
        ("x;\t=1+1", "x;' =1+1"),
        (" =1", "' =1"),
        ("a; b=1", "a; b=1"),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_formula_is_defused_wherever_a_spreadsheet_cuts(name: str, text: str, delimiter: str) -> None:
    """One with European settings cuts at semicolons, whatever the quotes."""
    written = to_csv(summary(line([name])))
    assert [*csv.reader(io.StringIO(written))][1][1] == text
    cells = [cell for row in csv.reader(io.StringIO(written), delimiter=delimiter) for cell in row]
    assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    ("cell", "text"), [(Decimal("-1.50"), "-1.5"), (-3, "-3"), (None, ""), ("a=b", "a=b")]
)
def test_numbers_and_plain_words_are_not_defused(cell: str | int | Decimal | None, text: str) -> None:
    assert defuse(cell) == text
