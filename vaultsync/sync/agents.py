"""What `doctor` says of coding agents and tools: where they are looked for, what they left, for how long.

Looks and asks only; files are counted, not opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from vaultsync.collectors import registry
from vaultsync.collectors.registry import Collector, Place, Retention
from vaultsync.errors import VaultsyncError
from vaultsync.ledger import Files, Ledger, SourceSpan
from vaultsync.model import Issue
from vaultsync.sync.books import Books
from vaultsync.sync.collect import Surroundings
from vaultsync.sync.read import is_as_read
from vaultsync.sync.values import Check

GROUP = "Agents"
SOON = timedelta(days=3)
"""A file that is not in the ledger and will be deleted within so long is named."""
SHOWN = 5
UNKNOWN = "whether it deletes old files is not known"


class Left(NamedTuple):
    """What a tool left in one of its places."""

    root: Path
    files: list[tuple[Path, datetime]]
    """Each with the time of its last change, not later than now."""
    unread: set[Path]
    """Those of them that are not in the ledger as they are."""
    issues: list[Issue]
    retention: Retention | None


class Known(NamedTuple):
    """What the ledger has of the tools."""

    files: Files | None
    """None: it cannot be read."""
    spans: Mapping[str, SourceSpan]


def checks(books: Books, around: Surroundings, collectors: Sequence[Collector]) -> Iterator[Check]:
    """Tools that are there one by one, the others in a line."""
    settings = books.settings
    if settings.agents == "none":
        yield Check(GROUP, "agents", "info", "none is looked for, as `agents: none` says")
        return
    known = in_ledger(settings.ledger)
    missing: dict[str, list[str]] = {}
    unwanted: list[str] = []
    for name, members in by_agent(collectors).items():
        places = [(each, place) for each in members for place in each.places(around.environ, around.home)]
        wanted = [(each, place) for each, place in places if registry.is_wanted(each, settings.agents)]
        if places and not wanted:
            unwanted.append(name)
        left = [look(each, place, known, around.now) for each, place in wanted]
        if wanted and name not in known.spans and not any(each.files or each.issues for each in left):
            missing[name] = [f"{name}: nothing in {each.root}" for each in left]
        elif wanted:
            yield from _told(name, left, known.spans.get(name), books, around.now)
    if missing:
        details = tuple(line for lines in missing.values() for line in lines)
        yield Check(GROUP, "looked for, not found", "info", ", ".join(missing), details=details)
    if unwanted:
        text = f"{', '.join(unwanted)}; `agents` names others"
        yield Check(GROUP, "not looked for", "info", text)


def many(count: int, noun: str) -> str:
    """A count of things: `1 file`, `1,200 files`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def held(span: SourceSpan, books: Books) -> str:
    """What the ledger has of a source."""
    return f"{many(span.events, 'event')} from {books.day_of(span.first)} to {books.day_of(span.last)}"


def by_agent(collectors: Iterable[Collector]) -> dict[str, list[Collector]]:
    """Collectors by the agent that they read for, sorted by its name."""
    found: dict[str, list[Collector]] = {}
    for collector in collectors:
        found.setdefault(registry.agent_of(collector), []).append(collector)
    return dict(sorted(found.items()))


def in_ledger(path: Path) -> Known:
    """What the ledger has; what is wrong with it is told elsewhere."""
    if not path.exists():
        return Known(Files(()), {})
    try:
        with Ledger.open(path, read_only=True) as ledger:
            return Known(ledger.files(), {span.source: span for span in ledger.sources()})
    except VaultsyncError:
        return Known(None, {})


def look(collector: Collector, place: Place, known: Known, now: datetime) -> Left:
    """Look into a usual place of a tool; its retention is asked for only where there is something."""
    files: list[tuple[Path, datetime]] = []
    unread: set[Path] = set()
    issues: list[Issue] = []
    for found in registry.files_of(place):
        if isinstance(found, Issue):
            issues.append(found)
            continue
        try:
            info = found.stat()
            changed = min(datetime.fromtimestamp(info.st_mtime, UTC), now)
        except (OSError, ValueError, OverflowError):
            continue  # deleted meanwhile, or of no time at all
        files.append((found, changed))
        state = None if known.files is None else known.files.get(str(found))
        if known.files is not None and (state is None or not is_as_read(info, state)):
            unread.add(found)
    return Left(place.root, files, unread, issues, registry.retention_of(collector, place) if files else None)


def _told(
    name: str, left: Sequence[Left], span: SourceSpan | None, books: Books, now: datetime
) -> Iterator[Check]:
    there = [f"{many(len(each.files), 'file')} in {each.root}" for each in left if each.files]
    empty = tuple(f"nothing in {each.root}" for each in left if not each.files)
    said = "nothing in the ledger yet"
    if span:
        said = held(span, books)
    kept = dict.fromkeys(_kept(each, books, now) for each in left if each.files)
    yield Check(GROUP, name, "ok", "; ".join(there) or "no files now", more=(said, *kept), details=empty)
    for each in left:
        if each.retention and each.retention.remedy:
            yield Check(GROUP, name, "warning", f"it {each.retention.says}", each.retention.remedy)
    for issue in [issue for each in left for issue in each.issues][:SHOWN]:
        yield Check(GROUP, name, "warning", str(issue))
    going = [going for each in left for going in _going(each, now)]
    if going:
        yield _warning(name, sorted(going), books)


def _kept(left: Left, books: Books, now: datetime) -> str:
    """How long a tool keeps the files of a place, and which day is the next that takes one."""
    if not left.retention:
        return UNKNOWN
    if left.retention.after is None:
        return f"it {left.retention.says}"
    first = min(changed for _, changed in left.files) + left.retention.after
    when = "at its next start" if first <= now else f"on {books.day_of(first)}"
    return f"it {left.retention.says}; the oldest goes {when}"


def _going(left: Left, now: datetime) -> Iterator[tuple[datetime, Path]]:
    """Files that are not in the ledger and will be deleted soon, each with the instant."""
    if left.retention and left.retention.after is not None:
        for path, changed in left.files:
            due = changed + left.retention.after
            if path in left.unread and due - now <= SOON:
                yield due, path


def _warning(name: str, going: Sequence[tuple[datetime, Path]], books: Books) -> Check:
    named = tuple(f"{path}: {books.day_of(due)}" for due, path in going)
    files, them = many(len(going), "file"), "it" if len(going) == 1 else "them"
    text = f"{files} with something that is not in the ledger, and the program deletes {them} soon"
    rest = (f"and {len(named) - SHOWN:,} more",) if len(named) > SHOWN else ()
    return Check(GROUP, name, "warning", text, "Run `vaultsync collect` before.", (*named[:SHOWN], *rest))
