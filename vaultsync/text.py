"""Small things that every room says alike: the nearest known word, a decimal in full, a name, a file's."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal


def nearest(word: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` where a known word is near, whatever its case; else nothing."""
    from difflib import get_close_matches

    by_fold = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold(), by_fold, n=1, cutoff=0.6)
    return f" Did you mean {by_fold[near[0]]!r}?" if near else ""


def nearest_or_all(word: str, known: Iterable[str]) -> str:
    """As `nearest`, but where nothing is near, ` Known are a, b.`"""
    names = [*known]
    return nearest(word, names) or f" Known are {', '.join(names)}."


def decimal_text(value: Decimal) -> str:
    """A finite decimal in full, one spelling for each number: no exponent, no zeros at the end, no `-0`."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


NONE = "(none)"
"""Shown where there is no name."""
ALL_MODELS = "(all)"
"""What stands in the place of a model where all of a provider are told in one: a bill, or a part of one."""
_ALL_SHOWN = "all models"


def named(dimension: str, key: str | None) -> str:
    """What people read for a value of a dimension, such as `project` or `model`."""
    if key is None or not key.strip():
        return NONE
    return _ALL_SHOWN if dimension == "model" and key == ALL_MODELS else key


def meant(dimension: str, shown: str) -> str | None:
    """The value of a dimension that people name as they read it; None: none."""
    if shown in ("", NONE):
        return None
    return ALL_MODELS if dimension == "model" and shown == _ALL_SHOWN else shown


LONGEST_NAME = 255
"""Bytes of a file's name on most systems."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³]) *(?:\..*)?", re.IGNORECASE)


def no_file_name(name: str) -> str:
    """Why a file should not have a name, after "it"; nothing where it may."""
    if _CONTROL.search(name):
        return "holds a control character"
    if _DEVICE.fullmatch(name):
        return f"is a device on Windows: {name!r}"
    return "is too long" if len(name.encode(errors="replace")) > LONGEST_NAME else ""
