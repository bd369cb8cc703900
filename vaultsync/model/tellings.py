"""Tellings of the same spend: a log, the provider's own figures, telemetry, a bill; and which is believed."""

from __future__ import annotations

from typing import Literal, NamedTuple

Tells = Literal["calls", "usage", "events", "metrics", "bills"]
"""What kind of telling a source is: single calls of a log or gateway, the provider's own usage figures,
telemetry events, telemetry metrics, bills."""
TELLS: tuple[Tells, ...] = ("calls", "usage", "events", "metrics", "bills")
"""In the order in which they are believed."""
WHOLE: tuple[Tells, ...] = ("usage", "bills")
"""Kinds of which a single source tells all that an account spent, so that two sources tell the same."""


class Preference(NamedTuple):
    """In which order tellings are believed; of one provider and UTC day only the first that tells counts."""

    order: tuple[str, ...] = ()
    """Kinds or names of sources, best first; kinds that are left out come last, in their own order."""
    also: tuple[str, ...] = ()
    """Sources that always count, beside all others: they tell of another account."""

    @property
    def names_sources(self) -> bool:
        """True where sources of one kind are not all alike."""
        return any(entry not in TELLS for entry in self.order)

    def telling(self, source: str, kind: str) -> str:
        """What a source is ranked as: itself, or its kind where all sources of that are added up."""
        return source if source in self.order or kind in WHOLE else kind

    def rank(self, source: str, kind: str) -> tuple[int, str] | None:
        """Place of a source in the order, least is best; equal for all of one telling.

        Returns:
            None where it always counts.
        """
        if source in self.also:
            return None
        places = {entry: place for place, entry in reversed([*enumerate((*self.order, *TELLS))])}
        return places[source if source in self.order else kind], self.telling(source, kind)
