"""Some hundreds of the faults that `python -m tests.faults syscalls --rounds 0` makes, one at every call."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.faults import watch
from tests.faults.scene import ROOT

NO_WATCH = watch.missing() if hasattr(os, "fork") else "runs are copied by fork"


@pytest.mark.skipif(bool(NO_WATCH), reason=NO_WATCH)
def test_any_call_may_fail_and_any_may_be_the_last() -> None:
    arguments = ["syscalls", "--rounds", "120", "--seed", "ci", "--jobs", "1"]
    command = [sys.executable, "-m", "tests.faults", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "120 faults" in done.stdout
