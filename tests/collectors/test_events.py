"""Fields become events: aggregates, flags of the format, identity."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vaultsync.collectors.events import Origin, build
from vaultsync.collectors.families import Found
from vaultsync.collectors.values import BadField

COUNTS = {"input": 1, "output": 2}


@pytest.mark.parametrize(
    ("until", "grain"),
    [
        ("2026-02-10T00:01:00Z", "hour"),
        ("2026-02-10T01:00:00Z", "hour"),
        ("2026-02-11T00:00:00Z", "day"),
        (1772323200, "month"),
    ],
)
def test_end_of_a_bucket_makes_an_aggregate(until: object, grain: str) -> None:
    event = build(Found({**COUNTS, "when": "2026-02-10T00:00:00Z", "until": until}), Origin("s")).event
    assert (event.grain, event.when) == (grain, datetime(2026, 2, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("start", "until", "flags"),
    [
        *(("2026-02-01", "2026-03-01", ()), ("2026-02-01", "2026-02-28", ())),
        *(("2026-02-01", "2026-02-27", ("odd_period",)), ("2026-02-15", "2026-03-15", ("odd_period",))),
    ],
)
def test_a_sum_over_days_that_are_no_month_is_flagged(start: str, until: str, flags: tuple[str, ...]) -> None:
    event = build(Found({**COUNTS, "when": start, "until": until}), Origin("s")).event
    assert event.flags == flags


@pytest.mark.parametrize("until", ["2026-02-10T00:00:00Z", "2026-02-09", "soon"])
def test_bucket_that_does_not_end_later_is_refused(until: str) -> None:
    with pytest.raises(BadField, match="end"):
        build(Found({**COUNTS, "when": "2026-02-10T00:00:00Z", "until": until}), Origin("s"))


def test_flags_of_the_format_and_of_the_record_stand_together() -> None:
    values = {**COUNTS, "when": "2026-02-10T00:00:00Z", "cost": "many", "total": 7, "context_band": "long"}
    event, remarks = build(Found(values, "inclusive", ("tier_unknown",)), Origin("s"))
    assert event.flags == ("bad_cost", "tier_unknown", "total_mismatch") and len(remarks) == 2
    assert event.context_band == "long"
