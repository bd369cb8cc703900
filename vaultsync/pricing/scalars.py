"""Turn single YAML texts into the values a price list holds, or say what is wrong with them."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from vaultsync.pricing.document import Document, Entries, Items, Node, Scalar

_NUMBER = re.compile(r"-?(\d{1,12}(\.\d{0,18})?|\.\d{1,18})([eE][+-]?\d{1,2})?", re.ASCII)
_LARGEST = Decimal(10) ** 9
_HOURS = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)", re.ASCII)


def entries(doc: Document, node: Node, what: str) -> Entries:
    """Insist on a map."""
    if not isinstance(node, Entries):
        doc.fail(node.line, f"{what} is not a map.", f"Write `{what}:` and below it `key: value`, indented.")
    return node


def items(doc: Document, node: Node, what: str) -> Items:
    """Insist on a list."""
    if not isinstance(node, Items):
        doc.fail(node.line, f"{what} is not a list.", f"Write `{what}: [...]`.")
    return node


def text(doc: Document, node: Node, what: str) -> str:
    """Insist on a text that is not empty."""
    if not isinstance(node, Scalar) or not node.text.strip() or (node.plain and node.text in ("~", "null")):
        doc.fail(node.line, f"{what} is not a text.", f"Write `{what}: name`.")
    return node.text.strip()


def choice(doc: Document, node: Node, what: str, allowed: tuple[str, ...]) -> str:
    """Insist on one of a few words."""
    value = text(doc, node, what)
    if value not in allowed:
        doc.fail(node.line, f"{what} is {value!r}.", f"Allowed are {', '.join(allowed)}.")
    return value


def number(doc: Document, node: Node, what: str) -> Decimal:
    """Read a decimal, exact; not negative, finite, below 10^9."""
    value = text(doc, node, what)
    if not _NUMBER.fullmatch(value):
        doc.fail(node.line, f"{what} is {value!r}; that is no decimal number.", 'Write it as `"0.25"`.')
    if (amount := Decimal(value)).is_signed() and amount:
        doc.fail(node.line, f"{what} is {value}; it cannot be negative.", "Remove the minus sign.")
    if amount > _LARGEST:
        doc.fail(node.line, f"{what} is {value}; that is too large.", "Check the decimal point and the unit.")
    return abs(amount)


def whole(doc: Document, node: Node, what: str) -> int:
    """Read a whole number above 0."""
    value = text(doc, node, what)
    if not re.fullmatch(r"[1-9]\d{0,11}", value, re.ASCII):
        doc.fail(node.line, f"{what} is {value!r}; that is no whole number above 0.", "Write it as `200000`.")
    return int(value)


def day(doc: Document, node: Node, what: str) -> date:
    """Read a UTC day."""
    value = text(doc, node, what)
    try:
        if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
            raise ValueError
        return date.fromisoformat(value)
    except ValueError:
        remedy = "Write a real day as `2026-01-31`, without a time."
        doc.fail(node.line, f"{what} is {value!r}; that is no date.", remedy)


def flag(doc: Document, node: Node, what: str) -> bool:
    """Read true or false."""
    return choice(doc, node, what, ("true", "false")) == "true"


def currency(doc: Document, node: Node, what: str = "currency") -> str:
    """Read a three-letter currency code."""
    value = text(doc, node, what).upper()
    if not re.fullmatch(r"[A-Z]{3}", value):
        doc.fail(node.line, f"{what} is {value!r}.", "Write its three letters, for example `EUR`.")
    return value


def hours(doc: Document, node: Node) -> tuple[int, int]:
    """Read `HH:MM-HH:MM` as minutes of the UTC day, half open; the end may be 24:00."""
    value = text(doc, node, "hours_utc")
    found = _HOURS.fullmatch(value)
    if not found:
        doc.fail(node.line, f"hours_utc has {value!r}.", 'Write `"01:00-04:00"`, quoted.')
    h1, m1, h2, m2 = map(int, found.groups())
    start, end = h1 * 60 + m1, h2 * 60 + m2
    if m1 > 59 or m2 > 59 or end > 1440:
        doc.fail(node.line, f"hours_utc has {value!r}; no day has that time.", "The last end is 24:00.")
    if start >= end:
        doc.fail(
            node.line,
            f"hours_utc has {value!r}, which ends before it begins.",
            "Write two spans around midnight.",
        )
    return start, end
