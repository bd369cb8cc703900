"""Figures are the same however little of the ledger is read for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from tests.sync.conftest import CONFIG, World, event
from vaultsync import aggregate, settings
from vaultsync.aggregate import DIMENSIONS
from vaultsync.model import Line, Summary
from vaultsync.periods import Kind, Period, day
from vaultsync.sync.books import Books

FIRST, END = date(2026, 1, 1), date(2026, 2, 1)
WHOLE = Period(FIRST, END, "month", "2026-01")
HOURLY = "deepseek-flash"
"""A model whose price follows the hour."""
PRICES = """\
version: 1
providers:
  anthropic:
    models:
      - id: dated
        rates:
          - {valid_to: 2026-01-15, input: "1", output: "2"}
          - {valid_from: 2026-01-15, input: "100", output: "200"}
"""
"""A model whose price changes at a midnight of UTC."""


def logs(world: World, models: tuple[str, ...]) -> None:
    """Events at all hours, of a few models, projects and sessions."""
    random = Random(7)
    start = datetime(2025, 12, 31, tzinfo=UTC)
    world.log(
        "a.jsonl",
        *(
            event(
                (start + timedelta(minutes=random.randrange(33 * 1440))).isoformat(),
                random.randrange(1, 300_000),
                random.randrange(5_000),
                model_name=(name := random.choice(models)),
                model_provider="deepseek" if name == HOURLY else "anthropic",
                session_id=random.choice(("s1", "s2", "s3")),
                project=random.choice(("garden", "kitchen")),
                action_type=random.choice(("skill", "manual")),
                action_name=random.choice(("tidy", "write")),
                **random.choice(({}, {}, {"cost_usd": "0.0125"})),
            )
            for _ in range(900)
        ),
    )


def books(world: World) -> Books:
    world.run("collect")
    found = settings.load({"vault": str(world.vault)}, {}, world.vault)
    return Books(found, date(2026, 1, 31))


def without_sessions(summary: Summary) -> Summary:
    def bare(line: Line) -> Line:
        return replace(line, sessions=0)

    return replace(summary, lines=tuple(map(bare, summary.lines)), total=bare(summary.total))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize("models", [("claude-opus-4-5", "dated"), ("claude-opus-4-5", HOURLY)])
def test_a_question_for_some_dimensions_has_the_sums_of_all_rows(
    world: World, zone: str, models: tuple[str, ...]
) -> None:
    world.write("prices.yaml", PRICES)
    world.write("vaultsync.yaml", CONFIG.replace("Europe/Berlin", zone) + "pricing: [prices.yaml]\n")
    logs(world, models)
    mine = books(world)
    start, end = day(FIRST).instants(mine.settings.zone)[0], day(END).instants(mine.settings.zone)[0]
    rows = mine.ledger.rows(start, end, mine.prices.thresholds, 15)
    every = aggregate.load(rows, mine.prices, mine.calendar)
    asked: list[tuple[tuple[str, ...], Kind | None]] = [
        ((), None),
        (("model",), "day"),
        (("action", "project"), "week"),
        (("session",), None),
    ]
    for by, bucket in asked:
        few = mine.asked(FIRST, END, by).summarize(WHOLE, by, bucket)
        whole = every.summarize(WHOLE, by, bucket)
        assert without_sessions(few) == without_sessions(whole)
        assert whole.total.cost
    assert repr(mine.figures(FIRST, END).summarize(WHOLE, DIMENSIONS, "day")) == repr(
        every.summarize(WHOLE, DIMENSIONS, "day")
    )
    mine.close()


def test_a_dimension_that_was_not_asked_for_is_refused(world: World) -> None:
    logs(world, ("claude-opus-4-5",))
    mine = books(world)
    with pytest.raises(ValueError, match="project"):
        mine.asked(FIRST, END, ("model",)).summarize(WHOLE, ("project",))
    mine.close()
