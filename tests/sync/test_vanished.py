"""A disk that goes away during a run is named; nothing is made where it was, and the next run is complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sync.conftest import World, event
from vaultsync.vault.writer import Writer


@pytest.mark.parametrize("folder", ["vault", "state"])
@pytest.mark.parametrize("is_mount_point", [True, False])
def test_the_next_run_is_complete(
    world: World, monkeypatch: pytest.MonkeyPatch, folder: str, is_mount_point: bool
) -> None:
    world.log("a.jsonl", *(event(f"2026-01-0{day}T08:00:00Z") for day in (7, 8, 9)))
    for day in (7, 8, 9):
        world.write(f"Daily/2026-01-0{day}.md", "# A day\n")
    place, away, real = world.root / folder, world.root / "away", Writer.update

    def vanish(self: Writer, path: Path, *given: object) -> object:
        done = real(self, path, *given)  # type: ignore[arg-type]
        place.rename(away)
        if is_mount_point:
            place.mkdir()
        return done

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "update", vanish)
        done = world.run("daily", code=1)
    assert "it vanished during the run. Is its disk mounted?" in done.stderr
    if is_mount_point:
        left = [path for path in place.rglob("*") if path.is_file()]
        assert left == []
        place.rmdir()
    assert not place.exists()
    away.rename(place)
    world.run("daily")
    assert all("vaultsync:begin" in world.read(f"Daily/2026-01-0{day}.md") for day in (7, 8, 9))
