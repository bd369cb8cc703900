"""Read a JSON file that an agent rewrites as a whole; knows no agent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.lines import decoded
from vaultsync.collectors.reading import Reader

T = TypeVar("T")
BESIDE_LIMIT = 1024 * 1024
_list = msgspec.json.Decoder(list[Raw]).decode


def document(reader: Reader, decode: Callable[[bytes], T]) -> T | None:
    """Decode a whole file; None where it is empty, or cannot be read, which the reader then says."""
    data = reader.content()
    if not data.strip(b"\0 \t\r\n"):
        return None
    found = decoded(decode, Raw(data))
    if found is None:
        reader.give_up("the file is not JSON of the expected shape. Restore it, or remove it.")
    return found


def beside(path: Path, decode: Callable[[bytes], T]) -> T | None:
    """Decode the beginning of a file that lies beside a log; None where there is none, or no such thing."""
    try:
        with path.open("rb") as stream:
            return decoded(decode, Raw(stream.read(BESIDE_LIMIT)))
    except OSError:
        return None


def elements(raw: Raw) -> list[Raw]:
    """The elements of a list that was skipped at first; none where there is no list."""
    return decoded(_list, raw) or []
