"""Some of the damages that `python -m tests.faults rot` does by the hundred."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults.scene import ROOT

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="runs are copied by fork")


def test_a_damaged_ledger_makes_no_wrong_figure_and_can_be_made_anew() -> None:
    command = [sys.executable, "-m", "tests.faults", "rot", "--rounds", "25", "--seed", "ci"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "25 damages" in done.stdout
