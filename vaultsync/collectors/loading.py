"""Find the collectors that are installed, and load each only when it is wanted.

Most runs find nothing new, and of dozens of tools a person uses a few. So the names of the shipped
collectors, their agents and their usual places are remembered in a small file; it may be deleted at any time,
and is made anew when the code, the home folder or an environment variable that was asked for is another.
Collectors that other packages bring are loaded at once.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from vaultsync import cache
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Collector, Kind, Place, Retention, agent_of, retention_of, tells_of
from vaultsync.model import TELLS, Finding, Issue, Tells

GROUP = "vaultsync.collectors"
OURS = "vaultsync."


def load(extra: Sequence[Collector] = (), memory: Path | None = None) -> tuple[list[Collector], list[Issue]]:
    """All collectors: those of `extra` (the user's mappings) first, then the entry points, sorted by name.

    Args:
        memory: File in which names and places are remembered; None: they are asked for.

    Returns:
        The collectors, and an issue for each entry point that cannot be loaded.

    Source: entry-point group `vaultsync.collectors`; the shipped collectors use the same door.
    """
    collectors, issues = list(extra), []
    remembered = Memory(memory)
    for name, where in remembered.points():
        try:
            collector = Lazy(name, where, remembered) if where.startswith(OURS) else made(where)
            _check(collector, collectors)
        except Exception as error:  # a plug-in may fail in any way, and must not stop the run
            text = (
                f"it cannot be loaded ({_in_short(error)}). Update or uninstall the package that brings it."
            )
            issues.append(Issue(f"collector {name}", None, text))
        else:
            collectors.append(collector)
    return collectors, issues


def made(where: str) -> Collector:
    """Make the collector that an entry point names: `module:Class`."""
    module, _, path = where.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return cast("Collector", found())


def _check(collector: Collector, others: Sequence[Collector]) -> None:
    """Refuse what is no collector, and a second one of the same name.

    Raises:
        TypeError: The message says what is wrong.
    """
    if not isinstance(collector, Lazy):
        wanted = ("name", "kind", "claims", "collect", "places")
        if missing := [name for name in wanted if not hasattr(collector, name)]:
            raise TypeError(f"it has no {' and no '.join(missing)}")
        tells = tells_of(collector)
        if wrong := {*([tells] if isinstance(tells, str) else tells.values())} - {*TELLS}:
            raise TypeError(f"it tells {min(wrong)}, which is none of {', '.join(TELLS)}")
    if any(collector.name == other.name for other in others):
        raise TypeError("its name is taken")


def _in_short(error: Exception) -> str:
    """An exception on one line."""
    return f"{type(error).__name__} {' '.join(str(error).split())}"[:200].rstrip()


class Lazy:
    """A shipped collector that is loaded when more than its name and its remembered places is wanted."""

    def __init__(self, name: str, where: str, memory: Memory) -> None:
        self.name = name
        self._where, self._memory = where, memory

    @cached_property
    def collector(self) -> Collector:
        """The collector itself."""
        return made(self._where)

    @property
    def agent(self) -> str:
        """The agent that it reads for."""
        known = self._memory.agent(self.name)
        if known is None:
            known = agent_of(self.collector)
            self._memory.keep_agent(self.name, known)
        return known

    @property
    def source(self) -> str:
        """The source of its events, where that is not its name."""
        return str(getattr(self.collector, "source", ""))

    @property
    def kind(self) -> Kind:
        """How its files are read again."""
        return self.collector.kind

    @property
    def tells(self) -> Tells | Mapping[str, Tells]:
        """What kind of telling its events are."""
        return tells_of(self.collector)

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is of this format."""
        return self.collector.claims(file)

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield what the file says."""
        return self.collector.collect(reader)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Usual places of this tool's logs on this machine."""
        known = self._memory.places(self.name, environ, home)
        if known is not None:
            return known
        asked = Asked(environ)
        found = self.collector.places(asked, home)
        self._memory.keep(self.name, asked, home, found)
        return found

    def retention(self, place: Place) -> Retention | None:
        """What the tool does to the logs in one of its places."""
        return retention_of(self.collector, place)


class Asked(Mapping[str, str]):
    """An environment that notes which variables are asked for, and what they were."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.variables: dict[str, str | None] = {}

    def __getitem__(self, name: str) -> str:
        self.variables[name] = self._environ.get(name)
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        self.variables.update(self._environ)
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


class Memory:
    """What is known of the collectors without loading them; without a file nothing is."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        with suppress(ValueError):
            self._known = json.loads((path and cache.kept(path)) or b"{}")
        if not isinstance(self._known, dict) or self._known.get("code") != self._code:
            self._known = {"code": self._code, "points": None, "agents": {}, "places": {}}

    def points(self) -> list[tuple[str, str]]:
        """Name and `module:Class` of each collector that is installed, sorted by name."""
        if self._known["points"] is None:
            from importlib.metadata import entry_points  # slow to load

            self._known["points"] = sorted([point.name, point.value] for point in entry_points(group=GROUP))
            self._save()
        return [(name, where) for name, where in self._known["points"]]

    def agent(self, name: str) -> str | None:
        """The agent that a collector reads for; None: not known."""
        known: str | None = self._known["agents"].get(name)
        return known

    def keep_agent(self, name: str, agent: str) -> None:
        """Remember the agent that a collector reads for."""
        self._known["agents"][name] = agent
        self._save()

    def places(self, name: str, environ: Mapping[str, str], home: Path) -> list[Place] | None:
        """The usual places of a collector; None: not known for this home and environment."""
        held = self._known["places"].get(name)
        if held is None or held["home"] != str(home):
            return None
        if any(environ.get(variable) != value for variable, value in held["variables"].items()):
            return None
        return [Place(Path(root), tuple(patterns)) for root, patterns in held["places"]]

    def keep(self, name: str, asked: Asked, home: Path, places: Sequence[Place]) -> None:
        """Remember the usual places of a collector."""
        found = [[str(place.root), place.patterns] for place in places]
        self._known["places"][name] = {"home": str(home), "variables": asked.variables, "places": found}
        self._save()

    @cached_property
    def _code(self) -> list[object]:
        """What decides which collectors there are, and what they would say."""
        looked = [*sys.path, *map(str, sorted(Path(__file__).parent.rglob("*.py")))]
        return [sys.version, *(_stamp(path) for path in looked)]

    def _save(self) -> None:
        """Write the file; a run that cannot does without."""
        if self._path is not None:
            cache.keep(self._path, json.dumps(self._known).encode())


def _stamp(path: str) -> list[object]:
    try:
        info = os.stat(path or ".")  # noqa: PTH116
    except OSError:
        return [path]
    return [path, info.st_mtime_ns, 0 if Path(path).is_dir() else info.st_size]
