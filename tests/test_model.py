"""What a sum says of itself, and where the nouns are at home."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from importlib import import_module

import pytest

from tests.telling import line
from vaultsync import model
from vaultsync.model import Amount, Coverage, TokenCounts

PAID = replace(line([]), cost=Decimal(2), coverage=Coverage(events=2, calculated=2))


def test_no_events_cost_nothing() -> None:
    assert line([]).amount == Amount(Decimal(0))


def test_events_without_a_price_cost_an_unknown_sum() -> None:
    unknown = replace(PAID, cost=None, coverage=Coverage(events=1, unpriced=1))
    assert unknown.amount == Amount(None)


def test_a_cost_is_a_lower_bound_where_some_has_no_price_or_no_exchange_rate() -> None:
    unpriced = replace(PAID, coverage=Coverage(events=2, calculated=1, unpriced=1))
    foreign = replace(PAID, foreign=(("EUR", Decimal(1)),))
    assert PAID.amount == Amount(Decimal(2))
    assert unpriced.amount == foreign.amount == Amount(Decimal(2), incomplete=True)


def test_tokens_known_only_in_sum_are_tokens() -> None:
    found = replace(
        PAID, tokens=TokenCounts(input=5), coverage=Coverage(events=1, unsplit=1, unsplit_tokens=7)
    )
    assert found.all_tokens == 12


@pytest.mark.parametrize("file", sorted(model.NOUNS))
def test_every_noun_is_had_from_the_room_itself(file: str) -> None:
    home = import_module(f"vaultsync.model.{file}")
    nouns = {name for name, value in vars(home).items() if getattr(value, "__module__", "") == home.__name__}
    assert nouns <= set(model.NOUNS[file].split())
    for name in model.NOUNS[file].split():
        assert getattr(model, name) is getattr(home, name)


def test_what_is_no_noun_is_not_there() -> None:
    assert not hasattr(model, "Parser")
