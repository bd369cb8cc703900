"""Two of everything: runs beside runs, editors, sync clients, agents; nothing is lost or counted twice."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import click

from tests.faults import scene as scenes
from tests.faults import warm
from tests.faults.actors import Actor, Journal, done_by
from tests.faults.acts import calamities
from tests.faults.meetings import DAILY, KINDS, Elsewhere, Stage
from tests.faults.scene import Done, Scene

LONGEST = 100.0
"""Seconds after which nobody may be at work: a run waits for another one for 60 s, then says so."""
OURS = ("llm_cost_usd:", "llm_tokens:", "llm_requests:", "llm_over_budget:", "llm_period:")
"""Properties that the program writes."""


# --- one round ---------------------------------------------------------------------------------


class Round:
    """One meeting: everybody begins, everybody ends, and what is left is looked at."""

    def __init__(self, stage: Stage, kind: str, seed: str) -> None:
        self.stage, self.scene, self.kind = stage, stage.scene, KINDS[kind]
        self.chance = random.Random(f"{seed} {kind}")
        self.journals: list[Journal] = []
        self.said: list[Done] = []
        self.outputs: dict[int, Path] = {}
        """Process of the program -> where it says what it says."""

    def play(self) -> Iterator[str]:
        """Let them meet; what was broken."""
        self.scene.restore(self.stage.saved)
        if self.kind.is_new:
            shutil.rmtree(self.scene.state)
        running = self._begin()
        late = running.keys() - self._wait(running)
        if late:
            yield f"{', '.join(running[pid] for pid in late)} did not end"
            return
        yield from self._broken_at_once()
        self.said += [done for _ in range(2) if (done := self._quietly())]
        yield from self._broken_later()

    def _begin(self) -> dict[int, str]:
        """Start all of them, in any order; process -> who it is."""
        runs = [run for run in self.kind.runs for _ in range(self.chance.randint(1, self.kind.most))]
        tasks: list[Callable[[int], tuple[int, str]]] = [self._runs(run) for run in runs]
        tasks += [self._works(actor) for actor in self.kind.actors]
        self.chance.shuffle(tasks)
        return dict(task(number) for number, task in enumerate(tasks))

    def _runs(self, command: Sequence[str]) -> Callable[[int], tuple[int, str]]:
        def start(number: int) -> tuple[int, str]:
            running = _start(self.scene, command, f"output-{number}")
            self.outputs[running.pid] = running.output
            return running.pid, " ".join(command)

        return start

    def _works(self, actor: type[Actor]) -> Callable[[int], tuple[int, str]]:
        def start(number: int) -> tuple[int, str]:
            journal = Journal(self.scene.root / f"journal-{number}")
            self.journals.append(journal)
            one = actor(self.scene, random.Random(self.chance.random()), journal)
            return _fork(one.work), actor.__name__

        return start

    def _wait(self, running: dict[int, str]) -> set[int]:
        """Wait for everybody to end; those who did. The others are ended."""
        begun, codes = time.monotonic(), dict[int, int]()
        while codes.keys() != running.keys() and time.monotonic() < begun + LONGEST:
            for pid in running.keys() - codes.keys():
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    codes[pid] = os.waitstatus_to_exitcode(status)
            time.sleep(0.002)
        for pid in running.keys() - codes.keys():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for pid, name in running.items():
            path = self.outputs.get(pid)
            words = path.read_text(encoding="utf-8", errors="replace") if path else ""
            self.said.append(Done(codes.get(pid, -1), f"{name}: {words}"))
        return set(codes)

    def _quietly(self) -> Done:
        """Run once more, some seconds later."""
        for folder in (self.scene.vault, self.scene.state / "replaced"):
            for path in folder.rglob("*"):
                with suppress(OSError):
                    os.utime(path, (scenes.LONG_AGO, scenes.LONG_AGO), follow_symlinks=False)
        return _start(self.scene, DAILY, "output-last").wait()

    # --- what must hold ---

    def _broken_at_once(self) -> Iterator[str]:
        for done in self.said:
            yield from calamities(done)
            if done.code not in (0, 3):
                yield f"it ended with {done.code}: {done.said}"
            if "--json" in done.said:
                yield from self._misread(done)

    def _misread(self, done: Done) -> Iterator[str]:
        try:
            told = json.loads(done.said[done.said.index("{") :])
        except ValueError:
            yield f"no JSON: {done.said}"
            return
        parts, total = sum(row["events"] for row in told["rows"]), told["totals"]["events"]
        if parts != total or total < self.stage.calls - 5:
            yield f"a report in between says {total} of {parts}"

    def _broken_later(self) -> Iterator[str]:
        """What must hold once all is quiet; the last run finds nothing left to do."""
        done = self._quietly()
        yield from calamities(done)
        if done.code or "Nothing to do" not in done.said:
            yield f"the last run ends with {done.code}: {done.said}"
        yield from (f"{name} is left in the vault" for name in self.scene.temporary())
        yield from (f"ledger: {what}" for what in self.scene.damage())
        calls = self.stage.calls + sum(deed.get("calls", 0) for deed in done_by(self.journals))
        if self.scene.sum().calls != calls:
            yield f"{self.scene.sum().calls} calls are counted, not {calls}"
        yield from self._untrue()
        yield from self._lost()
        yield from self._spoiled()

    def _untrue(self) -> Iterator[str]:
        """Notes that are not what the ledger says; those that somebody took away need not come back."""
        other = Elsewhere(self.scene.root).vault.parent / "never.yaml"
        config = (self.scene.vault / "vaultsync.yaml").read_text(encoding="utf-8")
        other.write_text(f"{config}create: never\n", encoding="utf-8")
        check = ("sync", "--check", "--diff", "--since", "2026-01-05", "--config", str(other))
        done = warm.run(self.scene, [*check, "--vault", str(self.scene.vault)])
        if done.code:
            yield f"notes are not what the ledger says: {done.said}"

    def _lost(self) -> Iterator[str]:
        """What somebody saved and nobody finds again."""
        notes = self.scene.notes()
        said = "".join(done.said for done in self.said)
        kept = {path: path.read_bytes() for path in self.scene.state.glob("rescued/*")}
        named = b"".join(data for path, data in kept.items() if str(path) in said)
        yield from (f"{path} is kept, and nobody says so" for path in kept if str(path) not in said)
        for note, words in self._words().items():
            places = (note, f"Archive/{Path(note).name}")
            found = b"".join(notes.get(place, b"") for place in places) + named
            yield from (f"{word} is lost from {note}" for word in words if word.encode() not in found)

    def _words(self) -> dict[str, list[str]]:
        """Note -> what was saved into it, of those that nobody deleted."""
        words: dict[str, list[str]] = {}
        for deed in done_by(self.journals):
            if deed.get("deleted"):
                words.pop(deed["note"], None)
            elif "word" in deed:
                words.setdefault(deed["note"], []).append(deed["word"])
        return words

    def _spoiled(self) -> Iterator[str]:
        """Notes that hold something else than the user's lines and our newest block."""
        notes = self.scene.notes()
        gone = {d["note"]: d.get("moved") for d in done_by(self.journals) if "moved" in d or "deleted" in d}
        for name in self.stage.after:
            place = gone.get(name, name)
            if name in gone and name in notes and name.startswith("Daily"):
                yield f"{name} was brought back"
            if place is None:
                continue
            own, was = mine(notes.get(place, b"")), mine(self.stage.before.get(name, b""))
            if [line for line in own if not line.startswith("saved-")] != was:
                yield f"{place} holds other lines of the user: {own[:9]}"
        for deed in done_by(self.journals):
            if "copy" in deed and notes.get(deed["copy"]) != bytes.fromhex(deed["copied"]):
                yield f"{deed['copy']} is not as it was brought"
        if not self.kind.actors:
            yield from self._different(self.scene)
        if "other" in {run[0] for run in self.kind.runs}:
            yield from self._different(Elsewhere(self.scene.root))

    def _different(self, scene: Scene) -> Iterator[str]:
        """Notes with which nobody else meddled, and which are other ones than in peace."""
        notes = scene.notes()
        wrong = [name for name, data in self.stage.after.items() if notes.get(name) != data]
        yield from (f"{scene.vault}: {name} is not right" for name in wrong if name.endswith(".md"))


def mine(data: bytes) -> list[str]:
    """A note's lines without ours, without empty ones and without the marks of a front matter."""
    found, is_ours = [], False
    for line in data.decode().split("\n"):
        line = line.strip("\r\n")
        is_ours |= line.startswith("%% vaultsync:begin")
        if line and line != "---" and not is_ours and not line.startswith((*OURS, "## 💰")):
            found.append(line)
        is_ours &= not line.startswith("%% vaultsync:end")
    return found


def _start(scene: Scene, command: Sequence[str], output: str) -> warm.Running:
    """Start the program, with the clock of this machine."""
    inside = scene
    if command[0] == "other":
        inside, command = Elsewhere(scene.root), command[1:]

    def set_clock() -> None:
        scenes.NOW = datetime.now(UTC)

    return warm.start(inside, command, set_clock, output=output)


def _fork(work: Callable[[], None]) -> int:
    """Do something in a process of its own."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except BaseException as error:
            sys.excepthook(type(error), error, error.__traceback__)
        finally:
            os._exit(code)
    return pid


# --- many rounds -------------------------------------------------------------------------------


class Figures(NamedTuple):
    """What came of some rounds."""

    played: Counter[str]
    broken: list[str]


def rounds(kinds: Sequence[str], seed: str, folder: Path) -> Figures:
    """Play one round of each kind that is named.

    Args:
        folder: New; where the scene is set.
    """
    stage, played, broken = Stage.build(folder), Counter[str](), list[str]()
    for number, kind in enumerate(kinds):
        broken += [
            f"{seed}.{number} {kind}: {found}" for found in Round(stage, kind, f"{seed}.{number}").play()
        ]
        played[kind] += 1
    return Figures(played, broken)


@click.command(help=__doc__)
@click.option("--rounds", "count", default=70, show_default=True, help="Rounds in all.")
@click.option("--kind", "kinds", multiple=True, type=click.Choice([*KINDS]), help="Only these.")
@click.option("--seed", default="1", show_default=True)
@click.option("--jobs", default=4 * (os.cpu_count() or 1), show_default=True, help="Rounds at the same time.")
def main(count: int, kinds: Sequence[str], seed: str, jobs: int) -> None:
    begun = time.perf_counter()
    wanted = [name for _, name in zip(range(count), itertools.cycle(kinds or KINDS), strict=False)]
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="rounds-") as folder,
        ProcessPoolExecutor(jobs, mp_context=context) as pool,
    ):
        tasks = [
            pool.submit(rounds, wanted[number::jobs], f"{seed}.{number}", Path(folder, str(number)))
            for number in range(min(jobs, count))
        ]
        told = [task.result() for task in tasks]
    played = sum((each.played for each in told), Counter[str]())
    broken = [line for each in told for line in each.broken]
    names = ", ".join(f"{kind} {number:,}" for kind, number in sorted(played.items()))
    click.echo(
        f"rounds: {played.total():,} ({names}); {len(broken)} promises broken; "
        f"{time.perf_counter() - begun:.0f} s"
    )
    for line in broken[:50]:
        click.echo(line)
    sys.exit(bool(broken))
