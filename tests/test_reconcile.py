"""Every difference has one reason, and the reasons add up to it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.model import TokenCounts
from vaultsync.reconcile import REASONS, Comparison, Said, Sum, compare

DAY = date(2026, 1, 7)
TODAY = date(2026, 2, 1)
RANKS = {"calls": (0, "calls"), "export": (1, "export"), "bill": (4, "bill")}
KINDS = {"calls": "calls", "export": "usage", "bill": "bills"}


def figures(cost: str | None, tokens_in: int = 0, out: int = 0, **more: int) -> Sum:
    return Sum(
        tokens=TokenCounts(input=tokens_in, output=out), cost=None if cost is None else Decimal(cost), **more
    )


def said(telling: str, told: Sum, day: date = DAY, model: str = "opus", **more: object) -> Said:
    base = {"is_month": False, "provider": "anthropic", "is_model": model != "(all)"} | more
    return Said(
        day=day, model=model, telling=telling, kind=KINDS[telling], rank=RANKS[telling], sum=told, **base
    )  # type: ignore[arg-type]


def pair(*told: Said, today: date = TODAY) -> Comparison:
    (found,) = compare(told, today)
    return found


LOGS = said("calls", figures("1.00", 100, 10))
CASES = {
    None: ([], said("export", figures("1.00", 100, 10))),
    "day_only_there": ([], said("export", figures("3", 5), DAY + timedelta(days=1))),
    "model_only_there": ([], said("export", figures("0.3", 5), model="haiku")),
    "not_a_model": ([], said("export", figures("0.3"), model="(all)")),
    "no_price": (
        [said("calls", figures(None, 50, unpriced=1), model="haiku")],
        said("export", figures("9", 50), model="haiku"),
    ),
    "rounding": (
        [said("calls", figures("0.123", 5), model="haiku")],
        said("export", figures("0.12", stated=1), model="haiku"),
    ),
    "other_price": (
        [said("calls", figures("1", 5, 6), model="haiku")],
        said("export", figures("0.5", 5, 6), model="haiku"),
    ),
    "placeholders": (
        [said("calls", figures("1", 5, 6, partial=2), model="haiku")],
        said("export", figures("1.5", 5, 60), model="haiku"),
    ),
    "unexplained": (
        [said("calls", figures("1", 5, 6, partial=2), model="haiku")],
        said("export", figures("1.5", 6, 60), model="haiku"),
    ),
}
AGREED = said("export", figures("1.00", 100, 10))


@pytest.mark.parametrize("reason", CASES, ids=str)
def test_each_reason_is_found(reason: str | None) -> None:
    logs, export = CASES[reason]
    more = [] if reason is None else [AGREED]
    found = pair(LOGS, *logs, *more, export)
    assert {row.reason for row in found.rows} == {None, reason}
    assert [share.reason for share in found.shares] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("today", "reason"), [(DAY, "unfinished"), (DAY + timedelta(days=3), "day_only_here")]
)
def test_an_export_may_lack_the_last_days(today: date, reason: str) -> None:
    before = DAY - timedelta(days=9)
    found = pair(LOGS, said("export", figures("1"), before), said("calls", figures("1"), before), today=today)
    assert [row.reason for row in found.rows] == [None, reason]


def test_other_tokens_at_no_cost_are_no_agreement() -> None:
    found = pair(said("calls", figures("0", 100)), said("export", figures("0", 90)))
    assert found.shares == (("unexplained", 0, -10, 1),)


def test_a_model_that_the_export_lacks_on_a_day_that_it_tells() -> None:
    found = pair(LOGS, said("calls", figures("2", 1), model="haiku"), AGREED)
    assert [(row.model, row.reason) for row in found.rows] == [("haiku", "model_only_here"), ("opus", None)]
    assert found.shares[0].cost == -2


def test_calls_that_move_over_midnight_are_told_together() -> None:
    next_day = DAY + timedelta(days=1)
    found = pair(
        said("calls", figures("3", 30, 3)),
        said("calls", figures("1", 10, 1), next_day),
        said("export", figures("2", 20, 2)),
        said("export", figures("2", 20, 2), next_day),
    )
    assert [row.reason for row in found.rows] == ["midnight", "midnight"]
    assert found.shares == (("midnight", 0, 0, 2),)


@pytest.mark.parametrize(
    ("second", "reason"), [("1.99", "midnight"), ("2.00", "midnight"), ("2.02", "unexplained")]
)
def test_calls_that_move_over_midnight_on_a_bill(second: str, reason: str) -> None:
    next_day = DAY + timedelta(days=1)
    found = pair(
        said("calls", figures("3", 30, 3)),
        said("calls", figures("1", 10, 1), next_day),
        said("bill", figures("2", stated=1)),
        said("bill", figures(second, stated=1), next_day),
    )
    assert {row.reason for row in found.rows} == {reason}


def test_a_bill_that_names_no_model_is_held_against_all_of_them() -> None:
    next_day = DAY + timedelta(days=1)
    found = pair(
        said("calls", figures("1.00", 100, 10)),
        said("calls", figures("0.50", 7), model="haiku"),
        said("bill", figures("1.50", stated=2), model="(all)"),
        said("bill", figures("9"), next_day, model="(all)"),
    )
    assert [(row.model, row.difference, row.reason) for row in found.rows] == [
        ("(all)", 0, None),
        ("(all)", 9, "day_only_there"),
    ]
    assert found.rows[0].here and found.rows[0].here.total == 117


@pytest.mark.parametrize(
    ("bill", "reason"), [("0.12", "rounding"), ("0.1275", "unexplained"), ("0.123001", "unexplained")]
)
def test_only_amounts_that_were_rounded_differ_by_rounding(bill: str, reason: str) -> None:
    found = pair(said("calls", figures("0.123", 5)), said("bill", figures(bill, stated=1)))
    assert [row.reason for row in found.rows] == [reason]


@pytest.mark.parametrize(("bill", "reason"), [("10.05", "rounding"), ("11", "unexplained")])
def test_many_amounts_do_not_make_a_large_difference_rounding(bill: str, reason: str) -> None:
    """Exact amounts that happen to add up to whole cents look as if each had been rounded."""
    found = pair(said("calls", figures("10", 5, stated=1000)), said("bill", figures(bill)))
    assert [row.reason for row in found.rows] == [reason]


def test_what_is_no_model_is_none_whichever_side_tells_it() -> None:
    bill_first = {"rank": (0, "bill")}
    found = pair(
        said("calls", figures("1", 5, 6))._replace(rank=(1, "calls")),
        said("bill", figures("1"))._replace(**bill_first),
        said("bill", figures("0.2"), model="(all)")._replace(**bill_first),
        today=DAY,
    )
    assert [(row.model, row.reason) for row in found.rows] == [("(all)", "not_a_model"), ("opus", None)]


def test_an_export_may_lack_a_part_of_the_last_days() -> None:
    less = pair(LOGS, said("export", figures("0.5", 50, 5)), today=DAY)
    more = pair(LOGS, said("export", figures("1.5", 150, 15)), today=DAY)
    assert [each.rows[0].reason for each in (less, more)] == ["unfinished", "unexplained"]


def test_a_bill_of_a_month_is_held_against_the_whole_month() -> None:
    found = pair(
        LOGS,
        said("calls", figures("2.00", 7), DAY + timedelta(days=9)),
        said("bill", figures("3.01", stated=2), date(2026, 1, 1), is_month=True),
    )
    (row,) = found.rows
    assert (row.when, row.difference, row.reason) == ("2026-01", Decimal("0.01"), "rounding")
    assert found.rows[0].tokens is None


def test_the_best_telling_is_held_against_each_other_one_of_its_provider() -> None:
    other = said("export", figures("5"), provider="openai")
    found = compare([LOGS, AGREED, said("bill", figures("1")), other], TODAY)
    assert [(each.provider, each.here, each.there) for each in found] == [
        ("anthropic", "calls", "export"),
        ("anthropic", "calls", "bill"),
    ]


def test_what_both_tell_leaves_out_days_of_one() -> None:
    found = pair(LOGS, AGREED, said("export", figures("9", 1), DAY + timedelta(days=1)))
    assert found.shared.here and found.shared.there
    assert (found.shared.here.cost, found.shared.there.cost) == (1, 1)
    assert found.total.there and found.total.there.cost == 10


costs = st.none() | st.decimals("0", "99", places=4)
sums = st.builds(
    lambda cost, tokens_in, out, **more: Sum(TokenCounts(input=tokens_in, output=out), cost=cost, **more),
    costs,
    st.integers(0, 3),
    st.integers(0, 3),
    stated=st.integers(0, 2),
    unpriced=st.integers(0, 1),
    partial=st.integers(0, 1),
)
tellings = st.builds(
    lambda telling, told, day, model, is_month: said(
        telling, told, DAY + timedelta(days=day), model, is_month=is_month and telling == "bill"
    ),
    st.sampled_from([*RANKS]),
    sums,
    st.integers(0, 40),
    st.sampled_from(["opus", "haiku", "(all)"]),
    st.booleans(),
)


@given(st.lists(tellings, max_size=20))
def test_rows_and_reasons_add_up_to_what_was_told(told: list[Said]) -> None:
    for each in compare(told, TODAY):
        for telling, side in ((each.here, each.total.here), (each.there, each.total.there)):
            known = [one.sum.cost for one in told if one.telling == telling and one.sum.cost is not None]
            assert side and side.cost == (sum(known) if known else None)
            assert (side.total or 0) == sum(one.sum.total or 0 for one in told if one.telling == telling)
        assert sum(row.difference for row in each.rows) == each.total.difference
        assert sum(share.cost for share in each.shares) == each.total.difference
        assert sum(share.rows for share in each.shares) == sum(row.reason is not None for row in each.rows)
        assert {share.reason for share in each.shares} <= REASONS.keys()


@given(st.lists(tellings, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_what_is_told_does_not_matter(told: list[Said], random: object) -> None:
    shuffled = random.sample(told, len(told))  # type: ignore[attr-defined]
    assert compare(told, TODAY) == compare(shuffled, TODAY)


def test_a_difference_is_exact_however_many_digits_it_has() -> None:
    cost = "123456.1234567890123456789012345"
    found = pair(said("calls", figures(cost, 5)), said("export", figures(f"{Decimal(1).scaleb(-41):f}", 5)))
    (row,), (share,) = found.rows, found.shares
    assert str(row.difference) == str(share.cost) == "-123456.12345678901234567890123449999999999999999"
