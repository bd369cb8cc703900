"""Threads of Zed's own agent: what each has used, once."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, held
from tests.collectors.support import events, issues, read, read_on, reader_of, rejected, titled, written
from vaultsync.collectors.agents.zed import WANTED, Zed
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import files_of
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ZED = Zed(root_of=lambda folder: folder)
Json = dict[str, Any]
EIGHT = datetime(2026, 1, 5, 8, tzinfo=UTC)


def usage(i: Any = 100, o: Any = 20, read: Any = 3000, write: Any = 400) -> Json:
    return {
        "input_tokens": i,
        "output_tokens": o,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
    }


def said(**more: Any) -> Json:
    folder = {"worktree_path": "/home/ana/opened", "git_state": {"current_branch": "main", "diff": "SECRET"}}
    return {
        "version": "0.3.0",
        "title": "SECRET",
        "messages": [{"User": {"id": "u-1", "content": [{"Text": "SECRET"}]}}],
        "updated_at": "2026-01-05T09:00:00Z",
        "initial_project_snapshot": {"worktree_snapshots": [folder]},
        "cumulative_token_usage": usage(300, 60),
        "request_token_usage": {"u-1": usage()},
        "model": {"provider": "anthropic", "model": "claude-opus-4-5"},
    } | more


def thread(
    ident: Any = "t-1", data_type: Any = "zstd", data: Any = None, row: Json | None = None, **more: Any
) -> Json:
    if data is None:
        data = json.dumps(said(**more)).encode()
        data = zstd.compress(data) if data_type == "zstd" else data
    times = {"created_at": "2026-01-05T08:00:00+00:00", "updated_at": "2026-01-05T09:00:00+00:00"}
    return {"id": ident, "data_type": data_type, "data": data, "summary": "New Thread"} | times | (row or {})


def base(tmp_path: Path, *threads: Json, without: tuple[str, ...] = ()) -> Path:
    path = tmp_path / "threads.db"
    path.unlink(missing_ok=True)
    names = [name for name in WANTED if name not in without]
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"CREATE TABLE threads ({', '.join(names)})")
        for each in threads:
            values = [each.get(name) for name in names]
            db.execute(f"INSERT INTO threads VALUES ({', '.join('?' * len(names))})", values)
    return path


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


@pytest.mark.parametrize("data_type", ["zstd", "json"])
def test_a_thread_is_a_sum(tmp_path: Path, data_type: str) -> None:
    (total,) = events(read(ZED, base(tmp_path, thread(data_type=data_type))))
    assert total.tokens == TokenCounts(300, 3000, cache_write=400, output=60)
    assert (total.when, total.source, total.provider, total.model) == (
        EIGHT,
        "zed",
        "anthropic",
        "claude-opus-4-5",
    )
    assert (total.grain, total.quality, total.session, total.key) == (
        "session",
        "session-total",
        "t-1",
        "zed:t-1",
    )
    assert (total.project, total.branch, total.agent) == ("/home/ana/opened", "main", None)
    assert total.flags == () and "SECRET" not in repr(total)


@pytest.mark.parametrize(
    "requests",
    [{"u-1": usage(), "u-2": usage(50, 1, 0, 0)}, [usage(), usage(50, 1, 0, 0)]],
    ids=["map", "list"],
)
def test_without_a_running_sum_the_requests_are_added(tmp_path: Path, requests: Any) -> None:
    path = base(tmp_path, thread(cumulative_token_usage=usage(0, 0, 0, 0), request_token_usage=requests))
    (total,) = events(read(ZED, path))
    assert total.tokens == TokenCounts(150, 3000, cache_write=400, output=21)


def test_a_thread_that_used_nothing_is_none(tmp_path: Path) -> None:
    idle = thread(cumulative_token_usage={}, request_token_usage={}, model=None)
    assert (
        read(ZED, base(tmp_path, idle, thread("t-2", cumulative_token_usage=None, request_token_usage=None)))
        == []
    )


def test_the_folders_of_the_thread_win(tmp_path: Path) -> None:
    row = {"folder_paths": "/home/ana/garden\n/home/ana/notes"}
    (total,) = events(read(ZED, base(tmp_path, thread(row=row))))
    assert (total.project, total.branch) == ("/home/ana/garden", "main")


def test_a_database_of_before_there_were_more_columns(tmp_path: Path) -> None:
    path = base(tmp_path, thread(), without=("created_at", "parent_id", "folder_paths"))
    (total,) = events(read(ZED, path))
    assert total.when == EIGHT.replace(hour=9)


def test_subagents_work_for_the_first_thread(tmp_path: Path) -> None:
    path = base(
        tmp_path, thread(), thread("t-2", row={"parent_id": "t-1"}), thread("t-3", row={"parent_id": "t-2"})
    )
    told = [(event.session, event.agent, event.action_type) for event in events(read(ZED, path))]
    assert told == [("t-1", None, None), ("t-1", "t-2", "agent"), ("t-1", "t-3", "agent")]


def test_threads_that_work_for_each_other_end_somewhere(tmp_path: Path) -> None:
    assert len(events(read(ZED, base(tmp_path, thread(row={"parent_id": "t-1"}))))) == 1


def test_a_growing_thread_is_one_and_stays_when_it_is_deleted(tmp_path: Path, ledger: Ledger) -> None:
    held(ledger, ZED, base(tmp_path, thread()))
    (total,) = held(ledger, ZED, base(tmp_path, thread(cumulative_token_usage=usage(900, 90, 9000))))
    assert total.tokens == TokenCounts(900, 9000, cache_write=400, output=90)
    assert held(ledger, ZED, base(tmp_path)) == [total]


def test_what_is_damaged_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    packed = thread()["data"]
    damaged = [packed[:-20], b"\x28\xb5\x2f\xfdx", b"", b"plain", 5, None, zstd.compress(b"[]")]
    rows = [thread(f"bad-{number}") | {"data": data} for number, data in enumerate(damaged)]
    told = read(ZED, base(tmp_path, *rows, thread("odd", "other", b"{", row={"data": b"{"}), thread()))
    assert len(events(told)) == 1 and len(rejected(told)) == 8
    assert "thread bad-0: " in str(issues(told)[0]) and "SECRET" not in repr(told)


@pytest.mark.parametrize(
    "key", ["cumulative_token_usage", "request_token_usage", "initial_project_snapshot", "model"]
)
@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_threads_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(ZED, base(tmp_path, thread(**{key: value}), thread("t-2")))
    assert 1 <= len(events(told)) <= 2 and len(issues(told)) <= 1


@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_counts_are_survived(tmp_path: Path, value: Any) -> None:
    odd = thread(
        cumulative_token_usage=usage(value, value), request_token_usage={"u-1": usage(value), "u-2": value}
    )
    told = read(ZED, base(tmp_path, odd, thread("t-2")))
    assert 1 <= len(events(told)) <= 2 and all(event.tokens.total < 10**12 + 10**6 for event in events(told))


@pytest.mark.parametrize("key", WANTED)
@pytest.mark.parametrize(
    "value", [v for v in HOSTILE if not isinstance(v, list | dict) and v != 10**30], ids=str
)
def test_hostile_rows_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(ZED, base(tmp_path, thread(row={key: value}), thread("t-2")))
    assert 1 <= len(events(told)) <= 2 and len(issues(told)) <= 1


def test_every_cut_of_a_database_is_survived(tmp_path: Path) -> None:
    data = base(tmp_path, *(thread(f"t-{number}") for number in range(40))).read_bytes()
    for length in range(16, len(data), 512):
        reader = reader_of(written(tmp_path / "threads.db", data[:length]))
        told = [*ZED.collect(reader), *reader.issues]
        assert len(events(told)) == 40 or (reader.verdict == "damaged" and rejected(told))


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, ".local/share/zed"),
        ({}, "Library/Application Support/Zed"),
        ({}, "AppData/Local/Zed"),
        ({"XDG_DATA_HOME": "{}/xdg"}, "xdg/zed"),
        ({"LOCALAPPDATA": "{}/local"}, "local/Zed"),
    ],
)
def test_the_usual_places(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    (tmp_path / folder / "threads").mkdir(parents=True)
    path = written(tmp_path / folder / "threads" / "threads.db", "x")
    places = ZED.places({key: value.format(tmp_path) for key, value in environ.items()}, tmp_path)
    assert [found for place in places for found in files_of(place)] == [path]


def test_claims_are_narrow(tmp_path: Path) -> None:
    assert ZED.claims(LogFile.look(base(tmp_path)))
    assert not ZED.claims(LogFile.look(written(tmp_path / "x.db", "threads data_type summary")))
    with closing(sqlite3.connect(tmp_path / "y.db")) as db, db:
        db.execute("CREATE TABLE threads (id, name, datetime_utc)")
    assert not ZED.claims(LogFile.look(tmp_path / "y.db"))


# --- what it is called --------------------------------------------------------------------------


def test_a_thread_shows_by_its_summary(tmp_path: Path) -> None:
    child = thread("t-2", row={"parent_id": "t-1", "summary": "Rhymes"})
    path = base(tmp_path, thread(row={"summary": "Poems"}), child, thread("t-3"))
    assert titled(read(ZED, path)) == {"t-1": "Poems"}


def test_the_summary_that_was_made_last_counts(tmp_path: Path, ledger: Ledger) -> None:
    for hour, summary in enumerate(("Zebras", "Odes")):
        row = {"summary": summary, "updated_at": f"2026-01-05T1{hour}:00:00+00:00"}
        held(ledger, ZED, base(tmp_path, thread(row=row)))
    assert ledger.titles() == {("zed", "t-1"): "Odes"}


# --- read on ------------------------------------------------------------------------------------


def test_only_threads_that_are_new_or_have_changed_are_unpacked_again(tmp_path: Path) -> None:
    old, recent = ({"updated_at": f"2026-01-0{day}T09:00:00.123456789+00:00"} for day in (2, 8))
    threads = [thread("t-1", row=old), thread("t-2", row=old), thread("t-3", row=recent)]
    _, first = read_on(ZED, base(tmp_path, *threads))
    threads[1] = thread(
        "t-2", row={"updated_at": "2026-01-08T08:00:00+00:00"}, cumulative_token_usage=usage(9000)
    )
    told, _ = read_on(ZED, base(tmp_path, *threads, thread("t-4", row=old)), first)
    assert {total.session for total in events(told)} == {"t-2", "t-3", "t-4"}


def test_threads_without_ids_are_named_and_not_read(tmp_path: Path) -> None:
    (issue,) = issues(read(ZED, base(tmp_path, thread(), without=("id",))))
    assert issue.rejected and "no column `id`" in issue.text
