"""Find out for whom a subagent works in the end; knows no agent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vaultsync.collectors.agents.lines import id_of

MOST_PARENTS = 32
"""Subagents of subagents that are believed."""


def root_of(session: Any, parent_of: Callable[[Any], Any]) -> str | None:
    """The session that a session works for, and that one works for nobody; None: it works for nobody itself.

    Args:
        parent_of: Session, as logged -> the one that it works for; anything but a text: for nobody.
    """
    root, above = None, id_of(parent_of(session))
    for _ in range(MOST_PARENTS):
        if above is None:
            break
        root, above = above, id_of(parent_of(above))
    return root
