"""The figures of `reconcile`, from real logs, exports and bills."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.sync.conftest import World, event
from tests.sync.test_tellings import DAY, configure, export, price

COST = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,cost_type
{}
"""


def reconciled(world: World, *arguments: str) -> dict[str, Any]:
    world.run("collect")
    said: dict[str, Any] = json.loads(
        world.run("reconcile", *arguments, "--json").stdout, parse_float=Decimal
    )
    return said


def bill(world: World, *rows: str) -> None:
    world.write("logs/cost.csv", COST.format("\n".join(rows)))


def test_a_log_and_an_export_that_agree(world: World) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T23:30:00Z", 1000, 100), event(f"{DAY}T01:00:00Z", 3000, 10))
    export(world, (DAY, 4000, 110))
    said = reconciled(world)
    (each,) = said["comparisons"]
    assert (said["since"], said["until"]) == ("2026-01-01", "2026-01-31")
    assert (each["provider"], each["telling"], each["against"]) == ("anthropic", "calls", "console")
    assert each["totals"]["cost"] == each["totals"]["against_cost"] == price(4000, 110)
    assert each["reasons"] == []
    assert [row["period"] for row in each["rows"]] == [DAY]


def test_spellings_of_one_model_are_one_model(world: World) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100, model_name="claude-opus-4-5-20251101"))
    export(world, (DAY, 1000, 100))
    (each,) = reconciled(world)["comparisons"]
    assert [(row["model"], row["difference"]) for row in each["rows"]] == [("claude-opus-4-5", 0)]


def test_a_bill_has_money_for_what_is_no_model(world: World) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 200_000, 1000))
    bill(
        world,
        f"{DAY},Claude Opus 4.5,w,k,standard,,input_no_cache,1.00,token",
        f"{DAY},Claude Opus 4.5,w,k,standard,,output,0.03,token",
        f"{DAY},,w,k,,,,0.50,web_search",
    )
    (each,) = reconciled(world)["comparisons"]
    assert each["against_kind"] == "bills"
    assert {r["reason"]: r["cost"] for r in each["reasons"]} == {
        "rounding": Decimal("1.03") - price(200_000, 1000),
        "not_a_model": Decimal("0.50"),
    }
    assert each["totals"]["against_tokens"] is None


def test_a_bill_is_not_calculated_even_if_all_else_is(world: World) -> None:
    configure(world, "cost: calculated\n")
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 200_000, 1000))
    bill(world, f"{DAY},Claude Opus 4.5,w,k,standard,,output,1.02,token")
    (each,) = reconciled(world)["comparisons"]
    assert each["totals"]["against_cost"] == Decimal("1.02")


def test_modes_of_their_own_are_counted(world: World) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100, mode="batch"))
    export(world, (DAY, 1000, 100))
    (each,) = reconciled(world)["comparisons"]
    assert [r["reason"] for r in each["reasons"]] == ["other_price"]
    assert each["facts"]["telling"]["special_tokens"] == 1100


def test_a_month_is_told_as_a_whole_or_not_at_all(world: World) -> None:
    configure(world)
    report = (
        "user_email,account_uuid,product,model,total_requests,total_prompt_tokens,total_completion_tokens,"
        "total_net_spend_usd,total_gross_spend_usd\n"
        "a@b.c,1,API,claude-opus-4-5,2,1000,100,0.0075,0.0075\n"
    )
    world.write("logs/spend-report-x-2026-01-01-to-2026-01-31.csv", report)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100))
    (each,) = reconciled(world)["comparisons"]
    assert [row["period"] for row in each["rows"]] == ["2026-01"]
    part = reconciled(world, "--since", "2026-01-01", "--until", "2026-01-20")
    assert (part["comparisons"], part["cut"]) == (
        [],
        [{"telling": "anthropic-spend-report", "month": "2026-01"}],
    )
    assert reconciled(world, "--since", "2026-01-05", "--until", "2026-01-20")["cut"] == part["cut"]


def test_a_sum_over_other_days_than_a_month_is_held_against_nothing(world: World) -> None:
    configure(world)
    report = (
        "user_email,account_uuid,product,model,total_requests,total_prompt_tokens,total_completion_tokens,"
        "total_net_spend_usd,total_gross_spend_usd\n"
        "a@b.c,1,API,claude-opus-4-5,2,1000,100,0.0075,0.0075\n"
    )
    world.write("logs/spend-report-x-2026-01-01-to-2026-01-20.csv", report)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100))
    said = reconciled(world)
    assert (said["comparisons"], said["cut"], said["odd"]) == ([], [], ["anthropic-spend-report"])
    assert said["alone"] == ["anthropic"]
    assert "no calendar month" in world.run("reconcile").stdout


def test_another_account_is_left_out_and_one_provider_can_be_asked_for(world: World) -> None:
    configure(world, "tellings: {also: [console]}\n")
    world.log(
        "a.jsonl",
        event(f"{DAY}T08:00:00Z"),
        event(f"{DAY}T09:00:00Z", model_provider="openai", model_name="gpt-5"),
    )
    export(world, (DAY, 1000, 100))
    said = reconciled(world)
    assert (said["comparisons"], said["also"], said["alone"]) == ([], ["console"], ["anthropic", "openai"])
    assert reconciled(world, "--provider", "openai")["alone"] == ["openai"]


def test_the_users_order_says_what_is_held_against_what(world: World) -> None:
    configure(world, "tellings: {order: [console]}\n")
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100))
    export(world, (DAY, 4000, 400))
    (each,) = reconciled(world)["comparisons"]
    assert (each["telling"], each["kind"], each["against"]) == ("console", "usage", "calls")


def test_an_empty_ledger_has_nothing_to_compare(world: World) -> None:
    configure(world)
    world.run("collect")
    assert "There is nothing to compare" in world.run("reconcile").stdout


@pytest.mark.parametrize(("tokens_in", "says"), [(200_000, True), (100_500, False)])
def test_a_note_says_where_another_telling_says_something_else(
    world: World, tokens_in: int, says: bool
) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 100_000, 0))
    export(world, (DAY, tokens_in, 0))
    world.write(f"Daily/{DAY}.md", "# Wednesday\n")
    world.run("daily")
    sentence = r"By the provider's figures the same days of UTC cost \$1.00, by the logs \$0.5000; see"
    assert (sentence in world.read(f"Daily/{DAY}.md")) is says
    assert ("the same days of UTC" in world.run("report").stdout) is says


def test_the_sentence_follows_an_export_that_is_revised(world: World) -> None:
    configure(world, zone="America/New_York")
    world.log("a.jsonl", event(f"{DAY}T20:00:00Z", 100_000, 0))
    export(world, (f"{DAY}T00:00:00Z", 200_000, 0))
    world.write(f"Daily/{DAY}.md", "# Wednesday\n")
    world.run("daily")
    assert r"figures the same days of UTC cost \$1.00" in world.read(f"Daily/{DAY}.md")
    export(world, (f"{DAY}T00:00:00Z", 400_000, 0), name="console-2.csv")
    world.run("daily")
    assert r"figures the same days of UTC cost \$3.00" in world.read(f"Daily/{DAY}.md")
