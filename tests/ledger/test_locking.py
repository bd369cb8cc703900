"""One run at a time; who comes second waits, and a lock that cannot be had at all is named at once."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from vaultsync.errors import LedgerError
from vaultsync.ledger import lock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")


def test_a_second_run_gives_up_after_the_wait(tmp_path: Path) -> None:
    with (
        lock(tmp_path / "ledger.db"),
        pytest.raises(LedgerError, match=r"ledger\.db: another run .* still at work"),
        lock(tmp_path / "ledger.db", 0),
    ):
        pass


def test_a_disk_without_locks_is_named_and_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with pytest.raises(LedgerError, match=r"No locks available.*disk of this machine"), lock(tmp_path / "l"):
        pass
