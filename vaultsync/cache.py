"""Keep a file that can be made again: it is written at once in its place, and half of it is noticed.

No temporary file stands beside it, which a kill would leave behind, and readers need no lock.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from vaultsync.private import open_private, private_folder


def keep(path: Path, body: bytes) -> None:
    """Write a file that only the user may read; where that cannot be, it is done without."""
    with suppress(OSError):
        private_folder(path.parent)
        with open(open_private(path, os.O_WRONLY | os.O_TRUNC), "wb") as stream:  # noqa: PTH123
            stream.write(_mark(body) + b"\n" + body)


def kept(path: Path) -> bytes | None:
    """What was kept; None: nothing, or half of it, or a mixture of two."""
    try:
        mark, body = path.read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        return None
    return body if mark == _mark(body) else None


def _mark(body: bytes) -> bytes:
    return sha256(body).hexdigest().encode()
