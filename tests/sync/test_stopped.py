"""A run that is told to stop ends at once and in one line, as whole as before; the next one completes it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from tests.sync.conftest import World, event
from vaultsync.ledger import Ledger

CODE = """
import os, signal, sys
from datetime import UTC, datetime
from vaultsync import ledger
from vaultsync.cli import common
from vaultsync.vault import writer
number = int(sys.argv.pop(1))
if number == signal.SIGINT:
    signal.signal(number, signal.default_int_handler)  # whoever started the tests may have let it be ignored
common.now = lambda: datetime(2026, 1, 9, 20, tzinfo=UTC)
whole = PLACE
calls = []
def stopped(*args, **more):
    calls.append(1)
    if len(calls) == 2:
        os.kill(os.getpid(), number)
        while True:
            signal.pause()
    return whole(*args, **more)
PLACE = stopped
from vaultsync.__main__ import main
main()
"""
SIGNALS = [signal.Signals[name] for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
PLACES = {"in the ledger": "ledger.Ledger.record", "before a note": "writer.Writer.update"}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("number", SIGNALS, ids=lambda sig: sig.name)
def test_a_signal_ends_a_run_as_whole_as_before_and_the_next_completes_it(
    world: World, number: signal.Signals, place: str
) -> None:
    for name in ("a", "b"):
        world.log(f"{name}.jsonl", event("2026-01-09T08:00:00Z", session_id=name))
    world.write("Daily/2026-01-09.md", "mine\n")
    world.write("Weekly/2026-W02.md", "mine\n")
    arguments = ["daily", "--date", "2026-01-09", "--vault", str(world.vault)]
    command = [sys.executable, "-c", CODE.replace("PLACE", place), str(int(number)), *arguments]
    environ = {**os.environ, "HOME": str(world.root), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ, check=False)
    assert done.returncode == 1, done.stderr
    assert done.stderr.strip() == "Stopped. Nothing is half-written; the same command completes it."
    with Ledger.open(world.root / "state/ledger.db", read_only=True) as ledger:
        assert ledger.check() == []
    assert all(note == b"mine\n" or b"%% vaultsync:end " in note for note in world.notes().values())
    assert not [path for path in world.vault.rglob(".*") if path.is_file()]
    world.run("daily", "--date", "2026-01-09")
    assert "2 calls" in world.read("Daily/2026-01-09.md") and "2 calls" in world.read("Weekly/2026-W02.md")
