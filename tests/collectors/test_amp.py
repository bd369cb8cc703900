"""Threads of Amp: each call once, whether the ledger, the messages or both tell of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import events, issues, read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.amp import Amp
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

AMP = Amp(root_of=lambda folder: folder)
Json = dict[str, Any]
CREATED = 1_767_603_600_000
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)


def usage(**more: Any) -> Json:
    return {
        "model": "claude-opus-4-5",
        "inputTokens": 10,
        "outputTokens": 220,
        "cacheCreationInputTokens": 700,
        "cacheReadInputTokens": 1600,
        "totalInputTokens": 2310,
        "credits": 1.5,
    } | more


def entry(message: Any = 1, **more: Any) -> Json:
    return {
        "id": "e-1",
        "timestamp": "2026-01-05T09:00:00.000Z",
        "model": "claude-opus-4-5",
        "credits": 1.5,
        "tokens": {"input": 10, "output": 220},
        "operationType": "inference",
        "toMessageId": message,
    } | more


def answer(message: Any = 1, **more: Any) -> Json:
    return {"role": "assistant", "messageId": message, "content": "SECRET", "usage": usage(**more)}


def thread(*messages: Any, ledger: Any = None, **more: Any) -> str:
    said: Json = {"v": 1, "id": "T-1", "created": CREATED, "messages": list(messages)}
    if ledger is not None:
        said["usageLedger"] = {"events": ledger}
    return json.dumps(said | more)


def file(tmp_path: Path, text: str) -> Path:
    return written(tmp_path / "T-1.json", text)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_the_ledger_and_a_message_of_one_call_are_one(tmp_path: Path) -> None:
    (call,) = events(read(AMP, file(tmp_path, thread(answer(), ledger=[entry()]))))
    assert call.tokens == TokenCounts(input=10, cache_read=1600, cache_write=700, output=220)
    assert (call.when, call.model, call.session, call.key) == (NINE, "claude-opus-4-5", "T-1", "amp:T-1:1")
    assert call.flags == () and call.cost is None


def test_a_message_that_no_ledger_tells_is_a_call_of_its_own(tmp_path: Path) -> None:
    later = answer(3, inputTokens=5, timestamp="2026-01-05T10:00:00.000Z")
    calls = events(read(AMP, file(tmp_path, thread(answer(), later, ledger=[entry()]))))
    assert [(call.key, call.tokens.input) for call in calls] == [("amp:T-1:1", 10), ("amp:T-1:3", 5)]


def test_a_message_without_a_time_has_that_of_what_was_asked_and_says_so(tmp_path: Path) -> None:
    asked = {"role": "user", "messageId": 0, "meta": {"sentAt": CREATED + 60_000}}
    first, second = events(read(AMP, file(tmp_path, thread(answer(5), asked, answer(7)))))
    assert (first.when, second.when) == (NINE, NINE.replace(minute=1))
    assert first.flags == second.flags == ("assumed_date",)


def test_two_entries_for_one_message_are_two_calls(tmp_path: Path) -> None:
    title = entry(operationType="title-generation", tokens={"input": 3, "output": 4})
    first, second = events(read(AMP, file(tmp_path, thread(answer(), ledger=[entry(), title]))))
    assert first.key != second.key
    assert (second.action_type, second.action_name) == ("agent", "title-generation")


def test_the_folder_is_the_project(tmp_path: Path) -> None:
    env = {"initial": {"trees": [{"displayName": "x", "uri": "file:///home/ana/my%20notes"}]}}
    (call,) = events(read(AMP, file(tmp_path, thread(answer(), env=env))))
    assert call.project == "/home/ana/my notes"


@pytest.mark.parametrize("env", [None, [], {"initial": 3}, {"initial": {"trees": [{"uri": "http://x/y"}]}}])
def test_a_thread_without_a_folder_has_no_project(tmp_path: Path, env: Any) -> None:
    (call,) = events(read(AMP, file(tmp_path, thread(answer(), env=env))))
    assert call.project is None


def test_an_entry_without_a_message_is_known_by_its_own_id(tmp_path: Path) -> None:
    (call,) = events(read(AMP, file(tmp_path, thread(ledger=[entry(None)]))))
    assert call.key == "amp:T-1:event:e-1"


def test_a_growing_thread_counts_each_call_once(tmp_path: Path, ledger: Ledger) -> None:
    path = file(tmp_path, thread(answer()))
    assert len(held(ledger, AMP, path)) == 1
    file(tmp_path, thread(answer(), answer(3, inputTokens=99), ledger=[entry()]))
    assert [call.tokens.input for call in held(ledger, AMP, path)] == [10, 99]
    copy = written(tmp_path / "T-copy.json", path.read_bytes())
    assert len(held(ledger, AMP, copy)) == 2


def test_a_message_that_was_taken_back_stays_counted(tmp_path: Path, ledger: Ledger) -> None:
    path = file(tmp_path, thread(answer(), answer(3)))
    held(ledger, AMP, path)
    file(tmp_path, thread(answer()))
    assert len(held(ledger, AMP, path)) == 2


def test_a_thread_that_is_cut_anywhere_is_set_aside_and_named(tmp_path: Path) -> None:
    text = thread(answer(), ledger=[entry()]).encode()
    for length, found, reader in cut(AMP, tmp_path / "T-1.json", text):
        assert events(found) == []
        assert (reader.verdict, len(rejected(found))) == (("damaged", 1) if length else ("read", 0))


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["inputTokens", "outputTokens", "cacheReadInputTokens", "model", "timestamp"])
def test_odd_values_cost_no_other_call(tmp_path: Path, key: str, value: Any) -> None:
    found = read(AMP, file(tmp_path, thread(answer(1, **{key: value}), answer(3, outputTokens=7))))
    assert events(found)[-1].tokens.output == 7
    assert len(events(found)) + len(rejected(found)) == 2
    assert "SECRET" not in str(found)


@pytest.mark.parametrize(
    "text", ["[]", "3", '"T-"', "{}", '{"messages": 3, "usageLedger": {"events": [1, null, {}]}}']
)
def test_other_shapes_hold_no_call(tmp_path: Path, text: str) -> None:
    path = file(tmp_path, text)
    assert events(list(AMP.collect(reader_of(path)))) == []


def test_only_threads_are_claimed(tmp_path: Path) -> None:
    assert AMP.claims(LogFile.look(file(tmp_path, thread(answer()))))
    assert not AMP.claims(LogFile.look(written(tmp_path / "other.json", thread(answer()))))
    assert not AMP.claims(LogFile.look(written(tmp_path / "T-2.json", '{"id": "x", "messages": []}')))


def test_the_usual_place_and_the_variable_that_moves_it() -> None:
    (usual,) = AMP.places({}, Path("/home/ana"))
    assert usual.root == Path("/home/ana/.local/share/amp/threads")
    (moved,) = AMP.places({"AMP_DATA_DIR": "/data/amp"}, Path("/home/ana"))
    assert moved.root == Path("/data/amp/threads")


def test_no_issue_where_all_is_well(tmp_path: Path) -> None:
    assert issues(read(AMP, file(tmp_path, thread(answer(), ledger=[entry()])))) == []


ASKED = {"role": "user", "messageId": 0, "content": [{"type": "text", "text": "write me poems\nabout moss"}]}


@pytest.mark.parametrize(
    ("title", "asked", "kept"),
    [
        ("Poems about moss", ASKED, {"T-1": "Poems about moss"}),
        ("Poems", {"role": "user", "content": 5}, {"T-1": "Poems"}),
        ("write me poems about moss", ASKED, {}),
        ("Write me poems…", ASKED, {}),
        ("write me", ASKED | {"content": "write me poems"}, {}),
        (None, ASKED, {}),
    ],
    ids=str,
)
def test_a_thread_shows_by_its_title_and_not_by_its_prompt(
    tmp_path: Path, title: Any, asked: Json, kept: dict[str, str]
) -> None:
    found = read(AMP, file(tmp_path, thread(asked, answer(), title=title)))
    assert titled(found) == kept and len(events(found)) == 1


@pytest.mark.parametrize("uri", ["file://[", "//[", "file:///home/ana\x00", "", "http://[::1]/x"])
def test_a_folder_that_is_no_address_leaves_the_calls(tmp_path: Path, uri: str) -> None:
    env = {"initial": {"trees": [{"uri": uri}]}}
    found = read(AMP, written(tmp_path / "T-1.json", thread(answer(), env=env)))
    assert len(events(found)) == 1 and not issues(found)
