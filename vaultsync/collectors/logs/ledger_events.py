"""Read the events that were saved from a damaged ledger, each under the key that it had there.

    {"ledger_event": "0f3c…", "timestamp": "2026-01-07T14:30:00.000000Z", "source": "claude-code",
     "model_provider": "anthropic", "model_name": "claude-opus-4-5", "input_tokens": 15000, …}

`vaultsync ledger rebuild` writes such files and reads them; one that is put into the logs by hand is read
alike. A line whose own log is there, too, counts once with it. The names are those of flat events where these
have one, the values what the ledger held: nothing is worked out, and what is odd is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from vaultsync.collectors.events import REMEDY, counted
from vaultsync.collectors.outline import first_record, head_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import json_lines
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, count, instant, money, text
from vaultsync.model import (
    SAME_KEY,
    TOKEN_CLASSES,
    CostKind,
    Finding,
    Grain,
    Issue,
    Quality,
    Tells,
    TokenCounts,
    UsageEvent,
)

SIGN = "ledger_event"
_KEY = re.compile(r"[0-9a-f]{32}").fullmatch
_CHOICES: Mapping[str, Any] = {
    "grain": get_args(Grain),
    "quality": get_args(Quality),
    "cost_kind": get_args(CostKind),
}
_TEXTS = ("project", "branch", "action_type", "action_name", "agent", "machine", "region", "context_band")


class LedgerEvents:
    """Events saved from a ledger, a line each."""

    name = "ledger-events"
    kind: Literal["lines", "document"] = "lines"
    tells: Mapping[str, Tells] = MappingProxyType({})
    """Nothing of its own: the sources are those of other collectors."""

    def claims(self, file: LogFile) -> bool:
        """True when the first record bears a key of a ledger."""
        return SIGN in first_record(head_of(file)).leaves

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield an event per line, in order."""
        for found in json_lines(reader):
            if isinstance(found, Issue):
                yield found
                continue
            number, record = found
            try:
                yield _event(record, reader)
            except BadField as error:
                yield Issue(reader.file.path, number, f"{error} {REMEDY}")

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular."""
        return ()


def _event(record: Mapping[str, Any], reader: Reader) -> UsageEvent:
    key = record.get(SIGN)
    if not isinstance(key, str) or not _KEY(key):
        raise BadField("the key of the event is not 32 hex digits.")
    cost, duration = record.get("cost"), record.get("duration_ms")
    outcomes, odd = counted(record.get("outcomes"))
    if odd:
        raise BadField(odd[0])
    return UsageEvent(
        when=instant(record.get("timestamp"), reader.zone),
        source=_name(record, "source"),
        provider=_name(record, "model_provider"),
        model=_name(record, "model_name"),
        tokens=TokenCounts(*(_count(record, f"{name}_tokens") for name in TOKEN_CLASSES)),
        key=SAME_KEY + key,
        mode=_name(record, "mode"),
        requests=_count(record, "requests"),
        web_searches=_count(record, "web_search_requests"),
        unsplit=_count(record, "unsplit_tokens"),
        duration_ms=None if duration is None else count(duration, "duration_ms"),
        cost=None if cost is None else _money(cost),
        currency=text(record.get("currency"), 8) or "USD",
        session=text(record.get("session_id")),
        flags=tuple(sorted((text(record.get("flags"), 1000) or "").split())),
        outcomes=tuple(sorted(outcomes.items())),
        **{name: text(record.get(name), 1000) for name in _TEXTS},
        grain=_choice(record, "grain"),
        quality=_choice(record, "quality"),
        cost_kind=_choice(record, "cost_kind"),
    )


def _name(record: Mapping[str, Any], name: str) -> str:
    found = text(record.get(name))
    if found is None:
        raise BadField(f"{name} is missing.")
    return found


def _count(record: Mapping[str, Any], name: str) -> int:
    return count(record.get(name, 0), name.replace("_", " "))


def _money(value: object) -> Decimal:
    """Unlike a log, the ledger may hold a credit."""
    is_credit = isinstance(value, str) and value.startswith("-")
    return -money(str(value)[1:]) if is_credit else money(value)


def _choice(record: Mapping[str, Any], name: str) -> Any:
    value = record.get(name)
    if value not in _CHOICES[name] and not (value is None and name == "cost_kind"):
        raise BadField(f"{name} is none of {', '.join(_CHOICES[name])}.")
    return value
