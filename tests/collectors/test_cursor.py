"""The exports of Cursor's dashboard, in three generations of the header."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.collectors.support import events, issues, read, reader_of, rejected, written
from vaultsync.collectors.agents.cursor import Cursor
from vaultsync.collectors.logs.flat_events import FlatEvents
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import TokenCounts, UsageEvent

TOKENS = "Input (w/ Cache Write),Input (w/o Cache Write),Cache Read,Output Tokens,Total Tokens,Cost"
HEADERS = {
    "v1": f"Date,Model,{TOKENS},Cost to you",
    "v1 without the last column": f"Date,Model,{TOKENS}",
    "v2": f"Date,Kind,Model,Max Mode,{TOKENS}",
    "v3": f"Date,Cloud Agent ID,Automation ID,Kind,Model,Max Mode,{TOKENS}",
    "of a team": f"Date,User,Cloud Agent ID,Automation ID,Kind,Model,Max Mode,{TOKENS}",
}
ROW = {
    "Date": "2026-02-10T08:00:00.000Z", "Kind": "Included", "Model": "claude-4.5-opus-high-thinking",
    "Max Mode": "No", "Input (w/ Cache Write)": "300", "Input (w/o Cache Write)": "1200",
    "Cache Read": "5000", "Output Tokens": "70", "Total Tokens": "6570", "Cost": "0.49",
}  # fmt: skip
COUNTED = TokenCounts(input=1200, cache_read=5000, cache_write=300, output=70)


def export(*rows: dict[str, str], version: str = "v2", quoted: bool = True) -> str:
    text = io.StringIO()
    text.write(HEADERS[version] + "\n")
    names = HEADERS[version].split(",")
    style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(text, quoting=style, lineterminator="\n").writerows(
        [row.get(name, "") for name in names] for row in rows
    )
    return text.getvalue()


def told(tmp_path: Path, *rows: dict[str, str], version: str = "v2") -> list[UsageEvent]:
    found = read(Cursor(), written(tmp_path / "usage-events.csv", export(*rows, version=version)))
    assert not issues(found)
    return events(found)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def held(ledger: Ledger, *paths: Path) -> list[UsageEvent]:
    for path in paths:
        reader = reader_of(path)
        ledger.record(Batch("cursor", reader, list(Cursor().collect(reader))))
    return [stored.event for stored in ledger.latest(50)]


@pytest.mark.parametrize("version", HEADERS)
def test_u1_the_four_columns_of_tokens_are_disjoint(tmp_path: Path, version: str) -> None:
    (call,) = told(tmp_path, ROW, version=version)
    assert (call.tokens, call.provider, call.model) == (COUNTED, "cursor", "claude-4.5-opus-high-thinking")
    assert call.when.isoformat() == "2026-02-10T08:00:00+00:00" and not call.flags


@pytest.mark.parametrize("cost", ["Included", "-", "NaN", "", "Free"])
def test_u1_a_word_tells_no_cost(tmp_path: Path, cost: str) -> None:
    (call,) = told(tmp_path, ROW | {"Cost": cost})
    assert call.cost is None and call.cost_kind is None and not call.flags


@pytest.mark.parametrize(
    ("version", "more", "cost", "kind"),
    [
        ("v2", {}, "0.49", "notional"),
        ("v2", {"Kind": "On-Demand", "Cost": "$0.49"}, "0.49", "charged"),
        ("v2", {"Kind": "On-Demand", "Cost": "$1,200.50"}, "1200.50", "charged"),
        ("v2", {"Kind": "User API Key"}, "0.49", "estimated"),
        ("v2", {"Kind": "Errored, No Charge"}, "0", "charged"),
        ("v2", {"Kind": "Aborted, Not Charged", "Cost": "-"}, "0", "charged"),
        ("v1", {"Cost to you": "0.25"}, "0.25", "charged"),
        ("v1", {"Cost to you": "0.00"}, "0.49", "notional"),
        ("v1", {}, "0.49", "estimated"),
        ("v1 without the last column", {}, "0.49", "estimated"),
    ],
)
def test_what_a_cost_means(tmp_path: Path, version: str, more: dict[str, str], cost: str, kind: str) -> None:
    (call,) = told(tmp_path, ROW | more, version=version)
    assert (call.cost, call.cost_kind) == (Decimal(cost), kind)


def test_u2_overlapping_exports_tell_each_call_once(ledger: Ledger, tmp_path: Path) -> None:
    other = ROW | {"Date": "2026-02-11T08:00:00.000Z"}
    one = written(tmp_path / "a.csv", export(ROW, other))
    two = written(tmp_path / "b.csv", export(other, ROW, ROW))
    newer = written(tmp_path / "c.csv", export(ROW | {"Cloud Agent ID": "bc-1"}, other, version="v3"))
    assert len(held(ledger, one, two, newer, one)) == 3


def test_the_oldest_exports_tell_only_the_day_or_no_zone(tmp_path: Path) -> None:
    rows = [ROW | {"Date": "2026-02-10"}, ROW | {"Date": "2026-02-10 08:00:00"}]
    found = told(tmp_path, *rows, version="v1")
    assert [(call.when.isoformat(), call.grain) for call in found] == [
        ("2026-02-10T00:00:00+00:00", "day"),
        ("2026-02-10T08:00:00+00:00", "request"),
    ]


def test_a_call_that_failed_without_tokens_is_none(tmp_path: Path) -> None:
    none = dict.fromkeys(HEADERS["v1"].split(",")[2:7], "0")
    rows = [ROW | none | {"Cost": cost, "Kind": "Errored, No Charge"} for cost in ("0", "-", "")]
    assert told(tmp_path, *rows) == []
    assert len(told(tmp_path, ROW | none | {"Kind": "On-Demand"})) == 1


def test_empty_cells_and_separators_are_read(tmp_path: Path) -> None:
    more = {"Cache Read": "5,000", "Input (w/ Cache Write)": "", "Total Tokens": "6,270"}
    (call,) = told(tmp_path, ROW | more)
    assert call.tokens == TokenCounts(input=1200, cache_read=5000, output=70)


def test_a_bad_count_costs_its_row_and_a_wrong_total_is_told(tmp_path: Path) -> None:
    rows = [ROW | {"Output Tokens": "-5"}, ROW | {"Total Tokens": "1"}, ROW]
    found = read(Cursor(), written(tmp_path / "a.csv", export(*rows)))
    assert rejected(found) == [2] and len(events(found)) == 2
    assert events(found)[0].flags == ("total_mismatch",)


def test_an_export_is_known_by_its_header_and_is_nobody_elses(tmp_path: Path) -> None:
    for version in HEADERS:
        file = LogFile.look(written(tmp_path / "usage.csv", export(ROW, version=version)))
        assert Cursor().claims(file) and not FlatEvents().claims(file)
    other = written(tmp_path / "other.csv", "Date,Model,Output Tokens\n2026-02-10,gpt-5,7\n")
    assert not Cursor().claims(LogFile.look(other))


def test_every_beginning_is_survived(tmp_path: Path) -> None:
    data = ("\ufeff" + export(ROW, ROW | {"Date": "2026-02-11T08:00:00.000Z"}, version="v3")).encode()
    path = tmp_path / "usage.csv"
    for length in range(len(data)):
        reader = reader_of(written(path, data[:length]), rested=5)
        found = [*Cursor().collect(reader), *reader.issues] if Cursor().claims(reader.file) else []
        assert not issues(found) and len(events(found)) == max(0, data[:length].count(b"\n") - 1)


def test_quotes_are_no_matter(tmp_path: Path) -> None:
    plain = read(Cursor(), written(tmp_path / "a.csv", export(ROW, quoted=False)))
    assert plain == read(Cursor(), written(tmp_path / "b.csv", export(ROW)))
