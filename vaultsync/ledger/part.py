"""What some rows of a file say, grouped by call: what goes from who reads to who writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from vaultsync.ledger.facts import Fact
from vaultsync.ledger.identity import AT, COUNT_FIELDS, Label, Sighting, Text
from vaultsync.ledger.queries import DAY

_SESSION = AT["session"]
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


def least(one: Text, other: Text) -> Text:
    """The first of two texts, if any is stated."""
    return min((text for text in (one, other) if text), default=None)


def is_shared(claims: Mapping[str, Text]) -> bool:
    """True when it must be settled which session made a call."""
    return len(claims) > 1 or any(claims.values())
