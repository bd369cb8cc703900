"""What all tests share: the option that rewrites expected results, and no logs of this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    parser.addoption(
        "--update-golden", action="store_true", help="rewrite expected results; review the diff like code"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Forget where the coding agents of this machine keep their logs, and how fast it is."""
    settings.register_profile("any machine", deadline=None)
    settings.load_profile("any machine")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        os.environ.pop(name, None)


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, Any], None]:
    """Compare a value with the JSON file that holds it, or write that file under `--update-golden`."""

    def compare(path: Path, value: Any) -> None:
        text = json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n"
        if request.config.getoption("--update-golden"):
            path.write_text(text, encoding="utf-8")
        assert json.loads(path.read_text(encoding="utf-8")) == json.loads(text)

    return compare
