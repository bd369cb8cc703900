"""Files that are no logs, no longer logs, or not yet: named and never waited for; every call counts once."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import socket
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.sync.conftest import World, event
from tests.sync.test_bad_lines import counted
from vaultsync.collectors import reading
from vaultsync.collectors.reading import LogFile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HOURS = range(6)
EVENTS = [event(f"2026-01-09T0{hour}:00:00Z", 1000 + hour) for hour in HOURS]
LINES = [json.dumps(each) + "\n" for each in EVENTS]
ALL = (len(EVENTS), sum(each["input_tokens"] for each in EVENTS))
unix = pytest.mark.skipif(sys.platform == "win32", reason="there are none")


def told(world: World) -> list[tuple[str, str]]:
    """What is said of files: name and place, and why."""
    done = world.run("collect", "-v")
    assert "Traceback" not in done.stderr
    return re.findall(r"^(?:.*/)?([\w.-]+(?::\d+)?): (.*)$", done.stderr, re.MULTILINE)


def settled(world: World, text: str | None = None) -> tuple[int, int]:
    """What counts once the next run is over, too; what a log then holds may be told."""
    if text is not None:
        world.write("logs/a.jsonl", text, age=60)
    world.run("collect")
    world.now += timedelta(minutes=20)
    world.run("collect")
    return counted(world)


@pytest.fixture
def logs(world: World) -> Path:
    """The folder of logs, with one that is sound."""
    return world.log("sound.jsonl", *EVENTS).parent


# --- what is no regular file, or lies elsewhere ---


@unix
def test_what_is_no_file_of_the_logs_is_named_and_never_waited_for(world: World, logs: Path) -> None:
    os.mkfifo(logs / "pipe.jsonl")
    (logs / "device.jsonl").symlink_to("/dev/zero")
    (logs / "folder.jsonl").mkdir()
    (logs / "loop.jsonl").symlink_to(logs / "pool.jsonl")
    (logs / "pool.jsonl").symlink_to(logs / "loop.jsonl")
    (logs / "self").symlink_to(logs)
    (logs / "out.jsonl").symlink_to(world.write("elsewhere.jsonl", "".join(LINES).replace("1000", "5")))
    (logs / "gone.jsonl").symlink_to(logs / "nothing")
    here = Path.cwd()
    os.chdir(logs)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jsonl")
        os.chdir(here)
        found = told(world)
    assert {name: text.partition(".")[0] for name, text in found} == {
        "device.jsonl": "the link leads out of the logs",
        "gone.jsonl": "the link leads nowhere, or to what cannot be read",
        "loop.jsonl": "the link is a loop",
        "out.jsonl": "the link leads out of the logs",
        "pipe.jsonl": "a pipe, socket or device is no log; it is not opened",
        "pool.jsonl": "the link is a loop",
        "socket.jsonl": "a pipe, socket or device is no log; it is not opened",
    }
    assert counted(world) == ALL


@unix
@pytest.mark.parametrize("where", ["/dev/null", "/dev/zero", "/dev/full"])
def test_a_place_of_logs_that_is_a_device_is_not_opened(world: World, where: str) -> None:
    world.write("vaultsync.yaml", world.read("vaultsync.yaml").replace("logs: [logs]", f"logs: [{where}]"))
    assert told(world) == [(where[5:], "a pipe, socket or device is no log; it is not opened. Remove it.")]


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
def test_a_file_that_cannot_be_read_is_named_and_read_when_it_can(
    world: World, logs: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    bad = world.log("bad.jsonl", event("2026-01-08T08:00:00Z", 7))
    with monkeypatch.context() as patch:
        look = LogFile.look
        patch.setattr(LogFile, "look", lambda path: _fail(error) if path == bad else look(path))
        assert told(world) == [("bad.jsonl", f"{error.strerror}. Check the file, or move it out.")]
        assert counted(world) == ALL
    assert told(world) == [] and counted(world) == (ALL[0] + 1, ALL[1] + 7)


def _fail(error: OSError) -> Any:
    raise error


class Failing:
    """A stream that fails after some bytes, as a disk or a network drive does."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def readinto(self, view: memoryview) -> int:
        """Fill what is left, then fail."""
        if not self._data:
            raise OSError(5, "Input/output error")
        size = min(len(view), len(self._data))
        view[:size], self._data = self._data[:size], self._data[size:]
        return size

    def __enter__(self) -> Failing:
        return self

    def __exit__(self, *trouble: object) -> None:
        pass


def test_a_disk_that_fails_in_the_middle_loses_no_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.log("a.jsonl", *EVENTS)
    data = "".join(LINES).encode()
    with monkeypatch.context() as patch:
        patch.setattr(reading.Reader, "_open", lambda self, buffering=0: Failing(data[: len(data) // 2]))
        ((name, text),) = told(world)
        assert name == "a.jsonl" and "Input/output error" in text
        assert counted(world)[0] <= len(EVENTS) // 2
    assert settled(world) == ALL


# --- packed ---


def zeros(size: int) -> bytes:
    """Zeros as gzip data, the head of which is a sound line."""
    packer = zlib.compressobj(9, wbits=31)
    first = packer.compress(LINES[0].encode())
    return first + b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def zstd_zeros(size: int) -> bytes:
    """The same as Zstandard data."""
    return bytes(zstd.compress(LINES[0].encode() + bytes(size)))


@pytest.mark.parametrize(("name", "made"), [("a.jsonl.gz", zeros), ("a.jsonl.zst", zstd_zeros)])
def test_of_a_bomb_counts_what_came_before_and_no_memory_is_filled(
    world: World, name: str, made: Callable[[int], bytes]
) -> None:
    world.write(f"logs/{name}", made(200 << 20))
    tracemalloc.start()
    ((where, text),) = told(world)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert where.startswith(name) and "100 times its size" in text
    assert counted(world) == (1, 1000) and peak < 120 << 20


def test_archives_within_archives_are_not_unpacked(world: World, logs: Path) -> None:
    data = "".join(LINES).encode()
    for depth in range(20):
        data = gzip.compress(data) if depth % 2 else zstd.compress(data)
    world.write("logs/deep.jsonl.gz", data)
    world.write("logs/old.tar", b"\0" * 257 + b"ustar" + b"\0" * 1000)
    world.write("logs/old.zip", b"PK\x03\x04" + bytes(100))
    assert {name for name, _ in told(world)} == {"deep.jsonl.gz", "old.tar", "old.zip"}
    assert counted(world) == ALL


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.7, 0.99])
def test_of_a_cut_archive_counts_what_came_before_the_cut(
    world: World, pack: Callable[[bytes], bytes], share: float
) -> None:
    many = [event(f"2026-01-0{1 + n % 9}T08:00:00Z", n, note=os.urandom(60).hex()) for n in range(3000)]
    data = pack("".join(json.dumps(each) + "\n" for each in many).encode())
    world.write("logs/a.jsonl.gz", data[: int(len(data) * share)])
    found = told(world)
    assert [name.partition(":")[0] for name, _ in found] == ["a.jsonl.gz"] * (share > 0)
    assert counted(world)[0] <= 3000 * share + 1
    world.write("logs/a.jsonl.gz", data, age=60)
    assert settled(world) == (3000, sum(range(3000)))


# --- endless ---


def test_a_line_without_an_end_fills_no_memory(world: World) -> None:
    path = world.write("logs/a.jsonl", LINES[0])
    with path.open("ab") as stream:
        for _ in range(100):
            stream.write(b"x" * (1 << 20))
        stream.write(b"\n" + LINES[1].encode())
    tracemalloc.start()
    found = told(world)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == [("a.jsonl:2", "the line is over 64 MB. Shorten it at its source.")]
    assert counted(world) == (2, 2001) and peak < 150 << 20


def test_an_endless_file_without_a_line_is_rejected(world: World) -> None:
    with world.write("logs/a.jsonl", LINES[0][:-1]).open("ab") as stream:
        stream.truncate(80 << 20)
    assert [name for name, _ in told(world)] == ["a.jsonl:1"] and counted(world) == (0, 0)


def test_what_is_no_log_is_given_up_after_a_thousand_lines(world: World) -> None:
    first = LINES[0].replace("1000", "-1000")
    world.write("logs/a.jsonl", first + "no\n" * 5000)
    found = told(world)
    assert len(found) == 1001 and found[-1][1].startswith("it is not a usage log")
    world.write("logs/a.jsonl", LINES[0] + "no\n" * 5000, age=60)
    assert told(world)[-1][1] == "4,000 more lines are rejected." and counted(world) == (1, 1000)


# --- not yet whole ---


def test_a_document_that_is_being_written_waits_and_is_then_rejected(world: World) -> None:
    text = json.dumps(EVENTS, indent=1)
    world.write("logs/a.json", text[: len(text) // 2], age=5)
    assert (told(world), counted(world)) == ([], (0, 0))
    world.now += timedelta(seconds=30)
    assert (told(world), counted(world)) == ([], (0, 0))
    world.now += timedelta(seconds=30)
    ((name, reason),) = told(world)
    assert name.startswith("a.json") and reason.endswith("Restore it, or remove it.")
    world.write("logs/a.json", text, age=1)
    assert (told(world), counted(world)) == ([], ALL)


def test_the_last_row_of_a_table_waits_ten_minutes(world: World) -> None:
    head = "timestamp,model_provider,model_name,input_tokens,output_tokens\n"
    world.write("logs/a.csv", head + "2026-01-09T08:00:00Z,openai,gpt-5,7,800", age=0)
    for minutes, events in ((0, 0), (9, 0), (2, 1)):
        world.now += timedelta(minutes=minutes)
        world.run("collect")
        assert counted(world)[0] == events


# --- changed while they are read ---


def changed_after_look(monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]) -> None:
    """Let a log change between the look at it and its reading, once."""
    look, waiting = LogFile.look, [change]

    def looked(path: Path) -> LogFile:
        file = look(path)
        if waiting:
            waiting.pop()(path)
        return file

    monkeypatch.setattr(LogFile, "look", looked)


def _grow(path: Path) -> None:
    with path.open("a") as stream:
        stream.write("".join(LINES[3:]))


def _grow_by_a_part(path: Path) -> None:
    with path.open("a") as stream:
        stream.write(LINES[3][:50])


def _replace(path: Path) -> None:
    new = path.with_name("new")
    new.write_text("".join(reversed(LINES)))
    new.replace(path)


CHANGES: dict[str, Callable[[Path], None]] = {
    "grown": _grow,
    "grown by a part": _grow_by_a_part,
    "shrunk": lambda path: os.truncate(path, len(LINES[0]) + 20),
    "emptied": lambda path: os.truncate(path, 0),
    "replaced": _replace,
    "removed": Path.unlink,
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_log_that_changes_while_it_is_read_counts_each_call_once(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world.write("logs/a.jsonl", "".join(LINES[:3]))
    changed_after_look(monkeypatch, CHANGES[name])
    world.run("collect")
    assert settled(world, "".join(LINES)) == ALL


# --- each call once, whatever becomes of its log ---


def _copytruncated(logs: Path) -> None:
    shutil.copyfile(logs / "a.jsonl", logs / "a.jsonl.1")
    os.truncate(logs / "a.jsonl", 0)


def _rotated(logs: Path) -> None:
    (logs / "a.jsonl").rename(logs / "a.jsonl.1")


def _packed(logs: Path) -> None:
    (logs / "a.jsonl.1.gz").write_bytes(gzip.compress((logs / "a.jsonl").read_bytes()))
    (logs / "a.jsonl").unlink()


def _copied(logs: Path) -> None:
    (logs / "archive").mkdir()
    names = (
        "archive/a.jsonl",
        "a 2.jsonl",
        "a.sync-conflict-20260109-120000-ABCDEFG.jsonl",
        "a-laptop.jsonl",
    )
    for name in names:
        shutil.copyfile(logs / "a.jsonl", logs / name)


FATES: dict[str, tuple[Callable[[Path], None], list[int]]] = {
    "copied and truncated": (_copytruncated, [3, 4, 5]),
    "rotated": (_rotated, [3, 4, 5]),
    "rotated and packed": (_packed, [3, 4, 5]),
    "copied": (_copied, [0, 1, 2, 3, 4, 5]),
    "deleted": (lambda logs: (logs / "a.jsonl").unlink(), [3, 4, 5]),
    "emptied": (lambda logs: os.truncate(logs / "a.jsonl", 0), [3, 4, 5]),
    "restored from a backup": (lambda logs: None, [0, 1]),
    "with lines put in front": (lambda logs: None, [5, 4, 3, 0, 1, 2]),
    "with lines put between": (lambda logs: None, [0, 3, 1, 4, 2, 5]),
    "replaced by a longer file": (lambda logs: None, [3, 4, 5, 0, 1, 2]),
    "replaced by one of the same size": (lambda logs: None, [3, 4, 5]),
}


@pytest.mark.parametrize("name", FATES)
def test_each_call_counts_once_whatever_becomes_of_its_log(world: World, name: str) -> None:
    logs = world.write("logs/a.jsonl", "".join(LINES[:3])).parent
    assert settled(world)[0] == 3
    fate, after = FATES[name]
    fate(logs)
    assert settled(world)[0] == 3
    old = (logs / "a.jsonl").stat() if (logs / "a.jsonl").exists() else None
    new = world.write("logs/new", "".join(LINES[n] for n in after))
    if old and old.st_size == new.stat().st_size:
        os.utime(new, ns=(old.st_atime_ns, old.st_mtime_ns))
    new.replace(logs / "a.jsonl")
    events, tokens = settled(world)
    both = {0, 1, 2, *after}
    assert (events, tokens) == (len(both), sum(EVENTS[n]["input_tokens"] for n in both))


@pytest.mark.parametrize(("name", "counts"), [("a.jsonl", {0, 1, 2, 3, 4, 5}), ("a.json", {3, 4, 5})])
def test_a_file_rewritten_in_place_with_its_old_size_and_time_is_read_again(
    world: World, name: str, counts: set[int]
) -> None:
    """A log only ever adds; a document says what it says now."""
    join, form = ("", "{}") if name == "a.jsonl" else (",", "[{}]")
    path = world.write(f"logs/{name}", form.format(join.join(LINES[:3])))
    assert settled(world)[0] == 3
    old = path.stat()
    path.write_text(form.format(join.join(LINES[3:])))
    os.utime(path, ns=(old.st_atime_ns, old.st_mtime_ns))
    now = path.stat()
    assert (now.st_size, now.st_mtime_ns, now.st_ino) == (old.st_size, old.st_mtime_ns, old.st_ino)
    assert settled(world) == (len(counts), sum(EVENTS[n]["input_tokens"] for n in counts))


def test_logs_are_only_read(world: World, logs: Path) -> None:
    world.write("logs/bad.jsonl", LINES[0] + "no\n" + LINES[1][:40], age=5)
    world.write("logs/cut.jsonl.gz", gzip.compress("".join(LINES).encode())[:-9], age=5)
    world.write("logs/empty.csv", "", age=5)
    world.write("logs/old/day.json", "{", age=5)

    def seen() -> dict[str, tuple[bytes, int, int]]:
        files = [path for path in logs.rglob("*") if path.is_file()]
        return {str(p): (p.read_bytes(), p.stat().st_mtime_ns, p.stat().st_mode) for p in files}

    before = seen()
    for command in ("collect", "daily", "doctor"):
        world.run(command, code=None)
    assert seen() == before and len(before) == 5


@pytest.mark.parametrize("gone", ["file", "folder"])
def test_what_was_counted_stays_when_its_log_is_gone(world: World, logs: Path, gone: str) -> None:
    world.run("daily")
    before = world.notes()
    shutil.rmtree(logs) if gone == "folder" else (logs / "sound.jsonl").unlink()
    world.run("daily")
    assert counted(world) == ALL and world.notes() == before


@pytest.fixture(autouse=True)
def _back_home() -> Iterator[None]:
    here = Path.cwd()
    yield
    os.chdir(here)
