"""Read the usage of answers of OpenAI's chat and responses APIs, of embeddings, and of all who speak alike.

    {"id": "chatcmpl-…", "object": "chat.completion", "created", "model", "service_tier",
     "usage": {"prompt_tokens", "completion_tokens", "total_tokens",
               "prompt_tokens_details": {"cached_tokens", "cache_write_tokens", "audio_tokens"},
               "completion_tokens_details": {"reasoning_tokens", "audio_tokens"}}}
    {"id": "resp_…", "object": "response", "created_at", "model", "service_tier",
     "usage": {"input_tokens", "output_tokens", "total_tokens", "output_tokens_details": {"reasoning_tokens"},
               "input_tokens_details": {"cached_tokens", "cache_write_tokens", "cache_write_tokens_details"}}}

Facts of the formats. The prompt count is with cached tokens, the output with reasoning; only xAI counts
reasoning apart, unless the total says otherwise. Splits by text and image are of the same tokens. DeepSeek
tells cached tokens by `prompt_cache_hit_tokens`, xAI its price in ticks of 10^-10 USD, OpenRouter in USD what
it took from the balance. The maker is known by fields that only it has, else by the model's name; who serves
an open model is not told. Servers on one's own machine draw short ids, so theirs need the time too.

Source: the API references of OpenAI, Mistral, DeepSeek, xAI, Groq and OpenRouter, read in November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, Source, at, getter, scaled
from vaultsync.collectors.identity import LONG_ID
from vaultsync.collectors.providers.responses.common import FIELDS, in_batch
from vaultsync.collectors.values import TEXT_LIMIT

MARKS = {
    "usage.cost_in_usd_ticks": "xai",
    "usage.prompt_cache_hit_tokens": "deepseek",
    "usage.queue_time": "groq",
    "x_groq": "groq",
    "prompt_filter_results": "azure",
}
"""Path of what only one provider's answers have -> the provider."""
_marks = [(getter(path), provider) for path, provider in MARKS.items()]
_MISTRALS = "mistral|ministral|magistral|codestral|devstral|pixtral|voxtral"
MAKERS = {
    r"(ft:)?(gpt-(?!oss|j|neo)|chatgpt-|o[1-9](-|$)|codex-|text-embedding-(ada|3))": "openai",
    rf"(open-)?({_MISTRALS})-(?!.*instruct).*(\d{{4}}|latest)$": "mistral",
    r"grok-": "xai",
    r"gemini-": "google",
    r"claude-": "anthropic",
}
"""How the models are named that hardly anyone but their maker serves by these names -> the maker. Files of
open models have names of their own (`mistral-7b-instruct`)."""


def provider_of(record: Mapping[str, Any]) -> str | None:
    """Who has answered; None where neither a field nor the name of the model tells it."""
    if is_openrouter(record):
        return "openrouter"
    if record.get("system_fingerprint") == "fp_ollama":
        return "ollama"
    if provider := next((provider for get, provider in _marks if get(record) is not None), None):
        return provider
    return maker_of(str(record.get("model")).lower())


def maker_of(model: str) -> str | None:
    """Who serves a model of this name, in lower case; None where that may be anybody."""
    return _maker_of(model[:TEXT_LIMIT])


@lru_cache(maxsize=1024)
def _maker_of(model: str) -> str | None:
    return next((maker for name, maker in MAKERS.items() if re.match(name, model)), None)


def is_openrouter(record: Mapping[str, Any]) -> bool:
    """Say whether OpenRouter has answered, which names who served it, and the cost."""
    return isinstance(record.get("provider"), str) and at(record, "usage.cost") is not None


def _response(record: Mapping[str, Any]) -> object:
    ident, when = record.get("id"), record.get("created")
    is_short = isinstance(ident, str) and len(ident) < LONG_ID and when is not None
    return f"{ident}:{when}" if is_short and provider_of(record) in (None, "ollama") else ident


COMMON: Mapping[str, Source] = {
    **FIELDS,
    "response": (_response, FIELDS["response"]),
    "provider": ("^provider", provider_of),
    "mode": in_batch(("service_tier", "usage.service_tier")),
    "total": "usage.total_tokens",
}
CHAT: Mapping[str, Source] = {
    **COMMON,
    "input": "usage.prompt_tokens",
    "cache_read": ("usage.prompt_tokens_details.cached_tokens", "usage.prompt_cache_hit_tokens"),
    "cache_writes": "usage.prompt_tokens_details.cache_write_tokens",
    "input_audio": "usage.prompt_tokens_details.audio_tokens",
    "output": "usage.completion_tokens",
    "reasoning": "usage.completion_tokens_details.reasoning_tokens",
    "output_audio": "usage.completion_tokens_details.audio_tokens",
}
WRITES = "usage.input_tokens_details.cache_write_tokens_details"
CHAT_SHAPE = Shape(CHAT, family="inclusive")
PRICED_SHAPE = Shape({**CHAT, "cost": "usage.cost"}, {"cost_kind": "charged"}, family="inclusive")
XAI_SHAPE = Shape(
    {**CHAT, "cost": scaled("usage.cost_in_usd_ticks", -10)}, {"cost_kind": "charged"}, family="outside"
)
RESPONSE_SHAPE = Shape(
    {
        **COMMON,
        "input": "usage.input_tokens",
        "cache_read": "usage.input_tokens_details.cached_tokens",
        "cache_writes": "usage.input_tokens_details.cache_write_tokens",
        "cache_write_30m": f"{WRITES}.ttl_30m_tokens",
        "cache_write_12h": f"{WRITES}.ttl_12h_tokens",
        "output": "usage.output_tokens",
        "reasoning": "usage.output_tokens_details.reasoning_tokens",
    },
    family="inclusive",
)


def chat(record: Mapping[str, Any]) -> Iterable[Found]:
    """The call of a chat, a completion or an embedding."""
    if is_openrouter(record):
        return (PRICED_SHAPE.find(record),)
    return ((XAI_SHAPE if provider_of(record) == "xai" else CHAT_SHAPE).find(record),)


def response(record: Mapping[str, Any]) -> Iterable[Found]:
    """The call of the responses API."""
    return (RESPONSE_SHAPE.find(record),)
