"""What several rows tell together: sessions of copied calls, names and final outputs of agents, totals."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from tests.ledger.making import EVER, NOON, event, events, record, tokens
from vaultsync.ledger import Ledger
from vaultsync.model import (
    AgentName,
    FinalOutput,
    Finding,
    SessionTitle,
    SessionTotal,
    TokenCounts,
    UsageEvent,
)

SOURCE = "claude-code"


def sessions(ledger: Ledger) -> dict[str, str | None]:
    """Output count (used as a name) -> session."""
    return {str(e.tokens.output): e.session for e in events(ledger)}


def call(name: int, session: str, **fields: object) -> UsageEvent:
    return event(f"msg_{name}", name, tokens=tokens(output=name), session=session, **fields)


def in_every_order(tmp_path: Path, *files: list[Finding]) -> list[Ledger]:
    """One ledger for each order of the files, settled after every file."""
    made = []
    for number, order in enumerate(permutations(range(len(files)))):
        ledger = Ledger.open(tmp_path / f"{number}.db")
        for index in order:
            record(ledger, *files[index], path=f"{index}.jsonl")
            ledger.settle()
        made.append(ledger)
    return made


def test_a_copied_session_leaves_its_calls_with_the_first(tmp_path: Path) -> None:
    for ledger in in_every_order(tmp_path, [call(1, "S1")], [call(1, "S2")]):
        assert sessions(ledger) == {"1": "S1"}
        ledger.close()


def test_a_resumed_session_leaves_the_copied_calls_where_they_were_made(tmp_path: Path) -> None:
    first = [call(1, "Z"), call(2, "Z")]
    resumed = [call(1, "A"), call(2, "A"), call(3, "A")]
    for ledger in in_every_order(tmp_path, first, resumed):
        assert sessions(ledger) == {"1": "Z", "2": "Z", "3": "A"}
        ledger.close()


def test_a_chain_of_resumed_sessions_gives_each_its_own_calls(tmp_path: Path) -> None:
    files = [[call(n, name) for n in range(1, last + 1)] for last, name in ((1, "C"), (2, "B"), (3, "A"))]
    for ledger in in_every_order(tmp_path, *files):
        assert sessions(ledger) == {"1": "C", "2": "B", "3": "A"}
        ledger.close()


def test_a_fork_belongs_to_the_session_that_went_on_first(tmp_path: Path) -> None:
    first = [call(1, "Z"), call(2, "Z"), call(4, "Z")]
    fork = [call(1, "A"), call(5, "A")]
    for ledger in in_every_order(tmp_path, first, fork):
        assert sessions(ledger) == {"1": "Z", "2": "Z", "4": "Z", "5": "A"}
        ledger.close()


def test_the_origin_that_a_copy_names_owns_the_call_though_its_log_is_gone(ledger: Ledger) -> None:
    record(ledger, call(1, "A", origin_session="Z"), call(2, "A"))
    ledger.settle()
    assert sessions(ledger) == {"1": "Z", "2": "A"}


def test_the_first_origin_in_a_chain_of_copies_owns_the_call(tmp_path: Path) -> None:
    files: list[list[Finding]] = [
        [call(1, "Z")],
        [call(1, "Y", origin_session="Z"), call(2, "Y")],
        [call(1, "A", origin_session="Y"), call(2, "A", origin_session="Y")],
    ]
    for ledger in in_every_order(tmp_path, *files):
        assert sessions(ledger) == {"1": "Z", "2": "Y"}
        ledger.close()


def test_settling_again_changes_nothing(ledger: Ledger) -> None:
    record(ledger, call(1, "B"), path="b")
    record(ledger, call(1, "A"), call(2, "A"), path="a")
    ledger.settle()
    assert (sessions(ledger)["1"], ledger.settle()) == ("B", 0)
    record(ledger, call(1, "B"), path="b")
    assert (sessions(ledger)["1"], ledger.settle()) == ("B", 0)


def test_an_agent_gets_its_name_whichever_comes_first(tmp_path: Path) -> None:
    name = AgentName(SOURCE, "a1", "explore")
    for ledger in in_every_order(tmp_path, [name], [call(1, "S", agent="a1")]):
        (found,) = events(ledger)
        assert (found.action_type, found.action_name) == ("agent", "explore")
        ledger.close()


def test_an_agent_gets_its_name_in_a_batch_with_calls_of_others(ledger: Ledger) -> None:
    record(ledger, *(AgentName(SOURCE, f"a{n}", f"kind {n}") for n in range(3)))
    ledger.settle()
    record(ledger, *(call(n, f"S{n}", agent=f"a{n}") for n in range(3)), path="b")
    ledger.settle()
    assert [e.action_name for e in events(ledger)] == ["kind 0", "kind 1", "kind 2"]


def test_an_action_that_the_log_names_is_kept(ledger: Ledger) -> None:
    record(
        ledger,
        call(1, "S", agent="a1", action_type="skill", action_name="review"),
        AgentName(SOURCE, "a1", "x"),
    )
    ledger.settle()
    assert events(ledger)[0].action_name == "review"


def test_an_agent_of_another_source_is_another_agent(ledger: Ledger) -> None:
    record(ledger, call(1, "S", agent="a1"), AgentName("codex", "a1", "x"))
    ledger.settle()
    assert events(ledger)[0].action_name is None


def test_a_placeholder_is_raised_to_the_final_output_whichever_comes_first(tmp_path: Path) -> None:
    calls: list[Finding] = [
        event("m1", 1, tokens=TokenCounts(6, 0, 900, output=1), agent="a1", quality="partial"),
        event("m2", 2, tokens=TokenCounts(5, 4000, 400, output=1), agent="a1", quality="partial"),
    ]
    final = FinalOutput(SOURCE, "a1", TokenCounts(5, 4000, 400, output=595))
    for ledger in in_every_order(tmp_path, calls, [final]):
        assert [(e.tokens.output, e.quality) for e in events(ledger)] == [(1, "partial"), (595, "final")]
        ledger.close()


def test_the_final_output_goes_to_the_latest_of_equal_calls_even_if_that_comes_last(tmp_path: Path) -> None:
    one, two = (event(f"m{n}", n, tokens=tokens(output=1), agent="a1", quality="partial") for n in (1, 2))
    final = FinalOutput(SOURCE, "a1", tokens(output=500))
    for ledger in in_every_order(tmp_path, [one], [two], [final]):
        assert [e.tokens.output for e in events(ledger)] == [1, 500]
        ledger.close()


def test_a_final_output_never_lowers_a_count(ledger: Ledger) -> None:
    record(
        ledger, event("m", tokens=tokens(output=900), agent="a1"), FinalOutput(SOURCE, "a1", tokens(output=5))
    )
    ledger.settle()
    assert events(ledger)[0].tokens.output == 900


def test_reading_a_repaired_call_again_keeps_the_repair(ledger: Ledger) -> None:
    placeholder = event("m", tokens=tokens(output=1), agent="a1", quality="partial")
    record(ledger, placeholder, FinalOutput(SOURCE, "a1", tokens(output=500)))
    ledger.settle()
    done = record(ledger, placeholder, start=100)
    assert (done.changed, ledger.settle()) == (0, 0)
    assert events(ledger)[0].tokens.output == 500


def test_what_was_settled_marks_its_quarter_hour_as_changed(ledger: Ledger) -> None:
    record(ledger, event("m", tokens=tokens(output=1), agent="a1", quality="partial"))
    ledger.settle()
    seen = ledger.changes().token
    record(ledger, FinalOutput(SOURCE, "a1", tokens(output=500)), path="parent.jsonl")
    assert ledger.settle() == 1
    assert ledger.changes(seen).intervals == [int(NOON.timestamp())]


TOTAL = SessionTotal(SOURCE, "S1", "run 1", "haiku", TokenCounts(input=100, output=10), 1, Decimal("0.10"))


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_largest_total_of_each_meter_is_kept_beside_the_events(
    ledger: Ledger, order: tuple[int, ...]
) -> None:
    later = replace(TOTAL, tokens=TokenCounts(input=200, output=20), cost=Decimal("0.2"))
    resumed = replace(TOTAL, run="run 2", tokens=TokenCounts(input=7))
    record(ledger, event("m", session="S1"))
    for number in order:
        record(ledger, (TOTAL, later, resumed)[number], path=f"{number}.jsonl")
    assert ledger.session_totals(*EVER) == [later, resumed]
    assert len(events(ledger)) == 1


def test_totals_of_a_session_without_events_in_the_range_are_left_out(ledger: Ledger) -> None:
    record(ledger, event("m", session="S1"), TOTAL)
    assert ledger.session_totals(EVER[0], NOON) == []


def test_a_session_is_called_by_its_title_of_the_highest_rank_in_whatever_order(tmp_path: Path) -> None:
    titles = [
        SessionTitle(SOURCE, "S1", text, rank) for text, rank in (("Zebras", 0), ("Odes", 1), ("Poems", 1))
    ]
    other = [SessionTitle(SOURCE, "S2", "x" * 300)]
    for ledger in in_every_order(tmp_path, *([title] for title in titles), other):
        assert ledger.titles(["S1", "unknown"]) == {(SOURCE, "S1"): "Poems"}
        assert ledger.titles() == {(SOURCE, "S1"): "Poems", (SOURCE, "S2"): "x" * 200}
        ledger.close()
