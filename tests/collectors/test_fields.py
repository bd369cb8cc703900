"""A log shape is a table, and its sources find what they say."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.collectors.families import Found, split
from vaultsync.collectors.fields import Shape, at, chosen, joined, scaled, summed
from vaultsync.collectors.records import Repeated
from vaultsync.collectors.values import BadField

RECORD: dict[str, Any] = {
    "id": "a",
    "empty": "",
    "usage": {"in": 5, "more": {"cached": 2}, "list": [{"n": 7}]},
    "gen_ai.usage.in": 9,
    "part": {},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "a"),
        ("usage.in", 5),
        ("usage.more.cached", 2),
        ("usage.list.0.n", 7),
        ("gen_ai.usage.in", 9),
        ("usage.list.1.n", None),
        ("usage.in.deeper", None),
        ("nowhere.at.all", None),
    ],
)
def test_path_leads_to_the_value(path: str, value: object) -> None:
    assert at(RECORD, path) == value


def test_key_that_stands_twice_is_refused_where_it_is_asked_for() -> None:
    record = {"usage": Repeated([("in", 1), ("in", 2), ("note", 1), ("note", 2), ("out", 3)])}
    assert Shape({"output": "usage.out"}).find(record).values == {"output": 3}
    with pytest.raises(BadField, match="'in' stands twice"):
        Shape({"input": "usage.in"}).find(record)


@pytest.mark.parametrize(
    "source", ["usage.list", ("nowhere", "usage.more"), summed("usage.in", "usage.list")]
)
def test_a_list_or_an_object_in_the_place_of_a_count_is_told(source: Any) -> None:
    found = Shape({"input": source, "model": "usage.list"}, {"output": 0}).find(RECORD)
    assert "model" not in found.values
    with pytest.raises(BadField, match=r"input tokens is an? (list|object)"):
        split(found)


def test_an_empty_list_in_the_place_of_a_count_is_nothing() -> None:
    assert Shape({"input": "part"}).find(RECORD).values == {}


def test_first_given_source_counts_then_the_constant() -> None:
    shape = Shape(
        {"model": ("empty", "part", "nowhere", "id"), "output": "usage.out"},
        {"output": 0, "model": "none"},
        "inclusive",
        ("tier_unknown",),
    )
    assert shape.find(RECORD) == Found({"output": 0, "model": "a"}, "inclusive", ("tier_unknown",))


def test_slip_of_the_pen_in_a_table_is_told() -> None:
    with pytest.raises(ValueError, match="cached_read"):
        Shape({"cached_read": "usage.cached"})


@pytest.mark.parametrize(
    ("value", "power", "expected"),
    [
        ("123.78912", -2, "1.2378912"),
        (318319000, -10, "0.0318319"),
        (5714, -6, "0.005714"),
        (16348000, -9, "0.016348"),
        (Decimal("0.571375"), -2, "0.00571375"),
        ("0.003836000000000000000000000000", 0, "0.003836"),
        ("9.109908", -2, "0.09109908"),
    ],
)
def test_money_in_small_units_is_exact(value: object, power: int, expected: str) -> None:
    assert scaled("x", power)({"x": value}) == Decimal(expected)


@given(st.decimals(0, 10**9, places=30), st.integers(-12, 0))
def test_scaling_loses_no_digit(amount: Decimal, power: int) -> None:
    found = scaled("x", power)({"x": str(amount)})
    assert isinstance(found, Decimal) and found.as_tuple().digits == amount.as_tuple().digits


@pytest.mark.parametrize("value", ["-5", "many", None, True])
def test_what_is_no_money_is_left_to_the_door(value: object) -> None:
    assert scaled("x", -2)({"x": value}) is value


@pytest.mark.parametrize(
    ("record", "expected"),
    [({"a": 1, "b": "2"}, 3), ({"a": 1, "b": None}, 1), ({}, None), ({"a": 1, "b": -2}, -2)],
)
def test_sum_of_the_given_counts(record: dict[str, Any], expected: object) -> None:
    assert summed("a", "b")(record) == expected


@given(
    st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y", None, 1])), max_size=8)
)
def test_joined_dimensions_tell_aggregates_apart(records: list[dict[str, Any]]) -> None:
    mark = joined("a", "b", "c")
    values = {tuple(record.get(name) for name in "abc") for record in records}
    assert len({mark(record) for record in records}) == len(values)


def test_chosen_by_a_table() -> None:
    mode = chosen("batch", {"true": "batch"})
    assert [mode({"batch": value}) for value in (True, "True", "False", None)] == [
        "batch",
        "batch",
        None,
        None,
    ]
