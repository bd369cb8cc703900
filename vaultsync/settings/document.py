"""Read a YAML file strictly, into values that know where they were written.

No tags, anchors, aliases or repeated keys, and no type by guess: each value is asked for what it should be.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NoReturn

from vaultsync.errors import ConfigError
from vaultsync.text import nearest, nearest_or_all

SIZE_LIMIT = 1_000_000
"""Bytes of a configuration file; more is refused unread."""
DEPTH_LIMIT = 12
KINDS = {
    "text": "text",
    "number": "a number",
    "flag": "true or false",
    "nothing": "empty",
    "list": "a list",
    "table": "a table of keys",
}
NO_TEXT = re.compile("[\0\ud800-\udfff]")
"""What no path and no note can hold, though YAML can write it: NUL, and halves of characters."""
VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


@dataclass(frozen=True, slots=True)
class Source:
    """Where values come from: a file, an environment variable or an option."""

    name: Path | str
    folder: Path
    """Relative paths are relative to it."""
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Value:
    """One value as written, with its place."""

    source: Source
    line: int | None
    key: str
    """Dotted, for people: `notes.daily.heading`; empty for the whole document."""
    kind: Literal["text", "number", "flag", "nothing", "list", "table"]
    data: str | tuple[Value, ...] | Mapping[str, Value]
    """A scalar is kept as it was written."""

    def fail(self, what: str, remedy: str) -> NoReturn:
        """Raise the `ConfigError` of this value; its place, key and what stands there are named."""
        raise ConfigError(self.source.name, self.line, what, remedy)

    def _want(self, wanted: str, remedy: str) -> NoReturn:
        got = KINDS[self.kind] if self.kind != "text" else f"the text {quoted(self.data)}"
        if self.kind in ("number", "flag"):
            got = f"{quoted(self.data)}, {KINDS[self.kind]}"
        self.fail(f"{self.key or 'the file'} must be {wanted}, and is {got}.", remedy)

    def text(self) -> str:
        """The text of a scalar that YAML, too, takes for text.

        Raises:
            ConfigError: Anything else, or empty.
        """
        if self.kind in ("number", "flag"):
            self._want("text", "Put it in quotes if that is what you mean.")
        if self.kind == "nothing" or (self.kind == "text" and not str(self.data).strip()):
            self._want("text", "Write a value, in quotes if it begins with #, or remove the key.")
        if self.kind != "text":
            self._want("text", "Write one value.")
        return str(self.data)

    def flag(self) -> bool:
        """True or false."""
        if self.kind != "flag":
            self._want("true or false", "Write true or false, without quotes.")
        return str(self.data).lower() in ("true", "yes", "on")

    def choice(self, *words: str) -> str:
        """One of a few words."""
        offer = f"Write {' or '.join([', '.join(words[:-1]), words[-1]])}."
        if self.kind != "text":
            self._want("one of a few words", offer)
        if str(self.data) not in words:
            self.fail(f"{self.key} cannot be {quoted(self.data)}.", offer + nearest(str(self.data), words))
        return str(self.data)

    def items(self) -> Sequence[Value]:
        """The values of a list; a single one counts as a list of one, an empty one as none."""
        if self.kind == "nothing":
            return ()
        if self.kind == "list":
            assert isinstance(self.data, tuple)
            return self.data
        if self.kind == "table":
            self._want("a list", "Write one `- value` per line.")
        return (self,)

    def table(self, known: Collection[str] | None = None) -> Mapping[str, Value]:
        """The values of a table by key; empty for an empty value.

        Args:
            known: All keys that may stand there; None: any.

        Raises:
            ConfigError: Not a table, or an unknown key; the nearest known one is offered.
        """
        if self.kind == "nothing":
            return {}
        if not isinstance(self.data, Mapping):
            self._want("a table of keys", "Write `key: value` lines, indented.")
        for key, value in self.data.items():
            if known is not None and key not in known:
                offer = nearest_or_all(key, known)
                value.fail(f"unknown key {quoted(value.key)}.", "Remove it or mend its spelling." + offer)
        return self.data

    def path(self) -> Path:
        """A path with `~` and environment variables expanded, relative to the folder of the source.

        Raises:
            ConfigError: An environment variable in it is not set.
        """
        written = self.text()

        def variable(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            if name not in self.source.environ:
                self.fail(
                    f"{self.key} is {quoted(written)}, and the environment variable {name} is not set.",
                    "Set it, or write the path out.",
                )
            return self.source.environ[name]

        given = expand_home(VARIABLE.sub(variable, written), self.source.environ)
        return Path(os.path.normpath(self.source.folder / given))

    def plain(self) -> Any:
        """The value as plain Python: dict, list, str, int, bool, None; a fraction stays as it was written."""
        if isinstance(self.data, Mapping):
            return {key: value.plain() for key, value in self.data.items()}
        if isinstance(self.data, tuple):
            return [value.plain() for value in self.data]
        if self.kind == "number" and re.fullmatch(r"[+-]?\d{1,18}", self.data, re.ASCII):
            return int(self.data)
        return {"nothing": None, "flag": self.kind == "flag" and self.flag()}.get(self.kind, self.data)

    def lines(self) -> Iterator[tuple[str, int]]:
        """Dotted key and line of everything inside, this value first."""
        yield self.key, self.line or 0
        inside = self.data.values() if isinstance(self.data, Mapping) else self.data
        if not isinstance(inside, str):
            for value in inside:
                yield from value.lines()


def quoted(text: object) -> str:
    """A value for a message: in quotes, on one line, not too long."""
    shown = repr(str(text))
    return shown if len(shown) <= 80 else f"{shown[:76]}...'"


def expand_home(path: str, environ: Mapping[str, str]) -> str:
    """A path with a leading `~` replaced by the home folder."""
    home = environ.get("HOME") or environ.get("USERPROFILE")
    if home and (path == "~" or path.startswith(("~/", "~" + os.sep))):
        return home + path[1:]
    return os.path.expanduser(path)  # noqa: PTH111 - Path.expanduser raises where this leaves the path alone


def scalar(source: Source, key: str, text: str) -> Value:
    """A value that was not written in YAML: an option, an environment variable."""
    return Value(source, None, key, "text", text)


def read(source: Source) -> Value:
    """Read the YAML file of a source.

    Returns:
        The document; of kind `nothing` where the file is empty.

    Raises:
        ConfigError: Not a readable UTF-8 file, over 1 MB, not YAML, or with tags, anchors, aliases,
            repeated keys or more than one document.
    """
    file = Path(source.name)
    return _Builder(source, _text(file)).document()


def _text(file: Path) -> str:
    """The text of a configuration file, without a byte-order mark."""
    try:
        if not file.is_file():
            what = "is not a regular file." if file.exists() else "there is no such file."
            raise ConfigError(file, None, what, "Name the file with --config, or run `vaultsync init`.")
        with file.open("rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigError(
            file, None, f"cannot be read: {error.strerror}.", "Make it readable, then run again."
        ) from error
    if len(data) > SIZE_LIMIT:
        raise ConfigError(
            file, None, "is over 1 MB.", "A configuration is a few lines; name the right file with --config."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, line, "is not UTF-8 text.", "Save it as UTF-8.") from error


def _line(event: Any) -> int:
    """Line at which an event of the YAML parser begins, from 1."""
    return int(event.start_mark.line) + 1


class _Builder:
    """Build values from the events of the YAML parser; the usual loader drops lines and repeated keys."""

    def __init__(self, source: Source, text: str) -> None:
        import yaml

        self.yaml = yaml
        self.source, self.text = source, text
        self.events = yaml.parse(text, Loader=yaml.SafeLoader)
        self.resolver: Any = yaml.SafeLoader("")

    def document(self) -> Value:
        """The one document of the file."""
        try:
            documents = self._documents()
        except self.yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            what = getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be read"
            line = mark.line + 1 if mark else None
            if odd := self.yaml.reader.Reader.NON_PRINTABLE.search(self.text):
                line, what = self.text.count("\n", 0, odd.start()) + 1, f"it holds {quoted(odd.group())}"
            raise ConfigError(
                self.source.name, line, f"is not YAML: {what}.", "Mend the line, or put its value in quotes."
            ) from error
        if len(documents) > 1:
            documents[1].fail("a second document begins here.", "Remove the line `---` before it.")
        return documents[0] if documents else Value(self.source, None, "", "nothing", "")

    def _documents(self) -> list[Value]:
        found = []
        for event in self.events:
            if isinstance(event, self.yaml.DocumentStartEvent):
                value = self._value(next(self.events), "", 0)
                found.append(replace(value, line=_line(event)))
        return found

    def _value(self, event: Any, key: str, depth: int) -> Value:
        value = Value(self.source, _line(event), key, "nothing", "")
        if isinstance(event, self.yaml.AliasEvent) or event.anchor:
            value.fail("anchors and aliases (& and *) are not allowed.", "Write the value out, or in quotes.")
        if event.tag:
            value.fail(
                f"tags such as {event.tag} are not allowed.", "Remove the tag, or put the value in quotes."
            )
        if depth > DEPTH_LIMIT:
            value.fail("lists and tables are nested too deeply.", "Mend the brackets or the indentation.")
        if isinstance(event, self.yaml.SequenceStartEvent):
            return replace(value, kind="list", data=self._list(key, depth))
        if isinstance(event, self.yaml.MappingStartEvent):
            return replace(value, kind="table", data=self._table(key, depth))
        if odd := NO_TEXT.search(event.value):
            value.fail(f"{key or 'a key'} holds {quoted(odd.group())}, which is no text.", "Remove it.")
        return replace(value, kind=self._kind(event), data=event.value)

    def _list(self, key: str, depth: int) -> tuple[Value, ...]:
        items: list[Value] = []
        while not isinstance(event := next(self.events), self.yaml.SequenceEndEvent):
            items.append(self._value(event, f"{key}[{len(items) + 1}]", depth + 1))
        return tuple(items)

    def _table(self, key: str, depth: int) -> dict[str, Value]:
        table: dict[str, Value] = {}
        while not isinstance(event := next(self.events), self.yaml.MappingEndEvent):
            name = self._value(event, key, depth + 1)
            if not isinstance(name.data, str):
                name.fail("a key must be plain text.", "Write `key: value`.")
            dotted = f"{key}.{name.data}" if key else name.data
            if name.data in table:
                first = table[name.data].line
                name.fail(f"{quoted(dotted)} stands here again, after line {first}.", "Keep one of the two.")
            value = self._value(next(self.events), dotted, depth + 1)
            table[name.data] = replace(value, line=name.line)
        return table

    def _kind(self, event: Any) -> Literal["text", "number", "flag", "nothing"]:
        """What YAML takes a scalar for; in quotes it is always text."""
        tag = self.resolver.resolve(self.yaml.ScalarNode, event.value, event.implicit).rpartition(":")[2]
        kinds: dict[str, Literal["number", "flag", "nothing"]] = {
            "int": "number",
            "float": "number",
            "bool": "flag",
            "null": "nothing",
        }
        return kinds.get(tag, "text")
