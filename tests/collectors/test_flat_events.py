"""Flat events: what counts, what is rejected, and with which words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.collectors.support import SAMPLES, events, issues, plain, read, reader_of, rejected, written
from vaultsync.collectors.logs.flat_events import FlatArray, FlatEvents
from vaultsync.collectors.reading import LogFile, capped
from vaultsync.model import Finding, Issue, TokenCounts, UsageEvent

GOOD: dict[str, Any] = {
    "timestamp": "2026-01-07T14:30:00Z",
    "model_provider": "anthropic",
    "model_name": "claude-opus-4-5",
    "input_tokens": 15000,
    "output_tokens": 3000,
}
LINE = json.dumps(GOOD)
HEADER = "timestamp,model_name,input_tokens,output_tokens\n"
ROW = "2026-01-07T14:30:00Z,gpt-5,800,20\n"


def lines(folder: Path, *texts: str, end: str = "\n", **how: Any) -> list[Finding]:
    """Findings of a JSON lines file."""
    return read(FlatEvents(), written(folder / "log.jsonl", "\n".join(texts) + end), **how)


def one(folder: Path, **changed: Any) -> UsageEvent:
    """The only event of the good record with some fields changed."""
    (event,) = events(lines(folder, json.dumps({**GOOD, **changed})))
    return event


@pytest.mark.parametrize(
    "bad",
    [
        *(
            -5,
            1.5,
            True,
            None,
            float("nan"),
            float("inf"),
            10**12 + 1,
            "1_000",
            "1,500",
            "0x10",
            "１２",
            "",
            {},
            [],
        ),
    ],
)
def test_bad_count_costs_its_line_only(tmp_path: Path, bad: Any) -> None:
    findings = lines(tmp_path, LINE, json.dumps({**GOOD, "output_tokens": bad}), LINE)
    assert rejected(findings) == [2] and len(events(findings)) == 2


def test_count_may_be_a_text_or_end_in_point_zero(tmp_path: Path) -> None:
    assert one(tmp_path, input_tokens="1500", output_tokens=800.0).tokens == TokenCounts(1500, output=800)


@pytest.mark.parametrize(
    "line",
    [
        LINE[:60],
        LINE[:60] + LINE,
        "<<<<<<< HEAD",
        "5",
        "[1]",
        "{}",
        LINE.replace('"', "'"),
        "[" * 100_000,
        LINE.replace("15000", "1" * 5000),
        LINE.replace("15000", "1e400"),
        LINE.replace("}", ', "input_tokens": 7}'),
        LINE.replace("2026-", "1926-"),
        '{"timestamp": "2026-01-07T14:30:00Z", "input_tokens": 5}',
    ],
)
def test_damaged_line_costs_itself_only(tmp_path: Path, line: str) -> None:
    findings = lines(tmp_path, LINE, line, LINE)
    assert rejected(findings) == [2] and len(events(findings)) == 2


def test_two_records_on_a_line_count_and_are_told(tmp_path: Path) -> None:
    findings = lines(tmp_path, LINE, LINE + LINE)
    assert len(events(findings)) == 3 and [issue.line for issue in issues(findings)] == [2]
    assert not rejected(findings)


def test_nul_bytes_before_a_record_are_told(tmp_path: Path) -> None:
    findings = lines(tmp_path, LINE, "\0\0\0" + LINE)
    assert len(events(findings)) == 2 and not rejected(findings) and len(issues(findings)) == 1


def test_odd_line_breaks_and_blank_lines_have_no_effect(tmp_path: Path) -> None:
    note = '"note": "a\u2028b\u0085c\fd", '
    findings = lines(tmp_path, "\ufeff" + LINE + "\r", "", "  \r", LINE.replace("{", "{" + note) + "\r")
    assert len(events(findings)) == 2 and not issues(findings)


def test_last_line_without_newline_counts_if_whole(tmp_path: Path) -> None:
    assert len(events(lines(tmp_path, LINE, LINE, end=""))) == 2


def test_cut_last_line_waits_without_a_word(tmp_path: Path) -> None:
    path = written(tmp_path / "log.jsonl", LINE + "\n" + LINE[:40])
    reader = reader_of(path)
    assert len(list(FlatEvents().collect(reader))) == 1
    assert (reader.end, reader.next_line) == (len(LINE) + 1, 2)


def test_line_numbers_stay_true_after_a_counted_unfinished_line(tmp_path: Path) -> None:
    path = written(tmp_path / "log.jsonl", LINE)
    first = reader_of(path)
    assert len(list(FlatEvents().collect(first))) == 1
    written(path, LINE + "\nbad\n")
    second = reader_of(path, start=first.end, first_line=first.next_line)
    assert rejected(list(FlatEvents().collect(second))) == [2]


def test_names_that_are_no_text_are_shown_safely(tmp_path: Path) -> None:
    path = written(tmp_path / "log.jsonl", LINE.encode().replace(b"claude-opus", b"claude\\u0000\\ud800\xff"))
    (event,) = events(read(FlatEvents(), path))
    assert event.model == "claude\ufffd\ufffd\ufffd-4-5"


@pytest.mark.parametrize("name", ["NA", "null", "None", "nan", "00123", "1e5"])
def test_model_is_the_text_as_written(tmp_path: Path, name: str) -> None:
    assert one(tmp_path, model_name=name).model == name


def test_missing_model_is_unknown(tmp_path: Path) -> None:
    event = one(tmp_path, model_name="", model_provider=None)
    assert (event.provider, event.model, event.flags) == ("unknown", "unknown", ())


def test_missing_model_is_the_one_from_the_settings_and_flagged(tmp_path: Path) -> None:
    path = written(tmp_path / "a.jsonl", json.dumps({**GOOD, "model_name": None, "model_provider": None}))
    (event,) = events(read(FlatEvents("claude-opus-4-5", "anthropic"), path))
    assert (event.provider, event.model, event.flags) == ("anthropic", "claude-opus-4-5", ("assumed_model",))


def test_id_is_the_identity(tmp_path: Path) -> None:
    assert one(tmp_path, id="call-1").key == "flat-events:call-1"


def test_all_classes_under_our_names_are_disjoint(tmp_path: Path) -> None:
    classes = {
        f"cache_{name}_tokens": 10
        for name in ("read", "write", "write_5m", "write_30m", "write_1h", "write_12h")
    }
    more = {"reasoning_tokens": 30, "input_audio_tokens": 5, "output_audio_tokens": 6, "total_tokens": 18060}
    event = one(tmp_path, **classes, **more)
    assert event.tokens == TokenCounts(15000, 10, 10, 10, 10, 10, 10, 3000, 30, 5, 6) and not event.flags


def test_differing_total_is_told_and_the_parts_count(tmp_path: Path) -> None:
    findings = lines(tmp_path, json.dumps({**GOOD, "total_tokens": 17999}))
    assert events(findings)[0].flags == ("total_mismatch",) and events(findings)[0].tokens.total == 18000
    assert (
        issues(findings)[0].text == "total tokens is 17,999, but its parts add up to 18,000. The parts count."
    )


def test_total_alone_is_unsplit(tmp_path: Path) -> None:
    event = one(tmp_path, input_tokens=None, output_tokens=None, total_tokens=54161)
    assert (event.unsplit, event.tokens.total, event.flags) == (54161, 0, ("total_only",))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            {"prompt_tokens": 2000, "completion_tokens": 100, "cached_tokens": 1024},
            TokenCounts(976, 1024, output=100),
        ),
        (
            {"prompt_tokens": 20, "completion_tokens": 100, "cached_tokens": 1024},
            TokenCounts(20, 1024, output=100),
        ),
        (
            {"input_tokens": 20, "output_tokens": 100, "cache_read_input_tokens": 7},
            TokenCounts(20, 7, output=100),
        ),
        (
            {"input_tokens": 20, "output_tokens": 100, "cache_read_input_tokens": 7, "total_tokens": 120},
            TokenCounts(13, 7, output=100),
        ),
        (
            {"prompt_tokens": 20, "completion_tokens": 100, "cached_tokens": 7, "total_tokens": 127},
            TokenCounts(20, 7, output=100),
        ),
        (
            {"prompt_tokens": 20, "completion_tokens": 100, "reasoning_tokens": 50, "total_tokens": 170},
            TokenCounts(20, output=150, reasoning=50),
        ),
        (
            {"prompt_tokens": 20, "completion_tokens": 100, "reasoning_tokens": 50, "total_tokens": 120},
            TokenCounts(20, output=100, reasoning=50),
        ),
        ({"in": 20, "out": "100"}, TokenCounts(20, output=100)),
        ({"usage": {"input": 20, "output": 100, "total": 120}}, TokenCounts(20, output=100)),
    ],
)
def test_other_spellings_follow_the_rule_of_their_family(
    tmp_path: Path, names: dict[str, Any], expected: TokenCounts
) -> None:
    record = {"ts": "2026-01-07T14:30:00Z", "model": "m", **names}
    (event,) = events(lines(tmp_path, json.dumps(record)))
    assert event.tokens == expected and not event.flags


def test_negative_rest_is_clamped_and_flagged(tmp_path: Path) -> None:
    details = {"cached_tokens": 15, "cache_write_tokens": 10}
    record = {"ts": 1767796200, "prompt_tokens": 20, "completion_tokens": 1, "prompt_tokens_details": details}
    (event,) = events(lines(tmp_path, json.dumps(record)))
    assert event.tokens == TokenCounts(0, 15, cache_write=10, output=1) and event.flags == ("negative_class",)


def test_stated_cost_is_an_estimate_unless_the_log_says_billed(tmp_path: Path) -> None:
    assert one(tmp_path, cost_usd=0.27).cost == Decimal("0.27")
    assert one(tmp_path, cost_usd=0.27).cost_kind == "estimated"
    assert one(tmp_path, cost_usd=0.27, cost_kind="Billed").cost_kind == "billed"


def test_bad_cost_is_left_out_and_told(tmp_path: Path) -> None:
    findings = lines(tmp_path, json.dumps({**GOOD, "cost_usd": -1}))
    assert events(findings)[0].cost is None and events(findings)[0].flags == ("bad_cost",)
    assert issues(findings)[0].text == "cost is -1; a cost cannot be negative. The record counts without it."


def test_naive_time_is_in_the_zone_of_the_vault(tmp_path: Path) -> None:
    record = json.dumps({**GOOD, "timestamp": "2026-01-07 14:30:00"})
    (event,) = events(lines(tmp_path, record, zone=ZoneInfo("America/New_York")))
    assert event.when == datetime(2026, 1, 7, 19, 30, tzinfo=UTC)


def test_far_future_counts_and_is_told(tmp_path: Path) -> None:
    findings = lines(tmp_path, json.dumps({**GOOD, "timestamp": "2026-02-18T00:00:00Z"}))
    assert events(findings)[0].flags == ("future",) and len(issues(findings)) == 1


def test_prose_under_a_counted_name_is_not_shown(tmp_path: Path) -> None:
    findings = lines(
        tmp_path, LINE, json.dumps({"timestamp": GOOD["timestamp"], "input": "my secret", "output": "s"})
    )
    assert rejected(findings) == [2] and "secret" not in repr(findings)


def test_prompt_beside_its_count_has_no_effect(tmp_path: Path) -> None:
    assert one(tmp_path, input="my secret", output={"text": "secret"}).tokens == TokenCounts(
        15000, output=3000
    )


def test_a_thousand_bad_lines_are_no_log(tmp_path: Path) -> None:
    path = written(tmp_path / "log.jsonl", '{"timestamp": "x", "input_tokens": 1}\n' * 5000)
    reader = reader_of(path)
    findings = list(capped(FlatEvents().collect(reader), reader))
    assert len(findings) == 1001 and "not a usage log" in issues(findings)[-1].text
    assert reader.end == path.stat().st_size


def test_past_a_thousand_bad_lines_only_their_number_is_told(tmp_path: Path) -> None:
    reader = reader_of(written(tmp_path / "log.jsonl", LINE + "\n" + "bad\n" * 1500 + LINE))
    findings = list(capped(FlatEvents().collect(reader), reader))
    assert len(events(findings)) == 2 and len(issues(findings)) == 1001
    assert issues(findings)[-1].text == "500 more lines are rejected."


# --- CSV ---


def table(folder: Path, text: str, **how: Any) -> list[Finding]:
    """Findings of a CSV file."""
    return read(FlatEvents(), written(folder / "log.csv", text), **how)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiter_is_that_of_the_header(tmp_path: Path, delimiter: str) -> None:
    assert len(events(table(tmp_path, (HEADER + ROW).replace(",", delimiter)))) == 1


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    text = "Output Tokens,note,MODEL-NAME,timestamp,input_tokens\n20,x,gpt-5,2026-01-07T14:30:00Z,800\n"
    assert plain(table(tmp_path, text)) == plain(table(tmp_path, HEADER + ROW))


def test_date_and_time_may_stand_in_two_columns(tmp_path: Path) -> None:
    (event,) = events(table(tmp_path, "date,time,input_tokens,output_tokens\n2026-01-07,14:30,5,5\n"))
    assert event.when == datetime(2026, 1, 7, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "row",
    [
        '2026-01-07T14:30:00Z,"gpt-5,800,20\n',
        "2026-01-07T14:30:00Z,gpt-5,800\n",
        HEADER,
        ROW.replace(",", ";"),
    ],
)
def test_bad_row_costs_itself_only(tmp_path: Path, row: str) -> None:
    findings = table(tmp_path, HEADER + ROW + row + ROW)
    assert rejected(findings) == [3] and len(events(findings)) == 2


def test_last_row_without_newline_waits_until_the_file_rests(tmp_path: Path) -> None:
    assert len(events(table(tmp_path, HEADER + ROW + ROW.strip(), rested=599))) == 1
    assert len(events(table(tmp_path, HEADER + ROW + ROW.strip(), rested=600))) == 2


def test_packed_last_row_without_newline_counts_at_once(tmp_path: Path) -> None:
    path = written(tmp_path / "log.csv.gz", HEADER + ROW.strip())
    assert len(events(read(FlatEvents(), path, rested=0))) == 1


def test_long_note_is_ignored(tmp_path: Path) -> None:
    row = ROW.strip() + "," + "x" * 300_000 + "\n"
    assert len(events(table(tmp_path, HEADER.strip() + ",note\n" + row))) == 1


@pytest.mark.parametrize("text", ["a,b,c\n1,2,3\n", "timestamp,timestamp,input_tokens\n", "", "words\n", ROW])
def test_other_tables_are_not_claimed(tmp_path: Path, text: str) -> None:
    assert not FlatEvents().claims(LogFile.look(written(tmp_path / "log.csv", text)))


def test_prose_under_input_and_output_is_no_log(tmp_path: Path) -> None:
    chat = json.dumps({"time": GOOD["timestamp"], "input": "Dear model", "output": "Dear user"})
    assert not FlatEvents().claims(LogFile.look(written(tmp_path / "chat.jsonl", chat + "\n")))


def test_log_quoted_in_a_note_is_not_claimed(tmp_path: Path) -> None:
    path = written(tmp_path / "README.md", f"```\n{HEADER}{ROW}```\n{LINE}\n")
    assert not FlatEvents().claims(LogFile.look(path))


def test_empty_columns_at_the_end_have_no_effect(tmp_path: Path) -> None:
    assert len(events(table(tmp_path, (HEADER + ROW).replace("\n", ",,\n")))) == 1


# --- documents ---


@pytest.mark.parametrize(
    "form",
    [
        "[%s,\n%s,\n%s]",
        '{"data": [%s, %s, %s], "has_more": false}',
        '{"results": [\n%s,\n%s,\n%s\n]}',
    ],
)
def test_reformatted_log_says_the_same(tmp_path: Path, form: str) -> None:
    data = (SAMPLES / "events.jsonl").read_text()
    path = written(tmp_path / "events.json", form % tuple(data.splitlines()))
    assert not FlatEvents().claims(LogFile.look(path))
    assert plain(read(FlatArray(), path)) == plain(read(FlatEvents(), SAMPLES / "events.jsonl"))


def test_pretty_printed_objects_are_a_document(tmp_path: Path) -> None:
    records = [json.loads(line) for line in (SAMPLES / "events.jsonl").read_text().splitlines()]
    path = written(tmp_path / "events.json", "\n".join(json.dumps(record, indent=2) for record in records))
    assert not FlatEvents().claims(LogFile.look(path))
    assert plain(read(FlatArray(), path)) == plain(read(FlatEvents(), SAMPLES / "events.jsonl"))


def test_bad_element_is_told_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", f"[\n{LINE},\n{LINE.replace('3000', '-5')},\n5]")
    findings = read(FlatArray(), path)
    assert len(events(findings)) == 1 and str(issues(findings)[0]) == (
        f"{path}:3: output tokens is -5; counts cannot be negative. Fix the log, or remove the line."
    )
    assert rejected(findings) == [3, 4]


def test_document_being_written_is_pending(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", f"[{LINE},\n")
    reader = reader_of(path, rested=59)
    assert not list(FlatArray().collect(reader)) and not reader.issues and reader.verdict == "pending"


def test_document_that_stays_damaged_is_rejected(tmp_path: Path) -> None:
    reader = reader_of(written(tmp_path / "a.json", f"[{LINE},\n"), rested=60)
    assert not list(FlatArray().collect(reader)) and reader.verdict == "damaged"
    assert isinstance(reader.issues[0], Issue) and "not JSON" in reader.issues[0].text


@pytest.mark.parametrize(
    "header",
    [
        "start_time,start_time_iso,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens",
        "date,sku,model,quantity,applied_cost_per_quantity,input,output",
        "id,start_time,input,output,usage_details",
    ],
)
def test_export_whose_counts_mean_something_else_is_not_claimed(tmp_path: Path, header: str) -> None:
    path = written(tmp_path / "export.csv", header + "\n")
    assert not FlatEvents().claims(LogFile.look(path))


@pytest.mark.parametrize("indent", [None, 2])
def test_objects_named_like_counts_are_no_counts(tmp_path: Path, indent: int | None) -> None:
    record = {"timestamp": GOOD["timestamp"], "input": {"tokenCount": 5}, "output": {"tokenCount": 5}}
    file = LogFile.look(written(tmp_path / "log.json", json.dumps(record, indent=indent)))
    assert not FlatEvents().claims(file) and not FlatArray().claims(file)


def test_an_object_of_outcomes_is_counted(tmp_path: Path) -> None:
    good = {
        "timestamp": "2026-01-07T10:00:00Z",
        "input_tokens": 1,
        "output_tokens": 2,
        "outcomes": {"Poems": 2},
    }
    lines = [good, good | {"outcomes": {"poems": -1, "notes": "3"}}, good | {"outcomes": "ok"}]
    path = written(tmp_path / "a.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    found = read(FlatEvents(), path)
    assert [event.outcomes for event in events(found)] == [(("poems", 2),), (("notes", 3),), ()]
    (issue,) = issues(found)
    assert issue.line == 2 and not issue.rejected and "poems is -1" in issue.text
