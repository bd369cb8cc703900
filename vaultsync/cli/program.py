"""The frame of all commands: options that stand anywhere, loading on demand, and how a run ends.

Nothing but click is imported here at the start; `--help` must not pay for what a command needs.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

DONE, FAILED, WRONG, LEFT_UNDONE, OVER_BUDGET, WOULD_CHANGE = range(6)
"""Exit codes; see `worst`."""
WORSE = (FAILED, WRONG, LEFT_UNDONE, OVER_BUDGET, WOULD_CHANGE, DONE)
COMMON = ("vault", "config", "logs", "ledger", "timezone", "quiet", "verbose")
HELP = """Keep the true cost of your language models in your Obsidian notes.

Reads the logs that coding agents, scripts and local models leave behind, remembers every call in a ledger,
prices it, and keeps the cost sections of the notes true. It touches nothing else, and it uses no network."""
EPILOG = """Global options may stand before or after the command, and as VAULTSYNC_VAULT, VAULTSYNC_CONFIG,
VAULTSYNC_LOGS, VAULTSYNC_LEDGER, VAULTSYNC_TIMEZONE, VAULTSYNC_QUIET and VAULTSYNC_VERBOSE."""


def worst(*codes: int) -> int:
    """The exit code that tells most: 1, 2, 3, then the findings of a check, then 0."""
    return min(codes, key=WORSE.index, default=DONE)


def common_options() -> list[click.Option]:
    """The options that every command takes before and after its name."""
    return [
        click.Option(
            ["--vault"], metavar="FOLDER", help="The vault. Default: the nearest parent folder that is one."
        ),
        click.Option(["--config"], metavar="FILE", help="Another file than vaultsync.yaml in the vault."),
        click.Option(
            ["--logs"], metavar="PATH", multiple=True, help="A log file or folder; may be repeated."
        ),
        click.Option(["--ledger"], metavar="FILE", help="The ledger."),
        click.Option(
            ["--timezone"], metavar="NAME", help="The zone that cuts the days, such as Europe/Berlin."
        ),
        click.Option(
            ["-q", "--quiet"], is_flag=True, envvar="VAULTSYNC_QUIET", help="Say only what is wrong."
        ),
        click.Option(["-v", "--verbose"], is_flag=True, envvar="VAULTSYNC_VERBOSE", help="Say everything."),
    ]


class Program(click.Group):
    """`vaultsync`: a group whose commands live in modules of their own."""

    def __init__(self, commands: Mapping[str, Mapping[str, tuple[str, str]]], version: str) -> None:
        shown = click.version_option(version, prog_name="vaultsync", message="%(prog)s %(version)s")
        super().__init__(
            "vaultsync",
            help=HELP,
            epilog=EPILOG,
            params=[*common_options()],
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        )
        shown(self)
        self.sections = commands
        self.places = {name: place for section in commands.values() for name, place in section.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the help."""
        return list(self.places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a command and take the command out of it; None: there is no such command."""
        if cmd_name not in self.places:
            return None
        module = import_module(f"vaultsync.cli.{self.places[cmd_name][0]}")
        command: click.Command = module.COMMANDS[cmd_name]
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click, but of a name that is nearly one of ours the right one is told."""
        from vaultsync.text import nearest

        near = "" if args[0] in self.places else nearest(args[0], self.places)
        if near and not ctx.resilient_parsing:
            ctx.fail(f"No such command {args[0]!r}.{near}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of the commands from the table, without importing them."""
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, text) for name, (_, text) in commands.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without any argument the help goes to standard error, as for any wrong usage."""
        if not args and not ctx.resilient_parsing:
            click.echo(self.get_help(ctx), err=True)
            ctx.exit(WRONG)
        return super().parse_args(ctx, args)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and end the process with an exit code, never with a traceback; see click for the arguments."""
        told: dict[str, Any] = extra.setdefault("obj", {})
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        write_utf8()
        with contextlib.suppress(BrokenPipeError), ending(told) as end, interruptible():
            code = self._main(args, complete_var, extra)
            end.append(code if isinstance(code, int) else DONE)
        sys.exit(written(end[-1] if end else DONE))

    def _main(self, args: Sequence[str] | None, complete_var: str | None, extra: dict[str, Any]) -> Any:
        """Call click, which itself ends a program whose help has lost its reader, and as failed."""
        out = sys.stdout
        try:
            return super().main(args, self.name, complete_var, standalone_mode=False, **extra)
        except SystemExit:
            if sys.stdout is out:
                raise
            return DONE


def written(code: int) -> int:
    """The exit code of a run whose words are out; another one where they could not be written."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream:
                stream.flush()
        except (OSError, ValueError):
            silence(stream)  # or it is tried again at the end of the process, with a traceback
            code = worst(code, FAILED)
    return code


@contextlib.contextmanager
def ending(told: Mapping[str, Any]) -> Iterator[list[int]]:
    """Turn whatever stops a run into one line on standard error and an exit code.

    Args:
        told: `verbose`, once the options are read.
    """
    codes: list[int] = []
    try:
        yield codes
    except click.ClickException as error:
        error.show()
        codes.append(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        complain("Stopped. Nothing is half-written; the same command completes it.")
        codes.append(FAILED)
    except BrokenPipeError:
        silence(sys.stdout)
    except Exception as error:
        codes.append(_explain(error, bool(told.get("verbose"))))


def _explain(error: Exception, verbose: bool) -> int:
    """Say what went wrong; only a bug of ours shows where in the program, and never the data it was about."""
    from vaultsync.errors import VaultsyncError

    if isinstance(error, VaultsyncError):
        complain(str(error))
        return error.exit_code
    if isinstance(error, OSError) and error.strerror:
        complain(f"{error.filename or 'vaultsync'}: {error.strerror}. {_remedy(error)}")
        return FAILED
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    if verbose:
        click.echo("".join(traceback.format_list(frames)).rstrip(), err=True)
    place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "start"  # noqa: PTH119
    complain(
        f"internal error: {type(error).__name__} at {place}. This is a bug of vaultsync; please report it."
    )
    return FAILED


def _remedy(error: OSError) -> str:
    """What to do about an error of the system."""
    import errno

    if error.errno == errno.EPERM and sys.platform == "darwin":
        return "Give the program that starts vaultsync Full Disk Access in the system settings."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "Mend its permissions, then run the same command again."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on the disk, then run the same command again."
    return "Nothing is half-written; run the same command again."


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end a run as Ctrl-C does, where nobody decided otherwise."""
    import signal

    def stop(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {}
    with contextlib.suppress(ValueError):  # only the main thread may set a handler
        before = {n: signal.signal(n, stop) for n in numbers if signal.getsignal(n) == signal.SIG_DFL}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def complain(text: str) -> None:
    """One line on standard error; a reader that went away is no trouble."""
    with contextlib.suppress(BrokenPipeError):
        click.echo(visible(text), err=True)


def say(text: str) -> None:
    """A line on standard output; when its reader goes away, the rest of the run goes on in silence."""
    _echo(text)


def show(text: str) -> None:
    """Lines of a person's note on standard output: exact in a file or a pipe, as text on a terminal."""
    is_terminal = sys.stdout is not None and sys.stdout.isatty()
    _echo("\n".join(map(_tame, text.split("\n"))) if is_terminal else text, color=True)


def _echo(text: str, *, color: bool | None = None) -> None:
    """Write a line; escape sequences go out of it unless there may be `color`."""
    try:
        click.echo(text, color=color)
    except BrokenPipeError:
        silence(sys.stdout)


def _tame(line: str) -> str:
    """A line that a terminal shows and does not obey: tabs stay, and the end of a CRLF line is not seen."""
    return "\t".join(map(visible, line.removesuffix("\r").split("\t")))


def visible(text: str) -> str:
    """Text on one line, control and bidi characters as escapes: a terminal must not obey a name."""
    return "".join(
        c if c.isprintable() or c in "\u200d\u00a0" else c.encode("unicode_escape").decode() for c in text
    )


def silence(stream: Any) -> None:
    """Let a closed stream swallow whatever is still written to it."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def write_utf8() -> None:
    """Write UTF-8 into files and pipes whatever the locale, and never fail on a character."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            with contextlib.suppress(OSError, ValueError):
                encoding = None if stream.isatty() else "utf-8"
                stream.reconfigure(encoding=encoding, errors="backslashreplace")
