"""Reports about Copilot: what the plan covers is not paid, and lines may be wrapped in quotes."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.collectors.support import SAMPLES, events, plain, read, written
from vaultsync.collectors.providers.copilot import CopilotBilling, CopilotMetrics, CopilotTokens
from vaultsync.collectors.reading import LogFile

BILLING = SAMPLES / "copilot_billing.csv"


def test_only_what_goes_beyond_the_quota_is_paid() -> None:
    covered, beyond, *_ = events(read(CopilotBilling(), BILLING))
    assert (covered.cost, covered.cost_kind) == (Decimal(0), "notional")
    assert (beyond.cost, beyond.cost_kind) == (Decimal("1.5"), "billed")


def test_other_products_of_the_bill_are_passed_over() -> None:
    assert len(events(read(CopilotBilling(), BILLING))) == 3


def test_a_wrapped_download_says_the_same(tmp_path: Path) -> None:
    wrapped = "".join(f'"{line}"\n' for line in BILLING.read_text().splitlines())
    path = written(tmp_path / "a.csv", wrapped)
    assert plain(read(CopilotBilling(), path)) == plain(read(CopilotBilling(), BILLING))


def test_a_report_with_tokens_is_no_mere_bill() -> None:
    tokens = LogFile.look(SAMPLES / "copilot_tokens.csv")
    assert CopilotTokens().claims(tokens) and not CopilotBilling().claims(tokens)


def test_the_stated_mean_confirms_the_sums() -> None:
    event = events(read(CopilotMetrics(), SAMPLES / "copilot_metrics.jsonl"))[0]
    assert event.tokens.total == event.requests * 12500 and event.grain == "day"
