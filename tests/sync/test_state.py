"""What lies in the state folder is the user's alone, and nothing but SQLite opens the ledger."""

from __future__ import annotations

import builtins
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import World, event
from vaultsync.ledger import lock

COMMANDS = (
    "collect", "daily", "daily --dry-run", "sync --since 2026-01-01", "show", "report", "report --json",
    "doctor", "prices check", "prices explain", "reconcile", "ledger check", "ledger backup", "ledger vacuum",
    "undo --all",
)  # fmt: skip
SHELF = "replaced"
"""A version of a note that may have to go back into its place: it keeps its rights, in a closed folder."""


@pytest.fixture
def filled(world: World) -> World:
    """A vault with a call, a rejected line, and a note that is ours."""
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"), event("2026-01-09T09:00:00Z", -1))
    world.write("Daily/2026-01-09.md", "mine\n")
    return world


@pytest.mark.skipif(os.name != "posix", reason="rights are those of POSIX")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277, 0o777], ids=oct)
def test_whatever_the_umask_only_the_user_may_read_the_state(filled: World, umask: int) -> None:
    before = os.umask(umask)
    try:
        for command in COMMANDS:
            filled.run(*command.split(), code=None)
    finally:
        os.umask(before)
    state = filled.root / "state"
    found = {path: stat.S_IMODE(path.lstat().st_mode) for path in (state, *state.rglob("*"))}
    found = {path: mode for path, mode in found.items() if path.is_dir() or SHELF not in path.parts}
    assert len(found) > 5
    assert {
        path: oct(mode) for path, mode in found.items() if mode != (0o700 if path.is_dir() else 0o600)
    } == {}


def test_nothing_but_sqlite_opens_the_ledger(filled: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing it once more would drop the locks that SQLite holds on it."""
    opened: list[Path] = []

    def noting(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(file: Any, *args: Any, **more: Any) -> Any:
            got = real(file, *args, **more)
            if not isinstance(file, int):
                opened.append(Path(os.fsdecode(file)))
            return got

        return call

    for module, name in ((builtins, "open"), (io, "open"), (os, "open")):
        monkeypatch.setattr(module, name, noting(getattr(module, name)))
    for command in COMMANDS:
        filled.run(*command.split(), code=None)
    assert opened, "the test sees what is opened"
    ledger = {f"ledger.db{end}" for end in ("", "-wal", "-shm", "-journal")}
    assert [path for path in opened if path.name in ledger] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_in_the_place_of_the_ledger_is_named(filled: World, command: str) -> None:
    place = filled.root / "state/ledger.db"
    place.mkdir(parents=True)
    done = filled.run(*command.split(), code=None)
    told = done.stderr + done.stdout
    assert (done.exit_code, f"{place}: " in told) == (3 if command == "doctor" else 1, True), told
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("command", ["daily", "sync", "collect", "dashboard", "undo --all", "ledger vacuum"])
def test_a_run_waits_sixty_seconds_for_another_one(
    filled: World, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    filled.run("daily")
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    ledger = filled.root / "state/ledger.db"
    with lock(ledger):
        done = filled.run(*command.split(), code=1)
    assert f"{ledger}: another run of vaultsync is still at work after 60 s." in done.stderr
    assert 59 < sum(waited) < 61
