"""Group what one reading says by call; no database, so it may be done in another process."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vaultsync.ledger.columns import columns_of, says_something
from vaultsync.ledger.facts import Fact, plain
from vaultsync.ledger.identity import (
    AT,
    NUMBER_FIELDS,
    Label,
    Sighting,
    Unbelievable,
    content,
    content_key,
    join,
    log_key,
    sight,
)
from vaultsync.ledger.part import Claims, Part, is_shared, least
from vaultsync.model import Finding, UsageEvent

_SESSION = AT["session"]


def gather(findings: Iterable[Finding]) -> Part:
    """Group findings by call; other facts are kept as they are, issues are ignored."""
    events: list[UsageEvent] = []
    facts: list[Fact] = []
    for finding in findings:
        if isinstance(finding, UsageEvent):
            events.append(finding)
        elif fact := plain(finding):
            facts.append(fact)
    return columns_of(events, facts) or group(events, facts)


def group(events: Iterable[UsageEvent], facts: list[Fact]) -> Part:
    """Group events one by one."""
    gathering = _Gathering()
    for event in events:
        gathering.add(event)
    return gathering.part(facts)


class _Gathering:
    """The calls of one part while they are being read."""

    def __init__(self) -> None:
        self._seen: dict[bytes, Sighting] = {}
        self._equal: dict[bytes, int] = {}
        self._ordinals: dict[bytes, int] = {}
        self._outcomes: dict[bytes, dict[str, int]] = {}
        self._claims: dict[bytes, Claims] = {}
        self._rows = 0
        self._unbelievable: list[str] = []

    def add(self, event: UsageEvent) -> None:
        """Take one row in."""
        try:
            sighting = sight(event)
        except Unbelievable as error:
            self._unbelievable.append(str(error))
            return
        self._rows += 1
        key = self._numbered(sighting) if event.key is None else log_key(event.key)
        before = self._seen.get(key)
        if event.outcomes:
            self._achieve(key, event.outcomes)
        if event.origin_session or (before and before.label[_SESSION] != event.session):
            self._claim(key, before, event)
        self._seen[key] = join(before, sighting) if before else sighting

    def _numbered(self, sighting: Sighting) -> bytes:
        what = content(sighting.at, sighting.counts, sighting.label)
        ordinal = self._equal.get(what, 0)
        self._equal[what] = ordinal + 1
        key = content_key(what, ordinal)
        self._ordinals[key] = ordinal
        return key

    def _achieve(self, key: bytes, outcomes: Iterable[tuple[str, int]]) -> None:
        held = self._outcomes.setdefault(key, {})
        for name, amount in outcomes:
            held[name] = max(amount, held.get(name, 0))

    def _claim(self, key: bytes, before: Sighting | None, event: UsageEvent) -> None:
        """Note the sessions of a row; a call of one session and no origin is not kept, its label says it."""
        claims = self._claims.get(key, {})
        held = before.label[_SESSION] if before else None
        if held and not claims:
            claims[held] = None
        session = event.session or event.origin_session
        if session:
            claims[session] = least(claims.get(session), event.origin_session)
        if is_shared(claims):
            self._claims[key] = claims

    def part(self, facts: list[Fact]) -> Part:
        """All calls, in columns."""
        seen = self._seen
        labels: dict[Label, int] = {}
        place = {key: number for number, key in enumerate(seen)}
        return Part(
            list(seen),
            self._columns(),
            [labels.setdefault(sighting.label, len(labels)) for sighting in seen.values()],
            list(labels),
            self._rows,
            {place[key]: ordinal for key, ordinal in self._ordinals.items()},
            {place[key]: outcomes for key, outcomes in self._outcomes.items()},
            {place[key]: claims for key, claims in self._claims.items()},
            facts,
            self._unbelievable,
        )

    def _columns(self) -> dict[str, tuple[Any, ...]]:
        rows = ((at, *counts, duration, cost) for at, counts, duration, cost, _ in self._seen.values())
        columns = zip(NUMBER_FIELDS, zip(*rows, strict=True), strict=False)
        return {name: column for name, column in columns if says_something(name, column)}
