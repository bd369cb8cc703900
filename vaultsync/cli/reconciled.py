"""What `reconcile` found as text for programs: JSON of the schema "vaultsync.reconcile/1", and CSV.

Every cost is exact, and null where one side says nothing or nothing of it has a price.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from vaultsync.cli.reconcile import SCHEMA
from vaultsync.reconcile import Comparison, Row, Sum
from vaultsync.sync.reconcile import Reconciled
from vaultsync.table import Cell, defuse, json_text

NAMES = ("provider", "telling", "against")


def to_json(found: Reconciled, currency: str) -> str:
    """One object; the same ledger gives the same bytes."""
    said: dict[str, Any] = {
        "schema": SCHEMA,
        "timezone": "UTC",
        "currency": currency,
        "since": found.period.start.isoformat(),
        "until": found.period.last.isoformat(),
        "comparisons": [_comparison(each, found.kinds) for each in found.comparisons],
        "alone": found.alone,
        "cut": [{"telling": telling, "month": month} for telling, month in found.cut],
        "odd": found.odd,
        "also": found.also,
    }
    return (
        "{\n" + ",\n".join(f"  {json_text(key)}: {json_text(value)}" for key, value in said.items()) + "\n}\n"
    )


def to_csv(found: Reconciled) -> str:
    """All rows of all comparisons, with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*NAMES, *row_of(Row("", "", None, None))])
    for each in found.comparisons:
        names = (each.provider, each.here, each.there)
        writer.writerows([defuse(cell) for cell in (*names, *row_of(row).values())] for row in each.rows)
    return out.getvalue()


def row_of(row: Row) -> dict[str, Cell]:
    """A row by its columns."""
    return {
        "period": row.when,
        "model": row.model,
        "tokens": row.here.total if row.here else None,
        "cost": row.here.cost if row.here else None,
        "against_tokens": row.there.total if row.there else None,
        "against_cost": row.there.cost if row.there else None,
        "difference": row.difference,
        "reason": row.reason,
    }


def _comparison(each: Comparison, kinds: Mapping[str, str]) -> dict[str, Any]:
    total = row_of(each.total)
    return {
        "provider": each.provider,
        "telling": each.here,
        "kind": kinds[each.here],
        "against": each.there,
        "against_kind": kinds[each.there],
        "rows": [row_of(row) for row in each.rows],
        "totals": {key: total[key] for key in total if key not in ("period", "model", "reason")},
        "reasons": [share._asdict() for share in each.shares],
        "facts": {"telling": _facts(each.total.here), "against": _facts(each.total.there)},
    }


def _facts(told: Sum | None) -> dict[str, int]:
    """What may lie behind a difference, and has no sum of its own."""
    told = told or Sum()
    return {"partial_events": told.partial, "unpriced_events": told.unpriced, "special_tokens": told.special}
