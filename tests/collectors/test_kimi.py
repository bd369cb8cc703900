"""Wires of Kimi CLI and Kimi Code: each step once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import events, read, rejected, titled, written
from vaultsync.collectors.agents.kimi import Kimi
from vaultsync.collectors.logs.flat_events import FlatArray, FlatEvents
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

KIMI = Kimi()
Json = dict[str, Any]
NINE = 1_767_603_600
FIRST = {"type": "metadata", "protocol_version": "1.3"}
COUNTS = TokenCounts(input=1500, cache_read=4800, cache_write=100, output=205)


def update(ident: Any = "chatcmpl-1", at: Any = NINE + 0.5, **more: Any) -> Json:
    counts = {"input_other": 1500, "output": 205, "input_cache_read": 4800, "input_cache_creation": 100}
    payload = {"context_usage": 0.02, "token_usage": counts | more, "message_id": ident}
    return {"timestamp": at, "message": {"type": "StatusUpdate", "payload": payload}}


def record(at: Any = NINE * 1000, model: Any = "kimi-code/kimi-k3", scope: str = "turn", **more: Any) -> Json:
    counts = {"inputOther": 1500, "output": 205, "inputCacheRead": 4800, "inputCacheCreation": 100}
    said = {"type": "usage.record", "model": model, "usage": counts | more}
    return said | {"usageScope": scope, "time": at}


def wire(folder: Path, *rows: Any) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return written(folder / "wire.jsonl", "".join(f"{json.dumps(row)}\n" for row in (FIRST, *rows)))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_an_update_of_kimi_cli_is_a_step(tmp_path: Path) -> None:
    said = {"timestamp": NINE, "message": {"type": "TurnBegin", "payload": {"user_input": "SECRET"}}}
    (call,) = events(read(KIMI, wire(tmp_path / "g" / "S1", said, update())))
    assert call.tokens == COUNTS and call.session == "S1"
    assert (call.provider, call.model) == ("moonshot", "unknown")
    assert call.when == datetime(2026, 1, 5, 9, 0, 0, 500_000, tzinfo=UTC)


def test_repeats_of_a_step_and_a_subagents_wire_add_nothing(tmp_path: Path, ledger: Ledger) -> None:
    wrapped = {"type": "StatusUpdate", "payload": update("chatcmpl-2")["message"]["payload"]}
    event = {"type": "SubagentEvent", "payload": {"subagent_type": "coder", "event": wrapped}}
    grown = update(at=NINE + 2, output=300)
    main = wire(tmp_path / "S1", update(), grown, {"timestamp": NINE + 3, "message": event})
    own = wire(tmp_path / "S1" / "subagents" / "a7", update("chatcmpl-2", at=NINE + 3))
    calls = held(ledger, KIMI, main, own)
    assert [(call.tokens.output, call.action_name) for call in calls] == [(300, None), (205, "coder")]


@pytest.mark.parametrize("scope", ["turn", "session"])
def test_a_record_of_kimi_code_is_a_call_in_every_scope(tmp_path: Path, scope: str) -> None:
    step = {"type": "step.end", "usage": record()["usage"]}
    (call,) = events(read(KIMI, wire(tmp_path / "S2" / "agents" / "main", record(scope=scope), step)))
    assert (call.tokens, call.model, call.session) == (COUNTS, "kimi-k3", "S2")
    assert call.action_name is None and call.flags == ()


def test_a_subagent_of_kimi_code_has_a_name(tmp_path: Path) -> None:
    (call,) = events(read(KIMI, wire(tmp_path / "S2" / "agents" / "agent-1", record())))
    assert (call.session, call.action_type, call.action_name) == ("S2", "agent", "agent-1")


def test_a_model_that_is_a_setting_is_that_of_the_request(tmp_path: Path) -> None:
    request = {"type": "llm.request", "model": "kimi-k3-turbo"}
    (call,) = events(read(KIMI, wire(tmp_path / "S2", request, record(model="__kimi_env_model__"))))
    assert (call.model, call.flags) == ("kimi-k3-turbo", ("assumed_model",))
    (call,) = events(read(KIMI, wire(tmp_path / "S2", record(model="__kimi_env_model__"))))
    assert call.model == "unknown"


def test_a_wire_that_grew_or_was_copied_adds_no_call(tmp_path: Path, ledger: Ledger) -> None:
    path = wire(tmp_path / "S2" / "agents" / "main", record(), record(at=NINE * 1000 + 1))
    held(ledger, KIMI, path)
    path = wire(
        tmp_path / "S2" / "agents" / "main", record(), record(at=NINE * 1000 + 1), record(at=NINE * 1000 + 2)
    )
    assert len(held(ledger, KIMI, path)) == 3
    copy = wire(tmp_path / "S3" / "agents" / "main", record(), record(at=NINE * 1000 + 5))
    assert len(held(ledger, KIMI, copy)) == 4


@pytest.mark.parametrize("row", [update, record])
def test_a_wire_that_is_cut_anywhere_keeps_its_whole_lines(tmp_path: Path, row: Any) -> None:
    text = "".join(f"{json.dumps(each)}\n" for each in (FIRST, row(), row(output=9))).encode()
    ends = [at + 1 for at, byte in enumerate(text) if byte == 0x0A]
    for length, found, reader in cut(KIMI, tmp_path / "wire.jsonl", text):
        assert len(events(found)) == sum(1 for end in ends[1:] if length >= end - 1)
        assert rejected(found) == [] and reader.end in (0, length, *ends)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["input_other", "output", "inputOther", "inputCacheRead"])
def test_odd_counts_cost_no_other_step(tmp_path: Path, key: str, value: Any) -> None:
    rows = [update("a", **{key: value}), record(**{key: value}), update("b", output=7), record(output=7)]
    found = read(KIMI, wire(tmp_path / "S1", *rows))
    assert [call.tokens.output for call in events(found)][-2:] == [7, 7]
    assert len(events(found)) == 4 and rejected(found) == []


@pytest.mark.parametrize("value", HOSTILE)
def test_odd_rows_cost_no_other_step(tmp_path: Path, value: Any) -> None:
    odd = [
        value,
        {"message": value},
        {"message": {"type": "StatusUpdate", "payload": value}},
        {"message": {"type": "SubagentEvent", "payload": {"event": value}}},
        {"type": "usage.record", "usage": value, "time": value, "model": value},
    ]
    found = read(KIMI, wire(tmp_path / "S1", *odd, update(), record(at=value, model=value)))
    assert events(found)[0].tokens == COUNTS


def test_a_time_that_is_none_is_named(tmp_path: Path) -> None:
    assert rejected(read(KIMI, wire(tmp_path / "S1", update(at=-1.5), record(at=None)))) == [2, 3]


@pytest.mark.parametrize(
    ("name", "text", "claimed"),
    [
        ("wire.jsonl", json.dumps(FIRST), True),
        ("wire.jsonl", json.dumps(record()), True),
        ("wire.jsonl", '{"type": "x"}', False),
        ("other.jsonl", json.dumps(FIRST), False),
    ],
)
def test_wires_are_claimed_by_name_and_head(tmp_path: Path, name: str, text: str, claimed: bool) -> None:
    assert KIMI.claims(LogFile.look(written(tmp_path / name, text))) is claimed


def test_a_wire_is_no_flat_log(tmp_path: Path) -> None:
    file = LogFile.look(wire(tmp_path / "S2", record()))
    assert KIMI.claims(file) and not FlatEvents().claims(file) and not FlatArray().claims(file)


def test_the_usual_places_and_the_variables_that_move_them() -> None:
    home = Path("/home/ana")
    assert [str(place.root) for place in KIMI.places({}, home)] == [
        "/home/ana/.kimi/sessions",
        "/home/ana/.kimi-code/sessions",
    ]
    environ = {"KIMI_DATA_DIR": "~/k", "KIMI_CODE_HOME": "/data/k"}
    assert [str(place.root) for place in KIMI.places(environ, home)] == [
        "/home/ana/k/sessions",
        "/data/k/sessions",
    ]


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ({"custom_title": "Poems", "title_generated": True}, {"S1": "Poems"}),
        ({"custom_title": "write me poems", "title_generated": False}, {}),
        ({"title": "Poems", "isCustomTitle": True}, {"S1": "Poems"}),
        ({"title": "write me poems", "isCustomTitle": False}, {}),
        ([], {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("below", [".", "agents/main"])
def test_a_session_shows_by_the_title_that_the_user_gave(
    tmp_path: Path, state: Any, kept: dict[str, str], below: str
) -> None:
    path = wire(tmp_path / "S1" / below, record())
    written(tmp_path / "S1" / "state.json", json.dumps(state))
    assert titled(read(KIMI, path)) == kept
