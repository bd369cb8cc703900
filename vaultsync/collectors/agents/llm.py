"""Read the log database of the `llm` command line tool: one row for each answer of a model.

Odd facts of the format (the program's and its plug-ins' own source, August 2026): rows stand in `responses`
and, since version 0.32, in `turns`, with ids from one series. What the two counts mean is the plug-in's: the
rest of the provider's usage object stands beside them, with its names, and without zeros. The prompt of
OpenAI, Gemini and their likes includes cached tokens, that of Anthropic does not; Gemini's thoughts stand
beside the output in rows of older plug-ins, which left the answer's own count out of the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from msgspec import Raw

from vaultsync.collectors.agents.costs import cost_of
from vaultsync.collectors.agents.counts import counts_of, number, object_of
from vaultsync.collectors.agents.lines import name_of, time_of
from vaultsync.collectors.agents.roots import folder_of
from vaultsync.collectors.databases import MAGIC, columns, database, lacks_ids
from vaultsync.collectors.families import Family, Split
from vaultsync.collectors.marks import Unread
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, TokenCounts, UsageEvent

SOURCE = "llm"
FOLDER, DATABASE = "io.datasette.llm", "logs.db"
TABLES = {"responses": "conversation_id", "turns": "thread_id"}
"""Tables, and what their rows belong to."""
WANTED = (
    "id",
    "model",
    "resolved_model",
    "datetime_utc",
    "duration_ms",
    "input_tokens",
    "output_tokens",
    "token_details",
    *TABLES.values(),
)
COUNTS = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "cache_read": (
        "prompt_tokens_details.cached_tokens",
        "input_tokens_details.cached_tokens",
        "cache_read_input_tokens",
        "cachedContentTokenCount",
        "prompt_cache_hit_tokens",
    ),
    "cache_writes": ("cache_creation_input_tokens", "prompt_tokens_details.cache_write_tokens"),
    "cache_write_5m": ("cache_creation.ephemeral_5m_input_tokens",),
    "cache_write_1h": ("cache_creation.ephemeral_1h_input_tokens",),
    "reasoning": (
        "completion_tokens_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
        "thoughtsTokenCount",
    ),
}
"""Names in the rest of the usage object, of whichever provider."""
ALONE = ("cache_read_input_tokens", "cache_creation_input_tokens")
"""Anthropic's names, where the prompt is without cached tokens."""
ULID = 26
ROUTES = {"gemini": "google"}
_MAKERS = (
    (re.compile(r"(gpt-(?!oss)|chatgpt-|o[1-9](-|$))"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "google"),
)
"""How the names begin that the usual plug-ins give to their models, where they name no provider."""


class Llm:
    """Collect the answers in the log database."""

    name = SOURCE
    kind: Literal["store"] = "store"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a log database, by its place, its name and its head."""
        if not file.head.startswith(MAGIC) or not file.path.name.endswith(".db"):
            return False
        if file.path.name == DATABASE and file.path.parent.name == FOLDER:
            return True
        return b"datetime_utc" in file.head and any(name.encode() in file.head for name in TABLES.values())

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The program's folder on Linux, macOS and Windows; `LLM_USER_PATH` takes the place of them."""
        if environ.get("LLM_USER_PATH", "").strip():
            return [Place(folder_of(environ, home, "LLM_USER_PATH", ""), (DATABASE,))]
        bases = (
            folder_of(environ, home, "XDG_CONFIG_HOME", ".config"),
            home / "Library" / "Application Support",
            folder_of(environ, home, "APPDATA", "AppData/Roaming"),
        )
        return [Place(base / FOLDER, (DATABASE,)) for base in bases]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the answers of both tables."""
        with database(reader) as db:
            if db is None:
                return
            for table in TABLES:
                unread = Unread(reader, db, table, ("id",))
                known = [name for name in columns(db, table) if name in WANTED]
                if lacks_ids(reader, known):
                    continue
                for row in map(dict, unread.rows(*known) if known else ()):
                    try:
                        yield _event(row)
                    except BadField as fault:
                        text = f"{fault} The answer is not counted; restore the database."
                        yield Issue(reader.file.path, None, text)


def _event(row: Mapping[str, Any]) -> UsageEvent:
    """The event of a row; where its plug-in tells no counts, nothing more than that it was is known.

    Raises:
        BadField: It cannot be counted.
    """
    said = {**row, **_details(row.get("token_details"))}
    provider = provider_of(name_of(row.get("model")) or "")
    said["output_tokens"] = _output(said)
    counts = counts_of(said, COUNTS, _family(said, provider))
    tokens, unsplit, flags, _ = counts or Split(TokenCounts())
    amiss: set[str] = set()
    cost, bad = cost_of(said.get("cost")) if provider == "openrouter" else (None, ())
    return UsageEvent(
        when=time_of(row.get("datetime_utc"), UTC),
        source=SOURCE,
        provider=provider,
        model=name_of(row.get("resolved_model")) or name_of(row.get("model")) or "unknown",
        tokens=tokens,
        key=_key(row),
        unsplit=unsplit,
        web_searches=number(said.get("server_tool_use.web_search_requests"), amiss) or 0,
        duration_ms=number(row.get("duration_ms"), amiss) or None,
        cost=cost,
        cost_kind=None if cost is None else "charged",
        session=next((name for of in TABLES.values() if (name := name_of(row.get(of)))), None),
        quality="final" if counts else "partial",
        flags=tuple(sorted({*flags, *amiss, *bad})),
    )


def _details(text: Any) -> dict[str, Any]:
    """The rest of the usage object, the names of inner objects before those of their values."""
    if not isinstance(text, str):
        return {}
    flat: dict[str, Any] = {}
    for name, value in object_of(Raw(text.encode("utf-8", "replace")), "token_details").items():
        if isinstance(value, dict):
            flat |= {f"{name}.{inner}": count for inner, count in value.items()}
        else:
            flat[name] = value
    return {name: value for name, value in flat.items() if name not in WANTED}


def _output(said: Mapping[str, Any]) -> Any:
    """The output with thoughts: older rows of Gemini have only the answer's own count there."""
    output, thoughts = said.get("output_tokens"), said.get("thoughtsTokenCount")
    if isinstance(output, int) and isinstance(thoughts, int) and "candidatesTokenCount" not in said:
        return output + thoughts
    return output


def _family(said: Mapping[str, Any], provider: str) -> Family:
    is_alone = provider == "anthropic" or any(name in said for name in ALONE)
    return "exclusive" if is_alone else "inclusive"


def _key(row: Mapping[str, Any]) -> str:
    """A row's own id, which is unique everywhere, but for those of early versions."""
    ident = str(row["id"])
    return f"{SOURCE}:{ident}" if len(ident) == ULID else f"{SOURCE}:{ident}:{row['datetime_utc']}"


@lru_cache(maxsize=1024)
def provider_of(model: str) -> str:
    """Who serves a model, by the name that its plug-in gives it; `unknown` where that tells nothing."""
    route, slash, _ = model.lower().partition("/")
    if slash:
        return ROUTES.get(route, route)
    return next((maker for begins, maker in _MAKERS if begins.match(route)), "unknown")
