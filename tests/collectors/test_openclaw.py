"""Sessions of OpenClaw: in files and in databases, each call once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, held
from tests.collectors.support import events, read, reader_of, rejected, titled, written
from tests.collectors.test_pi import NINE, answer, head, lines
from vaultsync.collectors.agents.openclaw import DATABASE, OpenClaw, OpenClawStore
from vaultsync.collectors.agents.pi import Pi
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger

FILES = OpenClaw(root_of=lambda folder: folder)
STORE = OpenClawStore(root_of=lambda folder: folder)


def session(tmp_path: Path, *rows: Any, name: str = "S9.jsonl") -> Path:
    folder = tmp_path / "agents" / "main" / "sessions"
    folder.mkdir(parents=True, exist_ok=True)
    return written(folder / name, lines(head("S9"), *rows))


def stored(tmp_path: Path, *rows: Any, ident: str = "S9") -> Path:
    path = tmp_path / DATABASE
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS transcript_events (session_id, seq, event_json, created_at)")
        for number, row in enumerate((head(ident), *rows)):
            text = row if isinstance(row, str) else json.dumps(row)
            db.execute("INSERT INTO transcript_events VALUES (?, ?, ?, 0)", (ident, number, text))
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


@pytest.mark.parametrize("name", ["S9.jsonl", "S9.jsonl.deleted.2026-02-01", "S9.jsonl.reset.1770000000"])
def test_a_session_keeps_its_id_under_every_name(tmp_path: Path, name: str) -> None:
    (call,) = events(read(FILES, session(tmp_path, answer(), name=name)))
    assert (call.source, call.session, call.project) == ("openclaw", "S9", "/home/ana/notes")


def test_a_trajectory_repeats_its_session_and_is_not_read(tmp_path: Path) -> None:
    reader = reader_of(session(tmp_path, answer(), name="S9.trajectory.jsonl"))
    assert list(FILES.collect(reader)) == []
    assert reader.end == reader.file.size


def test_the_database_and_the_files_tell_of_one_call(tmp_path: Path, ledger: Ledger) -> None:
    path = session(tmp_path, answer())
    held(ledger, FILES, path)
    held(ledger, FILES, path.rename(path.with_name("S9.jsonl.deleted.1")))
    both = held(ledger, STORE, stored(tmp_path, answer(ident="0"), answer(at=NINE + 1)))
    assert [call.source for call in both] == ["openclaw", "openclaw"]


def test_sessions_in_a_database_are_told_apart(tmp_path: Path) -> None:
    stored(tmp_path, answer())
    calls = events(read(STORE, stored(tmp_path, answer(at=NINE + 1), ident="S8")))
    assert sorted(str(call.session) for call in calls) == ["S8", "S9"]


@pytest.mark.parametrize("value", HOSTILE)
def test_odd_events_of_a_database_cost_no_other(tmp_path: Path, value: Any) -> None:
    odd = json.dumps({"usage": 0, "odd": value})
    path = stored(tmp_path, odd, '{"usage"', answer(usage_of(value)), answer(at=NINE + 1))
    found = read(STORE, path)
    assert len(events(found)) in (1, 2) and None in rejected(found)


def usage_of(value: Any) -> dict[str, Any]:
    return {"input": value, "output": value}


@pytest.mark.parametrize("length", [10, 100, 2000, 5000])
def test_a_database_that_is_cut_is_set_aside(tmp_path: Path, length: int) -> None:
    path = stored(tmp_path, answer())
    path.write_bytes(path.read_bytes()[:length])
    reader = reader_of(path)
    assert list(STORE.collect(reader)) == [] and reader.verdict == "damaged"


def test_a_database_without_sessions_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE other (x)")
    assert read(STORE, path) == []


def test_a_session_belongs_to_one_of_the_two_programs(tmp_path: Path) -> None:
    own = LogFile.look(session(tmp_path, answer()))
    reset = LogFile.look(written(tmp_path / "a.jsonl.reset.1", lines(head())))
    other = LogFile.look(written(tmp_path / "a.jsonl", lines(head())))
    assert [FILES.claims(file) for file in (own, reset, other)] == [True, True, False]
    assert [Pi().claims(file) for file in (own, reset, other)] == [False, False, True]


def test_only_its_own_database_is_claimed(tmp_path: Path) -> None:
    path = stored(tmp_path, answer())
    assert STORE.claims(LogFile.look(path))
    assert not STORE.claims(LogFile.look(path.rename(tmp_path / "other.sqlite")))


@pytest.mark.parametrize(
    ("environ", "roots"),
    [
        ({}, ["/home/ana/.openclaw/agents", "/home/ana/.clawdbot/agents", "/home/ana/.moltbot/agents"]),
        ({"OPENCLAW_DIR": "~/claw"}, ["/home/ana/claw/agents"]),
    ],
)
def test_the_usual_places_and_the_variable_that_moves_them(environ: dict[str, str], roots: list[str]) -> None:
    for collector in (FILES, STORE):
        places = collector.places(environ, Path("/home/ana"))
        assert [place.root for place in places] == list(map(Path, roots))


def test_a_session_in_the_database_has_the_name_that_it_was_given(tmp_path: Path) -> None:
    named = {"type": "session_info", "name": "Poems", "timestamp": "2026-01-05T09:00:00Z"}
    assert titled(read(STORE, stored(tmp_path, answer(), named))) == {"S9": "Poems"}
