"""Look into the objects and dicts of client libraries alike, without knowing any of them."""

from __future__ import annotations

MOST = 10**18
"""Largest count that is believed, of nanoseconds too."""
LONGEST = 200
"""Characters of an id or a name."""


class Odd(ValueError):
    """An answer that cannot be counted; the message says why and quotes nothing of it."""


def get(holder: object, *names: str) -> object | None:
    """The first of the members that is there and not None."""
    for name in names:
        value: object = holder.get(name) if isinstance(holder, dict) else getattr(holder, name, None)
        if value is not None:
            return value
    return None


def has(holder: object, *names: str) -> bool:
    """Say whether an object or a dict has one of the members, be it None."""
    return any(name in holder if isinstance(holder, dict) else hasattr(holder, name) for name in names)


def count(holder: object, *names: str) -> int:
    """A count; 0 where it is not stated.

    Raises:
        Odd: It is no count.
    """
    value = get(holder, *names)
    if value is None:
        return 0
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if type(value) is not int or not 0 <= value <= MOST:
        raise Odd(f"{names[-1]} is no count")
    return value


def items(holder: object, *names: str) -> list[object]:
    """The elements of a list; none where there is no list."""
    value = get(holder, *names)
    return list(value) if isinstance(value, list | tuple) else []


def text(holder: object, *names: str) -> str | None:
    """A short text; None for anything else."""
    value = get(holder, *names)
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST else None


def word(holder: object, *names: str) -> str:
    """A word in lower case; of an enumeration, what it stands for; empty for anything else."""
    value = get(holder, *names)
    value = getattr(value, "value", value)
    return value.lower() if isinstance(value, str) and len(value) <= LONGEST else ""
