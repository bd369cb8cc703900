"""Collectors are found by their entry points, and shipped ones are loaded only when they are wanted."""

from __future__ import annotations

import importlib.metadata
import json
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import written
from vaultsync import cache
from vaultsync.collectors import loading
from vaultsync.collectors.loading import GROUP, Asked, Lazy, load
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import Place, agent_of

PLUG = """
class Good:
    name, kind = "good", "lines"
    def claims(self, file): return True
    def collect(self, reader): return iter(())
    def places(self, environ, home): return ()

class Other(Good):
    name = "other"

class Taken(Good):
    name = "taken"

class Fails(Good):
    def __init__(self): 1 / 0

class Nothing:
    pass

class Telling(Good):
    name, tells = "telling", "lies"
"""
HOME = Path("/home/ana")


class Made:
    """A shipped collector, as far as these tests look at it."""

    kind = "lines"
    agent = "maker"

    def __init__(self) -> None:
        self.name = "made"

    def claims(self, file: LogFile) -> bool:
        return file.name == "made.log"

    def collect(self, reader: object) -> Any:
        return iter(())

    def places(self, environ: Any, home: Path) -> list[Place]:
        return [Place(home / environ.get("MADE_HOME", ".made"), ("*.jsonl", "old/*.json"))]


def install(monkeypatch: pytest.MonkeyPatch, **points: str) -> None:
    """Let these be all entry points: name and `module:Class`."""
    found = [EntryPoint(name, value, GROUP) for name, value in points.items()]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: found)


@pytest.fixture(autouse=True)
def plug(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of other packages."""
    folder = tmp_path / "packages"
    folder.mkdir()
    (folder / "plug_of_tests.py").write_text(PLUG)
    (folder / "bad_of_tests.py").write_text("if")
    monkeypatch.syspath_prepend(folder)


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One shipped collector; the list tells how often it was loaded."""
    asked: list[str] = []

    def made(where: str) -> Any:
        asked.append(where)
        return Made()

    install(monkeypatch, made="vaultsync.made:Made")
    monkeypatch.setattr(loading, "made", made)
    return asked


def test_collectors_come_by_name_after_the_mappings(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, other="plug_of_tests:Other", good="plug_of_tests:Good")
    mapping: Any = Lazy("zz", "", loading.Memory(None))
    collectors, issues = load([mapping])
    assert [c.name for c in collectors] == ["zz", "good", "other"] and not issues


@pytest.mark.parametrize(
    "what",
    [
        "gone_of_tests:A",
        "bad_of_tests:A",
        "plug_of_tests:Fails",
        "plug_of_tests:Nothing",
        "plug_of_tests:Telling",
        "plug_of_tests:Good",
    ],
)
def test_broken_plug_in_is_an_issue_and_the_others_work(monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    install(monkeypatch, a="plug_of_tests:Good", b=what, c="plug_of_tests:Other")
    collectors, issues = load()
    assert [c.name for c in collectors] == ["good", "other"]
    assert len(issues) == 1 and str(issues[0]).startswith("collector b: it cannot be loaded (")


def test_every_shipped_collector_loads_under_its_name() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    for name, where in project["entry-points"][GROUP].items():
        collector = loading.made(where)
        assert collector.name == name and collector.kind in ("lines", "document", "store")
        assert all(place.root.is_absolute() for place in collector.places({}, HOME))


def test_a_shipped_collector_is_loaded_when_a_file_is_asked_for(shipped: list[str], tmp_path: Path) -> None:
    ((collector,), _) = load()
    assert collector.name == "made" and not shipped
    assert collector.claims(LogFile.look(written(tmp_path / "made.log", "x")))
    assert collector.kind == "lines" and len(shipped) == 1


def test_the_agent_is_remembered_from_run_to_run(shipped: list[str], tmp_path: Path) -> None:
    memory = tmp_path / "collectors.json"
    assert [agent_of(load(memory=memory)[0][0]) for _ in range(3)] == ["maker"] * 3 and len(shipped) == 1


def test_places_are_remembered_from_run_to_run(shipped: list[str], tmp_path: Path) -> None:
    memory = tmp_path / "state" / "collectors.json"
    told = [load(memory=memory)[0][0].places({}, HOME) for _ in range(3)]
    assert told == [[Place(HOME / ".made", ("*.jsonl", "old/*.json"))]] * 3 and len(shipped) == 1
    assert [path.name for path in memory.parent.iterdir()] == ["collectors.json"]


@pytest.mark.parametrize("change", ["home", "variable", "code", "damage", "gone"])
def test_places_are_asked_for_anew_when_anything_is_different(
    shipped: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    memory, home, environ = tmp_path / "collectors.json", HOME, {"MADE_HOME": "there", "PATH": "/bin"}
    load(memory=memory)[0][0].places(environ, home)
    if change == "home":
        home = Path("/home/ben")
    elif change == "variable":
        environ["MADE_HOME"] = "elsewhere"
    elif change == "code":
        (tmp_path / "more").mkdir()
        monkeypatch.syspath_prepend(tmp_path / "more")
    elif change == "damage":
        memory.write_text("[1, 2")
    else:
        memory.unlink()
    (place,) = load(memory=memory)[0][0].places(environ, home)
    assert place.root == home / environ["MADE_HOME"] and len(shipped) == 2


def test_a_variable_that_nobody_asked_for_changes_nothing(shipped: list[str], tmp_path: Path) -> None:
    memory = tmp_path / "collectors.json"
    for path in ("/bin", "/usr/bin"):
        load(memory=memory)[0][0].places({"PATH": path}, HOME)
    assert len(shipped) == 1
    assert "/bin" not in json.dumps(json.loads(cache.kept(memory) or b"")["places"])


def test_looking_through_all_variables_remembers_all_of_them() -> None:
    asked = Asked({"A": "1", "B": "2"})
    assert dict(asked) == {"A": "1", "B": "2"} and asked.variables == {"A": "1", "B": "2"}
    assert asked.get("C") is None and asked.variables["C"] is None


def test_a_folder_that_cannot_be_written_costs_only_time(shipped: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for _ in range(2):
        assert load(memory=tmp_path / "file" / "collectors.json")[0][0].places({}, HOME)
    assert len(shipped) == 2


def test_what_a_shipped_collector_tells_is_known_without_its_saying(shipped: list[str]) -> None:
    ((collector,), _) = load()
    assert getattr(collector, "tells", None) == "calls"
