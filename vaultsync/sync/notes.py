"""Bring one note up to date: its section, its properties, a backup before, and what became of it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from vaultsync.errors import NoteSkipped, TemplateError
from vaultsync.ledger import NoteState
from vaultsync.sync.books import Books
from vaultsync.sync.places import Places, vault_name
from vaultsync.sync.telling import Telling, Told
from vaultsync.sync.values import Action, NoteResult, Options, Target
from vaultsync.vault import create, properties, section
from vaultsync.vault.backup import Backups
from vaultsync.vault.block import find_blocks
from vaultsync.vault.diff import diff
from vaultsync.vault.note import Note, read
from vaultsync.vault.writer import Writer

COST = re.compile("llm_cost_[a-z]{3}")
"""Property that we write; the last word is the currency."""


def without_old_cost(text: str, told: Told) -> str:
    """A note of ours without a cost that holds no longer: of another currency, or since lost its price."""
    known, _ = properties.read(text)
    old = [key for key in known if COST.fullmatch(key) and key not in told.properties]
    return properties.remove(text, old).text if old else text


@dataclass
class Keeper:
    """Refreshes notes one by one; the only part of a run that changes the vault. Close it after the last."""

    books: Books
    places: Places
    telling: Telling
    writer: Writer
    backups: Backups
    options: Options
    now: datetime
    _seen: dict[tuple[str, str], NoteState | None] = field(default_factory=dict)
    """What notes look like now, by kind and label; None: there is none."""

    def close(self) -> None:
        """Tell the ledger what the notes look like; all in one go, for each commit waits for the disk."""
        self.telling.close()
        if not self._seen:
            return
        ledger, vault_id = self.books.ledger, self.books.vault_id
        with ledger.transaction():
            for (kind, label), state in self._seen.items():
                if state is None:
                    ledger.forget_note(vault_id, kind, label)
                else:
                    ledger.remember_note(vault_id, state)

    def refresh(self, target: Target, *, may_create: bool, insist: bool = False) -> NoteResult | None:
        """Tell a note anew.

        Args:
            may_create: A missing note may be made, where the settings allow it.
            insist: The user asked for just this note: it is filled even where nothing was used.

        Returns:
            None: there is no such note, and nothing was asked for.

        Raises:
            VanishedError: The disk of the vault or of the ledger is gone.
        """
        self.books.check_disks()
        path = self.books.settings.vault
        try:
            if target.kind == "dashboard":
                path, exists = self.places.dashboard(), self.places.has_dashboard()
            else:
                found = self.places.find(target.kind, target.period)
                path, exists = found.path, found.exists or found.path.is_file()  # made by this run
            if exists:
                return self._renew(target, path, insist)
            self.books.check_disks()
            self._forget(target)
            return self._make(target, path, insist) if may_create else None
        except (NoteSkipped, TemplateError) as trouble:
            return self._result(target, path, "skipped", str(trouble))

    def _renew(self, target: Target, path: Path, insist: bool) -> NoteResult:
        told: Told | None = None
        remark, is_forced = "", False

        def edit(old: Note) -> bytes:
            nonlocal told, remark, is_forced
            if is_opted_out(old.text):
                remark = "its property vaultsync is false"
                return old.data
            if not insist and b"vaultsync" not in old.data and self.telling.is_empty(target):
                return old.data
            self._check_owner(target, old.text, path)
            told = told or self.telling.tell(target)
            text, remark, is_forced = self._edited(target, told, old.text, path)
            return text.encode()

        def keep(old: Note | None, new: bytes) -> None:
            before = old.data if old else None
            self.backups.keep(self._name(path), before, new, self.now, forced=is_forced)

        if self.options.writes:
            done = self.writer.update(path, edit, keep)
            self._remember(target, path)
            action: Action = "written" if done.changed else "left" if told is None else "unchanged"
            return self._result(target, path, action, remark)
        old = read(path, self.books.settings.vault)
        new = edit(old)
        if new == old.data:
            return self._result(target, path, "unchanged" if told else "left", remark)
        return self._result(target, path, "would-write", remark, diff(old.data, new, self._name(path)))

    def _check_owner(self, target: Target, text: str, path: Path) -> None:
        """Refuse a note that is another period's as well: they would replace each other for ever."""
        if target.kind == "dashboard" or f":begin {target.kind} {target.period.label} " in text:
            return
        block = find_blocks(text, self._name(path)).get(target.kind)
        if block is None or not block.begin.label:
            return
        try:
            other = self.books.calendar.named(target.period.kind, block.begin.label)
            is_shared = self.places.find(target.kind, other).path == path
        except (ValueError, NoteSkipped):
            return  # a note that was copied, with its block, from one that is found no longer
        if is_shared:
            format = self.places.place(target.kind).format
            both = f"its format {format!r} gives {target.period.label} the same note"
            raise NoteSkipped(
                self._name(path),
                f"it holds the section of {other.label}, and {both}.",
                f"Set a format that tells them apart: `notes: {{{target.kind}: {{format: ...}}}}`.",
                block.begin.line + 1,
            )

    def _make(self, target: Target, path: Path, insist: bool) -> NoteResult | None:
        if not insist and self.telling.is_empty(target):
            return None
        wanted = self.books.settings.notes[target.kind].create
        if target.kind == "dashboard":
            start = create.Start("") if wanted != "never" else create.Start(None, "the settings say never")
        else:
            place = self.places.place(target.kind)
            start = create.start(
                self.books.settings.vault,
                place,
                target.period,
                path,
                self.books.vault,
                wanted=wanted,
                now=self.now.astimezone(self.books.settings.zone),
            )
        if start.text is None:
            return self._result(target, path, "left", f"it does not exist yet, and {start.reason}")
        told = self.telling.tell(target)
        text, remark, _ = self._edited(target, told, start.text, path)
        data = text.encode()
        if not self.options.writes:
            return self._result(target, path, "would-create", remark, diff(b"", data, self._name(path)))
        self.writer.create(
            path, data, lambda _, new: self.backups.keep(self._name(path), None, new, self.now)
        )
        self._remember(target, path)
        return self._result(target, path, "created", remark)

    def _edited(self, target: Target, told: Told, text: str, path: Path) -> tuple[str, str, bool]:
        """The note's new text, what to say about it, and whether a person's edit was overruled."""
        wanted = self.books.settings.notes[target.kind]
        change = section.replace(
            text,
            target.kind,
            "" if target.kind == "dashboard" else target.period.label,
            wanted.heading,
            told.body,
            where=self._name(path),
            adopt=self.options.adopt,
            force=self.options.force,
        )
        remark = change.remark
        if wanted.properties and told.properties:
            set_ = properties.set(change.text, told.properties)
            if set_.problem:
                remark = f"{remark} its properties were left: {set_.problem}".strip()
            new = set_.text
            if change.action in ("renewed", "unchanged", "forced"):
                new = without_old_cost(new, told)
            return new, remark, change.action in ("forced", "adopted")
        return change.text, remark, change.action in ("forced", "adopted")

    def _remember(self, target: Target, path: Path) -> None:
        """Keep what the note of a period looks like; `Plan` compares the dashboard's anyway."""
        if target.kind == "dashboard":
            return
        try:
            info = path.stat()
        except OSError:
            return
        label, name = target.period.label, self._name(path)
        state = NoteState(target.kind, label, name, info.st_size, info.st_mtime_ns)
        self._seen[target.kind, label] = state

    def _forget(self, target: Target) -> None:
        if self.options.writes:
            self._seen[target.kind, target.period.label] = None

    def _name(self, path: Path) -> str:
        return vault_name(path, self.books.settings.vault)

    def _result(
        self, target: Target, path: Path, action: Action, reason: str = "", diff: str | None = None
    ) -> NoteResult:
        label = target.period.label
        return NoteResult(path, target.kind, label, action, reason, diff)


def is_opted_out(text: str) -> bool:
    """Say whether a note's properties ask to leave it alone; also as YAML 1.2 or the app reads it as text."""
    wish = properties.read(text)[0].get("vaultsync")
    return wish is False or (isinstance(wish, str) and wish.strip().lower() in ("false", "no", "off"))
