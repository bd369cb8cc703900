"""Titles of sessions: bounded, one line, and never the first prompt."""

from __future__ import annotations

import pytest

from vaultsync.collectors.agents.titles import is_prompt, rank_of, titles


def test_a_title_is_one_line_of_bounded_length() -> None:
    (title,) = titles("zed", "S1", "Two\nlines\x1b[31m" + "x" * 9000)
    assert title.title.startswith("Two lines") and len(title.title) <= 200 and "\x1b" not in title.title


@pytest.mark.parametrize(
    ("session", "title"), [("S1", None), ("S1", " \n"), ("S1", 5), (None, "Poems"), ("", "x")]
)
def test_without_a_session_or_a_name_there_is_no_title(session: object, title: object) -> None:
    assert list(titles("zed", session, title)) == []


@pytest.mark.parametrize(
    ("title", "prompt", "expected"),
    [
        ("write me", "write me poems", True),
        ("Write me  poems…", "write me\npoems, please", True),
        ("write me poems...", "write me poems", True),
        ("Poems", "write me poems", False),
        ("write me poems and odes", "write me poems", False),
        ("Poems", None, False),
        (None, "poems", False),
        ("x" * 200 + "…", "x" * 5000, True),
    ],
)
def test_a_title_that_begins_a_prompt_is_the_prompt(title: object, prompt: object, expected: bool) -> None:
    assert is_prompt(title, prompt) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [("2026-01-05T09:00:00Z", 1_767_603_600_000), (1_767_603_600_000, 1_767_603_600_000), (None, 0), ([], 0)],
)
def test_a_later_title_has_a_higher_rank(when: object, expected: int) -> None:
    assert rank_of(when) == expected
