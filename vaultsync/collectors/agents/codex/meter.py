"""Tell new calls from repeated ones among the counts of a rollout; kept in the reader's state.

A `token_count` holds the running sum of its thread and its last call, and is written again whenever something
about the session changes: only a changed sum is a new call. Newer programs write a `token_usage_record` for
each answer of the API, just before the `token_count` of the same call; an answer that compacts the history
has a record alone, and a call of an older program has a `token_count` alone. On a full context the last call
is told as a mere total, which is a guess and counts nothing.

Source: own count over public rollouts of versions 0.66 to 0.104, and reports on 0.147 to 0.155, October 2026.
"""

from __future__ import annotations

from typing import Any

from vaultsync.collectors.agents.codex.counts import Counted


class Meter:
    """What the counts of a rollout have said so far."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def is_new_record(self, usage: Counted, response: str | None) -> bool:
        """Take in a record; False where its call was told already, or is none."""
        if usage.is_nothing:
            return False
        numbers = list(usage.numbers)
        if self._state.pop("counted", None) == numbers:
            return False
        if response is None or self._state.get("response") != response:
            self._state |= {"recorded": numbers, "response": response}
        return True

    def new_call(self, total: Counted | None, last: Counted | None, *, is_fork: bool) -> Counted | None:
        """Take in a `token_count`; the call that it tells, or None.

        Args:
            is_fork: The thread may go on with the sum of another, so its first sum alone tells nothing.
        """
        before = self._state.get("total")
        if total is not None:
            if before == list(total.numbers):
                return None
            self._state["total"] = list(total.numbers)
            if last is None:
                last = _begun(total, before, is_fork) or _grown(total, before)
            elif last.is_nothing:
                last = _grown(total, before)
        if last is None or last.is_nothing:
            return None
        numbers = list(last.numbers)
        if self._state.get("recorded") == numbers:
            del self._state["recorded"]
            return None
        if total is None and self._state.get("counted") == numbers:
            return None
        self._state["counted"] = numbers
        return last


def _begun(total: Counted, before: list[int] | None, is_fork: bool) -> Counted | None:
    """The first call of a sum that begins, or begins anew."""
    if before is None:
        return None if is_fork else total
    return total if any(now < then for now, then in zip(total.numbers, before, strict=True)) else None


def _grown(total: Counted, before: list[int] | None) -> Counted | None:
    """What a sum has grown by; None where it has become smaller."""
    if before is None:
        return None
    grown = tuple(now - then for now, then in zip(total.numbers, before, strict=True))
    return None if min(grown) < 0 else Counted(grown, None, total.flags)
