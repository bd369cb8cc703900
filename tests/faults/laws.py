"""What must be true of whatever a collector says of a damaged log."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, timedelta
from decimal import Decimal
from pathlib import Path

from vaultsync.collectors.values import FIRST_YEAR, LAST_YEAR
from vaultsync.model import MAX_COUNT, Issue, UsageEvent

SECRETS = ("SECRET", "the secret of the prompt", "never kept", "Words about")
LONGEST = {"project": 1000}
"""Characters of a name; of others 200."""
LEDGERS = "ledger-events"
"""What was saved from a ledger may hold a credit, and names as long as there."""
_unsafe = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]").search
LINKED = {
    "claude-code": "rows of one call are joined, prompts tell what was run",
    "codex": "rows before a count tell its model, its turn and the sum so far",
    "copilot": "rows before a sum tell its session and what was counted before",
    "gemini-cli": "the first row tells the session, a later one sets messages anew",
    "pi": "the first row tells the session",
    "openclaw": "the first row tells the session",
    "openclaw-store": "so it does here",
    "qwen-code-chats": "rows tell of which session they are copies",
    "goose": "sessions tell who asked for them, and calls what a session has left",
    "opencode": "sessions tell who asked for them",
    "kilo-cli": "so they do here",
    "mimo-code": "so they do here",
    "zed": "threads tell who asked for them",
    "hermes": "sums by model take the place of those of a session",
    "llm": "a call may stand in both tables",
    "azure_costs.csv": "dates tell whether the day or the month comes first",
    "otlp_metrics.jsonl": "points tell the whole since a start",
    "deepseek_amount.csv": "the rows of a day and a model are one sum",
    "deepseek_cost.csv": "so they are here",
}
"""Specimens in which lines explain each other, so that one that is read otherwise changes what others say.
A broken line must not change anything else there either."""


def event_faults(event: UsageEvent, *, is_saved: bool = False) -> Iterator[str]:
    """What of an event is out of bounds."""
    counts = (*event.tokens, event.requests, event.web_searches, event.unsplit, event.duration_ms or 0)
    if not all(type(count) is int and 0 <= count <= MAX_COUNT * 10 for count in counts):
        yield f"a count is out of bounds: {counts}"
    if event.when.tzinfo is not UTC or event.when.utcoffset() != timedelta(0):
        yield "the time is not in UTC"
    elif not FIRST_YEAR <= event.when.year <= LAST_YEAR:
        yield f"the year is {event.when.year}"
    if event.cost is not None and not (
        type(event.cost) is Decimal
        and event.cost.is_finite()
        and -MAX_COUNT * is_saved <= event.cost <= MAX_COUNT
    ):
        yield f"the cost is {event.cost}"
    longest = dict.fromkeys(event._fields, 1000) if is_saved else LONGEST
    yield from name_faults(event._asdict(), longest)


def name_faults(names: Mapping[str, object], longest: Mapping[str, int] = LONGEST) -> Iterator[str]:
    """What is no name among the texts of an event or a fact; keys go into a hash."""
    for name, value in names.items():
        if isinstance(value, str) and name != "key":
            if not is_safe(value, longest.get(name, 200)):
                yield f"{name} is no safe name: {value[:80]!r}"
            if any(secret in value for secret in SECRETS):
                yield f"{name} holds text"


def issue_faults(issue: Issue, path: Path, lines: int | None) -> Iterator[str]:
    """What an issue lacks."""
    if issue.path != path:
        yield f"an issue is about {issue.path}"
    if issue.line is not None and not (issue.line >= 1 and (lines is None or issue.line <= lines)):
        yield f"an issue is about line {issue.line} of {lines}"
    if not issue.text.endswith((".", "?")) or not is_safe(issue.text, 600):
        yield f"an issue says {issue.text[:200]!r}"
    if any(secret in issue.text for secret in SECRETS):
        yield "an issue quotes text"


def is_safe(text: str, longest: int) -> bool:
    """True for one line without control characters and lone surrogates, of a sane length."""
    return len(text) <= longest and not _unsafe(text)
