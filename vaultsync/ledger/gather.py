"""Group what one reading says by call; no database, so it may be done in another process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from vaultsync.ledger.facts import Fact, plain
from vaultsync.ledger.identity import (
    AT,
    COUNT_FIELDS,
    NUMBER_FIELDS,
    Label,
    Sighting,
    Text,
    Unbelievable,
    content,
    content_key,
    join,
    log_key,
    sight,
)
from vaultsync.model import Finding, UsageEvent

_SESSION = AT["session"]
DAY = 86_400_000_000
"""Microseconds."""
Claims = dict[str, Text]
"""Session -> session that it was copied from."""


class Part(NamedTuple):
    """Some calls of one reading, each once, in columns; plain values, quickly sent to another process."""

    keys: list[bytes]
    """Calls without an id have the key of the first, second, ... equal one of this part."""
    numbers: dict[str, tuple[Any, ...]]
    """Column of `NUMBER_FIELDS` -> its values; one without any (0, or None) is left out."""
    label_of: list[int]
    """Of each call: place in `labels`."""
    labels: list[Label]
    rows: int
    """How often all of them were said."""
    ordinals: dict[int, int]
    """Of calls without an id: place -> number of equal ones before it in this part."""
    outcomes: dict[int, dict[str, int]]
    """Of calls that have some: place -> what they achieved."""
    claims: dict[int, Claims]
    """Of calls whose session must be settled: place -> which sessions hold a copy."""
    facts: list[Fact]
    unbelievable: list[str]
    """Why events were left out."""

    @property
    def days(self) -> set[int]:
        """UTC days of the calls, since 1970."""
        return {at // DAY for at in self.numbers["at"]}

    def sightings(self) -> list[Sighting]:
        """What the rows of each call say together."""
        nothing = (0,) * len(self.keys), (None,) * len(self.keys)
        counts = zip(*(self.numbers.get(name, nothing[0]) for name in COUNT_FIELDS), strict=True)
        rest = (self.numbers.get(name, nothing[1]) for name in ("duration_ms", "cost"))
        labels = map(self.labels.__getitem__, self.label_of)
        return list(map(Sighting, self.numbers["at"], counts, *rest, labels))

    def claims_of(self, place: int) -> Claims:
        """The sessions that one call was seen in."""
        session = self.labels[self.label_of[place]][_SESSION]
        return self.claims.get(place) or ({session: None} if session else {})


def gather(findings: Iterable[Finding]) -> Part:
    """Group findings by call; other facts are kept as they are, issues are ignored."""
    gathering = _Gathering()
    for finding in findings:
        if isinstance(finding, UsageEvent):
            gathering.add(finding)
        elif fact := plain(finding):
            gathering.facts.append(fact)
    return gathering.part()


class _Gathering:
    """The calls of one part while they are being read."""

    def __init__(self) -> None:
        self._seen: dict[bytes, Sighting] = {}
        self._equal: dict[bytes, int] = {}
        self._ordinals: dict[bytes, int] = {}
        self._outcomes: dict[bytes, dict[str, int]] = {}
        self._claims: dict[bytes, Claims] = {}
        self._rows = 0
        self.facts: list[Fact] = []
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
        what = content(sighting)
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

    def part(self) -> Part:
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
            self.facts,
            self._unbelievable,
        )

    def _columns(self) -> dict[str, tuple[Any, ...]]:
        rows = ((at, *counts, duration, cost) for at, counts, duration, cost, _ in self._seen.values())
        columns = zip(NUMBER_FIELDS, zip(*rows, strict=True), strict=False)
        return {name: column for name, column in columns if _says_something(name, column)}


def _says_something(name: str, column: tuple[Any, ...]) -> bool:
    return any(column) if name in COUNT_FIELDS else column.count(None) < len(column)


def least(one: Text, other: Text) -> Text:
    """The first of two texts, if any is stated."""
    return min((text for text in (one, other) if text), default=None)


def is_shared(claims: Mapping[str, Text]) -> bool:
    """True when it must be settled which session made a call."""
    return len(claims) > 1 or any(claims.values())
