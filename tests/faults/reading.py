"""How Markdown, Obsidian, its plugins, a terminal and a spreadsheet read what the program writes.

Two texts are compared, one with a hostile and one with a harmless name in the same places: they must be the
same tree with other words, and hold the same number of signs that something obeys.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
SIGNS = {
    "a comment": re.compile("%%"),
    "Templater": re.compile("<%|%>"),
    "a field": re.compile("::"),
    "a query": re.compile(r"`\s*\$?="),
    "a code span": re.compile(r"(?<!\\)`"),
    "a link": re.compile(r"\[\[|\]\]|(?<!\\)\]\("),
    "a bracket": re.compile(r"(?<!\\)[\[\]]"),
    "a tag": re.compile(r"(?<![\\\w&])#"),
    "a block id": re.compile(r"(?<!\\)\^"),
    "a mark": re.compile("=="),
    "a formula": re.compile(r"(?<!\\)\$"),
    "HTML": re.compile(r"(?<!\\)<"),
    "an entity": re.compile(r"(?<!\\)&(?=#?\w+;)"),
    "a marker": re.compile(r"vaultsync:(?:begin|end)"),
    "a cell": re.compile(r"(?<!\\)(?:\\\\)*\|"),
}
"""What plugins look for in the raw text, before Markdown is read; the fence of a chart is no shelter."""
LINKS = {
    "an address": re.compile(r"\b[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:(?=\w)", re.IGNORECASE),
    "an e-mail": re.compile(r"[\w.+-]+@[\w-]+\."),
    "a mention": re.compile(r"(?<!\w)@(?=\w)"),
}
"""What the app makes a link of, but not in a fence."""
_CHART = re.compile("^```mermaid$.*?^```$", re.MULTILINE | re.DOTALL)
_UNSEEN = re.compile("[-_\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\ufe00-\ufe0f\uffa0]")
"""What `squeezed` leaves out besides: letters and marks that are blank."""
_SLICE = re.compile(r' {4}"[\w\-.,/+() ]+" : [0-9.]+')
"""A line of a chart that holds a name."""
_FORMULA = re.compile("[=+@\t\r]|-(?![0-9.]+$)")
_CUT = 38
"""A longer name may be cut, where it stands twice in a cell."""
_LONGEST = 500
"""Characters of a sentence with a long name in it."""


HARMLESS = "zqnamezq"
"""A name that means nothing to anybody."""


class Fault(NamedTuple):
    """A promise that was broken."""

    where: str
    text: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text!r}: {self.what}"


def bytes_of(text: str) -> Iterator[str]:
    """Characters that have no business in a note or on a terminal."""
    for char in text:
        category = unicodedata.category(char)
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp") and char not in "\n\u2060":
            yield f"U+{ord(char):04X} is in it"


def squeezed(text: str) -> str:
    """What is left of a text to see: the same for a name and for how it is shown.

    Hyphens and underscores are left out with the spaces: names of providers have hyphens for spaces, those of
    outcomes spaces for both.
    """
    unseen = ("Cc", "Cf", "Cs", "Zl", "Zp", "Zs")
    text = _UNSEEN.sub("", text)
    return "".join(
        c for c in text if unicodedata.category(c) not in unseen and c != "\N{REPLACEMENT CHARACTER}"
    )


def tree(markdown: str) -> tuple[list[str], list[str]]:
    """The tree of a Markdown text as lines, and its texts in their order."""
    shape: list[str] = []
    texts: list[str] = []
    for token in PARSER.parse(markdown):
        shape.append(_told(token))
        if token.type == "inline":
            in_text = False
            for child in token.children or ():
                is_text = child.type in ("text", "text_special")
                if not is_text:
                    shape.append(_told(child))
                if not is_text or not in_text:
                    texts.append("")
                texts[-1] += child.content
                in_text = is_text
        elif token.content:
            if token.info != "mermaid":  # two names may share a slice
                shape.append(f"{token.content.count(chr(10))} lines")
            texts.append(token.content)
    return shape, texts


def _told(token: Token) -> str:
    return f"{token.level} {token.type} {token.info} {sorted(token.attrs.items())}"


def cells(markdown: str) -> list[str]:
    """The texts of all cells of tables."""
    tokens = PARSER.parse(markdown)
    pairs = pairwise(tokens)
    return [
        "".join(child.content for child in after.children or ())
        for token, after in pairs
        if token.type == "td_open"
    ]


def differences(hostile: str, other: str, name: str) -> Iterator[str]:
    """What a note with a hostile name is besides what it should be."""
    yield from bytes_of(hostile)
    if len(hostile.splitlines()) != hostile.count("\n") + 1:
        yield "a line is broken"
    (shape, texts), (expected, words) = tree(hostile), tree(other)
    if shape != expected:
        at = next((n for n, pair in enumerate(zip(shape, expected, strict=False)) if pair[0] != pair[1]), -1)
        yield f"another tree: {shape[at : at + 2]} for {expected[at : at + 2]}"
    yield from counted(hostile, other)
    if len(texts) == len(words):
        for text, word in zip(texts, words, strict=True):
            if not reads_as(text, word, name):
                yield f"reads {text!r} for {word!r}"


def counted(hostile: str, harmless: str) -> Iterator[str]:
    """Signs that one text has more of than the other."""
    bare = [_CHART.sub("", text) for text in (hostile, harmless)]
    for signs, texts in ((SIGNS, (hostile, harmless)), (LINKS, bare)):
        for sign, pattern in signs.items():
            found, known = (len(pattern.findall(text)) for text in texts)
            if found != known:
                yield f"{sign}: {found} times, not {known}"


def reads_as(text: str, word: str, name: str) -> bool:
    """Say whether a text reads as another one does with a name for the harmless one."""
    if word.startswith("%%{init"):
        pairs = zip(text.split("\n"), word.split("\n"), strict=True)
        return all(a == b or _SLICE.fullmatch(a) for a, b in pairs)
    shown, expected = squeezed(text), squeezed(word.replace(HARMLESS, name))
    if HARMLESS in word and len(name) > _CUT:
        return shown[:_CUT] == expected[:_CUT] and len(text) < _LONGEST
    return shown == expected


def on_terminal(hostile: str, harmless: str) -> Iterator[str]:
    """What a terminal would obey, or that a name takes a line of its own."""
    yield from (each for each in bytes_of(hostile) if "U+200D" not in each)
    if hostile.count("\n") != harmless.count("\n"):
        yield f"{hostile.count(chr(10))} lines, not {harmless.count(chr(10))}"


def in_spreadsheet(hostile: str, harmless: str) -> Iterator[str]:
    """Cells that would be calculated, wherever it cuts, or rows and cells that are no longer the same."""
    rows, expected = (list(csv.reader(io.StringIO(text))) for text in (hostile, harmless))
    if [len(row) for row in rows] != [len(row) for row in expected]:
        yield "other rows or cells"
    for cell in (cell for row in rows for cell in row):
        if "\n" in cell or "\r" in cell:
            yield f"a cell of several lines: {cell!r}"
    for delimiter in ",;\t":
        for cell in (cell for row in csv.reader(io.StringIO(hostile), delimiter=delimiter) for cell in row):
            if _FORMULA.match(unicodedata.normalize("NFKC", cell).lstrip(" ")):
                yield f"a formula, cut at {delimiter!r}: {cell!r}"
