"""A bar on a terminal, nothing elsewhere."""

from __future__ import annotations

import io
from contextlib import redirect_stderr

import pytest

from vaultsync.cli.progress import progress


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal, to be put at standard error."""
    monkeypatch.setenv("TERM", "xterm")
    return Terminal()


def test_without_a_terminal_there_is_no_bar() -> None:
    with redirect_stderr(io.StringIO()), progress(shown=True) as bar:
        assert bar is None


def test_quietly_there_is_no_bar(terminal: Terminal) -> None:
    with redirect_stderr(terminal), progress(shown=False) as bar:
        assert bar is None


def test_on_a_terminal_work_shows_its_steps(terminal: Terminal) -> None:
    with redirect_stderr(terminal), progress(shown=True) as bar:
        assert bar is not None
        bar("[reading] logs", 1, 3)
        bar("[reading] logs", 3, 3)
    assert "[reading] logs" in terminal.getvalue()
    assert "3/3" in terminal.getvalue()


def test_a_run_without_work_draws_nothing(terminal: Terminal) -> None:
    with redirect_stderr(terminal), progress(shown=True):
        pass
    assert terminal.getvalue() == ""
