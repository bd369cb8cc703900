"""Let several processes read log files, where there is much to read; what they say comes in the files' order.

Each process has a pipe of its own, and is handed the next share when it has told of one. A process that dies
costs nothing but time: what it had is read here.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vaultsync.collectors.packing import PACKED
from vaultsync.sync.read import Reading, Told

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

MUCH = 48_000_000
"""Bytes from which on further processes are worth their start."""
SHARE = 8_000_000
"""Bytes that are handed to a process at once."""
MOST_FILES = 200
"""Files in one share."""
LARGE = 64_000_000
"""A file from this size on is read here, piece by piece, so that no process has to send all of it at once."""
MOST_PROCESSES = 60
"""Windows waits for hardly more pipes at once."""
PACKED_RATIO = 10
"""What logs unpack to, about, in times of their size."""
START = "fork" if sys.platform == "linux" else "spawn"
"""Linux copies a process in a millisecond; elsewhere a copy is not safe, and a new one is started."""
AHEAD = 2
"""Shares that a process has in hand, so that it never waits for the next."""


class Unread(NamedTuple):
    """A file with something new in it."""

    path: Path
    owner: str | None
    """Name of the collector in whose usual place it lies."""
    size: int
    """Bytes that are new."""

    @property
    def weight(self) -> int:
        """Bytes that there are to read, as far as a packed file tells."""
        return self.size * (PACKED_RATIO if self.path.name.endswith(PACKED) else 1)


def readings(
    reading: Reading, files: Sequence[Unread], processes: int = 0
) -> Generator[Iterable[Told], None, None]:
    """What files say, one after another; see `Reading.read`.

    Args:
        processes: How many read at once; 0: as many as there are cores, for much to read.
    """
    small = sum(file.weight for file in files if file.weight < LARGE)
    processes = processes or (_cores() if small >= MUCH else 1)
    if processes < 2:
        for file in files:
            yield reading.read(file.path, file.owner)
        return
    with Crew(reading, list(shares(files)), processes) as crew:
        yield from crew.told()


def shares(files: Sequence[Unread]) -> Iterator[list[Unread]]:
    """Cut files into shares, in their order; a large one is a share of its own."""
    share: list[Unread] = []
    for file in files:
        is_full = len(share) == MOST_FILES or sum(each.weight for each in share) + file.weight > SHARE
        if share and is_full:
            yield share
            share = []
        share.append(file)
    if share:
        yield share


class Crew:
    """Processes that read shares of files; a context manager that ends them."""

    def __init__(self, reading: Reading, shares: list[list[Unread]], processes: int) -> None:
        self._reading, self._shares = reading, shares
        self._count = min(processes, len(shares))
        self._waiting = deque(number for number, share in enumerate(shares) if not _is_large(share))
        self._done: dict[int, list[list[Told]]] = {}
        self._hands: dict[Connection, tuple[BaseProcess, set[int]]] = {}

    def __enter__(self) -> Crew:
        # The heavy part of the standard library is loaded only where there is much to read.
        from multiprocessing import get_context

        context: Any = get_context(START)
        if START == "spawn":
            os.environ["PYTHONSAFEPATH"] = "1"  # the current folder may be a vault that holds a pickle.py
        with suppress(OSError):  # no more may be started here: fewer do, or this one alone
            for _ in range(self._count):
                self._start(context)
        for pipe in [*self._hands] * AHEAD:
            self._hand_out(pipe)
        return self

    def _start(self, context: Any) -> None:
        ours, theirs = context.Pipe()
        copied = [*self._hands, ours] if START == "fork" else []
        given = theirs, self._reading, self._shares, copied
        hand = context.Process(target=work, args=given, daemon=True)
        hand.start()
        theirs.close()
        self._hands[ours] = (hand, set())

    def __exit__(self, *trouble: object) -> None:
        for pipe, (hand, _) in self._hands.items():
            pipe.close()
            hand.terminate()
            hand.join()

    def told(self) -> Iterator[Iterable[Told]]:
        """What all files say, in their order."""
        for number, share in enumerate(self._shares):
            while number not in self._done and any(number in given for _, given in self._hands.values()):
                self._listen()
            if number in self._done:
                yield from self._done.pop(number)
            else:
                with suppress(ValueError):
                    self._waiting.remove(number)
                for file in share:
                    yield self._reading.read(file.path, file.owner)

    def _listen(self) -> None:
        """Take what the processes have to say; forget one that has died."""
        from multiprocessing.connection import wait

        ready = wait([*self._hands])
        for pipe in [each for each in self._hands if each in ready]:
            try:
                number, told = pipe.recv()
            except (EOFError, OSError):
                self._lose(pipe)
                continue
            self._done[number] = told
            self._hands[pipe][1].discard(number)
            self._hand_out(pipe)

    def _hand_out(self, pipe: Connection) -> None:
        if pipe not in self._hands or not self._waiting:
            return
        number = self._waiting.popleft()
        self._hands[pipe][1].add(number)
        try:
            pipe.send(number)
        except OSError:
            self._lose(pipe)

    def _lose(self, pipe: Connection) -> None:
        """Do without a process; nobody has its shares in hand then, so they are read here."""
        hand, _ = self._hands.pop(pipe)
        pipe.close()
        hand.terminate()
        hand.join()


def work(
    pipe: Connection, reading: Reading, shares: Sequence[Sequence[Unread]], copied: Sequence[Connection] = ()
) -> None:
    """Read shares for another process until it asks no more, or is gone.

    Args:
        copied: The other process's ends of pipes, of which this one has copies: while one of them is open,
            nobody learns that the other process was killed, and its run lock is held for ever.
    """
    for end in copied:
        end.close()
    for name in ("SIGINT", "SIGHUP"):  # the other process hears of it, too, and ends this one
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()  # events are many and hold no cycles; looking for some costs a tenth of the time
    with suppress(Exception):  # the other process reads what this one cannot, and says why
        while True:
            number = pipe.recv()
            pipe.send((number, [list(reading.whole(file.path, file.owner)) for file in shares[number]]))


def _is_large(share: Sequence[Unread]) -> bool:
    return any(file.weight >= LARGE for file in share)


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return min(len(os.sched_getaffinity(0)), MOST_PROCESSES)
    return min(os.cpu_count() or 1, MOST_PROCESSES)
