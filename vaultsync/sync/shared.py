"""Notice a ledger that lies where other machines have it, too: there no write-ahead log is safe."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from vaultsync.settings import Settings

SYNCED = ("dropbox", "onedrive", "icloud", "com~apple~clouddocs", "google drive", "syncthing", "nextcloud")
"""Folder names that tell of a sync service, in lower case."""
NETWORKS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "afs", "davfs", "fuse.sshfs", "fuse.rclone"}
"""File systems of other machines, as Linux calls them."""
MOUNTS = Path("/proc/self/mounts")
REMEDY = "Move it to a folder of this machine: `ledger:` in vaultsync.yaml."


def place(settings: Settings) -> str | None:
    """What kind of shared folder the ledger lies in; None: none that is known as one."""
    folder = settings.ledger.parent
    if folder.is_relative_to(settings.vault):
        return "the vault"
    if any(name in str(folder).lower() for name in SYNCED):
        return "a synced folder"
    if folder.drive.startswith("\\\\") or _file_system(folder.resolve()) in NETWORKS:
        return "a network folder"
    return None


def _file_system(folder: Path) -> str | None:
    """The kind of file system that a folder is on, where the system tells: Linux does."""
    kinds = {}
    with suppress(OSError):
        for line in MOUNTS.read_text(errors="replace").splitlines():
            _, top, kind, *_ = line.split(" ")
            kinds[top.replace("\\040", " ")] = kind
    return next((kinds[str(each)] for each in (folder, *folder.parents) if str(each) in kinds), None)
