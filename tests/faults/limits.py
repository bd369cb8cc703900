"""Run against real limits: size of files, number of open files, a full disk, a disk that is read-only.

Every note is old or new, the run ends as it should and says what to do, and the next one, without the limit,
puts all right. Disks are mounted where this may be done (Linux, as root).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click

from tests.faults.acts import ACTS, Stage
from tests.faults.syscalls import said_badly

SIZES = (2000, 4096, 10_000, 20_000, 32_768, 60_000, 100_000)
"""Most bytes of a file."""
OPEN = range(4, 24)
"""Most open files of a run; those that leave it one at the beginning are tried."""
FREE = (0, 4096, 8192, 20_480, 40_960, 81_920, 200_704, 400_000)
"""Bytes that are left on a full disk."""
DISK = "64m"
NAMES = tuple(act.name for act in ACTS)


def limited(name: str, most: int) -> Callable[[], None]:
    """What a run does first to have a limit."""
    import resource

    return partial(resource.setrlimit, getattr(resource, name), (most, most))


def one(
    stage: Stage, first: Callable[[], None] | None = None, after: Callable[[], None] | None = None
) -> list[str]:
    """Run an act that was set; the promises that were broken.

    Args:
        after: Takes the limit away.
    """
    done = stage.begin(first).wait()
    if after:
        after()
    found = [*stage.broken_at_once(done), *said_badly(stage, done, may_know_less=False)]
    return [*found, *stage.broken_later(), *stage.broken_at_last()]


def by_process(stage: Stage) -> Iterator[tuple[str, list[str]]]:
    """Limits of the process itself."""
    os.close(free := os.open(os.devnull, os.O_RDONLY))  # a library of this process may hold a file
    some_open = [most for most in OPEN if most > free]
    for name, values in (("RLIMIT_FSIZE", SIZES), ("RLIMIT_NOFILE", some_open)):
        for most in values:
            stage.set()
            yield f"{name} {most}", one(stage, limited(name, most))


def by_disk(stage: Stage) -> Iterator[tuple[str, list[str]]]:
    """Disks that are full or read-only; the whole scene is on one."""
    root = stage.scene.root
    for free in FREE:
        stage.set()
        filler = root / "filler"
        _fill(filler, free)
        yield f"{free} bytes free", one(stage, after=filler.unlink)
    for folder in (root, stage.scene.vault):
        stage.set()
        if folder != root:
            _mount("--bind", folder, folder)
        _mount("-o", "remount,ro,bind" if folder != root else "remount,ro", folder)
        after = partial(_unmount, folder) if folder != root else partial(_mount, "-o", "remount,rw", folder)
        yield f"{folder.name} is read-only", one(stage, after=after)


def _fill(path: Path, free: int) -> None:
    """Leave no more than some bytes on a disk."""
    with path.open("wb", buffering=0) as stream:
        info = os.statvfs(path.parent)
        os.posix_fallocate(stream.fileno(), 0, max(1, info.f_bavail * info.f_frsize - free))


def _mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True, capture_output=True)


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", str(folder)], check=True, capture_output=True)


@contextmanager
def disk(folder: Path) -> Iterator[None]:
    """A small disk of its own."""
    folder.mkdir(parents=True)
    _mount("-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder)
    try:
        yield
    finally:
        _unmount(folder)


def no_disks() -> str:
    """Why no disk can be mounted here; empty when it can."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "disks are mounted on Linux as root only"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with disk(Path(folder, "disk")):
                return ""
        except (OSError, subprocess.CalledProcessError):
            return "no disk can be mounted here"


def rounds(acts: Collection[str], folder: Path, *, disks: bool) -> tuple[Counter[str], list[str]]:
    """Try every limit on acts; how many there were of each kind, and what was broken."""
    done: Counter[str] = Counter()
    broken: list[str] = []
    for act in (act for act in ACTS if act.name in acts):
        stage = Stage.build(act, folder / act.name)
        for limit, found in by_process(stage):
            done[limit.split()[0]] += 1
            broken += [f"{act.name}, {limit}: {each}" for each in found]
        if disks:
            with disk(folder / "disk" / act.name / "scene"):
                for limit, found in by_disk(Stage.build(act, folder / "disk" / act.name)):
                    done["disks"] += 1
                    broken += [f"{act.name}, {limit}: {each}" for each in found]
    return done, broken


@click.command(help=__doc__)
@click.option("--act", "acts", multiple=True, type=click.Choice(NAMES), default=NAMES, help="Only these.")
def main(acts: tuple[str, ...]) -> None:
    begun, reason = time.perf_counter(), no_disks()
    with tempfile.TemporaryDirectory(prefix="limits-") as folder:
        done, broken = rounds(acts, Path(folder), disks=not reason)
    if reason:
        click.echo(f"limits: disks are skipped; {reason}")
    kinds = ", ".join(f"{kind} {number}" for kind, number in done.items())
    click.echo(
        f"limits: {done.total()} runs ({kinds}); "
        f"{len(broken)} promises broken; {time.perf_counter() - begun:.0f} s"
    )
    for line in broken:
        click.echo(line)
    sys.exit(bool(broken))
