"""Programs that inject faults: `python -m tests.faults NAME`; each ends with 1 if a promise was broken."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from pathlib import Path

import click


def programs() -> dict[str, click.Command]:
    """Every module here that has a command `main`, by name; the others are helpers and tests."""
    names = [found.name for found in pkgutil.iter_modules([str(Path(__file__).parent)])]
    modules = {name: import_module(f"tests.faults.{name}") for name in names if not name.startswith("test_")}
    return {name: module.main for name, module in modules.items() if hasattr(module, "main")}


if __name__ == "__main__":
    click.Group(help=__doc__, commands=programs())()
