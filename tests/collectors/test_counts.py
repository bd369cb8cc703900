"""Counts of agents become disjoint classes, whatever stands where a count should."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import Raw

from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.families import Family
from vaultsync.collectors.values import BadField
from vaultsync.model import TokenCounts

FIELDS = {
    "input": ("prompt", "tool"),
    "cache_read": ("cached",),
    "output": ("answer",),
    "reasoning": ("thoughts",),
    "total": ("total",),
}


def said(family: Family = "outside", **values: Any) -> tuple[TokenCounts, int, tuple[str, ...]] | None:
    found = counts_of(values, FIELDS, family)
    return found and (found.tokens, found.unsplit, found.flags)


def test_parts_are_taken_out_and_others_added() -> None:
    tokens = TokenCounts(input=45, cache_read=60, output=30, reasoning=20)
    assert said(prompt=100, tool=5, cached=60, answer=10, thoughts=20, total=135) == (tokens, 0, ())


def test_a_stated_total_overrules_the_family() -> None:
    tokens = TokenCounts(input=40, cache_read=60, output=30, reasoning=20)
    assert said(prompt=100, cached=60, answer=30, thoughts=20, total=130) == (tokens, 0, ())


def test_a_total_that_fits_nothing_is_flagged() -> None:
    found = said(prompt=100, answer=30, total=999)
    assert found == (TokenCounts(input=100, output=30), 0, ("total_mismatch",))


def test_a_total_alone_stays_in_one() -> None:
    assert said(total=50) == (TokenCounts(), 50, ("total_only",))


@pytest.mark.parametrize("values", [{}, {"prompt": 0, "answer": 0, "total": 0}, {"prompt": None}])
def test_nothing_counted_is_no_call(values: dict[str, Any]) -> None:
    assert said(**values) is None


@pytest.mark.parametrize("bad", [-1, 1.5, True, "7", [], {}, 10**13, 10**30])
def test_what_is_no_count_is_left_out_and_flagged(bad: Any) -> None:
    assert said(prompt=100, answer=30, cached=bad) == (TokenCounts(input=100, output=30), 0, ("bad_count",))
    assert said(prompt=100, answer=bad) == (TokenCounts(input=100), 0, ("bad_count",))


def test_an_absent_count_is_told_by_the_total() -> None:
    assert said(prompt=100, total=130) == (TokenCounts(input=100, output=30), 0, ())


@pytest.mark.parametrize("raw", [b"", b"null", b"{}"])
def test_no_object_is_an_empty_one(raw: bytes) -> None:
    assert object_of(Raw(raw), "usage") == {}


@pytest.mark.parametrize("raw", [b"[]", b"7", b'"Dear model"'])
def test_what_is_no_object_is_told_without_a_word_of_it(raw: bytes) -> None:
    with pytest.raises(BadField, match=r"^usage is not a readable object\.$"):
        object_of(Raw(raw), "usage")


def test_a_key_that_stands_twice_is_refused_but_once_more_inside_is_fine() -> None:
    with pytest.raises(BadField, match="usage names total twice"):
        object_of(Raw(b'{"total": 1, "total": 2}'), "usage", ("total",))
    nested = {"total": 1, "parts": [{"total": 1}]}
    assert object_of(Raw(json.dumps(nested).encode()), "usage", ("total",)) == nested
