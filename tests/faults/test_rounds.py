"""One round of each kind; the command of the same name plays more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.faults.meetings import KINDS
from tests.faults.scene import ROOT


def test_two_of_everything_lose_nothing(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.faults", "rounds", "--rounds", str(len(KINDS)), "--jobs", "2"]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"rounds: {len(KINDS)} (")
