"""Read the counts of a call as agents log them: what is no count is left out and flagged, never fatal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.lines import decoded, keys_in
from vaultsync.collectors.families import Family, Found, Split, split
from vaultsync.collectors.values import BadField
from vaultsync.model import MAX_COUNT

Fields = Mapping[str, tuple[str, ...]]
"""Field of `families` -> the keys in the log whose counts are added."""
_object = msgspec.json.Decoder(dict[str, Any]).decode


def object_of(raw: Raw, what: str, keys: Iterable[str] = ()) -> dict[str, Any]:
    """Decode an object that was skipped at first; empty where there is none.

    Args:
        what: What it is, for the message: `tokens`.
        keys: Those of which each may stand there once only.

    Raises:
        BadField: It is no readable object, or names one of the keys twice.
    """
    data = bytes(raw)
    if data in (b"", b"null"):
        return {}
    values = decoded(_object, raw)
    if values is None:
        raise BadField(f"{what} is not a readable object.")
    for key in keys:
        if data.count(b'"%b"' % key.encode()) > 1 and _is_double(data, key):
            raise BadField(f"{what} names {key} twice.")
    return values


def _is_double(data: bytes, key: str) -> bool:
    """True if the object itself names a key twice; the objects inside may well name it once more."""
    return keys_in(data)[-1].count(key) > 1


def counts_of(values: Mapping[str, Any], fields: Fields, family: Family) -> Split | None:
    """Make the counts of a call disjoint; None where nothing was counted.

    An absent count is 0, unless the stated total tells it. A total alone is `unsplit`.

    Raises:
        BadField: The counts are absurd.
    """
    flags: set[str] = set()
    given: dict[str, object] = {}
    for field, keys in fields.items():
        found = [n for key in keys if (n := number(values.get(key), flags)) is not None]
        if found:
            given[field] = sum(found)
    if not any(given.values()):
        return None
    try:
        said = split(Found(given, family))
    except BadField:
        said = split(Found({"input": 0, "output": 0} | given, family))
        flags.add("bad_count")
    return said._replace(flags=tuple(sorted(flags.union(said.flags))), remarks=())


def number(value: Any, flags: set[str]) -> int | None:
    """A count as logged; None for an absent one, and, flagged, for what is none."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and 0 <= value <= MAX_COUNT:
        return value
    if value is not None:
        flags.add("bad_count")
    return None
