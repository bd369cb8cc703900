"""Token counts become disjoint classes by the rule of their family, and by the total where there is one."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.collectors.families import PARTS, Family, Found, split
from vaultsync.collectors.values import BadField
from vaultsync.model import TOKEN_CLASSES, TokenCounts

COUNTS = st.integers(0, 5000)


@pytest.mark.parametrize(
    ("family", "values", "expected"),
    [
        ("disjoint", {"input": 20, "cache_read": 50, "output": 9}, TokenCounts(20, 50, output=9)),
        ("exclusive", {"input": 20, "cache_read": 50, "output": 9}, TokenCounts(20, 50, output=9)),
        (
            "exclusive",
            {"input": 4, "cache_writes": 1500, "cache_write_5m": 1200, "cache_write_1h": 300, "output": 812},
            TokenCounts(4, cache_write_5m=1200, cache_write_1h=300, output=812),
        ),
        (
            "inclusive",
            {"input": 2000, "cache_read": 1024, "output": 1500, "reasoning": 1200, "total": 3500},
            TokenCounts(976, 1024, output=1500, reasoning=1200),
        ),
        (
            "outside",
            {"input": 300_000, "output": 600, "reasoning": 400, "total": 301_000},
            TokenCounts(300_000, output=1000, reasoning=400),
        ),
        (
            "outside",
            {"input": 30, "output": 600, "reasoning": 400},
            TokenCounts(30, output=1000, reasoning=400),
        ),
        (
            "outside",
            {"input": 30, "output": 600, "reasoning": 400, "total": 630},
            TokenCounts(30, output=600, reasoning=400),
        ),
        (
            "outside",
            {"input": 12_000, "cache_read": 2000, "output": 300, "reasoning": 1200, "total": 13_500},
            TokenCounts(10_000, 2000, output=1500, reasoning=1200),
        ),
        ("inclusive", {"input": 800, "total": 800}, TokenCounts(800)),
        (
            "inclusive",
            {"input": 100, "output": 50, "input_audio": 500, "output_audio": 20},
            TokenCounts(100, output=50, input_audio=100, output_audio=20),
        ),
    ],
)
def test_family_tells_what_lies_inside_what(
    family: Family, values: dict[str, Any], expected: TokenCounts
) -> None:
    said = split(Found(values, family))
    assert said.tokens == expected and not said.flags


@given(st.sampled_from(get_args(Family)), st.dictionaries(st.sampled_from([*PARTS, "total"]), COUNTS))
def test_counts_never_grow_and_never_turn_negative(family: Family, values: dict[str, int]) -> None:
    try:
        said = split(Found(dict(values), family))
    except BadField as error:
        assert "missing" in str(error)
        return
    tokens = said.tokens
    parts = sum(count for name, count in values.items() if not name.endswith("audio") and name != "total")
    assert tokens.total + said.unsplit <= parts + values.get("total", 0)
    assert min(getattr(tokens, name) for name in TOKEN_CLASSES) >= 0
    assert tokens.reasoning <= tokens.output
    assert tokens.input_audio <= tokens.input and tokens.output_audio <= tokens.output


@given(st.sampled_from(get_args(Family)), COUNTS, COUNTS, COUNTS, COUNTS)
def test_a_total_that_fits_changes_nothing(
    family: Family, prompt: int, read: int, output: int, thought: int
) -> None:
    values: dict[str, object] = {"input": prompt, "cache_read": read, "output": output, "reasoning": thought}
    alone = split(Found(dict(values), family))
    assert split(Found({**values, "total": alone.tokens.total}, family)) == alone


def test_bad_total_is_told_and_the_parts_count() -> None:
    said = split(Found({"input": 1, "output": 2, "total": -1}))
    assert said.tokens.total == 3 and said.flags == ("bad_count",)
    assert said.remarks == ("total tokens is -1; counts cannot be negative. The parts count.",)
