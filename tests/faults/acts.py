"""What is disturbed: runs of the commands that write, and what must hold during and after any of them."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from tests.faults import scene as scenes
from tests.faults import warm
from tests.faults.scene import TODAY, YESTERDAY, Done, Scene, Sum

CALAMITIES = ("Traceback", "internal error", "Exception ignored", "Warning:")
"""What no output may hold."""


class Act(NamedTuple):
    """A command, and the state of the scene before it."""

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Scene], None]
    is_about_ledger: bool = False
    """It leaves the notes alone, and may find a damaged ledger."""


def _unread(scene: Scene) -> None:
    """Nothing was collected yet."""


def _a_day_later(scene: Scene) -> None:
    warm.run(scene, ["daily", "--date", YESTERDAY])
    scenes.go_on(scene)


def _filled(scene: Scene) -> None:
    scenes.go_on(scene)
    warm.run(scene, ["sync"])


def _looked_at(scene: Scene) -> None:
    warm.run(scene, ["show"])


def _damaged(scene: Scene) -> None:
    """There is a backup, and then a page of the ledger was lost."""
    _filled(scene)
    warm.run(scene, ["ledger", "backup"])
    data = scene.ledger.read_bytes()
    scene.ledger.write_bytes(data[: 2 * PAGE] + b"\xa5" * PAGE + data[3 * PAGE :])


def _backed_up(scene: Scene) -> None:
    _filled(scene)
    warm.run(scene, ["ledger", "backup", str(scene.state / "copy.db")])


ACTS = (
    Act("first", ("daily", "--date", TODAY), _unread),
    Act("sync", ("sync",), _looked_at),
    Act("daily", ("daily", "--date", TODAY), _a_day_later),
    Act("dashboard", ("dashboard",), _a_day_later),
    Act("undo", ("undo", "--all"), _filled),
)
LEDGER_ACTS = (
    Act("rebuild", ("ledger", "rebuild"), _damaged, True),
    Act("restore", ("ledger", "restore", "../state/copy.db"), _backed_up, True),
    Act("vacuum", ("ledger", "vacuum"), _filled, True),
)
PAGE = 4096
"""Bytes of a page of the ledger."""
COPIES = re.compile(r"ledger\.db(-wal|-shm|\.(before|damaged|saved|doubtful)-.*)")
"""What may lie beside a ledger that was replaced, as often as that was begun."""


@dataclass(frozen=True)
class Stage:
    """An act that is ready to be disturbed again and again, and what an undisturbed run makes of it."""

    act: Act
    scene: Scene
    saved: Path
    before: dict[str, bytes]
    after: dict[str, bytes]
    sum: Sum
    kept: list[str]
    """Names in the state folder after two more runs."""

    @classmethod
    def build(cls, act: Act, folder: Path) -> Stage:
        """Prepare an act in a new folder."""
        scene, saved = scenes.build(folder / "scene"), folder / "saved"
        act.prepare(scene)
        before = scene.notes()
        scene.save(saved)
        first = warm.learn(scene, act.arguments)
        after = scene.notes()
        if first.code or (before == after) != act.is_about_ledger:
            raise AssertionError(f"{act.name} ends with {first.code} undisturbed: {first.said}")
        for _ in range(2):
            warm.run(scene, act.arguments)
        return cls(act, scene, saved, before, after, scene.sum(), scene.kept())

    def start(self, first: Callable[[], None] | None = None) -> warm.Running:
        """Set the scene anew and begin the act."""
        self.set()
        return self.begin(first)

    def set(self) -> None:
        """Set the scene anew."""
        self.scene.restore(self.saved)

    def begin(self, first: Callable[[], None] | None = None) -> warm.Running:
        """Begin the act on the scene as it is."""
        return warm.start(self.scene, self.act.arguments, first)

    def seconds(self) -> float:
        """How long the act takes undisturbed."""
        running, begun = self.start(), time.perf_counter()
        running.wait()
        return time.perf_counter() - begun

    # --- what must hold ---

    def broken(self, done: Done, *, to_the_end: bool = True) -> Iterator[str]:
        """Promises that a disturbed run broke, and that the next ones break.

        Args:
            to_the_end: Also run a third time, after which nothing may be left of the first.
        """
        yield from self.broken_at_once(done)
        yield from self.broken_later()
        if to_the_end:
            yield from self.broken_at_last()

    def broken_at_once(self, done: Done, *, may_know_less: bool = False) -> Iterator[str]:
        """What must hold at every moment: notes old or new, a ledger without damage, no calamity.

        Args:
            may_know_less: Logs had vanished, so a note may be told without their last calls.
        """
        yield from calamities(done)
        now = self.scene.notes()
        for name in sorted(now.keys() | self.before.keys()):
            if now.get(name) not in (self.before.get(name), self.after.get(name)) and not may_know_less:
                yield f"{name} is neither old nor new"
        if not self.act.is_about_ledger:
            yield from self._books()

    def broken_later(self) -> Iterator[str]:
        """What must hold after the next run."""
        done = warm.run(self.scene, self.act.arguments)
        yield from calamities(done)
        if done.code:
            yield f"the next run ends with {done.code}: {done.said}"
        now = self.scene.notes()
        for name in sorted(now.keys() | self.after.keys()):
            if _in_order(now.get(name)) != _in_order(self.after.get(name)):
                yield f"{name} is not right after the next run"
        yield from (f"{name} is left in the vault" for name in self.scene.temporary())
        yield from self._books()
        if self.scene.sum() != self.sum:
            yield f"the ledger holds {self.scene.sum()}, not {self.sum}"

    def broken_at_last(self) -> Iterator[str]:
        """That the run after the next one leaves the notes as they are, and nothing else."""
        times = self._times()
        warm.run(self.scene, self.act.arguments)
        if self._times() != times:
            yield "a run without news touched notes"
        kept = {*self.scene.kept()}
        caches = {name for name in self.kept if name.startswith("cache/")}  # made when they are wanted again
        for name in sorted(kept ^ {*self.kept} - (caches - kept)):
            if not (self.act.is_about_ledger and COPIES.fullmatch(name)):
                yield f"{name} in the state folder is too much or missing"

    def _books(self) -> Iterator[str]:
        yield from (f"ledger: {what}" for what in self.scene.damage())

    def _times(self) -> dict[str, int]:
        vault = self.scene.vault
        return {name: (vault / name).stat().st_mtime_ns for name in self.scene.notes()}


def _in_order(note: bytes | None) -> list[bytes] | None:
    """A note with its properties sorted: they stand as they came, and a cost may come after the calls."""
    if note is None or not note.startswith(b"---\n"):
        return None if note is None else [note]
    head, mark, rest = note.partition(b"\n---\n")
    return [*sorted(head.split(b"\n")), mark + rest]


def calamities(done: Done) -> Iterator[str]:
    """What no run may say, however it ends."""
    yield from (f"it said {word!r}: {done.said}" for word in CALAMITIES if word in done.said)
