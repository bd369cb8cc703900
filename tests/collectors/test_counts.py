"""Counts of agents become disjoint classes, whatever stands where a count should."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Raw

from vaultsync.collectors.agents.claude_code.calls import provider_of
from vaultsync.collectors.agents.claude_code.counts import counted as claude
from vaultsync.collectors.agents.codex.counts import counted as codex
from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.lines import LONGEST_ID, id_of, keys_in, name_of
from vaultsync.collectors.families import Family
from vaultsync.collectors.providers.responses.openai import maker_of
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


READERS: dict[str, Callable[[bytes], Any]] = {
    "any agent": lambda data: object_of(Raw(data), "tokens", ("prompt",)),
    "claude": claude,
    "codex": lambda data: codex(Raw(data)),
    "keys": keys_in,
}


@pytest.mark.parametrize("more", ["9" * 5000, "[" * 970 + "]" * 970, '{"a":' * 985 + "1" + "}" * 985])
@pytest.mark.parametrize("reader", READERS)
def test_what_cannot_be_looked_through_for_a_key_is_no_worse_than_a_bad_count(reader: str, more: str) -> None:
    data = f'{{"prompt": {more}, "prompt": 2, "input_tokens": {more}, "input_tokens": 1, "output_tokens": 1}}'
    try:
        READERS[reader](data.encode())
    except BadField as fault:
        assert "9" not in str(fault)


@pytest.mark.parametrize("read", [name_of, id_of, provider_of, maker_of])
def test_an_endless_name_is_not_remembered(read: Callable[[str], Any]) -> None:
    tracemalloc.start()
    for n in range(20):
        read(f"claude {n}" + "x" * 1_000_000)
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 1_000_000


def test_an_endless_id_is_none() -> None:
    assert id_of("x" * LONGEST_ID) and id_of("x" * (LONGEST_ID + 1)) is None
