"""Numbers as people read them; each is rounded here, once, half to even."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from vaultsync.model import Amount
from vaultsync.render.text import Markdown, escape

SIGNS = {"USD": r"\$", "EUR": "€", "GBP": "£", "JPY": "¥"}
SPARKS = "▁▂▃▄▅▆▇█"
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_CENT, _FINE = Decimal("0.01"), Decimal("0.0001")


def rounded(value: Decimal) -> Decimal:
    """Two decimals, four below one unit."""
    if abs(value) < 1:
        fine = value.quantize(_FINE, context=_EXACT)
        return fine if 0 < abs(fine) < 1 else fine.quantize(_CENT)
    return value.quantize(_CENT, context=_EXACT)


def shortest(value: Decimal) -> Decimal:
    """The rounded value without trailing zeros and without an exponent: `12.5`, `0.045`, `100`."""
    return Decimal(f"{rounded(value).normalize():f}")


def money(value: Decimal) -> str:
    """`1,234.50`, `0.0450`, `<0.0001`, `0.00`, `−3.20`; no currency."""
    if value and abs(value) < _FINE:
        return "<0.0001" if value > 0 else "−0.0001"
    return f"{rounded(value):,f}".replace("-", "−")


def cell(amount: Amount) -> str:
    """Money for a table whose header names the currency: `≥ 1.20` where some of it has no price."""
    if amount.value is None:
        return "no price"
    return "≥ " * amount.incomplete + money(amount.value)


def price(amount: Amount, currency: str) -> Markdown:
    r"""Money in a sentence: `\$1.20`, `≥ €3.00`, `12.00 CHF`; a bare dollar sign could begin a formula."""
    if amount.value is None:
        return Markdown("no price")
    code = amount.currency or currency
    text = money(amount.value)
    sign = SIGNS.get(code)
    if sign is None:
        return Markdown("≥ " * amount.incomplete + f"{text} {escape(code)}")
    before = "≥ " * amount.incomplete + text[: len(text) - len(text.lstrip("−<"))]
    return Markdown(before + sign + text.lstrip("−<"))


def count(value: int | Decimal) -> str:
    """`1,234`."""
    whole = int(Decimal(value).quantize(Decimal(1), context=_EXACT))
    return f"{whole:,}".replace("-", "−")


def percent(fraction: Decimal) -> Markdown:
    """`14%`, `<1%`, `1,250%`."""
    whole = int((fraction * 100).quantize(Decimal(1), context=_EXACT))
    return Markdown("<1%" if fraction > 0 and not whole else f"{whole:,}%".replace("-", "−"))


def shares(fractions: Sequence[Decimal | None]) -> list[str]:
    """Percentages of one whole that add up to 100: the largest remainders are rounded up."""
    exact = [(fraction or Decimal(0)) * 100 for fraction in fractions]
    whole = [int(share.to_integral_value(ROUND_FLOOR)) for share in exact]
    missing = int(sum(exact, Decimal(0)).quantize(Decimal(1), context=_EXACT)) - sum(whole)
    for index in sorted(range(len(exact)), key=lambda i: (whole[i] - exact[i], i))[:missing]:
        whole[index] += 1
    return [_share(f, n) for f, n in zip(fractions, whole, strict=True)]


def _share(fraction: Decimal | None, whole: int) -> str:
    if fraction is None:
        return ""
    return "<1%" if fraction > 0 and not whole else f"{whole}%"


def rate(value: Decimal) -> str:
    """A small ratio: `12.5`, `0.13`, `0.0042`, `<0.0001`."""
    if not value or value < _FINE:
        return "<0.0001" if value else "0"
    digits = max(0, 1 - value.adjusted()) if abs(value) < 100 else 0
    return f"{value.quantize(Decimal(1).scaleb(-digits), context=_EXACT):,f}"


def bar(fraction: Decimal, width: int = 10) -> Markdown:
    """`███░░░░░░░`; full above one, never empty for something."""
    filled = int((fraction * width).quantize(Decimal(1), context=_EXACT))
    filled = min(width, max(filled, 1 if fraction > 0 else 0))
    return Markdown("█" * filled + "░" * (width - filled))


def sparkline(values: Sequence[Decimal]) -> Markdown:
    """A code span such as `▁▂▅█`, from zero to the highest; nothing where all is zero."""
    highest = max(values, default=Decimal(0))
    if highest <= 0:
        return Markdown("")
    steps = (int((value / highest * 7).quantize(Decimal(1), context=_EXACT)) for value in values)
    return Markdown("`" + "".join(SPARKS[max(step, 0)] for step in steps) + "`")
