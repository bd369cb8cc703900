"""Helicone: what its own cache answered was free, and an amount of unknown unit is no amount."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import SAMPLES, events, read, written
from vaultsync.collectors.providers.helicone import Helicone, HeliconePages
from vaultsync.model import UsageEvent

ROW: dict[str, Any] = json.loads((SAMPLES / "helicone.jsonl").read_text().split("\n")[0])


def told(folder: Path, **changed: Any) -> UsageEvent:
    """What a request says that differs from the first of the sample."""
    (event,) = events(read(Helicone(), written(folder / "a.jsonl", json.dumps({**ROW, **changed}) + "\n")))
    return event


def test_a_request_in_a_page_is_the_same_event(tmp_path: Path) -> None:
    assert events(read(HeliconePages(), SAMPLES / "helicone_pages.json")) == [told(tmp_path)]


@pytest.mark.parametrize("reference", [None, "", "00000000-0000-0000-0000-000000000000"])
def test_a_request_that_refers_to_no_other_was_paid_for(tmp_path: Path, reference: str | None) -> None:
    assert told(tmp_path, cache_reference_id=reference).cost == Decimal("0.016348")


def test_an_answer_from_its_cache_counts_tokens_and_no_money(tmp_path: Path) -> None:
    event = told(tmp_path, cache_reference_id=ROW["request_id"])
    assert (event.cost, event.cost_kind) == (Decimal(0), "charged")
    assert event.tokens == told(tmp_path).tokens


def test_an_amount_of_unknown_unit_is_left_out_and_flagged(tmp_path: Path) -> None:
    event = told(tmp_path, costUSD=None)
    assert event.cost is None and event.flags == ("bad_cost",)
