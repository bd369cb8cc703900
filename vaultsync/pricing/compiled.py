"""One price list as lines of text: what was checked once is read back in a few milliseconds.

The first line names content and program, the second is the index, every other one is a model. A line is JSON
with text decimals. The form is only a cache: whatever is wrong with it, it is made again.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from vaultsync import __version__
from vaultsync.errors import ConfigError

FORMAT = "vaultsync prices 1"


def lines_of(path: Path, cache: Path | None) -> tuple[str, list[bytes]]:
    """Read a price list in its compiled form, making that first where it is not current.

    Args:
        cache: Folder that keeps compiled forms, or None to keep none.

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
    kept = cache / f"prices-{sha256(os.fsencode(path.absolute())).hexdigest()[:16]}" if cache else None
    lines = _kept(kept, head) if kept else None
    if lines is None:
        lines = _compiled(path, content)
        if kept:
            _keep(kept, head, lines)
    return digest, lines


def _compiled(path: Path, content: bytes) -> list[bytes]:
    from vaultsync.pricing.check import check  # brings in yaml, which a current compiled form does not need

    index, models = check(path, content)
    return [json.dumps(part, separators=(",", ":")).encode() for part in (index, *models)]


def _kept(path: Path, head: str) -> list[bytes] | None:
    """The lines, if they belong to this content and program and are whole."""
    try:
        first, body = path.read_bytes().split(b"\n", 1)
    except (OSError, ValueError):
        return None
    if first != _first(head, body):
        return None
    return body.split(b"\n")


def _first(head: str, body: bytes) -> bytes:
    return f"{head} {sha256(body).hexdigest()}".encode()


def _keep(path: Path, head: str, lines: list[bytes]) -> None:
    """Write beside and replace; a cache that cannot be written is done without."""
    body = b"\n".join(lines)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        try:
            temporary.touch(mode=0o600, exist_ok=False)
            temporary.write_bytes(_first(head, body) + b"\n" + body)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def parse(line: bytes) -> Any:
    """Read one compiled line."""
    return json.loads(line)
