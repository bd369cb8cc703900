"""The limits of `python -m tests.faults limits`, for the command that a scheduler runs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults.scene import ROOT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are copied by fork")
def test_a_run_keeps_its_promises_within_any_limit() -> None:
    command = [sys.executable, "-m", "tests.faults", "limits", "--act", "daily"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
