"""A small vault with logs and a ledger for programs that inject faults, and what there is to be checked.

The clock of the program stands still, so that any two runs on equal scenes write equal bytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
NOW = datetime(2026, 1, 9, 20, 0, tzinfo=UTC)
LONG_AGO = NOW.timestamp() - 86_400
"""When the files of a scene were saved."""
TODAY, YESTERDAY = "2026-01-09", "2026-01-08"

CONFIG = """\
timezone: Europe/Berlin
locale: en-gb
agents: none
logs: [../logs]
ledger: ../state/ledger.db
notes:
  daily: {folder: Daily}
  weekly: {folder: Weekly}
  monthly: {folder: Monthly}
  dashboard: {path: LLM Costs.md}
"""
HEADING = "## 💰 Token Usage Today"
LONG = "".join(f"Line {number} of a long note.\n" for number in range(500))
NOTES: dict[str, bytes] = {
    "Daily/2026-01-05.md": f"\ufeff# Monday\r\n\r\n{HEADING}\r\n\r\nBelow.\r\n".encode(),
    "Daily/2026-01-06.md": b"# Tuesday\n\nThe last line has no end",
    "Daily/2026-01-07.md": f"---\ntags: [a,  b] # mine\nllm_budget: 2\n---\n{HEADING}\n\n## After\n".encode(),
    "Notes/eighth.md": "# Thursday\n\nÜber \u2028 and \x0c and 🎉.\n\n\n\n".encode(),
    "Weekly/2026-W02.md": f"# Week\n\n{LONG}".encode(),
    "Monthly/2026-01.md": b"",
    "LLM Costs.md": b"---\nllm_budget: {daily: 3, monthly: 60}\n---\n\n# Costs\n",
    "Notes/own.md": b"Nobody asked for costs here.\r\nMixed ends\n%% not ours %%",
}
"""Notes as a person left them; `Daily/2026-01-08.md` is a link to one."""
LINK = ("Daily/2026-01-08.md", "../Notes/eighth.md")
TEMPORARY = re.compile(r"\..*\.vaultsync\.[a-z]+")
_NAMED_AT_RANDOM = re.compile(r"[0-9a-f]{8,}")


class Done(NamedTuple):
    """How a run ended."""

    code: int
    """Negative: the number of the signal that ended it."""
    said: str
    """Both outputs."""


class Sum(NamedTuple):
    """What a ledger adds up to."""

    calls: int
    input: int
    output: int


@dataclass(frozen=True)
class Scene:
    """A folder with a vault, logs and whatever the program leaves beside them."""

    root: Path

    @property
    def vault(self) -> Path:
        return self.root / "vault"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def state(self) -> Path:
        return self.root / "state"

    @property
    def ledger(self) -> Path:
        return self.state / "ledger.db"

    def write(self, path: str, data: bytes) -> Path:
        """Write a file of the vault, as if it had been saved long ago."""
        return _write(self.vault / path, data)

    def log(self, name: str, events: Iterable[Mapping[str, Any]]) -> Path:
        """Append calls to a log."""
        path = self.logs / name
        before = path.read_bytes() if path.exists() else b""
        return _write(path, before + b"".join(json.dumps(event).encode() + b"\n" for event in events))

    def notes(self) -> dict[str, bytes]:
        """All that is in the vault but hidden files, by path; of a link its target is read."""
        found = (path for path in sorted(self.vault.rglob("*")) if path.is_file())
        return {
            str(path.relative_to(self.vault)): path.read_bytes()
            for path in found
            if not any(part.startswith(".") for part in path.relative_to(self.vault).parts)
        }

    def temporary(self) -> list[str]:
        """Files in the vault that a run should have taken away."""
        return [str(path) for path in self.vault.rglob("*") if TEMPORARY.fullmatch(path.name)]

    def kept(self) -> list[str]:
        """Names in the state folder, without what is random in them."""
        found = (str(path.relative_to(self.state)) for path in self.state.rglob("*"))
        return sorted(_NAMED_AT_RANDOM.sub("*", name) for name in found)

    def sum(self) -> Sum:
        """What the ledger adds up to; a copy of it is read, so that nothing is mended by looking."""
        with Copied(self) as db:
            ask = "SELECT count(*), coalesce(sum(input), 0), coalesce(sum(output), 0) FROM event"
            return Sum(*db.execute(ask).fetchone())

    def damage(self) -> list[str]:
        """What SQLite says is wrong with the ledger; a copy of it is read."""
        with Copied(self) as db:
            found = [row[0] for row in db.execute("PRAGMA integrity_check").fetchall()]
        return [] if found == ["ok"] else found

    def save(self, place: Path) -> None:
        """Keep the whole scene as it is."""
        shutil.copytree(self.root, place, symlinks=True)

    def restore(self, place: Path) -> None:
        """Make the scene again what it was when it was saved, in the same place, which the ledger knows."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(place, self.root, symlinks=True, dirs_exist_ok=True)

    def beside(self, name: str) -> Path:
        """A place beside the scene, on a disk that has room."""
        return self.root.with_name(f"{self.root.name}-{name}")


class Copied:
    """A copy of a ledger, open; a context manager that takes it away again."""

    def __init__(self, scene: Scene) -> None:
        self._folder = scene.beside("copy")
        self._folder.mkdir()
        for path in scene.state.glob(f"{scene.ledger.name}*"):
            if path.name.endswith((".db", "-wal", "-journal")):
                shutil.copy(path, self._folder)
        self._db = sqlite3.connect(self._folder / scene.ledger.name)

    def __enter__(self) -> sqlite3.Connection:
        if not self._db.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'event'").fetchone()[0]:
            self._db.execute("CREATE TEMP TABLE event (input, output)")  # killed before it was made
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.close()
        shutil.rmtree(self._folder)


def build(root: Path) -> Scene:
    """Make a vault with notes of all kinds and logs of four days; nothing was collected yet."""
    scene = Scene(root)
    scene.write("vaultsync.yaml", CONFIG.encode())
    (scene.vault / ".obsidian").mkdir()
    for name, data in NOTES.items():
        scene.write(name, data)
    (scene.vault / LINK[0]).symlink_to(LINK[1])
    (root / "home").mkdir()
    for day in range(5, 9):
        scene.log("calls.jsonl", (call(f"2026-01-0{day}", hour) for hour in range(8, 13)))
    run = {"timestamp": "2026-01-07T09:00:00Z", "run_type": "manual"}
    run |= {"tokens": {"input": 500, "output": 60, "total": 560}}
    _write(scene.logs / "2026-01-07.json", json.dumps({"date": "2026-01-07", "runs": [run]}).encode())
    return scene


def go_on(scene: Scene) -> None:
    """Another day has passed: new calls, and one that comes late."""
    scene.log("calls.jsonl", [call(TODAY, hour) for hour in range(8, 12)])
    scene.log("late.jsonl", [call("2026-01-06", 21)])


def call(day: str, hour: int, **more: Any) -> dict[str, Any]:
    """One flat event of a priced model."""
    return {
        "timestamp": f"{day}T{hour:02}:00:00Z",
        "model_provider": "anthropic",
        "model_name": "claude-opus-4-5" if hour % 2 else "claude-sonnet-4-5",
        "input_tokens": 1000 * hour,
        "output_tokens": 100 + hour,
        "session_id": f"s-{day}",
        "project": "garden",
        **more,
    }


def surroundings(scene: Scene) -> dict[str, str]:
    """An environment from scratch: nothing of this machine's but where programs are."""
    home = scene.root / "home"
    return {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "LANG": "C",
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT),
        "OPENBLAS_NUM_THREADS": "1",
    }


def run(scene: Scene, *arguments: str, timeout: float = 120) -> Done:
    """Run the program in a process of its own, on a scene whose clock stands still."""
    code = "import sys; from tests.faults.scene import play; sys.exit(play(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=scene.vault,
        env=surroundings(scene),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=timeout,
        check=False,
    )
    return Done(done.returncode, done.stdout)


def play(arguments: Sequence[str]) -> int:
    """Be the program: its front door, with a clock that stands still."""
    from vaultsync import __main__ as door
    from vaultsync.cli import common

    common.now = lambda: NOW
    sys.argv = ["vaultsync", *arguments]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        door.main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, (LONG_AGO, LONG_AGO))
    return path
