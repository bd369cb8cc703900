"""Spellings of providers and models: who bills, who made a model, which names to look up in which order."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

_SPELLINGS: dict[str, tuple[str, ...]] = {
    "alibaba": ("qwen", "dashscope", "alibaba-cloud"),
    "anthropic": ("claude",),
    "aws-bedrock": ("aws", "amazon", "bedrock", "amazon-bedrock", "bedrock-converse"),
    "azure": ("azure-openai", "azure-ai", "azureopenai", "microsoft"),
    "fireworks": ("fireworks-ai",),
    "github-copilot": ("copilot", "github"),
    "google": (
        "gemini", "vertex", "vertex-ai", "vertexai", "google-vertex", "google-ai-studio", "google-gemini",
        "google-generative-ai", "gemini-cli",
    ),
    "llama.cpp": ("llamacpp", "llama-cpp", "llama-server"),
    "lm-studio": ("lmstudio",),
    "mistral": ("mistralai", "mistral-ai"),
    "moonshot": ("moonshotai", "moonshot-ai", "kimi"),
    "openai": ("openai-responses", "openai-chat", "openai-codex"),
    "openrouter": ("open-router",),
    "perplexity": ("perplexity-ai", "pplx"),
    "together": ("together-ai", "togetherai"),
    "voyage": ("voyageai", "voyage-ai"),
    "xai": ("x-ai", "grok"),
    "zai": ("z-ai", "z.ai"),
    "zhipu": ("zhipuai", "zhipu-ai", "bigmodel"),
}  # fmt: skip
_PROVIDER = {spelling: name for name, spellings in _SPELLINGS.items() for spelling in spellings}

LOCAL = frozenset({"ollama", "lm-studio", "llama.cpp", "vllm"})
"""Servers on the user's own machine."""
RESELLERS = frozenset({"aws-bedrock", "azure", "cursor", "github-copilot", "google", "openrouter"})
"""Providers that sell other makers' models; the maker's price stands in where they have none of their own."""
_SLASHED = LOCAL | {"groq", "openrouter", "together", "fireworks"}
"""Providers whose own ids contain a slash, so that what stands before it is no route."""

_MAKERS: tuple[tuple[str, str], ...] = (
    (r"claude", "anthropic"),
    (r"gpt-oss", ""),
    (r"gpt|chatgpt|o[1-9]\b|codex|davinci|babbage|text-embedding-(3|ada)|ft:gpt", "openai"),
    (r"gemini|gemma|learnlm", "google"),
    (r"grok", "xai"),
    (r"mistral|codestral|devstral|magistral|ministral|mixtral|pixtral|voxtral|open-mi", "mistral"),
    (r"deepseek", "deepseek"),
    (r"command|c4ai|embed-v4", "cohere"),
    (r"sonar|pplx", "perplexity"),
    (r"kimi|moonshot", "moonshot"),
    (r"glm", "zai"),
    (r"minimax", "minimax"),
    (r"qwen|qwq", "alibaba"),
    (r"nova-|titan", "aws-bedrock"),
)

_MAKER_NAMES = frozenset(who for _, who in _MAKERS)

_GEOGRAPHY = re.compile(r"^(us-gov|us|eu|apac|global|jp|au|in|ca)\.(?=[a-z])")
_VENDOR = re.compile(
    r"^(anthropic|meta|mistral|amazon|openai|deepseek|qwen|cohere|google|moonshotai|zai)\.(?=[a-z])"
)
_WRAPPER = re.compile(r"^(models/|publishers/.*?/models/|projects/.*?/models/|arn:.*/)")
_SUFFIX = re.compile(
    r"(-v\d+:\d+(:\w+)?|:free|:thinking|\[\d+m\]|@(20\d{6}|default|latest)|-20\d{6}|-20\d\d-\d\d-\d\d|-latest|-preview)$"
)
_ROUTES = frozenset({"litellm-proxy", "converse", "vercel"})


@lru_cache(maxsize=256)
def provider_name(written: str) -> str:
    """Give a provider its usual name: `OpenAI` is `openai`, `vertex_ai` is `google`; empty where unknown."""
    name = re.sub(r"[\s_]+", "-", written.strip().lower())
    return "" if name in ("unknown", "none") else _PROVIDER.get(name, name)


def maker(model: str) -> str:
    """Name the provider that made a model, by its family or its route; empty where that cannot be told."""
    before, _, after = _unwrapped(model.strip().lower()).rpartition("/")
    name = _spelled(_bare(after, ""))
    route = provider_name(before.rpartition("/")[2])
    by_route = route if route in _MAKER_NAMES else ""
    return next((who for family, who in _MAKERS if re.match(family, name)), by_route)


def geography(model: str) -> str | None:
    """Read the region that a Bedrock name begins with: `us.anthropic...` is `us`; None for `global.`."""
    found = _GEOGRAPHY.match(_unwrapped(model.strip().lower()))
    return found[1] if found and found[1] != "global" else None


def is_free_variant(model: str) -> bool:
    """Say whether a name asks for the free variant of a model."""
    return model.strip().lower().endswith(":free")


def is_hosted(provider: str, model: str) -> bool:
    """Say whether a local server only passes a model's calls on to a paid service."""
    return provider in LOCAL and model.endswith(("-cloud", ":cloud"))


def candidates(model: str, provider: str) -> Iterator[str]:
    """Yield the names to look up, each once: as written first, then with less and less around it.

    A dated name comes before its undated form, since some dates have a price of their own.

    Args:
        provider: Its usual name; decides whether what stands before a slash is a route.
    """
    seen = set()
    for name in _spellings(model, provider):
        if name and name not in seen:
            seen.add(name)
            yield name


def _spellings(model: str, provider: str) -> Iterator[str]:
    name = model.strip().lower()
    yield name
    for step in _strips(provider):
        name = step(name)
        yield name
    yield from _without_suffixes(name)
    yield from _without_suffixes(_spelled(name))
    yield from _without_suffixes(_spelled(_last(_without_suffixes(name))))


def _strips(provider: str) -> tuple[Callable[[str], str], ...]:
    """What stands before a name; a route may hide a geography, as in `bedrock/us.anthropic...`."""

    def geography_off(name: str) -> str:
        return _GEOGRAPHY.sub("", name)

    def vendor_off(name: str) -> str:
        return _VENDOR.sub("", name)

    def route_off(name: str) -> str:
        return _unrouted(name, provider)

    return (_unwrapped, geography_off, vendor_off, route_off, _unwrapped, geography_off, vendor_off)


def _bare(name: str, provider: str) -> str:
    for step in _strips(provider):
        name = step(name)
    return name


def _unwrapped(name: str) -> str:
    return _WRAPPER.sub("", name)


def _unrouted(name: str, provider: str) -> str:
    while "/" in name:
        route, rest = name.split("/", 1)
        who = provider_name(route)
        is_own = who == provider
        is_route = who in _SPELLINGS or who in _ROUTES or who in ("cohere", "deepseek", "groq", "minimax")
        if not rest or not (
            is_own or (is_route and provider not in _SLASHED) or re.match(r"[a-z]+-[a-z]+-\d$", route)
        ):
            break
        name = rest
    return name


def _without_suffixes(name: str) -> Iterator[str]:
    yield name
    while (shorter := _SUFFIX.sub("", name)) != name:
        name = shorter
        yield name


def _last(names: Iterator[str]) -> str:
    *_, last = names
    return last


def _spelled(name: str) -> str:
    """Turn display names and other orders of words into the usual ids."""
    name = re.sub(r"^auto:\s*", "", name)
    name = re.sub(r"[\s()]+", "-", name).strip("-")
    name = re.sub(r"^gpt-35(?=-|$)", "gpt-3.5", name)
    if not name.startswith("claude"):
        return name
    name = re.sub(r"(?<=\d)\.(?=\d)", "-", name)
    if re.match(r"claude-[a-z]+-3\b", name):
        return re.sub(r"^claude-([a-z]+)-(3(?:-[57])?)(?!\d)", r"claude-\2-\1", name)
    return re.sub(r"^claude-([4-9](?:-\d)?)-([a-z]+)", r"claude-\2-\1", name)
