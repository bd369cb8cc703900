"""Turn the messages of a task into the events of its requests.

What `tokensIn` means: in Cline the prompt without cached tokens, but for providers whose counts it passes on
as they come (`WHOLE`). In Roo Code and Kilo Code, since `ROO_TOTALS`, the whole prompt; before it the whole
prompt under OpenAI's protocol, else without cached tokens. A count below that of the cached tokens is never
the whole prompt.

Source: Roo Code `src/shared/cost.ts` and pull request 8954; public readers of the others; October 2026.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.cline.beside import Beside, Model
from vaultsync.collectors.agents.costs import cost_of
from vaultsync.collectors.agents.counts import counts_of, number, object_of
from vaultsync.collectors.agents.documents import document
from vaultsync.collectors.agents.lines import decoded, name_of, time_of
from vaultsync.collectors.events import provider_name
from vaultsync.collectors.families import Family
from vaultsync.collectors.reading import Reader
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

REQUEST, TAKEN_BACK, SUBAGENTS = "api_req_started", "deleted_api_reqs", "subagent_usage"
COUNTS = {
    "input": ("tokensIn",),
    "output": ("tokensOut",),
    "cache_read": ("cacheReads",),
    "cache_write": ("cacheWrites",),
}
KEYS = tuple(key for keys in COUNTS.values() for key in keys)
WHOLE = frozenset({"openai", "litellm", "doubao", "fireworks", "hicap", "lmstudio", "qwen", "xai", "zai"})
"""Providers of which Cline passes on prompt counts that include cached tokens."""
ROO_TOTALS = {
    "roo-code": datetime(2025, 11, 1, tzinfo=UTC),
    "kilo-code": datetime(2025, 11, 12, tzinfo=UTC),
}
"""When the versions came out that count the whole prompt: 3.29.5 and 4.119.0."""


class Manner(NamedTuple):
    """How a program keeps its tasks."""

    source: str
    totals_since: datetime | None
    """From when on `tokensIn` is the whole prompt; None: in Cline, where it is so for some providers."""


class Message(msgspec.Struct, gc=False):
    """A message of a task; every field may hold anything, so that none fails as a whole."""

    type: Any = None
    say: Any = None
    ts: Any = None
    text: Any = None
    modelInfo: Any = None


_list = msgspec.json.Decoder(list[Raw]).decode
_message = msgspec.json.Decoder(Message).decode


def task_events(
    reader: Reader, task: str | None, manner: Manner, beside: Beside, project_of: Callable[[str], str | None]
) -> Iterator[Finding]:
    """Yield the requests of a task in their order.

    Args:
        task: Its id; None where the place of the file does not tell it.
        project_of: Working folder -> project.
    """
    counted = (REQUEST, *((TAKEN_BACK, SUBAGENTS) if manner.totals_since is None else ()))
    rows = [row for raw in document(reader, _list) or () if (row := decoded(_message, raw))]
    rows = [row for row in rows if row.type == "say" and row.say in counted]
    following = [*(row.ts for row in rows[1:]), None]
    for row, until in zip(rows, following, strict=False):
        try:
            event = _event(row, until, task, manner, beside, reader)
        except BadField as fault:
            yield Issue(reader.file.path, None, f"{fault} The request is not counted; restore the file.")
            continue
        if event:
            yield event._replace(project=project_of(beside.folder) if beside.folder else None)


def _event(
    row: Message, until: Any, task: str | None, manner: Manner, beside: Beside, reader: Reader
) -> UsageEvent | None:
    """The event of a row; None where nothing was counted, or not yet.

    Args:
        until: When the next request began, as logged.

    Raises:
        BadField: It cannot be counted.
    """
    if not isinstance(row.text, str):
        return None
    said = object_of(Raw(row.text.encode("utf-8", "replace")), "the text of a request", KEYS)
    if not any(said.get(key) for key in KEYS):
        return None
    own = _model(row)
    model = own or beside.model(until)
    when = time_of(row.ts, reader.zone)
    counts = counts_of(said, COUNTS, _family(said, when, model.provider, manner))
    if counts is None:
        return None
    cost, amiss = cost_of(said.get("cost"))
    if own is None and row.say != REQUEST:
        amiss += ("assumed_model",)
    is_agent = row.say == SUBAGENTS
    return UsageEvent(
        when=when,
        source=manner.source,
        provider=provider_name(model.provider),
        model=model.name or "unknown",
        tokens=counts.tokens,
        key=f"{manner.source}:{task}:{row.ts}" if task else None,
        grain="request" if row.say == REQUEST else "run",
        unsplit=counts.unsplit,
        cost=cost,
        cost_kind=None if cost is None else "estimated",
        session=name_of(task),
        action_type="agent" if is_agent else None,
        action_name="subagents" if is_agent else None,
        flags=tuple(sorted({*counts.flags, *amiss})),
    )


def _model(row: Message) -> Model | None:
    """The model that a row names, in versions that do."""
    told = row.modelInfo if isinstance(row.modelInfo, dict) else {}
    name = name_of(told.get("modelId"))
    return Model(name, name_of(told.get("providerId"))) if name else None


def _family(said: Mapping[str, Any], when: datetime, provider: str | None, manner: Manner) -> Family:
    """How the prompt count is meant."""
    prompt, *cached = (number(said.get(key), set()) or 0 for key in ("tokensIn", "cacheReads", "cacheWrites"))
    if manner.totals_since is None:
        is_whole = provider in WHOLE
    else:
        is_whole = when >= manner.totals_since or said.get("apiProtocol") == "openai"
    return "inclusive" if is_whole and prompt >= sum(cached) else "exclusive"
