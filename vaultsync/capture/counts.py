"""Read the counts of a usage object, by its shape alone, into the disjoint classes of flat events.

| shape | of | cached tokens | reasoning |
|---|---|---|---|
| `input_tokens`, `cache_read_input_tokens` | Anthropic | beside the input | inside |
| `prompt_tokens`, `completion_tokens` | OpenAI's chat completions, Mistral and more | inside | inside |
| `input_tokens`, `total_tokens` | OpenAI's responses | inside the prompt | inside the output |
| `prompt_token_count`, `candidates_token_count` | Gemini | inside the prompt | beside the answer |
| `prompt_eval_count`, `eval_count` | Ollama | inside the prompt | not told |

A stated total that fits only reasoning beside the completion is believed, as xAI means it.

Source: the usage objects of these interfaces, read in November 2026.
"""

from __future__ import annotations

from vaultsync.capture.members import Odd, count, get, has, items, text, word

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[object], dict[str, int]]

OLLAMA = ("prompt_eval_count", "eval_count")
GEMINI = ("promptTokenCount", "prompt_token_count", "totalTokenCount", "total_token_count")
CHAT = ("prompt_tokens", "completion_tokens")
PLAIN = ("input_tokens", "output_tokens")
NAMES = (*OLLAMA, *GEMINI, *CHAT, *PLAIN)
"""Names of counts by which a usage is known."""


def shape(usage: object, holder: object) -> tuple[Read, str]:
    """How a usage is read, and who bills where the shape alone tells it.

    Args:
        holder: The answer around it.

    Raises:
        Odd: It has no counts that are known.
    """
    if has(usage, *OLLAMA):
        return ollama, "ollama"
    if has(usage, *GEMINI):
        return gemini, "google"
    if has(usage, *CHAT):
        return chat, ""
    if has(usage, "input_tokens_details", "total_tokens") or get(holder, "object") == "response":
        return responses, ""
    if has(usage, *PLAIN):
        told = has(usage, "cache_read_input_tokens", "cache_creation_input_tokens")
        return anthropic, "anthropic" if told or (text(holder, "id") or "").startswith("msg_") else ""
    raise Odd("the usage has no token counts that are known")


def anthropic(usage: object) -> dict[str, int]:
    """Anthropic's messages."""
    split, written = get(usage, "cache_creation"), count(usage, "cache_creation_input_tokens")
    short = count(split, "ephemeral_5m_input_tokens")
    long = count(split, "ephemeral_1h_input_tokens")
    return {
        "input_tokens": count(usage, "input_tokens"),
        "cache_read_tokens": count(usage, "cache_read_input_tokens"),
        "cache_write_5m_tokens": short,
        "cache_write_1h_tokens": long,
        "cache_write_tokens": max(0, written - short - long),
        "output_tokens": count(usage, "output_tokens"),
        "reasoning_tokens": count(get(usage, "output_tokens_details"), "thinking_tokens"),
        "web_search_requests": count(get(usage, "server_tool_use"), "web_search_requests"),
    }


def compactions(usage: object) -> list[dict[str, int]]:
    """Calls of Anthropic's that summed a conversation up; the counts of the answer leave them out."""
    return [anthropic(step) for step in items(usage, "iterations") if get(step, "type") == "compaction"]


def chat(usage: object) -> dict[str, int]:
    """OpenAI's chat completions and embeddings, and what others made like them."""
    prompt, answer = get(usage, "prompt_tokens_details"), get(usage, "completion_tokens_details")
    cached = {
        "cache_read_tokens": count(usage, "prompt_cache_hit_tokens") or count(prompt, "cached_tokens"),
        "cache_write_tokens": count(prompt, "cache_write_tokens"),
    }
    output, reasoning = count(usage, "completion_tokens"), count(answer, "reasoning_tokens")
    found = _inclusive(cached, count(usage, "prompt_tokens"), output, count(usage, "total_tokens"), reasoning)
    return _with_audio(found, count(prompt, "audio_tokens"), count(answer, "audio_tokens"))


def responses(usage: object) -> dict[str, int]:
    """OpenAI's responses."""
    prompt, answer = get(usage, "input_tokens_details"), get(usage, "output_tokens_details")
    split, written = get(prompt, "cache_write_tokens_details"), count(prompt, "cache_write_tokens")
    short, long = count(split, "ttl_30m_tokens"), count(split, "ttl_12h_tokens")
    cached = {
        "cache_read_tokens": count(prompt, "cached_tokens"),
        "cache_write_30m_tokens": short,
        "cache_write_12h_tokens": long,
        "cache_write_tokens": max(0, written - short - long),
    }
    output, reasoning = count(usage, "output_tokens"), count(answer, "reasoning_tokens")
    return _inclusive(cached, count(usage, "input_tokens"), output, count(usage, "total_tokens"), reasoning)


def _inclusive(
    cached: dict[str, int], prompt: int, output: int, total: int, reasoning: int
) -> dict[str, int]:
    """Counts of a prompt that holds its cached tokens, unless they are more than it."""
    beside = sum(cached.values())
    is_apart = reasoning > output or (reasoning > 0 and total == prompt + output + reasoning)
    return {
        "input_tokens": prompt - beside if beside <= prompt else prompt,
        **cached,
        "output_tokens": output + reasoning if is_apart else output,
        "reasoning_tokens": reasoning,
    }


def gemini(usage: object) -> dict[str, int]:
    """Gemini, in the words of its interface or of its library."""
    cached = count(usage, "cachedContentTokenCount", "cached_content_token_count")
    prompt = count(usage, "promptTokenCount", "prompt_token_count")
    tools = count(usage, "toolUsePromptTokenCount", "tool_use_prompt_token_count")
    thoughts = count(usage, "thoughtsTokenCount", "thoughts_token_count")
    answer = count(usage, "candidatesTokenCount", "candidates_token_count")
    answer = answer or count(usage, "responseTokenCount", "response_token_count")
    found = {
        "input_tokens": max(0, prompt - cached) + tools,
        "cache_read_tokens": cached,
        "output_tokens": answer + thoughts,
        "reasoning_tokens": thoughts,
    }
    heard = _audio(usage, "promptTokensDetails", "prompt_tokens_details")
    heard -= _audio(usage, "cacheTokensDetails", "cache_tokens_details")
    spoken = _audio(usage, "candidatesTokensDetails", "candidates_tokens_details")
    return _with_audio(found, max(0, heard), spoken)


def _audio(usage: object, *names: str) -> int:
    """Tokens of audio among the parts of a count."""
    parts = [part for part in items(usage, *names) if word(part, "modality") == "audio"]
    return sum(count(part, "tokenCount", "token_count") for part in parts)


def ollama(usage: object) -> dict[str, int]:
    """Ollama's own interface; its durations are nanoseconds."""
    cached = count(usage, "prompt_eval_cached_count")
    return {
        "input_tokens": max(0, count(usage, "prompt_eval_count") - cached),
        "cache_read_tokens": cached,
        "output_tokens": count(usage, "eval_count"),
        "duration_ms": count(usage, "total_duration") // 1_000_000,
    }


def _with_audio(found: dict[str, int], heard: int, spoken: int) -> dict[str, int]:
    """Add the parts that are audio, as far as they fit into what they are parts of."""
    return found | {
        "input_audio_tokens": min(heard, found["input_tokens"]),
        "output_audio_tokens": min(spoken, found["output_tokens"]),
    }


def written(found: dict[str, int]) -> dict[str, int]:
    """What is told of the counts: input, output, all that is not 0, and the sum to check them against."""
    added = (n for name, n in found.items() if name.startswith(("input_tokens", "cache_", "output_tokens")))
    kept = {name: n for name, n in found.items() if n or name in PLAIN}
    return kept | {"total_tokens": sum(added)}
