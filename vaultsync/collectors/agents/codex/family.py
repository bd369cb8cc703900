"""Know the threads whose history a rollout holds, and tell whose a call is.

A fork or a spawned subagent may begin with a copy of its parent's history, counts included, under new times
or the old ones; the copy may hold that of a grandparent in turn. Whose a call is, its turn tells: the id of a
turn holds the instant at which it began, and a thread made no call before it was born itself. Where turns
have no such id, the threads of a family share one space of keys: a fork goes on with the sums of its parent.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NamedTuple

from vaultsync.collectors.agents.codex.rows import SessionMeta
from vaultsync.collectors.agents.lines import name_of
from vaultsync.collectors.values import BadField, instant

MOST_THREADS = 32
Thread = dict[str, Any]
"""`id`, `born` (milliseconds since 1970; 0: unknown) and, where its row was seen, `provider` and `branch`; of
a subagent also `agent`, what kind it is or None, and `session`, the one that it works for. JSON values."""
_version = re.compile(r"(\d{1,6})\.(\d{1,6})\b").match


class Owner(NamedTuple):
    """Whose a call is."""

    thread: Thread
    space: str | None
    """Id of the thread within which the sums of the call are unique; the same in all files that hold it."""
    is_copied: bool
    """True for what stands here as the history of another thread."""


class Family:
    """The threads of one rollout: its own, then its ancestors, youngest first; kept in the reader's state."""

    def __init__(self, state: dict[str, Any], named: str | None) -> None:
        """Make a family.

        Args:
            named: Id in the name of the file, for a rollout that has lost its first row.
        """
        self._state, self._named = state, named
        self._threads: list[Thread] = state.setdefault("threads", [])

    @property
    def is_fork(self) -> bool:
        """True for a fork or a subagent."""
        return len(self._threads) > 1

    @property
    def version(self) -> tuple[int, int]:
        """Version of the program that began the rollout; zeros where it is not told."""
        found = _version(self._state.get("version") or "")
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def see(self, meta: SessionMeta, when: datetime | None) -> None:
        """Take in a `session_meta`: the first one is the rollout's own, others come with a copied history.

        Args:
            when: Time of the row.
        """
        ident = name_of(meta.id)
        if ident is None:
            return
        if not self._threads:
            self._state |= {"version": name_of(meta.cli_version), "first": _first_own(meta)}
        thread, spawned = self._thread(ident), _spawned(meta.source)
        thread["born"] = thread["born"] or _born(meta, when)
        thread |= {"provider": _provider(meta), "branch": _branch(meta.git)}
        told = (meta.forked_from_id, meta.parent_thread_id, spawned.get("parent_thread_id"), meta.session_id)
        ancestors = [name for name in map(name_of, told) if name and name != ident]
        if _is_subagent(meta):
            root = name_of(meta.session_id) or next(iter(ancestors), ident)
            thread |= {"agent": _kind(meta, spawned), "session": root}
        for name in ancestors:
            self._thread(name)
        self._threads[1:] = sorted(self._threads[1:], key=lambda one: -int(one["born"]))

    def named(self, ident: object) -> Thread | None:
        """The thread of an id, if it is one of the family."""
        return next((one for one in self._threads if one["id"] == ident), None)

    def owner(self, turn: int | None, when: datetime, ordinal: object) -> Owner:
        """Say whose a call is.

        Args:
            turn: Birth of the turn it was made in, milliseconds since 1970; None where that is unknown.
            when: Time of its row.
            ordinal: Number of its row in newer rollouts.
        """
        if not self._threads:
            return Owner({"id": self._named}, self._named, False)
        thread = self._youngest(turn or milliseconds(when))
        if thread is self._threads[0] and self.is_fork and self._is_before_own(ordinal):
            thread = self._threads[1]
        space = thread if turn else self._threads[-1]
        return Owner(thread, space["id"], thread is not self._threads[0])

    def _youngest(self, moment: int) -> Thread:
        """The youngest thread that was born by then."""
        return next((one for one in self._threads if one["born"] <= moment), self._threads[-1])

    def _is_before_own(self, ordinal: object) -> bool:
        first = self._state.get("first")
        return first is not None and type(ordinal) is int and ordinal < first

    def _thread(self, ident: str) -> Thread:
        """The thread of an id; noted if it is new."""
        thread = self.named(ident)
        if thread is None:
            thread = {"id": ident, "born": birth_of(ident) or 0}
            if len(self._threads) < MOST_THREADS:
                self._threads.append(thread)
        return thread


def birth_of(ident: object) -> int | None:
    """The instant in an id of the kind UUID 7, milliseconds since 1970; None for ids of other kinds."""
    if type(ident) is not str or len(ident) != 36 or ident[14] != "7":
        return None
    try:
        return int(ident[:8] + ident[9:13], 16)
    except ValueError:
        return None


def _born(meta: SessionMeta, when: datetime | None) -> int:
    with suppress(BadField):
        when = instant(meta.timestamp, UTC)
    return milliseconds(when) if when else 0


def milliseconds(when: datetime) -> int:
    """Milliseconds since 1970."""
    return int(when.timestamp() * 1000)


def _first_own(meta: SessionMeta) -> int | None:
    """Number of the first row that is no copy, where the program tells it."""
    first = meta.subagent_history_start_ordinal
    return first if type(first) is int else None


def _provider(meta: SessionMeta) -> str | None:
    name = name_of(meta.model_provider)
    return name and name.lower()


def _is_subagent(meta: SessionMeta) -> bool:
    return meta.thread_source == "subagent" or (isinstance(meta.source, dict) and "subagent" in meta.source)


def _spawned(source: Any) -> dict[str, Any]:
    """What is told of a thread that another one spawned."""
    inner = source.get("subagent") if isinstance(source, dict) else None
    spawned = inner.get("thread_spawn") if isinstance(inner, dict) else None
    return spawned if isinstance(spawned, dict) else {}


def _kind(meta: SessionMeta, spawned: dict[str, Any]) -> str | None:
    """What a subagent is for: its role, the program's own word for it, or the name that it was given."""
    inner = meta.source.get("subagent") if isinstance(meta.source, dict) else None
    others = inner.values() if isinstance(inner, dict) and not spawned else (inner,)
    roles = (meta.agent_role, spawned.get("agent_role"))
    names = (meta.agent_nickname, spawned.get("agent_nickname"))
    return next(filter(None, map(name_of, (*roles, *others, *names))), None)


def _branch(git: Any) -> str | None:
    return name_of(git.get("branch")) if isinstance(git, dict) else None
