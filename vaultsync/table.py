"""Write a Summary as text for programs: JSON of the schema "vaultsync.report/1", and CSV.

Every figure is exact: a cost is the full decimal, never rounded, and null where nothing of the row has one.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from vaultsync.model import Coverage, Intake, Line, Summary
from vaultsync.text import decimal_text

SCHEMA = "vaultsync.report/1"
MEASURES = (
    "events",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost",
    "cost_basis",
    "unpriced_events",
)
FORMULA = re.compile(r'(?:^|(?<=;))(?=[\s"]*[=+\-@\t\r＝＋－＠])')
"""Where a spreadsheet would begin to calculate: at the start of a cell, and behind a semicolon, where one
with European settings cuts even within quotes. Some take the wide signs for the plain ones."""

Cell = str | int | Decimal | None


def to_json(summary: Summary, intake: Intake, *, zone: str, currency: str) -> str:
    """The object of `report --json`: the same summary gives the same bytes.

    Args:
        intake: What became of all that was read.
        zone: Name of the time zone that cuts the days.
        currency: Of the costs.
    """
    head = {
        "schema": SCHEMA,
        "timezone": zone,
        "currency": currency,
        "period": summary.bucket,
        "since": summary.since.isoformat(),
        "until": (summary.until - timedelta(days=1)).isoformat(),
        "by": list(summary.by),
    }
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    rows = ",\n".join(f"    {json_text(row)}" for row in rows_of(summary))
    lines += [f'  "rows": [\n{rows}\n  ],' if rows else '  "rows": [],']
    lines += [f'  "totals": {json_text(measures(summary.total))},']
    lines += [f'  "coverage": {json_text(coverage_of(summary.total) | read_of(intake))}']
    return "\n".join(["{", *lines, "}", ""])


def to_csv(summary: Summary) -> str:
    """The rows as CSV with a header: the columns of the JSON rows; no total, for a column's sum is one."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns(summary))
    writer.writerows([defuse(cell) for cell in row.values()] for row in rows_of(summary))
    return out.getvalue()


def columns(summary: Summary) -> list[str]:
    """Names of the columns: `period`, the dimensions, the measures."""
    return ["period", *summary.by, *MEASURES]


def rows_of(summary: Summary) -> Iterable[dict[str, Cell]]:
    """One row per line, in the order of the summary; keys are `columns`."""
    for line in summary.lines:
        yield {"period": line.period, **dict(zip(summary.by, line.keys, strict=True)), **measures(line)}


def measures(line: Line) -> dict[str, Cell]:
    """What is counted in a line, by column."""
    tokens = line.tokens
    values = (
        line.coverage.events,
        tokens.input,
        tokens.cache_read,
        tokens.cache_writes,
        tokens.output,
        tokens.reasoning,
        tokens.total,
        line.cost,
        line.basis,
        line.coverage.unpriced,
    )
    return dict(zip(MEASURES, values, strict=True))


def coverage_of(line: Line) -> dict[str, Cell | Mapping[str, Cell]]:
    """How a sum was made, counted in events; `foreign` is money that could not be converted, by currency."""
    c: Coverage = line.coverage
    return {
        "events": c.events,
        "reported": c.reported,
        "calculated": c.calculated,
        "free": c.free,
        "unpriced": c.unpriced,
        "partial": c.partial,
        "unsplit": c.unsplit,
        "unsplit_tokens": c.unsplit_tokens,
        "flags": dict(c.flags),
        "foreign": dict(line.foreign),
    }


def read_of(intake: Intake) -> dict[str, Mapping[str, Cell] | Sequence[Mapping[str, Cell]]]:
    """What became of all that was ever read, whatever the range; `read` is the sum of the other four.

    Returns:
        `lines` and `rejected` of the coverage, as the README tells them.
    """
    lines = {
        "read": intake.read,
        "counted": intake.counted,
        "duplicate": intake.duplicate,
        "pending": len(intake.pending),
        "rejected": intake.rejected_lines,
    }
    rejected = [
        {"file": str(each.path), "line": each.line, "lines": each.lines, "reason": each.text}
        for each in intake.rejected
    ]
    return {"lines": lines, "rejected": rejected}


def defuse(cell: Cell) -> str:
    """One line that no spreadsheet takes for a formula, wherever it cuts; numbers stay as they are."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return decimal_text(cell)
    if isinstance(cell, int):
        return str(cell)
    return re.sub(r"[\t\r\n]+", " ", FORMULA.sub("'", cell))


def json_text(value: Cell | Mapping[str, Any] | Sequence[Any]) -> str:
    """A value as JSON on one line, with exact decimals; a report has ten in each of thousands of rows."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join([f"{_text(key)}: {json_text(of)}" for key, of in value.items()]) + "}"
    return "[" + ", ".join(map(json_text, value)) + "]"


@lru_cache(maxsize=1024)
def _text(text: str) -> str:
    """A JSON string; names of columns and models come again and again."""
    return json.dumps(text)
