"""Read the YAML of a price list into nodes that know their line; only maps, lists and text are accepted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from vaultsync.errors import ConfigError
from vaultsync.text import nearest_or_all

MAX_BYTES = 1_000_000
_MAX_DEPTH = 16
_LONGEST = 300
"""Characters of what is wrong, which quotes what is written."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text with its line; a number stays the text it was written as, so no float ever appears."""

    text: str
    line: int
    plain: bool
    """Written without quotes."""


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    line: int
    values: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entries:
    """A map; keys in the order of the file, each with its line."""

    line: int
    values: dict[str, Node] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


Node = Scalar | Items | Entries


@dataclass(frozen=True, slots=True)
class Document:
    """One file; raises `ConfigError` with its name and the line of whatever is wrong."""

    path: Path

    def fail(self, line: int | None, what: str, remedy: str) -> NoReturn:
        """Stop with one sentence on what is wrong and one on what to do."""
        shown = what if len(what) <= _LONGEST else f"{what[:_LONGEST]}…"
        raise ConfigError(self.path, line, shown, remedy)

    def unknown(self, line: int, kind: str, name: str, known: Sequence[str]) -> NoReturn:
        """Stop at a name that is not known, and offer the nearest one that is."""
        self.fail(line, f"unknown {kind} {name!r}.", nearest_or_all(name, known).lstrip())

    def parse(self, content: bytes) -> Node:
        """Turn bytes into nodes."""
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        if len(content) > MAX_BYTES:
            self.fail(None, f"has {len(content)} bytes; a price list may have {MAX_BYTES}.", "Split it.")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            self.fail(line, "is not UTF-8.", "Save the file as UTF-8.")
        try:
            return _Builder(self).build(yaml.parse(text, Loader=loader))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or "it cannot be read"
            at = mark.line + 1 if mark else None
            if odd := yaml.reader.Reader.NON_PRINTABLE.search(text):
                at, problem = text.count("\n", 0, odd.start()) + 1, f"it holds {odd.group()!r}"
            remedy = "Quote text that begins with `*`, `&`, `!` or `@`, and indent with spaces."
            self.fail(at, f"is not YAML: {problem}.", remedy)


class _Builder:
    """Folds parser events into one tree, without recursion."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.stack: list[Items | Entries] = []
        self.keys: list[str | None] = []
        self.root: Node | None = None

    def build(self, events: Iterator[Any]) -> Node:
        for event in events:
            kind, line = type(event).__name__, event.start_mark.line + 1
            if kind == "AliasEvent":
                self.document.fail(
                    line, f"has an alias (*{event.anchor}).", "Write the value out, or quote the text."
                )
            if getattr(event, "anchor", None):
                self.document.fail(
                    line, f"has an anchor (&{event.anchor}).", "Write the value out, or quote the text."
                )
            if getattr(event, "tag", None):
                self.document.fail(line, f"has a tag ({event.tag}).", "Remove it; types are known without.")
            if kind == "ScalarEvent":
                self.add(Scalar(event.value, line, event.style is None))
            elif kind in ("MappingStartEvent", "SequenceStartEvent"):
                self.open(Entries(line) if kind == "MappingStartEvent" else Items(line))
            elif kind in ("MappingEndEvent", "SequenceEndEvent"):
                self.stack.pop()
                self.keys.pop()
        if self.root is None:
            self.document.fail(
                None, "is empty.", "Begin with `version: 1`, or take the file out of the settings."
            )
        return self.root

    def open(self, node: Items | Entries) -> None:
        self.add(node)
        self.stack.append(node)
        self.keys.append(None)
        if len(self.stack) > _MAX_DEPTH:
            self.document.fail(node.line, "is nested too deeply.", "See the sample in the README.")

    def add(self, node: Node) -> None:
        if not self.stack:
            if self.root is not None:
                self.document.fail(node.line, "has a second document.", "Remove the line `---`.")
            self.root = node
        elif isinstance(parent := self.stack[-1], Items):
            parent.values.append(node)
        elif (key := self.keys[-1]) is None:
            self.key(parent, node)
        else:
            parent.values[key] = node
            self.keys[-1] = None

    def key(self, parent: Entries, node: Node) -> None:
        if not isinstance(node, Scalar):
            self.document.fail(node.line, "a list or map cannot be a key.", "Quote the key.")
        if node.text in parent.lines:
            first = parent.lines[node.text]
            self.document.fail(node.line, f"duplicate key {node.text!r}, first in line {first}.", "Keep one.")
        parent.lines[node.text] = node.line
        self.keys[-1] = node.text
