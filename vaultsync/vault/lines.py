"""Cut a note into lines, and say what one line is by itself; what it is among the others, `outline` says."""

from __future__ import annotations

import re

MARKER = re.compile(
    r" {0,3}(?P<style>%%|<!--)[ \t]*vaultsync(?::(?P<word>begin|end))?[ \t]+(?P<kind>[a-z]+)"
    r"(?:[ \t]+(?P<label>[\w.+-]+))??(?:[ \t]+sum=(?P<sum>[0-9a-f]+))?[ \t]*(?P<close>%%|-->)[ \t]*"
)
GARBLED = re.compile(r"(?:%%|<!--)[ \t]*vaultsync:")
MARKER_WORDS = re.compile(r"vaultsync:(?:begin|end)\b")
ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]|$)")
SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
BREAK = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
QUOTE = re.compile(r" {0,3}>[ \t]?")
ITEM = re.compile(r"( {0,3})([-+*]|(\d{1,9})[.)])(?=[ \t]|$)")
FOOTNOTE = re.compile(r" {0,3}\[\^[^\]\s]+\]:")
COMMENT = re.compile(r"(?<!%)%%(?!%)")
_CELL_BAR = re.compile(r"(?<!\\)\|")
DELIMITER = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)*(?:[ \t]*:?-+:?[ \t]*)?$")
_BLOCK_TAGS = (
    "address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt"
    "|fieldset|figcaption|figure|footer|form|frame|frameset|h1|h2|h3|h4|h5|h6|head|header|hr|html|iframe|legend|li"
    "|link|main|menu|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th"
    "|thead|title|tr|track|ul"
)
_ATTRIBUTE = r"""[ \t]+[A-Za-z_:][\w.:-]*(?:[ \t]*=[ \t]*(?:[^\s"'=<>`]+|'[^']*'|"[^"]*"))?"""
HTML_STARTS: tuple[tuple[re.Pattern[str], re.Pattern[str] | None, bool], ...] = (
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


def closes(line: str, fence: tuple[str, int]) -> bool:
    """Say whether a line ends a fence of a sign and a length."""
    sign, length = fence
    stripped = line.strip(" \t")
    return len(stripped) >= length and not stripped.strip(sign) and indent(line) < 4


def indent(line: str) -> int:
    """Count the columns of white space before the text."""
    column = 0
    for sign in line:
        if sign == " ":
            column += 1
        elif sign == "\t":
            column += 4 - column % 4
        else:
            break
    return column


def leaf(line: str) -> str:
    """Take off the quotes and lists that a line stands in."""
    while True:
        line = line.lstrip(" \t")
        match = QUOTE.match(line) or (None if BREAK.match(line) else ITEM.match(line))
        if not match:
            return line
        line = line[match.end() :]


def atx_text(line: str, start: int) -> str:
    """Read a heading's text behind its opening signs, without those that may close it."""
    text = line[start:].strip(" \t")
    bare = text.rstrip("#")
    return bare.rstrip(" \t") if bare != text and (not bare or bare[-1] in " \t") else text


def cells(row: str) -> int:
    """Count the cells of a table's row."""
    return len(_CELL_BAR.split(row.strip().removeprefix("|").removesuffix("|")))


def without_code(line: str) -> str:
    """Take the code spans out of a line."""
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
