"""The front door: answers what needs no more than a look, and loads the program for all else.

As `python -m vaultsync` it never imports from the current folder, which may be a vault.
"""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    del sys.path[0]  # the current folder, put there by -m; this package is installed elsewhere

import os
import time


def main() -> None:
    """Run the command line of this process; Ctrl-C before the program is loaded ends it as well as later."""
    try:
        _run()
    except KeyboardInterrupt:
        sys.exit("Stopped. Nothing is half-written; the same command completes it.")


def _run() -> None:
    from vaultsync import __version__, idle

    _open_missing_streams()
    arguments, now = sys.argv[1:], time.time()
    if arguments == ["--version"] and _said(f"vaultsync {__version__}"):
        return
    stamp = idle.place(arguments) if "daily" in arguments else None
    answer = idle.answer(stamp, now) if stamp else None
    if answer is not None and _said(answer):
        return
    from vaultsync.cli import main as program

    program(obj={"stamp": (stamp, now) if stamp else None})


def _open_missing_streams() -> None:
    """Take the numbers of closed standard streams, or a note would get one, and what is said end up in it."""
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(number, True)
    os.close(number)


def _said(text: str) -> bool:
    """Write a line on standard output; where that fails, the program meets it again and says what to do."""
    try:
        print(text, end="\n" if text else "", flush=True)  # noqa: T201
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
