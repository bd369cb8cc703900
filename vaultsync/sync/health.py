"""What `doctor` says: what was found where, what is configured, what looks wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path

from vaultsync.collectors.finding import find_files
from vaultsync.collectors.registry import Collector, agent_of
from vaultsync.errors import VaultsyncError
from vaultsync.ledger import REMEDY, Files, Ledger
from vaultsync.model import Issue
from vaultsync.periods import NOTE_KINDS, PERIOD_OF, WEEKDAYS, Period
from vaultsync.settings import Settings, has_config_folder
from vaultsync.sync import agents, shared
from vaultsync.sync.books import Books
from vaultsync.sync.collect import Surroundings
from vaultsync.sync.intake import rejected_lines
from vaultsync.sync.places import Places
from vaultsync.sync.read import Reading
from vaultsync.sync.values import Check
from vaultsync.text import named

NAMED = 5
"""Most files of a folder that are named one by one."""
OPENED = 2000
"""Most files of a folder that are looked into."""
MODELS = 20
"""Most models without a price that are named one by one."""


def checks(books: Books, places: Places, around: Surroundings) -> list[Check]:
    """Look at everything, change nothing; sorted by group."""
    known = agents.in_ledger(books.settings.ledger).files or Files(())
    reading = Reading(books.settings, known, around.now)
    told = list(_agents(books, around, reading.collectors))
    return [
        *_vault(books),
        *_notes(books, places),
        *told,
        *_logs(books.settings, reading, known),
        *_prices(books),
        *_unpriced(books),
        *_ledger(books, {check.name for check in told}),
    ]


def _vault(books: Books) -> Iterator[Check]:
    settings = books.settings
    yield _folder(settings.vault)
    if settings.config_file:
        yield Check("Vault", "settings", "ok", str(settings.config_file))
    else:
        yield Check(
            "Vault", "settings", "info", "no vaultsync.yaml: defaults", "`vaultsync init` writes one."
        )
    weeks = books.calendar.weeks
    first = (*WEEKDAYS, *WEEKDAYS)[weeks.dow + 6]
    with_day = 7 + weeks.dow - weeks.doy
    rule = "ISO weeks" if weeks.is_iso else f"weeks from {first}, the first has {with_day} January"
    yield Check("Vault", "calendar", "ok", f"{settings.zone_name}, locale {books.vault.locale.name}, {rule}")
    for warning in books.vault.warnings:
        yield Check("Vault", "app settings", "warning", warning)


def _folder(vault: Path) -> Check:
    """Where the vault is, and whether Obsidian knows of it: a wrong folder would get notes, too."""
    if has_config_folder(vault):
        return Check("Vault", "folder", "ok", str(vault))
    what = f"{vault} has no settings of Obsidian, so its defaults hold"
    return Check("Vault", "folder", "warning", what, "If it is not the vault, name that with --vault.")


def _notes(books: Books, places: Places) -> Iterator[Check]:
    for kind in NOTE_KINDS:
        if kind == "dashboard":
            path = places.dashboard()
            yield _note(books, kind, path, places.has_dashboard(), places.is_used(kind), "vaultsync")
            continue
        period: Period = books.calendar.period(PERIOD_OF[kind], books.today)
        place = places.place(kind)
        try:
            found = places.find(kind, period)
        except VaultsyncError as trouble:
            yield Check("Notes", kind, "warning", str(trouble))
            continue
        yield _note(books, kind, found.path, found.exists, places.is_used(kind), place.origin)


def _note(books: Books, kind: str, path: Path, exists: bool, used: bool, origin: str) -> Check:
    name = path.relative_to(books.settings.vault).as_posix()
    state = "there" if exists else "not there yet"
    if not used:
        return Check(
            "Notes",
            kind,
            "info",
            f"not kept ({name} is {state})",
            f"`notes: {{{kind}: {{enabled: true}}}}` keeps them.",
        )
    return Check("Notes", kind, "ok", f"{name}, {state} (by {origin})")


def _agents(books: Books, around: Surroundings, collectors: Sequence[Collector]) -> Iterator[Check]:
    yield from agents.checks(books, around, collectors)
    wanted = books.settings.agents
    names = {name for each in collectors for name in (each.name, agent_of(each))}
    for name in wanted if isinstance(wanted, tuple) else ():
        if name not in names:
            known = f"Known are {', '.join(sorted(names))}."
            yield Check(agents.GROUP, name, "error", "no collector has this name", known)


def _logs(settings: Settings, reading: Reading, known: Files) -> Iterator[Check]:
    for issue in reading.issues:
        yield Check("Logs", "collector", "error", str(issue))
    if not settings.logs:
        yield Check("Logs", "folders", "info", "none configured", "`logs: [~/logs]` adds files and folders.")
    for folder in settings.logs:
        if not folder.exists():
            yield Check(
                "Logs",
                str(folder),
                "warning",
                "does not exist",
                "Mend `logs` in vaultsync.yaml, or mount its disk.",
            )
            continue
        found = list(find_files([folder]))
        files = [path for path in found if not isinstance(path, Issue)]
        bad = [issue for issue in found if isinstance(issue, Issue)]
        bad += _unread(files, reading, known)
        yield Check("Logs", str(folder), "warning" if bad else "ok", agents.many(len(files), "file"))
        for issue in bad[:NAMED]:
            yield Check("Logs", str(folder), "warning", str(issue))
        if len(bad) > NAMED:
            more = f"and {len(bad) - NAMED:,} more that are not read"
            yield Check("Logs", str(folder), "warning", more, "`vaultsync collect -v` names them all.")


def _unread(files: Iterable[Path], reading: Reading, known: Files) -> Iterator[Issue]:
    """Files that no collector knows, or two do; those that were read before are not opened, nor very many."""
    new = (path for path in files if str(path) not in known)
    yield from filter(None, map(reading.unread, islice(new, OPENED)))


def _prices(books: Books) -> Iterator[Check]:
    try:
        count = len(books.prices.list(books.today))
    except VaultsyncError as trouble:
        yield Check("Prices", "price list", "error", str(trouble))
        return
    own = ", ".join(path.name for path in books.settings.pricing) or "none of your own"
    yield Check("Prices", "price list", "ok", f"{count:,} models have a price today; your lists: {own}")
    for warning in books.prices.warnings:
        yield Check("Prices", "price list", "warning", warning)


def _unpriced(books: Books) -> Iterator[Check]:
    """Models that were used and have no price; what is wrong with the ledger is told elsewhere."""
    if not books.settings.ledger.exists():
        return
    with suppress(VaultsyncError), closing(replace(books, is_looking=True)) as looking:
        lines = [x for x in looking.unpriced() if x.coverage.unpriced > x.coverage.unsplit]
        lines.sort(key=lambda x: (-x.all_tokens, -x.requests))
        for line in lines[:MODELS]:
            provider, model = map(named, ("provider", "model"), line.keys)
            used = agents.many(line.all_tokens, "token") if line.all_tokens else ""
            counts = ", ".join(filter(None, (agents.many(line.coverage.unpriced, "event"), used)))
            remedy = "Add an entry or an alias to pricing.yaml."
            yield Check("Prices", f"{provider} {model}", "warning", f"no price for {counts}", remedy)
        if len(lines) > MODELS:
            more = f"no price for {len(lines) - MODELS:,} more"
            yield Check("Prices", "models", "warning", more, "`vaultsync prices check` names them.")


def _ledger(books: Books, told: Collection[str]) -> Iterator[Check]:
    """The ledger itself, and the sources that are not yet told of."""
    path = books.settings.ledger
    if not path.exists():
        yield Check("Ledger", "file", "info", f"{path}: not there yet; the first run makes it")
        return
    try:
        with Ledger.open(path, read_only=True) as ledger:
            for trouble in ledger.check():
                yield Check("Ledger", "file", "error", f"{path}: {trouble}", REMEDY)
            yield Check("Ledger", "file", "ok", f"{path}: {path.stat().st_size / 1e6:,.1f} MB")
            for name, count in rejected_lines(ledger).items():
                text = f"not counted: {agents.many(count, 'line')}"
                yield Check("Ledger", str(name), "warning", text, "Mend them; the file is then read again.")
            for span in ledger.sources():
                if span.source not in told:
                    text = agents.held(span, books)
                    yield Check("Ledger", span.source, "ok", text)
    except VaultsyncError as trouble:
        yield Check("Ledger", "file", "error", str(trouble))
    if where := shared.place(books.settings):
        yield Check("Ledger", "place", "warning", f"it lies in {where}", shared.REMEDY)
