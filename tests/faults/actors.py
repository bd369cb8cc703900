"""Who else works on the same files while the program runs: editors, a sync client, agents that log, scripts.

Each is a process of its own. What it saved, and where, it writes down after it was saved.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.faults.scene import Scene, call
from vaultsync.capture import record

PATIENCE = 4.0
"""Seconds for which an actor waits for the program to be just about to write."""


@dataclass
class Journal:
    """What an actor did; a file, for the actor is another process."""

    path: Path

    def note(self, **done: Any) -> None:
        """Write down what was just done."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(done) + "\n")

    def read(self) -> list[dict[str, Any]]:
        """All that was done."""
        if not self.path.exists():
            return []
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]


@dataclass
class Actor:
    """One who works beside the program, by chance, and in the moments that are worst for it."""

    scene: Scene
    chance: random.Random
    journal: Journal

    def work(self) -> None:
        """Do all that this one does, then end."""
        raise NotImplementedError

    def wait(self, folder: Path) -> None:
        """Wait for the program to write in a folder, mostly; then a moment."""
        if self.chance.random() < 0.2:
            time.sleep(self.chance.uniform(0, 0.5))
            return
        begun = time.monotonic()
        while time.monotonic() < begun + PATIENCE and not self._is_writing(folder):
            time.sleep(0.0002)
        end = time.perf_counter() + self.chance.choice([0, 0, 0.001, 0.004, 0.02]) * self.chance.random()
        while time.perf_counter() < end:
            pass

    def _is_writing(self, folder: Path) -> bool:
        with suppress(OSError):
            return any(".vaultsync." in name for name in os.listdir(folder))  # noqa: PTH208 - quick
        return False

    def word(self) -> str:
        """Something to be saved that stands nowhere else."""
        return f"saved-{self.chance.getrandbits(48):012x}"


# --- people ------------------------------------------------------------------------------------


class Editor(Actor):
    """Saves notes as editors do: by a new file, by writing into the old one, by adding to it."""

    def work(self) -> None:
        """Save some notes, one a few times over."""
        notes = self.chance.sample(EDITED, self.chance.randint(1, 2))
        for _ in range(self.chance.randint(1, 3)):
            for note in notes:
                path = self.scene.vault / note
                held = path.open("ab", buffering=0) if self.chance.random() < 0.3 else None
                self.wait(path.parent)
                word = self.word()
                if held:  # an editor that has had the file open since before it was replaced
                    held.write(f"\n{word}\n".encode())
                    held.close()
                else:
                    self.chance.choice([_by_a_new_file, _into_the_old_one, _at_the_end])(
                        path, word, self.chance
                    )
                self.journal.note(note=note, word=word)


EDITED = (
    "Daily/2026-01-06.md",
    "Notes/eighth.md",
    "Weekly/2026-W02.md",
    "Monthly/2026-01.md",
    "LLM Costs.md",
)
"""Notes that the program writes, too."""


def _by_a_new_file(path: Path, word: str, chance: random.Random) -> None:
    temporary = path.with_name(f"{path.name}.{word}~")
    temporary.write_bytes(_with(path.read_bytes(), word))
    temporary.replace(path)


def _into_the_old_one(path: Path, word: str, chance: random.Random) -> None:
    data = _with(path.read_bytes(), word)
    cut = chance.randint(0, len(data))
    with path.open("wb", buffering=0) as stream:
        for piece in (data[:cut], data[cut:]):
            stream.write(piece)
            if chance.random() < 0.3:
                time.sleep(chance.uniform(0, 0.01))


def _at_the_end(path: Path, word: str, chance: random.Random) -> None:
    with path.open("ab", buffering=0) as stream:
        stream.write(f"\n{word}\n".encode())


def _with(data: bytes, word: str) -> bytes:
    return data + f"\n{word}\n".encode()


# --- a sync client -----------------------------------------------------------------------------


class SyncClient(Actor):
    """Brings what was done on another machine: newer notes, conflict copies, notes moved or deleted."""

    def work(self) -> None:
        """Do some of it."""
        notes = self.chance.sample(SYNCED, self.chance.randint(1, 3))
        for note in notes:
            act = self.chance.choice([self._bring, self._bring, self._conflict, self._move, self._delete])
            self.wait((self.scene.vault / note).parent)
            act(note)

    def _bring(self, note: str) -> None:
        path, word = self.scene.vault / note, self.word()
        temporary = path.with_name(f".syncthing.{path.name}.tmp")
        temporary.write_bytes(_with(path.read_bytes(), word))
        temporary.replace(path)
        self.journal.note(note=note, word=word)

    def _conflict(self, note: str) -> None:
        path, word = self.scene.vault / note, self.word()
        copy = path.with_name(f"{path.stem}.sync-conflict-20260109-101112-ABCDEFG{path.suffix}")
        path.rename(copy)
        copied = copy.read_bytes()
        temporary = path.with_name(f".syncthing.{path.name}.tmp")
        temporary.write_bytes(_with(copied, word))
        temporary.replace(path)
        self.journal.note(
            note=note, word=word, copy=str(copy.relative_to(self.scene.vault)), copied=copied.hex()
        )

    def _move(self, note: str) -> None:
        path = self.scene.vault / note
        target = self.scene.vault / "Archive" / path.name
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
        self.journal.note(note=note, moved=str(target.relative_to(self.scene.vault)))

    def _delete(self, note: str) -> None:
        (self.scene.vault / note).unlink()
        self.journal.note(note=note, deleted=True)


SYNCED = (
    "Daily/2026-01-05.md",
    "Daily/2026-01-06.md",
    "Daily/2026-01-07.md",
    "Weekly/2026-W02.md",
    "LLM Costs.md",
)


# --- those who log -----------------------------------------------------------------------------


class Agent(Actor):
    """Logs its calls, in pieces of lines, and turns its log over in either way."""

    def work(self) -> None:
        """Log some calls."""
        path = self.scene.logs / "agent.jsonl"
        for number in range(self.chance.randint(20, 60)):
            line = json.dumps(self._call(number)).encode() + b"\n"
            cut = self.chance.choice([0, len(line) - 1, self.chance.randrange(len(line))])
            with path.open("ab", buffering=0) as stream:
                for piece in filter(None, (line[:cut], line[cut:])):
                    stream.write(piece)
                    time.sleep(self.chance.uniform(0, 0.01))
            self.journal.note(calls=1)
            turn = self.chance.random()
            if turn < 0.04:
                path.rename(path.with_name(f"agent.{number}.jsonl"))
            elif turn < 0.08:
                shutil.copy(path, path.with_name(f"agent.{number}.jsonl"))
                os.truncate(path, 0)

    def _call(self, number: int) -> dict[str, Any]:
        more = {"id": f"agent-{number}"} if self.chance.random() < 0.5 else {}
        return call("2026-01-09", 10, session_id="agent", **more) | {
            "timestamp": f"2026-01-09T10:{number:02}:{self.chance.randrange(60):02}Z"
        }


class Script(Actor):
    """A person's script that notes its calls by `vaultsync.capture`."""

    def work(self) -> None:
        """Note some calls."""
        for number in range(self.chance.randint(5, 20)):
            usage = {"prompt_tokens": 100 + number, "completion_tokens": 7, "total_tokens": 107 + number}
            answer = {"object": "chat.completion", "model": "gpt-5", "usage": usage}
            if record(answer, id=self.word(), to=self.scene.logs / "captured.jsonl"):
                self.journal.note(calls=1)
            time.sleep(self.chance.uniform(0, 0.02))


def done_by(journals: list[Journal]) -> Iterator[dict[str, Any]]:
    """What all actors did, each in its order."""
    for journal in journals:
        yield from journal.read()
