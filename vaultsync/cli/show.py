"""`show`: today, this week, this month, budgets and last sessions on one screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from vaultsync.cli.common import Shell, command, table
from vaultsync.cli.program import DONE, complain, say
from vaultsync.cli.report import TITLE, cost
from vaultsync.text import named

if TYPE_CHECKING:
    from vaultsync.model import BudgetState
    from vaultsync.sync import Overview


@command("show")
def show(shell: Shell) -> int:
    """Show today, this week, this month, the budgets and the last sessions on one screen.

    It reads the ledger as it is; `vaultsync collect` brings it up to date.
    """
    with shell.open(is_reading=True) as (run, _, today):
        overview = run.show(today)
    for problem in overview.problems:
        complain(problem)
    say("\n\n".join(_parts(overview)))
    return DONE


def _parts(overview: Overview) -> Iterator[str]:
    """The blocks of the screen, those without content left out."""
    lines = zip(overview.labels, (overview.day, overview.week, overview.month), strict=True)
    spent = [(label, f"{line.requests:,}", f"{line.tokens.total:,}", cost(line)) for label, line in lines]
    yield table(("period", "calls", "tokens", f"cost {overview.currency}"), spent)
    if overview.budgets:
        yield table(
            ("budget", "for", "limit", "spent", "used", "left"), map(_budget, overview.budgets), text=2
        )
    if overview.sessions:
        title = ("title",) if any(each.title for each in overview.sessions) else ()
        heads = ("session", *title, "last", "project", "model", "tokens", f"cost {overview.currency}")
        yield table(heads, _sessions(overview, bool(title)), text=4 + len(title))


def _budget(state: BudgetState) -> tuple[str, ...]:
    from vaultsync.render.numbers import money, percent
    from vaultsync.render.text import plain

    projects = ", ".join(filter(None, (state.budget.project, *state.budget.also)))
    what = " · ".join(filter(None, (state.budget.provider, projects))) or "everything"
    used = "" if state.used is None else percent(state.used)
    spent = "≥ " * state.incomplete + money(state.spent)
    return state.period.label, plain(what), money(state.limit), spent, used, money(state.left)


def _sessions(overview: Overview, titled: bool) -> Iterator[tuple[str, ...]]:
    from vaultsync.render.numbers import money
    from vaultsync.render.text import plain

    for s in overview.sessions:
        price = "no price" if s.cost is None else money(s.cost)
        names = (plain(named("project", s.project)), plain(named("model", s.model)))
        title = (plain(s.title or "", TITLE),) if titled else ()
        yield plain(s.session, 36), *title, str(s.last), *names, f"{s.tokens:,}", price


COMMANDS = {"show": show}
