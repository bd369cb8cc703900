"""Several processes read what one would read: the same ledger, the same words, whatever becomes of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import World, event
from vaultsync.collectors.logs.flat_events import FlatEvents
from vaultsync.collectors.reading import Reader
from vaultsync.sync import crew
from vaultsync.sync.crew import Unread, shares


@pytest.fixture(autouse=True)
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let two processes read even a little, in shares of a file or two."""
    monkeypatch.setattr(crew, "MUCH", 1)
    monkeypatch.setattr(crew, "SHARE", 400)
    monkeypatch.setattr(crew, "_cores", lambda: 2)


def fill(world: World) -> None:
    """Logs with calls, copies, a document, a broken line, and a file that nobody knows."""
    for number in range(6):
        rows = [event(f"2026-01-0{number + 1}T08:00:00Z", 100 + n, session=f"s{number}") for n in range(3)]
        world.log(f"{number}.jsonl", *rows, rows[0])
    world.write("logs/copy.jsonl", world.read("logs/0.jsonl"))
    world.write("logs/broken.jsonl", world.read("logs/1.jsonl") + '{"timestamp": \n')
    world.write("logs/strange.jsonl", '{"colour": "blue"}\n')
    day = '{"date": "2026-01-07", "runs": [{"timestamp": "2026-01-07T09:00:00Z", "run_type": "manual",'
    world.write("logs/day.json", day + ' "tokens": {"input": 5, "output": 6, "total": 11}}]}')


def outcome(world: World) -> tuple[str, str, str]:
    """What collecting says, and what it leaves in the ledger."""
    done = world.run("collect", "-v")
    told = world.run(
        "report", "--by", "session,model", "--since", "2026-01-01", "--until", "2026-01-09", "--json"
    )
    return done.stdout, done.stderr, told.stdout


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str, str]:
    """The outcome with one process."""
    other = World(tmp_path)
    fill(other)
    with monkeypatch.context() as patch:
        patch.setattr(crew, "MUCH", 1 << 40)
        found = outcome(other)
    (tmp_path / "state" / "ledger.db").unlink()
    return found


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_two_processes_find_what_one_finds(
    world: World, alone: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    monkeypatch.setattr(crew, "START", start)
    assert outcome(world) == alone


def test_a_process_that_is_started_imports_nothing_from_the_current_folder(
    world: World, alone: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.write("pickle.py", "import os\nos.mkdir('trapped')\n")
    monkeypatch.chdir(world.vault)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    monkeypatch.setattr(crew, "START", "spawn")
    assert outcome(world) == alone
    assert not (world.vault / "trapped").exists()


def test_a_process_that_dies_is_done_without(
    world: World, alone: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = crew.work

    def dying(pipe: Any, reading: Any, *given: Any) -> None:
        here = os.getpid()

        def read(path: Path, owner: str | None) -> Any:
            if path.name == "1.jsonl":
                os.kill(here, signal.SIGKILL)
            return whole(path, owner)

        whole, reading.whole = reading.whole, read
        work(pipe, reading, *given)

    monkeypatch.setattr(crew, "START", "fork")
    monkeypatch.setattr(crew, "work", dying)
    assert outcome(world) == alone


def test_where_no_process_can_be_started_this_one_reads(
    world: World, alone: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> int:
        refused.append(True)
        raise BlockingIOError(11, "Resource temporarily unavailable")

    refused: list[bool] = []
    monkeypatch.setattr(crew, "START", "fork")
    monkeypatch.setattr(os, "fork", refuse)
    assert outcome(world) == alone
    assert refused


@pytest.mark.skipif(crew.START != "fork", reason="elsewhere a process has no copies of another's pipes")
def test_no_process_outlives_a_run_that_was_killed() -> None:
    """They would hold its run lock, so that no later run could begin."""
    script = (
        "import os, pathlib\n"
        "from vaultsync.sync.crew import LARGE, Crew, Unread\n"
        "large = [Unread(pathlib.Path('a'), None, LARGE)]  # nobody is asked to read it\n"
        "Crew(None, [large, large, large], 3).__enter__()\n"
        "os._exit(0)\n"
    )
    # All that is printed is awaited, until the last process that could print something has ended.
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=20, check=True)
    assert ended.stderr == b""


def test_a_large_file_is_read_piece_by_piece(
    world: World, alone: tuple[str, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "LARGE", 500)
    assert max(path.stat().st_size for path in (world.vault / "logs").iterdir()) > 500
    assert outcome(world) == alone


def test_a_collector_that_fails_is_named_and_the_others_read_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(world)
    collect = FlatEvents.collect

    def failing(self: Any, reader: Reader) -> Any:
        if reader.file.name == "2.jsonl":
            raise KeyError("a bug")
        return collect(self, reader)

    with monkeypatch.context() as patch:
        patch.setattr("vaultsync.collectors.logs.flat_events.FlatEvents.collect", failing)
        patch.setattr(crew, "START", "fork")
        done = world.run("collect")
    assert "2.jsonl: the collector flat-events failed on it (KeyError)" in done.stderr
    assert " 4 " in world.run("collect").stdout  # it is tried again


def test_shares_keep_the_order_and_are_neither_too_large_nor_too_many() -> None:
    files = [Unread(Path(f"{n}"), None, size) for n, size in enumerate([100, 200, 300, 1000, 50, 1, 1])]
    cut = list(shares(files))
    assert [file for share in cut for file in share] == files
    assert [len(share) for share in cut] == [2, 1, 1, 3]


def test_a_packed_file_weighs_what_it_unpacks_to() -> None:
    """Else a process would hold all of it at once, and send it."""
    packed = [Unread(Path(f"{name}.jsonl.{end}"), None, 30) for name in "ab" for end in ("gz", "zst")]
    assert [len(share) for share in shares(packed)] == [1, 1, 1, 1]
    assert [len(share) for share in shares([file._replace(path=Path("a.jsonl")) for file in packed])] == [4]


def test_a_little_is_read_by_this_process_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(world)
    monkeypatch.setattr(crew, "MUCH", 1 << 20)
    monkeypatch.setattr(crew, "Crew", None)
    assert world.run("collect").exit_code == 0
