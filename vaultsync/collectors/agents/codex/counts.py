"""Read what a call has counted: a usage object of Codex as plain numbers, and as disjoint token classes.

Cached tokens, read and written, stand inside the input, reasoning inside the output. `total_tokens` is never
counted: on a full context the program sets it alone, to what it guesses the context to be.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.lines import LONGEST_USAGE, UNREADABLE, keys_in
from vaultsync.collectors.values import BadField
from vaultsync.model import MAX_COUNT, TokenCounts

FIELDS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
)
NEEDED = ("input_tokens", "output_tokens")
NO_USAGE = (b"", b"null", b"{}")
Numbers = tuple[int, ...]
"""Counts in the order of `FIELDS`, as logged."""


class Usage(msgspec.Struct, gc=False):
    """A usage object; every field may hold anything."""

    input_tokens: Any = None
    cached_input_tokens: Any = None
    cache_write_input_tokens: Any = None
    output_tokens: Any = None
    reasoning_output_tokens: Any = None
    total_tokens: Any = None


class Counted(NamedTuple):
    """What one usage object says."""

    numbers: Numbers
    total: int | None
    """The stated sum, where it is one."""
    flags: frozenset[str]

    @property
    def is_nothing(self) -> bool:
        """True where nothing but a sum is stated."""
        return not any(self.numbers)


_usage = msgspec.json.Decoder(Usage).decode
_keys = tuple(f'"{name}"'.encode() for name in FIELDS)


def counted(raw: Raw) -> Counted | None:
    """Read a usage object; None where there is none.

    Raises:
        BadField: It is no readable object, or names a count twice.
    """
    data = bytes(raw)
    if data in NO_USAGE:
        return None
    return _remembered(data) if len(data) <= LONGEST_USAGE else _counted(data)


def _counted(data: bytes) -> Counted:
    try:
        usage = _usage(data)
    except UNREADABLE:
        raise BadField("the token usage is not a readable object.") from None
    if max(map(data.count, _keys)) > 1:
        _refuse_doubles(data)
    flags: set[str] = set()
    found = {name: _number(getattr(usage, name), flags) for name in (*FIELDS, "total_tokens")}
    if any(getattr(usage, name) is None for name in NEEDED):
        flags.add("bad_count")
    return Counted(tuple(found[name] or 0 for name in FIELDS), found["total_tokens"], frozenset(flags))


_remembered = lru_cache(maxsize=64)(_counted)


def tokens_of(said: Counted) -> tuple[TokenCounts, frozenset[str]]:
    """The disjoint token classes of a usage object, and all that was noticed about it.

    A sum that fits only cached tokens beside the input tells of another writer, and is believed.
    """
    prompt, read, written, output, reasoning = said.numbers
    is_beside = said.total == prompt + read + written + output
    rest = prompt if is_beside else prompt - read - written
    amiss = {
        "negative_class": rest < 0,
        "split_mismatch": reasoning > output,
        "total_mismatch": said.total not in (None, prompt + output) and not is_beside,
    }
    tokens = TokenCounts(
        input=max(0, rest),
        cache_read=read,
        cache_write=written,
        output=output,
        reasoning=min(reasoning, output),
    )
    return tokens, said.flags.union(flag for flag, is_so in amiss.items() if is_so)


def _number(value: Any, flags: set[str]) -> int | None:
    """A count as logged; None for an absent one, and, flagged, for what is none."""
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and 0 <= value <= MAX_COUNT:
        return value
    if value is not None:
        flags.add("bad_count")
    return None


def _refuse_doubles(data: bytes) -> None:
    """Refuse an object that names one count twice."""
    for keys in keys_in(data):
        for name in FIELDS:
            if keys.count(name) > 1:
                raise BadField(f"the token usage names {name} twice.")
