"""Check a price list strictly and bring it into its compiled form.

That is plain data with text decimals, one part per model. Every mistake stops with file, line and the nearest
known key; what is only odd becomes a warning.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from vaultsync.pricing import scalars
from vaultsync.pricing.document import Document, Entries, Node, Scalar
from vaultsync.pricing.names import provider_name
from vaultsync.pricing.sheets import DATES, Plain, Sheets, iso
from vaultsync.text import decimal_text

_MODEL = ("id", "match", "free", "energy", "currency", "rates")
_TOP = ("version", "currency", "unit", "on_missing_mode", "providers", "aliases", "fx")


def check(path: Path, content: bytes) -> tuple[Plain, list[Plain]]:
    """Check a file and compile it.

    Returns:
        The index: patterns and contract factors of each provider, aliases, exchange rates, thresholds,
        minutes and warnings as `[line, text]`; and the models in the order of the file.

    Raises:
        ConfigError: At the first mistake, with its line.
    """
    return _Checker(Document(path)).file(content)


class _Checker(Sheets):
    """Checks a whole file: providers, models, names, money."""

    def file(self, content: bytes) -> tuple[Plain, list[Plain]]:
        top = self.known(self.doc.parse(content), "price list", _TOP)
        if "version" not in top.values:
            self.doc.fail(None, "has no version.", "Begin with `version: 1`.")
        scalars.choice(self.doc, top.values["version"], "version", ("1",))
        self.currency = self.optional(top, "currency", scalars.currency) or "USD"
        if "unit" in top.values:
            self.unit = 1_000_000 / Decimal(
                scalars.choice(self.doc, top.values["unit"], "unit", ("1000000", "1000"))
            )
        missing = None
        if "on_missing_mode" in top.values:
            node = top.values["on_missing_mode"]
            missing = scalars.choice(self.doc, node, "on_missing_mode", ("standard", "unpriced"))
        providers = self.providers(top.values.get("providers"))
        index = {
            "on_missing_mode": missing,
            "providers": providers,
            "aliases": self.aliases(top.values.get("aliases")),
            "fx": self.exchange(top.values.get("fx")),
            "thresholds": sorted(self.thresholds),
            "minutes": self.minutes,
            "warnings": sorted(self.warnings),
        }
        return index, self.models

    def providers(self, node: Node | None) -> Plain:
        found: Plain = {}
        lines: dict[str, int] = {}
        if node is None:
            return found
        for written, part in scalars.entries(self.doc, node, "providers").values.items():
            name = provider_name(written)
            if name in found:
                self.doc.fail(part.line, f"{written!r} is {name!r} of line {lines[name]}.", "Join the two.")
            lines[name] = part.line
            keys = self.known(part, f"provider {written}", ("adjust", "models"))
            found[name] = {"adjust": self.adjust(keys.values.get("adjust")), **self.provider(name, keys)}
        return found

    def adjust(self, node: Node | None) -> list[Any]:
        rows, spans = [], []
        for part in scalars.items(self.doc, node, "adjust").values if node else ():
            row = self.known(part, "adjust", (*DATES, "multiplier"))
            start, end = self.span(row)
            factor = scalars.number(self.doc, self.required(row, "multiplier", "adjust"), "multiplier")
            spans.append((part.line, start, end))
            rows.append([iso(start), iso(end), decimal_text(factor), part.line])
        self.apart(spans, "this adjust")
        return rows

    def provider(self, name: str, keys: Entries) -> Plain:
        """A provider's models and patterns: exact names, then wildcards in the order in which they win."""
        exact: dict[str, int] = {}
        wild: dict[str, int] = {}
        lines: dict[str, int] = {}
        ids: dict[str, int] = {}
        node = keys.values.get("models")
        for part in scalars.items(self.doc, node, "models").values if node else ():
            number, model = len(self.models), self.model(name, part)
            identity = model["id"].lower()
            if identity in ids:
                first = self.models[ids[identity]]["line"]
                self.doc.fail(
                    part.line, f"duplicate id {model['id']!r}, first in line {first}.", "Join the two."
                )
            ids[identity] = number
            for line, pattern in model.pop("match"):
                place = wild if "*" in pattern or "?" in pattern else exact
                lines.setdefault(pattern, line)
                if place.setdefault(pattern, number) != number:
                    other = self.models[place[pattern]]["id"]
                    self.warnings.append(
                        (line, f"the pattern {pattern!r} never wins; it belongs to {other!r} already.")
                    )
            self.models.append(model)
        for identity, number in ids.items():
            exact.setdefault(identity, number)
        ranked = sorted(wild.items(), key=lambda item: (-literal(item[0]), -len(item[0]), item[1]))
        return {"exact": exact, "wild": [(pattern, number, lines[pattern]) for pattern, number in ranked]}

    def model(self, provider: str, node: Node) -> Plain:
        keys = self.known(node, "model", _MODEL)
        name = scalars.text(self.doc, self.required(keys, "id", "model"), "id")
        free = bool(self.optional(keys, "free", scalars.flag))
        if free and "rates" in keys.values:
            self.doc.fail(keys.lines["rates"], f"{name!r} is free and has rates.", "Remove one of the two.")
        if not free and "rates" not in keys.values:
            self.doc.fail(node.line, f"{name!r} has no rates.", "Add `rates:`, or `free: true`.")
        return {
            "provider": provider,
            "id": name,
            "line": node.line,
            "free": free,
            "currency": self.optional(keys, "currency", scalars.currency) or self.currency,
            "energy": self.energy(keys.values.get("energy")),
            "match": self.patterns(keys.values.get("match")),
            "blocks": self.blocks(keys.values.get("rates"), name),
        }

    def patterns(self, node: Node | None) -> list[tuple[int, str]]:
        if node is None:
            return []
        found = scalars.items(self.doc, node, "match")
        if not found.values:
            self.doc.fail(found.line, "match is empty.", "List at least one name, or remove the key.")
        return [(part.line, scalars.text(self.doc, part, "match").lower()) for part in found.values]

    def energy(self, node: Node | None) -> Plain | None:
        if node is None:
            return None
        keys = self.known(node, "energy", ("watts", "price_per_kwh", "currency"))
        amounts = {
            key: decimal_text(scalars.number(self.doc, self.required(keys, key, "energy"), key))
            for key in ("watts", "price_per_kwh")
        }
        return {**amounts, "currency": self.optional(keys, "currency", scalars.currency) or self.currency}

    def aliases(self, node: Node | None) -> Plain:
        found: Plain = {}
        for name, part in scalars.entries(self.doc, node, "aliases").values.items() if node else ():
            rows, spans = [], []
            for entry in self.filled(part, f"alias {name}").values:
                keys = self.known(entry, f"alias {name}", ("model", "provider", *DATES))
                start, end = self.span(keys)
                model = scalars.text(self.doc, self.required(keys, "model", f"alias {name}"), "model")
                provider = self.optional(keys, "provider", scalars.text)
                spans.append((entry.line, start))
                rows.append([iso(start), iso(end), model, provider_name(provider or "")])
            self.distinct(spans, f"alias {name!r}")
            found[name.strip().lower()] = sorted(rows, key=_first, reverse=True)
        return found

    def exchange(self, node: Node | None) -> Plain:
        found: Plain = {}
        for code, part in scalars.entries(self.doc, node, "fx").values.items() if node else ():
            rows, spans = [], []
            for entry in self.filled(part, code).values:
                keys = self.known(entry, f"fx {code}", ("valid_from", "rate"))
                start = self.optional(keys, "valid_from", scalars.day)
                rate = scalars.number(self.doc, self.required(keys, "rate", f"fx {code}"), "rate")
                if not rate:
                    self.doc.fail(entry.line, f"the rate of {code} is 0.", "Write what one unit is worth.")
                spans.append((entry.line, start))
                rows.append([iso(start), decimal_text(rate)])
            self.distinct(spans, f"the rate of {code}")
            name = scalars.currency(self.doc, Scalar(code, part.line, False), "fx")
            found[name] = sorted(rows, key=_first, reverse=True)
        return found


def literal(pattern: str) -> int:
    """Length of the text before the first wildcard."""
    return min((pattern.find(c) for c in "*?" if c in pattern), default=len(pattern))


def _first(row: list[Any]) -> str:
    return row[0] or ""
