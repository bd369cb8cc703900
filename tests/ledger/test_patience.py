"""Who waits for a locked ledger still hears a signal."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from vaultsync.ledger import Ledger


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_a_signal_ends_the_wait(tmp_path: Path) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "ledger.db"
    before = signal.signal(signal.SIGALRM, stop)
    with Ledger.open(path) as one, Ledger.open(path) as two, one.transaction():
        begun = time.monotonic()
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            two.set("a", "b")
        assert time.monotonic() - begun < 5
    signal.signal(signal.SIGALRM, before)
