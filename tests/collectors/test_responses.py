"""Saved answers of model APIs: whose they are, what is one call, what is known of its time."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import events, issues, plain, read, rejected, written
from vaultsync.collectors.agents.claude_code import ClaudeCode
from vaultsync.collectors.logs.flat_events import FlatArray, FlatEvents
from vaultsync.collectors.providers.responses import ResponseFiles, Responses
from vaultsync.collectors.reading import LogFile
from vaultsync.model import TokenCounts

AT = "2026-02-10T09:00:00Z"
USAGE = {
    "input_tokens": 4,
    "cache_creation_input_tokens": 10,
    "cache_read_input_tokens": 20,
    "output_tokens": 30,
}
MESSAGE: dict[str, Any] = {
    "id": "msg_01AbcdefghijklmnopqrstuvW",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-4-5",
    "content": [{"type": "text", "text": "my secret"}],
    "usage": USAGE,
}


def lines(folder: Path, *records: dict[str, Any]) -> list[Any]:
    """What a log of these records says."""
    return read(Responses(), written(folder / "a.jsonl", "".join(json.dumps(r) + "\n" for r in records)))


def claims(folder: Path, text: str) -> list[bool]:
    """Whether answers by line, answers in files, flat events and flat arrays claim a text."""
    file = LogFile.look(written(folder / "a.json", text))
    return [c.claims(file) for c in (Responses(), ResponseFiles(), FlatEvents(), FlatArray())]


def test_call_in_a_transcript_and_in_a_log_of_answers_is_one(tmp_path: Path) -> None:
    row = {"type": "assistant", "isSidechain": False, "timestamp": AT, "message": MESSAGE}
    (told,) = events(read(ClaudeCode(), written(tmp_path / "t.jsonl", json.dumps(row) + "\n")))
    (saved,) = events(lines(tmp_path, {**MESSAGE, "timestamp": AT}))
    assert saved.key == told.key and saved.when == told.when


@pytest.mark.parametrize(
    "wrapped", [lambda a: a, lambda a: {"response": a}, lambda a: {"response": {"body": a}}]
)
def test_answer_is_the_same_in_any_wrapper(tmp_path: Path, wrapped: Any) -> None:
    (event,) = events(lines(tmp_path, wrapped(MESSAGE) | {"timestamp": AT}))
    assert event.when == datetime(2026, 2, 10, 9, tzinfo=UTC) and not event.flags
    assert event.tokens == TokenCounts(4, 20, cache_write=10, output=30) and "secret" not in repr(event)


def test_answer_without_any_time_has_that_of_its_file(tmp_path: Path) -> None:
    (event,) = events(lines(tmp_path, MESSAGE))
    assert event.flags == ("assumed_date",) and event.when.year == 2026


def test_files_of_answers_say_what_lines_say(tmp_path: Path) -> None:
    answers = [{**MESSAGE, "timestamp": AT}, {**MESSAGE, "id": "msg_02", "timestamp": AT}]
    by_line = plain(lines(tmp_path, *answers))
    for text in (json.dumps(answers), "\n".join(json.dumps(answer, indent=2) for answer in answers)):
        assert plain(read(ResponseFiles(), written(tmp_path / "a.json", text))) == by_line


@pytest.mark.parametrize(
    ("text", "claimed"),
    [
        (json.dumps({**MESSAGE, "timestamp": AT}), [True, False, False, False]),
        (json.dumps({**MESSAGE, "timestamp": AT}, indent=1), [False, True, False, False]),
        (json.dumps([{**MESSAGE, "timestamp": AT}]), [False, True, False, False]),
        (json.dumps({"error": "no"}) + "\n" + json.dumps(MESSAGE), [True, False, False, False]),
        (json.dumps({"timestamp": AT, **USAGE, "response": MESSAGE}), [False, False, True, False]),
        (json.dumps({"timestamp": AT, **USAGE}) + "\n" + json.dumps(MESSAGE), [False, False, True, False]),
        (json.dumps({"timestamp": AT, "id": MESSAGE["id"], **USAGE}), [False, False, True, False]),
        (json.dumps({"type": "assistant", "message": MESSAGE, "timestamp": AT}), [False] * 4),
    ],
)
def test_answers_and_home_made_logs_are_told_apart(tmp_path: Path, text: str, claimed: list[bool]) -> None:
    assert claims(tmp_path, text) == claimed


def test_long_answer_is_known_by_its_beginning(tmp_path: Path) -> None:
    (event,) = events(lines(tmp_path, {**MESSAGE, "content": "x" * 100_000, "usage": USAGE}))
    assert event.tokens.output == 30


def test_bad_answer_costs_itself_only(tmp_path: Path) -> None:
    found = lines(tmp_path, {**MESSAGE, "usage": {"input_tokens": 1}}, MESSAGE, {"usage": None}, {"a": 1})
    assert rejected(found) == [1] and len(events(found)) == 1 and "output tokens" in issues(found)[0].text


ADVICE = {"type": "advisor_message", "model": "claude-opus-4-8", "input_tokens": 7, "output_tokens": 8}


def test_advice_is_a_call_of_its_own_where_the_sum_is_without_it(tmp_path: Path) -> None:
    steps = [{"type": "message", **USAGE}, ADVICE]
    call, advice = events(lines(tmp_path, {**MESSAGE, "usage": {**USAGE, "iterations": steps}}))
    assert advice.key == f"{call.key}:advisor:1" and advice.model == "claude-opus-4-8"
    assert (call.tokens.output, advice.tokens) == (30, TokenCounts(7, output=8))


def test_advice_that_may_be_in_the_sum_is_flagged_and_not_added(tmp_path: Path) -> None:
    steps = [{"type": "message", **USAGE, "output_tokens": 22}, ADVICE]
    (call,) = events(lines(tmp_path, {**MESSAGE, "usage": {**USAGE, "iterations": steps}}))
    assert "total_mismatch" in call.flags and call.tokens.output == 30


CHAT: dict[str, Any] = {
    "object": "chat.completion",
    "created": 1770714000,
    "model": "gpt-5",
    "choices": [{"message": {"content": "my secret"}}],
    "usage": {"prompt_tokens": 20, "completion_tokens": 10, "total_tokens": 30},
}


def test_log_may_hold_answers_of_several_apis(tmp_path: Path) -> None:
    gemini = {
        "modelVersion": "gemini-2.5-pro",
        "usageMetadata": {"promptTokenCount": 3, "totalTokenCount": 3},
    }
    found = events(lines(tmp_path, {**MESSAGE, "created_at": AT}, CHAT, {**gemini, "createTime": AT}))
    assert [(e.provider, e.tokens.prompt) for e in found] == [
        ("anthropic", 34),
        ("openai", 20),
        ("google", 3),
    ]


@pytest.mark.parametrize("changed", [{}, {"object": None}, {"choices": None}])
@pytest.mark.parametrize("wrapped", [False, True])
def test_chat_is_no_flat_event(tmp_path: Path, changed: dict[str, Any], wrapped: bool) -> None:
    answer = {name: value for name, value in {**CHAT, **changed}.items() if value is not None}
    text = json.dumps({"response": answer, "timestamp": AT} if wrapped else answer)
    assert claims(tmp_path, text) == [True, False, False, False]


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("gpt-5-2025-08-07", "openai"),
        ("ft:gpt-4o:me::1", "openai"),
        ("o3", "openai"),
        ("gpt-oss-20b", "unknown"),
        ("mistral-large-latest", "mistral"),
        ("mistral-7b-instruct-v0.3", "unknown"),
        ("mistral-small-24b-instruct-2501", "unknown"),
        ("text-embedding-nomic-embed-text-v1.5", "unknown"),
        ("llama3.2:3b", "unknown"),
    ],
)
def test_nobody_is_said_to_bill_an_open_model(tmp_path: Path, model: str, provider: str) -> None:
    (event,) = events(lines(tmp_path, {**CHAT, "model": model}))
    assert event.provider == provider


def test_provider_that_the_log_names_is_believed(tmp_path: Path) -> None:
    (event,) = events(lines(tmp_path, {"provider": "azure", "response": CHAT}))
    assert event.provider == "azure"


def test_short_id_of_a_local_server_comes_again(tmp_path: Path) -> None:
    local = {**CHAT, "id": "chatcmpl-7", "model": "llama3.2:3b", "system_fingerprint": "fp_ollama"}
    found = events(lines(tmp_path, local, {**local, "created": 1770714001}, local))
    assert len({event.key for event in found}) == 2


def test_stream_is_one_call_with_its_largest_counts(tmp_path: Path) -> None:
    chunk = {**CHAT, "object": "chat.completion.chunk", "id": "chatcmpl-1"}
    found = events(lines(tmp_path, {**chunk, "usage": None}, chunk))
    assert [event.key for event in found] == ["response:chatcmpl-1"]


def test_answer_that_cannot_be_known_again_is_told_where_files_are_written_anew(tmp_path: Path) -> None:
    nameless = {name: value for name, value in MESSAGE.items() if name != "id"}
    path = written(tmp_path / "a.json", json.dumps([nameless, {**nameless, "timestamp": AT}], indent=1))
    found = read(ResponseFiles(), path)
    assert len(events(found)) == 1 and "neither its id nor a time" in issues(found)[0].text


@pytest.mark.parametrize("odd", [[], {}, [["advisor_message"]], None, 5])
def test_a_step_of_no_known_kind_is_no_call_of_its_own(tmp_path: Path, odd: Any) -> None:
    usage = {**USAGE, "iterations": [{"type": odd, "input_tokens": 5, "output_tokens": 5}, odd]}
    (event,) = events(lines(tmp_path, {**MESSAGE, "timestamp": AT, "usage": usage}))
    assert event.tokens == TokenCounts(4, 20, cache_write=10, output=30)


@pytest.mark.parametrize("odd", [[], [USAGE], 5, "x"])
def test_an_answer_whose_usage_is_no_object_is_rejected(tmp_path: Path, odd: Any) -> None:
    found = lines(tmp_path, {**MESSAGE, "timestamp": AT, "usage": odd, "usage_metadata": {}})
    assert rejected(found) == [1] and not events(found)


@pytest.mark.parametrize(
    "usage",
    [
        '"usage_metadata": {"prompt_token_count": 1, "prompt_token_count": 9, "candidates_token_count": 2}',
        '"usageMetadata": {"promptTokenCount": 1, "promptTokenCount": 9, "candidatesTokenCount": 2}',
        '"id": "msg_01AbcdefghijklmnopqrstuvW", "type": "message", "role": "assistant", "model": "claude-x", '
        '"usage": {"input_tokens": 1, "output_tokens": 2, "iterations": [{"type": "compaction", '
        '"input_tokens": 1, "input_tokens": 9, "output_tokens": 2}]}',
    ],
)
def test_a_count_that_stands_twice_is_rejected_in_every_spelling(tmp_path: Path, usage: str) -> None:
    text = f'{{"timestamp": "{AT}", {usage}}}\n'
    assert rejected(read(Responses(), written(tmp_path / "a.jsonl", text))) == [1]
