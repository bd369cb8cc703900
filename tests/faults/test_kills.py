"""Some hundreds of the kills that `python -m tests.faults kills` makes by the thousand."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults.scene import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are copied by fork")


def test_a_run_may_be_killed_at_any_moment() -> None:
    arguments = ["kills", "--rounds", "150", "--seed", "ci", "--jobs", "1"]
    command = [sys.executable, "-m", "tests.faults", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "150 runs ended by SIGKILL" in done.stdout
