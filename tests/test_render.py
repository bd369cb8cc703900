"""What stands in a note: numbers as people read them, names that stay text, templates that cannot do harm."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.telling import Naive, Spent, state
from vaultsync import periods, render, report
from vaultsync.errors import TemplateError
from vaultsync.model import (
    Amount,
    BudgetState,
    Change,
    Chart,
    Column,
    Forecast,
    Insights,
    Notice,
    Report,
    Spike,
    Table,
    TokenCounts,
)
from vaultsync.render import charts, numbers, tables, text, view
from vaultsync.render import templates as engine
from vaultsync.report import Desk

SHIPPED = Path(__file__).parent.parent / "templates"
GOLDEN = Path(__file__).parent / "golden" / "notes"
DAY = date(2026, 1, 7)
TODAY = periods.day(DAY)
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def note(told: Report, templates: Path | None = None) -> str:
    return engine.run(f"{told.kind}.md.j2", view.of(told), templates, SHIPPED)


def daily(*events: Spent, **desk: object) -> Report:
    return report.daily(Desk(TODAY, Naive(events), **desk))  # type: ignore[arg-type]


# --- names -------------------------------------------------------------------------------------

NASTY = [
    "<%* tp.file.delete() %>",
    "<%+ tp.date.now() %>",
    "%><%",
    "std::vector",
    "key:: value",
    "[x:: 1]",
    "(x:: 1)",
    "::::",
    "`= this.file`",
    "`$= dv.pages()`",
    "a|b",
    "[[a|b]]",
    "a\\|b",
    "a\\",
    "$x$ and $y$",
    "%% hidden %%",
    "%% vaultsync:end daily %%",
    "%% vaultsync:begin daily 2026-01-07 sum=0 %%",
    "<!-- vaultsync:end -->",
    "#tag",
    "# heading",
    "[[Note]]",
    "![[Note]]",
    "![alt](https://example.com/x.png)",
    "[a](b)",
    "<script>alert(1)</script>",
    "</td>",
    "<!-- x",
    "&lt;b&gt;",
    "line ^id",
    "==mark== **bold** *i* __b__ _i_ ~~s~~",
    "two\nlines\r\nand\ttabs",
    "\n\n> quote",
    "> [!danger] x",
    "```\ncode",
    "~~~",
    "---",
    "***",
    "- [ ] task",
    "+ item",
    "1. item",
    "1) item",
    "    indented",
    "https://example.com/a",
    "www.example.com",
    "someone@example.com",
    "obsidian://open",
    "mailto:someone@example.com",
    "ask @octocat",
    "vaultsync:end daily",
    "evil \u202e txt.exe \u2066x\u2069",
    "\x1b[31mred\x1b[0m",
    "a\x00b\x85c\u2028d",
    "lone \ud800 surrogate",
    "=cmd()",
    "| - |",
    ":-:",
]
QUIET = {"inline", "text", "paragraph_open", "paragraph_close", "softbreak"}
"""Tokens of Markdown that is only text."""


def kinds(markdown: str) -> set[str]:
    """Every kind of token in it."""
    found = set()
    for token in MARKDOWN.parse(markdown):
        found.add(token.type)
        found |= {child.type for child in token.children or ()}
    return found - {"text_special"}


def shown(markdown: str) -> str:
    """The text that a reader sees."""
    return "".join(
        child.content for token in MARKDOWN.parse(markdown) for child in token.children or () if child.content
    )


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_only_text_wherever_it_stands(name: str) -> None:
    escaped = text.escape(name)
    for place in (escaped, f"so {escaped}", f"{escaped} is it"):
        assert kinds(place) <= QUIET, place


@pytest.mark.parametrize("name", NASTY)
def test_a_name_is_read_as_it_was_written(name: str) -> None:
    assert shown(text.escape(name)).replace("\u2060", "") == text.plain(name)


@pytest.mark.parametrize("name", NASTY)
def test_no_plugin_finds_its_sign_in_an_escaped_name(name: str) -> None:
    escaped = text.escape(name)
    signs = ["<%", "%>", "::", "%%", "[[", "]]", "`=", "`$", "://", "www.", "mailto:someone", "vaultsync:"]
    for sign in (*signs, " @octocat", "\n", "\t", "\x1b", "\u202e"):
        assert sign not in escaped
    assert not re.search(r"(?<!\\)[#$^`*<|=]", escaped)


@pytest.mark.parametrize("name", NASTY)
def test_a_name_in_a_cell_adds_no_cell_and_no_row(name: str) -> None:
    table = Table("t", "", (Column("Name"), Column("Calls", "count")), ((name, 1), (name, 2)))
    tokens = MARKDOWN.parse(tables.markdown(table))
    assert [token.type for token in tokens].count("td_open") == 4
    assert [token.type for token in tokens].count("table_open") == 1
    assert {child.type for token in tokens for child in token.children or ()} <= {"text", "text_special"}


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_name_leaves_the_shape_of_the_whole_note_as_it_is(name: str) -> None:
    def of(word: str) -> str:
        one = Spent(DAY, word, word, cost=None, session=word, project=word, branch=word, action=word)
        two = Spent(DAY, session="s", project="p", branch="b", action="manual", outcomes=((word, 2),))
        notices = (Notice("budget", f"llm_budget_usd in {word} is not a number."),)
        return note(daily(one, two, notices=notices))

    def shape(body: str) -> list[str]:
        return [token.type for token in MARKDOWN.parse(body)]

    assert shape(of(name)) == shape(of("name"))
    assert "::" not in of(name) and "%%" not in of(name)


@given(st.text())
def test_any_text_stays_text_on_one_line(name: str) -> None:
    escaped = text.escape(name)
    assert kinds(f"so {escaped} is it") <= QUIET
    assert "\n" not in escaped and "%%" not in escaped and "::" not in escaped
    assert len(text.plain(name)) <= 80


def test_a_long_name_ends_with_an_ellipsis_after_80_characters() -> None:
    assert text.plain("x" * 200) == "x" * 79 + "…"


def test_a_name_of_which_nothing_can_be_seen_is_not_nothing() -> None:
    for name in ("\u200b\u202e", "\u3164", "\u2800\u2800", "\ufe0f"):
        assert text.plain(name) == "\N{REPLACEMENT CHARACTER}"
    assert text.plain("❤\ufe0f") == "❤\ufe0f"
    assert text.plain(" ") == text.plain("") == ""


def test_usual_names_keep_a_readable_source() -> None:
    for name in (
        "claude-3-5-sonnet@20240620",
        "claude-opus-4-5",
        "gpt-5.2",
        "qwen3:32b",
        "llama3.3:70b-q4_K_M",
        "feature/notes",
        "tax_2025",
    ):
        assert text.escape(name) == name


# --- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "printed"),
    [
        ("0", "0.00"),
        ("1234567.005", "1,234,567.00"),
        ("1234567.015", "1,234,567.02"),
        ("1", "1.00"),
        ("0.99995", "1.00"),
        ("0.99994", "0.9999"),
        ("0.045", "0.0450"),
        ("0.0001", "0.0001"),
        ("0.00009999", "<0.0001"),
        ("1e-30", "<0.0001"),
        ("-3.2", "−3.20"),
        ("-0.5", "−0.5000"),
        ("1E+3", "1,000.00"),
    ],
)
def test_money_has_two_decimals_and_four_below_one_unit(value: str, printed: str) -> None:
    assert numbers.money(Decimal(value)) == printed


@given(st.decimals("1", "1e15", places=12))
def test_printed_money_is_the_exact_value_rounded_half_even(value: Decimal) -> None:
    expected = value.quantize(Decimal("0.01"), ROUND_HALF_EVEN)
    assert Decimal(numbers.money(value).replace(",", "")) == expected


@pytest.mark.parametrize(
    ("amount", "currency", "printed"),
    [
        (Amount(Decimal("1.2")), "USD", r"\$1.20"),
        (Amount(Decimal("1.2"), incomplete=True), "EUR", "≥ €1.20"),
        (Amount(Decimal(12)), "CHF", "12.00 CHF"),
        (Amount(Decimal(12), currency="GBP"), "USD", "£12.00"),
        (Amount(Decimal("-2")), "JPY", "−¥2.00"),
        (Amount(Decimal("0.00001")), "USD", r"<\$0.0001"),
        (Amount(None), "USD", "no price"),
    ],
)
def test_money_in_a_sentence_has_its_sign(amount: Amount, currency: str, printed: str) -> None:
    assert numbers.price(amount, currency) == printed


@given(st.lists(st.integers(0, 10**6), min_size=1).filter(any))
def test_shares_add_up_to_a_hundred(parts: list[int]) -> None:
    printed = numbers.shares([Decimal(part) / sum(parts) for part in parts])
    assert sum(0 if share == "<1%" else int(share[:-1]) for share in printed) == 100


def test_a_small_share_is_not_zero() -> None:
    assert numbers.shares([Decimal("0.999"), Decimal("0.001"), Decimal(0), None]) == ["100%", "<1%", "0%", ""]


def test_a_bar_shows_something_for_little_and_stops_when_full() -> None:
    bars = [numbers.bar(Decimal(part)) for part in ("0", "0.001", "0.5", "1", "7")]
    assert bars == ["░" * 10, "█" + "░" * 9, "█" * 5 + "░" * 5, "█" * 10, "█" * 10]


def test_a_sparkline_is_a_code_span_of_our_own_signs() -> None:
    assert numbers.sparkline([Decimal(0), Decimal(1), Decimal(2)]) == "`▁▅█`"
    assert numbers.sparkline([Decimal(0)]) == numbers.sparkline([]) == ""


@pytest.mark.parametrize(
    ("ratio", "printed"),
    [
        ("0", "0"),
        ("0.1333", "0.13"),
        ("12.34", "12"),
        ("1.26", "1.3"),
        ("0.00421", "0.0042"),
        ("1e-9", "<0.0001"),
    ],
)
def test_a_ratio_keeps_two_digits(ratio: str, printed: str) -> None:
    assert numbers.rate(Decimal(ratio)) == printed


# --- tables and properties ---------------------------------------------------------------------


def test_a_table_of_figures_ends_with_a_bold_total() -> None:
    summary = Naive([Spent(DAY), Spent(DAY, "acme", "m|x", cost=None)]).summarize(
        TODAY, ("provider", "model")
    )
    assert render.markdown_table(summary).splitlines() == [
        "| Provider | Model | Calls | Input | Cache | Output | Tokens | Cost (USD) |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        r"| acme | m\|x | 1 | 15,000 | 0 | 3,000 | 18,000 | no price |",
        "| anthropic | claude-opus-4-5 | 1 | 15,000 | 0 | 3,000 | 18,000 | 0.1500 |",
        "| **Total** | | **2** | **30,000** | **0** | **6,000** | **36,000** | **≥ 0.1500** |",
    ]


def test_a_table_without_groups_is_the_total_alone() -> None:
    lines = render.markdown_table(Naive([Spent(DAY)]).summarize(TODAY)).splitlines()
    assert len(lines) == 3 and lines[-1].startswith("| Total | 1 |")


def test_properties_are_numbers_as_the_app_would_write_them() -> None:
    told = daily(Spent(DAY, cost=Decimal("12.5")), budgets=(state(TODAY, "5", "12.5"),))
    found = render.properties(told)
    assert found == {
        "llm_cost_usd": Decimal("12.5"),
        "llm_tokens": 18_000,
        "llm_requests": 1,
        "llm_over_budget": True,
        "llm_period": "daily",
    }
    assert str(found["llm_cost_usd"]) == "12.5"


def test_the_currency_is_part_of_the_property_name() -> None:
    assert "llm_cost_eur" in render.properties(daily(Spent(DAY), currency="EUR"))


def test_an_unpriced_day_has_no_cost_property_and_a_quiet_one_costs_nothing() -> None:
    assert "llm_cost_usd" not in render.properties(daily(Spent(DAY, cost=None)))
    assert render.properties(daily())["llm_cost_usd"] == 0


# --- charts ------------------------------------------------------------------------------------


def test_a_chart_has_plain_numbers_and_an_axis_from_zero() -> None:
    values = (Decimal("1E+3"), Decimal("1234.567"), Decimal(0), Decimal("0.00000001"))
    block = charts.mermaid(Chart("c", "xy", "Cost", ("a", "b", "c", "d"), values, axis="USD"))
    assert "    bar [1000.00, 1234.57, 0.00, 0.00]" in block
    assert '    y-axis "USD" 0 --> 1500' in block


@pytest.mark.parametrize("kind", ["xy", "pie"])
@pytest.mark.parametrize("values", [(), (Decimal(0), Decimal(0))])
def test_nothing_to_draw_draws_nothing(kind: str, values: tuple[Decimal, ...]) -> None:
    chart = Chart("c", kind, "Cost", ("a",) * len(values), values)  # type: ignore[arg-type]
    assert charts.mermaid(chart) == ""


@given(st.lists(st.decimals("0.001", "1e9", places=6), min_size=1, max_size=14))
def test_no_bar_is_higher_than_the_axis(values: list[Decimal]) -> None:
    block = charts.mermaid(Chart("c", "xy", "Cost", tuple(map(str, range(len(values)))), tuple(values)))
    highest = re.search(r"0 --> ([\d.]+)$", block, re.MULTILINE)
    assert highest and Decimal(highest[1]) >= max(values) > 0
    assert not re.search(r"\d[eE]", block.split("%%\n")[1])


@pytest.mark.parametrize("name", NASTY)
def test_a_name_in_a_chart_keeps_harmless_signs_only(name: str) -> None:
    block = charts.mermaid(Chart("c", "pie", name, (name, "b"), (Decimal(1), Decimal(2))))
    lines = block.splitlines()
    assert len(lines) == 6
    assert re.fullmatch(r'    "[\w\-_.,/+() ]+" : 1.00', lines[3])
    assert re.fullmatch(r"pie title [\w\-_.,/+() ]+", lines[2])


def test_two_names_that_look_alike_in_a_chart_share_a_slice() -> None:
    block = charts.mermaid(Chart("c", "pie", "x", ("a:b", "a;b"), (Decimal(1), Decimal(2))))
    assert '"a b" : 3.00' in block


# --- notes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "spent", "more", "kind"),
    [
        ("5", "1", {}, "success"),
        ("5", "4", {}, "warning"),
        ("5", "5", {}, "warning"),
        ("5", "5.01", {}, "danger"),
        ("0", "0", {}, "success"),
        ("0", "1", {}, "danger"),
        ("5", "1", {"incomplete": True}, "summary"),
    ],
)
def test_the_callout_has_the_colour_of_the_budget(
    limit: str, spent: str, more: dict[str, object], kind: str
) -> None:
    told = daily(Spent(DAY, cost=Decimal(spent)), budgets=(state(TODAY, limit, spent, **more),))  # type: ignore[arg-type]
    assert note(told).startswith(f"> [!{kind}] ")


def test_a_quiet_day_is_short() -> None:
    assert len(note(daily(Spent(DAY, session="s", project="p"))).splitlines()) <= 10


def test_a_day_without_calls_is_one_line() -> None:
    assert note(daily()) == "No model calls on 7 Jan 2026."


def test_a_budget_that_is_a_share_says_so() -> None:
    told = daily(Spent(DAY), budgets=(state(TODAY, "1", "0.15", shared_from="2026-01"),))
    assert "15% · \\$0.8500 left · share of 2026-01" in note(told)


def test_an_incomplete_total_is_marked_and_explained() -> None:
    body = note(daily(Spent(DAY), Spent(DAY, "acme", "m", cost=None)))
    assert body.startswith("> [!summary] ≥ \\$0.1500")
    assert "> - No price for acme m: 1 event, 18,000 tokens." in body


def test_more_than_two_notices_are_folded() -> None:
    notices = tuple(Notice("rejected", f"{n} lines were rejected.") for n in range(3))
    assert "> [!info]- About" in note(daily(Spent(DAY), notices=notices))
    assert "> [!info] About" in note(daily(Spent(DAY), notices=notices[:2]))


def test_a_flat_fee_shows_what_it_covers() -> None:
    told = daily(Spent(DAY, cost=Decimal(0)))
    told = replace(told, total=replace(told.total, notional=Decimal("4.2")))
    assert "Covered by a flat fee: \\$4.20 at list price" in note(told)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert note(told("monthly")) == note(told("monthly"))


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly", "quarterly", "yearly", "dashboard"])
def test_no_line_ends_with_a_space_or_looks_like_a_marker(kind: str) -> None:
    body = note(told(kind))
    assert not re.search(r"[ \t]$", body, re.MULTILINE)
    assert "\n\n\n" not in body and body == body.strip("\n")
    outside = re.sub(r"```mermaid.*?```", "", body, flags=re.DOTALL)
    assert "%%" not in outside and "vaultsync:" not in body and "::" not in body


@pytest.mark.parametrize("kind", ["daily", "weekly", "monthly", "quarterly", "yearly", "dashboard"])
def test_a_note_looks_as_it_did(kind: str, request: pytest.FixtureRequest) -> None:
    path = GOLDEN / f"{kind}.md"
    body = note(told(kind)) + "\n"
    if request.config.getoption("--update-golden", default=False):
        path.write_bytes(body.encode())
    assert body == path.read_bytes().decode()


def told(kind: str) -> Report:
    """A small life with two models, two projects and outcomes, over three months."""
    events = [
        Spent(
            DAY - timedelta(days=3 * n),
            provider="openai" if n % 3 else "anthropic",
            model="gpt-5.2" if n % 3 else "claude-opus-4-5",
            tokens=TokenCounts(input=1_000 * n + 500, cache_read=9_000 * (n % 2), output=250 + n),
            cost=Decimal(n * n + 7) / 16,
            session=f"{n % 8:08x}-1111-4222-8333-0123456789ab",
            project=("garden", "vaultsync")[n % 2],
            branch="main",
            action=("skill commit", "manual")[n % 2],
            outcomes=(("messages_sent", n),) if n % 2 else (),
        )
        for n in range(34)
    ]
    events += [
        replace(event, provider="acme", model="new[[x]]", cost=None, project="garden") for event in events[:2]
    ]
    figures = Naive(events)
    of = {"quarterly": date(2025, 12, 30), "yearly": date(2025, 12, 30)}.get(kind, DAY)
    width = {"daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year"}
    period = figures.calendar.period(width.get(kind, "day"), of)  # type: ignore[arg-type]
    spans = {period, periods.month(of), *(figures.calendar.split(periods.quarter(of), "week"))}
    budgets = tuple(spent_in(figures, span) for span in sorted(spans))
    insights = Insights(
        change=Change("the one before", Decimal("3.5"), figures.summarize(period).total.cost),
        trend=Decimal("-0.75") if kind == "quarterly" else None,
        forecasts=(Forecast(periods.month(of), Decimal("44.5")),) if kind == "dashboard" else (),
        spikes=(Spike(periods.day(DAY), Decimal(9), Decimal("1.5")),) if kind == "dashboard" else (),
    )
    project = state(periods.month(of), "2", "3.25", project="garden")
    desk = Desk(period, figures, budgets=(*budgets, project), insights=insights)
    return report.build(kind, desk)  # type: ignore[arg-type]


def spent_in(figures: Naive, period: periods.Period) -> BudgetState:
    """A budget of one unit a day."""
    total = figures.summarize(period).total
    incomplete = bool(total.coverage.unpriced)
    return state(period, f"{period.length}", f"{total.cost or 0}", incomplete=incomplete)


# --- templates ---------------------------------------------------------------------------------


def own(folder: Path, source: str, name: str = "daily.md.j2") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(source)
    return folder


def test_one_block_of_a_shipped_template_can_be_replaced(tmp_path: Path) -> None:
    source = '{% extends "shipped/daily.md.j2" %}\n{% block models %}\nMine: {{ cost }}\n{% endblock %}\n'
    body = note(daily(Spent(DAY)), own(tmp_path, source))
    assert "Mine: \\$0.1500" in body and "| Provider |" not in body
    assert body.startswith("> [!summary]")


def test_a_block_can_keep_the_shipped_text_and_add_to_it(tmp_path: Path) -> None:
    source = (
        '{% extends "shipped/daily.md.j2" %}\n{% block models %}\n{{ super() }}\nand more\n{% endblock %}\n'
    )
    body = note(daily(Spent(DAY)), own(tmp_path, source))
    assert "| anthropic | claude-opus-4-5 | 1 | 15,000 | 3,000 | 0.1500 |\n\nand more" in body


def test_an_own_base_changes_every_shipped_template(tmp_path: Path) -> None:
    own(tmp_path, "{% block callout %}{{ cost }}{% endblock %}", "base.md.j2")
    assert note(daily(Spent(DAY)), tmp_path) == "\\$0.1500"


def test_a_name_is_escaped_without_being_asked(tmp_path: Path) -> None:
    told = daily(Spent(DAY, project="[[a]]"))
    sources = {
        "{{ only[0] }}": r"\[\[a\]\]",
        "{{ only[0]|upper }}": r"\[\[A\]\]",
        "{{ cost ~ only[0] }}": r"\\\$0.1500\[\[a\]\]",
        '{{ [cost, only[0]]|join(" · ") }}': r"\$0.1500 · \[\[a\]\]",
        "{% macro m(x) %}**{{ x }}**{% endmacro %}{{ m(only[0]) }}": r"**\[\[a\]\]**",
        "{% set x %}*{{ only[0] }}*{% endset %}{{ x }}": r"*\[\[a\]\]*",
        "{{ only }}": r"('\[\[a\]\]',)",
    }
    for n, (source, printed) in enumerate(sources.items()):
        assert note(told, own(tmp_path / str(n), source)) == printed


def test_nothing_makes_a_foreign_text_safe(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="safe"):
        note(daily(Spent(DAY, project="[[a]]")), own(tmp_path, "{{ only[0]|safe }}"))


def test_an_undefined_name_tells_file_and_line(tmp_path: Path) -> None:
    folder = own(tmp_path, "one\n\n{{ costs }}\n")
    with pytest.raises(TemplateError, match=re.escape(f"{folder / 'daily.md.j2'}:3: 'costs' is undefined")):
        note(daily(Spent(DAY)), folder)


def test_a_syntax_error_tells_file_and_line(tmp_path: Path) -> None:
    folder = own(tmp_path, "one\n{% if %}\n")
    with pytest.raises(TemplateError, match=re.escape(f"{folder / 'daily.md.j2'}:2: ")):
        note(daily(Spent(DAY)), folder)


def test_an_error_inside_an_included_file_names_that_file(tmp_path: Path) -> None:
    own(tmp_path, "\n{{ 1 / 0 }}", "part.md.j2")
    own(tmp_path, '{% include "part.md.j2" %}')
    with pytest.raises(TemplateError, match=re.escape(f"{tmp_path / 'part.md.j2'}:2: division")):
        note(daily(Spent(DAY)), tmp_path)


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ show.__globals__ }}",
        "{{ show.__closure__ }}",
        "{{ cycler.__init__.__globals__.os.system('id') }}",
        "{{ self._TemplateReference__context }}",
        "{{ only|attr('__class__') }}",
        "{{ '{0.__class__}'.format(only) }}",
        "{{ '{a.__class__}'.format_map({'a': only}) }}",
        "{{ 'x' * 10**10 }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ '%9999999999d'|format(1) }}",
        "{{ 'x'.ljust(9999999999) }}",
        "{{ 'x'.zfill(9999999999) }}",
        "{{ 'x'|indent(9999999999, true) }}",
        "{{ [0] * 10 }}",
        "{{ 9**9**9 }}",
        "{% for a in range(10000000) %}x{% endfor %}",
        "{% for a in range(90000) %}{{ cost }}{{ cost }}{% endfor %}",
        "{% do 1 %}",
        "{% import 'os' as os %}",
    ],
)
def test_a_template_cannot_escape_or_flood(tmp_path: Path, source: str) -> None:
    with pytest.raises(TemplateError):
        note(daily(Spent(DAY, project="p")), own(tmp_path, source))


@pytest.mark.parametrize(
    "name",
    [
        "../secret.j2",
        "/etc/passwd",
        "..\\secret.j2",
        "link.j2",
        "notes.md",
        "shipped/../../x.j2",
        "a/../b.j2",
    ],
)
def test_an_include_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.j2").write_text("secret")
    folder = own(tmp_path / "mine", f"{{% include {name!r} %}}")
    (folder / "notes.md").write_text("secret")
    (folder / "link.j2").symlink_to(tmp_path / "secret.j2")
    with pytest.raises(TemplateError):
        note(daily(Spent(DAY)), folder)


@pytest.mark.parametrize("source", ["%% vaultsync:end daily %%", "> <!-- vaultsync:end daily -->", "a %% b"])
def test_a_template_cannot_print_markers_or_comments(tmp_path: Path, source: str) -> None:
    with pytest.raises(TemplateError, match="prints"):
        note(daily(Spent(DAY)), own(tmp_path, source))


def test_a_template_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    for content in ("{{ cost }}".encode("utf-16"), b"one\n\xff"):
        (tmp_path / "daily.md.j2").write_bytes(content)
        line = content.count(b"\n") + 1
        said = re.escape(f"{tmp_path / 'daily.md.j2'}:{line}: is not UTF-8. Save it as UTF-8.")
        with pytest.raises(TemplateError, match=said):
            note(daily(Spent(DAY)), tmp_path)


@pytest.mark.parametrize("name", ["daily.md.j2", "base.md.j2"])
@pytest.mark.parametrize("kind", ["folder", "pipe", "link out", "link to nothing", "link to itself"])
def test_what_has_the_name_of_a_template_and_is_none_is_not_passed_over(
    tmp_path: Path, name: str, kind: str
) -> None:
    """The shipped one in its place would be a layout that nobody asked for."""
    folder = tmp_path / "mine"
    folder.mkdir()
    file = folder / name
    if kind == "folder":
        file.mkdir()
    elif kind == "pipe":
        os.mkfifo(file)
    else:
        (tmp_path / "other.j2").write_text("other")
        file.symlink_to({"link out": "../other.j2", "link to nothing": "none.j2"}.get(kind, name))
    with pytest.raises(TemplateError, match=f"the template '{name}' is no file inside its folder") as trouble:
        note(daily(Spent(DAY)), folder)
    assert str(trouble.value).startswith(str(folder if name == "daily.md.j2" else SHIPPED))


def test_a_byte_order_mark_is_no_part_of_a_template(tmp_path: Path) -> None:
    (tmp_path / "daily.md.j2").write_bytes(b"\xef\xbb\xbf{{ cost }}")
    assert note(daily(Spent(DAY)), tmp_path) == r"\$0.1500"


def test_a_notice_fills_in_names_counts_and_money() -> None:
    notice = Notice("unpriced", "No {} for {}: {}.", ("[[x]]", 12_345, Amount(Decimal("1.5"))))
    assert view.notice(notice, "USD") == r"No \[\[x\]\] for 12,345: \$1.50."
