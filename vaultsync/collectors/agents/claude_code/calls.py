"""Turn the rows of calls into events: which call a row belongs to, who bills it, who made it.

Rows of one call that name the same maker are joined: the largest count of each class, the earliest time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from msgspec import Raw

from vaultsync.collectors.agents.claude_code.counts import Counted, Counts, counted
from vaultsync.collectors.agents.claude_code.rows import Message, Row
from vaultsync.collectors.agents.lines import id_of, name_of, time_of
from vaultsync.collectors.identity import is_anthropic
from vaultsync.collectors.values import TEXT_LIMIT, BadField, money
from vaultsync.model import UsageEvent

FOLLOWED = "skill_followed"
"""Flag of calls that were made between the start of a skill and the next prompt, without naming it."""
SYNTHETIC = "<synthetic>"
PLACEHOLDER = 8
"""Largest output of a call without a final mark that is taken for the number its stream began with."""
KEPT = 2000
"""Calls that are kept open for further rows; the ledger joins what comes later."""


class Maker(NamedTuple):
    """Who made a call, and for what."""

    session: str | None
    project: str | None
    branch: str | None
    action_type: str | None
    action_name: str | None
    is_followed: bool
    """The action is a skill that the log does not name at the call."""
    agent: str | None


NOBODY = Maker(None, None, None, None, None, False, None)


class Call(NamedTuple):
    """All that rows must share to be joined here."""

    key: str | None
    model: str
    mode: str
    region: str | None
    origin_session: str | None
    maker: Maker


@dataclass(slots=True)
class Found:
    """What the rows of a call have told so far."""

    when: datetime
    counts: Counts
    is_final: bool
    flags: frozenset[str]
    web_searches: int = 0
    cost: Decimal | None = None

    def join(self, when: datetime, said: Counted, is_final: bool, cost: Decimal | None) -> None:
        """Take in a further row of the same call."""
        if when < self.when:
            self.when = when
        self.counts = self.counts.largest(said.counts)
        self.is_final |= is_final
        self.flags |= said.flags
        self.web_searches = max(self.web_searches, said.web_searches)
        if cost is not None:
            self.cost = cost if self.cost is None else max(self.cost, cost)


class Calls:
    """The calls of one reading."""

    def __init__(self, source: str, zone: tzinfo) -> None:
        self._source = source
        self._zone = zone
        self._open: dict[Call, Found] = {}
        self._loose: list[tuple[Call, Found]] = []
        self._last: tuple[object, ...] = ()
        self._last_found: Found | None = None
        """What the last row told of its call; the next one is mostly of the same."""

    def add(self, row: Row, key: str | None, maker: Maker) -> None:
        """Take in an assistant row, if it is one of a billed call.

        Raises:
            BadField: Its usage or its time cannot be read.
        """
        message = row.message
        if not isinstance(message, Message) or message.model == SYNTHETIC:
            return
        said = counted(bytes(message.usage))
        if said is None:
            return
        when = time_of(row.timestamp, self._zone)
        is_final = said.is_marked or message.stop_reason is not None or said.counts.output > PLACEHOLDER
        last = (key, maker, message.model, said.mode, said.region, row.forkedFrom)
        if last == self._last and self._last_found and not said.advice:
            self._last_found.join(when, said, is_final, money_of(row.costUSD))
            return
        model = name_of(message.model) or "unknown"
        call = Call(key, model, said.mode, said.region, origin_of(row), maker)
        self._last, self._last_found = last, self._keep(call, when, said, is_final, money_of(row.costUSD))
        for number, advice in enumerate(said.advice, start=1):
            own = call._replace(key=key and f"{key}:advisor:{number}", model=advice.model)
            part = said._replace(counts=advice.counts, flags=advice.flags, web_searches=0)
            self._keep(own, when, part, True, None)

    def _keep(
        self, call: Call, when: datetime, said: Counted, is_final: bool, cost: Decimal | None
    ) -> Found | None:
        """Begin or go on with a call; None for one that no further row can be known to belong to."""
        found = None if call.key is None else self._open.get(call)
        if found:
            found.join(when, said, is_final, cost)
            return found
        found = Found(when, said.counts, is_final, said.flags, said.web_searches, cost)
        if call.key is None:
            self._loose.append((call, found))
            return None
        self._open[call] = found
        return found

    @property
    def is_full(self) -> bool:
        """True when the calls have become many; yielding them bounds the memory."""
        return len(self._open) + len(self._loose) > KEPT

    def events(self) -> Iterator[UsageEvent]:
        """Yield the calls and forget them."""
        calls = [*self._open.items(), *self._loose]
        self._open.clear()
        self._loose.clear()
        self._last_found = None
        for call, found in calls:
            yield self._event(call, found)

    def _event(self, call: Call, found: Found) -> UsageEvent:
        key, model, mode, region, origin, maker = call
        session, project, branch, action_type, action_name, is_followed, agent = maker
        return UsageEvent(
            found.when,
            self._source,
            provider_of(model),
            model,
            found.counts.tokens,
            key and f"{self._source}:{key}",
            mode=mode,
            region=region,
            web_searches=found.web_searches,
            cost=found.cost,
            cost_kind=None if found.cost is None else "estimated",
            session=session,
            project=project,
            branch=branch,
            action_type=action_type,
            action_name=action_name,
            agent=agent,
            quality="final" if found.is_final else "partial",
            flags=tuple(sorted({*found.flags, FOLLOWED} if is_followed else found.flags)),
            origin_session=origin,
        )


def call_key(row: Row) -> str | None:
    """The id that all rows and copies of a call share; None when the row has no id at all.

    Anthropic's own ids stand alone, for a replay has another request; gateways reuse short ids.
    """
    ident = id_of(row.message.id) if isinstance(row.message, Message) else None
    if ident is None:
        return id_of(row.uuid)
    if is_anthropic(ident):
        return ident
    if request := id_of(row.requestId):
        return f"{ident}:{request}"
    return f"{origin_of(row) or name_of(row.sessionId)}:{ident}:{id_of(row.timestamp)}"


def origin_of(row: Row) -> str | None:
    """Session that a copied row says it was copied from."""
    return name_of(row.forkedFrom.get("sessionId")) if isinstance(row.forkedFrom, dict) else None


def provider_of(model: str) -> str:
    """Who bills a model of this name; a gateway's name tells nothing, so its provider is `unknown`."""
    return _provider_of(model[:TEXT_LIMIT])


@lru_cache(maxsize=1024)
def _provider_of(model: str) -> str:
    name = model.lower()
    if name.startswith("arn:") or re.match(r"([a-z]+\.)?anthropic\.", name):
        return "aws-bedrock"
    if not name.startswith("claude"):
        return "unknown"
    return "google" if "@" in name else "anthropic"


def money_of(raw: Raw) -> Decimal | None:
    """An amount, exactly as written; None where there is none or it is no sensible amount."""
    data = bytes(raw)
    try:
        return money(data.decode()) if data else None
    except (BadField, UnicodeDecodeError):
        return None
