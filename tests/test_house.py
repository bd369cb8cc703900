"""The plan of the house holds: who may import whom, and what stays unloaded until a command needs it."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "vaultsync"
STAGES = {"collectors", "ledger", "pricing", "aggregate", "budget", "insight", "report", "render", "table"}
STAGES |= {"reconcile"}
GROUND = {"errors": 0, "idle": 0, "periods": 0, "text": 0, "model": 1, "settings": 1, "vault": 1}
GROUND |= {"private": -1, "cache": 0, "capture": 0}
"""Rooms below the stages, by floor."""
LIBRARIES = {
    "click": {"cli"},
    "rich": {"cli"},
    "pandas": {"aggregate", "insight"},
    "jinja2": {"render"},
    "frontmatter": {"vault"},
    "yaml": {"pricing", "settings", "vault"},
    "sqlite3": {"ledger", "collectors"},
    "msgspec": {"collectors", "pricing"},
}


def room_of(path: Path) -> str:
    """Top-level room of a file: `collectors` for all below vaultsync/collectors."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, int]]:
    """Every imported module of a file with its line, those inside functions too."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            found += [(node.module, node.lineno)]
            if node.module == "vaultsync":
                found += [(f"vaultsync.{alias.name}", node.lineno) for alias in node.names]
    return found


def floor(room: str) -> int:
    """Height of a room: an import goes down only."""
    if room in STAGES:
        return 2
    return {"sync": 3, "cli": 4, "__main__": 5, "__init__": -1}.get(room, GROUND.get(room, 9))


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down_the_plan(path: Path) -> None:
    here = room_of(path)
    for module, line in imports(path):
        parts = module.split(".")
        if parts[0] != "vaultsync" or len(parts) < 2 or parts[1] == "__version__":
            continue
        there = parts[1]
        if there == here:
            continue
        if here == "vault":
            assert there in {"periods", "errors", "private", "text"}, f"{path}:{line}: vault knows no {there}"
        assert floor(there) < floor(here), f"{path}:{line}: {here} imports {there}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_one_library_lives_in_one_room(path: Path) -> None:
    for module, line in imports(path):
        rooms = LIBRARIES.get(module.split(".")[0])
        assert rooms is None or room_of(path) in rooms, f"{path}:{line}: {module} has no place here"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_command_line_reads_the_clock(path: Path) -> None:
    if room_of(path) in {"cli", "capture"}:  # capture works in a person's own script, which has no other
        return
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and node.attr in {"now", "today", "utcnow", "time_ns"}:
            owner = getattr(node.value, "id", getattr(node.value, "attr", ""))
            assert owner not in {"datetime", "date", "time"}, f"{path}:{node.lineno}: reads the clock"


HEAVY = {
    "pandas", "numpy", "jinja2", "yaml", "rich", "sqlite3", "msgspec", "frontmatter", "importlib.metadata",
    "zoneinfo", "platformdirs", "vaultsync.model", "vaultsync.settings",
}  # fmt: skip


def loaded_by(*arguments: str) -> set[str]:
    """All modules that the front door of the program loads for a command line, besides Python's own."""
    code = (
        "import sys\nbefore = set(sys.modules)\nfrom vaultsync.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print('', *sorted(set(sys.modules) - before), sep='\\n', file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stderr.split())


@pytest.mark.parametrize("arguments", [["--help"], ["daily", "--help"], ["show", "--help"], ["report", "-h"]])
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    assert loaded_by(*arguments) & HEAVY == set()


def test_the_version_is_told_before_anything_is_loaded() -> None:
    """What may be loaded at every start, before it is known what is asked; it is all of C or tiny."""
    light = {"vaultsync", "vaultsync.__main__", "vaultsync.idle", "marshal", "time", "_blake2", "__future__"}
    assert loaded_by("--version") <= light
