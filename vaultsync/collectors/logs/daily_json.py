"""Read daily JSON: one object per day with its runs, its totals and its outcomes.

    {"date": "2026-01-07",
     "runs": [{"timestamp", "run_type", "run_log", "model"?, "provider"?, "project"?,
               "tokens": {"input", "output", "total"},
               "metrics": {"conversations_processed", "messages_sent", "errors"}}],
     "totals": {..., "estimated_cost_usd"}, "outcomes": {...}}

A file holds one such object, several (line by line or one after another), or an array of them.

Facts of the format. The runs are the events; `totals` and `outcomes` repeat them and are only compared. Where
`totals` tells of more runs than are listed, or no run is listed, the rest is one event of the day, flagged
`from_totals`. A `model`, `provider` or `project` of the day holds for runs without their own.
`totals.estimated_cost_usd` is meant for the whole day: where no run states a cost, each gets its share by
tokens, flagged `day_estimate`, so that what the log states for the day stands beside what is calculated for
the same runs. An outcome that no run tells of belongs to the last run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, Literal

from vaultsync.collectors.aliases import find, is_usage
from vaultsync.collectors.events import Built, Origin, build, counted
from vaultsync.collectors.families import COUNTS, Found
from vaultsync.collectors.outline import Lines, first_record, head_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import Repeated, json_document
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, instant, money, quote
from vaultsync.model import TOKEN_CLASSES, Finding, Issue, TokenCounts, UsageEvent
from vaultsync.periods import local_day

SOURCE = "daily-json"
RUN_COUNTS = ("runs", "total_runs", "run_count")
METRICS = ("conversations_processed", "messages_sent", "errors")
MICRO = Decimal("0.000001")


class DailyJson:
    """Days with their runs."""

    name = SOURCE
    kind: Literal["lines", "document"] = "document"

    def __init__(self, default_model: str | None = None, default_provider: str | None = None) -> None:
        self._model, self._provider = default_model, default_provider

    def claims(self, file: LogFile) -> bool:
        """True when the first object has a date, and runs or totals."""
        names = first_record(head_of(file)).values
        if "date" not in names:
            return False
        return "runs" in names or "totals" in names or ("outcomes" in names and not is_usage(names))

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the runs of each day in order, then what its totals tell beyond them."""
        values, text = json_document(reader)
        lines = Lines(text)
        for root, value in enumerate(values):
            several = isinstance(value, list)
            for n, day in enumerate(value if several else [value]):
                yield from self._day(day, (root, n) if several else (root,), reader, lines)

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular."""
        return ()

    def _day(
        self, record: Any, path: tuple[str | int, ...], reader: Reader, lines: Lines
    ) -> Iterator[Finding]:
        def issue(text: str, *below: str | int, rejected: bool = True) -> Issue:
            return Issue(reader.file.path, lines.of((*path, *below)), text, rejected)

        if isinstance(record, Repeated) and (twice := record.repeated & {"date", "runs", "totals"}):
            yield issue(f"{min(twice)} stands twice in the day. Join them, or remove one.")
        elif isinstance(record, dict):
            yield from _Day(record, self._origin(reader), issue).findings()
        else:
            yield issue(f"the day is {quote(record)}, not an object. Remove it.")

    def _origin(self, reader: Reader) -> Origin:
        return Origin(SOURCE, reader.zone, reader.now_ns, "run", model=self._model, provider=self._provider)


@dataclass(slots=True)
class _Day:
    """One day while it is read."""

    record: Mapping[str, Any]
    origin: Origin
    issue: Callable[..., Issue]
    common: dict[str, object] = field(default_factory=dict)
    """Model, provider and project of the day, for runs without their own."""
    events: list[UsageEvent] = field(default_factory=list)
    listed: int = 0
    """Runs in the list, bad ones included."""

    def findings(self) -> Iterator[Finding]:
        """Issues and events: the runs, then the day's rest, with the outcomes and the estimate of the day."""
        yield from self._head()
        yield from self._runs()
        totals = self.record.get("totals")
        if isinstance(totals, dict):
            try:
                stated = self._stated(totals)
            except BadField as error:
                stated = Found({})
                yield self._without_totals(error)
            cost = stated.values.pop("cost", None)
            yield from self._totals(stated)
            yield from self._outcomes(totals)
            yield from self._estimate(cost)
        else:
            if totals is not None:
                yield self._remark(f"totals is {quote(totals)}, not an object. It is left out.", "totals")
            yield from self._outcomes({})
        yield from self.events

    def _remark(self, text: str, *below: str | int) -> Issue:
        return self.issue(text, *below, rejected=False)

    def _without_totals(self, error: BadField) -> Issue:
        """Tell that the totals say nothing; where no runs are listed, all of the day is lost with them."""
        return self.issue(f"{error} The totals are left out.", "totals", rejected=not self.listed)

    def _head(self) -> Iterator[Issue]:
        """Date, model, provider and project of the day."""
        try:
            self.common = {
                n: v for n, v in find(self.record).values.items() if n in ("model", "provider", "project")
            }
            day = local_day(instant(self.record.get("date"), self.origin.zone, "date"), self.origin.zone)
            self.origin = replace(self.origin, day=day)
        except BadField as error:
            yield self._remark(f"{error} Runs count by their own timestamps.")

    def _runs(self) -> Iterator[Issue]:
        runs = self.record.get("runs")
        if runs is None:
            return
        if not isinstance(runs, list):
            yield self.issue(f"runs is {quote(runs)}, not a list. Fix the log.", "runs")
            return
        self.listed = len(runs)
        for n, run in enumerate(runs):
            try:
                if not isinstance(run, dict):
                    raise BadField(f"the run is {quote(run)}, not an object.")
                outcomes, remarks = counted(run.get("metrics"))
                built = build(self._with_common(find(run)), self.origin, outcomes)
            except BadField as error:
                yield self.issue(f"{error} Fix the log, or remove the run.", "runs", n)
                continue
            for remark in (*remarks, *built.remarks):
                yield self._remark(remark, "runs", n)
            self.events.append(built.event)

    def _with_common(self, found: Found) -> Found:
        return Found({**self.common, **found.values}, found.family)

    def _stated(self, totals: Mapping[str, Any]) -> Found:
        """The fields of the totals, with `requests` as the number of runs.

        Raises:
            BadField: A name stands twice.
        """
        runs = next((totals[name] for name in RUN_COUNTS if totals.get(name) is not None), None)
        found = self._with_common(find({"usage": totals, "requests": runs}))
        found.values.pop("when", None)
        return found

    def _day_event(self, found: Found) -> Built:
        """An event that stands for the day as a whole."""
        if self.origin.day is None and self.events:
            self.origin = replace(self.origin, day=local_day(self.events[-1].when, self.origin.zone))
        built = build(found, replace(self.origin, grain="day"))
        flags = {"from_totals", *built.event.flags} - {"assumed_date"}
        return Built(built.event._replace(flags=tuple(sorted(flags))), built.remarks)

    def _totals(self, stated: Found) -> Iterator[Issue]:
        """Hold the totals against the runs; what they tell beyond the list is an event of the day."""
        if stated.values.keys().isdisjoint(COUNTS):
            return
        try:
            day, remarks = self._day_event(stated)
        except BadField as error:
            yield self._without_totals(error)
            return
        for remark in remarks:
            yield self._remark(remark, "totals")
        runs = day.requests if "requests" in stated.values and "bad_count" not in day.flags else self.listed
        if not self.listed:
            self.events += [day] if day.tokens.total or day.unsplit else []
        elif runs > self.listed:
            yield self._remark(
                f"totals tell of {runs:,} runs, {self.listed:,} are listed. The rest counts as one event.",
                "totals",
            )
            self._add_rest(day, runs - self.listed)
        else:
            for name, said, found in self._differences(day):
                text = f"totals say {said:,} {name} tokens, the runs add up to {found:,}. The runs count."
                yield self._remark(text, "totals")

    def _differences(self, day: UsageEvent) -> Iterator[tuple[str, int, int]]:
        found = self._sum()
        if day.unsplit:
            whole = found.total + sum(event.unsplit for event in self.events)
            if day.unsplit != whole:
                yield "total", day.unsplit, whole
            return
        for name in ("input", "output"):
            said, sum_of_runs = getattr(day.tokens, name), getattr(found, name)
            if said != sum_of_runs:
                yield name, said, sum_of_runs

    def _sum(self) -> TokenCounts:
        return sum((event.tokens for event in self.events), TokenCounts())

    def _add_rest(self, day: UsageEvent, runs: int) -> None:
        """Count what is in the totals but not in the list, class by class, never negative."""
        found = self._sum()
        tokens = TokenCounts(*(max(0, getattr(day.tokens, n) - getattr(found, n)) for n in TOKEN_CLASSES))
        unsplit = 0
        if day.unsplit:
            unsplit = max(0, day.unsplit - found.total - sum(event.unsplit for event in self.events))
        if not tokens.total and not unsplit:
            return
        models = {(event.provider, event.model) for event in self.events}
        if day.model == "unknown" and len(models) == 1:  # the listed runs agree
            ((provider, model),) = models
            day = day._replace(provider=provider, model=model, flags=_flags(day, "assumed_model"))
        self.events.append(day._replace(tokens=tokens, unsplit=unsplit, requests=runs))

    def _outcomes(self, totals: Mapping[str, Any]) -> Iterator[Issue]:
        """Compare the day's outcomes with those of its runs; one that no run tells of goes to the last."""
        sums: dict[str, int] = {}
        for name, number in (pair for event in self.events for pair in event.outcomes):
            sums[name] = sums.get(name, 0) + number
        metrics = {name: totals[name] for name in {*METRICS, *sums} if name in totals}
        told, remarks = counted(
            {**metrics, **_dict(totals.get("metrics")), **_dict(self.record.get("outcomes"))}
        )
        for remark in remarks:
            yield self._remark(remark, "outcomes")
        for name, number in sorted(told.items()):
            if sums.get(name, number) != number:
                text = f"the day has {number:,} {name}, its runs add up to {sums[name]:,}. The runs count."
                yield self._remark(text, "outcomes")
        more = {name: number for name, number in told.items() if name not in sums}
        if any(more.values()) and not self.events:
            yield from self._empty()
        if more and self.events:
            last = self.events[-1]
            self.events[-1] = last._replace(outcomes=tuple(sorted((*last.outcomes, *more.items()))))

    def _empty(self) -> Iterator[Issue]:
        """A day without tokens, which carries outcomes."""
        try:
            event, _ = self._day_event(Found({**self.common, "input": 0, "output": 0}))
            self.events.append(event._replace(requests=0))
        except BadField as error:
            yield self.issue(f"{error} Its outcomes are left out.", "outcomes")

    def _estimate(self, stated: object) -> Iterator[Issue]:
        """Share the day's stated cost among runs that state none, else compare it with theirs."""
        if stated is None or not self.events:
            return
        try:
            amount = money(stated, "the day's estimated cost")
        except BadField as error:
            yield self._remark(f"{error} It is left out.", "totals")
            return
        own = [event.cost for event in self.events if event.cost is not None]
        if not own:
            self.events = _share(self.events, amount)
        elif len(own) == len(self.events) and sum(own) != amount:
            text = f"totals state a cost of {amount}, the runs state {sum(own)}. The runs count."
            yield self._remark(text, "totals")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _flags(event: UsageEvent, *more: str) -> tuple[str, ...]:
    return tuple(sorted({*event.flags, *more}))


def _share(events: Sequence[UsageEvent], amount: Decimal) -> list[UsageEvent]:
    """Give each event its part of an amount by its tokens; the parts add up to the amount exactly."""
    with localcontext(prec=100):
        return _exact_shares(events, amount)


def _exact_shares(events: Sequence[UsageEvent], amount: Decimal) -> list[UsageEvent]:
    weights = [event.tokens.total + event.unsplit for event in events]
    shared, left, rest = [], amount, sum(weights)
    for event, weight in zip(events, weights, strict=True):
        part = left if weight == rest else min(left, (left * weight / rest).quantize(MICRO))
        left, rest = left - part, rest - weight
        flags = _flags(event, "day_estimate")
        shared.append(event._replace(cost=part, cost_kind="estimated", flags=flags))
    return shared
