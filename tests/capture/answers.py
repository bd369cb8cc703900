"""Made-up answers of clients, as dicts, and as objects with attributes."""

from __future__ import annotations

from enum import Enum
from types import SimpleNamespace
from typing import Any

Json = dict[str, Any]
SECRET = "what nobody may keep"


class Modality(Enum):
    """As a client library names what was heard."""

    TEXT = "TEXT"
    AUDIO = "AUDIO"


def as_object(value: Any) -> Any:
    """The same answer with attributes in place of keys."""
    if isinstance(value, dict):
        return SimpleNamespace(**{key: as_object(inner) for key, inner in value.items()})
    return [as_object(inner) for inner in value] if isinstance(value, list) else value


def anthropic(**usage: Any) -> Json:
    counts = {
        "input_tokens": 4,
        "cache_creation_input_tokens": 1600,
        "cache_read_input_tokens": 54161,
        "cache_creation": {"ephemeral_5m_input_tokens": 1200, "ephemeral_1h_input_tokens": 300},
        "output_tokens": 812,
        "output_tokens_details": {"thinking_tokens": 300},
        "server_tool_use": {"web_search_requests": 2},
        "service_tier": "standard",
        "inference_geo": "not_available",
    }
    said = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-opus-4-5-20251101"}
    return said | {"content": [{"type": "text", "text": SECRET}], "usage": counts | usage}


def chat(**usage: Any) -> Json:
    counts = {
        "prompt_tokens": 2000,
        "completion_tokens": 1500,
        "total_tokens": 3500,
        "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 1200, "audio_tokens": 0},
    }
    said = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_770_714_000,
        "model": "gpt-5-2025-08-07",
    }
    said |= {"service_tier": "default", "choices": [{"message": {"content": SECRET}}]}
    return said | {"usage": counts | usage}


def response(**usage: Any) -> Json:
    counts = {
        "input_tokens": 21000,
        "input_tokens_details": {
            "cached_tokens": 500,
            "cache_write_tokens": 20000,
            "cache_write_tokens_details": {"ttl_30m_tokens": 0, "ttl_12h_tokens": 19000},
        },
        "output_tokens": 500,
        "output_tokens_details": {"reasoning_tokens": 100},
        "total_tokens": 21500,
    }
    said = {"id": "resp_1", "object": "response", "created_at": 1_770_714_000.0, "model": "gpt-6-astra"}
    said |= {"service_tier": "flex", "status": "completed", "output": [{"text": SECRET}]}
    return said | {"usage": counts | usage}


def gemini() -> Json:
    counts = {
        "promptTokenCount": 11500,
        "cachedContentTokenCount": 1000,
        "toolUsePromptTokenCount": 500,
        "candidatesTokenCount": 600,
        "thoughtsTokenCount": 400,
        "totalTokenCount": 13000,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 1500},
            {"modality": "AUDIO", "tokenCount": 10000},
        ],
        "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 1000}],
        "trafficType": "ON_DEMAND_PRIORITY",
    }
    return {
        "responseId": "g-1",
        "modelVersion": "gemini-2.5-pro",
        "candidates": [{"content": SECRET}],
        "usageMetadata": counts,
    }


def gemini_object() -> Any:
    """As its library gives it: other names, enumerations, and None for what is not stated."""
    counts = {
        "prompt_token_count": 11500,
        "cached_content_token_count": 1000,
        "tool_use_prompt_token_count": 500,
        "candidates_token_count": 600,
        "thoughts_token_count": 400,
        "total_token_count": 13000,
        "prompt_tokens_details": [
            {"modality": Modality.TEXT, "token_count": 1500},
            {"modality": Modality.AUDIO, "token_count": 10000},
        ],
        "cache_tokens_details": [{"modality": Modality.AUDIO, "token_count": 1000}],
        "candidates_tokens_details": None,
        "traffic_type": SimpleNamespace(value="ON_DEMAND_PRIORITY"),
    }
    said = {"response_id": "g-1", "model_version": "gemini-2.5-pro", "create_time": None, "text": SECRET}
    return as_object(said | {"usage_metadata": counts})


def mistral() -> Json:
    counts = {"prompt_tokens": 4000, "completion_tokens": 600, "total_tokens": 4600}
    counts |= {"prompt_tokens_details": {"cached_tokens": 1000}}
    said = {"id": "m-1", "object": "chat.completion", "created": 1_770_714_000, "model": "mistral-small-2603"}
    return said | {"choices": [{"message": SECRET}], "usage": counts}


def ollama(**more: Any) -> Json:
    said = {
        "model": "llama3.2:3b",
        "created_at": "2026-02-10T09:00:00.123456789Z",
        "message": {"role": "assistant", "content": SECRET},
        "done": True,
        "total_duration": 40_000_000_000,
        "prompt_eval_count": 512,
        "prompt_eval_cached_count": 100,
        "eval_count": 256,
    }
    return said | more
