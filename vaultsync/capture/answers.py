"""Tell what an answer of a model says of itself: its counts, when, by whom, at which rate; never its text.

No member but those that are named here and in `counts` is looked at.
"""

from __future__ import annotations

import re
import time

from vaultsync.capture.counts import NAMES, anthropic, compactions, shape, written
from vaultsync.capture.members import LONGEST, Odd, get, has, text, word

Line = dict[str, object]
WRAPPERS = ("response", "data")
"""Under these names the last event of a stream holds the answer."""
PIECES = ("usage", "usage_metadata", "usageMetadata", "done", "choices", "delta", "type")
"""What shows that an answer without counts is a piece of a stream."""
MAKERS = (
    (r"gpt-(?!oss)|chatgpt|o[1-9]\b|codex|text-embedding-|ft:gpt|computer-use", "openai"),
    (r"mistral|codestral|devstral|magistral|ministral|pixtral|voxtral", "mistral"),
)
"""Beginnings of models' names in OpenAI's shape of which the maker is mostly who bills, too."""
TRAFFIC = {
    "on_demand_priority": "priority",
    "on_demand_flex": "flex",
    "on_demand_offpeak": "offpeak",
    "provisioned_throughput": "provisioned",
}
"""Kinds of traffic that Gemini names."""
USUAL = ("", "default", "auto", "standard", "none")
"""Service tiers that change no price."""
TICKS = 10**10
"""Ticks of one USD, in which xAI states costs."""
MOST = 10**12
"""USD that are believed."""
_is_time = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*").fullmatch


def calls_of(answer: object, provider: str | None, model: str | None, ident: str | None) -> list[Line]:
    """The calls that an answer tells of, mostly one; none for a piece of a stream that has no counts.

    Args:
        provider: Of the caller; like the two below it goes before what the answer says.

    Raises:
        Odd: It has no counts that can be read.
    """
    holder, usage = found_in(answer)
    if usage is None:
        return []
    read, seller = shape(usage, holder)
    counts = [read(usage), *(compactions(usage) if read is anthropic else [])]
    if not any(counts[0].values()):
        raise Odd("the answer states no tokens")
    name = model or text(holder, "model", "model_version", "modelVersion")
    ident = ident or text(holder, "id", "response_id", "responseId")
    if ident is None and get(holder, "type") == "message_delta":
        raise Odd("a message_delta does not say of which call it is; give the final message, or say id=")
    about: Line = {
        "timestamp": when(holder),
        "model_provider": provider or seller or seller_of(holder, usage, name or ""),
        "model_name": name,
        **service(holder, usage),
    }
    ids = [ident, *(ident and f"{ident}:{number}" for number in range(1, len(counts)))]
    calls: list[Line] = [{"id": one, **about, **written(said)} for one, said in zip(ids, counts, strict=True)]
    calls[0] |= money(usage)
    return [{key: value for key, value in call.items() if value not in (None, "")} for call in calls]


def found_in(answer: object, depth: int = 0) -> tuple[object, object | None]:
    """What holds the counts, and the counts; None for a piece of a stream.

    Raises:
        Odd: There is nothing of either.
    """
    usage = get(answer, "usage", "usage_metadata", "usageMetadata")
    if usage is not None:
        return answer, usage
    if has(answer, *NAMES):
        return answer, None if get(answer, *NAMES) is None else answer
    for name in WRAPPERS if depth < 2 else ():
        inner = get(answer, name)
        if inner is not None and not isinstance(inner, str | bytes):
            return found_in(inner, depth + 1)
    if has(answer, *PIECES):
        return answer, None
    raise Odd(f"{type(answer).__name__} is no answer with token counts")


def seller_of(holder: object, usage: object, model: str) -> str | None:
    """Who bills for an answer in OpenAI's shape, where its marks tell it; None where they do not."""
    if get(usage, "prompt_cache_hit_tokens") is not None:
        return "deepseek"
    if get(usage, "cost_in_usd_ticks") is not None:
        return "xai"
    if get(usage, "queue_time") is not None or get(holder, "x_groq") is not None:
        return "groq"
    if (text(holder, "id") or "").startswith("gen-") and get(usage, "cost") is not None:
        return "openrouter"
    if text(holder, "system_fingerprint") == "fp_ollama":
        return "ollama"
    return next((who for names, who in MAKERS if re.match(names, model, re.IGNORECASE)), None)


def service(holder: object, usage: object) -> Line:
    """What may change the price of a call: its mode, and its region where that costs more."""
    tier = word(usage, "service_tier", "serviceTier") or word(holder, "service_tier", "serviceTier")
    mode = TRAFFIC.get(word(usage, "trafficType", "traffic_type")) or (None if tier in USUAL else tier)
    is_us = word(usage, "inference_geo") == "us"
    return {"mode": "fast" if word(usage, "speed") == "fast" else mode, "region": "us" if is_us else None}


def money(usage: object) -> Line:
    """What was taken from a balance, where the answer states it."""
    ticks, cost = get(usage, "cost_in_usd_ticks"), get(usage, "cost")
    if type(ticks) is int and 0 <= ticks < MOST * TICKS:
        return {"cost_usd": f"{ticks // TICKS}.{ticks % TICKS:010d}", "cost_kind": "charged"}
    if not isinstance(cost, bool) and isinstance(cost, int | float) and 0 <= cost < MOST:
        return {"cost_usd": repr(cost), "cost_kind": "charged"}
    return {}


def when(holder: object) -> str:
    """When the call was made, as the answer says, else now."""
    made = get(holder, "created", "created_at", "createTime", "create_time")
    if isinstance(made, str) and len(made) < LONGEST and _is_time(made):
        return made
    stamp = getattr(made, "timestamp", None)
    made = stamp() if callable(stamp) else made
    is_told = not isinstance(made, bool) and isinstance(made, int | float) and 10**9 <= made < 4 * 10**9
    millis = round((float(made) if is_told and isinstance(made, int | float) else time.time()) * 1000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(millis // 1000)) + f".{millis % 1000:03d}Z"
