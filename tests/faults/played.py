"""A vault whose logs hold a hostile name in every position, and what all commands make of it.

Each text has a day of its own. Beside it the same vault is played with harmless names, and nothing but names
may differ.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from click.testing import CliRunner

from tests.faults import scene
from tests.faults.reading import (
    HARMLESS,
    Fault,
    bytes_of,
    cells,
    counted,
    in_spreadsheet,
    on_terminal,
    reads_as,
    squeezed,
    tree,
)
from vaultsync.collectors.values import text as clean
from vaultsync.settings.projects import project_name

CONFIG = """\
timezone: UTC
locale: en-gb
agents: none
logs: [../logs]
ledger: ../state/ledger.db
create: always
notes:
  daily: {folder: Daily}
  weekly: {folder: Weekly}
  monthly: {folder: Monthly}
  quarterly: {folder: Quarterly}
  yearly: {folder: Yearly}
  dashboard: {path: LLM Costs.md}
mappings:
  - name: gateway
    files: gateway.csv
    columns:
      {when: time, model: model, provider: provider, machine: host, agent: agent, input: input, output: out}
  - name: told
    files: told.csv
    tells: usage
    columns: {when: time, model: model, provider: provider, input: input, output: out}
"""
DIMENSIONS = ("provider", "model", "project", "session", "branch", "action", "source", "machine")
_ALL = ("--by", ",".join(DIMENSIONS), "--since", "2025-01-01")
_COMPARED = ("reconcile", "--since", "2025-01-01")
COMMANDS: Mapping[str, Sequence[str]] = {
    "collect": ("collect", "-v"),
    "sync": ("sync", "-v"),
    "dashboard": ("dashboard", "-v"),
    **{f"report by {by}": ("report", "--by", by, "--since", "2025-01-01") for by in DIMENSIONS},
    "report --csv": ("report", *_ALL, "--csv"),
    "report --json": ("report", *_ALL, "--json"),
    "report --markdown": ("report", *_ALL, "--markdown"),
    "show": ("show",),
    "reconcile": _COMPARED,
    "reconcile --csv": (*_COMPARED, "--csv"),
    "reconcile --json": (*_COMPARED, "--json"),
    "prices check": ("prices", "check"),
    "doctor": ("doctor", "-v"),
    "undo": ("undo",),
}
"""What is run, in this order."""
LAST = date.fromisoformat(scene.TODAY)


class Played(NamedTuple):
    """What a vault full of names makes the program write and say."""

    notes: Mapping[str, str]
    said: Mapping[str, tuple[str, str]]
    """Both outputs of each command."""


class Entry(NamedTuple):
    """A name, and where it may stand."""

    number: int
    name: str | None
    """None: there is none."""
    is_file: bool
    """It can be part of the name of a file."""
    is_budget: bool
    """It can be part of a key, between two underscores."""
    is_outcome: bool
    """There is more to it than what parts words, and it is not another one's."""

    @property
    def day(self) -> str:
        return str(LAST - timedelta(days=self.number))


def faults(root: Path, texts: Sequence[str]) -> Iterator[Fault]:
    """Play a vault with hostile names and one with harmless ones, and compare."""
    outcomes: set[str] = set()
    entries = [_entry(number, text, outcomes) for number, text in enumerate(texts)]
    hostile, other = play(root / "hostile", entries), play(root / "harmless", _harmless(entries))
    yield from _in_notes(hostile, other, entries)
    yield from _in_outputs(hostile, other)
    yield from _in_json(hostile, texts)


def _entry(number: int, text: str, outcomes: set[str]) -> Entry:
    """A name, and where it may stand.

    Args:
        outcomes: What is left of those before; another one that looks like one of them would join it.
    """
    is_name = bool(text.strip())
    is_whole = text.isprintable() or not {unicodedata.category(char) for char in text} & {"Cs", "Cc"}
    is_short = len(text.encode(errors="replace")) < 200
    is_budget = is_name and is_whole and is_short and "_" not in text
    outcome = squeezed(text).lower()
    is_outcome = bool(outcome) and outcome not in outcomes
    outcomes.add(outcome)
    return Entry(number, text, is_whole and is_short and "/" not in text, is_budget, is_outcome)


def _harmless(entries: Sequence[Entry]) -> list[Entry]:
    """The same with a harmless name for each; texts that the program takes for one name have the same."""
    numbers: dict[str | None, int] = {}
    for entry in entries:
        numbers.setdefault(clean(entry.name), entry.number)
    names = [f"{HARMLESS}{numbers[clean(entry.name)]}q" if clean(entry.name) else None for entry in entries]
    return [entry._replace(name=name) for entry, name in zip(entries, names, strict=True)]


# --- playing -----------------------------------------------------------------------------------


def play(root: Path, entries: Sequence[Entry]) -> Played:
    """Run all commands on a vault with names of some kind."""
    place = scene.Scene(root)
    place.write("vaultsync.yaml", CONFIG.encode())
    (place.vault / ".obsidian").mkdir()
    (root / "home").mkdir()
    for entry in entries:
        place.write(f"Daily/{entry.day}.md", _limits(entry).encode())
        file = entry.name if entry.is_file else ""
        place.log(f"{entry.number:03} {file}.jsonl", _with_a_rejected_line(entry))
    place.log("calls.jsonl", (call for entry in entries for call in _calls(entry)))
    place.log("session.jsonl", (row for entry in entries for row in _session(entry)))
    for file in ("gateway.csv", "told.csv"):
        (place.logs / file).write_text(_csv(entries), encoding="utf-8", newline="")
    said = dict(_run(place))
    notes = {name: data.decode() for name, data in place.notes().items() if name.endswith(".md")}
    return Played(notes, said)


def _run(place: scene.Scene) -> Iterator[tuple[str, tuple[str, str]]]:
    from vaultsync.cli import main

    environ = {**dict.fromkeys(os.environ), **scene.surroundings(place)}
    for name, command in COMMANDS.items():
        with patch("vaultsync.cli.common.now", lambda: scene.NOW):
            done = CliRunner(env=environ).invoke(main, [*command, "--vault", str(place.vault)])
        assert "internal error" not in done.stderr, f"{name}: {done.stderr}"
        assert isinstance(done.exception, SystemExit | None), f"{name}: {done.exception!r}"
        yield name, tuple(text.replace(str(place.root), "") for text in (done.stdout, done.stderr))  # type: ignore[misc]


def _limits(entry: Entry) -> str:
    """A daily note with a budget that cannot be read, and one on a provider."""
    lines = [f"llm_budget_usd: {_quoted(f'{entry.name or str()} x')}"]
    if entry.is_budget:
        lines.append(f"{_quoted(f'llm_budget_{entry.name}_usd')}: 3")
    return "---\n" + "\n".join(lines) + "\n---\n# A day\n"


def _quoted(text: str) -> str:
    """A text for YAML, whatever is in it."""
    shown = (c if c.isprintable() and c not in '"\\' else f"\\U{ord(c):08x}" for c in _whole(text))
    return f'"{"".join(shown)}"'


def _whole(text: str) -> str:
    """A text as it may stand in a file: no halves of characters."""
    return re.sub("[\\x00\ud800-\udfff]", "\N{REPLACEMENT CHARACTER}", text)


def _call(entry: Entry, hour: int, **more: Any) -> Mapping[str, Any]:
    """A call of another cost than all others."""
    return scene.call(entry.day, hour, input_tokens=1000 * hour + entry.number, **more)


def _calls(entry: Entry) -> Iterator[Mapping[str, Any]]:
    """Calls with a name in every field of a log."""
    name = entry.name
    yield _call(entry, 8, model_name=name)
    yield _call(entry, 9, model_provider=name, model_name=name)
    yield _call(entry, 10, project=name, branch=name)
    yield _call(entry, 11, project=name, branch="main")
    yield _call(entry, 12, session_id=name)
    yield _call(entry, 13, action_type=name)
    yield _call(entry, 14, action_type="skill", action_name=name)
    yield _call(entry, 15, action_type="command", action_name=name)
    yield _call(entry, 16, outcomes={name: 2} if name and entry.is_outcome else {})


def _session(entry: Entry) -> Iterator[Mapping[str, Any]]:
    """A session of a coding agent with a title and a branch."""
    head = {"sessionId": f"session-{entry.day}", "timestamp": f"{entry.day}T17:00:00.000Z", "cwd": "/work/p"}
    usage = {"input_tokens": 7, "output_tokens": 90_000 - entry.number}
    message = {"id": f"msg_{entry.day}", "role": "assistant", "model": "claude-opus-4-5", "usage": usage}
    more = {"requestId": f"req_{entry.day}", "uuid": entry.day, "message": message, "gitBranch": entry.name}
    yield {"type": "assistant", "isSidechain": False, **head, **more}
    if entry.name:
        yield {"type": "custom-title", "customTitle": entry.name, "sessionId": head["sessionId"]}


def _with_a_rejected_line(entry: Entry) -> Iterator[Mapping[str, Any]]:
    yield _call(entry, 18)
    yield scene.call(entry.day, 19, model_name=entry.name) | {"input_tokens": f"{entry.name or ''} x"}


def _csv(entries: Sequence[Entry]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["time", "model", "provider", "host", "agent", "input", "out"])
    for entry in entries:
        names = [" ".join(_whole(entry.name or "").split())] * 4
        writer.writerow([f"{entry.day}T20:00:00Z", *names, 500 - entry.number, 10])
    return out.getvalue()


# --- comparing ---------------------------------------------------------------------------------


def _in_notes(hostile: Played, other: Played, entries: Sequence[Entry]) -> Iterator[Fault]:
    if hostile.notes.keys() != other.notes.keys():
        yield Fault("vault", "", f"other notes: {hostile.notes.keys() ^ other.notes.keys()}")
    entry_of = {f"Daily/{entry.day}.md": entry for entry in entries}
    for name in sorted(hostile.notes.keys() & other.notes.keys()):
        body, plain = (_section(played.notes[name]) for played in (hostile, other))
        found = [*bytes_of(body), *counted(body, plain)]
        found += ["another tree"] * (tree(body)[0] != tree(plain)[0])
        entry = entry_of.get(name)
        if entry and clean(entry.name):
            found += _cells(body, plain, entry.name or "")
        yield from (Fault(name, (entry and entry.name) or "", what) for what in found)


def _section(note: str) -> str:
    """A note without its front matter, which is the user's."""
    return note[note.index("\n---\n") + 5 :] if note.startswith("---\n") else note


def _cells(hostile: str, other: str, text: str) -> Iterator[str]:
    names = (text, project_name((), text) or "")  # many projects are named by their folders
    for shown, plain in zip(cells(hostile), cells(other), strict=False):
        word = re.sub(rf"{HARMLESS}\d+q", HARMLESS, plain).casefold()
        if HARMLESS in word and not any(reads_as(shown.casefold(), word, each.casefold()) for each in names):
            yield f"reads {shown!r} for {plain!r}"


def _in_outputs(hostile: Played, other: Played) -> Iterator[Fault]:
    for name, outputs in hostile.said.items():
        for text, plain in zip(outputs, other.said[name], strict=True):
            if name.endswith("--csv"):
                found = in_spreadsheet(text, plain)
            elif name.endswith("--markdown"):
                found = iter([*counted(text, plain), *["another tree"] * (tree(text)[0] != tree(plain)[0])])
            else:
                found = on_terminal(text, plain)
            yield from (Fault(f"`{name}`", "", what) for what in found)


def _in_json(hostile: Played, texts: Sequence[str]) -> Iterator[Fault]:
    """Every name stands in the JSON as it was, but for what it must not be kept with."""
    rows = json.loads(hostile.said["report --json"][0])["rows"]
    for column in ("model", "project", "session", "branch", "machine"):
        known = {squeezed(row[column])[:60] for row in rows if row[column]}
        for text in texts:
            name = (project_name((), text) or "") if column == "project" else text
            if clean(text) and squeezed(name)[:60] not in known:
                yield Fault(f"`report --json` {column}", text, "is not there")
    json.loads(hostile.said["reconcile --json"][0])
