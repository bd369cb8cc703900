"""End runs at each call of the system that changes something, let each fail, let disks vanish there.

Every note is old or new, the run ends as it should and says what to do, and the next one puts all right.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import re
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click

from tests.faults import watch
from tests.faults.acts import ACTS, Stage
from tests.faults.scene import Done
from tests.faults.watch import PASS, WRITES, Call, Verdict

MAKING = {"openat", "open", "creat", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "link", "linkat"}
MAKING |= {"symlink", "symlinkat"}
GROWING = {*WRITES, "writev", "pwritev", "fsync", "fdatasync", "ftruncate", "fallocate", "setxattr"}
NAMING = MAKING | {"unlink", "unlinkat", "rmdir", "chmod", "fchmodat", "chown", "fchownat", "truncate"}
OPENING = {"openat", "open", "creat"}
LOCKING = {"flock", "fcntl"}
WAITING = LOCKING | {"write", "pwrite64", "openat", "fsync", "fdatasync", "ftruncate"}
ERRORS: dict[str, set[str] | None] = {
    "ENOSPC": MAKING | GROWING,
    "EDQUOT": MAKING | GROWING,
    "EFBIG": {*WRITES, "ftruncate", "fallocate"},
    "EIO": None,
    "EROFS": NAMING,
    "EACCES": NAMING,
    "EMFILE": OPENING,
    "ENFILE": OPENING,
    "ENOLCK": LOCKING,
    "EINTR": WAITING,
}
"""Error -> the calls that may end with it; None: all but locks."""
GONE = {"no vault": "vault", "no logs": "logs", "no state": "state"}
"""Fault -> the folder that vanishes, as if its disk were unmounted; it is back for the next run."""
FAULTS = ("kill", "half", *ERRORS, *GONE)
BRIEF, LASTING = "once", "from then on"
FEW = {"EINTR": (BRIEF,), "ENOLCK": (BRIEF,), "EDQUOT": (LASTING,), "EFBIG": (LASTING,), "ENFILE": (BRIEF,)}
"""Errors that are not tried in both ways: another covers the other, or the run would wait for a minute."""
ENDS = {0, 1, 2, 3}
"""Exit codes of a run that met a fault; with 2 it has touched nothing."""


class Case(NamedTuple):
    """A fault: at which call of an act, and what happens there."""

    act: str
    number: int
    """Of the call among those that the fault is about, from 0."""
    fault: str
    """One of `FAULTS`: `half` is a kill in the middle of a write."""
    way: str = BRIEF


class Figures(NamedTuple):
    """What came of some cases."""

    done: Counter[str]
    """Cases, by fault."""
    broken: list[str]


def fits(fault: str, call: Call, root: str) -> bool:
    """Say whether a fault is about a call: of a file of the scene."""
    if not call.path.startswith(f"{root}/"):
        return False
    if fault == "half":
        return call.name in WRITES and call.args[2] > 1
    if fault in ("EMFILE", "ENFILE"):
        return call.name in OPENING
    if fault in GONE and call.name in WRITES:
        return False
    names = ERRORS.get(fault)
    return call.is_change and (call.name in names if names else fault == "kill" or call.name not in LOCKING)


def cases(stage: Stage) -> Iterator[Case]:
    """Every fault at every call of an act."""
    calls: list[Call] = []

    def note(call: Call) -> Verdict:
        calls.append(call)
        return PASS

    watched(stage, note)
    root = str(stage.scene.root)
    for fault in FAULTS:
        ways = FEW.get(fault, (BRIEF, LASTING) if fault in ERRORS else (BRIEF,))
        count = sum(fits(fault, call, root) for call in calls)
        yield from (Case(stage.act.name, n, fault, way) for way in ways for n in range(count))


def watched(stage: Stage, judge: watch.Judge) -> Done:
    """Run an act anew under a judge."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        return watch.follow(stage.start(watch.watched(theirs)), ours, judge)


class Injector:
    """Lets a case happen."""

    def __init__(self, case: Case, root: str) -> None:
        self.case, self._root = case, root
        self._seen = -1
        self.met: Call | None = None
        """The call at which it happened."""

    def __call__(self, call: Call) -> Verdict:
        """Decide about a call."""
        fault = self.case.fault
        if not fits(fault, call, self._root):
            return PASS
        self._seen += 1
        if self._seen < self.case.number or (self._seen > self.case.number and self.case.way == BRIEF):
            return PASS
        self.met = self.met or call
        if fault in GONE:
            Path(self._root, GONE[fault]).rename(Path(self._root, "away"))
            return PASS
        if fault == "kill":
            return Verdict(kill=True)
        return Verdict(half=True, kill=True) if fault == "half" else Verdict(getattr(errno, fault))


def one(stage: Stage, case: Case) -> list[str]:
    """Let a case happen; the promises that were broken."""
    injector = Injector(case, str(stage.scene.root))
    done = watched(stage, injector)
    met = injector.met
    if met is None:  # not as many calls as before: temp names and the order of folders are random
        return []
    found = list(brought_back(stage, GONE[case.fault])) if case.fault in GONE else []
    is_unread = case.fault in ("EMFILE", "ENFILE") and met.path.startswith(str(stage.scene.logs))
    knows_less = case.fault == "no logs" or is_unread  # such a log is named, and read by the next run
    found += stage.broken_at_once(done, may_know_less=knows_less)
    if case.fault in ERRORS or case.fault in GONE:
        found += said_badly(stage, done, may_know_less=knows_less)
    found += (*stage.broken_later(), *stage.broken_at_last())
    where = f"{met.name} {met.path.removeprefix(str(stage.scene.root))}"
    return [f"{case.act} {case.fault} {case.way} at {case.number} ({where}): {each}" for each in found]


def brought_back(stage: Stage, folder: str) -> Iterator[str]:
    """Put a folder back that vanished; in its place there may be nothing that the next run would miss."""
    place = stage.scene.root / folder
    if place.exists():
        if folder != "state":  # the user's are never made
            yield f"{folder} was made anew, where its disk belongs"
        shutil.rmtree(place)
    (stage.scene.root / "away").rename(place)


def said_badly(stage: Stage, done: Done, *, may_know_less: bool) -> Iterator[str]:
    """What is wrong with how a run ended that met an error: its exit code, or what it said.

    Args:
        may_know_less: Logs that are not there are nothing to complain about; notes keep their numbers.
    """
    if done.code not in ENDS:
        yield f"it ends with {done.code}: {done.said}"
    elif done.code == 0:
        if stage.scene.notes() != stage.after and not may_know_less:
            yield f"it ends with 0, and not all is done: {done.said}"
    elif done.code == 2 and stage.scene.notes() != stage.before:
        yield f"it ends with 2, and has touched notes: {done.said}"
    elif not any(is_clear(line) for line in done.said.splitlines()):
        yield f"it ends with {done.code} and does not say where, why and what to do: {done.said}"


def is_clear(line: str) -> bool:
    """True for `path: what is wrong. What to do.`"""
    place, _, rest = line.partition(": ")
    return (place.startswith("/") or ".md" in place) and len(re.findall(r"[.?](?: |$)", rest)) >= 2


# --- many ----------------------------------------------------------------------------------------


def rounds(share: int, shares: int, count: int, seed: str, only: Sequence[str], folder: Path) -> Figures:
    """Let a share of all cases happen; of a count, chosen at random; 0: all."""
    stages = {act.name: Stage.build(act, folder / act.name) for act in ACTS}
    known = [case for stage in stages.values() for case in cases(stage) if not only or case.fault in only]
    chosen = random.Random(seed).sample(known, count) if 0 < count < len(known) else known
    done: Counter[str] = Counter()
    broken: list[str] = []
    for case in chosen[share::shares]:
        found = one(stages[case.act], case)
        done[case.fault] += 1
        broken += found
        for line in found:
            click.echo(line, err=True)
    return Figures(done, broken)


@click.command(help=__doc__)
@click.option("--rounds", "count", default=400, show_default=True, help="Cases, at random; 0: every one.")
@click.option("--seed", default="1", show_default=True)
@click.option("--only", multiple=True, type=click.Choice(FAULTS), help="Only such faults.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Cases at the same time.")
def main(count: int, seed: str, only: tuple[str, ...], jobs: int) -> None:
    if reason := watch.missing():
        click.echo(f"syscalls: skipped; {reason}")
        return
    begun = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="syscalls-") as folder,
        ProcessPoolExecutor(jobs, mp_context=context) as pool,
    ):
        tasks = [
            pool.submit(rounds, share, jobs, count, seed, only, Path(folder, str(share)))
            for share in range(jobs)
        ]
        told = [task.result() for task in tasks]
    total = sum((each.done for each in told), Counter())
    broken = [line for each in told for line in each.broken]
    faults = ", ".join(f"{fault} {number:,}" for fault, number in total.most_common())
    click.echo(
        f"syscalls: {total.total():,} faults ({faults}); "
        f"{len(broken)} promises broken; {time.perf_counter() - begun:.0f} s"
    )
    sys.exit(bool(broken))
