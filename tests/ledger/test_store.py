"""Changes, notes, facts about the ledger, finding events again, two runs at once."""

from __future__ import annotations

import multiprocessing
import pickle
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.ledger.making import NOON, File, event, record, sums, tokens
from vaultsync.errors import LedgerError
from vaultsync.ledger import Changes, Ledger, NoteState, SourceSpan, find, lock

START = int(NOON.timestamp())


def test_changes_are_the_quarter_hours_that_were_touched(ledger: Ledger) -> None:
    record(ledger, event("a", 1), event("b", 14), event("c", 31))
    assert ledger.changes().intervals == [START, START + 1800]


def test_nothing_new_is_no_change(ledger: Ledger) -> None:
    record(ledger, event("a"))
    seen = ledger.changes().token
    record(ledger, event("a"), path="copy")
    assert ledger.changes(seen).intervals == []


def test_a_call_that_turns_out_earlier_changes_both_quarter_hours(ledger: Ledger) -> None:
    record(ledger, event("a", 16))
    seen = ledger.changes().token
    record(ledger, event("a", 14), start=100)
    assert ledger.changes(seen).intervals == [START, START + 900]


def test_what_changes_while_notes_are_written_is_told_the_next_time(ledger: Ledger) -> None:
    record(ledger, event("a"), event("b", 60))
    seen = ledger.changes()
    with Ledger.open(ledger.path) as other:
        record(other, event("c", 1), path="b.jsonl")
    assert ledger.changes(seen.token).intervals == [START]


def test_what_changed_is_told_within_the_transaction_too(ledger: Ledger) -> None:
    with ledger.transaction():
        record(ledger, event("a"), event("b", 60))
        assert ledger.changes().intervals == [START, START + 3600]
        assert sums(ledger)[0] == 2


def test_a_group_that_is_undone_is_no_change(ledger: Ledger) -> None:
    record(ledger, event("a"))
    seen = ledger.changes()
    with pytest.raises(KeyboardInterrupt), ledger.transaction():
        record(ledger, event("b", 60), start=100)
        raise KeyboardInterrupt
    record(ledger, event("a"), start=100)
    assert ledger.changes(seen.token) == Changes(seen.token, [])


def test_each_of_several_readers_is_told_every_change(ledger: Ledger) -> None:
    record(ledger, event("a"))
    slow = ledger.changes().token
    record(ledger, event("b", 60), start=100)
    quick = ledger.changes().token
    assert ledger.changes(slow).intervals == [START + 3600]
    assert ledger.changes(quick) == Changes(quick, [])


def test_each_vault_knows_its_own_notes(ledger: Ledger) -> None:
    mine = NoteState("daily", "2026-01-07", "Daily/2026-01-07.md", 100, 5)
    yours = NoteState("daily", "2026-01-07", "2026-01-07.md", 20, 6)
    ledger.remember_note("mine", mine)
    ledger.remember_note("yours", yours)
    assert (ledger.notes("mine"), ledger.notes("yours")) == ([mine], [yours])
    ledger.forget_note("mine", "daily", "2026-01-07")
    assert (ledger.notes("mine"), ledger.notes("yours")) == ([], [yours])


def test_a_period_has_one_note_wherever_it_moves(ledger: Ledger) -> None:
    ledger.remember_note("mine", NoteState("daily", "2026-01-07", "old.md", 100, 5))
    moved = NoteState("daily", "2026-01-07", "new.md", 100, 5)
    ledger.remember_note("mine", moved)
    assert ledger.notes("mine") == [moved]


def test_facts_about_the_ledger_are_kept_by_key(ledger: Ledger) -> None:
    ledger.set("timezone", "Europe/Berlin")
    ledger.set("timezone", "UTC")
    assert (ledger.get("timezone"), ledger.get("other")) == ("UTC", None)


def test_a_fact_cannot_disturb_the_books(ledger: Ledger) -> None:
    ledger.set("changes", "x")
    ledger.set("rolled", "x")
    record(ledger, event("a"))
    assert sums(ledger)[0] == 1


def test_an_event_is_found_by_the_id_of_its_log(ledger: Ledger) -> None:
    record(ledger, event("claude-code:msg_1"), event("claude-code:msg_2", 1))
    assert [len(ledger.find(text)) for text in ("claude-code:msg_1", "msg_1", "msg_9")] == [1, 1, 0]


def test_an_event_is_found_by_the_first_digits_of_its_id(ledger: Ledger) -> None:
    record(ledger, event("claude-code:msg_1"), event(None, 1))
    for stored in ledger.latest(2):
        assert [found.id for found in ledger.find(stored.short)] == [stored.id]
        assert ledger.find(stored.id.upper()) == [stored]


def test_the_latest_events_come_first_and_may_be_chosen(ledger: Ledger) -> None:
    record(ledger, event("a", 0, project="p"), event("b", 1), event("c", 2, project="p"))
    minutes = [[(s.event.when - NOON) // timedelta(minutes=1) for s in found] for found in (
        ledger.latest(2), ledger.latest(9, {"project": "p"}), ledger.latest(9, {"project": None}),
        ledger.latest(9, {"project": "nowhere"}),
    )]  # fmt: skip
    assert minutes == [[2, 1], [2, 0], [1], []]


def test_an_unknown_field_cannot_be_asked_for(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="colour is no field"):
        ledger.latest(1, {"colour": "red"})


def test_the_latest_sessions_tell_all_of_their_calls(ledger: Ledger) -> None:
    record(
        ledger,
        event("a", 0, session="S1", project="p"),
        event("b", 1, session="S2"),
        event("c", 5, session="S1", project="q"),
        event("d", 9),
    )
    first, second = ledger.sessions(5)
    assert (first.session, first.project, first.events, first.total_tokens) == (
        "S1",
        "q",
        2,
        2 * tokens().total,
    )
    assert (first.first, first.last) == (NOON, NOON + timedelta(minutes=5))
    assert second.session == "S2"
    assert [s.session for s in ledger.sessions(1)] == ["S1"]


def test_sources_tell_what_was_found_so_far(ledger: Ledger) -> None:
    record(ledger, event("a", 0), event("b", 2), event("c", 1, source="codex"))
    assert ledger.sources() == [
        SourceSpan("claude-code", 2, NOON, NOON + timedelta(minutes=2)),
        SourceSpan("codex", 1, NOON + timedelta(minutes=1), NOON + timedelta(minutes=1)),
    ]


# --- files ---


def known(ledger: Ledger, file: File, *gone: str) -> str | None:
    found = find(ledger.files(), file, lambda path: str(path) not in gone)
    return str(found.path) if found else None


def test_a_file_is_known_at_its_path(ledger: Ledger) -> None:
    record(ledger, path="a.jsonl")
    state = ledger.files()["logs/a.jsonl"]
    assert known(ledger, File(Path("logs/a.jsonl"))) == "logs/a.jsonl"
    assert state.is_grown(File(Path("logs/a.jsonl"), size=200, head=b"head and more"))


@pytest.mark.parametrize("change", [{"size": 50}, {"head": b"lead"}, {"inode": 2}, {"head": b"he"}])
def test_a_file_that_shrank_or_was_replaced_is_read_from_the_start(
    ledger: Ledger, change: dict[str, object]
) -> None:
    record(ledger, path="a.jsonl")
    file = File(Path("logs/a.jsonl"), **change)  # type: ignore[arg-type]
    state = ledger.files()["logs/a.jsonl"]
    assert not state.is_grown(file)


def test_a_renamed_file_is_known_by_its_inode_and_beginning(ledger: Ledger) -> None:
    record(ledger, path="log")
    assert known(ledger, File(Path("logs/log.1"))) == "logs/log"
    assert known(ledger, File(Path("logs/log.1"), head=b"else")) is None
    assert known(ledger, File(Path("logs/copy"), inode=9)) is None


def test_files_are_told_to_another_process_as_they_are(ledger: Ledger) -> None:
    record(ledger, path="log", end=80)
    record(ledger, path="caf\udce9")
    files = ledger.files()
    sent = pickle.loads(pickle.dumps(files))
    assert sent == files
    assert find(sent, File(Path("logs/log.1")), Path.exists) == files["logs/log"]


def test_a_document_that_was_moved_and_edited_is_known_by_its_name(ledger: Ledger) -> None:
    record(ledger, path="day.json")
    moved = File(Path("logs/2026/day.json"), inode=9, head=b"edited")
    assert known(ledger, moved, "logs/day.json") == "logs/day.json"
    assert known(ledger, moved) is None


# --- two runs at once ---


def fill(path: Path, rounds: int) -> None:
    """What one of several processes does: record the same calls as the others."""
    for number in range(rounds):
        with Ledger.open(path) as ledger:
            record(ledger, *(event(None, n) for n in range(number + 1)), *(event(f"k{n}") for n in range(20)))
            ledger.settle()
            sums(ledger)


def test_processes_that_read_the_same_files_at_once_count_each_call_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    path = tmp_path / "state" / "ledger.db"
    runs = [context.Process(target=fill, args=(path, 6)) for _ in range(3)]
    for run in runs:
        run.start()
    for run in runs:
        run.join(60)
    assert [run.exitcode for run in runs] == [0, 0, 0]
    with Ledger.open(path) as ledger:
        assert sums(ledger)[0] == 26
        assert ledger.check() == []


def test_a_second_run_gives_up_after_the_wait(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with (
        lock(path),
        pytest.raises(LedgerError, match="another run of vaultsync is still at work"),
        lock(path, 0),
    ):
        pass


def test_who_waits_hears_how_long_and_waits_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    told: list[tuple[int, int]] = []
    monkeypatch.setattr("time.sleep", slept.append)
    path = tmp_path / "ledger.db"
    with (
        lock(path),
        pytest.raises(LedgerError, match=r"still at work after 60 s\. Wait until it ends, then run"),
        lock(path, waiting=lambda *seconds: told.append(seconds)),
    ):
        pass
    assert sum(slept) == pytest.approx(60)
    assert (told[0], told[-1][1]) == ((0, 60), 60) and sorted({done for done, _ in told}) == [*range(60)]


def test_the_lock_is_free_after_a_run(tmp_path: Path) -> None:
    path = tmp_path / "state" / "ledger.db"
    for _ in range(2):
        with lock(path, 0):
            pass


def test_the_lock_of_a_killed_run_is_free(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    code = f"import os, pathlib, vaultsync.ledger as l\nwith l.lock(pathlib.Path({str(path)!r})): os._exit(9)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    with lock(path, 0):
        pass


KILLED = """
import os, pathlib
from tests.ledger.making import event, record
from vaultsync.ledger import Ledger
ledger = Ledger.open(pathlib.Path({path!r}))
record(ledger, event("kept"))
with ledger.transaction():
    record(ledger, event("lost", 1), start=100, end=200)
    os._exit(9)
"""


def test_a_killed_run_leaves_events_and_position_of_before(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    assert subprocess.run([sys.executable, "-c", KILLED.format(path=str(path))], check=False).returncode == 9
    with Ledger.open(path) as ledger:
        assert sums(ledger)[0] == 1
        assert ledger.files()["logs/a.jsonl"].offset == 100
        assert ledger.check() == []
