"""A phrase in every field of every format is found nowhere again; `python -m tests.faults secrets --long`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import secrets
from tests.faults.specimens import specimens

NAMES = [one.name for one in specimens()]


@pytest.mark.parametrize("name", NAMES)
def test_no_collector_takes_more_than_names(name: str) -> None:
    read, leaks = secrets.one_by_one(name, secrets.PHRASES[0], is_long=False)
    assert (leaks, read > 2) == ([], True)


def test_nothing_that_is_left_or_said_holds_the_phrase_and_others_can_read_none_of_it(tmp_path: Path) -> None:
    searched, leaks = secrets.everything(tmp_path, NAMES, secrets.PHRASES[:1])
    assert leaks == []
    assert searched > len(secrets.COMMANDS)


def test_a_leak_would_be_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secrets.places.cache_clear()
    monkeypatch.setattr(secrets, "LISTED", secrets.LISTED - {"project", "modelname"})
    _, leaks = secrets.one_by_one("events.jsonl", secrets.PHRASES[0], is_long=False)
    assert {leak.planted for leak in leaks} >= {"events.jsonl: .project", "events.jsonl: .model_name"}
    (tmp_path / "ledger.db").write_bytes(b"\0\x01" + secrets.PHRASES[0].encode() + b"\0")
    assert secrets.holds(tmp_path / "ledger.db")
    secrets.places.cache_clear()
