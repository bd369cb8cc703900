"""Read the usage that Cursor's dashboard exports as CSV; Cursor leaves nothing on disk that can be counted.

Odd facts of the format (real rows of three generations of the header, July 2025 to September 2026): the four
columns of tokens are disjoint, so "Input (w/ Cache Write)" is what was written to a cache. No row has an id,
a session or a project. A cost may be a word that tells nothing of money: `Included`, `Free`, `-`, `NaN`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vaultsync.collectors.fields import Shape
from vaultsync.collectors.registry import Kind
from vaultsync.collectors.tables import CsvTable
from vaultsync.collectors.values import BadField, money

WRITTEN, SENT = "Input (w/ Cache Write)", "Input (w/o Cache Write)"
TOKENS = (WRITTEN, SENT, "Cache Read", "Output Tokens", "Total Tokens")
PAID = "Cost to you"
"""Only in the first generation, which has no `Kind`."""
_is_free_of_charge = re.compile(r"no charge|not charged", re.IGNORECASE).search
_is_included = re.compile(r"included|free", re.IGNORECASE).search
_is_on_demand = re.compile(r"on[- ]demand|usage[- ]based", re.IGNORECASE).search


def _cost(row: Mapping[str, Any]) -> object:
    """What a row says it cost; None for a word."""
    if _is_free_of_charge(row.get("Kind") or ""):
        return 0
    return _amount(row, PAID) or _amount(row, "Cost")


def _cost_kind(row: Mapping[str, Any]) -> str:
    """Whether that was charged, covered by a flat fee, or is the value of the calls."""
    kind = row.get("Kind") or ""
    if _is_free_of_charge(kind) or _is_on_demand(kind) or _amount(row, PAID):
        return "charged"
    return "notional" if _is_included(kind) or _amount(row, PAID) is not None else "estimated"


def _amount(row: Mapping[str, Any], column: str) -> Any:
    try:
        return money(row.get(column), loose=True)
    except BadField:
        return None


class Cursor(CsvTable):
    """One row per call, or per day in the oldest exports."""

    name = "cursor"
    kind: Kind = "store"
    signs = ("Date", "Model", *TOKENS)
    shape = Shape(
        {
            "when": "Date",
            "model": "Model",
            "input": SENT,
            "cache_read": "Cache Read",
            "cache_write": WRITTEN,
            "output": "Output Tokens",
            "total": "Total Tokens",
            "cost": _cost,
            "cost_kind": _cost_kind,
        },
        {"provider": "cursor", "input": 0, "output": 0},
    )
    separators = True

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for a row without any tokens and without money: a call that failed."""
        return any((record[name] or "").strip(" 0") for name in TOKENS) or bool(_amount(record, "Cost"))
