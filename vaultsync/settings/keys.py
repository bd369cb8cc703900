"""The closed list of settings: how each key is read, what it may hold, and its default.

Knows nothing of where the file lies or which layer wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from vaultsync.periods import NOTE_KINDS, NoteKind
from vaultsync.settings.document import Value, quoted
from vaultsync.settings.projects import Rule, rule
from vaultsync.text import nearest, no_file_name

Create = Literal["auto", "always", "never"]
HEADINGS: Final[Mapping[NoteKind, str]] = {
    "daily": "## 💰 Token Usage Today",
    "weekly": "## 💰 Weekly Token Accounting",
    "monthly": "## 💰 Monthly LLM Costs",
    "quarterly": "## 💰 Quarterly LLM Costs",
    "yearly": "## 💰 Yearly LLM Costs",
    "dashboard": "## 💰 Token Usage",
}
DASHBOARD = "LLM Costs.md"
LOCALE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
HEADING = re.compile(r"#{1,6} +\S.*")
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class NoteSettings:
    """How one kind of note is treated; None: as the vault's own settings say."""

    heading: str
    """With its number signs."""
    create: Create = "auto"
    properties: bool = True
    enabled: bool | None = None
    """True also where the config gives the kind a folder, a format or a path."""
    folder: str | None = None
    """Below the vault, `/` between its parts; empty: the vault itself."""
    format: str | None = None
    """Moment.js format of the note's name, perhaps with sub-folders."""
    path: str | None = None
    """Below the vault; the dashboard alone has one."""


class Tellings(NamedTuple):
    """Which telling of the same spend counts."""

    order: tuple[str, ...] = ()
    """Kinds of tellings and names of collectors, best first; unchecked."""
    also: tuple[str, ...] = ()
    """Collectors whose events always count; unchecked."""


@dataclass(frozen=True, slots=True)
class RawMapping:
    """A mapping of foreign logs as written; `collectors` reads and checks it."""

    file: Path | str
    line: int
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    """Line of each key inside, dotted below the mapping: `columns.input`."""


def read_keys(values: Mapping[str, Value]) -> dict[str, Any]:
    """Check the values of one layer and turn them into fields of `Settings`.

    Returns:
        Only the fields that the layer sets; an empty value sets nothing.

    Raises:
        ConfigError: A wrong type or an impossible value.
    """
    return {key: READERS[key](value) for key, value in values.items() if value.kind != "nothing"}


def check_zone(value: Value) -> str:
    """The name of an IANA time zone."""
    name = value.text()
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        known = available_timezones()
        if not known:
            value.fail(
                f"{value.key} {quoted(name)} cannot be looked up: this machine has no time zone data.",
                "Install `tzdata`, with the system's packages or with pip.",
            )
        near = nearest(name, known) or " Names look like Europe/Berlin."
        value.fail(f"{value.key} {quoted(name)} is not a known time zone.", f"Write an IANA name.{near}")
    return name


def _locale(value: Value) -> str:
    name = value.text().lower().replace("_", "-").partition(".")[0]
    if not LOCALE.fullmatch(name):
        value.fail(
            f"locale {quoted(value.data)} is not a language tag.",
            "Write one such as en-gb, or remove the key.",
        )
    return name


def _currency(value: Value) -> str:
    code = value.text().upper()
    if not re.fullmatch(r"[A-Z]{3}", code, re.ASCII):
        value.fail(
            f"currency {quoted(value.data)} is not a currency code.", "Write three letters such as USD."
        )
    return code


def _paths(value: Value) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(item.path() for item in value.items()))


def _price_lists(value: Value) -> tuple[Path, ...]:
    for item in value.items():
        if not item.path().is_file():
            item.fail(
                f"pricing names {quoted(item.data)}, and there is no such file.",
                "Mend the path, or remove it.",
            )
    return _paths(value)


def _agents(value: Value) -> str | tuple[str, ...]:
    if value.kind == "text" and value.data in ("auto", "none"):
        return str(value.data)
    return _names(value) or "none"


def _name(value: Value) -> str:
    """A name on one line, as text even if YAML takes it for a number."""
    text = str(value.data).strip() if value.kind == "number" else value.text().strip()
    if CONTROL.search(text):
        value.fail(f"{value.key} holds {quoted(text)}, which is not a name.", "Write one line of plain text.")
    return text


def _names(value: Value) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_name(item) for item in value.items()))


def _tellings(value: Value) -> Tellings:
    table = value.table(("order", "also"))
    return Tellings(**{key: _names(item) for key, item in table.items() if item.kind != "nothing"})


def _mappings(value: Value) -> tuple[RawMapping, ...]:
    return tuple(_mapping(item) for item in value.items() if item.table() is not None)


def _mapping(value: Value) -> RawMapping:
    lines = {key.removeprefix(f"{value.key}."): line for key, line in value.lines() if key != value.key}
    return RawMapping(value.source.name, value.line or 0, value.plain(), lines)


def _projects(value: Value) -> tuple[Rule, ...]:
    """Rules in their order; a project's own name is its last pattern."""
    rules = []
    for name, patterns in value.table().items():
        if not name.strip() or CONTROL.search(name):
            patterns.fail(f"project {quoted(name)} has no readable name.", "Write NAME: [pattern, ...].")
        written = [rule(name, _pattern(item)) for item in patterns.items()]
        rules += [*written, rule(name, name)]
    return tuple(rules)


def _pattern(value: Value) -> str:
    """A project pattern; only those with a slash or a tilde are paths."""
    text = _name(value)
    return value.path().as_posix() if text.startswith("~") or ("/" in text and "$" in text) else text


def _templates(value: Value) -> Path:
    return value.path()


def _notes(value: Value) -> dict[NoteKind, dict[str, Any]]:
    """Per kind the keys that are set; `resolve_notes` adds the defaults."""
    kinds = value.table(NOTE_KINDS)
    return {kind: _note(kind, kinds[kind]) for kind in NOTE_KINDS if kind in kinds}


def _note(kind: NoteKind, value: Value) -> dict[str, Any]:
    own = ("path",) if kind == "dashboard" else ("folder", "format")
    table = value.table(("enabled", "heading", "create", "properties", *own))
    found = {
        key: NOTE_READERS[key](item)
        for key, item in table.items()
        if key == "heading" or item.kind != "nothing"
    }
    if any(key in found for key in own):
        found.setdefault("enabled", True)
    return found


def resolve_notes(
    notes: Mapping[NoteKind, dict[str, Any]], common: Mapping[str, Any]
) -> dict[NoteKind, NoteSettings]:
    """Settings of every kind of note: its own keys, over the common `create` and `properties`."""
    resolved = {}
    for kind in NOTE_KINDS:
        shared = {"heading": HEADINGS[kind], "create": common["create"], "properties": common["properties"]}
        if kind == "dashboard":
            shared |= {"path": DASHBOARD, "properties": False}
        resolved[kind] = NoteSettings(**(shared | notes.get(kind, {})))
    return resolved


def _heading(value: Value) -> str:
    if value.kind == "nothing":
        value.fail(
            f"{value.key} is empty.", 'Put the heading in quotes, or YAML drops it: heading: "## Costs".'
        )
    heading = value.text().strip()
    if CONTROL.search(heading) or not HEADING.fullmatch(heading):
        value.fail(
            f"{value.key} {quoted(value.data)} is not a heading.", 'Write one line such as "## Costs".'
        )
    return heading


def _inside(value: Value) -> str:
    """A path that cannot leave the vault and that Obsidian can see."""
    text = value.text().strip().replace("\\", "/")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if any(part.startswith(".") for part in parts) or re.match(r"[A-Za-z]:", text) or CONTROL.search(text):
        value.fail(
            f"{value.key} {quoted(value.data)} is not a path inside the vault.",
            "Write folders and a name only.",
        )
    return "/".join(parts)


def _named(value: Value) -> str:
    """A path inside the vault whose parts may be names of files."""
    path = _inside(value)
    for why in filter(None, map(no_file_name, path.split("/"))):
        value.fail(f"a part of {value.key} {quoted(value.data)} {why}.", "Write another name.")
    return path


def _folder(value: Value) -> str:
    return "" if value.kind == "text" and not str(value.data).strip() else _named(value)


def _format(value: Value) -> str:
    """A Moment.js format; a bare `YYYY` may come as anything but a list."""
    text = _inside(value)
    if not text or not re.search(r"[A-Za-z]", text):
        value.fail(
            f"{value.key} {quoted(value.data)} holds no date.", "Write a Moment.js format such as YYYY-MM-DD."
        )
    return text


def _note_path(value: Value) -> str:
    path = _named(value)
    if not path:
        value.fail(f"{value.key} {quoted(value.data)} names no note.", f"Write a name such as {DASHBOARD}.")
    return path if path.endswith(".md") else f"{path}.md"


def _create(value: Value) -> str:
    return value.choice("auto", "always", "never")


NOTE_READERS: Final[Mapping[str, Callable[[Value], Any]]] = {
    "enabled": Value.flag,
    "heading": _heading,
    "create": _create,
    "properties": Value.flag,
    "folder": _folder,
    "format": _format,
    "path": _note_path,
}
READERS: Final[Mapping[str, Callable[[Value], Any]]] = {
    "timezone": check_zone,
    "locale": _locale,
    "currency": _currency,
    "logs": _paths,
    "agents": _agents,
    "mappings": _mappings,
    "projects": _projects,
    "ledger": Value.path,
    "pricing": _price_lists,
    "cost": lambda value: value.choice("auto", "calculated", "reported"),
    "templates": _templates,
    "notes": _notes,
    "create": _create,
    "properties": Value.flag,
    "quarter": lambda value: value.choice("calendar", "weeks"),
    "outcomes": _names,
    "tellings": _tellings,
    "vault": Value.path,
}
