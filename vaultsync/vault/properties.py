"""Read a note's front matter as the app reads it, and write single keys by editing their lines.

The parsed tree is never dumped back: that would sort, re-quote and drop comments. The block is parsed before
and after an edit; unless all else is equal, the note stays as it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, ClassVar

from vaultsync.vault.lines import front_matter_end, lines_of

Value = bool | int | Decimal | str
_KEY_LINE = re.compile(r"""(?P<key>[\w-]+|"[\w-]+"|'[\w-]+')[ \t]*:(?=[ \t\r\n]|$)""")
_SCALAR = re.compile(
    r"""(?P<space>[ \t]*)(?P<value>"(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s"'#](?:[^#\r\n]|(?<![ \t])#)*?)?"""
    r"""(?P<comment>[ \t]+#[^\r\n]*)?[ \t]*(?P<end>\r?\n|$)"""
)
_FRONT_MATTER = re.compile(r"\ufeff?---[ \t]*\r?\n[\w\"'-]+[ \t]*:")
"""Not a rule drawn above the text: something like a property follows."""
_NESTED = re.compile(r"(?:[-?:][ \t]+){100}")
_BLOCK_LIMIT = 256 * 1024
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*")
_NOT_PLAIN = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True, slots=True)
class Edited:
    """A note's text after an edit of its properties."""

    text: str
    problem: str | None = None
    """Why it was left as it was; None: all keys are as wanted."""


@dataclass(frozen=True, slots=True)
class _Matter:
    """The front matter of a note, in lines."""

    mark: str
    """Byte-order mark or nothing."""
    head: list[str]
    """The opening fence; empty where there is no front matter."""
    inside: list[str]
    rest: list[str]
    """From the closing fence on."""

    def text(self, inside: list[str]) -> str:
        return self.mark + "".join([*self.head, *inside, *self.rest])


class _Trouble(Exception):
    """A block that cannot be read, and why."""


class _Unclosed(_Trouble):
    """A first line of dashes with no second one: front matter, or a rule drawn above the text."""


def mentions(data: bytes, words: Iterable[bytes]) -> bool:
    """Say whether a note holds any of some words, so that most notes need no YAML parser."""
    return any(word in data for word in words)


def read(text: str) -> tuple[dict[str, Any], str | None]:
    """Read a note's properties with the app's types.

    Returns:
        Key -> text, whole number, Decimal, bool, None, list or map, and None; or nothing and the reason why.
        `yes`, `12:30`, `1_000` and dates are text, as in the app.

    Source: YAML 1.2 core schema, formats/obsidian.md 4.1.
    """
    try:
        return dict(_parse("".join(_split(text).inside))), None
    except _Unclosed as trouble:
        return {}, str(trouble) if _FRONT_MATTER.match(text) else None
    except _Trouble as trouble:
        return {}, str(trouble)


def set(text: str, values: Mapping[str, Value]) -> Edited:
    """Give a note's properties values; every other byte stays, also a spelling of the same number.

    Args:
        values: Key -> value; missing keys are added at the end of the block, in this order.
    """

    def edit(inside: list[str], before: Mapping[str, Any], end: str) -> list[str]:
        for key, value in values.items():
            if key in before and _is_same(before[key], value):
                continue
            inside = _put(inside, key, value, end)
        return inside

    def wanted(before: Mapping[str, Any]) -> dict[str, Any]:
        return {**before, **values}

    return _edit(text, edit, wanted) if values else Edited(text)


def remove(text: str, keys: Collection[str]) -> Edited:
    """Take properties out; a block that holds nothing then goes as well."""

    def edit(inside: list[str], before: Mapping[str, Any], end: str) -> list[str]:
        for key in keys:
            found = _find(inside, key)
            if found:
                inside = [*inside[: found[0]], *inside[found[1] :]]
        return inside

    def wanted(before: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in before.items() if key not in keys}

    done = _edit(text, edit, wanted)
    if done.text == text:
        return done
    matter = _split(done.text)
    return done if matter.inside else Edited(matter.mark + "".join(matter.rest[1:]))


def _edit(
    text: str,
    edit: Callable[[list[str], Mapping[str, Any], str], list[str]],
    wanted: Callable[[Mapping[str, Any]], dict[str, Any]],
) -> Edited:
    """Edit the lines of the block and prove that only what was wanted changed."""
    try:
        matter = _split(text)
        before = _parse("".join(matter.inside))
        if "".join(matter.inside).lstrip().startswith("{"):
            return Edited(text, "the front matter is JSON, which is not edited")
        end = "\r\n" if _first_line(matter).endswith("\r\n") else "\n"
        inside = edit(list(matter.inside), before, end)
        if inside == matter.inside:
            return Edited(text)
        if not matter.head:
            inside = [f"---{end}", *inside, f"---{end}"]
        new = matter.text(inside)
        after = _parse("".join(_split(new).inside)) if _split(new).head else {}
    except _Trouble as trouble:
        return Edited(text, str(trouble))
    goal = wanted(before)
    if list(after) != list(goal) or not all(_is_same(after[key], goal[key]) for key in goal):
        return Edited(text, "the front matter is written in a way that is not edited safely")
    return Edited(new)


def _first_line(matter: _Matter) -> str:
    return next(iter([*matter.head, *matter.rest]), "")


def _split(text: str) -> _Matter:
    mark, body = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    lines = lines_of(body)
    end = front_matter_end(lines)
    if end is None:
        raise _Unclosed("the front matter opened in line 1 is never closed")
    if end == 0:
        return _Matter(mark, [], [], lines)
    return _Matter(mark, lines[:1], lines[1 : end - 1], lines[end - 1 :])


# --- lines -------------------------------------------------------------------------------------


def _find(inside: list[str], key: str) -> tuple[int, int] | None:
    """First and last (exclusive) line of a top-level key with its value."""
    for start, line in enumerate(inside):
        match = _KEY_LINE.match(line)
        if match and match["key"].strip("\"'") == key:
            stop = start + 1
            while stop < len(inside) and re.match(r"[ \t]+[^\s#]|-(?:[ \t]|\r?$)", inside[stop]):
                stop += 1
            return start, stop
    return None


def _put(inside: list[str], key: str, value: Value, end: str) -> list[str]:
    """Replace the lines of a key by one, or add it."""
    found = _find(inside, key)
    if not found:
        return [*inside, f"{key}: {_written(value)}{end}"]
    start, stop = found
    match = _KEY_LINE.match(inside[start])
    colon = match.end() if match else 0
    old = _SCALAR.fullmatch(inside[start], colon)
    if not old or stop > start + 1:
        last = inside[stop - 1]
        tail = last[len(last.rstrip("\r\n")) :]
        return [*inside[:start], f"{inside[start][:colon]} {_written(value)}{tail}", *inside[stop:]]
    quote = (old["value"] or "")[:1]
    new = _written(value, quote if quote in ("'", '"') else "")
    line = f"{inside[start][:colon]}{old['space'] or ' '}{new}{old['comment'] or ''}{old['end']}"
    return [*inside[:start], line, *inside[stop:]]


def _written(value: Value, quote: str = "") -> str:
    """A value as YAML; text keeps the quotes it had."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int):
        return str(value)
    if quote == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if not quote and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'


def _is_same(one: object, other: object) -> bool:
    """Equal as the app sees it: a number is not a checkbox."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return one == other


# --- parsing -----------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _parse(block: str) -> Mapping[str, Any]:
    """The mapping that a block is; a note is read, edited and asked for budgets, but parsed once.

    Raises:
        _Trouble: Not YAML, not a mapping, or a key that stands twice.
    """
    from frontmatter.default_handlers import YAMLHandler

    # the C parser dies of deep nesting, so that is looked at first
    if len(block) > _BLOCK_LIMIT or block.count("[") + block.count("{") > 1000 or _NESTED.search(block):
        raise _Trouble("the front matter is too large or too deeply nested")
    try:
        found = YAMLHandler().load(block, Loader=_loader())
    except _Trouble:
        raise
    except (ValueError, RecursionError) as error:
        raise _Trouble("the front matter cannot be read") from error
    except Exception as error:  # every error of the parser, whose package is not imported here
        where = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or type(error).__name__
        line = f" in line {where.line + 2}" if where else ""
        raise _Trouble(f"the front matter is not valid YAML{line} ({what})") from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _Trouble("the front matter is not a list of properties")
    return {str(key): value for key, value in found.items()}


@cache
def _loader() -> Any:
    """The safe loader with the types of YAML 1.2: no dates, no times, no yes and no."""
    from frontmatter.default_handlers import SafeLoader

    class Loader(SafeLoader):  # type: ignore[misc, valid-type]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    number = list("-+.0123456789")
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
    )
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:null", re.compile(r"(?:~|null|Null|NULL|)$"), ["~", "n", "N", ""]
    )
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:int", re.compile(r"(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"), number
    )
    Loader.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"),
        number,
    )
    Loader.add_constructor("tag:yaml.org,2002:int", _int)
    Loader.add_constructor("tag:yaml.org,2002:float", _decimal)
    Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: node.value.lower() == "true")
    Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
    return Loader


def _int(loader: Any, node: Any) -> int | str:
    text = str(node.value)
    if len(text) > 100:  # digits without end are no number that a person wrote
        return text
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text)


def _decimal(loader: Any, node: Any) -> Decimal | str:
    value = Decimal(node.value)
    return value if abs(value.adjusted()) < 100 else str(node.value)


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        key = key if isinstance(key, str | int | Decimal | None) else str(key)
        if key in found:
            raise _Trouble(f"the property {key!r} stands twice in the front matter")
        found[key] = loader.construct_object(value_node, deep=True)
    return found
