"""Sessions of Goose: each call or each sum once, whichever table tells it."""

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
from tests.collectors.support import events, issues, read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.goose import CALL, SESSION, Goose
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import files_of
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

GOOSE = Goose(root_of=lambda folder: folder)
Json = dict[str, Any]
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
AT = 1_767_603_600
EXTRA = ("accumulated_total_tokens", "input_tokens")


def session(ident: Any = "20260105_1", **more: Any) -> Json:
    return {
        "id": ident,
        "name": "New session",
        "working_dir": "/home/ana/notes",
        "created_at": "2026-01-05 08:00:00",
        "session_type": "user",
        "provider_name": "anthropic",
        "model_config_json": json.dumps({"model_name": "claude-opus-4-5", "toolshim": False}),
        "input_tokens": 999,
        "accumulated_input_tokens": 1000,
        "accumulated_output_tokens": 50,
        "accumulated_total_tokens": 1050,
        "accumulated_cache_read_tokens": 600,
        "accumulated_cache_write_tokens": 100,
        "accumulated_cost": 0.25,
    } | more


def call(ident: Any = 1, **more: Any) -> Json:
    return {
        "id": ident,
        "session_id": "20260105_1",
        "created_timestamp": AT,
        "model": "claude-haiku-4-5",
        "input_tokens": 100,
        "output_tokens": 20,
        "total_tokens": 120,
        "cache_read_tokens": 30,
        "cache_write_tokens": 10,
        "cost": 0.01,
        "cost_source": "estimated",
        "is_compaction": 0,
    } | more


def base(tmp_path: Path, *sessions: Json, ledger: tuple[Json, ...] | None = ()) -> Path:
    path = tmp_path / "sessions.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        tables = {"sessions": ((*SESSION, *EXTRA), sessions), "usage_ledger": (CALL, ledger)}
        for table, (names, rows) in tables.items():
            if rows is not None:
                db.execute(f"CREATE TABLE {table} ({', '.join(names)})")
                for row in rows:
                    values = [row.get(name) for name in names]
                    db.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})", values)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_a_session_is_a_sum(tmp_path: Path) -> None:
    (total,) = events(read(GOOSE, base(tmp_path, session(), ledger=None)))
    assert total.tokens == TokenCounts(300, 600, cache_write=100, output=50)
    assert (total.when, total.provider, total.model) == (NINE.replace(hour=8), "anthropic", "claude-opus-4-5")
    assert (total.grain, total.quality, total.session) == ("session", "session-total", "20260105_1")
    assert (total.project, total.cost, total.cost_kind) == ("/home/ana/notes", Decimal("0.25"), "estimated")
    assert total.flags == () and "SECRET" not in repr(total)


def test_a_session_of_before_there_were_cached_tokens_says_so(tmp_path: Path) -> None:
    old = session(accumulated_cache_read_tokens=None, accumulated_cache_write_tokens=None)
    (total,) = events(read(GOOSE, base(tmp_path, old)))
    assert (total.tokens, total.flags) == (TokenCounts(1000, output=50), ("cache_unknown",))


def test_the_state_of_the_last_prompt_is_no_sum(tmp_path: Path) -> None:
    none = {name: None for name in SESSION if name.startswith("accumulated")}
    assert events(read(GOOSE, base(tmp_path, session(**none)))) == []


def test_the_ledger_tells_each_call_and_the_sum_is_left_out(tmp_path: Path) -> None:
    calls = (call(), call(2, cost_source="provider_reported", is_compaction=1, created_timestamp=AT + 9))
    first, second = events(read(GOOSE, base(tmp_path, session(), ledger=calls)))
    assert first.tokens == TokenCounts(60, 30, cache_write=10, output=20)
    assert (first.when, first.model, first.grain, first.quality) == (
        NINE,
        "claude-haiku-4-5",
        "request",
        "final",
    )
    assert (first.cost_kind, first.action_name) == ("estimated", None)
    assert (second.cost_kind, second.action_type, second.action_name) == ("charged", "agent", "compaction")


def test_what_was_carried_into_the_ledger_is_the_sum_that_was_known(tmp_path: Path, ledger: Ledger) -> None:
    sums = {"input_tokens": 1000, "output_tokens": 50, "total_tokens": 1050}
    carried = call(
        1, model=None, cost_source="carried_forward", cache_read_tokens=600, cache_write_tokens=100
    )
    (before,) = held(ledger, GOOSE, base(tmp_path, session(), ledger=None))
    after = held(ledger, GOOSE, base(tmp_path, session(), ledger=(carried | sums, call(2))))
    assert [event.tokens.total for event in after] == [1050, 120]
    assert (after[0].model, after[0].when, after[0].quality) == (before.model, before.when, "session-total")


@pytest.mark.parametrize("created", [None, "2026-01-05 08:00:00"])
def test_a_call_has_its_own_time(tmp_path: Path, created: Any) -> None:
    (told,) = events(read(GOOSE, base(tmp_path, session(created_at=created), ledger=(call(),))))
    assert (told.when, told.session) == (NINE, "20260105_1")


def test_a_sum_that_is_carried_once_more_is_one_of_its_own(tmp_path: Path) -> None:
    carried = [call(number, cost_source="carried_forward") for number in (1, 3)]
    told = events(read(GOOSE, base(tmp_path, session(), ledger=(carried[0], call(2), carried[1]))))
    assert len({event.key for event in told}) == 3


def test_a_growing_session_is_one_and_stays_when_it_is_deleted(tmp_path: Path, ledger: Ledger) -> None:
    held(ledger, GOOSE, base(tmp_path, session()))
    grown = session(accumulated_input_tokens=3000, accumulated_cost=0.5)
    (total,) = held(ledger, GOOSE, base(tmp_path, grown))
    assert (total.tokens.input, total.cost) == (2300, Decimal("0.5"))
    assert held(ledger, GOOSE, base(tmp_path)) == [total]


def test_sessions_of_two_machines_with_one_id_are_two(tmp_path: Path, ledger: Ledger) -> None:
    held(ledger, GOOSE, base(tmp_path, session()))
    assert len(held(ledger, GOOSE, base(tmp_path, session(created_at="2026-01-05 08:00:01")))) == 2


def test_subagents_work_for_the_first_session(tmp_path: Path) -> None:
    child = session("20260105_2", parent_session_id="20260105_1", session_type="sub_agent")
    grandchild = session("20260105_3", parent_session_id="20260105_2", session_type="sub_agent")
    told = events(read(GOOSE, base(tmp_path, session(), child, grandchild)))
    assert [(event.session, event.agent) for event in told] == [
        ("20260105_1", None),
        ("20260105_1", "20260105_2"),
        ("20260105_1", "20260105_3"),
    ]
    assert [event.action_type for event in told] == [None, "agent", "agent"]


def test_sessions_that_work_for_each_other_end_somewhere(tmp_path: Path) -> None:
    assert len(events(read(GOOSE, base(tmp_path, session(parent_session_id="20260105_1"))))) == 1


def test_a_scheduled_session_shows_as_such(tmp_path: Path) -> None:
    (total,) = events(read(GOOSE, base(tmp_path, session(session_type="scheduled", schedule_id="nightly"))))
    assert (total.action_type, total.action_name) == ("scheduled", "nightly")


@pytest.mark.parametrize("provider", ["claude-code", "claude_code", "codex", "gemini-cli", "gemini-acp"])
def test_other_agents_tell_their_calls_themselves(tmp_path: Path, provider: str) -> None:
    mine = session("20260105_2", provider_name="gemini")
    told = read(GOOSE, base(tmp_path, session(provider_name=provider), mine, ledger=(call(),)))
    assert [event.session for event in events(told)] == ["20260105_2"]
    assert not rejected(told) and "let another agent work: 1." in str(issues(told)[0])


PLAIN = [value for value in HOSTILE if not isinstance(value, list | dict) and value != 10**30]


@pytest.mark.parametrize("key", SESSION)
@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_hostile_sessions_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(GOOSE, base(tmp_path, session(**{key: value}), session("20260105_2")))
    assert 1 <= len(events(told)) <= 2 and len(issues(told)) <= 1


@pytest.mark.parametrize("key", CALL)
@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_hostile_calls_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(GOOSE, base(tmp_path, session(), ledger=(call(**{key: value}), call(2))))
    assert 1 <= len(events(told)) <= 3 and len(issues(told)) <= 1


@pytest.mark.parametrize("config", ["", "{", "[]", '{"model_name": 5}', "null"])
def test_a_session_without_a_readable_model_is_of_none(tmp_path: Path, config: str) -> None:
    (total,) = events(read(GOOSE, base(tmp_path, session(model_config_json=config))))
    assert total.model == "unknown"


def test_every_cut_of_a_database_is_survived(tmp_path: Path) -> None:
    data = base(tmp_path, *(session(f"s-{number}") for number in range(60))).read_bytes()
    for length in range(16, len(data), 512):
        reader = reader_of(written(tmp_path / "sessions.db", data[:length]))
        told = [*GOOSE.collect(reader), *reader.issues]
        assert len(events(told)) == 60 or (reader.verdict == "damaged" and rejected(told))


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, ".local/share/goose"),
        ({}, ".local/share/Block/goose"),
        ({}, "Library/Application Support/goose"),
        ({}, "Library/Application Support/Block/goose"),
        ({}, "AppData/Roaming/Block/goose/data"),
        ({"APPDATA": "{}/roaming"}, "roaming/Block/goose/data"),
        ({"XDG_DATA_HOME": "{}/xdg"}, "xdg/goose"),
        ({"GOOSE_PATH_ROOT": "{}/root"}, "root/data"),
    ],
)
def test_the_usual_places(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    (tmp_path / folder / "sessions").mkdir(parents=True)
    path = written(tmp_path / folder / "sessions" / "sessions.db", "x")
    places = GOOSE.places({key: value.format(tmp_path) for key, value in environ.items()}, tmp_path)
    assert [found for place in places for found in files_of(place)] == [path]


def test_claims_are_narrow(tmp_path: Path) -> None:
    assert GOOSE.claims(LogFile.look(base(tmp_path)))
    assert not GOOSE.claims(LogFile.look(written(tmp_path / "x.db", "accumulated_total_tokens")))
    with closing(sqlite3.connect(tmp_path / "y.db")) as db, db:
        db.execute("CREATE TABLE sessions (id)")
    assert not GOOSE.claims(LogFile.look(tmp_path / "y.db"))


# --- what it is called --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "kept"),
    [
        ({"name": "Poems for Mira"}, {"20260105_1": "Poems for Mira"}),
        ({"name": "", "description": "Older poems"}, {"20260105_1": "Older poems"}),
        ({"name": "CLI Session"}, {}),
        ({"name": "CLI Session", "user_set_name": 1}, {"20260105_1": "CLI Session"}),
        ({"name": "Scheduled job: odes", "schedule_id": "odes"}, {}),
        ({"name": "Poems for Mira", "provider_name": "claude-code"}, {}),
    ],
    ids=str,
)
def test_a_session_shows_by_its_name(tmp_path: Path, how: Json, kept: dict[str, str]) -> None:
    assert titled(read(GOOSE, base(tmp_path, session(**how)))) == kept


def test_a_name_by_the_user_stays_whatever_the_program_calls_it_later(tmp_path: Path, ledger: Ledger) -> None:
    held(ledger, GOOSE, base(tmp_path, session(name="Odes", user_set_name=1)))
    later = session(name="Zebras", updated_at="2026-02-05 08:00:00")
    held(ledger, GOOSE, base(tmp_path, later))
    assert ledger.titles() == {("goose", "20260105_1"): "Odes"}


def test_a_subagents_name_is_not_that_of_the_session_it_works_for(tmp_path: Path) -> None:
    child = session("20260105_2", name="Rhymes", parent_session_id="20260105_1")
    assert titled(read(GOOSE, base(tmp_path, session(name="Poems"), child))) == {"20260105_1": "Poems"}
