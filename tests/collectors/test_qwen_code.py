"""Qwen Code: the calls in its book, and the chats of sessions that the book does not know."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import events, issues, read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.gemini_cli import GeminiCli
from vaultsync.collectors.agents.qwen_code import QwenCode, QwenCodeChats, QwenCodeSessions
from vaultsync.collectors.logs.flat_events import FlatArray, FlatEvents
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import Collector, files_of
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import TokenCounts, UsageEvent

Json = dict[str, Any]
SECRET = "the secret of the prompt"
FOLDER = "/home/ana/notes"
INSIDE = TokenCounts(input=200, cache_read=800, output=70, reasoning=30)
OUTSIDE = TokenCounts(input=200, cache_read=800, output=100, reasoning=30)


def entry(ident: str = "b-1", session: str = "S1", minute: int = 1, **more: Any) -> Json:
    when = f"2026-06-10T09:{minute:02}:00.500Z"
    return {
        "schemaVersion": 1, "id": ident, "timestamp": when, "localDate": "2026-06-10",
        "localMonth": "2026-06", "sessionId": session, "model": "qwen3.7-max", "authType": "qwen-oauth",
        "source": "main", "inputTokens": 1000, "outputTokens": 70, "cachedTokens": 800, "thoughtsTokens": 30,
        "totalTokens": 1070, "apiDurationMs": 4200,
    } | more  # fmt: skip


def answer(ident: str = "u-1", session: str = "S1", minute: int = 1, total: int = 1070, **more: Any) -> Json:
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 70, "thoughtsTokenCount": 30}
    usage |= {"cachedContentTokenCount": 800, "totalTokenCount": total}
    return {
        "uuid": ident, "parentUuid": None, "sessionId": session, "type": "assistant",
        "timestamp": f"2026-06-10T09:{minute:02}:00.100Z", "cwd": FOLDER, "gitBranch": "main",
        "version": "0.16.0", "model": "qwen3.7-max", "usageMetadata": usage,
        "message": {"role": "model", "parts": [{"text": SECRET}]},
    } | more  # fmt: skip


def telemetry(minute: int = 1) -> Json:
    event = {"event.name": "qwen-code.api_response", "input_token_count": 1000, "output_token_count": 70}
    more = {"type": "system", "subtype": "ui_telemetry", "systemPayload": {"uiEvent": event}}
    return {
        key: value for key, value in answer("t-1", minute=minute).items() if key != "usageMetadata"
    } | more


def question() -> Json:
    return answer("q-1", minute=0) | {"type": "user", "usageMetadata": None, "message": {"text": SECRET}}


def lines(*rows: Json) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def book(home: Path, *rows: Json, month: str = "2026-06") -> Path:
    (home / "usage").mkdir(parents=True, exist_ok=True)
    return written(home / "usage" / f"token-usage-{month}.jsonl", lines(*rows))


def chat(home: Path, *rows: Json, session: str = "S1") -> Path:
    folder = home / "projects" / "-home-ana-notes" / "chats"
    folder.mkdir(parents=True, exist_ok=True)
    return written(folder / f"{session}.jsonl", lines(*rows))


def booked() -> QwenCode:
    return QwenCode(root_of=lambda folder: folder)


def chats() -> QwenCodeChats:
    return QwenCodeChats(root_of=lambda folder: folder)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def held(ledger: Ledger, by: Collector, *paths: Path) -> list[UsageEvent]:
    """What a ledger holds once it has read these files, on from where reading stopped."""
    for path in paths:
        known, reader = ledger.files().get(str(path)), reader_of(path)
        if known:
            reader = reader_of(path, start=known.offset, first_line=known.line)
        ledger.record(Batch(by.name, reader, list(by.collect(reader))))
    ledger.settle()
    return sorted((stored.event for stored in ledger.latest(50)), key=lambda event: event.when)


# --- the book -----------------------------------------------------------------------------------


def test_a_row_of_the_book_is_a_call(tmp_path: Path) -> None:
    chat(tmp_path, question(), answer())
    (call,) = events(read(booked(), book(tmp_path, entry())))
    assert (call.source, call.provider, call.model) == ("qwen-code", "alibaba", "qwen3.7-max")
    assert (call.tokens, call.flags, call.duration_ms) == (INSIDE, (), 4200)
    assert (call.key, call.session, call.project, call.branch) == ("qwen-code:b-1", "S1", FOLDER, "main")
    assert call.when.isoformat() == "2026-06-10T09:01:00.500000+00:00" and call.action_type is None


def test_the_total_tells_where_thoughts_stand(tmp_path: Path) -> None:
    (call,) = events(read(booked(), book(tmp_path, entry(totalTokens=1100))))
    assert call.tokens == OUTSIDE
    (call,) = events(read(chats(), chat(tmp_path / "other", answer(total=1100))))
    assert call.tokens == OUTSIDE


@pytest.mark.parametrize(
    ("how", "provider"),
    [("gemini", "google"), ("anthropic", "anthropic"), ("openai", "unknown"), (7, "unknown")],
)
def test_who_bills_is_told_by_how_the_user_is_known(tmp_path: Path, how: Any, provider: str) -> None:
    (call,) = events(read(booked(), book(tmp_path, entry(authType=how))))
    assert call.provider == provider


def test_a_subagent_has_its_name(tmp_path: Path) -> None:
    (call,) = events(read(booked(), book(tmp_path, entry(source="Explore"))))
    assert (call.action_type, call.action_name) == ("agent", "Explore")


def test_copies_of_a_book_count_once(ledger: Ledger, tmp_path: Path) -> None:
    first = book(tmp_path, entry(), entry("b-2", minute=2))
    copy = book(tmp_path / "backup", entry("b-2", minute=2), entry())
    assert len(held(ledger, booked(), first, copy)) == 2


@pytest.mark.parametrize("session", ["../../x", "S*", "gone", ""])
def test_a_session_without_a_chat_has_no_project(tmp_path: Path, session: str) -> None:
    chat(tmp_path, answer())
    (call,) = events(read(booked(), book(tmp_path, entry(session=session))))
    assert call.project is None


# --- chats --------------------------------------------------------------------------------------


def test_an_answer_of_a_chat_is_a_call_and_its_telemetry_is_none(tmp_path: Path) -> None:
    found = read(chats(), chat(tmp_path, question(), answer(), telemetry()))
    (call,) = found
    assert isinstance(call, UsageEvent)
    assert (call.source, call.provider, call.tokens) == ("qwen-code", "unknown", INSIDE)
    assert (call.key, call.session, call.project, call.branch) == ("qwen-code:u-1", "S1", FOLDER, "main")
    assert SECRET not in repr(found)


def test_a_branched_session_counts_only_what_is_its_own(ledger: Ledger, tmp_path: Path) -> None:
    fork = {"forkedFrom": {"sessionId": "S1", "messageUuid": "u-1"}}
    one = chat(tmp_path, answer())
    two = chat(tmp_path, answer(session="S2", **fork), answer("u-2", "S2", minute=5), session="S2")
    found = held(ledger, chats(), two, one)
    assert [(call.session, call.when.minute) for call in found] == [("S1", 1), ("S2", 5)]


def test_a_subagent_of_a_chat_is_one(tmp_path: Path) -> None:
    path = chat(tmp_path, answer(agentId="explore-7f3c", agentName="Explore"))
    (call,) = events(read(chats(), path))
    assert (call.agent, call.action_type, call.action_name) == ("explore-7f3c", "agent", "Explore")


def test_a_session_that_the_book_knows_counts_there_only(ledger: Ledger, tmp_path: Path) -> None:
    path = chat(tmp_path, answer(minute=1), answer("u-2", minute=40), answer("u-3", minute=45))
    other = chat(tmp_path, answer("u-9", "S9"), session="S9")
    calls = book(tmp_path, entry("b-2", minute=40), entry("b-3", minute=45))
    held(ledger, booked(), calls)
    found = held(ledger, chats(), path, other)
    assert [(call.session, call.when.minute) for call in found] == [
        ("S1", 1),
        ("S9", 1),
        ("S1", 40),
        ("S1", 45),
    ]


# --- places -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "environ", "root"),
    [
        ("/home/ana", {}, "/home/ana/.qwen"),
        ("/Users/ana", {"QWEN_HOME": ""}, "/Users/ana/.qwen"),
        ("C:/Users/ana", {}, "C:/Users/ana/.qwen"),
        ("/home/ana", {"QWEN_HOME": "~/q"}, "/home/ana/q"),
        ("/home/ana", {"QWEN_HOME": "/data/q", "QWEN_RUNTIME_DIR": "/run/q"}, "/run/q"),
    ],
)
def test_places_on_three_systems(home: str, environ: dict[str, str], root: str) -> None:
    assert [place.root for place in booked().places(environ, Path(home))] == [Path(root) / "usage"]
    assert [place.root for place in chats().places(environ, Path(home))] == [Path(root) / "projects"]


def test_what_lies_in_the_places_is_found(tmp_path: Path) -> None:
    home = tmp_path / ".qwen"
    calls, talk = book(home, entry()), chat(home, answer())
    written(calls.parent / "usage_record.jsonl", "{}")
    for reads, path in ((booked(), calls), (chats(), talk)):
        assert [found for place in reads.places({}, tmp_path) for found in files_of(place)] == [path]


def test_files_elsewhere_are_known_by_their_heads(tmp_path: Path) -> None:
    files = [book(tmp_path, entry()), chat(tmp_path, question(), answer(), telemetry())]
    files.append(
        written(tmp_path / "other.jsonl", lines({"text": json.dumps(entry()), "more": json.dumps(answer())}))
    )
    claims = [
        tuple(reads.claims(LogFile.look(path)) for reads in (booked(), chats(), FlatEvents(), FlatArray()))
        for path in files
    ]
    assert claims == [(True, False, False, False), (False, True, False, False), (False, False, False, False)]


# --- bad input ----------------------------------------------------------------------------------


# --- sessions of the first versions -------------------------------------------------------------


def first(folder: Path, *messages: Json) -> Path:
    folder.mkdir(parents=True)
    said = {"sessionId": "S9", "projectHash": "ab", "startTime": "2025-11-26T14:57:00Z", "messages": messages}
    return written(folder / "session-2025-11-26T14-57-9e676089.json", json.dumps(said, indent=2))


def reply(ident: str = "m-2", kind: str = "qwen") -> Json:
    tokens = {"input": 1000, "output": 70, "cached": 800, "thoughts": 30, "tool": 0, "total": 1100}
    said = {"id": ident, "timestamp": "2025-11-26T14:58:00.000Z", "type": kind, "content": SECRET}
    return said | {"model": "qwen3-coder", "tokens": tokens}


@pytest.mark.parametrize("place", [".qwen/tmp/ab/chats", "elsewhere"])
def test_sessions_of_the_first_versions_are_like_those_of_gemini_cli(tmp_path: Path, place: str) -> None:
    path = first(tmp_path / place, reply("m-1", "user"), reply(), reply("m-3"))
    found = read(QwenCodeSessions(), path)
    calls = events(found)
    assert [(call.tokens, call.source, call.key) for call in calls] == [
        (OUTSIDE, "qwen-code", "qwen-code:S9:m-2"),
        (OUTSIDE, "qwen-code", "qwen-code:S9:m-3"),
    ]
    assert (calls[0].provider, calls[0].model, calls[0].session) == ("unknown", "qwen3-coder", "S9")
    assert SECRET not in repr(found) and not GeminiCli().claims(LogFile.look(path))


def test_sessions_of_the_first_versions_lie_beside_the_book(tmp_path: Path) -> None:
    path = first(tmp_path / ".qwen" / "tmp" / "ab" / "chats", reply())
    (place,) = QwenCodeSessions().places({}, tmp_path)
    assert list(files_of(place)) == [path]
    (moved,) = QwenCodeSessions().places({"QWEN_HOME": "/data/qwen"}, tmp_path)
    assert moved.root == Path("/data/qwen/tmp")


@pytest.mark.parametrize("bad", [-1, 1.5, True, "70", [], {}, 10**13, 10**30])
def test_a_bad_count_costs_only_itself(tmp_path: Path, bad: Any) -> None:
    (call,) = events(read(booked(), book(tmp_path, entry(cachedTokens=bad))))
    assert call.tokens == TokenCounts(input=1000, output=70, reasoning=30) and call.flags == ("bad_count",)
    row = answer()
    row["usageMetadata"]["cachedContentTokenCount"] = bad
    (call,) = events(read(chats(), chat(tmp_path / "other", row)))
    assert call.tokens == TokenCounts(input=1000, output=70, reasoning=30) and call.flags == ("bad_count",)


@pytest.mark.parametrize("bad", [7, None, True, [], {}, "", "\ud800"])
def test_odd_values_never_cost_the_other_rows(tmp_path: Path, bad: Any) -> None:
    names = ("id", "sessionId", "model", "source", "apiDurationMs", "timestamp", "authType")
    rows = [entry("b-9") | {name: bad} for name in names]
    calls = book(tmp_path, *rows, entry(minute=5))
    assert events(read(booked(), calls))[-1].key == "qwen-code:b-1"
    names = ("uuid", "sessionId", "model", "cwd", "gitBranch", "agentId", "forkedFrom", "usageMetadata")
    rows = [answer("u-9", session="S7") | {name: bad} for name in names]
    assert events(read(chats(), chat(tmp_path, *rows, answer(session="S7"))))[-1].key == "qwen-code:u-1"


def test_a_row_without_a_time_or_with_doubled_counts_is_told(tmp_path: Path) -> None:
    assert rejected(read(booked(), book(tmp_path, entry(timestamp="noon"), entry()))) == [1]
    path = chat(tmp_path / "other", answer(), answer("u-2"), answer("u-3", timestamp="noon"))
    text = path.read_text().replace(
        '"totalTokenCount": 1070', '"totalTokenCount": 1070, "totalTokenCount": 9', 1
    )
    assert rejected(read(chats(), written(path, text))) == [1, 3]


@pytest.mark.parametrize("which", ["book", "chat"])
def test_every_beginning_counts_its_whole_lines(tmp_path: Path, which: str) -> None:
    if which == "book":
        reads: Collector = booked()
        path = book(tmp_path, *(entry(f"b-{n}", minute=n) for n in range(3)))
    else:
        reads, path = chats(), chat(tmp_path, *(answer(f"u-{n}", minute=n) for n in range(3)))
    data = path.read_bytes()
    ends = [end for end, byte in enumerate(data) if byte == ord("\n")]
    for length in range(len(data)):
        reader = reader_of(written(path, data[:length]))
        found = list(reads.collect(reader))
        assert len(events(found)) == sum(end <= length for end in ends) and not issues(found)


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = written(book(tmp_path), lines(entry()) + "{half\n" + lines(entry("b-2", minute=2)))
    found = read(booked(), path)
    assert len(events(found)) == 2 and rejected(found) == [2]


# --- what it is called --------------------------------------------------------------------------


def named(title: Any, source: str | None = None, minute: int = 1) -> Json:
    said = {"customTitle": title} | ({"titleSource": source} if source else {})
    return answer(minute=minute) | {"type": "system", "subtype": "custom_title", "systemPayload": said}


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([named("Poems")], {"S1": "Poems"}),
        ([named("Zebras", "auto"), named("Odes", "auto", 2)], {"S1": "Odes"}),
        ([named("Poems", "manual"), named("Zebras", "auto", 2)], {"S1": "Poems"}),
        ([named(["Poems"]), named(None)], {}),
    ],
)
def test_a_session_shows_by_its_title(tmp_path: Path, rows: list[Json], kept: dict[str, str]) -> None:
    assert titled(read(chats(), chat(tmp_path, answer(), *rows))) == kept
