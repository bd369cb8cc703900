"""Commands that show figures: collect, report, show, prices, doctor."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.cli.conftest import CHECKS, Cli, FakeRun
from vaultsync.model import AppliedRate, Issue, RateKey, TokenCounts, UsageEvent
from vaultsync.sync import Check, Collected, Outcome, SourceCount

Answer = Callable[[Any], None]


def summarized(asked: list[Any]) -> Any:
    """What was asked of the figures."""
    return next(entry for entry in asked if entry[0] == "summarize")


# --- collect -----------------------------------------------------------------------------------


def test_collect_says_what_was_found_per_source(cli: Cli, answer: Answer) -> None:
    found = SourceCount("claude-code", 12, 3, 1234, 5, 6, 7, 8, date(2026, 1, 1), date(2026, 1, 7))
    answer(Outcome(Collected((found,))))
    result = cli("collect")
    assert result.stdout.splitlines()[-1].split() == (
        ["claude-code", "12", "3", "1,234", "5", "6", "8", "7", "2026-01-01", "2026-01-07"]
    )


def test_collect_without_logs_says_where_to_look(cli: Cli) -> None:
    assert "doctor" in cli("collect").stdout


def test_collect_under_strict_ends_with_3_for_a_rejected_line(cli: Cli, answer: Answer) -> None:
    answer(Outcome(Collected((), (Issue("a", 1, "no."),))))
    assert cli("collect").exit_code == 0
    result = cli("collect", "--strict", "-q")
    assert (result.exit_code, result.stdout, result.stderr) == (3, "", "a:1: no.\n")


# --- report ------------------------------------------------------------------------------------


def test_a_report_is_this_month_by_provider_and_model(cli: Cli, asked: list[Any]) -> None:
    cli("report")
    assert summarized(asked)[1:] == (date(2026, 1, 1), date(2026, 2, 1), ("provider", "model"), None, None)


@pytest.mark.parametrize(
    ("args", "since", "until"),
    [
        (["day"], date(2026, 1, 1), date(2026, 2, 1)),
        (["week"], date(2025, 12, 29), date(2026, 4, 6)),
        (["month"], date(2026, 1, 1), date(2027, 1, 1)),
        (["quarter"], date(2026, 1, 1), date(2027, 1, 1)),
        (["year"], date(1999, 12, 31), date(2026, 1, 9)),
        (["--since", "2025-12-01"], date(2025, 12, 1), date(2026, 1, 9)),
        (["--until", "2025-12-31"], date(1999, 12, 31), date(2026, 1, 1)),
        (["week", "--since", "2026-01-01", "--until", "2026-01-01"], date(2026, 1, 1), date(2026, 1, 2)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_report_covers_whole_periods_unless_told(
    cli: Cli, asked: list[Any], args: list[str], since: date, until: date
) -> None:
    cli("report", *args)
    assert summarized(asked)[1:3] == (since, until)


def test_dimensions_and_conditions_reach_the_figures(cli: Cli, asked: list[Any]) -> None:
    cli("report", "week", "--by", "project, branch", "--where", "model=opus=4", "--where", "session=(none)")
    assert summarized(asked)[3:] == (("project", "branch"), "week", {"model": "opus=4", "session": None})


def test_all_models_of_a_bill_are_asked_for_as_they_are_shown(cli: Cli, asked: list[Any]) -> None:
    cli("report", "--where", "model=all models")
    assert summarized(asked)[-1] == {"model": "(all)"}


@pytest.mark.parametrize("by", ["none", ""])
def test_no_dimension_gives_one_total(cli: Cli, asked: list[Any], by: str) -> None:
    cli("report", "--by", by)
    assert summarized(asked)[3] == ()


@pytest.mark.parametrize(
    "args",
    [
        ["--by", "colour"],
        ["--where", "model"],
        ["--where", "colour=red"],
        ["--where", "model=a", "--where", "model=b"],
        ["--since", "2026-02-01", "--until", "2026-01-01"],
        ["fortnight"],
    ],
)
def test_what_cannot_be_reported_is_wrong_usage(cli: Cli, args: list[str]) -> None:
    assert cli("report", *args).exit_code == 2


def test_the_table_has_a_total_and_says_what_it_lacks(cli: Cli) -> None:
    lines = [line.split() for line in cli("report", "--by", "model").stdout.splitlines() if line.strip("─ ")]
    assert lines[0] == ["2026-01-01", "to", "2026-01-31"]
    assert " ".join(lines[1]) == "model calls input cache read cache write output total cost USD"
    assert lines[2] == ["opus", "3", "1,000,000", "20", "0", "300", "1,000,320", "1,234.50"]
    assert lines[3][-2:] == ["no", "price"]
    assert lines[4][:2] == ["total", "3"]
    assert " ".join(lines[5]) == "3 events: 3 calculated."


def test_a_report_without_a_first_day_says_so(cli: Cli) -> None:
    assert cli("report", "year").stdout.splitlines()[0] == "up to 2026-01-08"


def test_json_goes_to_standard_output_alone(cli: Cli) -> None:
    result = cli("report", "week", "--json", "--by", "model")
    said = json.loads(result.stdout)
    assert (said["schema"], said["timezone"], said["period"]) == (
        "vaultsync.report/1",
        "Europe/Berlin",
        "week",
    )
    assert [row["cost"] for row in said["rows"]] == [1234.5, None]
    assert result.stderr == ""


def test_json_is_shown_even_when_quiet(cli: Cli) -> None:
    assert cli("report", "--json", "-q").stdout.startswith("{")


def test_csv_has_a_header_and_one_line_per_row(cli: Cli) -> None:
    lines = cli("report", "--csv", "--by", "model").stdout.splitlines()
    assert lines[0].startswith("period,model,events,")
    assert len(lines) == 3


def test_markdown_is_a_table(cli: Cli) -> None:
    assert cli("report", "--markdown").stdout.lstrip().startswith("|")


def test_a_session_is_shown_with_its_title_on_the_screen_only(cli: Cli) -> None:
    lines = cli("report", "--by", "model,session").stdout.splitlines()
    assert lines[2].split()[:3] == ["model", "session", "title"]
    assert lines[4].split()[:3] == ["opus", "opus", "3"]
    assert lines[5].split()[:5] == ["own", "own", "Weed", "the", "beds"]
    for form in ("--json", "--csv", "--markdown"):
        assert "Weed" not in cli("report", "--by", "session", form).stdout
    assert "title" not in cli("report", "--by", "model").stdout


# --- show --------------------------------------------------------------------------------------


def test_show_is_one_screen_of_periods(cli: Cli, asked: list[Any]) -> None:
    lines = cli("show").stdout.splitlines()
    assert ("show", date(2026, 1, 8)) in asked
    assert lines[2].split() == ["2026-01-08", "3", "1,000,320", "1,234.50"]
    assert lines[4].split() == ["2026-01", "3", "1,000,320", "no", "price"]


# --- prices ------------------------------------------------------------------------------------


class Prices:
    """A price list with one model."""

    warnings = ("pricing.yaml:3: odd.",)

    def list(self, day: date, provider: str | None = None) -> tuple[Any, ...]:
        entry = {"provider": "anthropic", "model": "opus", "currency": "USD", "free": False}
        rates = {"input": Decimal("5"), "output": Decimal("25.0")}
        return (SimpleNamespace(**entry, rates=rates, tiers=(), windows=(), modes=("batch",)),)

    def nearest(self, model: str) -> tuple[str, ...]:
        return ("opus-4",)

    def explain(self, key: RateKey, tokens: TokenCounts | None, searches: int, requests: int) -> Any:
        FakeRun.asked.append(("explain", key, tokens))
        known = key.model == "opus"
        charge = SimpleNamespace(name="input", count=10, rate=Decimal(5), cost=Decimal("0.00005"))
        return SimpleNamespace(
            key=key,
            tried=("opus",),
            row="pricing.yaml:7 anthropic opus" if known else "",
            since=None,
            until=None,
            mode="standard",
            multiplier=Decimal(1),
            region_factor=Decimal(1),
            tier=None,
            window=None,
            applied=AppliedRate({"input": Decimal(5)}),
            charges=(charge,) if tokens and known else (),
            cost=Decimal("0.00005"),
            reason=None if known else "unknown_model",
        )


@pytest.fixture
def priced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that has prices and knows one event."""
    event = UsageEvent(datetime(2025, 12, 1, tzinfo=UTC), "s", "anthropic", "opus", TokenCounts(input=10))
    monkeypatch.setattr(FakeRun, "price_list", lambda self: Prices(), raising=False)
    monkeypatch.setattr(FakeRun, "event", lambda self, text: event if text == "e1" else None, raising=False)


@pytest.mark.usefixtures("priced")
class TestPrices:
    def test_alone_lists_the_rates_in_force(self, cli: Cli) -> None:
        assert cli("prices").stdout.splitlines()[-1].split() == [
            "anthropic",
            "opus",
            "USD",
            "5",
            "25",
            "batch",
        ]

    def test_a_name_that_no_list_holds_is_said(self, cli: Cli) -> None:
        assert cli("prices", "list", "sonnet").stdout == "No list has a rate for that.\n"

    def test_an_event_is_explained_with_its_own_tokens_and_time(self, cli: Cli, asked: list[Any]) -> None:
        result = cli("prices", "explain", "e1")
        key = RateKey("anthropic", "opus", datetime(2025, 12, 1, tzinfo=UTC), prompt=10)
        assert ("explain", key, TokenCounts(input=10)) in asked
        assert "row:          pricing.yaml:7 anthropic opus\n" in result.stdout
        assert result.stdout.splitlines()[-1].split() == ["cost", "0.00005"]

    def test_a_model_is_explained_at_noon_of_a_day(self, cli: Cli, asked: list[Any]) -> None:
        cli("prices", "explain", "anthropic/opus", "--date", "2026-01-01", "--input", "7")
        key = RateKey("anthropic", "opus", datetime(2026, 1, 1, 12, tzinfo=UTC), prompt=7)
        assert ("explain", key, TokenCounts(input=7)) in asked

    def test_why_there_is_no_price_is_said_with_what_is_near(self, cli: Cli) -> None:
        result = cli("prices", "explain", "opsu")
        assert "no price:     no list knows the model. Near are: opus-4.\n" in result.stdout
        assert result.exit_code == 0

    def test_check_names_models_without_a_price(self, cli: Cli) -> None:
        result = cli("prices", "check")
        assert "own own: no price for 3 events, 1,000,320 tokens. Near are: opus-4.\n" in result.stdout
        assert result.stderr == "pricing.yaml:3: odd.\n"


# --- doctor ------------------------------------------------------------------------------------


def test_doctor_groups_its_checks_with_their_remedies(cli: Cli, vault: Path) -> None:
    CHECKS.append(Check("Vault", "folder", "ok", str(vault)))
    CHECKS.append(Check("Logs", "claude-code", "warning", "no files.", "Run it once."))
    result = cli("doctor")
    assert result.stdout == (
        f"Vault\n  ok   folder: {vault}\nLogs\n  warn claude-code: no files.\n       Run it once.\n"
    )
    assert result.exit_code == 0


def test_doctor_ends_with_3_for_an_error_and_quietly_names_only_trouble(cli: Cli) -> None:
    CHECKS.append(Check("Vault", "folder", "ok", "fine"))
    CHECKS.append(Check("Ledger", "file", "error", "is damaged."))
    result = cli("doctor", "-q")
    assert (result.exit_code, result.stdout) == (3, "Ledger\n  FAIL file: is damaged.\n")
