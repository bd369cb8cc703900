"""A format described by tables is claimed by its signs and read record by record, however it was saved."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.collectors.support import events, issues, plain, read, reader_of, rejected, written
from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, at, chosen, joined, scaled
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.collectors.values import BadField
from vaultsync.model import TokenCounts


class Answers(JsonTable):
    """Saved answers, perhaps wrapped in the lines of a batch."""

    name = "answers"
    signs = ("object=chat.*", "usage.prompt_tokens")
    foreign = ("usage.ticks",)
    wrappers = ("response.body", "body")
    shape = Shape(
        {
            "when": "created",
            "id": "id",
            "model": "model",
            "mode": (chosen("^custom_id", {"note-1": "batch"}), "service_tier"),
            "input": "usage.prompt_tokens",
            "output": "usage.completion_tokens",
        },
        {"provider": "openai"},
        family="inclusive",
    )

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        return "error" not in record


class Buckets(JsonTable):
    """Pages of buckets with their results."""

    name = "buckets"
    kind = "document"
    signs = ("data[].results[].uncached",)
    records = "data[].results[]"
    shape = Shape(
        {
            "when": "^start",
            "until": "^end",
            "id": joined("^start", "^end", "model"),
            "model": "model",
            "input": "uncached",
            "output": "output",
            "cost": scaled("cents", -2),
        },
        {"output": 0, "cost_kind": "billed"},
    )

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        if record.get("uncached") == "refused":
            raise BadField("it is refused.")
        found = self.shape.find(record)
        return [found, found] if record.get("twice") else [found]


class Rows(CsvTable):
    """Rows of an export."""

    name = "rows"
    signs = ("day", "cost_usd")
    foreign = ("meter",)
    separators = True
    shape = Shape({"when": "day", "input": "in", "output": "out", "cost": "cost_usd"})


ANSWER = {
    "object": "chat.completion",
    "id": "c1",
    "created": 1770714000,
    "model": "gpt-5",
    "choices": ["my secret"],
    "usage": {"prompt_tokens": 20, "completion_tokens": 10},
}
PAGE = {
    "data": [
        {"start": 1770681600, "end": 1770768000, "results": [{"uncached": 5, "model": "m", "cents": "12.5"}]},
        {"start": 1770768000, "end": 1770854400, "results": []},
    ],
    "has_more": False,
}


def test_answer_is_read_by_its_table(tmp_path: Path) -> None:
    (event,) = events(read(Answers(), written(tmp_path / "a.json", json.dumps(ANSWER))))
    assert (event.key, event.provider, event.mode) == ("answers:c1", "openai", "standard")
    assert event.when == datetime(2026, 2, 10, 9, tzinfo=UTC) and event.tokens == TokenCounts(20, output=10)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ANSWER) + "\n" + json.dumps({**ANSWER, "id": "c2"}) + "\n",
        json.dumps(ANSWER, indent=2) + "\n" + json.dumps({**ANSWER, "id": "c2"}, indent=2),
        json.dumps([ANSWER, {**ANSWER, "id": "c2"}]),
        json.dumps([{"body": ANSWER}, {"body": {**ANSWER, "id": "c2"}}], indent=1),
    ],
)
def test_however_answers_were_saved_they_are_the_same_events(tmp_path: Path, text: str) -> None:
    found = read(Answers(), written(tmp_path / "a.json", text))
    assert [event.key for event in events(found)] == ["answers:c1", "answers:c2"] and not issues(found)


def test_wrapped_record_sees_what_stands_beside_it(tmp_path: Path) -> None:
    lines = [{"custom_id": "note-1", "response": {"body": ANSWER}}, {"custom_id": "note-2", "error": "no"}]
    found = read(Answers(), written(tmp_path / "a.jsonl", "\n".join(map(json.dumps, lines))))
    assert [event.mode for event in events(found)] == ["batch"] and not issues(found)


@pytest.mark.parametrize(
    "changed", [{"object": "list"}, {"usage": {}}, {"usage": {"prompt_tokens": 1, "ticks": 5}}]
)
def test_other_formats_are_not_claimed(tmp_path: Path, changed: dict[str, Any]) -> None:
    assert not Answers().claims(LogFile.look(written(tmp_path / "a", json.dumps({**ANSWER, **changed}))))


def test_page_gives_the_results_of_its_buckets(tmp_path: Path) -> None:
    (event,) = events(read(Buckets(), written(tmp_path / "a.json", json.dumps(PAGE))))
    assert (event.grain, event.tokens, event.cost, event.cost_kind) == (
        "day",
        TokenCounts(5),
        Decimal("0.125"),
        "billed",
    )


def test_pages_may_stand_in_a_list_or_one_after_another(tmp_path: Path) -> None:
    once = plain(read(Buckets(), written(tmp_path / "a.json", json.dumps(PAGE))))
    assert plain(read(Buckets(), written(tmp_path / "b.json", json.dumps([PAGE, PAGE])))) == once * 2
    assert plain(read(Buckets(), written(tmp_path / "c.json", json.dumps(PAGE) * 2))) == once * 2


def test_bad_record_is_told_with_its_line_and_costs_itself_only(tmp_path: Path) -> None:
    results = [{"uncached": -1}, {"uncached": "refused"}, 5, {"uncached": 3, "twice": True}]
    page = {"data": [{"start": "2026-02-10", "end": "2026-02-11", "results": results}]}
    path = written(tmp_path / "a.json", json.dumps(page, indent=0))
    found = read(Buckets(), path)
    assert len(events(found)) == 2
    assert [issue.text.partition(".")[0] for issue in issues(found)] == [
        "input tokens is -1; counts cannot be negative",
        "it is refused",
        "the record is 5, not an object",
    ]
    lines = path.read_text().split("\n")
    assert [lines[(line or 0) - 1][:1] for line in rejected(found)] == ["{", "{", "5"]


def test_more_pages_are_asked_for(tmp_path: Path) -> None:
    found = read(Buckets(), written(tmp_path / "a.json", json.dumps({**PAGE, "has_more": True})))
    assert "more" in issues(found)[0].text and not rejected(found) and len(events(found)) == 1


def test_rows_may_have_separators_and_a_header_below_a_title(tmp_path: Path) -> None:
    text = 'Report\n\nday,in,out,cost_usd,user\n2026-02-10,"1,500",2,"$1,000.50",x\n2026-02-11,5\n'
    found = read(Rows(), written(tmp_path / "a.csv", text))
    (event,) = events(found)
    assert (event.tokens, event.cost, event.grain) == (TokenCounts(1500, output=2), Decimal("1000.50"), "day")
    assert rejected(found) == [1, 5]


@pytest.mark.parametrize("head", ["day,in,out", "day,in,out,cost_usd,meter"])
def test_other_tables_are_not_claimed(tmp_path: Path, head: str) -> None:
    assert not Rows().claims(LogFile.look(written(tmp_path / "a.csv", head + "\n")))


def test_empty_export_is_claimed_and_says_nothing(tmp_path: Path) -> None:
    assert read(Rows(), written(tmp_path / "a.csv", "day,in,out,cost_usd\n")) == []


def test_times_without_a_zone_are_those_of_the_format(tmp_path: Path) -> None:
    class Local(Rows):
        zone = None

    path = written(tmp_path / "a.csv", "day,in,out,cost_usd\n2026-02-10 00:00:00,1,1,0\n")
    (ours,), (local,) = (
        events(read(table, path, zone=ZoneInfo("America/New_York"))) for table in (Rows(), Local())
    )
    assert ours.when == datetime(2026, 2, 10, tzinfo=UTC)
    assert local == ours._replace(when=datetime(2026, 2, 10, 5, tzinfo=UTC))


def test_lines_are_read_on_from_where_reading_stopped(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", json.dumps(ANSWER) + "\n")
    first = reader_of(path)
    assert len(events(list(Answers().collect(first)))) == 1
    written(path, json.dumps(ANSWER) + "\n" + json.dumps({**ANSWER, "id": "c2"}) + "\n")
    later = reader_of(path, start=first.end, first_line=first.next_line)
    assert [event.key for event in events(list(Answers().collect(later)))] == ["answers:c2"]


def test_record_that_says_twice_whether_it_counts_costs_itself_only(tmp_path: Path) -> None:
    class Chosen(Buckets):
        def is_counted(self, record: Mapping[str, Any]) -> bool:
            return at(record, "kind") is None

    twice = '{"uncached": 3, "kind": 1, "kind": 2}'
    results = f'[{twice}, {{"uncached": 4}}, {{"uncached": 5, "kind": 1}}]'
    page = f'{{"data": [{{"start": "2026-02-10", "end": "2026-02-11", "results": {results}}}]}}'
    found = read(Chosen(), written(tmp_path / "a.json", page))
    assert [event.tokens.input for event in events(found)] == [4] and rejected(found) == [1]
