"""Hostile names in every position, in small: `python -m tests.faults names` has all of them everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults import names, played
from tests.faults.hostile import BLANK, CATALOGUE, TEXTS
from tests.faults.reading import differences, in_spreadsheet, on_terminal

SHARES = 2
"""Of the texts, for as many processes."""
EVERY = 9
"""One of so many texts goes through the whole program."""


@pytest.mark.parametrize("share", range(SHARES))
def test_every_text_in_every_position_of_a_note_is_a_name(share: int) -> None:
    assert list(names.in_notes(TEXTS[share::SHARES], ("dashboard",))) == []


def test_every_text_in_a_table_is_a_name() -> None:
    assert list(names.in_tables(TEXTS)) == []


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly", "quarterly", "yearly"])
def test_one_text_of_each_sort_in_every_kind_of_note(kind: names.NoteKind) -> None:
    assert list(names.in_notes([texts[0] for texts in CATALOGUE.values()], [kind])) == []


def test_texts_go_through_logs_ledger_notes_and_all_commands_as_names(tmp_path: Path) -> None:
    assert list(played.faults(tmp_path, (*TEXTS[::EVERY], *BLANK))) == []


@pytest.mark.parametrize(
    "note",
    [
        "| [[zq]] |",
        "| <b>zq</b> |",
        "| `= zq` |",
        "| a::zq |",
        "| zq | more |",
        "| zq\u2028 |",
        "| @zq |",
        "| %% zq |",
        "| #zq |",
        "| other |",
    ],
)
def test_what_is_more_than_a_name_is_seen(note: str) -> None:
    """The program that looks for faults finds them."""
    head = "| a |\n| --- |\n"
    assert list(differences(f"{head}{note}", f"{head}| zqnamezq |", "zq"))


@pytest.mark.parametrize("name", ['zq" : 9', "zq; click zq", "%%{init}%%", "zq: 9"])
def test_what_is_more_than_a_label_in_a_chart_is_seen(name: str) -> None:
    chart = '```mermaid\n%%{{init: {{}}}}%%\npie title t\n    "{}" : 4.00\n```'
    assert list(differences(chart.format(name), chart.format("zqnamezq"), name))
    assert not list(differences(chart.format("zq other"), chart.format("zqnamezq"), "zq other"))


def test_what_a_terminal_or_a_spreadsheet_obeys_is_seen() -> None:
    assert list(on_terminal("a\x1b[2J", "a")) and list(on_terminal("a\nb", "a"))
    assert list(in_spreadsheet("=1,2\n", "a,2\n")) and list(in_spreadsheet("a,b,2\n", "a,2\n"))
    assert list(in_spreadsheet('a,"x;=1",2\n', "a,x,2\n")) and list(in_spreadsheet("a\t=1,2\n", "a,2\n"))
    assert not list(in_spreadsheet("'=1,-2.5\n", "a,2\n"))
