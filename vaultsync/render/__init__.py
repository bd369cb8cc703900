"""Makes a Report into the Markdown of a note, and figures into Markdown tables and properties."""

from __future__ import annotations

from decimal import Decimal

from vaultsync.model import Report, Summary
from vaultsync.render import numbers, tables
from vaultsync.render.renderer import Renderer

__all__ = ["Renderer", "markdown_table", "properties"]


def markdown_table(summary: Summary, currency: str = "USD") -> str:
    """Render a summary as a Markdown table with a total in bold."""
    return tables.summary(summary, currency)


def properties(report: Report) -> dict[str, Decimal | int | bool | str]:
    """Values of the `llm_*` properties of a periodic note.

    Returns:
        Cost rounded as in the note and without trailing zeros, which the app would drop; the cost is left out
        where nothing has a price. The currency is part of its name. Over budget is a period that spent more
        than its own limits; of a mere share of a project's wider budget nobody said that it must be kept.
    """
    total = report.total
    found: dict[str, Decimal | int | bool | str] = {}
    cost = total.cost if total.coverage.events else Decimal(0)
    if cost is not None:
        found[f"llm_cost_{report.currency.lower()}"] = numbers.shortest(cost)
    found["llm_tokens"] = total.all_tokens
    found["llm_requests"] = total.requests
    limits = [s for s in report.budgets if s.shared_from is None or s.is_general]
    found["llm_over_budget"] = any(state.is_over for state in limits)
    found["llm_period"] = report.kind
    return found
