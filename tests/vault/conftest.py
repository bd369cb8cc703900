"""A small vault, a writer that waits in no time, and notes that have rested for long."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from vaultsync.vault.files import Clock
from vaultsync.vault.note import Note
from vaultsync.vault.writer import Writer

posix = pytest.mark.skipif(sys.platform == "win32", reason="links and modes of POSIX")
LONG_AGO = 1_700_000_000.0


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    (tmp_path / "vault" / "Daily").mkdir(parents=True)
    return tmp_path / "vault"


@pytest.fixture
def slept() -> list[float]:
    return []


@pytest.fixture
def writer(vault: Path, tmp_path: Path, slept: list[float]) -> Writer:
    return Writer(vault, tmp_path / "state", Clock(lambda: LONG_AGO + 1000 + sum(slept), slept.append))


def note_at(path: Path, data: bytes = b"old\n", when: float = LONG_AGO) -> Path:
    path.write_bytes(data)
    os.utime(path, (when, when))
    return path


def becomes(new: bytes) -> Callable[[Note], bytes]:
    return lambda note: new


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
