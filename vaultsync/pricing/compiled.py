"""One price list as lines of text: what was checked once is read back in a few milliseconds.

The first line names content and program, the second is the index, every other one is a model. A line is JSON
with text decimals. The form is only a cache: whatever is wrong with it, it is made again.
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

from vaultsync import __version__, cache
from vaultsync.errors import ConfigError

FORMAT = "vaultsync prices 1"


def lines_of(path: Path, folder: Path | None) -> tuple[str, list[bytes]]:
    """Read a price list in its compiled form, making that first where it is not current.

    Args:
        folder: Keeps compiled forms, or None to keep none.

    Returns:
        Hash of the file's content; the index line and one line per model.

    Raises:
        ConfigError: The file cannot be read or is wrong.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            path, None, f"cannot be read: {reason}.", "Correct `pricing` in the settings."
        ) from error
    digest = sha256(content).hexdigest()
    head = f"{FORMAT} {__version__} {digest}"
    kept = folder / f"prices-{sha256(os.fsencode(path.absolute())).hexdigest()[:16]}" if folder else None
    known = (cache.kept(kept) or b"").split(b"\n") if kept else []
    if known[:1] == [head.encode()]:
        return digest, known[1:]
    lines = _compiled(path, content)
    if kept:
        cache.keep(kept, b"\n".join([head.encode(), *lines]))
    return digest, lines


def _compiled(path: Path, content: bytes) -> list[bytes]:
    from vaultsync.pricing.check import check  # brings in yaml, which a current compiled form does not need

    index, models = check(path, content)
    return [json.dumps(part, separators=(",", ":")).encode() for part in (index, *models)]


def parse(line: bytes) -> Any:
    """Read one compiled line."""
    return json.loads(line)
