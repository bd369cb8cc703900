"""What settings and notes say that cannot be done as it stands: told clearly, and nothing is overwritten."""

from __future__ import annotations

import os

import pytest

from tests.sync.conftest import CONFIG, World, event


@pytest.mark.parametrize("format", ["YYYY-MM", "dddd", "[Diary]"])
def test_a_format_that_gives_two_days_one_note_does_not_let_them_replace_each_other(
    world: World, format: str
) -> None:
    world.write("vaultsync.yaml", CONFIG.replace("daily: {", f"daily: {{format: '{format}', "))
    world.log("a.jsonl", event("2026-01-01T08:00:00Z"), event("2026-01-08T08:00:00Z", 2000))
    done = world.run("sync", code=3)
    assert f"it holds the section of 2026-01-01, and its format '{format}' gives 2026-01-08" in done.stderr
    before = world.notes()
    world.run("sync", code=3)
    assert world.notes() == before


def test_weeks_that_share_a_note_at_the_turn_of_a_year_do_not_replace_each_other(world: World) -> None:
    world.write("vaultsync.yaml", CONFIG.replace("weekly: {", "weekly: {format: 'YYYY-[W]ww', "))
    world.log("a.jsonl", event("2024-01-03T08:00:00Z"), event("2024-12-30T08:00:00Z", 2000))
    done = world.run("sync", code=3)
    assert "holds the section of 2024-W01" in done.stderr
    assert "vaultsync:begin weekly 2024-W01 " in world.read("Weekly/2024-W01.md")


def test_a_note_copied_from_another_day_gets_its_own_figures(world: World) -> None:
    world.log("a.jsonl", event("2026-01-08T08:00:00Z"), event("2026-01-09T08:00:00Z", 2000))
    world.run("sync", "--until", "2026-01-08")
    world.write("Daily/2026-01-09.md", world.read("Daily/2026-01-08.md"))
    world.run("daily")
    assert "vaultsync:begin daily 2026-01-09 " in world.read("Daily/2026-01-09.md")


@pytest.mark.parametrize("wish", ["false", '"false"', "no", "Off"])
def test_a_note_that_asks_to_be_left_alone_is(world: World, wish: str) -> None:
    note = world.write("Daily/2026-01-09.md", f"---\nvaultsync: {wish}\n---\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily", "--only")
    assert note.read_text() == f"---\nvaultsync: {wish}\n---\n"


def test_an_agent_nobody_knows_is_named_with_the_nearest_one(world: World) -> None:
    world.write("vaultsync.yaml", CONFIG.replace("agents: none", "agents: [claude-cod]"))
    done = world.run("collect", code=2)
    assert (
        "agents names 'claude-cod', and no collector has this name. Did you mean 'claude-code'?"
        in done.stderr
    )


def test_an_unknown_locale_is_refused_for_it_would_number_weeks_wrong(world: World) -> None:
    world.write("vaultsync.yaml", CONFIG.replace("locale: en-gb", "locale: xx"))
    done = world.run("daily", code=2)
    assert "vaultsync.yaml:2: locale 'xx' is not known" in done.stderr


def test_a_currency_without_an_exchange_rate_is_told_with_its_remedy(world: World) -> None:
    world.write("vaultsync.yaml", CONFIG + "currency: EUR\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    assert "no exchange rate is known. Add one under fx in your pricing.yaml." in world.read(
        "Daily/2026-01-09.md"
    )
    said = world.run("report", "--since", "2026-01-09").stdout
    assert "1 event: 1 without an exchange rate." in said
    assert "0.0075 USD are not in the cost; add an exchange rate under `fx` in your pricing.yaml." in said


REFUSED = {
    "an agent": ("agents: [claude-cod]\n", "", "vaultsync.yaml:8: agents names 'claude-cod'"),
    "a telling": ("tellings:\n  order: [billz]\n", "", "vaultsync.yaml:8: tellings.order names 'billz'"),
    "a locale": ("locale: xx\n", "", "vaultsync.yaml:8: locale 'xx' is not known"),
    "a mapping": (
        "mappings:\n  - {name: x, files: a.csv, colums: {}}\n",
        "",
        "vaultsync.yaml:9: unknown key",
    ),
    "a key": ("timezon: UTC\n", "", "vaultsync.yaml:8: unknown key 'timezon'"),
    "a tag": ("cost: !!python/name:os.system\n", "", "vaultsync.yaml:8: tags such as"),
    "a price": ("", "version: 1\nprovider: {}\n", "pricing.yaml:2: unknown key 'provider'"),
    "prices in pieces": ("", "version: 1\n\0", "pricing.yaml:2: is not YAML: it holds"),
    "no price list": ("pricing: [gone.yaml]\n", "", "vaultsync.yaml:8: pricing names 'gone.yaml'"),
}


@pytest.mark.parametrize("command", ["collect", "daily", "weekly", "dashboard", "sync"])
@pytest.mark.parametrize(("config", "prices", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_work_is_refused_with_file_and_line_before_anything_is_touched(
    world: World, command: str, config: str, prices: str, said: str
) -> None:
    key = config.partition(":")[0]
    rest = [line for line in NOTES.splitlines() if line.partition(":")[0] != key]
    world.write("vaultsync.yaml", "\n".join([*rest, *["#"] * (7 - len(rest)), config]))
    if prices:
        world.write("pricing.yaml", prices)
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-09.md", "mine\n")
    before = {path: path.is_file() and path.read_bytes() for path in world.root.rglob("*")}
    done = world.run(command, code=2)
    assert done.stderr.startswith(f"{world.vault}/{said}") and done.stderr.count("\n") == 1
    assert {path: path.is_file() and path.read_bytes() for path in world.root.rglob("*")} == before


NOTES = """\
timezone: Europe/Berlin
locale: en-gb
agents: none
logs: [logs]
ledger: ../state/ledger.db
create: always
"""


@pytest.mark.parametrize("kind", ["folder", "pipe", "link to nothing"])
def test_a_price_list_of_the_vault_that_is_no_file_is_not_passed_over(world: World, kind: str) -> None:
    list_ = world.vault / "pricing.yaml"
    if kind == "folder":
        list_.mkdir()
    elif kind == "pipe":
        os.mkfifo(list_)
    else:
        list_.symlink_to("gone.yaml")
    assert world.run("daily", code=2).stderr.startswith(f"{list_}: is not a regular file. Mend it")
    assert not (world.root / "state").exists()
