"""What agents do to their old logs, as their own settings on this machine say."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from vaultsync.collectors.registry import Retention

LIMIT = 1024 * 1024
"""Bytes of a settings file that are read."""
CLAUDE_DAYS = GEMINI_DAYS = 30
"""What holds where nothing is set."""
DAYS = {"h": 1 / 24, "d": 1, "w": 7}
MOST = 10**6
"""Days; more is taken for so many."""
_age = re.compile(r"(\d{1,12})([hdw])").fullmatch


class Unreadable(Exception):
    """A settings file is there and is no JSON; it may have comments."""


def of_claude_code(settings: Path) -> Retention:
    """What Claude Code does by the user's settings; those of a project or an administrator may differ.

    Source: `cleanupPeriodDays` in the program's documentation, October 2026. It compares the time of the last
    change; what 0 means has changed from version to version.
    """
    key = f"`cleanupPeriodDays` in {settings}"
    try:
        days = setting(settings, "cleanupPeriodDays")
    except Unreadable:
        return Retention(f"deletes old transcripts, when is not known: {settings} cannot be read")
    if days is None:
        return _deletes("transcripts", CLAUDE_DAYS, f"its default; {key} changes it")
    if type(days) not in (int, float) or not days > 0:
        what = f"may keep no transcripts: {key} is no number of days"
        return Retention(what, remedy="What such a value does depends on the version; set it to 365, say.")
    return _deletes("transcripts", min(days, MOST), key)


def of_gemini_cli(settings: Path) -> Retention:
    """What Gemini CLI does by the user's settings; those of a project or an administrator may differ.

    Source: `general.sessionRetention` in the program's documentation, 2026; older versions deleted nothing
    unless told to.
    """
    key = f"`general.sessionRetention` in {settings}"
    try:
        wanted = setting(settings, "general", "sessionRetention")
    except Unreadable:
        return Retention(f"may delete old sessions, when is not known: {settings} cannot be read")
    wanted = wanted if isinstance(wanted, dict) else {}
    if wanted.get("enabled") is False:
        return Retention(f"deletes no old sessions ({key})")
    if "maxAge" not in wanted:
        return _deletes("sessions", GEMINI_DAYS, f"its default; {key} changes it")
    age = _age(str(wanted["maxAge"]))
    if not age:
        return Retention(f"deletes old sessions, when is not known: see {key}")
    return _deletes("sessions", min(int(age[1]) * DAYS[age[2]], MOST), key)


def setting(path: Path, *keys: str) -> Any:
    """A value in a JSON file of settings; None: not set.

    Raises:
        Unreadable: The file cannot be read.
    """
    try:
        with path.open("rb") as stream:
            found = json.loads(stream.read(LIMIT))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable from error
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found


def _deletes(what: str, days: float, where: str) -> Retention:
    return Retention(
        f"deletes {what} {days:,.10g} days after their last change ({where})", timedelta(days=days)
    )
