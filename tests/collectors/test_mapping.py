"""Mappings: foreign logs become events by a table in vaultsync.yaml."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.collectors.support import events, issues, read, rejected, written
from vaultsync.collectors.logs.mapping import BadMapping, MappedLog, MappingSpec
from vaultsync.collectors.reading import LogFile
from vaultsync.model import Finding, TokenCounts, UsageEvent

BASE: dict[str, Any] = {
    "name": "gateway",
    "files": "*.csv",
    "columns": {"when": "at", "model": "model", "input": "in", "output": "out"},
}
CSV = "at,model,in,out\n2026-01-07T14:30:00Z,gpt-5,800,20\n"


def mapped(folder: Path, text: str, name: str = "log.csv", **changed: Any) -> list[Finding]:
    """Findings of a file under the base mapping with some keys changed."""
    return read(MappedLog(MappingSpec.from_dict({**BASE, **changed})), written(folder / name, text))


def one(folder: Path, text: str, name: str = "log.csv", **changed: Any) -> UsageEvent:
    """The only event."""
    (event,) = events(mapped(folder, text, name, **changed))
    return event


def test_columns_become_fields(tmp_path: Path) -> None:
    event = one(tmp_path, CSV)
    assert (event.source, event.model, event.tokens) == ("gateway", "gpt-5", TokenCounts(800, output=20))


def test_constants_hold_for_every_event(tmp_path: Path) -> None:
    event = one(tmp_path, CSV, constants={"provider": "OpenAI", "project": "p", "mode": "batch"})
    assert (event.provider, event.project, event.mode) == ("openai", "p", "batch")


def test_prompt_is_read_with_its_cached_tokens(tmp_path: Path) -> None:
    text = "at,p,c,out\n2026-01-07T14:30:00Z,2000,1024,5\n"
    columns = {"when": "at", "prompt": "p", "cache_read": "c", "output": "out"}
    assert one(tmp_path, text, columns=columns).tokens == TokenCounts(976, 1024, output=5)


def test_fields_may_go_by_the_names_of_flat_events(tmp_path: Path) -> None:
    columns = {"timestamp": "at", "model_name": "model", "input_tokens": "in", "output_tokens": "out"}
    assert one(tmp_path, CSV, columns=columns) == one(tmp_path, CSV)


@pytest.mark.parametrize(
    ("time_format", "written_as"),
    [
        *((None, "2026-01-07 14:30"), ("unix", "1767796200"), ("unix_ms", "1767796200000")),
        *(("%d.%m.%Y %H:%M", "07.01.2026 14:30"), ("%m/%d/%Y %I:%M %p", "01/07/2026 02:30 PM")),
    ],
)
def test_time_formats(tmp_path: Path, time_format: str | None, written_as: str) -> None:
    event = one(tmp_path, CSV.replace("2026-01-07T14:30:00Z", written_as), time_format=time_format)
    assert event.when == datetime(2026, 1, 7, 14, 30, tzinfo=UTC)


def test_date_format_makes_days(tmp_path: Path) -> None:
    event = one(tmp_path, CSV.replace("2026-01-07T14:30:00Z", "07.01.2026"), time_format="%d.%m.%Y")
    assert event.grain == "day" and event.when == datetime(2026, 1, 7, tzinfo=UTC)


def test_decimal_comma_and_points_between_thousands(tmp_path: Path) -> None:
    text = "at;in;out;cost\n2026-01-07;1.500;20;1.000,27\n"
    columns = {"when": "at", "input": "in", "output": "out", "cost": "cost"}
    event = one(tmp_path, text, columns=columns, decimal_comma=True)
    assert event.tokens.input == 1500 and event.cost == Decimal("1000.27")


def test_thousands_by_another_sign(tmp_path: Path) -> None:
    assert one(tmp_path, CSV.replace("800", "1'800"), thousands="'").tokens.input == 1800


@pytest.mark.parametrize("bad", ["1.50", "1.5000", "1,5", "1.500.00"])
def test_number_in_another_way_of_writing_is_rejected(tmp_path: Path, bad: str) -> None:
    text = CSV.replace(",", ";").replace("800", bad)
    assert rejected(mapped(tmp_path, text, decimal_comma=True)) == [2]


def test_missing_column_is_told_with_the_nearest(tmp_path: Path) -> None:
    columns = {**BASE["columns"], "project": "modle"}
    found = mapped(tmp_path, CSV, columns=columns)
    assert len(events(found)) == 1
    assert [i.text for i in issues(found)] == ["no column 'modle' for project. Did you mean 'model'?"]


def test_a_first_line_that_is_no_header_is_not_quoted(tmp_path: Path) -> None:
    found = mapped(tmp_path, "Dear SECRET,I have,one,question\n")
    assert issues(found) and not any("SECRET" in issue.text for issue in issues(found))


def test_bad_row_costs_itself_only(tmp_path: Path) -> None:
    found = mapped(tmp_path, CSV + "2026-01-07T14:30:00Z,gpt-5,-1,20\n" + CSV.splitlines()[1] + "\n")
    assert len(events(found)) == 2 and rejected(found) == [3]


RECORD = {"at": "2026-01-07T14:30:00Z", "a.b": "x", "use": {"in": 800, "out": [0, 20]}, "prompt": "secret"}
PATHS = {"when": "at", "input": "use.in", "output": "use.out.1", "project": "a.b"}


INVOICES = "from,to,amount\n2026-03-01,2026-04-01,12.50\n2026-04-01,2026-05-01,\n"
INVOICE: dict[str, Any] = {
    "columns": {"when": "from", "until": "to", "cost": "amount"},
    "constants": {"provider": "mistral"},
    "tells": "bills",
}


def test_a_bill_needs_no_tokens_and_may_be_of_a_month(tmp_path: Path) -> None:
    found = mapped(tmp_path, INVOICES, **INVOICE)
    (event,) = events(found)
    assert (event.provider, event.model, event.tokens.total, event.requests) == ("mistral", "(all)", 0, 0)
    assert (event.cost, event.cost_kind, event.grain) == (Decimal("12.50"), "billed", "month")
    assert rejected(found) == [3]


@pytest.mark.parametrize(("tells", "day"), [("calls", 6), ("usage", 7)])
def test_the_days_of_a_provider_are_of_utc(tmp_path: Path, tells: str, day: int) -> None:
    path = written(tmp_path / "log.csv", CSV.replace("2026-01-07T14:30:00Z", "2026-01-07"))
    log = MappedLog(MappingSpec.from_dict({**BASE, "tells": tells}))
    (event,) = events(read(log, path, zone=ZoneInfo("Europe/Berlin")))
    assert event.when.day == day


def test_what_a_provider_tells_replaces_what_it_told_before() -> None:
    specs = [MappingSpec.from_dict({**BASE, "tells": tells}) for tells in ("calls", "usage")]
    assert [MappedLog(spec).kind for spec in specs] == ["lines", "document"]


@pytest.mark.parametrize(
    ("name", "text", "records"),
    [
        ("a.jsonl", json.dumps(RECORD) + "\n", None),
        ("a.json", json.dumps([RECORD]), None),
        ("a.json", json.dumps({"data": {"items": [RECORD]}}), "data.items"),
        ("a.jsonl", json.dumps({"data": [RECORD]}), "data"),
    ],
)
def test_json_is_read_by_dotted_paths(tmp_path: Path, name: str, text: str, records: str | None) -> None:
    event = one(tmp_path, text, name, files="a.*", format=name[2:], columns=PATHS, records=records)
    assert event.tokens == TokenCounts(800, output=20) and event.project == "x"
    assert "secret" not in repr(event)


def test_files_are_claimed_by_the_glob_alone(tmp_path: Path) -> None:
    collector = MappedLog(MappingSpec.from_dict({**BASE, "files": "gateway/*.csv"}))
    (tmp_path / "gateway").mkdir()
    assert collector.claims(LogFile.look(written(tmp_path / "gateway" / "a.csv.gz", "x")))
    assert not collector.claims(LogFile.look(written(tmp_path / "a.csv", CSV)))


@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_the_format_is_told_by_the_ending_before_that_of_a_packed_file(ending: str) -> None:
    assert MappingSpec.from_dict({**BASE, "files": f"*.jsonl{ending}"}).format == "jsonl"


@pytest.mark.parametrize(
    ("changed", "message", "key"),
    [
        ({"colums": {}}, "unknown key 'colums' in a mapping. Did you mean 'columns'?", "colums"),
        ({"name": "My Gateway"}, "a mapping needs a name of lower-case letters, digits and hyphens.", "name"),
        ({"files": ""}, "mapping gateway needs `files`, a glob such as 'gateway-*.csv'.", "files"),
        (
            {"files": "*.dat"},
            "the format of '*.dat' is not plain from its ending. Add `format: csv`, jsonl or json.",
            "files",
        ),
        (
            {"tells": "truth"},
            "it tells 'truth'; calls, usage, events, metrics, bills are known.",
            "tells",
        ),
        ({"format": "xml"}, "unknown format 'xml'; csv, jsonl and json are known.", "format"),
        (
            {"columns": {"whne": "at"}},
            "unknown field 'whne' in columns. Did you mean 'when'?",
            "columns.whne",
        ),
        (
            {"columns": {"input": "in"}},
            "mapping gateway has no column for `when`, the time of the event.",
            "",
        ),
        (
            {"columns": {"when": "at"}},
            "mapping gateway has no column with a token count, such as `input` or `output`.",
            "",
        ),
        (
            {"columns": {**BASE["columns"], "model_name": "m"}},
            "columns name the field model twice.",
            "columns.model_name",
        ),
        ({"columns": ["at"]}, "columns is ['at']; it is a list of `field: value`.", "columns"),
        ({"columns": {"when": 1}}, "the column for when is 1; it is a name in quotes.", "columns.when"),
        ({"tells": "bills"}, "mapping gateway tells bills, and has no column for `cost`.", ""),
        ({"constants": {"model": "m"}}, "mapping gateway has model as a column and as a constant.", ""),
        (
            {"constants": {"project": None}},
            "the constant project is None; it is a text or a number.",
            "constants.project",
        ),
        ({"delimiter": ";;"}, "delimiter is ';;'; it is one character.", "delimiter"),
        ({"decimal_comma": "yes"}, "decimal_comma is 'yes'; it is true or false.", "decimal_comma"),
        (
            {"time_format": "DD.MM.YYYY"},
            "time_format 'DD.MM.YYYY' cannot be used; "
            "write it as '%Y-%m-%d %H:%M:%S', or unix, unix_ms, unix_us, unix_ns.",
            "time_format",
        ),
    ],
)
def test_mistake_is_told_with_the_nearest_known_name(changed: dict[str, Any], message: str, key: str) -> None:
    with pytest.raises(BadMapping) as caught:
        MappingSpec.from_dict({**BASE, **changed})
    assert str(caught.value) == message and caught.value.key == key


def test_a_list_of_records_that_stands_twice_is_rejected(tmp_path: Path) -> None:
    record = '{"at": "2026-01-07T14:30:00Z", "model": "gpt-5", "in": 5, "out": 5}'
    text = f'{{"d": [{record}], "d": []}}\n{{"d": [{record}]}}\n'
    found = mapped(tmp_path, text, "log.jsonl", files="*.jsonl", records="d")
    assert rejected(found) == [1] and len(events(found)) == 1
