"""Lays a table of values out as Markdown: names to the left, numbers to the right, totals in bold."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import cast

from vaultsync.model import Amount, Column, Line, Summary, Table
from vaultsync.render import numbers
from vaultsync.render.text import Markdown, escape
from vaultsync.text import named


def markdown(table: Table) -> Markdown:
    """The table with its header; without rows, nothing."""
    if not table.rows:
        return Markdown("")
    rows = [*table.rows, *([table.total] if table.total else [])]
    body = list(zip(*(_column(column, rows, n) for n, column in enumerate(table.columns)), strict=True))
    if table.total:
        body[-1] = tuple(f"**{text}**" if text else "" for text in body[-1])
    header = tuple(escape(column.title) for column in table.columns)
    rule = tuple("---" if column.unit in ("text", "bar") else "---:" for column in table.columns)
    return Markdown("\n".join(_line(cells) for cells in (header, rule, *body)))


def _line(cells: Sequence[str]) -> str:
    return "|" + "|".join(f" {text} " if text else " " for text in cells) + "|"


def _column(column: Column, rows: Sequence[tuple[object, ...]], index: int) -> list[str]:
    """The texts of a column; shares are rounded together."""
    values = [row[index] for row in rows]
    if column.unit == "share":
        fractions = cast("list[Decimal | None]", values)
        return [*numbers.shares(fractions[:-1]), *numbers.shares(fractions[-1:])]
    return [_cell(column, value) for value in values]


def _cell(column: Column, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Amount):
        return numbers.cell(value)
    if isinstance(value, str):
        return escape(value)
    number = cast(Decimal, value)
    if column.unit == "percent":
        return numbers.percent(number)
    if column.unit == "bar":
        return numbers.bar(number)
    return numbers.rate(number) if column.unit == "rate" else numbers.count(number)


def summary(summary: Summary, currency: str) -> str:
    """A summary as a table: period, dimensions, calls, classes of tokens, cost; the total in bold."""
    first = [Column("Period")] * (summary.bucket is not None) + [
        Column(key.capitalize()) for key in summary.by
    ]
    titles = ("Calls", "Input", "Cache", "Output", "Tokens")
    columns = [*(first or [Column("")]), *(Column(title, "count") for title in titles)]
    columns.append(Column(f"Cost ({currency})", "money"))
    rows = [
        (*([line.period] if summary.bucket else []), *map(named, summary.by, line.keys), *_counts(line))
        for line in summary.lines
    ]
    total = ("Total", *[""] * (len(first) - 1), *_counts(summary.total))
    return markdown(Table("summary", "", tuple(columns), tuple(rows) if first else (), total)) or _alone(
        columns, total
    )


def _alone(columns: Sequence[Column], total: tuple[object, ...]) -> str:
    """A table of the total alone, where nothing is grouped or nothing was used."""
    return markdown(Table("summary", "", tuple(columns), (total,)))


def _counts(line: Line) -> tuple[object, ...]:
    tokens = line.tokens
    cache = tokens.cache_read + tokens.cache_writes
    return (line.requests, tokens.input, cache, tokens.output, line.all_tokens, line.amount)
