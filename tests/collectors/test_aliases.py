"""What the names of a home-made log mean, whatever their order and company."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.collectors.aliases import ALIASES, field_of, find, is_usage
from vaultsync.collectors.families import Found, split
from vaultsync.collectors.records import Repeated
from vaultsync.collectors.values import BadField

PLAIN = [name for names in ALIASES.values() for name in names if "." not in name]
VALUES = st.sampled_from([0, 1, 5, "7", "", None, [], {}, {"input": 3, "total": 9}, "some words", True])
RECORDS = st.dictionaries(st.sampled_from([*PLAIN, "note", "metadata"]), VALUES, max_size=8)


def said(record: dict[str, Any]) -> Found | str:
    """What a record says, or why it cannot be told."""
    try:
        return find(record)
    except BadField as error:
        return str(error)


@given(RECORDS, st.randoms())
def test_order_of_keys_means_nothing(record: dict[str, Any], chance: Any) -> None:
    keys = list(record)
    chance.shuffle(keys)
    assert said({key: record[key] for key in keys}) == said(record)


@given(RECORDS)
def test_what_is_not_given_might_as_well_not_stand_there(record: dict[str, Any]) -> None:
    given = {key: value for key, value in record.items() if value not in (None, "", [], {})}
    assert said(record) == said(given)


@given(RECORDS)
def test_unknown_names_change_nothing(record: dict[str, Any]) -> None:
    assert said({"colour": 1, "x" * 70: 2, **record, "weather": {"input": 4}}) == said(record)


@given(RECORDS, st.lists(RECORDS, max_size=3))
def test_records_before_it_change_nothing(record: dict[str, Any], others: list[dict[str, Any]]) -> None:
    first = said(record)
    for other in others:
        said({**dict.fromkeys(record), **other})
    assert said(record) == first


@given(RECORDS)
def test_a_record_means_what_its_known_names_say(record: dict[str, Any]) -> None:
    found = said(record)
    if isinstance(found, Found):
        plain = {field_of(key) for key, value in record.items() if value not in (None, "", [])}
        assert found.values.keys() <= plain | {"input", "total"}


def test_better_name_wins_and_an_empty_one_steps_back() -> None:
    assert find({"in": 2, "input_tokens": 1}).values == {"input": 1}
    assert find({"in": 2, "input_tokens": None}).values == {"input": 2}


@pytest.mark.parametrize("record", [{"Input-Tokens": 1, "input_tokens": 2}, {"usage": {"in": 1, "IN": 2}}])
def test_one_name_with_two_values_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(BadField, match=r"^input tokens stands twice, with different values\.$"):
        find(record)


@pytest.mark.parametrize(
    "record",
    [
        Repeated([("input_tokens", 1), ("input_tokens", 1)]),
        {"usage": Repeated([("in", 1), ("in", 1)])},
        {"usage": {"prompt_tokens_details": Repeated([("cached_tokens", 1), ("cached_tokens", 1)])}},
    ],
)
def test_key_that_stands_twice_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(BadField, match=r"tokens stands twice in the record\.$"):
        find(record)


def test_unknown_key_that_stands_twice_is_let_be() -> None:
    assert find(Repeated([("note", 1), ("note", 2), ("in", 3)])).values == {"input": 3}


def test_many_sets_of_keys_and_huge_ones_are_survived() -> None:
    for n in range(600):
        assert find({f"note{n}": 1, "in": n}).values == {"input": n}
    assert find({"in": 1, "x" * 100_000: 2}).values == {"input": 1}


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        ({"timestamp", "input_tokens"}, True),
        ({"ts", "usage.prompt_tokens"}, True),
        ({"timestamp", "note"}, False),
        ({"input_tokens"}, False),
    ],
)
def test_usage_has_a_time_and_a_count(names: set[str], is_one: bool) -> None:
    assert is_usage(names) is is_one


@pytest.mark.parametrize(
    "record",
    [{"input_tokens": [1]}, {"usage": {"input": {"n": 1}}}, {"input_tokens": [1], "inputTokens": None}],
)
def test_a_list_or_an_object_under_the_name_of_a_count_is_told(record: dict[str, Any]) -> None:
    with pytest.raises(BadField, match=r"input tokens is an? (list|object)"):
        split(find({"output": 5, "total": 9, **record}))


def test_a_prompt_may_stand_under_input() -> None:
    assert find({"input": [{"role": "user"}], "input_tokens": 5}).values == {"input": 5}
