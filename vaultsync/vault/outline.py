"""Find the headings, our markers and the closed-off parts of a note; the same lines as the app's own index.

Follows CommonMark's block structure as far as it decides whether a line is a heading of the note itself:
code, HTML blocks, quotes, lists, tables, lazy continuation; and Obsidian's `%%` comments and front matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

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


_MARKER = re.compile(
    r" {0,3}(?P<style>%%|<!--)[ \t]*vaultsync(?::(?P<word>begin|end))?[ \t]+(?P<kind>[a-z]+)"
    r"(?:[ \t]+(?P<label>[\w.+-]+))??(?:[ \t]+sum=(?P<sum>[0-9a-f]+))?[ \t]*(?P<close>%%|-->)[ \t]*"
)
_GARBLED = re.compile(r"(?:%%|<!--)[ \t]*vaultsync:")
_MARKER_WORDS = re.compile(r"vaultsync:(?:begin|end)\b")
_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
_BREAK = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_QUOTE = re.compile(r" {0,3}>[ \t]?")
_ITEM = re.compile(r"( {0,3})([-+*]|(\d{1,9})[.)])(?=[ \t]|$)")
_FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]+\]:")
_COMMENT = re.compile(r"(?<!%)%%(?!%)")
_CELL_BAR = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)*(?:[ \t]*:?-+:?[ \t]*)?$")
_BLOCK_TAGS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt"
    "|fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hr|html|iframe|legend|li"
    "|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th"
    "|thead|title|tr|track|ul"
)
_ATTRIBUTE = r"""[ \t]+[A-Za-z_:][\w.:-]*(?:[ \t]*=[ \t]*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?"""
_HTML_STARTS: tuple[tuple[re.Pattern[str], re.Pattern[str] | None, bool], ...] = (
    (
        re.compile(r"<(?:script|pre|style|textarea)(?:[ \t>]|$)", re.I),
        re.compile(r"</(?:script|pre|style|textarea)>", re.I),
        True,
    ),
    (re.compile(r"<!--"), re.compile(r"-->"), True),
    (re.compile(r"<\?"), re.compile(r"\?>"), True),
    (re.compile(r"<![A-Za-z]"), re.compile(r">"), True),
    (re.compile(r"<!\[CDATA\["), re.compile(r"\]\]>"), True),
    (re.compile(rf"</?(?:{_BLOCK_TAGS})(?:[ \t]|/?>|$)", re.I), None, True),
    (
        re.compile(rf"(?:<[A-Za-z][\w-]*(?:{_ATTRIBUTE})*[ \t]*/?>|</[A-Za-z][\w-]*[ \t]*>)[ \t]*$"),
        None,
        False,
    ),
)
"""How an HTML block begins, what ends it (None: a blank line), and whether it may interrupt a paragraph."""


def lines_of(text: str) -> list[str]:
    """Lines with their ends; only LF ends a line."""
    lines = text.split("\n")
    whole = [line + "\n" for line in lines[:-1]]
    return [*whole, lines[-1]] if lines[-1] else whole


def front_matter_end(lines: list[str]) -> int | None:
    """Index of the line after the front matter; 0 where there is none; None where it is never closed."""
    if not lines or lines[0].removeprefix("\ufeff").rstrip() != "---" or lines[0].lstrip("\ufeff")[:1] == " ":
        return 0
    for index in range(1, len(lines)):
        if lines[index].rstrip() == "---" and lines[index][0] == "-":
            return index + 1
    return None


def scan(text: str) -> Outline:
    """Read a note's structure.

    Args:
        text: The whole note, a byte-order mark and CRLF included.
    """
    return _Scanner(lines_of(text)).run()


class _Scanner:
    """One pass over the lines; the fields are what is open at the moment."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        starts = [0]
        for line in lines:
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
        body = front_matter_end(self.lines)
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
            self.fence = None if _closes(line, self.fence) else self.fence
        elif self.in_html:
            self._inside_html(line)
        elif not line.strip(" \t"):
            self._end_paragraph()
            self.in_quote = self.lazy = False
            self.item = None if self.item_is_empty else self.item
        else:
            self._block(index, line, _indent(line))

    def _inside_comment(self, index: int, line: str) -> None:
        if _MARKER_WORDS.search(line):
            self.out.damage.append(
                (index, f"it stands inside the comment %% that line {self.opened + 1} opens")
            )
        self._toggle(index, len(_COMMENT.findall(line)))

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
        elif _QUOTE.match(line):
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
            _ATX.match(line)
            or _FENCE.match(line)
            or _BREAK.match(line)
            or _ITEM.match(line)
            or _FOOTNOTE.match(line)
            or line.lstrip(" ").startswith("%%")
            or any(start.match(line.lstrip(" ")) and may for start, _, may in _HTML_STARTS)
        )

    def _inside(self, index: int, line: str) -> None:
        """A line of a quote, list or footnote: no heading of the note, but may open a fence or comment."""
        leaf = _leaf(line)
        if self.inner_fence:
            self.inner_fence = None if _closes(leaf, self.inner_fence) else self.inner_fence
            self.lazy = False
            return
        fence = _FENCE.match(leaf)
        if fence:
            self.inner_fence = (fence.group(1)[0], len(fence.group(1)))
        self.lazy = bool(leaf) and not (
            fence or _ATX.match(leaf) or _BREAK.match(leaf) or leaf.startswith("<!--")
        )
        if not fence:
            if _GARBLED.search(_without_code(leaf)):
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
        match = _MARKER.fullmatch(line) if "vaultsync" in line else None
        if match and (match["style"] == "%%") == (match["close"] == "%%") and match["kind"] in KINDS:
            word: Word = match["word"] or "placeholder"  # type: ignore[assignment]
            if word != "placeholder" or not (match["label"] or match["sum"]):
                style: Style = match["style"]  # type: ignore[assignment]
                label, check = match["label"] or "", match["sum"] or ""
                self.out.markers.append(Marker(index, word, match["kind"], label, check, style))
                self._end_paragraph()
                return True
        if "vaultsync:" in line and _GARBLED.search(_without_code(line)):
            self.out.damage.append((index, "it is not a whole marker alone on its line"))
        return False

    def _setext(self, index: int, line: str) -> bool:
        match = _SETEXT.match(line) if self.paragraph is not None and not self.in_table else None
        if not match or self.paragraph is None:
            return False
        text = " ".join(self.lines[n].strip() for n in range(self.paragraph, index)).removeprefix("\ufeff")
        level = 1 if match.group(1)[0] == "=" else 2
        self.out.headings.append(Heading(self.paragraph, index + 1, level, text))
        self._end_paragraph()
        return True

    def _leaf_block(self, index: int, line: str) -> bool:
        """A heading, fence, break, HTML block or comment; each also ends a paragraph."""
        if atx := _ATX.match(line):
            self.out.headings.append(Heading(index, index + 1, len(atx.group(1)), _atx_text(line, atx.end())))
            self._count_comments(index, line)
        elif fence := _FENCE.match(line):
            self.fence, self.opened = (fence.group(1)[0], len(fence.group(1))), index
        elif line.lstrip(" ").startswith("%%") and not line.lstrip(" ").startswith("%%%"):
            self._count_comments(index, line)
        elif not _BREAK.match(line) and not self._html(index, line.lstrip(" ")):
            return False
        self._end_paragraph()
        return True

    def _html(self, index: int, line: str) -> bool:
        if not line.startswith("<"):
            return False
        for start, end, interrupts in _HTML_STARTS:
            match = start.match(line)
            if match and (interrupts or self.paragraph is None):
                self.html, self.opened = end, index
                self.in_html = end is None or not end.search(line, match.end())
                return True
        return False

    def _container(self, index: int, line: str) -> bool:
        """Begin a list item or a footnote."""
        item = _ITEM.match(line)
        empty = item is not None and not line[item.end() :].strip(" \t")
        if item and self.paragraph is not None and not self.in_table:
            item = None if empty or item.group(3) not in (None, "1") else item
        if item:
            self.item_is_empty = empty
            width = item.end()
            spaces = _indent(line[width:].expandtabs(4))
            self.item = width + (spaces if 1 <= spaces <= 4 and not empty else 1)
        elif footnote := (_FOOTNOTE.match(line) if self.paragraph is None else None):
            self.item, line = 4, line[footnote.end() :].lstrip(" ")
        else:
            return False
        self._end_paragraph()
        self._inside(index, line)
        return True

    def _is_delimiter(self, index: int, line: str) -> bool:
        """Is this the second line of a table?"""
        if "|" not in line or "-" not in line or not _DELIMITER.match(line):
            return False
        return _cells(line) == _cells(self.lines[index - 1])

    def _count_comments(self, index: int, line: str) -> None:
        if "%%" in line:
            self._toggle(index, len(_COMMENT.findall(_without_code(line))))

    def _toggle(self, index: int, count: int) -> None:
        """Pair up the comment signs of a line: an odd one opens or closes."""
        if count % 2:
            self.in_comment = not self.in_comment
        if self.in_comment and count:
            self.opened = index
            self._end_paragraph()


def _closes(line: str, fence: tuple[str, int]) -> bool:
    sign, length = fence
    stripped = line.strip(" \t")
    return len(stripped) >= length and not stripped.strip(sign) and _indent(line) < 4


def _indent(line: str) -> int:
    """Columns of white space before the text."""
    column = 0
    for sign in line:
        if sign == " ":
            column += 1
        elif sign == "\t":
            column += 4 - column % 4
        else:
            break
    return column


def _leaf(line: str) -> str:
    """The text of a line inside its quotes and lists."""
    while True:
        line = line.lstrip(" \t")
        match = _QUOTE.match(line) or (None if _BREAK.match(line) else _ITEM.match(line))
        if not match:
            return line
        line = line[match.end() :]


def _atx_text(line: str, start: int) -> str:
    text = line[start:].strip(" \t")
    bare = text.rstrip("#")
    return bare.rstrip(" \t") if bare != text and (not bare or bare[-1] in " \t") else text


def _cells(row: str) -> int:
    return len(_CELL_BAR.split(row.strip().removeprefix("|").removesuffix("|")))


def _without_code(line: str) -> str:
    """The line without its code spans."""
    if "`" not in line:
        return line
    runs = [(m.start(), m.end()) for m in re.finditer("`+", line)]
    last = {end - start: n for n, (start, end) in enumerate(runs)}
    kept, at, n = [], 0, 0
    while n < len(runs):
        start, end = runs[n]
        if last[end - start] > n:
            closing = next(k for k in range(n + 1, len(runs)) if runs[k][1] - runs[k][0] == end - start)
            kept.append(line[at:start])
            at, n = runs[closing][1], closing
        n += 1
    return "".join(kept) + line[at:]
