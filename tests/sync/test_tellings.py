"""The provider's own figures beside the logs: counted once, and notes follow what counts."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.sync.conftest import CONFIG, World, event
from vaultsync.vault import properties

MAPPINGS = """\
mappings:
  - name: console
    files: "console*.csv"
    columns: {when: day, model: model, input: input, output: output}
    constants: {provider: anthropic}
    tells: usage
  - name: invoice
    files: "invoice*.csv"
    columns: {when: day, model: item, output: output, cost: amount}
    constants: {provider: anthropic, cost_kind: billed}
    tells: bills
"""
DAY = "2026-01-07"


def configure(world: World, more: str = "", zone: str = "UTC") -> None:
    world.write("vaultsync.yaml", CONFIG.replace("Europe/Berlin", zone) + MAPPINGS + more)


def export(world: World, *rows: tuple[str, int, int], name: str = "console.csv") -> None:
    """What the provider says: day, input, output."""
    lines = [f"{day},claude-opus-4-5,{tokens_in},{tokens_out}" for day, tokens_in, tokens_out in rows]
    world.write(f"logs/{name}", "\n".join(["day,model,input,output", *lines, ""]))


def cost(world: World, *arguments: str) -> Decimal:
    """Cost by `report`, exact."""
    said: dict[str, Any] = json.loads(
        world.run("report", *arguments, "--json").stdout, parse_float=Decimal, parse_int=Decimal
    )
    return said["totals"]["cost"]  # type: ignore[no-any-return]


SPAN = ("--since", "2026-01-01", "--until", "2026-02-01")
OPUS = Decimal("0.000005"), Decimal("0.000025")


def price(tokens_in: int, tokens_out: int) -> Decimal:
    return tokens_in * OPUS[0] + tokens_out * OPUS[1]


def test_an_export_of_the_same_days_changes_no_figure(world: World) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100), event(f"{DAY}T20:00:00Z", 3000, 10))
    world.run("collect")
    before = cost(world, *SPAN)
    export(world, (DAY, 4000, 110))
    world.run("collect")
    assert cost(world, *SPAN) == before == price(4000, 110)


def test_days_that_no_log_tells_are_told_by_the_export(world: World) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100))
    export(world, (DAY, 9000, 900), ("2026-01-08", 500, 50))
    world.run("collect")
    assert cost(world, *SPAN) == price(1500, 150)
    assert cost(world, *SPAN, "--by", "source") == price(1500, 150)


@pytest.mark.parametrize(
    ("tellings", "counted"),
    [
        ("{order: [usage]}", price(4000, 400)),
        ("{order: [console, calls]}", price(4000, 400)),
        ("{order: [flat-events]}", price(1000, 100)),
        ("{also: [console]}", price(5000, 500)),
        ("{}", price(1000, 100)),
    ],
)
def test_the_user_changes_the_order_and_notes_follow(world: World, tellings: str, counted: Decimal) -> None:
    configure(world)
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100))
    export(world, (DAY, 4000, 400))
    world.write(f"Daily/{DAY}.md", "# Wednesday\n")
    world.run("daily")
    assert properties.read(world.read(f"Daily/{DAY}.md"))[0]["llm_cost_usd"] == price(1000, 100)
    configure(world, f"tellings: {tellings}\n")
    world.run("daily")
    assert cost(world, *SPAN) == counted
    assert properties.read(world.read(f"Daily/{DAY}.md"))[0]["llm_cost_usd"] == counted


@pytest.mark.parametrize(
    ("tellings", "said"),
    [
        (
            "{order: [cals]}",
            "tellings.order names 'cals', and no collector has this name. Did you mean 'calls'?",
        ),
        (
            "{also: [consol]}",
            "tellings.also names 'consol', and no collector has this name. Did you mean 'console'?",
        ),
        ("{also: [usage]}", "tellings.also names 'usage', and no collector has this name."),
        ("{order: [flat-array]}", "and the events of this collector are told as flat-events."),
        ("{also: [langfuse-csv]}", "and the events of this collector are told as langfuse."),
        ("{also: [copilot-otel]}", "and the events of this collector are told as copilot."),
    ],
)
def test_a_name_that_no_collector_has_is_refused(world: World, tellings: str, said: str) -> None:
    configure(world, f"tellings: {tellings}\n")
    assert said in world.run("collect", code=2).stderr


@pytest.mark.parametrize("name", ["claude-code", "langfuse", "otlp", "claude-code-otel", "console"])
def test_the_name_of_every_source_may_be_used(world: World, name: str) -> None:
    configure(world, f"tellings: {{also: [{name}]}}\n")
    world.run("collect")


def test_logs_that_arrive_after_the_export_refresh_every_note_of_the_day(world: World) -> None:
    configure(world, zone="America/New_York")
    export(world, (f"{DAY}T00:00:00Z", 4000, 400))
    for day in ("2026-01-06", DAY):
        world.write(f"Daily/{day}.md", "# A day\n")
    world.run("daily")
    evening = "Daily/2026-01-06.md"  # when a day of UTC begins
    assert properties.read(world.read(evening))[0]["llm_tokens"] == 4400
    world.log("a.jsonl", event(f"{DAY}T20:00:00Z", 1000, 100))
    world.run("daily")
    assert properties.read(world.read(evening))[0]["llm_tokens"] == 0
    assert properties.read(world.read(f"Daily/{DAY}.md"))[0]["llm_tokens"] == 1100
    assert world.run("daily", "-q").output == ""


def test_a_preferred_log_that_arrives_late_takes_the_place_of_others(world: World) -> None:
    configure(world, "tellings: {order: [daily-json, calls]}\n")
    world.log("a.jsonl", event(f"{DAY}T08:00:00Z", 1000, 100))
    world.write(f"Daily/{DAY}.md", "# Wednesday\n")
    world.run("daily")
    run = {
        "timestamp": f"{DAY}T09:00:00Z",
        "run_type": "x",
        "provider": "anthropic",
        "model": "claude-opus-4-5",
        "tokens": {"input": 7, "output": 3, "total": 10},
    }
    world.write(f"logs/{DAY}.json", json.dumps({"date": DAY, "runs": [run]}))
    world.run("daily")
    assert properties.read(world.read(f"Daily/{DAY}.md"))[0]["llm_tokens"] == 10
