"""Say which call an answer belongs to by the id that its provider gave it, whoever has logged it."""

from __future__ import annotations

LONG_ID = 20
"""Characters of an id that is unique for sure; gateways and local servers make up shorter ones."""


def is_anthropic(ident: str) -> bool:
    """Say whether an id was made by Anthropic, and so stands for one message in the whole world."""
    name = ident.partition(":")[0]
    return name.startswith("msg_") and len(name) >= LONG_ID


def response_key(ident: str) -> str:
    """The key of a call by the id of its response; the same from a saved answer, a gateway or a transcript.

    Args:
        ident: As the provider wrote it; calls inside a call have `:` and their place behind it.
    """
    # Claude Code's transcripts hold Anthropic's ids, and its keys stand in every ledger: so a call that is
    # in a transcript and in a log of answers is one.
    return f"claude-code:{ident}" if is_anthropic(ident) else f"response:{ident}"
