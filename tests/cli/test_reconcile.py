"""`reconcile`: tables, reasons and what to do, for people and for programs."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.cli.conftest import Cli, FakeRun
from vaultsync.model import TokenCounts
from vaultsync.periods import month
from vaultsync.reconcile import Comparison, Row, Sum
from vaultsync.sync.reconcile import Reconciled

JANUARY = month(date(2026, 1, 1))


def told(cost: str | None, tokens: int = 0, **more: int) -> Sum:
    return Sum(TokenCounts(input=tokens), cost=None if cost is None else Decimal(cost), **more)


LOGS, MORE = told("2.5", 1000, partial=3, unpriced=1), told("0.25", 500, special=500)
COMPARED = Comparison(
    "anthropic",
    "calls",
    "anthropic-usage",
    (
        Row("2026-01-07", "claude-opus-4-5", LOGS, told("2.5", 1000)),
        Row("2026-01-08", "=haiku", None, MORE, "model_only_there"),
        Row("2026-01-09", "claude-opus-4-5", told(None, 70, unpriced=1), None, "day_only_here"),
    ),
)
FOUND = Reconciled(
    JANUARY,
    (COMPARED,),
    {"calls": "calls", "anthropic-usage": "usage"},
    ("openai", "xai"),
    (("invoice", "2025-12"),),
    ("report",),
    ("console",),
)


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeRun, "reconciled", FOUND)


def lines(text: str) -> list[str]:
    """Lines with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_both_sides_stand_beside_each_other_with_a_total(cli: Cli) -> None:
    said = lines(cli("reconcile").stdout)
    assert "anthropic: the logs (calls) and the provider's figures (anthropic-usage)" in said
    assert "2026-01-07 claude-opus-4-5 1,000 ≥ 2.50 1,000 2.50 0.00 +0.0" in said
    assert "2026-01-08 =haiku – – 500 0.2500 +0.2500 model only there" in said
    assert "2026-01-09 claude-opus-4-5 70 no price – – 0.00 day only here" in said
    assert "total 1,070 ≥ 2.50 1,500 2.75 +0.2500 +10.0" in said


def test_the_reasons_have_their_numbers_and_a_sum(cli: Cli) -> None:
    text = cli("reconcile").stdout
    assert "models told only by the provider's figures: hidden calls, other programs and machines" in text
    assert "difference +0.2500" in lines(text)
    assert "By the logs 3 events hold only a part of the output" in text
    assert "By the logs 2 events have no price" in text
    assert "By the provider's figures 500 tokens have the price of a mode or region" in text


def test_what_could_not_be_compared_is_named_with_what_to_do(cli: Cli) -> None:
    text = cli("reconcile", "--logs", "/logs").stdout
    assert "invoice tells 2025-12 as a whole; `--month 2025-12` compares it." in text
    assert "of another account by `tellings`: console." in text
    assert "Only one telling of openai. To check it, put the usage or cost CSV" in text
    assert "into /logs, and run `vaultsync collect`." in text
    assert "Only one telling of xai. To check it, put a CSV or JSON of its figures into /logs" in text
    assert "report has sums over days that are no calendar month" in text


def test_without_a_second_telling_it_says_what_to_fetch_and_succeeds(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeRun, "reconciled", Reconciled(JANUARY, (), {}, ("anthropic",)))
    done = cli("reconcile")
    assert done.exit_code == 0
    assert "There is nothing to compare: no spend of these days is told twice." in done.stdout
    assert "put the usage or cost CSV of the Console" in done.stdout
    assert "into a folder that you name under `logs:`" in done.stdout


def test_json_is_exact_and_null_where_nothing_is_told(cli: Cli) -> None:
    said: dict[str, Any] = json.loads(cli("reconcile", "--json").stdout, parse_float=Decimal)
    assert (said["schema"], said["since"], said["until"]) == (
        "vaultsync.reconcile/1",
        "2026-01-01",
        "2026-01-31",
    )
    (each,) = said["comparisons"]
    assert (each["telling"], each["kind"], each["against"], each["against_kind"]) == (
        *("calls", "calls", "anthropic-usage", "usage"),
    )
    assert each["rows"][1] == {
        "period": "2026-01-08",
        "model": "=haiku",
        "tokens": None,
        "cost": None,
        "against_tokens": 500,
        "against_cost": Decimal("0.25"),
        "difference": Decimal("0.25"),
        "reason": "model_only_there",
    }
    assert each["totals"]["difference"] == Decimal("0.25") == sum(r["cost"] for r in each["reasons"])
    assert each["facts"]["telling"] == {"partial_events": 3, "unpriced_events": 2, "special_tokens": 0}
    assert (said["alone"], said["cut"], said["odd"], said["also"]) == (
        ["openai", "xai"],
        [{"telling": "invoice", "month": "2025-12"}],
        ["report"],
        ["console"],
    )


def test_csv_has_the_rows_and_no_formula(cli: Cli) -> None:
    text = cli("reconcile", "--csv").stdout
    header, *rows = csv.reader(text.splitlines())
    assert header[:5] == ["provider", "telling", "against", "period", "model"]
    assert "\nanthropic,calls,anthropic-usage,2026-01-08,'=haiku,,,500,0.25,0.25,model_only_there\n" in text
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("arguments", "span"),
    [
        ([], None),
        (["--month", "2026-02"], (date(2026, 2, 1), date(2026, 3, 1))),
        (["--since", "2026-01-05", "--until", "2026-01-06"], (date(2026, 1, 5), date(2026, 1, 7))),
        (["--since", "2026-01-05"], (date(2026, 1, 5), date(2026, 1, 9))),
        (["--until", "2026-01-06"], (date.min, date(2026, 1, 7))),
    ],
)
def test_the_range_is_a_month_or_days(cli: Cli, asked: list[Any], arguments: list[str], span: Any) -> None:
    cli("reconcile", *arguments, "--provider", "openai")
    (_, period, provider) = next(entry for entry in asked if entry[0] == "reconcile")
    assert provider == "openai"
    assert period == span or (span and span[0] == date.min and period[1] == span[1])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--month", "January"], "'January' is not a month; write it as 2026-01."),
        (["--month", "2026-13"], "'2026-13' is not a month"),
        (["--month", "2026-01", "--since", "2026-01-01"], "--month is a range of its own"),
        (["--since", "2026-01-02", "--until", "2026-01-01"], "--until 2026-01-01 is before"),
    ],
)
def test_a_range_that_is_none_is_refused(cli: Cli, arguments: list[str], said: str) -> None:
    done = cli("reconcile", *arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


def test_a_report_says_where_another_telling_says_something_else(cli: Cli) -> None:
    sentence = "By the bill 2.00 USD, see `vaultsync reconcile`."
    assert cli("report").stdout.splitlines()[-1] == sentence
    assert sentence not in cli("report", "--where", "model=opus").stdout
    assert sentence not in cli("report", "--csv").stdout
