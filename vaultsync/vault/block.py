"""Find our blocks in a note, and the heading they belong under; tell a person's edit from a formatter's.

A block is what stands between two whole-line markers of one kind. Its begin marker carries a checksum over a
form of the body that formatters leave alone. The checksum also covers what was added around the block
(`Around`), so that taking the block out can give back the bytes of before without a word more in the note.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import IntFlag
from functools import lru_cache
from pathlib import Path

from vaultsync.errors import NoteSkipped
from vaultsync.vault.outline import Heading, Marker, Outline, scan

Where = Path | str


class Around(IntFlag):
    """What was added to the note besides the block's own lines; the checksum knows it."""

    NOTHING = 0
    BLANK_BEFORE = 1
    BLANK_AFTER = 2
    HEADING = 4
    """The heading, with a blank line under it."""
    LINE_END = 8
    """The line before had no end; the block has none in its place."""
    PLACEHOLDER = 16
    """The block stands where a placeholder line stood."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block as found in a note."""

    begin: Marker
    end: Marker
    body: str
    """All text between the markers' lines."""
    around: Around | None
    """None: the checksum fits nothing, so a person changed the body."""


# --- the normal form and its checksum ----------------------------------------------------------

_SPACES = re.compile(r"[ \t\r\f\v]+")
_QUOTES = re.compile(r"(?:> ?)+")
_BAR = re.compile(r"(?<!\\)\|")
_DASHES = re.compile(r"(:?)-+(:?)")


def normal_form(body: str) -> str:
    """What a formatter leaves alone: no blank lines, single spaces, table cells without padding."""
    return _normal(body.strip("\n"))


@lru_cache(maxsize=8)
def _normal(body: str) -> str:
    """The normal form, found once for a body that is compared, signed and proven."""
    lines = map(_normal_line, _SPACES.sub(" ", body).split("\n"))
    return "\n".join(line for line in lines if line)


def _normal_line(line: str) -> str:
    line = line.strip()
    quotes = _QUOTES.match(line)
    prefix = quotes.group() if quotes else ""
    rest = line[len(prefix) :]
    if rest.startswith("|"):
        cells = (cell.strip() for cell in _BAR.split(rest))
        rest = "|".join(_DASHES.sub(r"\1-\2", cell) if _DASHES.fullmatch(cell) else cell for cell in cells)
    return (prefix.replace(" ", "") + rest).strip()


def checksum(body: str, around: Around = Around.NOTHING) -> str:
    """Eight hex digits over the normal form of a body and what was added around the block."""
    return _digest(normal_form(body), around)


def _digest(normal: str, around: Around) -> str:
    text = normal + (f"\0{int(around)}" if around else "")
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _around_of(body: str, check: str) -> Around | None:
    normal = normal_form(body)
    if not check:
        return None if normal else Around.NOTHING
    fitting = (Around(n) for n in range(2 * Around.PLACEHOLDER) if _digest(normal, Around(n)) == check)
    return next(fitting, None)


# --- finding -----------------------------------------------------------------------------------

_REPAIR = "Restore the markers, or remove them all to get a new block."


def find_blocks(text: str, where: Where, outline: Outline | None = None) -> dict[str, Block]:
    """Find the blocks of a note by kind.

    Raises:
        NoteSkipped: A marker is garbled, lacks its twin, stands twice, inside another block or out of order.
    """
    outline = outline or scan(text)
    if outline.damage:
        line, why = outline.damage[0]
        raise NoteSkipped(where, f"a vaultsync marker is damaged: {why}.", _REPAIR, line + 1)
    blocks: dict[str, Block] = {}
    begin: Marker | None = None
    for marker in outline.markers:
        if marker.word == "begin":
            if begin or marker.kind in blocks:
                raise _damaged(
                    where, marker, "stands inside another block" if begin else "stands here a second time"
                )
            begin = marker
        elif marker.word == "end":
            if begin is None or begin.kind != marker.kind or begin.style != marker.style:
                raise _damaged(where, marker, "has no begin marker before it")
            blocks[marker.kind] = _read(text, outline, begin, marker)
            begin = None
    if begin:
        raise _damaged(where, begin, "has no end marker after it")
    return blocks


def _damaged(where: Where, marker: Marker, what: str) -> NoteSkipped:
    return NoteSkipped(
        where, f"the {marker.word} marker of the {marker.kind} block {what}.", _REPAIR, marker.line + 1
    )


def _read(text: str, outline: Outline, begin: Marker, end: Marker) -> Block:
    body = text[outline.starts[begin.line + 1] : outline.starts[end.line]]
    return Block(begin, end, body, _around_of(body, begin.sum))


def parse_heading(configured: str) -> tuple[int, str]:
    """Level and text of a heading as written in the settings; level 2 where no `#` says otherwise."""
    signs = re.match(r"#{1,6}(?=\s)", configured.strip())
    level = len(signs.group()) if signs else 2
    return level, configured.strip()[level if signs else 0 :].strip()


def find_heading(outline: Outline, configured: str) -> tuple[Heading | None, str]:
    """Find the first heading of a configured text, at its level before any other level.

    Returns:
        The heading or None, and a remark where it is spelled in a wrong encoding.
    """
    level, text = parse_heading(configured)
    spellings = {_key(text): ""}
    for page in ("cp1252", "cp1254", "cp1250"):
        spellings.setdefault(
            _key(_mojibake(text, page)), f"the heading was saved in a wrong encoding ({page})"
        )
    fitting = [h for h in outline.headings if _key(h.text) in spellings]
    at_level = [h for h in fitting if h.level == level]
    for heading in (at_level or fitting)[:1]:
        return heading, spellings[_key(heading.text)]
    return None, ""


def _key(heading: str) -> str:
    text = unicodedata.normalize("NFC", heading).replace("\ufe0f", "")
    return " ".join(text.split()).casefold()


def _mojibake(text: str, page: str) -> str:
    """UTF-8 read in a Windows code page, byte by byte as browsers and editors do it."""
    return "".join(_read_byte(byte, page) for byte in text.encode("utf-8", "surrogatepass"))


def _read_byte(byte: int, page: str) -> str:
    try:
        return bytes([byte]).decode(page)
    except UnicodeDecodeError:
        return chr(byte)
