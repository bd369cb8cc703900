"""Small things that every room says alike: the nearest known word, a decimal in full."""

from __future__ import annotations

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
