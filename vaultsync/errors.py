"""Exceptions that stop a run; trouble in the data travels as an `Issue` instead."""

from __future__ import annotations

from pathlib import Path


class VaultsyncError(Exception):
    """Base of all errors that a user may see; `exit_code` is what the command ends with."""

    exit_code = 1


class ConfigError(VaultsyncError):
    """A setting, an option or a price list that cannot be used as it stands."""

    exit_code = 2

    def __init__(self, where: Path | str, line: int | None, what: str, remedy: str) -> None:
        place = f"{where}:{line}" if line else f"{where}"
        super().__init__(f"{place}: {what} {remedy}".rstrip())
        self.where, self.line, self.what, self.remedy = where, line, what, remedy


class VaultNotFoundError(VaultsyncError):
    """No vault where one was said to be, or none above the current folder."""

    exit_code = 2

    def __init__(self, where: Path | str, what: str = "is not a vault") -> None:
        end = "" if what.endswith("?") else "."
        super().__init__(
            f"{where}: {what}{end} Run `vaultsync init VAULT` once, or name the folder with --vault."
        )


class VanishedError(VaultsyncError):
    """The vault or the ledger was there when the run began, and is no longer: a disk was taken away."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(
            f"{path}: it vanished during the run. Is its disk mounted? Then run the same command again."
        )


class LedgerError(VaultsyncError):
    """The ledger cannot be opened, is damaged, is locked, or comes from a newer program."""

    def __init__(self, path: Path | str, what: str, remedy: str) -> None:
        super().__init__(f"{path}: {what} {remedy}".rstrip())
        self.what, self.remedy = what, remedy


class LedgerDamagedError(LedgerError):
    """The ledger's file is not, or no longer, what was written; it is kept as it is."""


class TemplateError(VaultsyncError):
    """A template that cannot be rendered; names the template's file and line."""

    def __init__(self, template: str, line: int | None, what: str) -> None:
        place = f"{template}:{line}" if line else template
        super().__init__(f"{place}: {what} Fix the template, or remove it to use the shipped one.")
        self.template, self.line, self.what = template, line, what


class NoteSkipped(VaultsyncError):
    """A note that was left byte for byte as it was, because writing it was not safe."""

    exit_code = 3

    def __init__(self, path: Path | str, reason: str, remedy: str, line: int | None = None) -> None:
        place = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{place}: {reason} {remedy}")
        self.path, self.reason = path, reason
