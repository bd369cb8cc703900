"""Group the rows of one reading by call; no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from vaultsync.ledger.identity import Sighting, content, content_key, join, log_key
from vaultsync.model import UsageEvent

Said = Callable[[Iterable[bytes]], Mapping[bytes, int]]


class Seen:
    """What one reading says of one call."""

    __slots__ = ("by_content", "claims", "outcomes", "rows", "sighting")

    def __init__(self, sighting: Sighting, event: UsageEvent) -> None:
        self.sighting = sighting
        self.by_content = event.key is None
        self.rows = 1
        self.outcomes = dict(event.outcomes)
        self.claims: dict[str, str | None] = {}
        """Session -> session that it was copied from."""
        self._claim(event)

    def add(self, sighting: Sighting, event: UsageEvent) -> None:
        """Join another row of the call."""
        self.rows += 1
        self.sighting = join(self.sighting, sighting)
        for name, amount in event.outcomes:
            self.outcomes[name] = max(amount, self.outcomes.get(name, 0))
        self._claim(event)

    def _claim(self, event: UsageEvent) -> None:
        origin = event.origin_session
        session = event.session or origin
        if session:
            self.claims[session] = (
                least(self.claims.get(session), origin) if origin else self.claims.get(session)
            )


def least(one: str | None, other: str | None) -> str | None:
    """The first of two texts, if any is stated."""
    return min((text for text in (one, other) if text), default=None)


def is_shared(claims: Mapping[str, str | None]) -> bool:
    """True when it must be settled which session made a call."""
    return len(claims) > 1 or any(claims.values())


def gather(events: Iterable[tuple[Sighting, UsageEvent]], said: Said) -> dict[bytes, Seen]:
    """Group rows by call.

    Args:
        said: Tells how many rows of each of some contents the file has said before; ordinals go on there.

    Returns:
        Key -> what the rows say together.
    """
    seen: dict[bytes, Seen] = {}
    equal: dict[bytes, list[tuple[Sighting, UsageEvent]]] = {}
    for sighting, event in events:
        if event.key is None:
            equal.setdefault(content(sighting), []).append((sighting, event))
        else:
            _see(seen, log_key(event.key), sighting, event)
    before = said(equal)
    for what, rows in equal.items():
        for ordinal, (sighting, event) in enumerate(rows, before.get(what, 0)):
            _see(seen, content_key(what, ordinal), sighting, event)
    return seen


def _see(seen: dict[bytes, Seen], key: bytes, sighting: Sighting, event: UsageEvent) -> None:
    found = seen.get(key)
    if found is None:
        seen[key] = Seen(sighting, event)
    else:
        found.add(sighting, event)
