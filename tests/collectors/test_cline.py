"""Tasks and sessions of Cline, Roo Code and Kilo Code: each request once, in disjoint classes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import events, issues, read, rejected, written
from vaultsync.collectors.agents.cline import Cline, ClineSessions, KiloCode, RooCode
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import Collector, agent_of, files_of
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts, UsageEvent

CLINE, ROO, KILO = (make(root_of=lambda folder: folder) for make in (Cline, RooCode, KiloCode))
SESSIONS = ClineSessions(root_of=lambda folder: folder)
Json = dict[str, Any]
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
AT = 1_767_603_600_000
IN_OCTOBER = 1_760_000_000_000
IN_NOVEMBER = 1_762_300_000_000
TASK = "1767603599999"
HOMES = {
    CLINE.name: "saoudrizwan.claude-dev",
    ROO.name: "rooveterinaryinc.roo-cline",
    KILO.name: "kilocode.kilo-code",
}
USED = {"tokensIn": 1200, "tokensOut": 80, "cacheReads": 9000, "cacheWrites": 300, "cost": 0.0123}


def row(at: Any = AT, say: Any = "api_req_started", text: Any = None, info: Any = None, **more: Any) -> Json:
    said = json.dumps(USED | {"request": "SECRET"} | more) if text is None else text
    return {"ts": at, "type": "say", "say": say, "text": said} | ({"modelInfo": info} if info else {})


def task(tmp_path: Path, *rows: Any, of: Collector = CLINE, name: str = TASK, **beside: Any) -> Path:
    folder = tmp_path / "globalStorage" / HOMES[of.name] / "tasks" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, value in beside.items():
        (folder / f"{file}.json").write_text(json.dumps(value))
    return written(folder / "ui_messages.json", json.dumps([{"type": "say", "say": "text", "ts": 1}, *rows]))


def calls(path: Path, of: Collector = CLINE) -> list[UsageEvent]:
    return events(read(of, path))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


# --- one request --------------------------------------------------------------------------------


def test_a_request_is_a_call(tmp_path: Path) -> None:
    info = {"modelId": "claude-opus-4-5", "providerId": "anthropic", "mode": "act"}
    (call,) = calls(task(tmp_path, row(info=info)))
    assert call.tokens == TokenCounts(1200, 9000, cache_write=300, output=80)
    assert (call.when, call.source, call.provider, call.model) == (
        NINE,
        "cline",
        "anthropic",
        "claude-opus-4-5",
    )
    assert (call.cost, call.cost_kind, call.session) == (Decimal("0.0123"), "estimated", TASK)
    assert (call.key, call.flags, call.grain) == (f"cline:{TASK}:{AT}", (), "request")


def test_k1_what_is_broken_is_named_what_is_missing_is_nothing(tmp_path: Path) -> None:
    bare = row(AT + 1, text=json.dumps({"tokensIn": 500, "tokensOut": 7}))
    path = task(tmp_path, row(text='{"tokensIn": 12'), bare, row(AT + 2, text='{"request": "SECRET"}'))
    told = read(CLINE, path)
    assert [call.tokens for call in events(told)] == [TokenCounts(500, output=7)]
    assert len(rejected(told)) == 1 and "SECRET" not in repr(told)


def test_k1_what_was_taken_back_counts_as_a_sum(tmp_path: Path) -> None:
    info = {"modelId": "m", "providerId": "anthropic"}
    _, back = calls(task(tmp_path, row(info=info), row(AT + 5, "deleted_api_reqs")))
    assert (back.tokens.input, back.grain, back.flags) == (1200, "run", ("assumed_model",))


def test_the_sum_of_subagents_counts(tmp_path: Path) -> None:
    (call,) = calls(task(tmp_path, row(say="subagent_usage")))
    assert (call.action_type, call.action_name, call.grain) == ("agent", "subagents", "run")


@pytest.mark.parametrize("cost", [0, None])
def test_a_cost_of_nothing_is_unknown(tmp_path: Path, cost: Any) -> None:
    (call,) = calls(task(tmp_path, row(cost=cost)))
    assert (call.cost, call.flags) == (None, ())


@pytest.mark.parametrize(
    ("of", "at", "said", "expected"),
    [
        (CLINE, AT, {"tokensIn": 10_000}, 10_000),
        (ROO, IN_OCTOBER, {"tokensIn": 10_000, "apiProtocol": "anthropic"}, 10_000),
        (ROO, IN_OCTOBER, {"tokensIn": 10_000, "apiProtocol": "openai"}, 700),
        (ROO, IN_NOVEMBER, {"tokensIn": 10_000, "apiProtocol": "anthropic"}, 700),
        (KILO, IN_NOVEMBER, {"tokensIn": 10_000, "apiProtocol": "anthropic"}, 10_000),
        (KILO, AT, {"tokensIn": 10_000, "apiProtocol": "anthropic"}, 700),
        (ROO, AT, {"tokensIn": 9_200, "apiProtocol": "anthropic"}, 9_200),
        (KILO, AT, {"tokensIn": 5, "apiProtocol": "openai"}, 5),
    ],
)
def test_what_the_prompt_count_means_depends_on_program_protocol_and_date(
    tmp_path: Path, of: Collector, at: int, said: Json, expected: int
) -> None:
    (call,) = calls(task(tmp_path, row(at, **said), of=of), of)
    assert (call.tokens.input, call.tokens.cache_read, call.tokens.cache_write) == (expected, 9000, 300)
    assert call.flags == ()


@pytest.mark.parametrize(("provider", "expected"), [("litellm", 700), ("openrouter", 10_000)])
def test_some_counts_cline_passes_on_as_they_come(tmp_path: Path, provider: str, expected: int) -> None:
    (call,) = calls(task(tmp_path, row(tokensIn=10_000, info={"modelId": "m", "providerId": provider})))
    assert call.tokens.input == expected


# --- what lies beside it ------------------------------------------------------------------------


def test_the_model_is_noted_beside_the_task_when_it_changes(tmp_path: Path) -> None:
    usage = [
        {"ts": AT + 1, "model_id": "one", "model_provider_id": "openrouter"},
        {"ts": AT + 60_001, "model_id": "two", "model_provider_id": "anthropic"},
        {"ts": AT + 3, "model_id": None},
        {"ts": "x", "model_id": "never"},
    ]
    said = calls(task(tmp_path, row(), row(AT + 60_000), task_metadata={"model_usage": usage}))
    assert [(call.model, call.provider) for call in said] == [("one", "openrouter"), ("two", "anthropic")]


def test_the_model_and_the_folder_are_described_to_the_model_itself(tmp_path: Path) -> None:
    words = (
        "SECRET <model>theirs</model> <environment_details>\n"
        "# Current Workspace Directory (C:\\ana\\notes) Files\n<model>{}</model></environment_details>"
    )
    turns = [
        {"role": "user", "ts": AT + 1, "content": [{"type": "text", "text": words.format("glm-4.6")}]},
        {"role": "assistant", "ts": AT + 2, "content": "<model>no</model>"},
        {"role": "user", "ts": AT + 9, "content": words.format("glm-5")},
    ]
    told = calls(task(tmp_path, row(), row(AT + 8), of=ROO, api_conversation_history=turns), ROO)
    assert [call.model for call in told] == ["glm-4.6", "glm-5"]
    assert {call.project for call in told} == {"C:\\ana\\notes"} and "SECRET" not in repr(told)


def test_a_list_of_tasks_tells_model_and_folder(tmp_path: Path) -> None:
    path = task(tmp_path, row())
    (path.parents[2] / "state").mkdir()
    items = [{"id": "other"}, {"id": TASK, "modelId": "m-1", "cwdOnTaskInitialization": "/home/ana/notes"}]
    (path.parents[2] / "state" / "taskHistory.json").write_text(json.dumps(items))
    (call,) = calls(path)
    assert (call.model, call.project) == ("m-1", "/home/ana/notes")


def test_a_task_tells_its_own_folder(tmp_path: Path) -> None:
    (call,) = calls(task(tmp_path, row(), of=ROO, history_item={"workspace": "/home/ana/garden"}), ROO)
    assert (call.project, call.model, call.provider) == ("/home/ana/garden", "unknown", "unknown")


@pytest.mark.parametrize("name", ["task_metadata", "history_item", "api_conversation_history"])
@pytest.mark.parametrize("value", [*HOSTILE, [{"role": "user"}], {"model_usage": [{}]}], ids=str)
def test_hostile_neighbours_are_survived(tmp_path: Path, name: str, value: Any) -> None:
    (call,) = calls(task(tmp_path, row(), of=ROO, **{name: value}), ROO)
    assert call.model == "unknown"


# --- each once ----------------------------------------------------------------------------------


def test_a_request_that_is_completed_in_place_is_one(tmp_path: Path, ledger: Ledger) -> None:
    begun = row(text=json.dumps({"tokensIn": 1200, "tokensOut": 3}))
    assert len(held(ledger, CLINE, task(tmp_path, begun))) == 1
    (call,) = held(ledger, CLINE, task(tmp_path, row()))
    assert call.tokens.output == 80


def test_the_same_task_in_two_editors_is_one(tmp_path: Path, ledger: Ledger) -> None:
    copies = [task(tmp_path / editor, row(), row(AT + 1), of=ROO) for editor in ("Code", "Cursor")]
    assert len(held(ledger, ROO, *copies)) == 2


def test_requests_that_roo_forgets_stay_counted(tmp_path: Path, ledger: Ledger) -> None:
    assert len(held(ledger, ROO, task(tmp_path, row(), row(AT + 1), of=ROO))) == 2
    assert len(held(ledger, ROO, task(tmp_path, row(), row(AT + 2, "deleted_api_reqs"), of=ROO))) == 2
    assert (CLINE.kind, ROO.kind) == ("document", "store")


def test_a_task_that_is_not_named_as_one_has_no_key(tmp_path: Path) -> None:
    (call,) = calls(task(tmp_path, row(), name="logs"))
    assert (call.key, call.session) == (None, None)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [*USED, "apiProtocol"])
@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_counts_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    (call,) = calls(task(tmp_path, row(**{key: value}), of=ROO), ROO)
    assert call.tokens.output <= 10**12


@pytest.mark.parametrize("key", ["ts", "type", "say", "text", "modelInfo"])
@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_rows_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(CLINE, task(tmp_path, row() | {key: value}, row(AT + 9), value))
    assert 1 <= len(events(told)) <= 2 and len(issues(told)) <= 1


def test_every_truncation_is_survived_and_reported(tmp_path: Path) -> None:
    path = task(tmp_path, row(info={"modelId": "m"}))
    for length, told, reader in cut(CLINE, path, path.read_bytes()):
        assert not events(told) and len(rejected(told)) == (length > 0)
        assert reader.verdict == ("damaged" if length else "read")


# --- sessions of Cline 4.1 ----------------------------------------------------------------------


def answer(ident: Any = "m-1", **more: Any) -> Json:
    metrics = {"inputTokens": 10_000, "outputTokens": 80, "cacheReadTokens": 9000, "cacheWriteTokens": 300}
    said = {
        "id": ident,
        "role": "assistant",
        "ts": AT,
        "content": "SECRET",
        "metrics": metrics | {"cost": 0.5},
    }
    return said | {"modelInfo": {"id": "claude-opus-4-5", "provider": "anthropic"}} | more


def session(tmp_path: Path, *answers: Any, name: str = "S1", agent: Any = "lead", **more: Any) -> Path:
    folder = tmp_path / "sessions" / "S1"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "S1.json").write_text(
        json.dumps({"cwd": "/home/ana/notes", "model": "usual", "prompt": "SECRET"})
    )
    said = {"version": 1, "agent": agent, "sessionId": "S1", "messages": [{"role": "user"}, *answers]}
    return written(folder / f"{name}.messages.json", json.dumps(said | more))


def test_an_answer_of_a_session_is_a_call(tmp_path: Path) -> None:
    (call,) = events(read(SESSIONS, session(tmp_path, answer())))
    assert call.tokens == TokenCounts(700, 9000, cache_write=300, output=80)
    assert (call.when, call.source, call.model, call.provider) == (
        NINE,
        "cline",
        "claude-opus-4-5",
        "anthropic",
    )
    assert (call.session, call.project, call.agent, call.cost) == (
        "S1",
        "/home/ana/notes",
        None,
        Decimal("0.5"),
    )
    assert "SECRET" not in repr(call) and agent_of(SESSIONS) == "cline"


def test_a_subagent_works_for_its_session(tmp_path: Path) -> None:
    path = session(tmp_path, answer(modelInfo=None), name="a7", agent="subagent")
    (call,) = events(read(SESSIONS, path))
    assert (call.session, call.agent, call.action_type, call.action_name) == ("S1", "a7", "agent", "subagent")
    assert call.model == "usual"


def test_a_session_is_counted_once_and_keeps_what_it_forgets(tmp_path: Path, ledger: Ledger) -> None:
    both = session(tmp_path, answer(), answer("m-2", ts=AT + 9))
    assert len(held(ledger, SESSIONS, both, both)) == 2
    assert len(held(ledger, SESSIONS, session(tmp_path, answer("m-2", ts=AT + 9)))) == 2


@pytest.mark.parametrize("key", ["id", "ts", "modelInfo", "metrics"])
@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_answers_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(SESSIONS, session(tmp_path, answer(**{key: value}), answer("m-2"), value))
    assert 1 <= len(events(told)) <= 2 and len(issues(told)) <= 1


def test_every_truncation_of_a_session_is_survived_and_reported(tmp_path: Path) -> None:
    path = session(tmp_path, answer())
    for length, told, _ in cut(SESSIONS, path, path.read_bytes()):
        assert not events(told) and len(rejected(told)) == (length > 0)


# --- where it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "environ"),
    [
        (".config/Code/User", {}),
        ("Library/Application Support/VSCodium/User", {}),
        ("AppData/Roaming/Cursor/User", {}),
        ("roaming/Windsurf/User", {"APPDATA": "{}/roaming"}),
        (".vscode-server/data/User", {}),
    ],
)
@pytest.mark.parametrize("of", [CLINE, ROO, KILO], ids=lambda of: of.name)
def test_the_storage_of_each_editor(
    tmp_path: Path, of: Collector, user: str, environ: dict[str, str]
) -> None:
    path = task(tmp_path / user, row(), of=of)
    (path.parent / "checkpoints" / "deep").mkdir(parents=True)
    written(path.parent / "checkpoints" / "ui_messages.json", "[]")
    places = of.places({key: value.format(tmp_path) for key, value in environ.items()}, tmp_path)
    assert [found for place in places for found in files_of(place)] == [path]


@pytest.mark.parametrize(
    ("environ", "data"),
    [
        ({}, ".cline/data"),
        ({"CLINE_HOME": "~/c"}, "c/data"),
        ({"CLINE_DIR": "~/d", "CLINE_HOME": "~/c"}, "d/data"),
        ({"CLINE_DATA_DIR": "/data"}, "/data"),
    ],
)
def test_the_folder_of_cline_itself(tmp_path: Path, environ: dict[str, str], data: str) -> None:
    assert CLINE.places(environ, tmp_path)[-1].root == tmp_path / data / "tasks"
    assert SESSIONS.places(environ, tmp_path)[0].root == tmp_path / data / "sessions"


def test_sessions_may_be_moved(tmp_path: Path) -> None:
    assert SESSIONS.places({"CLINE_SESSION_DATA_DIR": "/s"}, tmp_path)[0].root == Path("/s")


def test_each_task_is_claimed_by_one(tmp_path: Path) -> None:
    mock = tmp_path / ".vscode-mock" / "tasks" / TASK
    mock.mkdir(parents=True)
    files = {of.name: task(tmp_path, row(), of=of) for of in (CLINE, ROO, KILO)}
    files["roo-code "] = written(mock / "ui_messages.json", json.dumps([row()]))
    files["cline "] = written(tmp_path / "ui_messages.json", json.dumps([row()]))
    files["cline-sessions"] = session(tmp_path, answer())
    for name, path in files.items():
        file = LogFile.look(path)
        claims = [each.name for each in (CLINE, ROO, KILO, SESSIONS) if each.claims(file)]
        assert claims == [name.strip()]
    assert not CLINE.claims(LogFile.look(written(tmp_path / "ui_messages.json", '{"ui": 1}')))
