"""Runs a template over plain data: the vault's own first, then the shipped one, both without trust.

A template may come with a shared vault. It sees values, cannot reach Python or a file outside its folder, and
what it prints is escaped unless it is Markdown of ours. `shipped/<name>` is always the shipped template. Time
and memory are bounded in `apart`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePath
from types import FrameType, TracebackType
from typing import Any, cast

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vaultsync.errors import TemplateError
from vaultsync.render.text import LONGEST_SENTENCE, Markdown, escape, plain

LONGEST = 1_000_000
"""Most characters that a template may produce, and most bytes that it may be long."""
_GROWING = frozenset(["center", "expandtabs", "ljust", "rjust", "translate", "zfill"])
_UNESCAPING = ("safe", "escape", "e", "forceescape", "urlize", "xmlattr", "tojson", "pprint")
"""Filters that would undo the escaping."""
_FILLING = ("center", "format", "indent", "wordwrap")
"""Filters that make long text out of short, and that a note does not need."""
_OURS = re.compile(r"^\s*(?:>\s*)*(?:%%|<!--)\s*vaultsync", re.MULTILINE | re.IGNORECASE)
_INIT = re.compile(r"^%%\{init: .*\}%%$", re.MULTILINE)
_FENCE = re.compile(r"(^```mermaid$.*?^```$)", re.MULTILINE | re.DOTALL)


class Environment(ImmutableSandboxedEnvironment):
    """A sandbox in which text is escaped for Markdown, and blocks and macros, once printed, are not again."""

    concat = staticmethod(lambda parts: Markdown("".join(parts)))
    intercepted_binops = frozenset(["*", "**", "%"])

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Refuse products, powers and text formats that only serve to fill the memory."""
        if operator == "**" or not all(isinstance(x, int | float) for x in (left, right)):
            raise SecurityError(
                f"'{operator}' works on plain numbers only, and powers are not needed in a note"
            )
        return super().call_binop(context, operator, left, right)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Refuse methods of text that make long text out of short."""
        return not (isinstance(obj, str) and attr in _GROWING) and super().is_safe_attribute(obj, attr, value)


class _Unusable(Exception):
    """Something has the name of a template and is none: passed over, another one would be taken for it."""


class Folder(jinja2.BaseLoader):
    """Templates of one folder; what leads out of it is refused."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Read a template whose name ends in `.j2`."""
        root, own = Path(os.path.realpath(self.root)), self.root / template
        path, parts = Path(os.path.realpath(own)), PurePath(template).parts
        is_below = not (PurePath(template).is_absolute() or ".." in parts)
        if not (template.endswith(".j2") and is_below and os.path.lexists(own)):
            raise jinja2.TemplateNotFound(template)
        if not (path.is_relative_to(root) and path.is_file()):
            raise _Unusable(f"the template '{_short(template)}' is no file inside its folder")
        name = str(own)
        try:
            with path.open("rb") as stream:
                source = stream.read(LONGEST + 1)
            if len(source) > LONGEST:
                raise TemplateError(name, None, f"has more than {LONGEST:,} bytes.")
            return source.decode("utf-8-sig"), name, lambda: True
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            raise TemplateError(name, line, "is not UTF-8. Save it as UTF-8.") from error
        except OSError as error:
            raise TemplateError(name, None, f"cannot be read ({error.strerror}).") from error


def run(name: str, context: Mapping[str, object], templates: Path | None, shipped: Path) -> str:
    """Render a template and tidy what it printed: no trailing spaces, at most one blank line in a row.

    Args:
        context: As `view.of` makes it, or as it was handed over.

    Raises:
        TemplateError: Unknown name, syntax error, forbidden access, too much output, or lines that only the
            program itself may write into a note.
    """
    file = file_of(name, templates, shipped)
    try:
        template = _environment(templates, shipped).get_template(name)
        text = _tidy(_bounded(template.generate(_names(context)), file))
    except TemplateError:
        raise
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(error.filename or error.name or file, error.lineno, _words(error)) from error
    except jinja2.TemplateNotFound as error:
        where, line = _place(error.__traceback__, file)
        raise TemplateError(where, line, f"there is no template '{_short(error.name)}' in reach.") from error
    except Exception as error:  # whatever a template makes Python raise is the template's fault
        where, line = _place(error.__traceback__, file)
        raise TemplateError(where, line, _words(error)) from error
    return _checked(text, file)


def file_of(name: str, templates: Path | None, shipped: Path) -> str:
    """The file that a name stands for, as it is said to people."""
    own = templates / name if templates else None
    return str(own if own and os.path.lexists(own) else shipped / name)


def _names(context: Mapping[str, object]) -> dict[str, object]:
    """What a template sees: the plain data, tables and charts by functions that know no others."""
    tables, charts = (cast("Mapping[str, Markdown]", context[key]) for key in ("tables", "charts"))
    shown = {key: value for key, value in context.items() if key != "charts"}
    return shown | {
        "tables": tuple(tables),
        "show": lambda id: tables.get(id, Markdown("")),
        "draw": lambda id: charts.get(id, Markdown("")),
    }


@lru_cache(maxsize=8)
def _environment(templates: Path | None, shipped: Path) -> Environment:
    """One for each pair of folders, so that a template is compiled once."""
    own = [Folder(templates)] if templates else []
    loader = jinja2.ChoiceLoader(
        [jinja2.PrefixLoader({"shipped": Folder(shipped)}), *own, Folder(shipped)],
    )
    environment = Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        finalize=_finalize,
        autoescape=False,  # for HTML; `finalize` escapes for Markdown
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for unsafe in (*_UNESCAPING, *_FILLING):
        environment.filters.pop(unsafe, None)
    environment.filters.update(join=_join, quote=quote)
    environment.globals.pop("lipsum", None)
    return environment


def _finalize(value: object) -> str:
    """What an expression prints; None prints nothing."""
    if isinstance(value, jinja2.Undefined):
        return str(value)  # raises, for undefined is strict
    if callable(value):
        raise TypeError("a function is printed, which is another one in each run; call it")
    return Markdown("") if value is None else escape(value)


def _join(values: Iterable[object], between: str = "") -> Markdown:
    """Join texts, each escaped."""
    return Markdown(between.join(_finalize(value) for value in values))


def quote(text: str) -> Markdown:
    """Put Markdown into a callout or quote: every line, also a blank one, gets the sign."""
    lines = _tidy(text if isinstance(text, Markdown) else escape(text)).split("\n")
    return Markdown("\n".join(f"> {line}".rstrip() for line in lines))


def _bounded(parts: Iterable[str], file: str) -> str:
    text, length = [], 0
    for part in parts:
        text.append(part)
        length += len(part)
        if length > LONGEST:
            where, line = _rests_at(parts, file)
            raise TemplateError(where, line, f"prints more than {LONGEST:,} characters.")
    return "".join(text)


def _rests_at(parts: object, file: str) -> tuple[str, int | None]:
    """Template file and line at which a generator waits to be asked for more."""
    where: tuple[str, int | None] = (file, None)
    while frame := getattr(parts, "gi_frame", None):
        where = _in_template(frame) or where
        parts = getattr(parts, "gi_yieldfrom", None)
    return where


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def _checked(text: str, file: str) -> str:
    """Refuse what would end or hide the rest of the note: a marker of ours, a comment outside a chart."""
    if _OURS.search(text):
        raise TemplateError(file, None, "prints a marker that only vaultsync may write.")
    outside = "".join(
        _INIT.sub("", part) if part.startswith("```mermaid") else part for part in _FENCE.split(text)
    )
    if "%%" in outside:
        raise TemplateError(file, None, "prints '%%', which would hide the rest of the note.")
    return text


def _place(trace: TracebackType | None, file: str) -> tuple[str, int | None]:
    """Template file and line where an error was raised."""
    where: tuple[str, int | None] = (file, None)
    while trace:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith(".j2"):
            where = (name, trace.tb_lineno)
        trace = trace.tb_next
    return where


def runs_at(frame: FrameType | None, file: str) -> tuple[str, int | None]:
    """Template file and line that a frame is in: itself, its callers, or what a part was just got from."""
    while frame:
        if frame.f_code is _bounded.__code__:
            return _rests_at(frame.f_locals["parts"], file)
        if where := _in_template(frame):
            return where
        frame = frame.f_back
    return file, None


def _in_template(frame: FrameType) -> tuple[str, int] | None:
    """File and line of a frame of a compiled template; its own lines are those of what it was compiled to."""
    template = frame.f_globals.get("__jinja_template__")
    if not isinstance(template, jinja2.Template):
        return None
    return template.filename or "", template.get_corresponding_lineno(frame.f_lineno)


def _words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "needs too much memory."
    text = _short(str(error)) or type(error).__name__
    return text if text.endswith((".", "…")) else f"{text}."


def _short(text: object) -> str:
    """What a message quotes, which may be all that a template made."""
    return plain(text, LONGEST_SENTENCE)
