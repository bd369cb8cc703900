"""Read the money that a program states beside its counts; knows no agent."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Raw

from vaultsync.collectors.values import BadField, money

Amount = tuple[Decimal | None, tuple[str, ...]]
"""None for nothing and for 0, with which programs mean that they know no price; and `bad_cost` where there is
something else than an amount."""


def cost_in(raw: Raw) -> Amount:
    """Read an amount from its JSON text, so that it never passes through a binary fraction."""
    told = bytes(raw).decode("utf-8", "replace").strip()
    return cost_of(None if told in ("", "null") else told)


def cost_of(value: object) -> Amount:
    """Read an amount, of a table for example."""
    try:
        return (None if value is None else money(value) or None), ()
    except BadField:
        return None, ("bad_cost",)
