"""Draws a chart as a Mermaid block that every Mermaid since 10.9 can read, in light and in dark."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_CEILING, Decimal

from vaultsync.model import Chart
from vaultsync.render.numbers import rounded
from vaultsync.render.text import Markdown, label

PALETTE = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#eeca3b", "#9d755d")
# Only colours are set, so that text follows the app's theme; the default ones can hardly be seen.
_XY = (
    '%%{init: {"xyChart": {"width": 700, "height": 260}, '
    '"themeVariables": {"xyChart": {"plotColorPalette": "#4c78a8, #e45756"}}}}%%'
)
_PIE = (
    '%%{init: {"themeVariables": {'
    + ", ".join(f'"pie{n}": "{colour}"' for n, colour in enumerate(PALETTE, 1))
    + ', "pieOpacity": "0.9"}}}%%'
)

_SMALLEST = Decimal("0.0001")


def mermaid(chart: Chart) -> Markdown:
    """The fenced block; nothing where there is nothing to draw."""
    if not any(value >= _SMALLEST for value in chart.values):
        return Markdown("")
    lines = _pie(chart) if chart.kind == "pie" else _xy(chart)
    return Markdown("\n".join(["```mermaid", *lines, "```"]))


def _xy(chart: Chart) -> list[str]:
    highest = _ceiling(max((*chart.values, *chart.line)))
    labels = ", ".join(f'"{label(text)}"' for text in chart.labels)
    lines = [_XY, "xychart-beta", f'    title "{label(chart.title)}"', f"    x-axis [{labels}]"]
    lines += [f'    y-axis "{label(chart.axis)}" 0 --> {highest}', f"    bar {_series(chart.values)}"]
    return [*lines, f"    line {_series(chart.line)}"] if chart.line else lines


def _pie(chart: Chart) -> list[str]:
    slices: dict[str, Decimal] = {}
    for text, value in zip(chart.labels, chart.values, strict=True):
        if value >= _SMALLEST:
            name = label(text)  # two names may look alike here, and Mermaid would drop the second
            slices[name] = slices.get(name, Decimal(0)) + value
    return [
        _PIE,
        f"pie title {label(chart.title)}",
        *(f'    "{x}" : {_number(v)}' for x, v in slices.items()),
    ]


def _series(values: Sequence[Decimal]) -> str:
    return "[" + ", ".join(_number(value) for value in values) + "]"


def _number(value: Decimal) -> str:
    """A plain decimal: Mermaid knows neither exponents nor thousands."""
    return f"{rounded(max(value, Decimal(0))):f}"


def _ceiling(highest: Decimal) -> str:
    """The next 1, 2, 2.5 or 5 of its power of ten, so that the axis has round steps."""
    power = Decimal(1).scaleb(highest.adjusted())
    for step in ("1", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10"):
        if highest <= Decimal(step) * power:
            return f"{Decimal(step) * power:f}"
    return f"{highest.to_integral_value(ROUND_CEILING):f}"
