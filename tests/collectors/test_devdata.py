"""The development databases of Kiro and Continue: a row for each call."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.collectors.enduring import HOSTILE, held
from tests.collectors.support import events, read, read_on, reader_of, rejected
from vaultsync.collectors.agents.devdata import Continue, Kiro
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import files_of
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

KIRO, CONTINUE = Kiro(), Continue()
Row = tuple[Any, ...]


def row(ident: int = 1, prompt: Any = 900, output: Any = 80, at: Any = "2026-01-05 09:00:00") -> Row:
    return (ident, "agent", "Kiro", prompt, output, at)


def made(folder: Path, *rows: Row) -> Path:
    path = folder / "kiro.kiroagent" / "dev_data" / "devdata.sqlite"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        names = "id, model, provider, tokens_prompt, tokens_generated, timestamp"
        db.execute(f"CREATE TABLE tokens_generated ({names})")
        db.executemany("INSERT INTO tokens_generated VALUES (?, ?, ?, ?, ?, ?)", rows)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_a_row_is_a_call_in_universal_time(tmp_path: Path) -> None:
    (call,) = events(read(KIRO, made(tmp_path, row()), zone=ZoneInfo("Asia/Tokyo")))
    assert call.tokens == TokenCounts(input=900, output=80)
    assert (call.when, call.provider) == (datetime(2026, 1, 5, 9, tzinfo=UTC), "kiro")
    assert (call.model, call.quality, call.flags) == ("agent", "estimate", ("cache_unknown",))


def test_a_growing_database_counts_each_call_once(tmp_path: Path, ledger: Ledger) -> None:
    held(ledger, KIRO, made(tmp_path, row(), row(2)))
    assert len(held(ledger, KIRO, made(tmp_path, row(2), row(3)))) == 3


@pytest.mark.parametrize("value", [*filter(lambda v: not isinstance(v, list | dict), HOSTILE), b"x"])
@pytest.mark.parametrize("place", [1, 2, 3, 4, 5])
def test_odd_values_cost_no_other_call(tmp_path: Path, place: int, value: Any) -> None:
    odd = list(row())
    odd[place] = str(value) if isinstance(value, int) and value > 2**62 else value
    found = read(KIRO, made(tmp_path, tuple(odd), row(2, output=7)))
    assert events(found)[-1].tokens.output == 7
    assert len(events(found)) + len(rejected(found)) == 2


def test_a_database_that_is_cut_is_set_aside_and_named(tmp_path: Path) -> None:
    path = made(tmp_path, row())
    data = path.read_bytes()
    for length in range(1, len(data), 61):
        path.write_bytes(data[:length])
        reader = reader_of(path)
        assert list(KIRO.collect(reader)) == []
        assert (reader.verdict, len(reader.issues)) == ("damaged", 1)


def test_a_database_without_the_table_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "devdata.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE tokens_generated (id)")
    assert list(KIRO.collect(reader_of(path))) == []


def test_the_same_table_of_the_other_program_is_not_claimed(tmp_path: Path) -> None:
    path = made(tmp_path, row())
    assert KIRO.claims(LogFile.look(path)) and not CONTINUE.claims(LogFile.look(path))
    moved = path.rename(tmp_path / "devdata.sqlite")
    assert CONTINUE.claims(LogFile.look(moved)) and not KIRO.claims(LogFile.look(moved))
    assert not CONTINUE.claims(LogFile.look(moved.rename(tmp_path / "other.sqlite")))


def test_calls_of_continue_have_its_name_and_their_own_model(tmp_path: Path, ledger: Ledger) -> None:
    path = made(tmp_path, (1, "claude-opus-4-5", "anthropic", 900, 80, "2026-01-05 09:00:00"))
    (call,) = held(ledger, CONTINUE, path.rename(tmp_path / "devdata.sqlite"))
    assert (call.source, call.provider, call.model) == ("continue", "anthropic", "claude-opus-4-5")
    assert (call.when, call.quality) == (datetime(2026, 1, 5, 9, tzinfo=UTC), "estimate")


@pytest.mark.parametrize(
    ("environ", "folder"),
    [({}, ".continue"), ({"CONTINUE_GLOBAL_DIR": "{}/mine"}, "mine"), ({"CONTINUE_GLOBAL_DIR": "~/m"}, "m")],
)
def test_of_the_two_stores_of_continue_one_is_read(
    tmp_path: Path, environ: dict[str, str], folder: str
) -> None:
    data = tmp_path / folder / "dev_data"
    (data / "0.2.0").mkdir(parents=True)
    (data / "0.2.0" / "tokensGenerated.jsonl").write_text("{}")
    (data / "devdata.sqlite").write_text("x")
    places = CONTINUE.places({key: value.format(tmp_path) for key, value in environ.items()}, tmp_path)
    assert [found for place in places for found in files_of(place)] == [data / "devdata.sqlite"]


def test_the_usual_places_on_three_systems() -> None:
    below = "User/globalStorage/kiro.kiroagent/dev_data"
    places = [str(place.root) for place in KIRO.places({"APPDATA": "/roaming"}, Path("/home/ana"))]
    assert places == [
        f"/home/ana/.config/Kiro/{below}",
        f"/home/ana/Library/Application Support/Kiro/{below}",
        f"/home/ana/AppData/Roaming/Kiro/{below}",
        f"/roaming/Kiro/{below}",
    ]


def test_only_new_rows_of_a_growing_database_are_read(tmp_path: Path) -> None:
    _, first = read_on(KIRO, made(tmp_path, row(), row(2)))
    told, second = read_on(KIRO, made(tmp_path, row(), row(2), row(3)), first)
    assert [call.key for call in events(told)] == ["kiro:3:2026-01-05T09:00:00+00:00"]
    told, _ = read_on(KIRO, made(tmp_path, row(), row(2), row(4)), second)
    assert len(events(told)) == 3
