"""The `Collector` protocol; find the collectors, and match each file to exactly one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Literal, Protocol

from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.model import Finding, Issue

GROUP = "vaultsync.collectors"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which a tool leaves its logs, and which of its files are logs."""

    root: Path
    patterns: tuple[str, ...]
    """Glob patterns below the root; a file that matches belongs to the collector without being opened."""


class Collector(Protocol):
    """Two questions make a collector: is this file mine, what does it say."""

    name: str
    """Source name of its events; lower case with hyphens."""
    kind: Literal["lines", "document"]
    """`lines`: append-only, read on from where reading stopped. `document`: read whole when it changed; what it
    says now replaces what it said before."""

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is of this format, by name and head only; never open it."""

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield what the file says, in its order; trouble with a line is an `Issue`, never an exception."""

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Usual places of this tool's logs on this machine; empty for formats that live anywhere."""


def load(extra: Sequence[Collector] = ()) -> list[Collector]:
    """All collectors, sorted by name: those of `extra` (the user's mappings) first, then the entry points.

    Source: entry-point group `vaultsync.collectors`; the shipped collectors use the same door.
    """
    points = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    return [*extra, *(point.load()() for point in points)]


def match(file: LogFile, collectors: Sequence[Collector], mapped: int = 0) -> Collector | Issue:
    """Find the one collector that claims a file.

    Args:
        mapped: How many of the first collectors are the user's own mappings; one of those wins over the others.

    Returns:
        The collector, or an issue naming the file when none or several claim it.
    """
    for group in (collectors[:mapped], collectors[mapped:]):
        claims = [c for c in group if c.claims(file)]
        if len(claims) == 1:
            return claims[0]
        if claims:
            names = " and ".join(c.name for c in claims)
            return Issue(file.path, None, f"{names} both claim this file. Give it a mapping, or move it out.")
    return Issue(
        file.path, None, "no collector knows this format. Add a mapping to vaultsync.yaml, or move the file out of the logs."
    )
