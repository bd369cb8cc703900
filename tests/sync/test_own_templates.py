"""A template of the vault's own that does not work: its note is left alone, all else is done."""

from __future__ import annotations

import pytest

from tests.sync.conftest import World, event

BAD = {
    "an escape": ("one\n{{ ''.__class__.__mro__ }}", ":2: access to attribute '__class__'"),
    "a filter": ("{{ only|attr('__class__') }}", ":1: "),
    "a format": ("\n\n{{ '{0.__class__}'.format(kind) }}", ":3: "),
    "an include outside": ("{% include '../../vaultsync.yaml' %}", ":1: there is no template"),
    "a long text": ("\n{{ 'x' * 10**10 }}", ":2: '**' works on plain numbers only"),
    "a name": ("one\n\n{{ costs }}", ":3: 'costs' is undefined"),
    "syntax": ("one\n{% if %}", ":2: Expected an expression"),
    "no end": ("{% for a in [1] %}", ":1: Unexpected end of template"),
    "a macro in itself": ("{% macro m() %}{{ m() }}{% endmacro %}\n{{ m() }}", ":1: maximum recursion"),
    "itself": ("\n{% include 'daily.md.j2' %}", ":2: maximum recursion"),
    "a marker": ("%% vaultsync:end daily %%", ": prints a marker"),
}


@pytest.fixture
def written(world: World) -> World:
    """A vault whose notes are written, and a new call."""
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.write("Daily/2026-01-09.md", "mine\n")
    world.write("Weekly/2026-W02.md", "mine\n")
    world.run("daily")
    world.log("b.jsonl", event("2026-01-09T09:00:00Z"))
    return world


@pytest.mark.parametrize(("source", "said"), BAD.values(), ids=BAD)
def test_the_note_is_skipped_with_file_and_line_and_the_others_are_written(
    written: World, source: str, said: str
) -> None:
    file = written.write("_templates/vaultsync/daily.md.j2", source)
    before = written.notes()
    done = written.run("daily", "-q", code=3)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"Daily/2026-01-09.md: _templates/vaultsync/daily.md.j2{said}")
    assert line.endswith("Fix the template, or remove it to use the shipped one.")
    after = written.notes()
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {*after} - {"Daily/2026-01-09.md"}
    assert written.run("daily", "-q", code=3).stderr == done.stderr, "it is tried again"
    file.unlink()
    written.run("daily", "-q")
    assert written.notes()["Daily/2026-01-09.md"] != before["Daily/2026-01-09.md"]
