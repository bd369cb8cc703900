"""For whom a subagent works in the end, whatever its log says."""

from __future__ import annotations

from typing import Any

import pytest

from vaultsync.collectors.agents.ancestry import root_of

PARENTS: dict[Any, Any] = {"a": None, "b": "a", "c": "b", "d": "gone", "e": "", "f": 5, "x": "y", "y": "x"}


@pytest.mark.parametrize(
    ("session", "root"),
    [("a", None), ("b", "a"), ("c", "a"), ("d", "gone"), ("e", None), ("f", None), ("z", None), (None, None)],
)
def test_the_root_works_for_nobody(session: Any, root: str | None) -> None:
    assert root_of(session, PARENTS.get) == root


def test_sessions_that_work_for_each_other_end_somewhere() -> None:
    assert root_of("x", PARENTS.get) in ("x", "y")
