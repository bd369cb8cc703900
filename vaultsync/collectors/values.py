"""The doors through which a logged value enters: a count, an amount of money, an instant, a name.

Each door takes whatever a JSON, CSV or Markdown log holds and gives a checked value, or raises `BadField`. No
float comes out of here, and no message repeats text that could be part of a prompt.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from vaultsync.model import MAX_COUNT

TEXT_LIMIT = 200
"""Longest name that is kept; what is longer is cut, for it is hardly a name."""
FIRST_YEAR, LAST_YEAR = 2000, 2100

_WHOLE = re.compile(r"-?\d{1,40}(?:\.0{1,40})?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3}){1,12}(?:\.0{1,40})?", re.ASCII)
_MONEY = re.compile(r"-?(?:\d{1,40}(?:\.\d{0,60})?|\.\d{1,60})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_DECORATION = re.compile(r"\(.*?\)|approx(?:imately|\.)?|about|USD|EUR|GBP|[$€£~≈`*\s]", re.IGNORECASE)
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:(?:[Tt]|\s{1,3})(\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?\s?([Zz]|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
_USUAL = re.compile(
    r"\d{4}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{3}(?:\d{3})?)?(?:Z|[+-]\d\d:[0-5]\d)?", re.ASCII
).fullmatch
"""The part of `_INSTANT` that the standard library reads alike, and much faster."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).fullmatch
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d{1,30})?)?\s?(?:([AaPp])\.?[Mm]\.?)?", re.ASCII)
_EPOCH = re.compile(r"\d{9,19}(?:\.\d{1,30})?", re.ASCII)
_SHOWN = re.compile(
    r"[\d.,:_+\-/%$€£~≈ eExXTZ]{1,40}|[+-]?(?:nan|inf|infinity|null|none|true|false)", re.IGNORECASE
)


class BadField(ValueError):
    """A logged value that cannot be counted; the message names the field, quotes the value, has no remedy."""


def quote(value: object) -> str:
    """Show a rejected value in a message: numbers and times as they are, any other text only as "a text".

    A field that should hold a count may hold a prompt instead (`"input": "Dear ..."`), which nobody may read
    here.
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else "a number of more than 30 digits"
    if isinstance(value, Decimal | float):
        shown = str(value)
        return shown if len(shown) <= 40 else "a number of more than 40 characters"
    if isinstance(value, str):
        if not value.strip():
            return "empty"
        return f"'{value}'" if _SHOWN.fullmatch(value) else "a text"
    return "a list" if isinstance(value, list) else "an object"


def count(value: object, name: str, *, separators: bool = False) -> int:
    """Read a whole number from 0 to a million million.

    Args:
        value: An int, a Decimal without a fraction, or ASCII digits in a text (`1500`, `3.0`).
        name: What it counts, for the message: `output tokens`.
        separators: Accept `1,500` too; only for formats that write thousands so.

    Raises:
        BadField: Anything else, a bool and `1_000` included.
    """
    number = value if type(value) is int else _whole(value, separators)
    if number is None:
        raise BadField(f"{name} is {quote(value)}; counts are whole numbers.")
    if number < 0:
        raise BadField(f"{name} is {quote(value)}; counts cannot be negative.")
    if number > MAX_COUNT:
        raise BadField(f"{name} is {quote(value)}; counts over {MAX_COUNT:,} are not believed.")
    return number


def _whole(value: object, separators: bool) -> int | None:
    if isinstance(value, str):
        if len(value) <= 13 and value.isascii() and value.isdigit():
            return int(value)
        text = value.strip(" \t")
        if separators and _GROUPED.fullmatch(text):
            text = text.replace(",", "")
        return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else None
    if isinstance(value, float):
        value = Decimal(str(value))
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    if not -MAX_COUNT <= value <= MAX_COUNT:  # compared, not calculated with: 1e9999999 overflows
        return MAX_COUNT + 1 if value > 0 else -1
    return int(value) if value == value.to_integral_value() else None


def money(value: object, name: str = "cost", *, loose: bool = False) -> Decimal:
    """Read an amount of money, exact, not negative.

    Args:
        loose: Accept `$1,000.069 (approx.)` as people write it; the currency sign is dropped.

    Raises:
        BadField: Not a finite number, negative, or over a million million.
    """
    amount: Decimal | None = None
    if isinstance(value, str):
        text = _DECORATION.sub("", value[:80]) if loose else value.strip()
        if loose and re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", text, re.ASCII):
            text = text.replace(",", "")
        amount = Decimal(text) if _MONEY.fullmatch(text) else None
    elif isinstance(value, int | Decimal | float) and not isinstance(value, bool):
        amount = _decimal(value)
    if amount is None or not amount.is_finite():
        raise BadField(f"{name} is {quote(value)}; money is a plain number such as 0.27.")
    if amount < 0:
        raise BadField(f"{name} is {quote(value)}; a cost cannot be negative.")
    if amount > MAX_COUNT or len(amount.as_tuple().digits) > 60 or (amount and amount.adjusted() < -60):
        raise BadField(f"{name} is {quote(value)}; that is not believed.")
    return amount


def is_zero(value: object) -> bool:
    """Say whether a count or an amount is nothing, or not even stated; what is none at all is not zero."""
    try:
        return value is None or value == "" or money(value) == 0
    except BadField:
        return False


def _decimal(value: int | Decimal | float) -> Decimal | None:
    if isinstance(value, int) and abs(value) > MAX_COUNT:
        return Decimal(MAX_COUNT + 1) if value > 0 else Decimal(-1)
    try:
        return value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None


def instant(value: object, zone: tzinfo, name: str = "timestamp") -> datetime:
    """Read an instant as UTC.

    Args:
        value: RFC 3339 with `T` or a space and any number of decimals, or without an offset, or a mere date;
            or Unix seconds, milliseconds, microseconds or nanoseconds, told apart by size.
        zone: Zone of times without an offset; a mere date is the midnight at which its day begins there.

    Returns:
        Aware UTC, cut to microseconds; a leap second is second 59.

    Raises:
        BadField: Not a time, or outside the years 2000 to 2100.
    """
    when = None
    if isinstance(value, str):
        when = _written_instant(value.strip(), zone)
    elif isinstance(value, int | Decimal | float) and not isinstance(value, bool):
        when = _epoch(_sane(value))
    if when is None or not FIRST_YEAR <= when.year <= LAST_YEAR:
        if value is None or value == "":
            raise BadField(f"{name} is missing.")
        raise BadField(f"{name} is {quote(value)}; a time is written 2026-01-07T14:30:00Z.")
    return when


def _written_instant(text: str, zone: tzinfo) -> datetime | None:
    if _USUAL(text):
        try:
            when = datetime.fromisoformat(text)
            if when.tzinfo is not UTC:
                when = (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
            return when
        except (ValueError, OverflowError):
            pass  # a leap second, or no such day
    if match := _INSTANT.fullmatch(text):
        return _calendar_instant(match, zone)
    return _epoch(Decimal(text)) if _EPOCH.fullmatch(text) else None


def _calendar_instant(match: re.Match[str], zone: tzinfo) -> datetime | None:
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        when = datetime(
            int(year),
            int(month),
            int(day),
            int(hour or 0),
            int(minute or 0),
            59 if second == "60" else int(second or 0),
            int(fraction[:6].ljust(6, "0")) if fraction else 0,
            tzinfo=_offset(offset) if offset else zone,
        )
        return when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> tzinfo:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-shift if text[0] == "-" else shift)


def _sane(value: int | Decimal | float) -> Decimal:
    """A number as a decimal that is cheap to scale; 0, which is no time, for absurd ones."""
    if isinstance(value, int) and abs(value) > 10**25:
        return Decimal(0)
    number = Decimal(str(value))
    return number if number.is_finite() and -30 < number.adjusted() < 25 else Decimal(0)


def _epoch(value: Decimal) -> datetime | None:
    for power in (0, 3, 6, 9):
        seconds = value.scaleb(-power)
        if 946_684_800 <= seconds < 4_133_980_800:
            whole = int(seconds)
            micros = int((seconds - whole) * 1_000_000)
            return datetime.fromtimestamp(whole, UTC) + timedelta(microseconds=micros)
    return None


def is_date(value: object) -> bool:
    """Say whether a time is a mere date: a bucket of one day, not an instant."""
    return isinstance(value, str) and ":" not in value and _DATE(value.strip()) is not None


def clock(value: object) -> time | None:
    """Read a time of day without a date, `14:30`, `14:30:05` or `2:30 PM`; None when it is anything else."""
    match = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None:
        return None
    hour, half = int(match[1]), (match[4] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return time(hour, int(match[2]), min(int(match[3] or 0), 59))
    except ValueError:
        return None


def text(value: object, limit: int = TEXT_LIMIT) -> str | None:
    """Make a name safe to keep: one line, no control characters, at most `limit` characters.

    Returns:
        None for what is no name: null, a list, an object, an empty text. Numbers are written as they are. NUL
        and lone surrogates become U+FFFD.
    """
    if value is None:
        return None
    if type(value) is str:
        return _short(value) if len(value) <= TEXT_LIMIT <= limit else _clean(value, limit)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        value = str(value) if not isinstance(value, int) or abs(value) < 10**40 else ""
    return _clean(value, limit) if isinstance(value, str) else None


def _clean(value: str, limit: int) -> str | None:
    if not value.isprintable():
        value = "".join(map(_harmless, value[: limit * 8]))
    value = value.strip()
    if len(value) > limit:
        value = value[: limit - 1] + "…"
    return " ".join(value.split()) or None


@lru_cache(maxsize=8192)
def _short(value: str) -> str | None:
    """A short text made safe; remembered, for the names of models, projects and sessions come again."""
    return _clean(value, TEXT_LIMIT)


def _harmless(char: str) -> str:
    category = unicodedata.category(char)
    if char == "\0" or category == "Cs":
        return "\N{REPLACEMENT CHARACTER}"
    return " " if category in {"Cc", "Zl", "Zp", "Zs"} else char
