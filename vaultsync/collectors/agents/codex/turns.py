"""Follow what the calls of a rollout are made with: the turn, its model, its mode, its folder."""

from __future__ import annotations

from typing import Any

from vaultsync.collectors.agents.codex.family import birth_of
from vaultsync.collectors.agents.codex.rows import Event, SessionMeta, TurnContext
from vaultsync.collectors.agents.lines import id_of, name_of

FOLDER_LIMIT = 4096
MODES = {"priority": "priority", "fast": "priority", "flex": "flex", "batch": "batch"}
"""Service tier -> mode; the program sells the priority tier as fast. Any other tier is the standard one."""


class Turn:
    """What is set at present, kept in the reader's state from one reading to the next."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    @property
    def born(self) -> int | None:
        """When the turn began, milliseconds since 1970, if its id tells."""
        born = self._state.get("turn")
        return born if isinstance(born, int) else None

    @property
    def model(self) -> str:
        """The model, as logged; a log that names none is not guessed at."""
        return self._state.get("model") or "unknown"

    @property
    def mode(self) -> str:
        """What may change the price of a call."""
        return self._state.get("mode") or "standard"

    @property
    def folder(self) -> str | None:
        """The working folder, as logged."""
        return self._state.get("folder")

    def see_meta(self, meta: SessionMeta) -> None:
        """A thread begins, or goes on."""
        self._state["folder"] = _folder(meta.cwd) or self.folder

    def see_context(self, context: TurnContext) -> None:
        """The settings of a turn."""
        self._state |= {"turn": birth_of(context.turn_id), "model": name_of(context.model)}
        self._state["folder"] = _folder(context.cwd) or self.folder

    def see_start(self, event: Event) -> None:
        """A turn begins."""
        self._state["turn"] = birth_of(event.turn_id)

    def see_settings(self, event: Event) -> None:
        """Somebody changed the settings of the thread."""
        if event.thread_settings is not None:
            self._state["mode"] = MODES.get(name_of(event.thread_settings.service_tier) or "")


def _folder(value: Any) -> str | None:
    name = id_of(value)
    return name and name[:FOLDER_LIMIT]
