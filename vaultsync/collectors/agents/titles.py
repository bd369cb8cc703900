"""What a session is called, by the user, else by the program; knows no agent.

Some programs put the first prompt in the place of a title. A prompt is none, so such a title is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

from vaultsync.collectors.agents.lines import name_of, time_of
from vaultsync.collectors.values import BadField
from vaultsync.model import SessionTitle

BY_USER = 1 << 50
"""Added to the rank of a title that the user gave: it counts more than any of the program's."""
SHOWN = 1000
"""Characters of a prompt with which a title may begin."""


def titles(source: str, session: Any, title: Any, rank: int = 0) -> Iterator[SessionTitle]:
    """Yield the title of a session, if both are names.

    Args:
        session: As in the events of the source.
        title: As logged.
    """
    of, name = name_of(session), name_of(title)
    if of and name:
        yield SessionTitle(source, of, name, rank)


def rank_of(when: Any) -> int:
    """Milliseconds since 1970 of a time as logged, so that the last title counts; 0 for what is no time."""
    try:
        return int(time_of(when, UTC).timestamp() * 1000)
    except BadField:
        return 0


def is_prompt(title: Any, prompt: Any) -> bool:
    """Say whether a title is only the beginning of a prompt, perhaps cut short."""
    if not isinstance(title, str) or not isinstance(prompt, str):
        return False
    begins = " ".join(title.split()).rstrip(".… ").casefold()
    return " ".join(prompt[:SHOWN].split()).casefold().startswith(begins)
