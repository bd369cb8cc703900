"""Whatever surrounds a run: no language, no home, closed or full streams, a current folder full of traps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.scene import ROOT, YESTERDAY, Done, Scene, build, surroundings

DOOR = "from vaultsync.__main__ import main; main()"
HOMELESS = "import pwd\ndef unknown(number): raise KeyError(number)\npwd.getpwuid = unknown\n" + DOOR
MODULES = ("click", "json", "msgspec", "pickle", "sqlite3", "tempfile", "yaml", "zoneinfo")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The notes after a run in peace."""
    scene = build(tmp_path_factory.mktemp("peace"))
    assert ask(scene, "daily", "--date", YESTERDAY).code == 0
    return scene.notes()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return build(tmp_path)


def ask(scene: Scene, *arguments: str, redirect: str = "", code: str = "", **environ: str | None) -> Done:
    """Call the program as a shell does, in the vault.

    Args:
        redirect: What the shell does with the streams.
        code: Run instead of `-m vaultsync`.
        environ: Variables that differ; None: not set.
    """
    known = {"PATH": surroundings(scene)["PATH"], "PYTHONPATH": str(ROOT)} | environ
    env = {name: value for name, value in known.items() if value is not None}
    begin = ["-c", code] if code else ["-m", "vaultsync"]
    command = ["sh", "-c", f'exec "$@" {redirect}', "sh", sys.executable, *begin, *arguments]
    done = subprocess.run(
        command,
        cwd=scene.vault,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,  # no terminal either
        timeout=60,
        check=False,
    )
    return Done(done.returncode, (done.stdout + done.stderr).decode("utf-8"))


def test_no_language_no_home_and_no_terminal(scene: Scene, expected: dict[str, bytes]) -> None:
    done = ask(scene, "daily", "--date", YESTERDAY, LC_ALL="C", TZ="", XDG_STATE_HOME="", PYTHONUTF8="0")
    assert done.code == 0 and "\r" not in done.said
    assert scene.notes() == expected
    told = ask(scene, "report", "--since", "2026-01-01", LC_ALL="C", PYTHONUTF8="0")
    assert told.code == 0 and "─" in told.said


def test_a_user_whom_the_system_does_not_know(scene: Scene, expected: dict[str, bytes]) -> None:
    assert ask(scene, "daily", "--date", YESTERDAY, code=HOMELESS).code == 0
    assert scene.notes() == expected
    config = scene.vault / "vaultsync.yaml"
    config.write_text(config.read_text().replace("ledger:", "# ledger:"))
    done = ask(scene, "daily", code=HOMELESS)
    assert done.code == 2
    assert done.said.startswith("ledger: no home folder is known, so the ledger has no place. Set HOME,")


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_trouble(scene: Scene, expected: dict[str, bytes], redirect: str) -> None:
    """Nor does a note get the number of one, and with it what is said."""
    broken = scene.log("calls.jsonl", [{"timestamp": "never"}])
    done = ask(scene, "daily", "--date", YESTERDAY, redirect=redirect)
    assert done.code == 0 and "Traceback" not in done.said and "Exception" not in done.said
    assert (f"{broken}:21: " in done.said) == ("2>" not in redirect)
    told = scene.notes()
    assert all(
        told[path] == expected[path] for path in expected if path != "LLM Costs.md"
    )  # it names the line


def test_what_cannot_be_said_is_a_failure_after_the_work(scene: Scene, expected: dict[str, bytes]) -> None:
    done = ask(scene, "daily", "--date", YESTERDAY, redirect="> /dev/full")
    assert done.code == 1
    assert [line.partition(":")[0] for line in done.said.splitlines()] == ["vaultsync"]
    assert scene.notes() == expected
    for arguments in (["--version"], ["--help"], ["report"]):
        done = ask(scene, *arguments, redirect="> /dev/full")
        assert done.code == 1 and done.said.count("\n") == 1, done


@pytest.mark.parametrize("command", ["daily --date 2026-01-08", "report day", "--help", "--version"])
def test_a_reader_that_goes_away_is_no_trouble(scene: Scene, command: str) -> None:
    assert ask(scene, "daily", "--date", YESTERDAY).code == 0
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "vaultsync", *command.split()],
        cwd=scene.vault,
        env=surroundings(scene),
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("way", ["module", "script"])
def test_nothing_is_imported_from_the_current_folder(
    scene: Scene, expected: dict[str, bytes], tmp_path: Path, way: str
) -> None:
    """But `python -m vaultsync` asks Python to look there for `vaultsync`, and for what that takes itself."""
    for name in (*MODULES, *(("vaultsync", "contextlib") if way == "script" else ())):
        (scene.vault / f"{name}.py").write_text("import os\nos.mkdir('../trapped')\n")
    script = tmp_path / "bin/vaultsync"
    script.parent.mkdir()
    script.write_text(DOOR)
    command = ["-m", "vaultsync"] if way == "module" else [str(script)]
    done = subprocess.run(
        [sys.executable, *command, "daily", "--date", YESTERDAY],
        cwd=scene.vault,
        env=surroundings(scene),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not (scene.root / "trapped").exists()
    assert {path: data for path, data in scene.notes().items() if path.endswith(".md")} == {
        path: data for path, data in expected.items() if path.endswith(".md")
    }
