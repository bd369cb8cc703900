"""Notice which files hold times without a zone: another zone in the settings makes them other times."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from typing import Any

from vaultsync.ledger import FileState

ZONE = "zone"
"""Under this name a file's state keeps the time zone that its times were read in, if some name none."""


class Zone(tzinfo):
    """A time zone that knows whether anybody needed it."""

    def __init__(self, zone: tzinfo, name: str) -> None:
        self._zone, self.name = zone, name
        self.is_needed = False

    def utcoffset(self, when: datetime | None) -> timedelta | None:
        """See `tzinfo`."""
        self.is_needed = True
        return self._zone.utcoffset(when)

    def dst(self, when: datetime | None) -> timedelta | None:
        """See `tzinfo`."""
        return self._zone.dst(when)

    def tzname(self, when: datetime | None) -> str | None:
        """See `tzinfo`."""
        return self._zone.tzname(when)

    def fromutc(self, when: datetime) -> datetime:
        """See `tzinfo`."""
        self.is_needed = True
        return self._zone.fromutc(when.replace(tzinfo=self._zone)).replace(tzinfo=self)


def note(zone: tzinfo, state: dict[str, Any]) -> None:
    """Write down in the state of a file that was read what its times were taken for."""
    if isinstance(zone, Zone) and zone.is_needed:
        state[ZONE] = zone.name


def is_of_another(state: FileState, name: str) -> bool:
    """True where times of a file were read in another zone than the one of a name."""
    return f'"{ZONE}":' in state.state_text and state.state.get(ZONE, name) != name
