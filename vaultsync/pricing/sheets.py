"""Check the dated blocks of a model: rates, tiers, time windows, modifiers, regions; strictly, with lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from math import gcd
from typing import Any

from vaultsync.pricing import scalars
from vaultsync.pricing.document import Document, Entries, Items, Node
from vaultsync.text import decimal_text

Plain = dict[str, Any]

RATES = (
    "input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_30m", "cache_write_1h",
    "cache_write_12h", "reasoning", "input_audio", "output_audio", "cache_read_audio",
)  # fmt: skip
FEES = ("web_search_per_1k", "request_per_1k")
DATES = ("valid_from", "valid_to")
_SHEET = (*RATES, "tiers", "time_windows")
_BLOCK = (*DATES, *_SHEET, *FEES, "modifiers", "regions")


class Sheets:
    """Checks the parts of one file that hold rates, and gathers warnings and borders on the way."""

    def __init__(self, doc: Document) -> None:
        self.doc = doc
        self.currency, self.unit = "USD", Decimal(1)
        self.models: list[Plain] = []
        self.warnings: list[tuple[int, str]] = []
        self.thresholds: set[int] = set()
        self.minutes = 15

    def known(self, node: Node, what: str, keys: Sequence[str]) -> Entries:
        """Insist on a map that has no other keys than these."""
        found = scalars.entries(self.doc, node, what)
        for key, line in found.lines.items():
            if key not in keys:
                self.doc.unknown(line, "key", key, keys)
        return found

    def optional(self, node: Entries, key: str, read: Callable[[Document, Node, str], Any]) -> Any:
        return read(self.doc, node.values[key], key) if key in node.values else None

    def pairs(self, node: Entries, key: str) -> Iterable[tuple[str, Node]]:
        return scalars.entries(self.doc, node.values[key], key).values.items() if key in node.values else ()

    def required(self, node: Entries, key: str, what: str) -> Node:
        if key not in node.values:
            self.doc.fail(node.line, f"{what} has no {key!r}.", f"Add `{key}:`.")
        return node.values[key]

    def span(self, node: Entries) -> tuple[date | None, date | None]:
        start, end = (self.optional(node, key, scalars.day) for key in DATES)
        if start and end and start >= end:
            line = node.lines["valid_to"]
            self.doc.fail(
                line, f"valid_to {end} is not after valid_from {start}.", "The end is exclusive; correct one."
            )
        return start, end

    def apart(self, spans: Iterable[tuple[int, date | None, date | None]], what: str) -> None:
        """Insist that date ranges do not overlap."""
        ordered = sorted(spans, key=lambda span: span[1] or date.min)
        for (line, _, end), (later, start, _) in pairwise(ordered):
            if end is None or start is None or start < end:
                self.doc.fail(
                    max(line, later),
                    f"{what} overlaps with the one in line {min(line, later)}.",
                    "End the earlier one with `valid_to` on the day the later one begins.",
                )

    def filled(self, node: Node, what: str) -> Items:
        found = scalars.items(self.doc, node, what)
        if not found.values:
            self.doc.fail(node.line, f"{what} is empty.", "Remove it, or fill it.")
        return found

    def distinct(self, starts: list[tuple[int, date | None]], what: str) -> None:
        """Insist that no two rows begin on one day: the latest one that has begun is in force."""
        seen: dict[date | None, int] = {}
        for line, start in starts:
            if start in seen:
                self.doc.fail(line, f"{what} begins on the same day as in line {seen[start]}.", "Keep one.")
            seen[start] = line

    def blocks(self, node: Node | None, model: str) -> list[Plain]:
        if node is None:
            return []
        found = scalars.items(self.doc, node, "rates")
        if not found.values:
            self.doc.fail(found.line, f"{model!r} has no rates.", "Add a block, or `free: true`.")
        blocks, spans = [], []
        for part in found.values:
            keys = self.known(part, "rates", _BLOCK)
            start, end = self.span(keys)
            spans.append((part.line, start, end))
            blocks.append({"line": part.line, "from": iso(start), "to": iso(end), **self.block(keys)})
        self.apart(spans, f"this block of {model!r}")
        return sorted(blocks, key=lambda block: block["from"] or "")

    def block(self, keys: Entries) -> Plain:
        fees = {
            key: decimal_text(scalars.number(self.doc, keys.values[key], key))
            for key in FEES
            if key in keys.values
        }
        sheet = self.sheet(keys)
        if not sheet["rates"] and not fees:
            self.doc.fail(keys.line, "a block has no rate.", "Add `input:` and `output:`.")
        return {
            **sheet,
            "fees": fees,
            "modes": {name: self.mode(name, part) for name, part in self.pairs(keys, "modifiers")},
            "regions": {
                name.lower(): decimal_text(scalars.number(self.doc, part, name))
                for name, part in self.pairs(keys, "regions")
            },
        }

    def mode(self, name: str, node: Node) -> Plain:
        keys = self.known(node, f"modifier {name}", ("multiplier", *_SHEET))
        factor = self.optional(keys, "multiplier", scalars.number)
        sheet = self.sheet(keys)
        if factor is None and not sheet["rates"]:
            self.doc.fail(
                node.line, f"modifier {name!r} has neither a multiplier nor rates.", "Add one of them."
            )
        if factor is not None and len(keys.values) > 1:
            self.doc.fail(
                node.line, f"modifier {name!r} has a multiplier and rates.", "Remove one of the two."
            )
        return {"multiplier": decimal_text(factor)} if factor is not None else sheet

    def sheet(self, keys: Entries) -> Plain:
        rates = self.rates(keys)
        self.plausible(keys, rates)
        return {
            "rates": rates,
            "tiers": self.tiers(keys.values.get("tiers")),
            "windows": self.windows(keys.values.get("time_windows")),
        }

    def rates(self, keys: Entries) -> dict[str, str]:
        return {
            name: decimal_text(scalars.number(self.doc, keys.values[name], name) * self.unit)
            for name in RATES
            if name in keys.values
        }

    def plausible(self, keys: Entries, rates: dict[str, str]) -> None:
        """Warn about rates that are likely a slip."""
        entered, given = rates.get("input"), rates.get("output")
        if entered and given and 0 < Decimal(given) < Decimal(entered):
            text = f"the output rate {given} is below the input rate {entered}."
            self.warnings.append((keys.lines["output"], text))
        read = rates.get("cache_read")
        if entered and read and Decimal(read) > Decimal(entered):
            text = f"the cache read rate {read} is above the input rate {entered}."
            self.warnings.append((keys.lines["cache_read"], text))

    def tiers(self, node: Node | None) -> list[Plain]:
        tiers: list[Plain] = []
        for part in scalars.items(self.doc, node, "tiers").values if node else ():
            keys = self.known(part, "tier", ("above", "at_or_above", *RATES))
            given = [key for key in ("above", "at_or_above") if key in keys.values]
            if len(given) != 1:
                self.doc.fail(
                    part.line, "a tier needs exactly one of above, at_or_above.", "Write `above: 200000`."
                )
            start = scalars.whole(self.doc, keys.values[given[0]], given[0])
            if any(tier["start"] == start for tier in tiers):
                self.doc.fail(part.line, f"two tiers begin at {start}.", "Join the two.")
            self.thresholds.add(start)
            tiers.append(
                {"start": start, "inclusive": given == ["at_or_above"], "rates": self.some(keys, "tier")}
            )
        return sorted(tiers, key=lambda tier: int(tier["start"]))

    def windows(self, node: Node | None) -> list[Plain]:
        windows: list[Plain] = []
        for part in scalars.items(self.doc, node, "time_windows").values if node else ():
            keys = self.known(part, "time window", ("hours_utc", "weekdays", *RATES))
            spans = self.required(keys, "hours_utc", "time window")
            hours = [
                scalars.hours(self.doc, span) for span in scalars.items(self.doc, spans, "hours_utc").values
            ]
            if not hours:
                self.doc.fail(part.line, "hours_utc is empty.", 'Write `["01:00-04:00"]`.')
            self.minutes = gcd(self.minutes, *(minute for span in hours for minute in span))
            days = self.weekdays(keys.values.get("weekdays"))
            windows.append({"hours": hours, "weekdays": days, "rates": self.some(keys, "time window")})
        return windows

    def weekdays(self, node: Node | None) -> list[int]:
        if node is None:
            return [1, 2, 3, 4, 5, 6, 7]
        days = tuple("1234567")
        found = [
            int(scalars.choice(self.doc, n, "weekdays", days)) for n in self.filled(node, "weekdays").values
        ]
        return sorted(set(found))

    def some(self, keys: Entries, what: str) -> dict[str, str]:
        if not (rates := self.rates(keys)):
            self.doc.fail(keys.line, f"a {what} has no rate.", "List each rate that it changes.")
        return rates


def iso(day: date | None) -> str | None:
    """Text of a day."""
    return day.isoformat() if day else None
