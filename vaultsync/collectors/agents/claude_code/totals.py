"""Keep the program's own running totals of a session: growing snapshots, of which the largest is the last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.claude_code.calls import money_of
from vaultsync.collectors.agents.claude_code.counts import Counter
from vaultsync.collectors.agents.claude_code.rows import Row
from vaultsync.collectors.agents.lines import NOTHING, decoded, name_of
from vaultsync.collectors.values import BadField
from vaultsync.model import SessionTotal, TokenCounts


class ModelUse(msgspec.Struct, gc=False):
    """One model's part of a `cost-state` row."""

    inputTokens: Any = None
    outputTokens: Any = None
    thinkingTokens: Any = None
    cacheReadInputTokens: Any = None
    cacheCreationInputTokens: Any = None
    webSearchRequests: Any = None
    costUSD: Raw = NOTHING


_models = msgspec.json.Decoder(dict[str, ModelUse]).decode


class Totals:
    """The largest snapshot of every meter: session, run of the program, model."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._largest: dict[tuple[str, str, str], SessionTotal] = {}

    def add(self, row: Row) -> None:
        """Take in a `cost-state` row.

        Raises:
            BadField: It names no session, or cannot be read.
        """
        session = name_of(row.sessionId)
        if session is None:
            raise BadField("the running total names no session.")
        models = decoded(_models, row.modelUsage)
        if models is None:
            raise BadField("modelUsage of the running total is not readable.")
        run = (isinstance(row.startTime, int | float | str) and name_of(str(row.startTime))) or ""
        for model, use in models.items():
            self._keep(self._total(session, run, name_of(model) or "unknown", use))

    def findings(self) -> Iterator[SessionTotal]:
        """Yield the totals."""
        yield from self._largest.values()

    def _total(self, session: str, run: str, model: str, use: ModelUse) -> SessionTotal:
        count = Counter().count
        output = count(use.outputTokens)
        tokens = TokenCounts(
            input=count(use.inputTokens),
            cache_read=count(use.cacheReadInputTokens),
            cache_write=count(use.cacheCreationInputTokens),
            output=output,
            reasoning=min(count(use.thinkingTokens), output),
        )
        searches, cost = count(use.webSearchRequests), money_of(use.costUSD)
        return SessionTotal(self._source, session, run, model, tokens, searches, cost)

    def _keep(self, new: SessionTotal) -> None:
        meter = (new.session, new.run, new.model)
        if old := self._largest.get(meter):
            costs = [cost for cost in (old.cost, new.cost) if cost is not None]
            new = replace(
                new,
                tokens=old.tokens.largest(new.tokens),
                web_searches=max(old.web_searches, new.web_searches),
                cost=max(costs, default=None),
            )
        self._largest[meter] = new
