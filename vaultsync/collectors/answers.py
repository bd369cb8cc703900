"""Tell the answers of model APIs from home-made logs, by their first records; reads no count."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultsync.collectors.fields import at
from vaultsync.collectors.outline import First

SIGNS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "anthropic": (("type=message", "role=assistant", "model"), ("id=msg_*", "usage.input_tokens")),
    "responses": (("object=response",),),
    "chat": (
        *(("object=chat.completion*",), ("object=text_completion",), ("choices", "usage.prompt_tokens")),
        *(("object=list", "usage.prompt_tokens"), ("object=list", "data[].object=embedding")),
    ),
    "gemini": (
        *(("usageMetadata.promptTokenCount",), ("usageMetadata.totalTokenCount",)),
        *(("usage_metadata.prompt_token_count",), ("candidates[].content.parts",)),
    ),
    "ollama": (
        *(("done", "eval_count"), ("done", "prompt_eval_count"), ("model", "embeddings[][]")),
        *(("created_at", "done", "message.role"), ("created_at", "done", "response")),
    ),
}
"""API -> what its answers show: all of one of these. Few are about usage, which comes last in an answer, and
so may lie behind what is looked at of a file."""
WRAPPERS = ("result.message", "response.body", "kwargs.response", "response", "body")
"""Where an answer may stand in a record, the longest way first."""


def shows_answer(first: First, wrapper: str = "") -> bool:
    """Say whether a record shows an answer, seen from outside.

    Args:
        wrapper: Path of the object that may be the answer; empty: the record itself.
    """
    below = f"{wrapper}." if wrapper else ""
    return any(all(first.shows(sign, below) for sign in signs) for some in SIGNS.values() for signs in some)


def api_of(record: Mapping[str, Any]) -> str | None:
    """The API whose answer a record is."""
    for api, some in SIGNS.items():
        if any(all(_bears(record, sign) for sign in signs) for signs in some):
            return api
    return None


def _bears(record: Mapping[str, Any], sign: str) -> bool:
    path, asked, value = sign.partition("=")
    found = at(record, path.replace("[]", ".0"))
    if not asked:
        return found is not None
    return isinstance(found, str) and (found.startswith(value[:-1]) if value[-1] == "*" else found == value)
