"""Put our block into a note, renew it, take it out again; every byte outside the block stays."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Literal

from vaultsync.errors import NoteSkipped
from vaultsync.vault.block import (
    Around,
    Block,
    Where,
    checksum,
    find_blocks,
    find_heading,
    normal_form,
    parse_heading,
)
from vaultsync.vault.outline import Heading, Marker, Outline, Style, scan

Action = Literal["unchanged", "renewed", "inserted", "adopted", "appended", "filled", "forced", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A note's text after a change."""

    text: str
    action: Action
    """`inserted` under its heading, `filled` a placeholder, `appended` with its heading, ..."""
    line: int
    """Line of the begin marker in the new text, from 1."""
    remark: str = ""
    """What the user should hear about, for example a heading that was saved in a wrong encoding."""

    @property
    def is_changed(self) -> bool:
        """True when there is something to write."""
        return self.action != "unchanged"


def replace(
    text: str,
    kind: str,
    label: str,
    heading: str,
    body: str,
    *,
    where: Where = "note",
    adopt: bool = False,
    force: bool = False,
    append: bool = True,
    style: Style = "%%",
) -> Change:
    """Give a note the block of a kind, or renew the one it has.

    Args:
        text: The whole note, decoded as it is: byte-order mark, CRLF and all.
        label: The period, for the begin marker: `2026-01-07`.
        heading: As configured, with its `#` signs: `## 💰 Token Usage Today`.
        body: Rendered Markdown, lines ended by LF.
        where: The note's path, for messages.
        adopt: Where there is no block yet, replace the section's old text instead of keeping it below.
        force: Replace a body that was edited by hand.
        append: Where there is no heading, add it and the block at the end of the note.

    Raises:
        NoteSkipped: Damaged markers, a body edited by hand, no safe place, or a body that stays open.
    """
    mark, text = _byte_order_mark(text)
    body = "\n".join(line.rstrip("\r") for line in body.strip("\n").split("\n"))
    outline = scan(text)
    blocks = find_blocks(text, where, outline)
    new = _New(kind, label, body, style)
    if kind in blocks:
        change = _renew(text, outline, blocks[kind], new, where, force)
    else:
        change = _first(text, outline, new, heading, where, adopt, append)
    if change.is_changed:
        _prove(change, new, where)
    return dataclasses.replace(change, text=mark + change.text)


def remove(text: str, kind: str, *, where: Where = "note", force: bool = False) -> Change:
    """Take the block of a kind out, and what was added around it: the bytes of before come back.

    Raises:
        NoteSkipped: Damaged markers, or a body edited by hand and not `force`.
    """
    mark, text = _byte_order_mark(text)
    outline = scan(text)
    block = find_blocks(text, where, outline).get(kind)
    if block is None:
        return Change(mark + text, "unchanged", 0)
    if block.around is None and not force:
        raise _edited(where, block)
    return Change(mark + _cut(text, outline, block), "removed", block.begin.line + 1)


@dataclass(frozen=True, slots=True)
class _New:
    """A block to be written."""

    kind: str
    label: str
    body: str
    style: Style

    def text(self, end: str, around: Around, style: Style | None = None) -> str:
        """The block's lines, the last without its end."""
        style = style or self.style
        label = f" {self.label}" if self.label else ""
        begin = _marker(style, f":begin {self.kind}{label} sum={checksum(self.body, around)}")
        middle = [*self.body.split("\n"), ""] if self.body else []
        return end.join([begin, "", *middle, _marker(style, f":end {self.kind}")])


def _marker(style: Style, words: str) -> str:
    return f"{style} vaultsync{words} {'%%' if style == '%%' else '-->'}"


def _edited(where: Where, block: Block) -> NoteSkipped:
    return NoteSkipped(
        where,
        f"the {block.begin.kind} block was edited by hand and is left alone.",
        "Move your text out of the block, or use --force to replace it (the old note is kept as a backup).",
        block.begin.line + 1,
    )


def _renew(text: str, outline: Outline, old: Block, new: _New, where: Where, force: bool) -> Change:
    """Put a new body between the markers that are there."""
    line = old.begin.line + 1
    same = normal_form(old.body) == normal_form(new.body)
    if same and old.around is not None and old.begin.label == new.label and old.begin.sum:
        return Change(text, "unchanged", line)
    edited = old.around is None and not same
    if edited and not force:
        raise _edited(where, old)
    start, end = outline.starts[old.begin.line], _content_end(text, outline, old.end.line)
    block = new.text(_line_end(text, outline, old.begin.line), old.around or Around.NOTHING, old.begin.style)
    return Change(text[:start] + block + text[end:], "forced" if edited else "renewed", line)


def _first(
    text: str, outline: Outline, new: _New, heading: str, where: Where, adopt: bool, append: bool
) -> Change:
    """Put the first block of its kind into a note: over a placeholder, under the heading, or at the end."""
    asked = [m for m in outline.markers if m.word == "placeholder" and m.kind == new.kind]
    if asked:
        return _fill(text, outline, asked[0], new)
    found, remark = find_heading(outline, heading)
    if found is None:
        if not append:
            raise NoteSkipped(
                where, f"there is no heading {heading!r}.", "Add it where the section should stand."
            )
        return _append(text, outline, new, heading, where)
    if adopt:
        text = _without_section(text, outline, found, where)
        return _insert(text, scan(text), found.end, new, Around.BLANK_BEFORE, "adopted", remark=remark)
    return _insert(text, outline, found.end, new, Around.BLANK_BEFORE, "inserted", remark=remark)


def _fill(text: str, outline: Outline, asked: Marker, new: _New) -> Change:
    """Put the block in the place of a placeholder line, whose end stays."""
    line = asked.line
    around = Around.PLACEHOLDER
    around |= Around.BLANK_BEFORE if line and not _is_blank(text, outline, line - 1) else Around.NOTHING
    around |= Around.BLANK_AFTER if _has_text(text, outline, line + 1) else Around.NOTHING
    end = _line_end(text, outline, line - 1 if line else 0)
    lead = end if around & Around.BLANK_BEFORE else ""
    tail = end if around & Around.BLANK_AFTER else ""
    start, stop = outline.starts[line], _content_end(text, outline, line)
    block = new.text(end, around, asked.style)
    return Change(text[:start] + lead + block + tail + text[stop:], "filled", line + 1 + bool(lead))


def _without_section(text: str, outline: Outline, found: Heading, where: Where) -> str:
    """The note without the old text of a section; its heading stays."""
    stop = outline.section_end(found)
    for marker in outline.markers:
        if found.end <= marker.line < stop:
            reason = f"the section holds the {marker.kind} block as well; its text is not adopted."
            raise NoteSkipped(where, reason, "Run without --adopt.", marker.line + 1)
    before, after = text[: outline.starts[found.end]], text[outline.starts[stop] :]
    return before + after if after or text.endswith("\n") else before.rstrip("\r\n")


def _append(text: str, outline: Outline, new: _New, heading: str, where: Where) -> Change:
    """Put heading and block at the end of the note."""
    if outline.open:
        line, what = outline.open
        reason = f"a {what} is opened here and never closed, so a section at the end would be inside it."
        raise NoteSkipped(where, reason, "Close it.", line + 1)
    level, title = parse_heading(heading)
    last = len(outline.starts) - 1
    stands_free = not text or _is_blank(text, outline, last - 1)
    around = Around.HEADING | (Around.NOTHING if stands_free else Around.BLANK_BEFORE)
    return _insert(text, outline, last, new, around, "appended", title=f"{'#' * level} {title}")


def _insert(
    text: str,
    outline: Outline,
    line: int,
    new: _New,
    around: Around,
    action: Action,
    *,
    title: str = "",
    remark: str = "",
) -> Change:
    """Put the block, and a heading if given, before a line or at the end of the note."""
    before, after = text[: outline.starts[line]], text[outline.starts[line] :]
    end = _line_end(text, outline, line - 1)
    if before and not before.endswith("\n"):
        around |= Around.LINE_END
    if _has_text(text, outline, line):
        around |= Around.BLANK_AFTER
    lead = end if around & Around.LINE_END else ""
    lead += end if around & Around.BLANK_BEFORE else ""
    lead += f"{title}{end}{end}" if title else ""
    tail = "" if around & Around.LINE_END else end
    tail += end if around & Around.BLANK_AFTER else ""
    number = (before + lead).count("\n") + 1
    return Change(before + lead + new.text(end, around) + tail + after, action, number, remark)


def _cut(text: str, outline: Outline, block: Block) -> str:
    """The note without the block and without what was added around it, as far as that is still there."""
    around = block.around or Around.NOTHING
    first, last = block.begin.line, block.end.line
    gap = bool(around & Around.BLANK_AFTER) and _is_blank(text, outline, last + 1)
    if around & Around.HEADING and _is_ours(text, outline, first, last + 1):
        first -= 2
    if around & Around.BLANK_BEFORE and first and _is_blank(text, outline, first - 1):
        first -= 1
    start = outline.starts[first]
    if around & Around.PLACEHOLDER:
        stop = outline.starts[last + 1] if gap else _content_end(text, outline, last)
        return text[:start] + _marker(block.begin.style, f" {block.begin.kind}") + text[stop:]
    if around & Around.LINE_END:
        return text[: start - len(_end_of(text[:start]))] + text[_content_end(text, outline, last) :]
    return text[:start] + text[outline.starts[last + 1 + gap] :]


def _is_ours(text: str, outline: Outline, first: int, last: int) -> bool:
    """Is the heading above the block still followed by nothing but the block?"""
    above = [h for h in outline.headings if h.line == first - 2 and h.end == first - 1]
    if not above or not _is_blank(text, outline, first - 1):
        return False
    return all(_is_blank(text, outline, line) for line in range(last, outline.section_end(above[0])))


def _prove(change: Change, new: _New, where: Where) -> None:
    """Read the new text again: the block must be there as meant. Then all after it is read as before."""
    try:
        outline = scan(change.text)
        found = find_blocks(change.text, where, outline)[new.kind]
    except (NoteSkipped, KeyError):
        found = None
    if (
        found is None
        or found.begin.line != change.line - 1
        or normal_form(found.body) != normal_form(new.body)
        or any(found.begin.line < marker.line < found.end.line for marker in outline.markers)
    ):
        raise NoteSkipped(
            where,
            "the rendered section leaves a fence or comment open, or holds a vaultsync marker.",
            "Mend the template that renders it.",
        )


def _byte_order_mark(text: str) -> tuple[str, str]:
    """A byte-order mark, if there is one, and the text after it."""
    return ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)


# --- lines -------------------------------------------------------------------------------------


def _is_blank(text: str, outline: Outline, line: int) -> bool:
    return not text[outline.starts[line] : outline.starts[line + 1]].strip()


def _has_text(text: str, outline: Outline, line: int) -> bool:
    """Is there such a line, and is it not blank?"""
    return line < len(outline.starts) - 1 and not _is_blank(text, outline, line)


def _content_end(text: str, outline: Outline, line: int) -> int:
    """Offset at which a line's text ends, before its line end."""
    stop = outline.starts[line + 1]
    return stop - len(_end_of(text[outline.starts[line] : stop]))


def _end_of(text: str) -> str:
    if not text.endswith("\n"):
        return ""
    return "\r\n" if text.endswith("\r\n") else "\n"


def _line_end(text: str, outline: Outline, line: int) -> str:
    """The end of a line, else that of the line before it, else of the note's first line, else LF."""
    for index in (line, line - 1, 0):
        if 0 <= index < len(outline.starts) - 1:
            end = _end_of(text[outline.starts[index] : outline.starts[index + 1]])
            if end:
                return end
    return "\n"
