"""Find the headings, our markers and the closed-off parts of a note; the same lines as the app's own index.

Follows CommonMark's block structure as far as it decides whether a line is a heading of the note itself:
code, HTML blocks, quotes, lists, tables, lazy continuation; and Obsidian's `%%` comments and front matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from vaultsync.vault import lines

Style = Literal["%%", "<!--"]
Word = Literal["begin", "end", "placeholder"]
KINDS = ("daily", "weekly", "monthly", "quarterly", "yearly", "dashboard")
"""Kinds of block that a marker may name."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the note itself, not of a quote or a list in it."""

    line: int
    """Index of its first line, from 0."""
    end: int
    """Index of the line after it; a setext heading has two lines or more."""
    level: int
    text: str
    """Without the signs around it."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A whole line that begins, ends or asks for a block of ours."""

    line: int
    word: Word
    kind: str
    label: str
    sum: str
    style: Style


@dataclass(slots=True)
class Outline:
    """What a note consists of, as far as we need to know."""

    starts: list[int]
    """Character offset at which each line begins, and the length of the text."""
    headings: list[Heading] = field(default_factory=list)
    markers: list[Marker] = field(default_factory=list)
    damage: list[tuple[int, str]] = field(default_factory=list)
    """Lines where a marker is garbled or stands where it cannot work, and why."""
    open: tuple[int, str] | None = None
    """Line and name of what is begun and never closed: text at the end of the note would be inside it."""
    body: int = 0
    """Index of the first line after the front matter."""

    def section_end(self, heading: Heading) -> int:
        """Index of the line at which a heading's section ends: the next heading of its level or above."""
        later = (h.line for h in self.headings if h.line >= heading.end and h.level <= heading.level)
        return next(later, len(self.starts) - 1)


def scan(text: str) -> Outline:
    """Read a note's structure.

    Args:
        text: The whole note, a byte-order mark and CRLF included.
    """
    return _Scanner(lines.lines_of(text)).run()


class _Scanner:
    """One pass over the lines; the fields are what is open at the moment."""

    def __init__(self, whole: list[str]) -> None:
        self.lines = whole
        starts = [0]
        for line in whole:
            starts.append(starts[-1] + len(line))
        self.out = Outline(starts)
        self.fence: tuple[str, int] | None = None
        self.html: re.Pattern[str] | None = None
        self.in_html = False
        self.in_comment = False
        self.opened = 0
        self.paragraph: int | None = None
        self.in_table = False
        self.item: int | None = None
        self.item_is_empty = False
        self.in_quote = False
        self.lazy = False
        self.inner_fence: tuple[str, int] | None = None

    def run(self) -> Outline:
        body = lines.front_matter_end(self.lines)
        if body is None:
            self.out.open = (0, "front matter")
            body = 0
        self.out.body = body
        for index in range(body, len(self.lines)):
            line = self.lines[index].rstrip("\r\n")
            self._line(index, line.removeprefix("\ufeff") if index == 0 else line)
        if self.out.open is None:
            self.out.open = self._still_open()
        return self.out

    def _still_open(self) -> tuple[int, str] | None:
        if self.fence:
            return self.opened, "code fence"
        if self.in_html and self.html:
            return self.opened, "HTML comment or block"
        return (self.opened, "comment %%") if self.in_comment else None

    def _line(self, index: int, line: str) -> None:
        if self.in_comment:
            self._inside_comment(index, line)
        elif self.fence:
            self.fence = None if lines.closes(line, self.fence) else self.fence
        elif self.in_html:
            self._inside_html(line)
        elif not line.strip(" \t"):
            self._end_paragraph()
            self.in_quote = self.lazy = False
            self.item = None if self.item_is_empty else self.item
        else:
            self._block(index, line, lines.indent(line))

    def _inside_comment(self, index: int, line: str) -> None:
        if lines.MARKER_WORDS.search(line):
            self.out.damage.append(
                (index, f"it stands inside the comment %% that line {self.opened + 1} opens")
            )
        self._toggle(index, len(lines.COMMENT.findall(line)))

    def _inside_html(self, line: str) -> None:
        if self.html is None:
            self.in_html = bool(line.strip(" \t"))
        elif self.html.search(line):
            self.in_html = False

    def _end_paragraph(self) -> None:
        self.paragraph, self.in_table = None, False

    def _leave_containers(self) -> None:
        self.item, self.in_quote, self.lazy, self.inner_fence = None, False, False, None

    def _block(self, index: int, line: str, indent: int) -> None:
        """A line that is not blank and not inside code, HTML or a comment."""
        self.item_is_empty = False
        if self.item is not None and indent >= self.item:
            self._inside(index, line)
        elif lines.QUOTE.match(line):
            self._end_paragraph()
            self.item = None
            self.inner_fence = self.inner_fence if self.in_quote else None
            self.in_quote = True
            self._inside(index, line)
        elif self.lazy and not self._starts_block(line, indent):
            self._count_comments(index, line)
        else:
            self._leave_containers()
            self._root(index, line, indent)

    def _starts_block(self, line: str, indent: int) -> bool:
        """Can the line interrupt a paragraph of a container that it is not in?"""
        if indent > 3:
            return False
        return bool(
            lines.ATX.match(line)
            or lines.FENCE.match(line)
            or lines.BREAK.match(line)
            or lines.ITEM.match(line)
            or lines.FOOTNOTE.match(line)
            or line.lstrip(" ").startswith("%%")
            or any(start.match(line.lstrip(" ")) and may for start, _, may in lines.HTML_STARTS)
        )

    def _inside(self, index: int, line: str) -> None:
        """A line of a quote, list or footnote: no heading of the note, but may open a fence or comment."""
        leaf = lines.leaf(line)
        if self.inner_fence:
            self.inner_fence = None if lines.closes(leaf, self.inner_fence) else self.inner_fence
            self.lazy = False
            return
        fence = lines.FENCE.match(leaf)
        if fence:
            self.inner_fence = (fence.group(1)[0], len(fence.group(1)))
        self.lazy = bool(leaf) and not (
            fence or lines.ATX.match(leaf) or lines.BREAK.match(leaf) or leaf.startswith("<!--")
        )
        if not fence:
            if lines.GARBLED.search(lines.without_code(leaf)):
                self.out.damage.append((index, "it stands inside a quote or a list"))
            self._count_comments(index, leaf)

    def _root(self, index: int, line: str, indent: int) -> None:
        if indent > 3:
            if self.paragraph is not None:
                self._count_comments(index, line)
            return
        if self._marker(index, line) or self._setext(index, line) or self._leaf_block(index, line):
            return
        if self._container(index, line):
            return
        if self.paragraph is None:
            self.paragraph = index
        elif not self.in_table:
            self.in_table = self._is_delimiter(index, line)
        self._count_comments(index, line)

    def _marker(self, index: int, line: str) -> bool:
        match = lines.MARKER.fullmatch(line) if "vaultsync" in line else None
        if match and (match["style"] == "%%") == (match["close"] == "%%") and match["kind"] in KINDS:
            word: Word = match["word"] or "placeholder"  # type: ignore[assignment]
            if word != "placeholder" or not (match["label"] or match["sum"]):
                style: Style = match["style"]  # type: ignore[assignment]
                label, check = match["label"] or "", match["sum"] or ""
                self.out.markers.append(Marker(index, word, match["kind"], label, check, style))
                self._end_paragraph()
                return True
        if "vaultsync:" in line and lines.GARBLED.search(lines.without_code(line)):
            self.out.damage.append((index, "it is not a whole marker alone on its line"))
        return False

    def _setext(self, index: int, line: str) -> bool:
        match = lines.SETEXT.match(line) if self.paragraph is not None and not self.in_table else None
        if not match or self.paragraph is None:
            return False
        text = " ".join(self.lines[n].strip() for n in range(self.paragraph, index)).removeprefix("\ufeff")
        level = 1 if match.group(1)[0] == "=" else 2
        self.out.headings.append(Heading(self.paragraph, index + 1, level, text))
        self._end_paragraph()
        return True

    def _leaf_block(self, index: int, line: str) -> bool:
        """A heading, fence, break, HTML block or comment; each also ends a paragraph."""
        if atx := lines.ATX.match(line):
            text = lines.atx_text(line, atx.end())
            self.out.headings.append(Heading(index, index + 1, len(atx.group(1)), text))
            self._count_comments(index, line)
        elif fence := lines.FENCE.match(line):
            self.fence, self.opened = (fence.group(1)[0], len(fence.group(1))), index
        elif line.lstrip(" ").startswith("%%") and not line.lstrip(" ").startswith("%%%"):
            self._count_comments(index, line)
        elif not lines.BREAK.match(line) and not self._html(index, line.lstrip(" ")):
            return False
        self._end_paragraph()
        return True

    def _html(self, index: int, line: str) -> bool:
        if not line.startswith("<"):
            return False
        for start, end, interrupts in lines.HTML_STARTS:
            match = start.match(line)
            if match and (interrupts or self.paragraph is None):
                self.html, self.opened = end, index
                self.in_html = end is None or not end.search(line, match.end())
                return True
        return False

    def _container(self, index: int, line: str) -> bool:
        """Begin a list item or a footnote."""
        item = lines.ITEM.match(line)
        empty = item is not None and not line[item.end() :].strip(" \t")
        if item and self.paragraph is not None and not self.in_table:
            item = None if empty or item.group(3) not in (None, "1") else item
        if item:
            self.item_is_empty = empty
            width = item.end()
            spaces = lines.indent(line[width:].expandtabs(4))
            self.item = width + (spaces if 1 <= spaces <= 4 and not empty else 1)
        elif footnote := (lines.FOOTNOTE.match(line) if self.paragraph is None else None):
            self.item, line = 4, line[footnote.end() :].lstrip(" ")
        else:
            return False
        self._end_paragraph()
        self._inside(index, line)
        return True

    def _is_delimiter(self, index: int, line: str) -> bool:
        """Is this the second line of a table?"""
        if "|" not in line or "-" not in line or not lines.DELIMITER.match(line):
            return False
        return lines.cells(line) == lines.cells(self.lines[index - 1])

    def _count_comments(self, index: int, line: str) -> None:
        if "%%" in line:
            self._toggle(index, len(lines.COMMENT.findall(lines.without_code(line))))

    def _toggle(self, index: int, count: int) -> None:
        """Pair up the comment signs of a line: an odd one opens or closes."""
        if count % 2:
            self.in_comment = not self.in_comment
        if self.in_comment and count:
            self.opened = index
            self._end_paragraph()
