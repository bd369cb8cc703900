"""Read usage kept in Markdown: session headings with lists, a token table at the end of a run log.

    #### Session 1 - any words                ## Token Usage
    - **Timestamp**: 2025-07-09 10:15:00
    - **Model Provider**: OpenAI              | Metric        | Count  |
    - **Model Name**: gpt-4                   |---------------|--------|
    - **Input Tokens**: 1,500                 | Input Tokens  | 15,000 |
    - **Output Tokens**: 800                  | Output Tokens | 3,000  |
    - **Cost**: $0.069 (approx.)

and a pasted `Token usage: 54161/200000; 145839 remaining`, which is a total without a split and so has no
price.

Facts of the format. Labels are those of `aliases.ALIASES`, thousands may be separated, a stated cost is an
estimate. Where a session or table has no time, its date is that of the nearest heading above that holds one,
else of the front matter or of a `**Date**: ...` line, else of the file name; the event is then flagged
`assumed_date`. Model, provider and project may stand in the front matter or in such lines too. Beside
sessions, a table without a time or model of its own repeats them: it is compared, not counted. So does a
pasted total in a file with a table. Titles and prose are never kept. What vaultsync itself wrote is passed
over, so that a vault can be a folder of logs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

from vaultsync.collectors.aliases import field_of, find, fold
from vaultsync.collectors.events import Built, Origin, build
from vaultsync.collectors.families import COUNTS, Found, split
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import Repeated
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, TokenCounts, UsageEvent

SOURCE = "markdown"
CONTEXT = ("when", "provider", "model", "project", "branch", "session", "machine")
"""Fields that front matter and labelled lines may give for the whole file."""

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.{0,300})")
_SESSION = re.compile(r"(?:\W+[ \t])?Session\b[ \t]*#?[ \t]*([\w.-]{0,40})", re.IGNORECASE)
_USAGE = re.compile(r"\W*token usage(?: summary)?\W*", re.IGNORECASE)
_LABELLED = re.compile(r"[ \t]*(?:[-*+][ \t]+)?\*\*([^*]{1,60}?):?\*\*[ \t]*:?[ \t]*(.{0,300})")
_BULLET = re.compile(r"[ \t]*[-*+][ \t]+([^:*|]{1,60}):[ \t]+(.{0,300})")
_PROPERTY = re.compile(r"([\w-]{1,60}):[ \t]+(.{1,300})")
_PASTED = re.compile(r"\btoken usage:[ \t]*([\d,]{1,20})[ \t]*/[ \t]*[\d,]{1,20}", re.IGNORECASE | re.ASCII)
_OF_WINDOW = re.compile(r"([\d,]{1,20})[ \t]*/[ \t]*[\d,]{1,20}.*", re.ASCII)
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_BEGIN, _END = re.compile(r"[ \t]*%%[ \t]*vaultsync:begin\b"), re.compile(r"[ \t]*%%[ \t]*vaultsync:end\b")
_DATED = re.compile(
    r"(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:?\d\d)?)?(?!\d)", re.ASCII
)
_NAMED = re.compile(r"(?<!\d)(20\d\d)-?(\d\d)-?(\d\d)(?!\d)", re.ASCII)
_MARKS = re.compile(r"[`*]+|^\[\[|\]\]$")
_ROUGHLY = re.compile(r"\(.*?\)|\btokens?\b|[~≈]|\bapprox(?:imately|\.)?", re.IGNORECASE)


@dataclass(slots=True)
class _Group:
    """Label and value pairs that belong together: a session, a table, a pasted line."""

    kind: Literal["session", "table", "pasted"]
    line: int
    level: int = 0
    """Of its heading; a heading as high ends it."""
    name: str = ""
    dated: str = ""
    """Date, and perhaps time, of the nearest heading above."""
    pairs: list[tuple[str, str]] = field(default_factory=list)

    @property
    def has_counts(self) -> bool:
        return any(field_of(label) in COUNTS for label, _ in self.pairs)

    def repeats(self, kinds: Collection[str]) -> bool:
        """Say whether it tells again what groups of other kinds in its file tell."""
        own = {field_of(label) for label, _ in self.pairs} & {"when", "model"}
        return (
            "table" in kinds
            if self.kind == "pasted"
            else self.kind == "table" and "session" in kinds and not own
        )


@dataclass(slots=True)
class _Page:
    """A Markdown file taken apart."""

    groups: list[_Group] = field(default_factory=list)
    about: dict[str, str] = field(default_factory=dict)
    """Field -> value that holds for the whole file."""

    @property
    def usage(self) -> list[_Group]:
        return [group for group in self.groups if group.has_counts]


class MarkdownLog:
    """Sessions, token tables and pasted totals in Markdown."""

    name = SOURCE
    kind: Literal["lines", "document"] = "document"

    def __init__(self, default_model: str | None = None, default_provider: str | None = None) -> None:
        self._model, self._provider = default_model, default_provider

    def claims(self, file: LogFile) -> bool:
        """True for a Markdown file that holds one of the forms in its head or at its end."""
        if not file.name.lower().endswith((".md", ".markdown")):
            return False
        tail = file.tail.decode("utf-8", "replace").rpartition("vaultsync:end")[2]
        head = file.head.decode("utf-8", "replace")
        return bool(_page(head).usage or (tail and _page(tail).usage))

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield an event per session, table or pasted line, in order."""
        page = _page(reader.content().decode("utf-8", "replace"))
        kinds = {group.kind for group in page.usage}
        sessions: list[UsageEvent] = []
        repeats: list[_Group] = []
        for group in page.usage:
            if group.repeats(kinds):
                repeats.append(group)
                continue
            try:
                built = _event(group, page, self._origin(reader, group, page))
            except BadField as error:
                yield Issue(reader.file.path, group.line, f"{error} Fix the {group.kind}, or remove it.")
                continue
            for remark in built.remarks:
                yield Issue(reader.file.path, group.line, remark, rejected=False)
            sessions += [built.event] if group.kind == "session" else []
            yield built.event
        for group in repeats:
            yield from (
                Issue(reader.file.path, group.line, t, rejected=False) for t in _compare(group, sessions)
            )

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular."""
        return ()

    def _origin(self, reader: Reader, group: _Group, page: _Page) -> Origin:
        grain: Literal["run", "session"] = "run" if group.kind == "table" else "session"
        return Origin(
            SOURCE,
            reader.zone,
            reader.now_ns,
            grain,
            separators=True,
            model=self._model,
            provider=self._provider,
            day=_day(group, page, reader.file.name),
        )


def _page(text: str) -> _Page:
    """Take a file apart, line by line."""
    page, lines = _Page(), text.removeprefix("\ufeff").split("\n")
    start = _front_matter(lines, page)
    group: _Group | None = None
    usage, dated, fence, ours = 0, "", "", False
    for number, raw in enumerate(lines[start:], start + 1):
        line = raw.rstrip("\r")
        if ours or _BEGIN.match(line):
            ours = not _END.match(line)
            continue
        if mark := _FENCE.match(line):
            fence = "" if fence and mark[1].startswith(fence) else fence or mark[1]
            continue
        if not fence and (heading := _HEADING.fullmatch(line)):
            level, title = len(heading[1]), heading[2].rstrip(" #\t")
            dated = (_DATED.findall(title) or [dated])[0]
            usage = level if _USAGE.fullmatch(title) else 0 if level <= usage else usage
            if session := _SESSION.match(title):
                group = _Group("session", number, level, session[1].strip(".-"), dated)
                page.groups.append(group)
            elif group and level <= (group.level or 7):
                group = None
            continue
        group = _line(line, number, page, group, dated, bool(usage), bool(fence))
    return page


def _line(
    line: str, number: int, page: _Page, group: _Group | None, dated: str, usage: bool, fenced: bool
) -> _Group | None:
    """Take one line into its group; gives the group that goes on."""
    pair = None if fenced else _LABELLED.fullmatch(line) or _BULLET.fullmatch(line)
    if pair and group and group.kind == "session":
        group.pairs.append((_label(pair[1]), _MARKS.sub("", pair[2].strip())))
    elif pasted := _PASTED.search(line):
        place = group if group and group.kind == "session" else _Group("pasted", number, dated=dated)
        place.pairs.append(("token usage", pasted[0].partition(":")[2].strip()))
        if place is not group:
            page.groups.append(place)
    elif usage and not fenced and line.lstrip().startswith("|"):
        return _row(line, number, page, group, dated)
    elif pair and (field := field_of(_label(pair[1]))) in CONTEXT:
        page.about.setdefault(field, _MARKS.sub("", pair[2].strip()))
    return group if group is None or group.kind == "session" or not line.strip() else None


def _row(line: str, number: int, page: _Page, group: _Group | None, dated: str) -> _Group | None:
    """Take a row of a token table; its first row must be a header such as Metric | Count."""
    cells = [_MARKS.sub("", cell.strip()) for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
    if group is None or group.kind != "table":
        if len(cells) < 2 or fold(cells[1]) not in {"count", "value", "tokens", "number", "amount"}:
            return group
        group = _Group("table", number, dated=dated)
        page.groups.append(group)
    elif len(cells) >= 2 and set(cells[0]) - set(":- "):
        group.pairs.append((_label(cells[0]), cells[1]))
    return group


def _label(text: str) -> str:
    """A label without emphasis and without what stands in brackets."""
    return re.sub(r"\(.*?\)", "", _MARKS.sub("", text)).strip(" \t:")


def _front_matter(lines: Sequence[str], page: _Page) -> int:
    """Read simple `key: value` lines of the front matter; gives the index of the first line after it."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    for index, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "..."):
            return index + 1
        if (pair := _PROPERTY.fullmatch(line.rstrip())) and (field := field_of(pair[1])) in CONTEXT:
            page.about.setdefault(field, pair[2].strip().strip("\"'"))
    page.about.clear()
    return 0


def _day(group: _Group, page: _Page, name: str) -> date | None:
    """The day of a group that tells no date itself: of a heading, of the file's front matter, of its name."""
    for text in (group.dated, page.about.get("when", ""), name):
        if found := _NAMED.search(text):
            try:
                return date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                continue
    return None


def _event(group: _Group, page: _Page, origin: Origin) -> Built:
    """The event of a group, with what the page says where the group is silent."""
    found = _fields(group)
    common = {name: value for name, value in page.about.items() if name != "when"}
    values = {**common, **found.values}
    if "when" not in values:
        # a heading or a property that tells the time as well is as good as a time of its own
        told = next((text for text in (group.dated, page.about.get("when", "")) if ":" in text), None)
        values.update({"when": told} if told else {})
    built = build(found._replace(values=values), origin)
    event = built.event
    if group.kind == "session" and event.session is None and group.name:
        event = event._replace(session=f"{event.when:%Y-%m-%d} #{group.name}")
    if any(field_of(label) in COUNTS and re.search(r"[~≈]|approx", value) for label, value in group.pairs):
        event = event._replace(quality="estimate")
    return Built(event, built.remarks)


def _fields(group: _Group) -> Found:
    pairs = [(label, _value(label, value, group)) for label, value in group.pairs]
    return find(Repeated([(label, value) for label, value in pairs if value]))


def _value(label: str, value: str, group: _Group) -> str:
    """The value of a label, counts without words; `54161/200000` is a total where nothing else is known."""
    if field_of(label) not in COUNTS:
        return value
    if window := _OF_WINDOW.fullmatch(value):
        others = {field_of(other) for other, _ in group.pairs} & set(COUNTS)
        return window[1] if others == {"total"} else ""
    return _ROUGHLY.sub("", value).strip()


def _compare(group: _Group, sessions: Sequence[UsageEvent]) -> Iterator[str]:
    """What is worth telling about a table or a pasted total that repeats what counts already."""
    try:
        said = split(_fields(group), separators=True)
    except BadField as error:
        yield f"{error} It is not compared."
        return
    yield from said.remarks
    if group.kind == "pasted":
        yield f"{said.unsplit:,} tokens are taken for those of the table. The table counts."
        return
    found = sum((event.tokens for event in sessions), TokenCounts())
    stated = (said.unsplit,) if said.unsplit else (said.tokens.input, said.tokens.output)
    summed = (found.total,) if said.unsplit else (found.input, found.output)
    if stated != summed:
        first, second = (" and ".join(f"{number:,}" for number in numbers) for numbers in (stated, summed))
        yield f"the table says {first} tokens, the sessions add up to {second}. The sessions count."
