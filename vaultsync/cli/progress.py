"""A progress bar on a terminal, and nothing anywhere else."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextlib.contextmanager
def progress(*, shown: bool) -> Iterator[Bar | None]:
    """Show progress on standard error while the context lasts.

    Yields:
        What to call with each step; None where no bar is to be shown.
    """
    if not shown or sys.stderr is None or not sys.stderr.isatty():
        yield None
        return
    bar = Bar()
    try:
        yield bar
    finally:
        bar.stop()


class Bar:
    """A bar per kind of work, from its first step on: without work nothing is drawn or imported."""

    def __init__(self) -> None:
        self._progress: Progress | None = None
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell what is being done, how much of it is done and how much there is."""
        bar = self._progress = self._progress or _start()
        if what not in self._tasks:
            self._tasks[what] = bar.add_task(what, total=total)
        bar.update(self._tasks[what], completed=done, total=total)

    def stop(self) -> None:
        """Remove the bars from the terminal."""
        if self._progress:
            self._progress.stop()


def _start() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    bar.start()
    return bar
