"""Exports of providers and gateways as they lie among the logs: overlapping, revised, told by several."""

from __future__ import annotations

import json

import pytest

from tests.sync.conftest import World

HEADER = "usage_date_utc,model_version,context_window,usage_input_tokens_no_cache,usage_output_tokens\n"


def console(world: World, name: str, *days: tuple[int, int], age: float = 3600) -> None:
    """What the provider's console says: day of January, input tokens."""
    rows = "".join(f"2026-01-{day:02},claude-opus-4-5-20251101,≤200k,{count},10\n" for day, count in days)
    world.write(f"logs/{name}", HEADER + rows, age=age)


def totals(world: World) -> tuple[object, object]:
    """Events and input tokens of all time."""
    whole = world.run("report", "--since", "2020-01-01", "--until", "2026-12-31", "--json").output
    found = json.loads(whole)["totals"]
    return found["events"], found["input_tokens"]


@pytest.mark.parametrize("revised", [900, 1100])
def test_of_exports_that_overlap_the_newer_figures_count(world: World, revised: int) -> None:
    console(world, "january-a.csv", (5, 1000), (6, 1000), age=7200)
    world.run("collect")
    console(world, "january-b.csv", (6, revised), (7, 1000))
    world.run("collect")
    assert totals(world) == (3, 2000 + revised)
    console(world, "copy.csv", (6, revised), (7, 1000))
    world.run("collect")
    assert totals(world) == (3, 2000 + revised)


def test_an_export_that_slides_on_loses_no_day(world: World) -> None:
    console(world, "usage.csv", (5, 1000), (6, 1000), age=7200)
    world.run("collect")
    console(world, "usage.csv", (6, 1100), (7, 1000))
    world.run("collect")
    assert totals(world) == (3, 3100)
