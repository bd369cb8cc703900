"""Read the names of Codex's threads, which stand in an index beside the rollouts.

Odd facts of the format (public readers, August to October 2026): a row is added whenever a thread is named,
by the program with the beginning of the first prompt, seconds later with what a model made of it, and by the
user. Nothing tells them apart. So a name counts only where the prompt is found, and does not begin with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from vaultsync.collectors.agents.codex import FOLDERS, SOURCE, thread_in
from vaultsync.collectors.agents.codex.rows import Row, rows_of
from vaultsync.collectors.agents.lines import NOTHING, BrokenLine, decoded, id_of
from vaultsync.collectors.agents.roots import folder_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.agents.titles import is_prompt, rank_of, titles
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.model import Finding, Issue

INDEX = "session_index.jsonl"
REQUEST = "## My request for Codex:"
"""What editors write between what is open in them and the prompt."""


class Named(msgspec.Struct, gc=False):
    """A row of the index; every field may hold anything."""

    id: Any = None
    name: Any = msgspec.field(default=None, name="thread_name")
    updated: Any = msgspec.field(default=None, name="updated_at")


class Said(msgspec.Struct, gc=False):
    """What a person wrote."""

    type: Any = None
    message: Any = None


_named = msgspec.json.Decoder(Named).decode
_said = msgspec.json.Decoder(Said).decode


class CodexNames:
    """Collect the names of threads."""

    name = "codex-names"
    agent = SOURCE
    kind: Literal["lines"] = "lines"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is the index, by name and head."""
        return file.name == INDEX and b'"thread_name"' in file.head

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The program's folder; `CODEX_HOME` takes the place of the usual one."""
        return [Place(folder_of(environ, home, "CODEX_HOME", ".codex"), (INDEX,))]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the names that are no prompts."""
        rollouts: dict[str, Path] | None = None
        for found in rows_in(reader, _named):
            if isinstance(found, Issue):
                yield found
                continue
            row, rollouts = (
                found[1],
                rollouts if rollouts is not None else rollouts_in(reader.file.path.parent),
            )
            path = rollouts.get(id_of(row.id) or "")
            prompt = prompt_in(path) if path else None
            if prompt is not None and not is_prompt(row.name, prompt):
                yield from titles(SOURCE, row.id, row.name, rank_of(row.updated))


def rollouts_in(folder: Path) -> dict[str, Path]:
    """Thread -> its rollout."""
    found: dict[str, Path] = {}
    for name in FOLDERS:
        for path in (folder / name).rglob("rollout-*"):
            if thread := thread_in(path.name.removesuffix(".zst")):
                found[thread] = path
    return found


@lru_cache(maxsize=1024)
def prompt_in(rollout: Path) -> str | None:
    """What a person wrote first in a thread, as far as its beginning tells; only to compare it."""
    try:
        lines = LogFile.look(rollout).head.split(b"\n")
    except OSError:
        return None
    for row in _rows(lines):
        said = decoded(_said, row.payload) if row.type == "event_msg" and row.payload != NOTHING else None
        if said and said.type == "user_message" and isinstance(said.message, str):
            return said.message.rpartition(REQUEST)[2]
    return None


def _rows(lines: Sequence[bytes]) -> Iterator[Row]:
    for line in lines:
        try:
            yield from rows_of(line)[0]
        except BrokenLine:
            continue
