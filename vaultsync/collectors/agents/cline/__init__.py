"""Read the tasks of Cline, and of Roo Code and Kilo Code, which come from it: one row for each request.

Odd facts of the format (the programs' own source as public readers describe it, 2025 and 2026): the counts of
a request are a JSON text in a message, written when it begins and completed in place. What `tokensIn` means
differs by program, provider and date, see `tasks`. When messages are taken back, Cline puts the sum of their
requests in their place, the others nothing. Cline keeps sessions of another shape since version 4.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal

from vaultsync.collectors.agents.cline.beside import Beside
from vaultsync.collectors.agents.cline.sessions import is_session, session_events
from vaultsync.collectors.agents.cline.tasks import ROO_TOTALS, Manner, task_events
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Kind, Place
from vaultsync.collectors.values import text
from vaultsync.model import Finding

TASK = "ui_messages.json"
TASKS = ("*/ui_messages.json",)
SESSIONS = ("**/*.messages.json",)
PATH_LIMIT = 1000
EDITORS = ("Code", "Code - Insiders", "VSCodium", "Cursor", "Windsurf", "Trae")
SERVERS = (".vscode-server", ".vscode-server-insiders", ".cursor-server", ".windsurf-server")
"""Where editors keep data on a machine that they are used on from afar."""
_is_task = re.compile(r"\d{13}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE).fullmatch
"""Names of tasks: the time at which they began, or a UUID."""


class _Tasks:
    """Collect the tasks of one of the programs."""

    name: str
    kind: Kind = "store"
    manner: Manner
    extension: str
    """Its id as an extension of editors."""

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file holds the messages of a task of this program, by its place and its head."""
        return file.name == TASK and b'"say"' in file.head and self._owns(file)

    def _owns(self, file: LogFile) -> bool:
        return self.extension in file.path.parts

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The storage of the extension in each editor."""
        folders = [folder / "globalStorage" / self.extension for folder in users_of(environ, home)]
        return [Place(folder / "tasks", TASKS) for folder in folders]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the requests of a task in their order."""
        folder = reader.file.path.parent
        task = folder.name if _is_task(folder.name) else None
        yield from task_events(reader, task, self.manner, Beside(folder, task), self._project_of)


class RooCode(_Tasks):
    """Collect the tasks of Roo Code."""

    name = "roo-code"
    extension = "rooveterinaryinc.roo-cline"
    manner = Manner(name, ROO_TOTALS[name])

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The storage of the extension in each editor, and that of the command line."""
        own = Place(home / ".vscode-mock" / "global-storage" / "tasks", TASKS)
        return [*super().places(environ, home), own]

    def _owns(self, file: LogFile) -> bool:
        return super()._owns(file) or ".vscode-mock" in file.path.parts


class KiloCode(_Tasks):
    """Collect the tasks of Kilo Code before version 7; the later ones keep what the Kilo CLI keeps."""

    name = "kilo-code"
    extension = "kilocode.kilo-code"
    manner = Manner(name, ROO_TOTALS[name])


class Cline(_Tasks):
    """Collect the tasks of Cline, and those of which nothing tells whose they are."""

    name = "cline"
    kind: Kind = "document"
    extension = "saoudrizwan.claude-dev"
    manner = Manner(name, None)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The storage of the extension in each editor, and the program's own folder."""
        return [*super().places(environ, home), Place(data_of(environ, home) / "tasks", TASKS)]

    def _owns(self, file: LogFile) -> bool:
        others = {RooCode.extension, KiloCode.extension, ".vscode-mock"}
        return others.isdisjoint(file.path.parts)


class ClineSessions:
    """Collect the sessions that Cline keeps since version 4.1."""

    name = "cline-sessions"
    agent = "cline"
    kind: Literal["store"] = "store"

    def __init__(self, root_of: Callable[[str], str] = repository_of) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))

    def claims(self, file: LogFile) -> bool:
        """Say whether a file holds the messages of a session, by name and head."""
        return file.name.endswith(".messages.json") and is_session(file.head)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder of sessions; `CLINE_SESSION_DATA_DIR` takes the place of the usual one."""
        usual = data_of(environ, home) / "sessions"
        moved = environ.get("CLINE_SESSION_DATA_DIR", "").strip()
        return [Place(Path(moved) if moved else usual, SESSIONS)]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the answers of a session in their order."""
        yield from session_events(reader, self.agent, self._project_of)


def data_of(environ: Mapping[str, str], home: Path) -> Path:
    """The folder in which Cline keeps its data outside of editors."""
    if moved := environ.get("CLINE_DATA_DIR", "").strip():
        return Path(moved)
    name = "CLINE_DIR" if environ.get("CLINE_DIR", "").strip() else "CLINE_HOME"
    return folder_of(environ, home, name, ".cline") / "data"


def users_of(environ: Mapping[str, str], home: Path) -> list[Path]:
    """The `User` folders of editors: on Linux, macOS and Windows, and on machines used from afar."""
    roaming = environ.get("APPDATA", "").strip()
    bases = [
        folder_of(environ, home, "XDG_CONFIG_HOME", ".config"),
        home / "Library" / "Application Support",
        Path(roaming) if roaming else home / "AppData" / "Roaming",
    ]
    folders = [base / editor / "User" for base in bases for editor in EDITORS]
    return [*folders, *(home / server / "data" / "User" for server in SERVERS)]
