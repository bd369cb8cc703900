"""A wheel carries all that the program needs."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_wheel_holds_templates_prices_and_collectors(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "vaultsync/_data/pricing.yaml" in names
    assert {f"vaultsync/_data/templates/{t.name}" for t in (ROOT / "templates").glob("*.j2")} <= names
    assert {str(p.relative_to(ROOT)) for p in (ROOT / "vaultsync").rglob("*.py")} <= names
    entry_points = next(n for n in names if n.endswith("entry_points.txt"))
    assert "claude-code = vaultsync.collectors" in zipfile.ZipFile(wheel).read(entry_points).decode()
