"""Makes the Markdown of notes: by the shipped templates at once, by the vault's own in a process apart."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from vaultsync.model import Report

if TYPE_CHECKING:
    from vaultsync.render.apart import Apart

BASE = "base.md.j2"
"""What all shipped templates are built on; a vault's own of this name changes each of them."""


class Renderer:
    """Renders the notes of one run; close it after the last."""

    def __init__(self, templates: Path, shipped: Path) -> None:
        """Begin; a process is started where the vault has a template of its own.

        Args:
            templates: The vault's own template folder, asked first; it may be missing.
            shipped: The folder of the shipped templates.
        """
        self._templates, self._shipped = templates, shipped

    def note(self, report: Report) -> str:
        """Render the Markdown that stands between the markers of a note, without a final newline.

        Raises:
            TemplateError: A template that does not work, with its file and line.
        """
        from vaultsync.render import view

        name, told = f"{report.kind}.md.j2", view.of(report)
        if self._is_own(name) or self._is_own(BASE):
            return self._apart.run(name, told)
        from vaultsync.render import templates  # jinja2 is dear, and most commands write no note

        return templates.run(name, told, None, self._shipped)

    def _is_own(self, name: str) -> bool:
        return os.path.lexists(self._templates / name)  # if it is no template, whoever reads it says so

    @cached_property
    def _apart(self) -> Apart:
        from vaultsync.render.apart import Apart

        return Apart(self._templates, self._shipped)

    def close(self) -> None:
        """End the process, if there is one."""
        if "_apart" in self.__dict__:
            self._apart.close()
