"""Who meets whom, and the scene that is set anew for each meeting."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tests.faults import scene as scenes
from tests.faults import warm
from tests.faults.actors import Actor, Agent, Editor, Script, SyncClient
from tests.faults.scene import TODAY, YESTERDAY, Scene

DAILY = ("daily", "--date", TODAY)


class Kind(NamedTuple):
    """Who meets whom."""

    runs: Sequence[Sequence[str]]
    """Commands of the program; those that begin with `other` are asked in the other vault."""
    actors: Sequence[type[Actor]] = ()
    most: int = 1
    """At most so many of each command at once."""
    is_new: bool = False
    """There is no ledger yet."""


READERS = (("report", "day", "--json", "--since", "2026-01-01"), ("show",))
KINDS: dict[str, Kind] = {
    "runs": Kind((DAILY, ("sync",), ("collect",)), most=3),
    "first runs": Kind((("collect",), DAILY), most=4, is_new=True),
    "editor": Kind((DAILY,), (Editor,)),
    "sync client": Kind((DAILY,), (SyncClient,)),
    "agent": Kind((("collect",), DAILY), (Agent,), most=3),
    "scripts": Kind((("collect",),), (Script, Script, Script), most=4),
    "two vaults": Kind((DAILY, ("other", *DAILY)), most=2),
    "readers": Kind((DAILY, *READERS), (Agent,), most=4),
}


@dataclass
class Stage:
    """A scene that is set anew for each round, and what it becomes in peace."""

    scene: Scene
    saved: Path
    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    calls: int = 0

    @classmethod
    def build(cls, folder: Path) -> Stage:
        """A vault with the notes of yesterday, another beside it with the same notes, and new calls."""
        scene = scenes.build(folder / "scene")
        stage = cls(scene, folder / "saved")
        warm.run(scene, ["daily", "--date", YESTERDAY])
        scenes.go_on(scene)
        _another(scene)
        stage.before = scene.notes()
        scene.save(stage.saved)
        for arguments in (DAILY, ("sync",), *READERS):
            warm.learn(scene, arguments)
        scene.restore(stage.saved)
        warm.run(scene, DAILY)
        stage.after, stage.calls = scene.notes(), scene.sum().calls
        return stage


def _another(scene: Scene) -> None:
    """Another vault that shares logs and ledger."""
    other = Elsewhere(scene.root).vault
    shutil.copytree(scene.vault, other, symlinks=True)
    config = other / "vaultsync.yaml"
    config.write_text(config.read_text().replace("../", "../../"))
    for path in other.rglob("*"):
        os.utime(path, (scenes.LONG_AGO, scenes.LONG_AGO), follow_symlinks=False)


class Elsewhere(Scene):
    """A scene whose program is asked in the second vault."""

    @property
    def vault(self) -> Path:
        return self.root / "elsewhere" / "vault"
