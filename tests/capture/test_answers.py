"""What is noted of an answer: its counts in disjoint classes, and nothing of its text."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.capture.answers import (
    SECRET,
    anthropic,
    as_object,
    chat,
    gemini,
    gemini_object,
    mistral,
    ollama,
    response,
)
from vaultsync.capture.answers import calls_of
from vaultsync.capture.members import Odd

Line = dict[str, Any]
BOTH = pytest.mark.parametrize("form", [lambda value: value, as_object], ids=["dict", "object"])
Form = Callable[[Any], Any]
COUNTED = ("tokens", "requests", "ms")


def noted(answer: Any, **more: str) -> Line:
    """The one call of an answer."""
    (call,) = calls_of(answer, more.get("provider"), more.get("model"), more.get("id"))
    return call


def counts(call: Line) -> Line:
    return {key: value for key, value in call.items() if key.endswith(COUNTED) and key != "total_tokens"}


@pytest.fixture(autouse=True)
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that stands."""
    monkeypatch.setattr(time, "time", lambda: 1_770_714_000.25)


@BOTH
def test_anthropic_counts_cached_tokens_beside_the_input(form: Form) -> None:
    call = noted(form(anthropic()))
    assert counts(call) == {
        "input_tokens": 4,
        "cache_read_tokens": 54161,
        "cache_write_5m_tokens": 1200,
        "cache_write_1h_tokens": 300,
        "cache_write_tokens": 100,
        "output_tokens": 812,
        "reasoning_tokens": 300,
        "web_search_requests": 2,
    }
    assert (call["id"], call["model_provider"]) == ("msg_01", "anthropic")
    assert call["model_name"] == "claude-opus-4-5-20251101"
    assert call["timestamp"] == "2026-02-10T09:00:00.250Z"
    assert "mode" not in call and "region" not in call


@BOTH
def test_anthropic_without_a_breakdown_has_writes_of_unknown_lifetime(form: Form) -> None:
    older = anthropic(cache_creation=None, output_tokens_details=None, server_tool_use=None)
    call = noted(form(older))
    assert call["cache_write_tokens"] == 1600 and "cache_write_5m_tokens" not in call


@BOTH
def test_anthropic_counts_compactions_apart(form: Form) -> None:
    steps = [
        {"type": "compaction", "input_tokens": 180000, "output_tokens": 3500},
        {"type": "message", "input_tokens": 4, "output_tokens": 812},
    ]
    first, second = calls_of(form(anthropic(iterations=steps)), None, None, None)
    assert (first["id"], second["id"]) == ("msg_01", "msg_01:1")
    assert counts(second) == {"input_tokens": 180000, "output_tokens": 3500}
    assert second["model_name"] == first["model_name"]


@BOTH
@pytest.mark.parametrize(
    ("usage", "mode"),
    [({"service_tier": "batch"}, "batch"), ({"speed": "fast"}, "fast"), ({"service_tier": None}, None)],
)
def test_anthropic_names_the_mode(form: Form, usage: Line, mode: str | None) -> None:
    assert noted(form(anthropic(**usage))).get("mode") == mode
    assert noted(form(anthropic(inference_geo="us")))["region"] == "us"


@BOTH
def test_openai_chat_counts_cached_tokens_inside_the_prompt(form: Form) -> None:
    call = noted(form(chat()))
    assert counts(call) == {
        "input_tokens": 976,
        "cache_read_tokens": 1024,
        "output_tokens": 1500,
        "reasoning_tokens": 1200,
    }
    assert (call["total_tokens"], call["model_provider"]) == (3500, "openai")
    assert call["timestamp"] == "2026-02-10T09:00:00.000Z" and "mode" not in call


@BOTH
def test_openai_responses_tell_lifetimes_of_writes(form: Form) -> None:
    call = noted(form(response()))
    assert counts(call) == {
        "input_tokens": 500,
        "cache_read_tokens": 500,
        "cache_write_12h_tokens": 19000,
        "cache_write_tokens": 1000,
        "output_tokens": 500,
        "reasoning_tokens": 100,
    }
    assert (call["timestamp"], call["mode"]) == ("2026-02-10T09:00:00.000Z", "flex")


@pytest.mark.parametrize("answer", [gemini(), gemini_object()], ids=["dict", "object"])
def test_gemini_counts_thoughts_beside_the_answer(answer: Any) -> None:
    call = noted(answer)
    assert counts(call) == {
        "input_tokens": 11000,
        "cache_read_tokens": 1000,
        "output_tokens": 1000,
        "reasoning_tokens": 400,
        "input_audio_tokens": 9000,
    }
    assert call["total_tokens"] == 13000
    assert (call["model_provider"], call["mode"], call["id"]) == ("google", "priority", "g-1")


@BOTH
def test_mistral_counts_like_openai(form: Form) -> None:
    call = noted(form(mistral()))
    assert counts(call) == {"input_tokens": 3000, "cache_read_tokens": 1000, "output_tokens": 600}
    assert call["model_provider"] == "mistral"


@BOTH
def test_ollama_has_neither_id_nor_price(form: Form) -> None:
    call = noted(form(ollama()))
    assert counts(call) == {
        "input_tokens": 412,
        "cache_read_tokens": 100,
        "output_tokens": 256,
        "duration_ms": 40000,
    }
    assert (call["timestamp"], call["model_provider"]) == ("2026-02-10T09:00:00.123456789Z", "ollama")
    assert "id" not in call


# --- what is like OpenAI's ---


@BOTH
@pytest.mark.parametrize(
    ("answer", "provider"),
    [
        (chat(prompt_cache_hit_tokens=900, prompt_tokens_details=None), "deepseek"),
        (chat(queue_time=0.01), "groq"),
        (chat(cost_in_usd_ticks=5), "xai"),
        (chat(cost=0.0855) | {"id": "gen-1"}, "openrouter"),
        (chat() | {"model": "qwen3:8b", "system_fingerprint": "fp_ollama"}, "ollama"),
        (chat() | {"model": "openai/gpt-oss-120b"}, None),
        (chat() | {"model": "gpt-oss:20b"}, None),
        (chat() | {"model": "O3-mini"}, "openai"),
    ],
)
def test_marks_tell_who_bills_and_without_them_nobody_is_named(
    form: Form, answer: Line, provider: str | None
) -> None:
    assert noted(form(answer)).get("model_provider") == provider


def test_what_the_caller_says_goes_first() -> None:
    call = noted(chat(), provider="azure", model="gpt-5", id="mine")
    assert (call["model_provider"], call["model_name"], call["id"]) == ("azure", "gpt-5", "mine")


@BOTH
def test_deepseek_tells_what_was_read_from_its_cache(form: Form) -> None:
    usage = {"prompt_tokens": 1000, "prompt_cache_hit_tokens": 900, "completion_tokens": 50}
    assert counts(noted(form({"id": "d", "usage": usage}))) == {
        "input_tokens": 100,
        "cache_read_tokens": 900,
        "output_tokens": 50,
    }


@BOTH
def test_a_total_tells_that_reasoning_stands_beside_the_completion(form: Form) -> None:
    usage = {
        "prompt_tokens": 12000,
        "completion_tokens": 300,
        "total_tokens": 13500,
        "cost_in_usd_ticks": 296_000_000,
    }
    usage |= {"completion_tokens_details": {"reasoning_tokens": 1200}}
    usage |= {"prompt_tokens_details": {"cached_tokens": 2000}}
    call = noted(form({"id": "x", "model": "grok-4.5", "usage": usage}))
    assert (call["input_tokens"], call["output_tokens"], call["reasoning_tokens"]) == (10000, 1500, 1200)
    assert (call["cost_usd"], call["cost_kind"]) == ("0.0296000000", "charged")


@BOTH
def test_cached_tokens_that_are_more_than_the_prompt_stand_beside_it(form: Form) -> None:
    call = noted(form(chat(prompt_tokens=10, prompt_tokens_details={"cached_tokens": 500})))
    assert (call["input_tokens"], call["cache_read_tokens"]) == (10, 500)


@BOTH
def test_audio_is_a_part_of_what_was_sent_and_said(form: Form) -> None:
    call = noted(
        form(
            chat(prompt_tokens_details={"audio_tokens": 5000}, completion_tokens_details={"audio_tokens": 40})
        )
    )
    assert (call["input_audio_tokens"], call["output_audio_tokens"]) == (2000, 40)


@BOTH
def test_an_embedding_has_no_output(form: Form) -> None:
    call = noted(form({"model": "text-embedding-3-small", "usage": {"prompt_tokens": 8, "total_tokens": 8}}))
    assert (call["input_tokens"], call["output_tokens"], call["model_provider"]) == (8, 0, "openai")


# --- streams ---


@BOTH
def test_the_last_event_of_a_stream_holds_the_answer(form: Form) -> None:
    done = {"type": "response.completed", "response": response()}
    assert noted(form(done))["id"] == "resp_1"
    assert noted(form({"data": mistral()}))["id"] == "m-1"


@BOTH
def test_a_usage_alone_is_enough(form: Form) -> None:
    call = noted(form(anthropic()["usage"]), model="claude-opus-4-5", id="msg_9")
    assert (call["model_provider"], call["output_tokens"], call["id"]) == ("anthropic", 812, "msg_9")
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 9}}
    assert noted(form(last), provider="anthropic", id="msg_9")["output_tokens"] == 9


@BOTH
def test_a_running_sum_without_an_id_is_refused_for_several_may_come(form: Form) -> None:
    with pytest.raises(Odd, match="id="):
        calls_of(form({"type": "message_delta", "usage": {"output_tokens": 9}}), None, None, None)


@BOTH
@pytest.mark.parametrize(
    "piece",
    [
        {"id": "chatcmpl-1", "choices": [{"delta": {"content": SECRET}}], "usage": None},
        {"type": "message_start", "message": anthropic()},
        {"type": "content_block_delta", "delta": {"text": SECRET}},
        {"type": "response.output_text.delta", "delta": SECRET},
        {"type": "response.created", "response": response() | {"usage": None}},
        {"data": mistral() | {"usage": None}},
        {"model": "llama3.2:3b", "done": False, "message": {"content": SECRET}},
        ollama(done=False, prompt_eval_count=None, eval_count=None),
    ],
)
def test_a_piece_of_a_stream_without_counts_is_passed_over(form: Form, piece: Line) -> None:
    assert calls_of(form(piece), None, None, None) == []


# --- times, money, odd answers ---


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (1_770_714_000.5, "2026-02-10T09:00:00.500Z"),
        (datetime(2026, 2, 10, 9, tzinfo=UTC), "2026-02-10T09:00:00.000Z"),
        ("2026-02-10T09:00:00+01:00", "2026-02-10T09:00:00+01:00"),
        *((odd, "2026-02-10T09:00:00.250Z") for odd in (None, "soon", 0, -1, True, 10**18, SECRET * 99, [])),
    ],
)
def test_the_time_is_that_of_the_answer_else_now(made: Any, told: str) -> None:
    assert noted(chat() | {"created": made})["timestamp"] == told


@pytest.mark.parametrize(
    ("cost", "told"), [(0.0855, "0.0855"), (1, "1"), (True, None), (-1, None), ("1", None)]
)
def test_a_cost_is_told_as_it_stands(cost: Any, told: str | None) -> None:
    assert noted(chat(cost=cost)).get("cost_usd") == told


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"choices": 1, "usage": {}},
        {"usage": {"prompt_tokens": -1}},
        {"usage": {"prompt_tokens": True}},
        {"usage": {"prompt_tokens": "many"}},
        {"usage": {"prompt_tokens": 1.5}},
        {"usage": {"prompt_tokens": 10**19}},
        {"usage": {"prompt_tokens": [3]}},
        {"usage": {"prompt_tokens": 0, "completion_tokens": 0}},
        {"usage": 3},
        {"usage": {"seconds": 3, "type": "duration"}},
        {"response": {"data": {"response": {"usage": {"prompt_tokens": 3}}}}},
    ],
)
def test_odd_answers_are_refused(form: Form, answer: Line) -> None:
    with pytest.raises(Odd):
        calls_of(form(answer), None, None, None)


@pytest.mark.parametrize("answer", [None, 3, "text", [], b"", object(), calls_of])
def test_what_is_no_answer_is_refused(answer: Any) -> None:
    with pytest.raises(Odd):
        calls_of(answer, None, None, None)


@BOTH
@pytest.mark.parametrize("answer", [anthropic(), chat(), response(), gemini(), mistral(), ollama()])
def test_nothing_of_the_text_is_noted(form: Form, answer: Line) -> None:
    assert SECRET not in json.dumps(calls_of(form(answer), None, None, None))


@BOTH
def test_long_names_are_no_names(form: Form) -> None:
    call = noted(form(chat() | {"id": SECRET * 20, "model": {"name": SECRET}, "service_tier": SECRET * 20}))
    assert "id" not in call and "model_name" not in call and "mode" not in call
