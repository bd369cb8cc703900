"""The nouns that cross a border between rooms: what a log says, what is added up, what is told.

Frozen values without behaviour beyond plain sums. Money is `Decimal`, instants are aware and UTC. Five files
by duty, each loaded when the first of its nouns is asked for: making a frozen class takes half a millisecond.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaultsync.model.events import *  # noqa: F403
    from vaultsync.model.rates import *  # noqa: F403
    from vaultsync.model.sums import *  # noqa: F403
    from vaultsync.model.tellings import *  # noqa: F403
    from vaultsync.model.told import *  # noqa: F403

NOUNS = {
    "events": "UsageEvent TokenCounts AgentName FinalOutput SessionTotal SessionTitle Issue Intake Finding "
    "Quality "
    "CostKind Grain TOKEN_CLASSES MAX_COUNT SAME_KEY",
    "rates": "RateKey AppliedRate Pricer UsageRows",
    "sums": "Amount Coverage Line Summary Figures CostBasis CostChoice",
    "tellings": "Tells TELLS WHOLE Preference",
    "told": "Budget BudgetState Change Forecast Spike Insights Notice Column Table Unit Chart Report",
}
"""File in this package and the nouns that are at home there."""
_HOMES = {noun: file for file, nouns in NOUNS.items() for noun in nouns.split()}

if not TYPE_CHECKING:  # a type checker reads the imports above, and notices names that are not there

    def __getattr__(name: str) -> object:
        """Load a noun from its file."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"vaultsync.model.{_HOMES[name]}"), name)
        return value
