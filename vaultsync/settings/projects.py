"""Name projects: the user's rules first, else what the log says, shortened to its last path component."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

WILDCARDS = {"**": ".*", "*": "[^/]*", "?": "[^/]"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern of a project."""

    name: str
    pattern: str
    """A path glob where it has a slash: the folder and all below; else a name as logged or as shown."""
    regex: re.Pattern[str]

    def matches(self, logged: str, shown: str) -> bool:
        """Say whether a project, as logged and as shown, belongs here; letter case does not count."""
        if "/" in self.pattern:
            return self.regex.fullmatch(logged) is not None
        return any(self.regex.fullmatch(name) for name in (logged, shown))


def rule(name: str, pattern: str) -> Rule:
    """Make a rule; `*` and `?` stay within a path component, `**` does not."""
    pattern = _slashes(pattern)
    pieces = re.split(r"(\*\*|\*|\?)", pattern.rstrip("/") or pattern)
    body = "".join(WILDCARDS.get(piece, re.escape(piece)) for piece in pieces)
    below = "(/.*)?" if "/" in pattern else ""
    return Rule(name, pattern, re.compile(body + below, re.IGNORECASE | re.DOTALL))


def project_name(rules: Sequence[Rule], logged: str | None) -> str | None:
    """The name that a project is shown under.

    Args:
        logged: What the log says: a name or an absolute path; None or blank: no project.
    """
    if logged is None or not logged.strip():
        return None
    path = _slashes(logged.strip())
    shown = last_component(path)
    return next((rule.name for rule in rules if rule.matches(path, shown)), shown)


def last_component(path: str) -> str:
    """The last component of an absolute path; a name, even one with a slash, stays as it is."""
    if not is_absolute(path):
        return path
    return path.rstrip("/").rpartition("/")[2] or path


def is_absolute(path: str) -> bool:
    """Say whether a text is an absolute path of any system, or one below a home folder."""
    return path.startswith(("/", "~/")) or re.match(r"[A-Za-z]:/", path) is not None


def _slashes(path: str) -> str:
    """Windows paths with forward slashes; a backslash in a name stays."""
    return path.replace("\\", "/") if re.match(r"[A-Za-z]:\\|\\\\|~\\", path) else path
