"""The log database of `llm`: each answer once, its counts by the meaning of its plug-in."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, held
from tests.collectors.support import events, issues, read, read_on, reader_of, rejected, written
from vaultsync.collectors.agents.llm import Llm
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import files_of
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts, UsageEvent

LLM = Llm()
Json = dict[str, Any]
DETAILS = {
    "prompt_tokens_details": {"cached_tokens": 1024},
    "completion_tokens_details": {"reasoning_tokens": 1200},
}
OLD = ("id", "model", "prompt", "response", "conversation_id", "datetime_utc", "duration_ms")
COUNTED = ("resolved_model", "input_tokens", "output_tokens", "token_details")


def ident(number: int = 1) -> str:
    return f"{number:026d}"


def answer(number: int = 1, details: Any = DETAILS, **more: Any) -> Json:
    said = {"id": ident(number), "model": "gpt-5", "resolved_model": "gpt-5-2025-08-07", "prompt": "SECRET"}
    said |= {"datetime_utc": "2026-02-10T09:00:00.123456+00:00", "duration_ms": 9500, "response": "SECRET"}
    said |= {"input_tokens": 2000, "output_tokens": 1500}
    said["token_details"] = json.dumps(details) if isinstance(details, dict) else details
    return said | more


def base(
    path: Path, *answers: Json, table: str = "responses", names: tuple[str, ...] = (*OLD, *COUNTED)
) -> Path:
    if table == "turns":
        names = tuple("thread_id" if name == "conversation_id" else name for name in names)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"CREATE TABLE IF NOT EXISTS [{table}] ({', '.join(f'[{name}] TEXT' for name in names)})")
        db.execute("CREATE TABLE IF NOT EXISTS types (i INTEGER)")
        for each in answers:
            row = {"conversation_id": "c-1", "thread_id": "t-1"} | each
            places = ", ".join("?" * len(names))
            db.execute(f"INSERT INTO {table} VALUES ({places})", [row.get(name) for name in names])
    return path


def untyped(tmp_path: Path, *answers: Json, **how: Any) -> Path:
    """A database whose columns keep what is put into them."""
    path = base(tmp_path / "logs.db", **how)
    with closing(sqlite3.connect(path)) as db, db:
        table = how.get("table", "responses")
        db.execute(f"DROP TABLE {table}")
        names = [*OLD, *COUNTED]
        db.execute(f"CREATE TABLE {table} ({', '.join(names)})")
        for each in answers:
            row = {"conversation_id": "c-1"} | each
            db.execute(
                f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})",
                [row.get(name) for name in names],
            )
    return path


def one(tmp_path: Path, **how: Any) -> UsageEvent:
    (call,) = events(read(LLM, untyped(tmp_path, answer(**how))))
    return call


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_an_answer_is_a_call(tmp_path: Path) -> None:
    call = one(tmp_path)
    assert call.tokens == TokenCounts(976, 1024, output=1500, reasoning=1200)
    assert call.when == datetime(2026, 2, 10, 9, 0, 0, 123456, tzinfo=UTC)
    assert (call.source, call.provider, call.model) == ("llm", "openai", "gpt-5-2025-08-07")
    assert (call.session, call.duration_ms, call.key, call.flags) == ("c-1", 9500, f"llm:{ident()}", ())


@pytest.mark.parametrize("table", ["responses", "turns"])
def test_l1_either_table_alone(tmp_path: Path, table: str) -> None:
    path = base(tmp_path / "logs.db", table=table)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"DROP TABLE {table}")
        owner = "conversation_id" if table == "responses" else "thread_id"
        db.execute(
            f"CREATE TABLE {table} (id, model, datetime_utc, input_tokens INTEGER, output_tokens, {owner})"
        )
        db.execute(f"INSERT INTO {table} VALUES ('{ident()}', 'gpt-5', '2026-02-10T09:00:00', 20, 10, 'x')")
    (call,) = events(read(LLM, path))
    assert (call.tokens, call.session, call.model) == (TokenCounts(20, output=10), "x", "gpt-5")
    assert call.when == datetime(2026, 2, 10, 9, tzinfo=UTC)


def test_l1_an_answer_in_both_tables_is_one(tmp_path: Path, ledger: Ledger) -> None:
    path = untyped(tmp_path, answer(), answer(2))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE turns AS SELECT *, 't-1' AS thread_id FROM responses")
        db.execute("ALTER TABLE turns DROP COLUMN conversation_id")
        db.execute("UPDATE turns SET id = ? WHERE id = ?", (ident(3), ident(2)))
    assert len(held(ledger, LLM, path)) == 3


def test_l1_answers_without_counts_are_calls_of_which_nothing_is_known(tmp_path: Path) -> None:
    none = {"input_tokens": None, "output_tokens": None, "token_details": None}
    first, *others = events(read(LLM, untyped(tmp_path, answer(), answer(2, **none), answer(3, **none))))
    assert first.quality == "final"
    assert [(call.tokens, call.quality) for call in others] == [(TokenCounts(), "partial")] * 2


def test_a_database_of_before_there_were_counts_is_read(tmp_path: Path) -> None:
    (call,) = events(read(LLM, base(tmp_path / "logs.db", answer(), names=OLD)))
    assert (call.model, call.quality) == ("gpt-5", "partial")


@pytest.mark.parametrize(
    ("model", "details", "expected"),
    [
        ("o3", {"input_tokens_details": {"cached_tokens": 1024}}, TokenCounts(976, 1024, output=1500)),
        (
            "o3",
            {"output_tokens_details": {"reasoning_tokens": 900}},
            TokenCounts(2000, output=1500, reasoning=900),
        ),
        (
            "anthropic/claude-opus-4-5",
            {"cache_read_input_tokens": 1024, "cache_creation_input_tokens": 300},
            TokenCounts(2000, 1024, cache_write=300, output=1500),
        ),
        (
            "my-claude",
            {
                "cache_creation_input_tokens": 300,
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            },
            TokenCounts(2000, 0, 100, 0, 200, output=1500),
        ),
        (
            "gemini/gemini-2.5-pro",
            {"candidatesTokenCount": 300, "thoughtsTokenCount": 1200, "cachedContentTokenCount": 1024},
            TokenCounts(976, 1024, output=1500, reasoning=1200),
        ),
        ("gemini-2.5-pro", {"thoughtsTokenCount": 1200}, TokenCounts(2000, output=2700, reasoning=1200)),
        ("deepseek-chat", {"prompt_cache_hit_tokens": 1024}, TokenCounts(976, 1024, output=1500)),
        ("gpt-5", None, TokenCounts(2000, output=1500)),
    ],
)
def test_the_rest_of_the_usage_tells_what_the_counts_mean(
    tmp_path: Path, model: str, details: Any, expected: TokenCounts
) -> None:
    call = one(tmp_path, model=model, resolved_model=None, details=details)
    assert (call.tokens, call.flags) == (expected, ())


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-4o", "openai"),
        ("o4-mini", "openai"),
        ("o1", "openai"),
        ("gpt-oss:20b", "unknown"),
        ("claude-3-opus", "anthropic"),
        ("anthropic/claude-opus-4-5", "anthropic"),
        ("gemini/gemini-2.5-pro", "google"),
        ("openrouter/anthropic/claude-opus-4.5", "openrouter"),
        ("llama3:latest", "unknown"),
        ("orca-mini-3b", "unknown"),
    ],
)
def test_the_name_of_a_model_tells_who_serves_it(tmp_path: Path, model: str, provider: str) -> None:
    assert one(tmp_path, model=model).provider == provider


def test_a_gateway_tells_what_it_charged(tmp_path: Path) -> None:
    call = one(tmp_path, model="openrouter/x/y", details={"cost": 0.0123})
    assert (call.cost, call.cost_kind) == (Decimal("0.0123"), "charged")
    (tmp_path / "logs.db").unlink()
    assert one(tmp_path, model="gpt-5", details={"cost": 0.0123}).cost is None


def test_searches_of_the_web_count(tmp_path: Path) -> None:
    details = {"server_tool_use": {"web_search_requests": 3}}
    assert one(tmp_path, model="anthropic/claude-opus-4-5", details=details).web_searches == 3


def test_early_ids_are_told_apart_by_their_time(tmp_path: Path, ledger: Ledger) -> None:
    first = untyped(tmp_path, answer(id="7"))
    (tmp_path / "other").mkdir()
    second = untyped(tmp_path / "other", answer(id="7", datetime_utc="2023-06-01T00:00:00"))
    assert len(held(ledger, LLM, first, second)) == 2


def test_a_growing_database_is_counted_once_and_keeps_what_it_forgets(tmp_path: Path, ledger: Ledger) -> None:
    assert len(held(ledger, LLM, untyped(tmp_path, answer()))) == 1
    path = untyped(tmp_path, answer(), answer(2))
    assert len(held(ledger, LLM, path, path)) == 2
    assert len(held(ledger, LLM, untyped(tmp_path))) == 2


@pytest.mark.parametrize(
    "key",
    ["id", "model", "resolved_model", "datetime_utc", "duration_ms", "input_tokens", "token_details"],
)
@pytest.mark.parametrize(
    "value", [v for v in HOSTILE if not isinstance(v, list | dict) and v != 10**30], ids=str
)
def test_hostile_values_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(LLM, untyped(tmp_path, answer(**{key: value}), answer(2)))
    assert 1 <= len(events(told)) <= 2 and len(issues(told)) <= 1 and "SECRET" not in repr(told)


@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_details_are_survived(tmp_path: Path, value: Any) -> None:
    details = {"prompt_tokens_details": value, "cache_read_input_tokens": value, "thoughtsTokenCount": value}
    told = read(
        LLM, untyped(tmp_path, answer(details=json.dumps(details)), answer(2, details=json.dumps(value)))
    )
    assert len(told) <= 3


def test_every_cut_of_a_database_is_survived(tmp_path: Path) -> None:
    data = untyped(tmp_path, *(answer(number) for number in range(80))).read_bytes()
    for length in range(16, len(data), 512):
        reader = reader_of(written(tmp_path / "logs.db", data[:length]))
        told = [*LLM.collect(reader), *reader.issues]
        assert len(events(told)) == 80 or (reader.verdict == "damaged" and rejected(told))


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, ".config/io.datasette.llm"),
        ({}, "Library/Application Support/io.datasette.llm"),
        ({}, "AppData/Roaming/io.datasette.llm"),
        ({"APPDATA": "{}/roaming"}, "roaming/io.datasette.llm"),
        ({"XDG_CONFIG_HOME": "{}/config"}, "config/io.datasette.llm"),
        ({"LLM_USER_PATH": "{}/mine"}, "mine"),
        ({"LLM_USER_PATH": "~/mine"}, "mine"),
    ],
)
def test_the_usual_places(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    (tmp_path / folder).mkdir(parents=True)
    path = written(tmp_path / folder / "logs.db", "x")
    places = LLM.places({key: value.format(tmp_path) for key, value in environ.items()}, tmp_path)
    assert [found for place in places for found in files_of(place)] == [path]


def test_claims_are_narrow(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "logs.db")) as db, db:
        db.execute("CREATE TABLE calls (id TEXT)")
    assert not LLM.claims(LogFile.look(tmp_path / "logs.db"))
    assert LLM.claims(LogFile.look(base(tmp_path / "copy of logs.db")))
    assert not LLM.claims(LogFile.look(written(tmp_path / "x.db", "datetime_utc conversation_id")))


@pytest.mark.parametrize("table", ["responses", "turns"])
def test_only_new_answers_of_a_growing_database_are_read(tmp_path: Path, table: str) -> None:
    path = base(tmp_path / "logs.db", answer(1), answer(2), table=table)
    _, first = read_on(LLM, path)
    told, second = read_on(LLM, base(path, answer(3), answer(4), table=table), first)
    assert [call.key for call in events(told)] == [f"llm:{ident(3)}", f"llm:{ident(4)}"]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"DELETE FROM {table} WHERE id = '{ident(4)}'")
    told, _ = read_on(LLM, path, second)
    assert len(events(told)) == 3


def test_a_table_without_ids_is_named_and_not_read(tmp_path: Path) -> None:
    names = tuple(name for name in (*OLD, *COUNTED) if name != "id")
    (issue,) = issues(read(LLM, base(tmp_path / "logs.db", answer(), names=names)))
    assert issue.rejected and "no column `id`" in issue.text
