"""The `Collector` protocol; find files, and match each to exactly one collector."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Literal, Protocol

from vaultsync.collectors.finding import depth_of, files_below
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.model import Finding, Issue, Tells

Kind = Literal["lines", "document", "store"]
"""How a file is read again. `lines`: append-only, read on from where reading stopped. The others are read
from their beginning when they changed, and count only if they could be read to their end: `document`: what it
says now replaces what it said before. `store`: a tool's own memory, which forgets; what it said before stays,
so its events need keys, and of a database only what is new need be told again (see `marks`)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which a tool leaves its logs, and which of its files are logs."""

    root: Path
    patterns: tuple[str, ...]
    """Glob patterns below the root; a file that matches belongs to the collector without being opened."""

    @property
    def depth(self) -> int | None:
        """How many folders below the root are looked into; None: all."""
        return depth_of(self.patterns)


@dataclass(frozen=True, slots=True)
class Retention:
    """What a tool itself does to its logs when they get old."""

    says: str
    """What it does and where that is set, to follow the tool's name: `deletes …`."""
    after: timedelta | None = None
    """How long after its last change a file is deleted; None: not at all, or not known."""
    remedy: str = ""
    """What to do about it, where that is not sane; empty: nothing."""


class Collector(Protocol):
    """Two questions make a collector: is this file mine, what does it say.

    It may also have an `agent`, see `agent_of`, a `source`, see `sources_of`, and `tells`, see `tells_of`.
    What the tool does to its old logs, `retention_of` asks.
    """

    name: str
    """Lower case with hyphens; the source of its events, unless `sources_of` says otherwise."""

    @property
    def kind(self) -> Kind:
        """How its files are read again."""

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is of this format, by name and head only; never open it."""

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield what the file says, in its order; trouble with a line is an `Issue`, never an exception."""

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Usual places of this tool's logs on this machine; empty for formats that live anywhere.

        They depend on nothing but the arguments and the system, for the answer is remembered.
        """


def agent_of(collector: Collector) -> str:
    """The agent or tool that a collector reads for, as `agents` names it; several may read for one.

    Its attribute `agent`, where another collector of that name exists whose events it adds to; else its name.
    """
    return str(getattr(collector, "agent", collector.name))


def sources_of(collector: Collector) -> Collection[str]:
    """The sources that a collector's events may have.

    Those of which `tells` says the kind; else its attribute `source`, where it has one; else `agent_of`.
    """
    tells = tells_of(collector)
    return (getattr(collector, "source", "") or agent_of(collector),) if isinstance(tells, str) else tells


def retention_of(collector: Collector, place: Place) -> Retention | None:
    """What a tool does to the logs in one of its places; None: not known.

    Asks the collector's method `retention(place)`, where it has one.
    """
    ask = getattr(collector, "retention", None)
    found: Retention | None = ask(place) if ask else None
    return found


def tells_of(collector: Collector) -> Tells | Mapping[str, Tells]:
    """What kind of telling a collector's events are, for the same spend may be told by several.

    Its attribute `tells`: a kind, or kinds by the source of events where a file holds several; else calls. No
    kinds: its events are those of other collectors, as these tell them.
    """
    tells: Tells | Mapping[str, Tells] = getattr(collector, "tells", "calls")
    return tells if isinstance(tells, str) else dict(tells)


def kinds_of(collectors: Iterable[Collector]) -> dict[str, Tells]:
    """What kind of telling each source is, of all collectors."""
    found: dict[str, Tells] = {}
    for collector in collectors:
        tells = tells_of(collector)
        found |= dict.fromkeys(sources_of(collector), tells) if isinstance(tells, str) else tells
    return found


def is_wanted(collector: Collector, agents: str | Collection[str]) -> bool:
    """Say whether the setting `agents` lets a collector read in its usual places."""
    if isinstance(agents, str):
        return agents == "auto"
    return collector.name in agents or agent_of(collector) in agents


def files_of(place: Place) -> Iterator[Path | Issue]:
    """The logs in the usual place of a tool, and issues about what cannot be read there."""
    return files_below(place.root, place.patterns)


def match(file: LogFile, collectors: Sequence[Collector], mapped: int = 0) -> Collector | Issue:
    """Find the one collector that claims a file.

    Args:
        mapped: How many of the first collectors are the user's own mappings; one of those wins.

    Returns:
        The collector, or an issue naming the file when none or several claim it.
    """
    return claimant(file, collectors, mapped) or _unclaimed(file)


def claimant(file: LogFile, collectors: Sequence[Collector], mapped: int = 0) -> Collector | Issue | None:
    """As `match`; None when no collector claims the file."""
    for group in (collectors[:mapped], collectors[mapped:]):
        claims: list[Collector] = []
        for collector in group:
            try:
                claims += [collector] if collector.claims(file) else []
            except Exception as error:  # as above
                text = f"the collector {collector.name} failed on it ({type(error).__name__}). Update it."
                return Issue(file.path, None, text)
        if len(claims) == 1:
            return claims[0]
        if claims:
            names = " and ".join(c.name for c in claims)
            return Issue(file.path, None, f"{names} both claim this file. Give it a mapping, or move it out.")
    return None


def _unclaimed(file: LogFile) -> Issue:
    if file.is_utf16:
        return Issue(file.path, None, "the file is UTF-16. Save it as UTF-8.")
    if not file.size:
        return Issue(file.path, None, "the file is empty, so nothing is read from it.", rejected=False)
    if file.name.lower().endswith((".md", ".markdown")):
        return Issue(file.path, None, "the note holds no usage, so nothing is read from it.", rejected=False)
    remedy = "Add a mapping to vaultsync.yaml, or move the file out of the logs."
    return Issue(file.path, None, f"no collector knows this format. {remedy}")
