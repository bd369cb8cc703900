"""Tell what a session has used since it was last summed up; kept in the reader's state."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from vaultsync.collectors.agents.counts import counts_of, number
from vaultsync.collectors.agents.lines import name_of
from vaultsync.model import TokenCounts

USAGE = {
    "input": ("inputTokens",),
    "cache_read": ("cacheReadTokens",),
    "cache_write": ("cacheWriteTokens",),
    "output": ("outputTokens",),
    "reasoning": ("reasoningTokens",),
}
DETAILS = ("input", "cache_read", "cache_write", "output")
"""Classes that newer versions tell apart, each as an object with its count."""
COUNTED = (*DETAILS, "reasoning")
CREDIT_USD = Decimal("0.01")
NANO = 9
"""Digits behind the point of a credit."""


class Used(NamedTuple):
    """What a session has used of one model."""

    tokens: TokenCounts
    requests: int = 0
    nano_credits: int = 0
    flags: tuple[str, ...] = ()


class Growth(NamedTuple):
    """What was used from one place in the sums of a session on."""

    used: Used
    place: str
    """The sum at which it began: what identifies it in its session."""


def credit_cost(nano_credits: int) -> Decimal | None:
    """USD of billionths of a credit; None for none."""
    return Decimal(nano_credits).scaleb(-NANO) * CREDIT_USD if nano_credits else None


def snapshots(metrics: Any) -> Iterator[tuple[str, Used]]:
    """The sums of a session by model, as its end tells them."""
    for name, metric in metrics.items() if isinstance(metrics, dict) else ():
        model = name_of(name)
        if model and isinstance(metric, dict) and (used := _used(metric)) is not None:
            yield model, used


def _used(metric: dict[str, Any]) -> Used | None:
    """Raises `BadField` where the counts are absurd."""
    usage, requests = (metric.get(name) for name in ("usage", "requests"))
    counts = counts_of(usage, USAGE, "inclusive") if isinstance(usage, dict) else None
    if counts is None:
        return None
    flags, tokens = set(counts.flags), _detailed(metric.get("tokenDetails"), counts.tokens)
    if tokens.total != counts.tokens.total:
        flags.add("total_mismatch")
    calls = number(requests.get("count"), flags) if isinstance(requests, dict) else None
    credits = number(metric.get("totalNanoAiu"), set()) or 0
    return Used(tokens, calls or 0, credits, tuple(sorted(flags)))


def _detailed(details: Any, otherwise: TokenCounts) -> TokenCounts:
    """The classes as they are told apart; where they are not all told, as they were worked out."""
    if not isinstance(details, dict):
        return otherwise
    parts = [details.get(name) for name in DETAILS]
    found = [number(part.get("tokenCount"), set()) if isinstance(part, dict) else None for part in parts]
    counts = {name: n for name, n in zip(DETAILS, found, strict=True) if n is not None}
    if len(counts) < len(DETAILS):
        return otherwise
    return TokenCounts(**counts, reasoning=min(otherwise.reasoning, counts["output"]))


class Totals:
    """The sums of a session when it was last summed up."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def place(self, model: str) -> str:
        """Where the sums of a model stand."""
        return ".".join(map(str, self._before(model)[: len(COUNTED)]))

    def grow(self, model: str, now: Used, ident: str | None) -> Growth | None:
        """Take in a sum; None where nothing was used since the last one, or this one was taken in before.

        Sums that have become smaller began anew.

        Args:
            ident: Id of the row.
        """
        sums = [*(getattr(now.tokens, name) for name in COUNTED), now.requests, now.nano_credits]
        before, place = self._before(model), self.place(model)
        if sums == before or self._is_known(model, ident):
            return None
        if sum(sums[: len(DETAILS)]) < sum(before[: len(DETAILS)]):
            before, place = [0] * len(sums), f"anew:{ident or place}"
        self._state.setdefault("totals", {})[model] = sums
        grown = [now - then for now, then in zip(sums, before, strict=True)]
        flags = {*now.flags, *(("negative_class",) if min(grown[: len(COUNTED)]) < 0 else ())}
        *counts, requests, credits = (max(0, n) for n in grown)
        tokens = TokenCounts(**dict(zip(COUNTED, counts, strict=True)))
        return Growth(Used(tokens, requests, credits, tuple(sorted(flags))), place) if tokens.total else None

    def _before(self, model: str) -> list[int]:
        sums = self._state.get("totals", {}).get(model)
        return list(sums) if sums else [0] * (len(COUNTED) + 2)

    def _is_known(self, model: str, ident: str | None) -> bool:
        """Note the row of a sum; True if it was noted before: a copied block tells nothing new."""
        known = self._state.setdefault("known", {}).setdefault(model, [])
        if ident is None or ident in known:
            return ident is not None
        known.append(ident)
        return False
