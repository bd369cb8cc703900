"""Runs a template over plain data: the vault's own first, then the shipped one, both without trust.

A template may come with a shared vault. It sees values, cannot reach Python or a file outside its folder, and
what it prints is escaped unless it is Markdown of ours. `shipped/<name>` is always the shipped template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from vaultsync.errors import TemplateError
from vaultsync.render.text import Markdown, escape

LONGEST = 1_000_000
"""Most characters that a template may produce."""
_GROWING = frozenset(["center", "expandtabs", "format", "format_map", "ljust", "rjust", "translate", "zfill"])
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


class Folder(jinja2.BaseLoader):
    """Templates of one folder; a link that leads out of it does not exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def get_source(
        self, environment: jinja2.Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Read a template whose name ends in `.j2`."""
        root = self.root.resolve()
        path = (root / template).resolve()
        if not (template.endswith(".j2") and path.is_relative_to(root) and path.is_file()):
            raise jinja2.TemplateNotFound(template)
        try:
            source = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise TemplateError(str(self.root / template), None, f"cannot be read: {error}.") from error
        return source, str(self.root / template), lambda: True


def run(name: str, context: Mapping[str, object], templates: Path | None, shipped: Path) -> str:
    """Render a template and tidy what it printed: no trailing spaces, at most one blank line in a row.

    Raises:
        TemplateError: Unknown name, syntax error, forbidden access, too much output, or lines that only the
            program itself may write into a note.
    """
    try:
        text = _bounded(_environment(templates, shipped).get_template(name).generate(context), name)
    except TemplateError:
        raise
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(error.filename or error.name or name, error.lineno, _words(error)) from error
    except jinja2.TemplateNotFound as error:
        where, line = _place(error.__traceback__, name)
        raise TemplateError(where, line, f"there is no template '{error.name}' in reach.") from error
    except Exception as error:  # whatever a template makes Python raise is the template's fault
        where, line = _place(error.__traceback__, name)
        raise TemplateError(where, line, _words(error)) from error
    return _checked(_tidy(text), name)


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
    return Markdown("") if value is None else escape(value)


def _join(values: Iterable[object], between: str = "") -> Markdown:
    """Join texts, each escaped."""
    return Markdown(between.join(_finalize(value) for value in values))


def quote(text: str) -> Markdown:
    """Put Markdown into a callout or quote: every line, also a blank one, gets the sign."""
    lines = _tidy(text if isinstance(text, Markdown) else escape(text)).split("\n")
    return Markdown("\n".join(f"> {line}".rstrip() for line in lines))


def _bounded(parts: Iterable[str], name: str) -> str:
    text, length = [], 0
    for part in parts:
        text.append(part)
        length += len(part)
        if length > LONGEST:
            raise TemplateError(name, None, f"prints more than {LONGEST:,} characters.")
    return "".join(text)


def _tidy(text: str) -> str:
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip("\n")


def _checked(text: str, name: str) -> str:
    """Refuse what would end or hide the rest of the note: a marker of ours, a comment outside a chart."""
    if _OURS.search(text):
        raise TemplateError(name, None, "prints a marker that only vaultsync may write.")
    outside = "".join(
        _INIT.sub("", part) if part.startswith("```mermaid") else part for part in _FENCE.split(text)
    )
    if "%%" in outside:
        raise TemplateError(name, None, "prints '%%', which would hide the rest of the note.")
    return text


def _place(trace: TracebackType | None, name: str) -> tuple[str, int | None]:
    """Template file and line where an error was raised."""
    where: tuple[str, int | None] = (name, None)
    while trace:
        file = trace.tb_frame.f_code.co_filename
        if file.endswith(".j2"):
            where = (file, trace.tb_lineno)
        trace = trace.tb_next
    return where


def _words(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith(".") else f"{text}."
