"""A diff of a note: `patch` can apply what goes into a file; a terminal does not obey what it shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sync.conftest import World, event

NAME = "Daily/2026-01-09.md"
HOSTILE = "\tFriday \x1b]0;title\x07 \u202eyadirF\u202c \x9b31m \u2028 e\u0301 👩\u200d💻 \x1b[31mred\x1b[0m"


@pytest.mark.skipif(not shutil.which("patch"), reason="there is no patch here")
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("kind", ["daily", "dashboard"])
def test_patch_makes_of_a_diff_what_a_run_makes(world: World, kind: str, end: str) -> None:
    name = NAME if kind == "daily" else "LLM Costs.md"
    path = world.write(name, end.join([HOSTILE, "", "## 💰 Token Usage", "", "last line"]))
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    diff = world.run(kind, "--diff", "-q").stdout_bytes
    arguments = ["patch", "-p1", "--binary", "--quiet", "-i", "-"]
    subprocess.run(arguments, cwd=world.vault, input=diff, check=True)
    patched = path.read_bytes()
    assert HOSTILE.encode() in patched and b"vaultsync:begin" in patched
    assert world.run(kind).output.startswith("Nothing to do")
    assert path.read_bytes() == patched


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
def test_a_terminal_does_not_obey_what_stands_in_a_note(world: World, tmp_path: Path) -> None:
    world.write(NAME, f"# A\r\n{HOSTILE}\r\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    keyboard, terminal = os.openpty()
    command = [sys.executable, "-m", "vaultsync", "daily", "--only", "--date", "2026-01-09", "--diff", "-q"]
    command += ["--vault", str(world.vault)]
    done = subprocess.Popen(command, stdout=terminal, env={**os.environ, "HOME": str(tmp_path)})
    os.close(terminal)
    shown = b""
    while block := _read(keyboard):
        shown += block
    os.close(keyboard)
    assert done.wait() == 0
    text = shown.decode().replace("\r\n", "\n")
    assert not set(text) & set("\x1b\x07\x9b\u202e\u2028\r")
    tamed = "\\x1b]0;title\\x07 \\u202eyadirF\\u202c \\x9b31m \\u2028 e\u0301 👩\u200d💻 \\x1b[31mred\\x1b[0m"
    assert f"Friday {tamed}\n" in text


def _read(handle: int) -> bytes:
    """What a terminal was told next; nothing when nobody is left to tell it something."""
    try:
        return os.read(handle, 65536)
    except OSError:
        return b""
