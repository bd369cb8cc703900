"""Check sums follow every change of the books, and no figure is made of what they do not confirm."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ledger.making import EVER, event, record, sums, tokens
from vaultsync.errors import LedgerDamagedError, LedgerError
from vaultsync.ledger import Ledger, schema, seals
from vaultsync.model import TOKEN_CLASSES, AgentName, FinalOutput, TokenCounts
from vaultsync.text import decimal_text


def made(path: Path) -> None:
    """A ledger in which all kinds of changes have happened, with its sums made ahead."""
    with Ledger.open(path) as ledger:
        record(ledger, event("a", duration_ms=1800), event("b", 20, cost=Decimal("0.25"), cost_kind="billed"))
        record(ledger, event("a", 40, tokens=tokens(output=999)), path="copy")
        record(ledger, event("c", 60, agent="A", quality="partial"), start=100, end=200)
        facts = FinalOutput("claude-code", "A", tokens(output=500)), AgentName("claude-code", "A", "review")
        record(ledger, *facts, path="parent")
        record(ledger, event("d", 80), event("e", 90, outcomes=(("poems", 2),)), path="doc", replaces=True)
        record(ledger, event("d", 85), path="doc", replaces=True, end=90)
        ledger.settle()
        sums(ledger)


def spoil(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(statement)
        db.commit()


def test_joined_settled_and_taken_back_calls_leave_the_check_sums_true(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    with Ledger.open(path) as ledger:
        assert sums(ledger)[0] == 4
        assert ledger.check() == []


def test_what_is_undone_is_not_sealed(ledger: Ledger) -> None:
    with pytest.raises(KeyboardInterrupt), ledger.transaction():
        record(ledger, event("a"))
        raise KeyboardInterrupt
    record(ledger, event("b"))
    assert (sums(ledger)[0], ledger.check()) == (1, [])


SPOILED = {
    "a count": "UPDATE event SET input = input + 1 WHERE id = 1",
    "a label": "UPDATE event SET label = label + 1 WHERE id = 2",
    "a cost": "UPDATE event SET cost = '0.26' WHERE cost IS NOT NULL",
    "the point of a cost": "UPDATE event SET cost = '02.5' WHERE cost IS NOT NULL",
    "a duration": "UPDATE event SET duration_ms = 1801 WHERE id = 1",
    "a lost duration": "UPDATE event SET duration_ms = NULL WHERE id = 1",
    "the duration of a sum": "UPDATE rolled SET duration_ms = duration_ms + 1",
    "a time": "UPDATE event SET at = at + 900000000 WHERE id = 1",
    "two counts alike": "UPDATE event SET input = input + 8, output = output - 8 WHERE id = 1",
    "a lost call": "DELETE FROM event WHERE id = 2",
    "a lost sum": "DELETE FROM rolled WHERE events = 1",
    "a sum": "UPDATE rolled SET output = output + 4096",
    "the label of a sum": "UPDATE rolled SET label = label + 1 WHERE cost IS NULL",
    "the check sum": "UPDATE seal SET number = number + 1",
}


@pytest.mark.parametrize("what", SPOILED)
@pytest.mark.parametrize("is_ahead", [True, False])
def test_no_figure_is_made_of_damage(tmp_path: Path, what: str, is_ahead: bool) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    if not is_ahead:
        if "rolled" in SPOILED[what]:
            return
        spoil(path, "UPDATE meta SET value = 'other' WHERE key = 'rolled'")
    elif " event " in SPOILED[what]:
        spoil(path, "INSERT INTO stale SELECT interval FROM seal")
    spoil(path, SPOILED[what])
    with Ledger.open(path) as ledger:
        for how in ({}, {"needs": ()}, {"cuts": ()}):
            with pytest.raises(LedgerError, match=r"figures of 2026-01-07 are not what was written.*kept"):
                ledger.rows(*EVER, **how)  # type: ignore[arg-type]
        assert any("2026-01-07" in str(finding) for finding in ledger.check())


UNBELIEVABLE = {
    "an event whose label is gone": "DELETE FROM label WHERE id = (SELECT label FROM event WHERE id = 1)",
    "a label whose name is gone": "DELETE FROM name WHERE id IN (SELECT source FROM label)",
    "a time in the year 130000": "UPDATE event SET at = 4039000000000000000 WHERE id = 1",
    "a sum of the year 130000": "UPDATE rolled SET quarter = 4039000000200 WHERE cost IS NOT NULL",
    "a time that no calendar has": "UPDATE event SET at = 9223372036854775807 WHERE id = 2",
}


@pytest.mark.parametrize("what", UNBELIEVABLE)
def test_what_cannot_be_understood_is_told_as_damage(tmp_path: Path, what: str) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    spoil(path, UNBELIEVABLE[what])
    looks: list[Callable[[Ledger], object]] = [
        sums,
        Ledger.sources,
        Ledger.span,
        Ledger.kinds,
        lambda it: it.latest(9),
        lambda it: it.rows(*EVER, needs=()),
    ]
    with Ledger.open(path, read_only=True) as ledger:
        assert ledger.check() != []
        told = [error for look in looks if (error := refusal(look, ledger))]
        assert told and all(isinstance(error, LedgerDamagedError) for error in told)


def refusal(look: Callable[[Ledger], object], ledger: Ledger) -> LedgerError | None:
    try:
        look(ledger)
    except LedgerError as error:
        return error
    return None


def test_a_bug_of_ours_is_not_told_as_damage(ledger: Ledger) -> None:
    record(ledger, event("a"))
    with pytest.raises(ZeroDivisionError):
        ledger.rows(*EVER, project_name=lambda name: str(1 // 0))


def test_damage_elsewhere_does_not_hide_the_figures_of_other_days(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger.open(path) as ledger:
        record(ledger, event("a"), event("b", 24 * 60))
        first = event("a").when.replace(hour=0)
        days = [first, event("b", 24 * 60).when.replace(hour=0), event("c", 48 * 60).when.replace(hour=0)]
    spoil(path, "UPDATE event SET output = 7 WHERE id = 2")
    with Ledger.open(path, read_only=True) as ledger:
        assert list(ledger.rows(days[0], days[1]).columns["output"]) == [140]
        with pytest.raises(LedgerError, match="2026-01-08"):
            ledger.rows(days[1], days[2])


@given(st.decimals(-(10**12), 10**12, allow_nan=False, places=9) | st.decimals(0, 10**12, allow_nan=False))
def test_a_cost_has_the_same_number_everywhere(cost: Decimal) -> None:
    text = decimal_text(cost)
    ask = f"SELECT 0 {seals._COST} FROM (SELECT ? AS cost)"
    with closing(sqlite3.connect(":memory:")) as db:
        assert db.execute(ask, (text,)).fetchone()[0] == seals.number_of_cost(text)


def test_the_largest_counts_add_up_without_overflow(ledger: Ledger) -> None:
    most = 10**12
    counts = TokenCounts(*[most] * len(TOKEN_CLASSES))
    record(ledger, *(event(f"k{n}", tokens=counts, unsplit=most, requests=most) for n in range(50)))
    assert sums(ledger)[:2] == [50, 50 * most]
    assert ledger.check() == []


def test_the_migration_seals_what_the_present_program_would(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    made(path)
    with closing(sqlite3.connect(path)) as db:
        now = db.execute("SELECT * FROM seal WHERE events > 0").fetchall()
        db.execute("DROP TABLE seal")
        for statement in (*schema.statements(schema.V3), schema.statements(schema.V4)[-1]):
            db.execute(statement)
        assert db.execute("SELECT * FROM seal").fetchall() == now
