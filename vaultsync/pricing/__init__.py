"""Dated prices: which rate an event has, and why; nothing here reads the network or the clock."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vaultsync.pricing.compiled import lines_of
from vaultsync.pricing.explain import Charge, Explanation
from vaultsync.pricing.layer import Layer
from vaultsync.pricing.names import provider_name
from vaultsync.pricing.pricelist import Listed, PriceList
from vaultsync.pricing.rates import Energy

__all__ = ["Charge", "Energy", "Explanation", "Listed", "PriceList", "load", "provider_name"]


def load(
    paths: Sequence[Path], shipped: Path, *, currency: str = "USD", cache: Path | None = None
) -> PriceList:
    """Read the user's price lists and the shipped one.

    Args:
        paths: The user's lists; a later one is laid over an earlier one, all over the shipped one.
        currency: What is shown; `PriceList.convert` turns other currencies into it by the user's `fx` tables.
        cache: Folder in which checked lists are kept in compiled form, keyed by content and program version.

    Raises:
        ConfigError: A list cannot be read, or breaks a rule; with file, line and what to do.
    """
    layers = [Layer(path, *lines_of(path, cache)) for path in reversed(paths)]
    return PriceList([*layers, Layer(shipped, *lines_of(shipped, cache), is_shipped=True)], currency)
