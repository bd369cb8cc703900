"""What all commands share: their options, today's date, the run they open, and how they print."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from vaultsync.cli.program import COMMON, common_options, complain, say, visible

if TYPE_CHECKING:
    from vaultsync.model import Issue
    from vaultsync.settings import Settings
    from vaultsync.sync import Run

ISSUES_SHOWN = 20
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
FIRST_YEAR, LAST_YEAR = 2000, 2100

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def now() -> datetime:
    """The present, in UTC: the only clock of the program."""
    return datetime.now(UTC)


def read_day(ctx: click.Context, param: click.Parameter, value: str | None) -> date | None:
    """Read an option that is a real day: `YYYY-MM-DD` in ASCII digits."""
    if value is None:
        return None
    try:
        if not DATE.fullmatch(value):
            raise ValueError
        day = date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"'{visible(value)}' is not a day; write it as 2026-01-07.") from None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise click.BadParameter(f"{value} is out of range; days lie between 2000 and 2100.")
    return day


def day_option(name: str, text: str, *declared: str) -> Callable[[Any], Any]:
    """An option that takes a day."""
    return click.option(name, *declared, metavar="YYYY-MM-DD", callback=read_day, help=text)


class Command(click.Command):
    """A command that takes the common options after its name, too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["params"] = [*(kwargs.get("params") or ()), *common_options()]
        super().__init__(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Join the common options of both places, and hand the command a `Shell`."""
        after = {name: ctx.params.pop(name) for name in COMMON}
        root = ctx.find_root()
        before = root.params if root is not ctx else {}
        joined = {name: after[name] or before.get(name) for name in COMMON}
        joined["logs"] = (*before.get("logs", ()), *after["logs"])
        if isinstance(root.obj, dict):
            root.obj["verbose"] = joined["verbose"]
        stamp = root.obj.get("stamp") if isinstance(root.obj, dict) else None
        ctx.obj = Shell(joined, stamp)
        return super().invoke(ctx)


def command(name: str, **attrs: Any) -> Callable[[Callable[..., int]], click.Command]:
    """Make a function a command; its first argument is the `Shell`, its result the exit code."""

    def make(function: Callable[..., int]) -> click.Command:
        return click.command(name, cls=Command, **attrs)(click.pass_obj(function))

    return make


def options(*decorators: Callable[[Any], Any]) -> Callable[[Decorated], Decorated]:
    """Several option decorators as one; they show in the help in this order."""

    def apply(function: Decorated) -> Decorated:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


class Asked(Mapping[str, str]):
    """An environment that remembers which variables were asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)


@dataclass(frozen=True)
class Shell:
    """The surroundings of a command: the common options, the environment, the terminal."""

    options: Mapping[str, Any]
    stamp: tuple[str, float] | None = None
    """Where the stamp of this command line belongs, and when it began (seconds since 1970)."""
    environ: Asked = field(default_factory=lambda: Asked(os.environ))
    said: list[str] = field(default_factory=list)
    """What was said about what was done."""

    @property
    def quiet(self) -> bool:
        """Only trouble is to be said."""
        return bool(self.options.get("quiet"))

    @property
    def verbose(self) -> bool:
        """Everything is to be said."""
        return bool(self.options.get("verbose")) and not self.quiet

    def settings(self) -> Settings:
        """Settings of the vault at hand."""
        from vaultsync.settings import load

        return load(self.options, self.environ, Path.cwd())

    @contextlib.contextmanager
    def open(self, *, is_reading: bool = False) -> Iterator[tuple[Run, Settings, date]]:
        """A run with its settings and today's date in the vault's zone; progress shows on a terminal only.

        Args:
            is_reading: It only asks the ledger, and makes none.
        """
        from time import sleep

        from vaultsync.cli.progress import progress
        from vaultsync.periods import local_day
        from vaultsync.sync import Run, shared

        moment, settings = now(), self.settings()
        if not is_reading and (where := shared.place(settings)):
            complain(f"{settings.ledger}: the ledger lies in {where}. {shared.REMEDY}")
        with (
            progress(shown=not self.quiet) as told,
            Run(
                settings,
                moment,
                told,
                time=lambda: now().timestamp(),
                sleep=sleep,
                environ=self.environ,
                is_reading=is_reading,
            ) as run,
        ):
            yield run, settings, local_day(moment, settings.zone)
            if is_reading and run.lacks_ledger and not self.quiet:
                complain("There is no ledger yet; `vaultsync collect` reads the logs into one.")

    def say(self, text: str) -> None:
        """A line about what is done; nothing with --quiet."""
        if not self.quiet:
            self.said.append(visible(text))
            say(self.said[-1])

    def issues(self, issues: Sequence[Issue]) -> None:
        """Name what was wrong in the logs: rejected lines first, and not endlessly many."""
        ordered = sorted(issues, key=lambda issue: not issue.rejected)
        shown = ordered if self.verbose else ordered[:ISSUES_SHOWN]
        for issue in shown:
            complain(str(issue))
        if len(shown) < len(ordered):
            complain(f"... and {len(ordered) - len(shown):,} more such lines; -v lists them all.")


def relative(path: Path, vault: Path) -> str:
    """A path as short as it can be said: below the vault without it."""
    return str(path.relative_to(vault)) if path.is_relative_to(vault) else str(path)


def table(
    titles: Sequence[str], rows: Iterable[Sequence[str]], total: Sequence[str] | None = None, text: int = 1
) -> str:
    """Rows as a table for a terminal: as wide as the terminal, or as wide as it must be where there is none.

    Args:
        text: How many of the first columns are text; the others are numbers, set to the right.
    """
    import io
    import sys

    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    laid = Table(box=SIMPLE_HEAD, show_footer=total is not None, pad_edge=False, show_edge=False)
    for index, title in enumerate(titles):
        footer = Text(visible(total[index]) if total else "")
        kind: Any = "left" if index < text else "right"
        laid.add_column(Text(title), footer, justify=kind, no_wrap=index >= text, overflow="fold")
    for row in rows:
        laid.add_row(*(Text(visible(cell)) for cell in row))
    terminal = sys.stdout is not None and sys.stdout.isatty()
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=None if terminal else 10_000, highlight=False)
    console.print(laid)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())
