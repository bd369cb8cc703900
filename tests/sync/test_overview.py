"""The screen of `show`: what its figures are made from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sync.conftest import World, event
from vaultsync.ledger import Ledger


def test_sessions_of_any_age_are_read_from_the_ledger_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = ("2025-11-03", "2025-12-08", "2026-01-09")
    world.log("a.jsonl", *(event(f"{day}T08:00:00Z", session_id=f"s-{day}") for day in days))
    world.run("collect")
    asked: list[Any] = []
    rows = Ledger.rows
    monkeypatch.setattr(Ledger, "rows", lambda *a, **b: asked.append(a) or rows(*a, **b))
    screen = world.run("show").output
    assert [day for day in days if f"s-{day}" in screen] == [*days]
    assert len(asked) == 1
