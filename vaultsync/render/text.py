"""Makes names and sentences into Markdown that shows them and does nothing else.

A name comes from a log, so it may hold anything: links, queries of plugins, HTML, our own markers. In
Obsidian not even a code span or a fence is a shelter, so what could begin something gets a backslash.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from vaultsync.text import NONE

LONGEST_NAME = 80
LONGEST_SENTENCE = 400
_ANYWHERE = re.compile(r"[\\`*\[\]#|<>~=^$%&]|(?<=:):|(?<!\w)_|_(?!\w)|(?<=_)_")
_AT_THE_START = re.compile(r"[-+:@.]|\d{1,9}(?=[.)])")
_LINK = re.compile(
    r"(?<=:)(?=//)|(?<=\bmailto:)|(?<=\bxmpp:)|(?<=\bwww)(?=\.)|(?<=@)(?=[\w-]+\.)|(?<=(?<!\w)@)(?=\w)"
    r"|(?<=vaultsync)(?=:)|(?<=:)(?=(?:begin|end)\b)|(?<=:)$",
    re.IGNORECASE,
)
"""Where an address would link or a person be called, where a marker of ours has its colons, and where a colon
of ours may follow one of the name."""
_NOT_IN_CHARTS = re.compile(r"[^\w\-_.,/+() ]")
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]")
"""Letters and marks that are blank wherever they are shown, though they are no spaces."""
_JOINER = "\N{WORD JOINER}"


class Markdown(str):
    """Text that is Markdown already and is not escaped again."""

    __slots__ = ()


def plain(text: object, longest: int = LONGEST_NAME) -> str:
    """One line without control, bidi and invisible characters, at most so many characters long."""
    whole = str(text)
    line = " ".join("".join(map(_visible, whole)).split())
    if not _BLANK.sub("", line) and whole.strip():
        return "\N{REPLACEMENT CHARACTER}"  # there is a name, and nothing of it can be seen
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return " " if char.isspace() else ""
    if category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return "" if category == "Cf" else char


def escape(text: object, longest: int = LONGEST_NAME) -> Markdown:
    """Show a foreign text as it is; an address gets an invisible joiner, since a bare one would link."""
    return text if isinstance(text, Markdown) else _escaped(str(text), longest)


@lru_cache(maxsize=1024)
def _escaped(text: str, longest: int) -> Markdown:
    """The same names stand in many tables of many notes."""
    line = _ANYWHERE.sub(r"\\\g<0>", plain(text, longest))
    line = _AT_THE_START.sub(_start, line, count=1) if _AT_THE_START.match(line) else line
    return Markdown(_LINK.sub(_JOINER, line))


def _start(match: re.Match[str]) -> str:
    """What begins a list or another block gets a backslash before its sign: `\\- a`, `1\\. a`."""
    found = match.group()
    return found + "\\" if found.isdigit() else "\\" + found


def sentence(text: str) -> Markdown:
    """Escape a whole sentence of ours that may hold foreign words."""
    return escape(text, LONGEST_SENTENCE)


def label(text: object) -> str:
    """A label inside a Mermaid fence: letters, digits and a few signs that mean nothing there."""
    kept = " ".join(_NOT_IN_CHARTS.sub(" ", plain(text, 40)).split())
    return kept or NONE
