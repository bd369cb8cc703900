"""Read the analytics logs of aider, which it writes where `--analytics-log FILE` asks for one.

Odd facts of the format (the program's own source, 2024 to 2026): a sent message is one row, with the model
under the name that litellm gives it; the cached tokens stand inside its prompt count, and nothing tells them
apart; neither id nor folder is told. Models that aider does not know stand there as `provider/REDACTED`. Its
chat history, `.aider.chat.history.md`, has rounded counts only and is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.costs import cost_in
from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.lines import NOTHING, decoded, name_of, time_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

SOURCE = "aider"
COUNTS = {"input": ("prompt_tokens",), "output": ("completion_tokens",), "total": ("total_tokens",)}
KEYS = tuple(key for keys in COUNTS.values() for key in keys)
PROVIDERS = {
    "bedrock": "aws-bedrock",
    "bedrock_converse": "aws-bedrock",
    "fireworks_ai": "fireworks",
    "gemini": "google",
    "lm_studio": "lm-studio",
    "ollama_chat": "ollama",
    "together_ai": "together",
    "vertex_ai": "google",
}
"""What litellm writes before the slash, where that is not the usual name of the provider."""


class Row(msgspec.Struct, gc=False):
    """One row; every field may hold anything, so that none fails as a whole."""

    event: Any = None
    properties: Raw = NOTHING
    user: Any = msgspec.field(default=None, name="user_id")
    time: Any = None


class Money(msgspec.Struct, gc=False):
    """The amount among the properties, as it is written."""

    cost: Raw = NOTHING


_row = msgspec.json.Decoder(Row).decode
_money = msgspec.json.Decoder(Money).decode


class Aider:
    """Collect analytics logs of aider."""

    name = SOURCE
    kind: Literal["lines"] = "lines"

    def claims(self, file: LogFile) -> bool:
        """Say whether the first line is a row of such a log."""
        row = decoded(_row, Raw(file.head.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0]))
        return (
            row is not None
            and isinstance(row.event, str)
            and isinstance(row.user, str)
            and row.time is not None
            and bytes(row.properties).startswith(b"{")
        )

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular: the user names the file."""
        return ()

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the sent messages in their order."""
        for found in rows_in(reader, _row):
            if isinstance(found, Issue):
                yield found
            elif found[1].event == "message_send":
                try:
                    yield from _events(found[1], reader)
                except BadField as fault:
                    text = f"{fault} The message is not counted; restore it."
                    yield Issue(reader.file.path, found[0], text)


def _events(row: Row, reader: Reader) -> Iterator[UsageEvent]:
    values = object_of(row.properties, "properties", KEYS)
    counts = counts_of(values, COUNTS, "inclusive")
    if counts is None:
        return
    model = name_of(values.get("main_model")) or "unknown"
    cost, amiss = cost_in((decoded(_money, row.properties) or Money()).cost)
    yield UsageEvent(
        when=time_of(row.time, reader.zone),
        source=SOURCE,
        provider=provider_of(model),
        model=model,
        tokens=counts.tokens,
        unsplit=counts.unsplit,
        cost=cost,
        cost_kind=None if cost is None else "estimated",
        flags=tuple(sorted({*counts.flags, *amiss, "cache_unknown"})),
    )


def provider_of(model: str) -> str:
    """The provider that stands before the slash of a model's name; `unknown` without a slash."""
    route, slash, _ = model.lower().partition("/")
    return PROVIDERS.get(route, route) if slash and route else "unknown"
