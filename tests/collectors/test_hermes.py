"""The database of Hermes Agent: sums of sessions, by model where it has them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, held
from tests.collectors.support import events, read, reader_of, rejected, titled
from vaultsync.collectors.agents.hermes import Hermes
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

HERMES = Hermes()
Row = dict[str, Any]
NINE = 1_767_603_600.0
SUMS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
WHOLE = ("id", "model", "billing_provider", "started_at", "title", "title_source", *SUMS)
WHOLE += ("actual_cost_usd", "estimated_cost_usd")
PARTS = ("session_id", "model", "billing_provider", "billing_base_url", "billing_mode", "task", *SUMS)
PARTS += ("estimated_cost_usd", "actual_cost_usd", "first_seen")


def counts(n: int) -> Row:
    return dict(zip(SUMS, (100 * n, 50 * n, 1000 * n, 10 * n, 20 * n), strict=True))


def session(ident: str = "s1", n: int = 3, **more: Any) -> Row:
    said = {"id": ident, "model": "claude-opus-4-5", "billing_provider": "Anthropic", "started_at": NINE}
    return said | {"estimated_cost_usd": 0.25} | counts(n) | more


def part(model: str = "claude-opus-4-5", n: int = 2, **more: Any) -> Row:
    return (
        {"session_id": "s1", "model": model, "billing_provider": "anthropic", "task": ""} | counts(n) | more
    )


def made(path: Path, sessions: list[Row], parts: list[Row] | None = None) -> Path:
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        for table, names, rows in (("sessions", WHOLE, sessions), ("session_model_usage", PARTS, parts)):
            if rows is not None:
                db.execute(f"CREATE TABLE {table} ({', '.join(names)})")
                marks = ", ".join("?" * len(names))
                db.executemany(
                    f"INSERT INTO {table} VALUES ({marks})", [[row.get(n) for n in names] for row in rows]
                )
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_an_older_session_is_one_sum(tmp_path: Path) -> None:
    (total,) = events(read(HERMES, made(tmp_path / "state.db", [session()])))
    assert total.tokens == TokenCounts(input=300, cache_read=3000, cache_write=30, output=150, reasoning=60)
    assert (total.when, total.provider) == (datetime(2026, 1, 5, 9, tzinfo=UTC), "anthropic")
    assert (total.session, total.grain, total.quality) == ("s1", "session", "session-total")
    assert (total.cost, total.cost_kind) == (Decimal("0.25"), "estimated")


def test_sums_by_model_take_the_place_of_the_sessions_own(tmp_path: Path) -> None:
    parts = [part(), part("gpt-5", 1, task="title", first_seen=NINE + 60)]
    calls = events(read(HERMES, made(tmp_path / "state.db", [session(), session("s2", 7)], parts)))
    assert [(call.session, call.model, call.tokens.input) for call in calls] == [
        ("s1", "claude-opus-4-5", 200),
        ("s1", "gpt-5", 100),
        ("s2", "claude-opus-4-5", 700),
    ]
    assert [call.action_name for call in calls] == [None, "title", None]
    assert [call.when.minute for call in calls] == [0, 1, 0]


def test_what_was_charged_is_better_than_an_estimate(tmp_path: Path) -> None:
    (total,) = events(read(HERMES, made(tmp_path / "state.db", [session(actual_cost_usd=0.2)])))
    assert (total.cost, total.cost_kind) == (Decimal("0.2"), "charged")
    (total,) = events(read(HERMES, made(tmp_path / "state.db", [session(estimated_cost_usd=0)])))
    assert (total.cost, total.cost_kind) == (None, None)


def test_a_session_that_goes_on_and_one_that_was_deleted_count_once(tmp_path: Path, ledger: Ledger) -> None:
    path = made(tmp_path / "state.db", [session(), session("s2")], [part()])
    held(ledger, HERMES, path)
    made(path, [session(n=9)], [part(n=8)])
    assert sorted(call.tokens.input for call in held(ledger, HERMES, path)) == [300, 800]


@pytest.mark.parametrize("value", [*filter(lambda v: not isinstance(v, list | dict), HOSTILE), b"x", 2.0])
@pytest.mark.parametrize("key", ["input_tokens", "estimated_cost_usd", "model", "started_at"])
def test_odd_values_cost_no_other_session(tmp_path: Path, key: str, value: Any) -> None:
    value = str(value) if isinstance(value, int) and value > 2**62 else value
    rows = [session(**{key: value}), session("s2", 7)]
    found = read(HERMES, made(tmp_path / "state.db", rows))
    assert events(found)[-1].tokens.input == 700
    assert len(events(found)) + len(rejected(found)) == 2
    assert "SECRET" not in str(found)


def test_a_database_of_other_tables_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE sessions (other)")
    assert list(HERMES.collect(reader_of(path))) == []


def test_a_database_that_is_cut_is_set_aside_and_named(tmp_path: Path) -> None:
    path = made(tmp_path / "state.db", [session()])
    data = path.read_bytes()
    for length in range(1, len(data), 61):
        path.write_bytes(data[:length])
        reader = reader_of(path)
        assert list(HERMES.collect(reader)) == []
        assert (reader.verdict, len(reader.issues)) == ("damaged", 1)


def test_only_its_database_is_claimed(tmp_path: Path) -> None:
    path = made(tmp_path / "state.db", [session()])
    assert HERMES.claims(LogFile.look(path))
    assert not HERMES.claims(LogFile.look(path.rename(tmp_path / "other.db")))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE sessions (other)")
    assert not HERMES.claims(LogFile.look(path))


def test_the_usual_place_and_the_variable_that_moves_it() -> None:
    (usual,) = HERMES.places({}, Path("/home/ana"))
    assert (usual.root, usual.patterns) == (Path("/home/ana/.hermes"), ("state.db",))
    (moved,) = HERMES.places({"HERMES_HOME": "~/h"}, Path("/home/ana"))
    assert moved.root == Path("/home/ana/h")


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ({"title": "Poems"}, {"s1": "Poems"}),
        ({"title": "Poems", "title_source": "llm"}, {"s1": "Poems"}),
        ({"title": "Poems", "title_source": "user"}, {"s1": "Poems"}),
        ({"title": "write me poems", "title_source": "derived"}, {}),
        ({"title": None}, {}),
    ],
    ids=str,
)
def test_a_session_shows_by_its_title_and_not_by_its_prompt(
    tmp_path: Path, how: Row, kept: dict[str, str]
) -> None:
    for parts in (None, [part()]):
        assert titled(read(HERMES, made(tmp_path / "state.db", [session(**how)], parts))) == kept


def test_a_title_by_the_user_counts_more(tmp_path: Path, ledger: Ledger) -> None:
    for source in ("user", "llm"):
        named = session(title=f"By {source}", title_source=source)
        held(ledger, HERMES, made(tmp_path / "state.db", [named]))
    assert ledger.titles() == {("hermes", "s1"): "By user"}
