"""What has no check sum is held twice, and no figure is made, and nothing written, where the two differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.ledger.making import EVER, apart, event, record, tokens
from vaultsync.errors import LedgerDamagedError
from vaultsync.ledger import Ledger, save_events
from vaultsync.ledger.identity import log_key
from vaultsync.model import UsageEvent

ANSWERS: tuple[Mapping[str, Any], ...] = (
    {},
    {"needs": ()},
    {"cuts": (datetime(2026, 1, 8, tzinfo=UTC),)},
)
"""Ways to ask for the figures of all time."""


def bill(day: int) -> UsageEvent:
    return event(f"bill{day}", 24 * 60 * day, source="anthropic-usage", tokens=tokens(input=999))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A closed ledger with calls of a log and of a document, outcomes, and a bill of the same."""
    path = tmp_path / "ledger.db"
    with Ledger.open(path) as ledger:
        record(ledger, *(event(f"k{n}", 20 * n, session=f"S{n}") for n in range(6)))
        runs = (event(None, 5 * n, outcomes=(("poems", n + 1),)) for n in range(3))
        record(ledger, *runs, path="day.json", replaces=True)
        record(ledger, bill(0), path="usage.json", tells="usage")
        ledger.settle()
        for how in ANSWERS:
            assert sum(ledger.rows(*EVER, **how).columns["events"]) == 9  # type: ignore[arg-type]
        assert ledger.check() == []
    return path


FIGURES = {
    "a name": ("name", "UPDATE name SET text = 'claude-opus-4-6' WHERE text = 'claude-opus-4-5'"),
    "a name that is no text": (
        "name",
        "UPDATE name SET text = CAST(x'63ff' AS TEXT) WHERE text = 'claude-code'",
    ),
    "a label": ("label", "UPDATE label SET model = provider WHERE id = 1"),
    "an outcome": ("outcome", "UPDATE outcome SET amount = 99 WHERE amount = 3"),
    "lost outcomes": ("outcome", "DELETE FROM outcome"),
    "kinds of sources": ("telling", "UPDATE telling SET kind = 'bills'"),
    "lost kinds of sources": ("telling", "DELETE FROM telling"),
    "what is told twice": ("present", "UPDATE present SET source = source + 1"),
}


@pytest.mark.parametrize("what", FIGURES)
def test_no_figure_is_made_where_the_two_differ(path: Path, what: str) -> None:
    apart(path, *FIGURES[what])
    with Ledger.open(path, read_only=True) as ledger:
        for how in ANSWERS:
            with pytest.raises(LedgerDamagedError):
                ledger.rows(*EVER, **how)  # type: ignore[arg-type]
        assert ledger.check() != []


def test_a_wrong_name_does_not_hide_days_that_have_it_not(path: Path) -> None:
    with Ledger.open(path) as ledger:
        record(ledger, event("other", 24 * 60, model="glm-5"), path="b.jsonl")
    apart(path, "name", "UPDATE name SET text = 'glm-6' WHERE text = 'glm-5'")
    first = event("k").when.replace(hour=0)
    with Ledger.open(path, read_only=True) as ledger:
        assert sum(ledger.rows(first, first.replace(day=8)).columns["events"]) == 9  # type: ignore[arg-type]
        with pytest.raises(LedgerDamagedError):
            ledger.rows(first, first.replace(day=9))


# --- writing ---


def test_a_log_is_not_read_on_from_a_place_that_was_not_written(path: Path) -> None:
    apart(path, "file", "UPDATE file SET \"offset\" = 50 WHERE path = CAST('logs/a.jsonl' AS BLOB)")
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerDamagedError, match="places up to which logs were read"):
            record(ledger, event("new", 999), start=50)
        assert sum(ledger.rows(*EVER).columns["events"]) == 9  # type: ignore[arg-type]


@pytest.mark.parametrize("lost", ["DELETE FROM mention", "UPDATE mention SET event = 1 WHERE event = 8"])
def test_a_document_takes_nothing_back_by_a_list_that_was_not_written(path: Path, lost: str) -> None:
    apart(path, "mention", lost)
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerDamagedError, match="lists of who said what"):
            record(ledger, event(None, 0), event(None, 5), path="day.json", replaces=True)
        assert sum(ledger.rows(*EVER).columns["events"]) == 9  # type: ignore[arg-type]


@pytest.mark.parametrize("path_again", ["a.jsonl", "copy.jsonl"])
def test_a_call_that_the_index_of_keys_lost_does_not_count_again(path: Path, path_again: str) -> None:
    apart(path, "event", f"UPDATE event SET key = x'{log_key('lost').hex()}' WHERE id = 4")
    calls = [event("lost" if n == 3 else f"k{n}", 20 * n, session=f"S{n}") for n in range(6)]
    with Ledger.open(path) as ledger:
        with pytest.raises(LedgerDamagedError, match="keys of calls"):
            record(ledger, *calls, path=path_again)
        assert sum(ledger.rows(*EVER).columns["events"]) == 9  # type: ignore[arg-type]


@pytest.mark.parametrize("other", ["k1", "new"])
def test_a_call_to_which_the_index_of_keys_leads_wrongly_is_not_joined(path: Path, other: str) -> None:
    """Its table says that it is another one, which the same log tells, too, or does not."""
    with Ledger.open(path, wal=False) as ledger:
        ledger._db.execute("DELETE FROM event WHERE id = 2")
    apart(path, "event", f"UPDATE event SET key = x'{log_key(other).hex()}' WHERE id = 4")
    with Ledger.open(path) as ledger, pytest.raises(LedgerDamagedError, match="keys of calls"):
        record(ledger, event("k3", 60, session="S3", tokens=tokens(input=99)), path="copy.jsonl")


# --- what is saved of it ---


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.parametrize(
    ("table", "statement", "doubtful"),
    [
        ("name", "UPDATE name SET text = 'S9' WHERE text = 'S3'", 1),
        ("label", "UPDATE label SET session = 0 WHERE id = 2", 1),
        ("event", "UPDATE event SET key = x'00112233445566778899aabbccddeeff' WHERE id = 4", 1),
        ("outcome", "UPDATE outcome SET amount = 99 WHERE amount = 3", 1),
        ("mention", "UPDATE mention SET event = 1 WHERE event = 8", 2),
        ("mention", "DELETE FROM mention WHERE event = 8", 1),
    ],
)
def test_a_call_of_which_the_two_differ_is_kept_apart(
    path: Path, tmp_path: Path, table: str, statement: str, doubtful: int
) -> None:
    apart(path, table, statement)
    good, unsure = tmp_path / "good", tmp_path / "unsure"
    saved = save_events(path, good, unsure)
    assert (saved.events, saved.doubtful, saved.lost) == (10 - doubtful, doubtful, 0)
    assert (len(lines(good)), len(lines(unsure))) == (10 - doubtful, doubtful)
