"""Call the stages in order: the only place where they meet."""

from vaultsync.sync.run import Run
from vaultsync.sync.values import Check, Collected, NoteResult, Options, Outcome, Overview, SourceCount

__all__ = ["Check", "Collected", "NoteResult", "Options", "Outcome", "Overview", "Run", "SourceCount"]
