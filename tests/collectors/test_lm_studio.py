"""Server logs of LM Studio: answers among the text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import events, issues, read, reader_of, rejected, written
from vaultsync.collectors.agents import lm_studio
from vaultsync.collectors.agents.lm_studio import LmStudio
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

STUDIO = LmStudio()
FIRST = "[2026-01-05 08:59:00][INFO][LM STUDIO SERVER] Server started.\n"
NINE = 1_767_603_600


def answer(ident: Any = "chatcmpl-1", created: Any = NINE, use: Any = None, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": 900, "completion_tokens": 80, "total_tokens": 980} | more
    said = {"id": ident, "object": "chat.completion", "created": created, "model": "qwen3-8b"}
    said |= {"choices": [{"message": {"content": "SECRET {\n}"}}], "usage": counts if use is None else use}
    return {key: value for key, value in said.items() if value is not None}


def entry(said: Any, time: str = "2026-01-05 10:00:05", indent: int | None = 2) -> str:
    return f"[{time}][INFO][qwen3-8b] Generated prediction:  {json.dumps(said, indent=indent)}\n"


def request() -> str:
    said = {"model": "qwen3-8b", "messages": [{"role": "user", "content": 'SECRET "usage": {"x": 1}'}]}
    return f"[2026-01-05 10:00:00][DEBUG] Received request: POST with body  {json.dumps(said, indent=2)}\n"


def log(tmp_path: Path, *parts: str) -> Path:
    return written(tmp_path / "2026-01-05.1.log", "".join((FIRST, *parts)))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


@pytest.mark.parametrize("indent", [2, None])
def test_an_answer_is_a_call_however_it_is_printed(tmp_path: Path, indent: int | None) -> None:
    (call,) = events(read(STUDIO, log(tmp_path, request(), entry(answer(), indent=indent))))
    assert call.tokens == TokenCounts(input=900, output=80)
    assert (call.when, call.key) == (datetime(2026, 1, 5, 9, tzinfo=UTC), "lm-studio:chatcmpl-1")
    assert (call.provider, call.model) == ("lm-studio", "qwen3-8b")


def test_an_answer_without_a_time_has_the_local_one_of_its_entry(tmp_path: Path) -> None:
    path = log(tmp_path, entry(answer(created=None)))
    (call,) = events(read(STUDIO, path, zone=ZoneInfo("Europe/Berlin")))
    assert call.when == datetime(2026, 1, 5, 9, 0, 5, tzinfo=UTC)


def test_a_streamed_answer_counts_where_its_last_piece_does(tmp_path: Path) -> None:
    piece = {key: value for key, value in answer().items() if key != "usage"}
    stream = "".join(f"data: {json.dumps(each)}\n" for each in (piece, answer(use=False), answer()))
    assert len(events(read(STUDIO, log(tmp_path, stream)))) == 1


def test_a_response_of_the_newer_kind_counts(tmp_path: Path) -> None:
    use = {"input_tokens": 900, "output_tokens": 80, "input_tokens_details": {"cached_tokens": 400}}
    use |= {"output_tokens_details": {"reasoning_tokens": 30}, "total_tokens": 980}
    said = {"id": "resp_1", "created_at": NINE, "model": "qwen3-8b", "usage": use}
    stream = f"data: {json.dumps({'type': 'response.completed', 'response': said})}\n"
    calls = events(read(STUDIO, log(tmp_path, entry(said), stream)))
    assert {call.key for call in calls} == {"lm-studio:resp_1"}
    assert calls[0].tokens == TokenCounts(input=500, cache_read=400, output=80, reasoning=30)


def test_requests_and_other_json_hold_no_call(tmp_path: Path) -> None:
    models = entry({"object": "list", "data": [], "usage": {"prompt_tokens": 3, "total_tokens": 3}})
    assert read(STUDIO, log(tmp_path, request(), models, entry(answer("x-1")), "{\n}\n", "}\n")) == []


def test_an_answer_that_breaks_off_is_named(tmp_path: Path) -> None:
    whole = entry(answer()).splitlines(keepends=True)
    found = read(STUDIO, log(tmp_path, *whole[:-2], entry(answer("chatcmpl-2"))))
    assert rejected(found) == [2] and [call.key for call in events(found)] == ["lm-studio:chatcmpl-2"]


def test_an_answer_that_is_too_long_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lm_studio, "LARGEST", 100)
    found = read(STUDIO, log(tmp_path, entry(answer())))
    assert events(found) == [] and rejected(found) == [2]


def test_a_log_that_grew_is_read_on_and_a_copy_adds_nothing(tmp_path: Path, ledger: Ledger) -> None:
    half = entry(answer(created=None))
    path = log(tmp_path, entry(answer("chatcmpl-0")), half[:150])
    assert len(held(ledger, STUDIO, path)) == 1
    log(tmp_path, entry(answer("chatcmpl-0")), half)
    assert len(held(ledger, STUDIO, path)) == 2
    assert len(held(ledger, STUDIO, written(tmp_path / "copy.log", path.read_bytes()))) == 2


def test_a_log_that_is_cut_anywhere_waits_for_the_rest(tmp_path: Path) -> None:
    text = (FIRST + request() + entry(answer()) + entry(answer("chatcmpl-2"))).encode()
    ends = [len((FIRST + request() + entry(answer())).encode()), len(text)]
    begins = [len((FIRST + request()).encode()), ends[0]]
    for length, found, reader in cut(STUDIO, tmp_path / "a.log", text):
        assert len(events(found)) == sum(length >= end for end in ends) and issues(found) == []
        assert all(
            reader.end <= begin for begin, end in zip(begins, ends, strict=True) if begin < length < end
        )


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(
    "key", ["prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details"]
)
def test_odd_counts_cost_no_other_answer(tmp_path: Path, key: str, value: Any) -> None:
    path = log(tmp_path, entry(answer(**{key: value})), entry(answer("chatcmpl-2", completion_tokens=7)))
    found = read(STUDIO, path)
    assert events(found)[-1].tokens.output == 7
    assert len(events(found)) + len(rejected(found)) == 2
    assert "SECRET" not in str(found)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["id", "model", "created", "usage", "response"])
def test_odd_values_cost_no_other_answer(tmp_path: Path, key: str, value: Any) -> None:
    found = read(STUDIO, log(tmp_path, entry(answer() | {key: value}), entry(answer("chatcmpl-2"))))
    assert events(found)[-1].key == "lm-studio:chatcmpl-2"


@pytest.mark.parametrize(
    ("name", "text", "claimed"),
    [
        ("a.log", FIRST, True),
        ("a.txt", FIRST, False),
        ("a.log", FIRST.replace("LM STUDIO", "OTHER"), False),
        ("a.log", "LM STUDIO", False),
    ],
)
def test_logs_are_claimed_by_name_and_head(tmp_path: Path, name: str, text: str, claimed: bool) -> None:
    assert STUDIO.claims(LogFile.look(written(tmp_path / name, text))) is claimed


def test_the_usual_place() -> None:
    (place,) = STUDIO.places({}, Path("/home/ana"))
    assert place.root == Path("/home/ana/.lmstudio/server-logs")


def test_a_log_is_read_to_its_end(tmp_path: Path) -> None:
    reader = reader_of(log(tmp_path, entry(answer())))
    assert len(list(STUDIO.collect(reader))) == 1 and reader.end == reader.file.size
