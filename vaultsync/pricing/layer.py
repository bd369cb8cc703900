"""One price list, read lazily from its compiled lines: which model a name means there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

from vaultsync.pricing import compiled, rates
from vaultsync.pricing.names import is_hosted


class Layer:
    """A price list without the others; Decimals are made only for the models that are asked for."""

    def __init__(self, path: Path, digest: str, lines: list[bytes], *, is_shipped: bool = False) -> None:
        self.path, self.digest, self.is_shipped = path, digest, is_shipped
        self._lines = lines
        self._index: dict[str, Any] = compiled.parse(lines[0])
        self._models: dict[int, rates.Model] = {}

    @property
    def name(self) -> str:
        """File name, for people; the shipped list often has the same name as the user's."""
        return f"shipped/{self.path.name}" if self.is_shipped else self.path.name

    @property
    def thresholds(self) -> list[int]:
        """Prompt sizes at which a tier of the file begins."""
        found: list[int] = self._index["thresholds"]
        return found

    @property
    def minutes(self) -> int:
        """Greatest common divisor of 15 and all time-window borders."""
        return int(self._index["minutes"])

    @property
    def on_missing_mode(self) -> str | None:
        """`standard`, `unpriced`, or None where the file does not say."""
        value: str | None = self._index["on_missing_mode"]
        return value

    @property
    def warnings(self) -> list[str]:
        """What is odd in the file, as `path:line: what`."""
        return [f"{self.path}:{line}: {text}" for line, text in self._index["warnings"]]

    @property
    def providers(self) -> tuple[str, ...]:
        """Providers of which the file has models."""
        return tuple(self._index["providers"])

    def find(self, provider: str, name: str) -> int | None:
        """Number of the model a name means: exact, longest literal start, longest pattern, file order."""
        part = self._index["providers"].get(provider)
        if part is None:
            return None
        number: int | None = part["exact"].get(name)
        if number is not None:
            return number
        hosted = is_hosted(provider, name)
        for pattern, number, _ in part["wild"]:
            if fits(pattern, name) and not (hosted and is_catch_all(pattern)):
                return number
        return None

    def named(self, provider: str, name: str) -> int | None:
        """Like `find`, but a pattern that takes every name is no evidence of the provider."""
        number = self.find(provider, name)
        part = self._index["providers"].get(provider, {"exact": {}, "wild": []})
        catching = all(is_catch_all(p) for p, n, _ in part["wild"] if n == number and fits(p, name))
        return None if name not in part["exact"] and catching else number

    def model(self, number: int) -> rates.Model:
        """Build a model, once."""
        if number not in self._models:
            self._models[number] = rates.model(compiled.parse(self._lines[number + 1]))
        return self._models[number]

    def models(self, provider: str | None = None) -> Iterator[rates.Model]:
        """Models of one or of all providers, in the order of the file."""
        for number in range(len(self._lines) - 1):
            found = self.model(number)
            if provider in (None, found.provider):
                yield found

    def names(self, provider: str) -> Iterator[str]:
        """Every exact name of a provider's models."""
        return iter(self._index["providers"].get(provider, {"exact": ()})["exact"])

    def patterns(self, provider: str) -> Iterator[tuple[str, int, int]]:
        """Every pattern with a wildcard, with the number of its model and its line."""
        return iter(self._index["providers"][provider]["wild"])

    def alias(self, name: str, day: date) -> tuple[str, str] | None:
        """Model and provider (maybe empty) that an alias means on a UTC day: the latest that has begun."""
        for start, end, model, provider in self._index["aliases"].get(name, ()):
            if (start or "") <= day.isoformat():
                return (model, provider) if end is None or day.isoformat() < end else None
        return None

    def alias_days(self, name: str) -> list[date]:
        """UTC days on which the meaning of an alias begins."""
        rows = self._index["aliases"].get(name, ())
        return [date.fromisoformat(start) if start else date.min for start, *_ in rows]

    def adjust(self, provider: str, day: date) -> Decimal | None:
        """Contract factor of a provider on a UTC day."""
        part = self._index["providers"].get(provider, {"adjust": ()})
        for start, end, factor, _ in part["adjust"]:
            if (start or "") <= day.isoformat() and (end is None or day.isoformat() < end):
                return Decimal(factor)
        return None

    def exchange(self, currency: str, day: date) -> Decimal | None:
        """Units of the report currency for one unit on a UTC day: the latest rate that has begun."""
        for start, rate in self._index["fx"].get(currency, ()):
            if (start or "") <= day.isoformat():
                return Decimal(rate)
        return None


def is_catch_all(pattern: str) -> bool:
    """Say whether a pattern holds no literal text."""
    return not pattern.strip("*?")


def fits(pattern: str, name: str) -> bool:
    """Match a whole name; `*` is any text, `?` any character, nothing else is special."""
    if pattern.endswith("*") and not any(c in pattern[:-1] for c in "*?"):
        return name.startswith(pattern[:-1])
    return _regex(pattern).fullmatch(name) is not None


@lru_cache(maxsize=1024)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.compile("".join(parts), re.DOTALL)
