"""Runs a vault's own templates in a process apart, so that none can hang a run or fill the memory.

Both ends are here. The process is handed plain data, and answers each request with two lines of JSON: what
holds if it says no more; what it rendered, or why not. Nothing that it sends can run here.
"""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer, main_thread
from typing import IO, Any, NamedTuple, cast

from vaultsync.errors import TemplateError

SECONDS = 5.0
"""How long a note may take."""
MEMORY = 512 * 1024 * 1024
"""Bytes that the process may take from the system, where the system keeps to it: Linux does."""
START_SECONDS = 60.0
"""How long the process may take to begin, on a machine with much to do."""
GRACE_SECONDS = 1.0
"""How much longer it is waited for, since it can say best itself where it is."""
LONGEST_LINE = 16_000_000
"""Bytes of an answer; the longest text has fewer."""
UNSTARTED = "templates of your own need a process apart, and none could be started."
CODE = "import sys; sys.path[:] = sys.argv[1:]; from vaultsync.render.apart import serve; serve()"


class Request(NamedTuple):
    """What the process is to render."""

    name: str
    context: Mapping[str, object]
    templates: Path
    shipped: Path
    seconds: float


class Apart:
    """The process, started when it is first asked, and again after it had to be ended; close it at last."""

    def __init__(self, templates: Path, shipped: Path, seconds: float = SECONDS) -> None:
        self._templates, self._shipped, self._seconds = templates, shipped, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._hopeless: dict[str, TemplateError] = {}
        """Templates that were ended once; with a thousand notes to fill, each would cost as much again."""

    def run(self, name: str, context: Mapping[str, object]) -> str:
        """Render a template.

        Args:
            context: Plain data, as `view.of` makes it.

        Raises:
            TemplateError: As `templates.run`; and for too much time or memory, from then on at once.
        """
        if name in self._hopeless:
            raise self._hopeless[name]
        answer = self._ask(Request(name, context, self._templates, self._shipped, self._seconds))
        if "text" in answer:
            return str(answer["text"])
        error = TemplateError(*answer["error"])
        if answer.get("ended"):
            self._hopeless[name] = error
        raise error

    def _ask(self, request: Request) -> dict[str, Any]:
        """The answer to a request; the process is ended where there is none in time."""
        answer: dict[str, Any] = {"error": (str(request.templates), None, UNSTARTED), "ended": True}
        with suppress(OSError):  # it cannot be started, or it is gone
            process = self._process = self._process or _start()
            for seconds, asked in ((START_SECONDS, request), (request.seconds + GRACE_SECONDS, None)):
                line = _line(process, seconds, asked)
                answer = json.loads(line) if line.endswith(b"\n") else answer
        if answer.get("ended"):
            self.close()
        return answer

    def close(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process:
            with suppress(OSError), process:
                process.kill()


def _start() -> subprocess.Popen[bytes]:
    """A new process of the same program, which imports nothing from the current folder: it may be a vault."""
    command, pipe = [sys.executable, "-P", "-c", CODE, *filter(None, sys.path)], subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL)


def _line(process: subprocess.Popen[bytes], seconds: float, request: Request | None) -> bytes:
    """What the process says next, to a request if there is one; it is gone when the time is up.

    The request, too, is within the time: a pipe that nobody reads is soon full.
    """
    end = Timer(seconds, process.kill)
    end.start()
    try:
        if request:
            pickle.dump(request, cast("IO[bytes]", process.stdin))
            cast("IO[bytes]", process.stdin).flush()
        return cast("IO[bytes]", process.stdout).readline(LONGEST_LINE)
    finally:
        end.cancel()


# --- inside the process ------------------------------------------------------------------------


def serve() -> None:
    """Answer requests until there are no more, or whoever asked is gone."""
    from vaultsync.render import templates

    _bound_memory()
    _heed_no_keys()
    with suppress(EOFError):
        while True:
            request: Request = pickle.load(sys.stdin.buffer)
            file = templates.file_of(request.name, request.templates, request.shipped)
            what = f"cannot be rendered within {request.seconds:g} seconds and {MEMORY >> 20} MB of memory."
            _say({"error": (file, None, what), "ended": True})
            _render(request, file)


def _bound_memory() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def _heed_no_keys() -> None:
    """Ctrl-C goes to the whole group; who asked hears of it, too, and ends this process."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _render(request: Request, file: str) -> None:
    """Answer a request, within its time."""
    from vaultsync.render import templates

    turn = Lock()
    """Of the two that may answer, only the first does."""
    watch = Timer(request.seconds, _give_up, (request.seconds, file, turn))
    watch.daemon = True
    watch.start()
    answer: dict[str, object]
    try:
        answer = {"text": templates.run(*request[:4])}
    except TemplateError as error:
        is_full = isinstance(error.__cause__, MemoryError)  # and may not be rid of it for the next
        answer = {"error": (error.template, error.line, error.what), "ended": is_full}
    watch.cancel()
    turn.acquire()
    _say(answer)


def _give_up(seconds: float, file: str, turn: Lock) -> None:
    """Say where the template is, and end the process: nothing else ends a loop."""
    import os

    from vaultsync.render import templates

    if turn.acquire(blocking=False):
        here = sys._current_frames().get(main_thread().ident or 0)
        where = templates.runs_at(here, file)
        _say({"error": (*where, f"takes more than {seconds:g} seconds."), "ended": True})
        os._exit(1)


def _say(answer: Mapping[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()
