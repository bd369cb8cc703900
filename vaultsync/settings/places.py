"""Find the vault, its configuration file, the ledger's default place and the shipped data."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from vaultsync.errors import ConfigError, VaultNotFoundError, VaultsyncError

CONFIG_NAME = "vaultsync.yaml"
CONFIG_MARKS = ("app.json", "core-plugins.json")
"""Files that make a dot folder the config folder of a vault."""


def is_vault(folder: Path) -> bool:
    """Say whether a folder is a vault: it has a config folder or a `vaultsync.yaml`."""
    return (folder / CONFIG_NAME).is_file() or has_config_folder(folder)


def has_config_folder(folder: Path) -> bool:
    """Say whether a folder has `.obsidian`, or a dot folder with the app's settings (it can be renamed)."""
    return (folder / ".obsidian").is_dir() or any(mark.is_file() for mark in _config_marks(folder))


def _config_marks(folder: Path) -> list[Path]:
    """Files that would make one of the dot folders in a folder its config folder."""
    try:
        dots = [entry for entry in folder.iterdir() if entry.name.startswith(".") and entry.is_dir()]
    except OSError:
        return []
    return [dot / mark for dot in dots for mark in CONFIG_MARKS]


def vault_marks(folder: Path) -> list[Path]:
    """All that decides whether and how a folder is a vault, whether or not it is there."""
    usual = folder / ".obsidian"
    return [folder / CONFIG_NAME, usual, *([] if usual.is_dir() else [folder, *_config_marks(folder)])]


def searched(start: Path) -> list[Path]:
    """All that the search for the nearest vault looks at."""
    found: list[Path] = []
    for folder in (start, *start.parents):
        found += vault_marks(folder)
        if is_vault(folder):
            break
    return found


def nearest_vault(start: Path) -> Path:
    """The folder itself or its nearest parent that is a vault.

    Raises:
        VaultNotFoundError: There is none.
    """
    for folder in (start, *start.parents):
        if is_vault(folder):
            return folder
    raise VaultNotFoundError(start, "is not in a vault")


def check_vault(folder: Path) -> Path:
    """A folder that was named as the vault, if it is there and holds anything.

    Raises:
        VaultNotFoundError: Missing, not a folder, unreadable or empty: an unmounted disk looks like this.
    """
    if not folder.is_dir():
        raise VaultNotFoundError(
            folder, "is not a folder" if folder.exists() else "does not exist; is its disk mounted?"
        )
    try:
        if next(folder.iterdir(), None) is None:
            raise VaultNotFoundError(folder, "is an empty folder, not a vault; is its disk mounted?")
    except PermissionError as error:
        raise VaultNotFoundError(folder, f"cannot be read ({error.strerror})") from error
    return folder


def default_ledger() -> Path:
    """The ledger in the platform's state folder: ~/.local/state/vaultsync/ledger.db on Linux.

    Raises:
        ConfigError: The user has no home folder that the system knows of.
    """
    from platformdirs import user_state_path

    try:
        return Path(user_state_path("vaultsync", appauthor=False)) / "ledger.db"
    except RuntimeError as error:
        what = "no home folder is known, so the ledger has no place."
        raise ConfigError("ledger", None, what, "Set HOME, or name a file with --ledger.") from error


def followed(ledger: Path) -> Path:
    """A ledger where it is: locks, backups and what SQLite writes belong beside the file, not to a link."""
    is_link = os.path.islink(ledger) and os.path.exists(ledger)  # noqa: PTH110, PTH114 - they raise nothing
    return ledger.resolve() if is_link else ledger


def shipped() -> Path:
    """The folder of the shipped `templates/` and `pricing.yaml`: in the package, else the repository's root.

    Raises:
        VaultsyncError: The installation is incomplete.
    """
    spec = find_spec("vaultsync")
    package = Path(spec.origin).parent if spec and spec.origin else Path(__file__).parent.parent
    for folder in (package / "_data", package.parent):
        if (folder / "pricing.yaml").is_file() and (folder / "templates").is_dir():
            return folder
    raise VaultsyncError(
        f"{package}: pricing.yaml and templates/ are missing beside the program. Install vaultsync again."
    )
