"""The program, loaded once and copied for each run, so that a run costs milliseconds and not its start.

A copy is the leader of a process group of its own; whatever it starts is in there, too.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from tests.faults.scene import Done, Scene, play, surroundings


@dataclass(frozen=True)
class Running:
    """A run that was started; it ends, or is killed."""

    pid: int
    output: Path

    def kill(self) -> None:
        """Take the whole group away at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)

    def stop(self, number: signal.Signals, patience: float) -> bool:
        """Ask the leader to stop; False, and the group is killed, where some of it is there after a while."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        end = time.monotonic() + patience
        while time.monotonic() < end:
            if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) and not self._others():
                return True
            time.sleep(0.002)
        self.kill()
        return False

    def _others(self) -> bool:
        """True while others of the group are alive; the leader itself is not looked at."""
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                pid, _, rest = stat.read_text(encoding="utf-8", errors="replace").partition(" ")
                state, _, group = rest.rpartition(")")[2].split()[:3]
                if int(group) == self.pid != int(pid) and state != "Z":
                    return True
        return False

    def wait(self) -> Done:
        """Wait for the end of the leader."""
        _, status = os.waitpid(self.pid, 0)
        said = self.output.read_text(encoding="utf-8", errors="replace")
        return Done(os.waitstatus_to_exitcode(status), said)


def start(
    scene: Scene, arguments: Sequence[str], first: Callable[[], None] | None = None, output: str = "output"
) -> Running:
    """Start a copy of this process that is the program.

    Args:
        first: What the copy does before it is the program.
        output: Name of the file that it writes to; of several at once, each has its own.
    """
    said = scene.beside(output)
    said.touch()
    pid = os.fork()
    if pid == 0:
        _become(scene, arguments, said, first)
    with suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)  # both do, so that neither has to wait for the other
    return Running(pid, said)


def run(scene: Scene, arguments: Sequence[str]) -> Done:
    """Run the program, undisturbed."""
    return start(scene, arguments).wait()


def learn(scene: Scene, arguments: Sequence[str]) -> Done:
    """The same; afterwards all that it loaded is loaded here, for the copies to come."""
    loaded = scene.beside("loaded")

    def tell() -> None:
        names = [name for name in sys.modules if not name.endswith("__main__")]
        loaded.write_text("\n".join(names), encoding="utf-8")

    running = start(scene, arguments, lambda: _at_end.append(tell))
    done = running.wait()
    for name in loaded.read_text(encoding="utf-8").split():
        with suppress(Exception):  # some are only names, made as the others are loaded
            import_module(name)
    loaded.unlink()
    gc.collect()
    gc.freeze()  # else a copy would touch, and so copy, all that is loaded
    return done


_at_end: list[Callable[[], None]] = []
"""What a copy does when the program has ended."""


def _become(scene: Scene, arguments: Sequence[str], output: Path, first: Callable[[], None] | None) -> None:
    """Be the program and end with its exit code, or with 120 where even this fails."""
    code = 120
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until the program is there to hear it
    try:
        os.setpgid(0, 0)
        number = os.open(output, os.O_WRONLY | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(number, stream)
        os.close(number)
        os.environ.clear()
        os.environ.update(surroundings(scene))
        os.chdir(scene.vault)
        if first:
            first()
        code = play(arguments)
        for then in _at_end:
            then()
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
