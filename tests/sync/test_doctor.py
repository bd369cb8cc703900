"""What `doctor` says of prices and of log files: what is not counted or not priced, and how to mend it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.sync.conftest import World, event
from vaultsync.sync import health

REMEDY = "Add a mapping to vaultsync.yaml, or move the file out of the logs."


def said(world: World, *arguments: str) -> list[str]:
    """The lines of doctor, without what differs from machine to machine."""
    whole = world.run("doctor", *arguments, code=None).stdout
    return [line.strip() for line in whole.replace(str(world.vault), "").splitlines()]


def state(root: Path) -> dict[str, str]:
    """Every file below a folder and what it holds, but for SQLite's shared memory."""
    files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.name.endswith("-shm")]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_model_without_a_price_is_named_with_what_it_used_and_the_remedy(world: World) -> None:
    calls = [event("2026-01-09T08:00:00Z", model_name=name) for name in ("own-1", "own-1", "claude-opus-4-5")]
    world.log("a.jsonl", *calls, event("2026-01-09T09:00:00Z", 9, 1, model_name="own-2"))
    assert not [line for line in said(world) if "no price" in line], "nothing is in the ledger yet"
    world.run("collect")
    lines = said(world)
    at = lines.index("warn anthropic own-1: no price for 2 events, 2,200 tokens")
    assert lines[at + 1] == "Add an entry or an alias to pricing.yaml."
    assert lines[at + 2] == "warn anthropic own-2: no price for 1 event, 10 tokens"
    assert not [line for line in lines if "claude-opus-4-5" in line]
    world.write("pricing.yaml", PRICES)
    assert not [line for line in said(world) if "no price" in line]


PRICES = """\
version: 1
providers:
  anthropic:
    models:
      - {id: own-1, match: ["own-*"], free: true}
"""


def test_of_many_models_without_a_price_the_rest_is_a_count(world: World) -> None:
    names = [f"own-{number}" for number in range(health.MODELS + 3)]
    world.log("a.jsonl", *(event("2026-01-09T08:00:00Z", model_name=name) for name in names))
    world.run("collect")
    lines = said(world)
    assert len([line for line in lines if "no price for 1 event" in line]) == health.MODELS
    assert lines[lines.index("warn models: no price for 3 more") + 1].startswith("`vaultsync prices check`")


def test_a_model_known_only_by_a_total_is_not_said_to_lack_a_price(world: World) -> None:
    """A price would not help: what is input and what output is not known."""
    call = event("2026-01-09T08:00:00Z")
    world.log("a.jsonl", {k: v for k, v in call.items() if "put" not in k} | {"total_tokens": 500})
    world.run("collect")
    assert not [line for line in said(world) if "no price" in line]


def test_a_file_that_no_collector_knows_is_named_with_the_remedy(world: World) -> None:
    world.log("good.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("logs/photo.jpg", b"\xff\xd8\xff")
    world.write("logs/empty.jsonl", "")
    world.write("logs/thoughts.md", "# Thoughts\n")
    expected = f"warn /logs: /logs/photo.jpg: no collector knows this format. {REMEDY}"
    for _ in range(2):
        lines = said(world)
        assert [line for line in lines if line.startswith("warn /logs:")] == ["warn /logs: 4 files", expected]
        collected = world.run("collect", code=None).stderr.replace(str(world.vault), "")
        assert expected.removeprefix("warn /logs: ") in collected, "collect says the same"


def test_a_file_that_two_collectors_claim_is_named(world: World) -> None:
    config = world.read("vaultsync.yaml")
    columns = "columns: {when: a, model: b, input: c, output: d}"
    maps = "".join(f"  - {{name: {name}, files: x.csv, {columns}}}\n" for name in ("one", "two"))
    world.write("vaultsync.yaml", f"{config}mappings:\n{maps}")
    world.write("logs/x.csv", "a,b,c,d\n2026-01-09T08:00:00Z,m,1,2\n")
    (line,) = [line for line in said(world) if "/logs/x.csv" in line]
    assert "one and two both claim this file" in line


def test_of_many_unknown_files_few_are_named_and_the_rest_is_a_count(world: World) -> None:
    for number in range(health.NAMED + 2):
        world.write(f"logs/{number}.bin", b"\xff\xd8\xff")
    lines = said(world)
    assert len([line for line in lines if "no collector knows" in line]) == health.NAMED
    assert "warn /logs: and 2 more that are not read" in lines


@pytest.mark.parametrize("arguments", [(), ("-v",)])
def test_doctor_changes_nothing(world: World, arguments: tuple[str, ...]) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z", model_name="own"))
    world.write("logs/photo.jpg", b"\xff\xd8\xff")
    world.run("collect")
    said(world)  # what is kept to be quicker: the price list as it was read
    before = state(world.root)
    world.log("b.jsonl", event("2026-01-09T09:00:00Z", model_name="own"))
    after = state(world.root)
    assert len(after) == len(before) + 1
    said(world, *arguments)
    assert state(world.root) == after
