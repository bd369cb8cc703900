"""What every room says alike."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.text import ALL_MODELS, decimal_text, meant, named, nearest, nearest_or_all, no_file_name


def test_a_near_word_is_offered_whatever_its_case() -> None:
    assert nearest("TimeZon", ("timezone", "logs")) == " Did you mean 'timezone'?"


def test_nothing_near_offers_nothing_or_all() -> None:
    assert nearest("xyz", ("timezone", "logs")) == ""
    assert nearest_or_all("xyz", ("timezone", "logs")) == " Known are timezone, logs."


@pytest.mark.parametrize(
    ("dimension", "key", "shown"),
    [
        ("model", "opus", "opus"),
        ("model", ALL_MODELS, "all models"),
        ("project", ALL_MODELS, "(all)"),
        ("project", None, "(none)"),
    ],
)
def test_a_value_is_asked_for_as_it_is_shown(dimension: str, key: str | None, shown: str) -> None:
    assert named(dimension, key) == shown
    assert meant(dimension, shown) == key


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("-0.00", "0"),
        ("1E+3", "1000"),
        ("1.50", "1.5"),
        ("-2E-3", "-0.002"),
        ("100", "100"),
        ("0E-18", "0"),
    ],
)
def test_a_decimal_is_written_in_full(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20))
def test_the_text_of_a_decimal_is_the_same_number(value: Decimal) -> None:
    assert Decimal(decimal_text(value)) == value


@pytest.mark.parametrize("name", ["CON", "con.md", "Aux .x", "lpt1", "a\0b", "a\nb", "x" * 256, "ü" * 128])
def test_what_names_no_file_is_told(name: str) -> None:
    assert no_file_name(name)


@pytest.mark.parametrize(
    "name", ["2026-01-07.md", "console", "con-1", "com10", "a con", "x" * 255, "LLM Costs.md"]
)
def test_usual_names_may_be_those_of_files(name: str) -> None:
    assert no_file_name(name) == ""
