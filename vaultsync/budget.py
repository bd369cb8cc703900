"""Read limits from the front matter of notes, and hold what was spent against them.

A key that names no period means that of its note; in a dashboard or project note, the month.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Literal

from vaultsync.model import Budget, BudgetState, Line
from vaultsync.periods import KINDS, PERIOD_OF, Calendar, Kind, NoteKind, Period
from vaultsync.text import nearest

Origin = NoteKind | Literal["project"]
"""What a note that holds budgets is about."""
PREFIX = "llm_budget"
LARGEST = Decimal(10) ** 15
PLACES = Decimal("1e-12")
"""A share by days is rounded here; the shares of a period add up to its limit all the same."""
PRECISION = 120
"""Digits of a sum, so that nothing is rounded on the way."""

_KINDS: Mapping[str, Kind] = {str(word): kind for word, kind in PERIOD_OF.items()}
"""Word in a key -> the kind of period it limits."""
_MAKERS = {"claude": "anthropic", "chatgpt": "openai", "gpt": "openai", "gemini": "google", "grok": "xai"}
"""What people call a provider."""
_NEAR = 0.8
"""How alike a word is to a period that it was meant to be; no provider of the price list is."""
_SIGNS = {"€": ("EUR",), "£": ("GBP",), "¥": ("JPY", "CNY"), "₹": ("INR",)}
_DOLLARS = ("USD", "AUD", "CAD", "HKD", "NZD", "SGD")
_SIGN = r"([$€£¥₹]|[A-Za-z]{3})?"
_AMOUNT = re.compile(rf"{_SIGN}\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{{1,3}})?)\s*{_SIGN}")


class _Unreadable(ValueError):
    """Why a value is no budget; ends with what to do."""


# --- reading -----------------------------------------------------------------------------------


def read(
    properties: Mapping[str, object],
    origin: str,
    note_kind: Origin,
    period: Period | None,
    currency: str,
    providers: Callable[[], Collection[str]] | None = None,
) -> tuple[list[Budget], list[str]]:
    """Read the budgets of one note.

    Keys: `llm_budget_usd`, `llm_budget_monthly_usd`, `llm_budget_claude_usd`,
    `llm_budget_claude_monthly_usd`, and the map `llm_budget: {claude: 5, monthly: 60}`. The last word is the
    report currency.

    Args:
        properties: Front matter as parsed; other keys are ignored.
        origin: The note, for people.
        period: That of a periodic note, whose own period is all it may limit; None for the others.
        currency: The report's, upper case.
        providers: Gives those that are known, when one is named; None: any is.

    Returns:
        The budgets; and a sentence for each key that cannot be read, naming note and key.
    """
    budgets: list[Budget] = []
    problems: list[str] = []
    own: Kind = period.kind if period else "month"
    try:
        projects = _projects(properties) if note_kind == "project" else [None]
    except _Unreadable as trouble:
        return [], [f"{origin}: {trouble}"]
    for key, words, value in _entries(properties, currency):
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        try:
            if words is None:
                raise _Unreadable(f"is not in {currency}. End the key with _{currency.lower()}.")
            provider, kind = _scope(words)
            if provider and providers:
                provider = _as_known(provider, providers())
            if period and kind not in (None, own):
                raise _Unreadable("limits other periods than the note's. Move it to the dashboard note.")
            limit = _limit(value, currency)
        except _Unreadable as trouble:
            problems.append(f"{origin}: {key} {trouble}")
            continue
        label = period.label if period else None
        project, *also = projects
        name = f"{origin} {key}"
        budgets.append(Budget(kind or own, limit, name, provider, project, label, tuple(filter(None, also))))
    return budgets, problems


def _projects(properties: Mapping[str, object]) -> list[str | None]:
    """Log names of the project that a note ties."""
    named = properties.get("llm_project")
    each = named if isinstance(named, list) else [named]
    names = [
        str(name).strip()
        for name in each
        if isinstance(name, str | int | date) and not isinstance(name, bool)
    ]
    if not names or not all(names) or len(names) < len(each):
        raise _Unreadable(f"llm_project is {_quoted(named)}. Name the project, or a list of its names.")
    return list(dict.fromkeys(names))


def _entries(
    properties: Mapping[str, object], currency: str
) -> Iterator[tuple[str, list[str] | None, object]]:
    """Key as written, its words between prefix and currency, and value; None for one of another currency."""
    end = f"_{currency.lower()}"
    for key, value in properties.items():
        name = str(key).lower()
        if name == PREFIX and isinstance(value, Mapping):
            for inner, amount in value.items():
                word = str(inner).strip().lower().removesuffix(end)
                yield f"{key}.{inner}", re.split(r"[\s_-]+", word), amount
        elif name == PREFIX:
            yield str(key), [], value
        elif name.startswith(f"{PREFIX}_"):
            inner = name.removeprefix(f"{PREFIX}_").removesuffix(end.removeprefix("_")).removesuffix("_")
            words = re.sub(r"\s+", "-", inner.strip()).split("_") if name != f"{PREFIX}{end}" else []
            yield str(key), words if name.endswith(end) else None, value


def _scope(words: Sequence[str]) -> tuple[str | None, Kind | None]:
    """Provider and kind of period that the words of a key name."""
    kind = _KINDS.get(words[-1]) if words else None
    rest = words[:-1] if kind else words
    provider = "-".join(rest)
    if any(word in _KINDS or not word for word in rest):
        raise _Unreadable(
            "is not a known key. Write a provider, then daily, weekly, monthly, quarterly or yearly."
        )
    if rest and kind is None:
        _check_spelling(rest[-1])
    return _MAKERS.get(provider, provider) or None, kind


def _check_spelling(word: str) -> None:
    """Refuse a period that is nearly spelt right: taken for a provider, it would limit nothing, unnoticed."""
    from difflib import get_close_matches

    near = get_close_matches(word, [*_KINDS, *KINDS], n=1, cutoff=_NEAR)
    if near:
        kind = _KINDS.get(near[0], near[0])
        meant = next(name for name, of in _KINDS.items() if of == kind)
        raise _Unreadable(f"names no period. Did you mean {meant!r}?")


def _as_known(provider: str, known: Collection[str]) -> str:
    """A provider as it is spelt elsewhere: in a key, words are parted by `_` and written small.

    Raises:
        _Unreadable: Nothing tells of it: spelt wrong, it would limit nothing, unnoticed.
    """
    if provider in known:
        return provider
    found = {_folded(name): name for name in sorted(known)}.get(_folded(provider))
    if found is None:
        near = nearest(provider, {*known, *_MAKERS}) or " Write it as `vaultsync report` does."
        raise _Unreadable(f"names provider {provider!r}, of which neither price lists nor logs tell.{near}")
    return found


def _folded(provider: str) -> str:
    return re.sub(r"[\s_-]+", "-", provider.lower())


def _limit(value: object, currency: str) -> Decimal:
    """A limit as written: a number, or text with a sign or code of the currency."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise _Unreadable(f"is {_quoted(value)}, which is not an amount. Write a number, such as 5.00.")
    if isinstance(value, int) and abs(value) >= LARGEST:
        raise _Unreadable("is too large. Leave it empty for no budget.")
    text = str(value).strip()
    if "," in text:
        raise _Unreadable(
            f"is {_quoted(value)}; a comma may part thousands or decimals. Write 1234.5, without a comma."
        )
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise _Unreadable(f"is {_quoted(value)}, which is not an amount. Write a number, such as 5.00.")
    for sign in filter(None, (found[1], found[3])):
        _check_currency(sign, value, currency)
    amount = Decimal(found[2])
    if amount < 0:
        raise _Unreadable(f"is {_quoted(value)}; a budget cannot be negative. Write 0 or more.")
    if amount >= LARGEST:
        raise _Unreadable("is too large. Leave it empty for no budget.")
    return abs(amount)


def _check_currency(sign: str, value: object, currency: str) -> None:
    """Refuse an amount in another currency than the report's."""
    known = _DOLLARS if sign == "$" else _SIGNS.get(sign, (sign.upper(),))
    if currency not in known:
        raise _Unreadable(f"is {_quoted(value)}, but the report is in {currency}. Write it in {currency}.")


def _quoted(value: object) -> str:
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


# --- spending ----------------------------------------------------------------------------------


def states(
    budgets: Sequence[Budget],
    period: Period,
    calendar: Calendar,
    spent_of: Callable[[Mapping[str, str]], Line],
) -> list[BudgetState]:
    """Hold what was spent in a period against every budget that reaches it.

    For everything, each provider and each project the closest budget counts: the period's own note, then the
    standing budget of its kind, then the share by days of the next wider period that has one.

    Args:
        budgets: Of two alike the first counts.
        spent_of: Dimension -> value, empty for everything, to the sum of the period's events that have it.

    Returns:
        The state of everything first, then of providers, then of projects, by name.
    """
    scopes: dict[tuple[str, str], list[Budget]] = {}
    for budget in budgets:
        scopes.setdefault((budget.project or "", budget.provider or ""), []).append(budget)
    with localcontext(prec=PRECISION):
        limits = (
            _closest(alike, period, calendar) for _, alike in sorted(scopes.items(), key=lambda item: item[0])
        )
        return [_state(period, *limit, spent_of) for limit in limits if limit]


def _closest(
    budgets: Sequence[Budget], period: Period, calendar: Calendar
) -> tuple[Budget, Decimal, str | None] | None:
    """The budget that limits a period, the limit, and of which wider period it is a share."""
    own = _of(budgets, period)
    if own:
        return own, own.limit, None
    for kind in KINDS[KINDS.index(period.kind) + 1 :]:
        wider = list(calendar.split(period, kind))
        limits = [_of(budgets, each) for each in wider]
        first = limits[0]
        if first and all(limits):
            shares = [_share(b.limit, each, period) for b, each in zip(limits, wider, strict=True) if b]
            return first, sum(shares, Decimal(0)), " and ".join(each.label for each in wider)
    return None


def _of(budgets: Sequence[Budget], period: Period) -> Budget | None:
    """The budget for just this period, else the standing one of its kind."""
    same = [budget for budget in budgets if budget.kind == period.kind]
    own = [budget for budget in same if budget.period == period.label]
    return next(iter(own), next((budget for budget in same if budget.period is None), None))


def _share(limit: Decimal, wide: Period, part: Period) -> Decimal:
    """What of a limit falls on the days of a part; the parts of a period add up to its limit exactly.

    It is the difference of two rounded sums since the start of the period: what is cut off one part goes to
    the next.
    """
    first, last = max(part.start, wide.start), min(part.end, wide.end)
    return _until(limit, wide, last) - _until(limit, wide, first)


def _until(limit: Decimal, wide: Period, day: date) -> Decimal:
    if day == wide.end:
        return limit
    return (limit * (day - wide.start).days / wide.length).quantize(PLACES, ROUND_HALF_EVEN)


def _state(
    period: Period,
    budget: Budget,
    limit: Decimal,
    shared_from: str | None,
    spent_of: Callable[[Mapping[str, str]], Line],
) -> BudgetState:
    spent, incomplete = Decimal(0), False
    scope = {"provider": budget.provider} if budget.provider else {}
    for project in (budget.project, *budget.also):
        line = spent_of({**scope, "project": project} if project is not None else scope)
        spent += line.cost or 0
        incomplete |= line.is_incomplete
    return BudgetState(budget, period, limit, spent, shared_from, incomplete)
