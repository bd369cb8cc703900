"""The text of a first `vaultsync.yaml`, and what an older one does not mention yet.

Every line but the time zone is a comment that shows a default; a value of the user is never touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vaultsync.settings import NoteSettings, Settings

HEAD = """\
# What vaultsync reads and writes. Everything has a default, shown in lines that begin with #: remove the #
# to change one. `vaultsync doctor` says what is in force and what was found.
"""
MORE = "# Further settings with their defaults:\n"


def proposal(settings: Settings) -> str:
    """A commented configuration for a vault that has none."""
    entries = _entries(settings)
    zone = {
        "timezone": f"# The zone that cuts the days; one for all times.\ntimezone: {settings.zone_name}\n"
    }
    return "\n".join([HEAD, *{**entries, **zone}.values()])


def completed(text: str, settings: Settings) -> str:
    """A configuration with comments for the keys that it does not mention; all else stays as it is."""
    missing = [entry for key, entry in _entries(settings).items() if not mentions(text, key)]
    if not missing:
        return text
    newline = "\r\n" if "\r\n" in text else "\n"
    before = text if not text or text.endswith("\n") else text + newline
    return before + "\n".join(["", MORE, *missing]).replace("\n", newline)


def mentions(text: str, key: str) -> bool:
    """Say whether a top-level key stands in the text, as a setting or as a comment."""
    return re.search(rf"^(#[ \t]?)?[\"']?{key}[\"']?[ \t]*:", text, re.MULTILINE) is not None


def _entries(settings: Settings) -> Mapping[str, str]:
    """Key -> its comment and its default, as comment lines."""
    return {
        "timezone": _entry("The zone that cuts the days; one for all times.", "timezone: Europe/Berlin"),
        "locale": _entry(
            "Week rules and names, as in Moment.js. Default: as the vault's plugins say.", "locale: en-gb"
        ),
        "currency": _entry("What is shown; rates may be in others.", "currency: USD"),
        "logs": _entry(
            "Files and folders of JSON, JSONL, CSV and Markdown logs, plain or packed; each is recognised.",
            "logs: [~/logs/llm-usage]",
        ),
        "agents": _entry(
            "Coding agents whose logs are read in their usual places: auto, none or names.", "agents: auto"
        ),
        "mappings": _entry("Columns of foreign CSV and JSON logs; see the manual.", "mappings: []"),
        "projects": _entry(
            "Names for projects: path globs, or names as logged.",
            "projects:",
            "  My project: [~/code/my-project, old-name]",
        ),
        "ledger": _entry(
            "Every call, for ever; keep it out of synced folders.", f"ledger: {quoted(settings.ledger)}"
        ),
        "pricing": _entry("Price lists laid over the shipped one.", "pricing: [pricing.yaml]"),
        "cost": _entry(
            "auto: what was billed wins, else calculated, else the log's estimate; calculated; reported.",
            "cost: auto",
        ),
        "templates": _entry("Looked up first, then the shipped ones.", "templates: _templates/vaultsync"),
        "notes": _entry(
            "Which notes, and the heading of our section. Folder and format: as the vault's settings say.",
            "notes:",
            *(_note(kind, note) for kind, note in settings.notes.items()),
        ),
        "create": _entry("Missing notes: auto (when nothing can be lost), always, never.", "create: auto"),
        "properties": _entry("Write llm_* properties into the periodic notes.", "properties: true"),
        "quarter": _entry("calendar: three months; weeks: 13 ISO weeks.", "quarter: calendar"),
        "outcomes": _entry("Note properties that are counted as results.", "outcomes: [poems, dialogs]"),
        "tellings": _entry(
            "Which of several tellings of the same spend counts: kinds or names of collectors, best first.",
            "tellings: {order: [calls, usage, events, metrics, bills]}",
        ),
    }


def _entry(why: str, *lines: str) -> str:
    return "".join(f"# {line}\n" for line in (why, *lines))


def _note(kind: str, note: NoteSettings) -> str:
    path = f"path: {quoted(note.path)}, " if note.path else ""
    return f"  {kind}: {{{path}heading: {quoted(note.heading)}}}"


def quoted(text: object) -> str:
    """Text in double quotes, as YAML and JSON write it."""
    return json.dumps(str(text), ensure_ascii=False)
