"""Stand between a run and the system: see each call that changes something; refuse it, or end the run there.

Linux lets one process decide about the calls of another (seccomp, user notification: 5.5 or later, x86-64),
which costs microseconds where a debugger or strace costs milliseconds.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import select
import socket
import struct
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from tests.faults.scene import Done
from tests.faults.warm import Running

CALLS = {
    "write": 1, "pwrite64": 18, "writev": 20, "pwritev": 296, "fsync": 74, "fdatasync": 75, "truncate": 76,
    "ftruncate": 77, "fallocate": 285, "open": 2, "creat": 85, "openat": 257, "rename": 82, "renameat": 264,
    "renameat2": 316, "link": 86, "linkat": 265, "unlink": 87, "unlinkat": 263, "rmdir": 84, "mkdir": 83,
    "mkdirat": 258, "symlink": 88, "symlinkat": 266, "chmod": 90, "fchmod": 91, "fchmodat": 268, "chown": 92,
    "fchown": 93, "fchownat": 260, "setxattr": 188, "fsetxattr": 190, "utimensat": 280, "flock": 73,
    "fcntl": 72,
}  # fmt: skip
"""What changes files, folders or locks: numbers of x86-64."""
WRITES = ("write", "pwrite64")
NAMES = {number: name for name, number in CALLS.items()}
ON_FILE = {"write", "pwrite64", "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "fchmod"}
ON_FILE |= {"fchown", "fsetxattr", "flock", "fcntl"}
AT = {"openat", "unlinkat", "mkdirat", "renameat", "renameat2", "linkat", "fchmodat", "fchownat", "utimensat"}
LOCKS = {5, 6, 7, 36, 37, 38}
"""Commands of fcntl that are about locks."""
LIMIT = 30.0
"""Seconds that a run may take, whatever fails."""
X86_64 = 0xC000003E
_SECCOMP, _PIDFD_OPEN, _PIDFD_GETFD = 317, 434, 438
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_GO_ON = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Call(NamedTuple):
    """A call that a run is about to make."""

    name: str
    path: str
    """Of the file or folder; empty where it has none."""
    pid: int
    args: tuple[int, ...]

    @property
    def is_change(self) -> bool:
        """True for what changes something; opening a file to read it does not."""
        if self.name in ("open", "openat"):
            flags = self.args[1 if self.name == "open" else 2]
            return bool(flags & (os.O_CREAT | os.O_TRUNC | os.O_WRONLY | os.O_RDWR))
        return self.name != "fcntl" or self.args[1] in LOCKS


class Verdict(NamedTuple):
    """What becomes of a call."""

    error: int = 0
    """Number of the error it fails with; 0: it is done."""
    half: bool = False
    """Half of what was to be written is written first."""
    kill: bool = False
    """The run ends there."""


Judge = Callable[[Call], Verdict]
PASS = Verdict()


def missing() -> str:
    """Why calls cannot be watched here; empty when they can."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return "calls are watched on Linux on x86-64 only"
    ours, theirs = socket.socketpair()
    with ours, theirs:
        pid = os.fork()
        if pid == 0:
            with suppress(OSError):
                watched(theirs)()
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(pid, 0)
    return "the kernel does not let calls be watched (seccomp user notification)" if status else ""


def watched(channel: socket.socket) -> Callable[[], None]:
    """What a run does first to be watched; the other end of the channel gets the means to do so."""

    def ask() -> None:
        listener = _install()
        socket.send_fds(channel, [b"."], [listener])
        os.close(listener)

    return ask


def _install() -> int:
    """Have the calls of this process and its children decided by who holds the number that is returned."""
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, X86_64), (0x06, 0, 0, 0x7FFF0000), (0x20, 0, 0, 0)]
    numbers = sorted(CALLS.values())
    code += [(0x15, len(numbers) - place, 0, number) for place, number in enumerate(numbers)]
    code += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x7FC00000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    given = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(code), ctypes.addressof(program)))
    if _libc.prctl(38, 1, 0, 0, 0):  # no new privileges
        raise OSError(ctypes.get_errno(), "prctl")
    return _system(_SECCOMP, 1, 8, given)


def _system(number: int, *args: object) -> int:
    done = int(_libc.syscall(number, *args))
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return done


def follow(running: Running, channel: socket.socket, judge: Judge) -> Done:
    """Decide about each call of a run, until it has ended; a run that takes longer than `LIMIT` is killed.

    Args:
        channel: Our end; `watched` has the other.
    """
    _, (listener,), _, _ = socket.recv_fds(channel, 1, 1)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    try:
        end = time.monotonic() + LIMIT
        while any(event & select.POLLIN for _, event in poll.poll(1000 * max(0.0, end - time.monotonic()))):
            asked = bytearray(80)
            try:
                fcntl.ioctl(listener, _RECEIVE, asked)
            except OSError as error:
                if error.errno != errno.ENOENT:  # whoever asked was killed meanwhile
                    raise
                continue
            _decide(listener, asked, judge, running)
    finally:
        if time.monotonic() >= end:
            running.kill()
        os.close(listener)
    return running.wait()


def _decide(listener: int, asked: bytes, judge: Judge, running: Running) -> None:
    id, pid, _, number, _, _, *args = struct.unpack("QIIiIQ6Q", asked)
    call = Call(NAMES[number], _path(NAMES[number], pid, args), pid, tuple(args))
    verdict = judge(call)
    if verdict.half and call.name in WRITES:
        written = _write_half(call)
        answer = struct.pack("QqiI", id, written, 0, 0)
    elif verdict.error:
        answer = struct.pack("QqiI", id, 0, -verdict.error, 0)
    else:
        answer = struct.pack("QqiI", id, 0, 0, _GO_ON)
    if verdict.kill:
        running.kill()
    else:
        with suppress(FileNotFoundError):
            fcntl.ioctl(listener, _SEND, answer)


def _path(name: str, pid: int, args: list[int]) -> str:
    """The file that a call is about."""
    with suppress(OSError):
        if name in ON_FILE:
            return str(os.readlink(f"/proc/{pid}/fd/{args[0]}"))  # noqa: PTH115
        return _text(pid, args[1] if name in AT else args[0])
    return ""


def _text(pid: int, address: int) -> str:
    """Text that stands in the memory of a process; it may end where its page does."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
        memory.seek(address)
        data = memory.read(4096 - address % 4096)
        if b"\0" not in data:
            data += memory.read(4096)
    return os.fsdecode(data.split(b"\0")[0])


def _write_half(call: Call) -> int:
    """Write the first half of what a run wants to write, into its own open file."""
    size = call.args[2] // 2
    with open(f"/proc/{call.pid}/mem", "rb", buffering=0) as memory:  # noqa: PTH123
        memory.seek(call.args[1])
        data = memory.read(size)
    process = _system(_PIDFD_OPEN, call.pid, 0)
    number = _system(_PIDFD_GETFD, process, call.args[0] & 0xFFFFFFFF, 0)
    try:
        return os.write(number, data) if call.name == "write" else os.pwrite(number, data, call.args[3])
    finally:
        os.close(number)
        os.close(process)
