"""The sessions of Copilot CLI: each run once, by what its sums have grown; exported calls instead of sums."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE
from tests.collectors.support import events, issues, read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.copilot import Copilot
from vaultsync.collectors.agents.copilot.otel import CopilotOtel
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import Collector, files_of
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import Finding, TokenCounts, UsageEvent

Json = dict[str, Any]
SECRET = "the secret of the prompt"
MODEL = "claude-sonnet-5"
FIRST, SECOND = {MODEL: (100, 40, 0, 20)}, {MODEL: (250, 90, 0, 50)}
START = {"gitRoot": "/home/ana/notes", "cwd": "/home/ana/notes/src", "branch": "main"}


def at(minute: int) -> str:
    return f"2026-07-29T{9 + minute // 60:02}:{minute % 60:02}:00.000Z"


def row(kind: str, minute: int, ident: str = "", **data: Any) -> Json:
    return {
        "type": kind,
        "data": data,
        "id": ident or f"e{minute}",
        "timestamp": at(minute),
        "parentId": None,
    }


def start(minute: int = 0, session: str = "S1", **more: Any) -> Json:
    data: Json = {"sessionId": session, "copilotVersion": "1.0.75", "context": START} | more
    return row("session.start", minute, **data)


def resume(minute: int) -> Json:
    return row("session.resume", minute, context=START)


def message(minute: int, output: Any = 10, **more: Any) -> Json:
    return row("assistant.message", minute, outputTokens=output, content=SECRET, **more)


def shutdown(minute: int, counts: dict[str, tuple[int, int, int, int]], ident: str = "", **more: Any) -> Json:
    """The end of a run; per model the sums of input (all of it), cache read, cache write, output."""
    names = ("inputTokens", "cacheReadTokens", "cacheWriteTokens", "outputTokens")
    metrics = {
        model: {"requests": {"count": n[3] // 10, "cost": 1}, "usage": dict(zip(names, n, strict=True))}
        | more
        for model, n in counts.items()
    }
    return row("session.shutdown", minute, ident, modelMetrics=metrics, currentModel=SECRET)


def lines(*rows: Json) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def session(tmp_path: Path, *rows: Json, name: str = "S1") -> Path:
    folder = tmp_path / "session-state" / name
    folder.mkdir(parents=True, exist_ok=True)
    return written(folder / "events.jsonl", lines(*rows))


def collector() -> Copilot:
    return Copilot(root_of=lambda folder: folder, environ={})


def told(tmp_path: Path, *rows: Json) -> list[Finding]:
    return read(collector(), session(tmp_path, *rows))


def vector(event: UsageEvent) -> tuple[int, int, int, int]:
    tokens = event.tokens
    return tokens.input, tokens.cache_write, tokens.cache_read, tokens.output


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def held(ledger: Ledger, *paths: Path, by: Collector | None = None) -> list[UsageEvent]:
    """What a ledger holds once it has read these files, on from where reading stopped."""
    reads = by or collector()
    for path in paths:
        known, reader = ledger.files().get(str(path)), reader_of(path)
        if known:
            reader = reader_of(path, start=known.offset, first_line=known.line)
            reader.state = dict(known.state)
        ledger.record(Batch(reads.name, reader, list(reads.collect(reader))))
    return in_order(stored.event for stored in ledger.latest(50))


def in_order(found: Iterable[UsageEvent]) -> list[UsageEvent]:
    """By time and size, without the keys, which the ledger does not tell."""
    return sorted((one._replace(key=None) for one in found), key=lambda one: (one.when, one.tokens.total))


# --- the end of a run ---------------------------------------------------------------------------


def test_the_end_of_a_session_tells_what_it_used(tmp_path: Path) -> None:
    details = {name: {"tokenCount": n} for name, n in zip(("input", "cache_write"), (2, 24208), strict=True)}
    details |= {"cache_read": {"tokenCount": 0}, "output": {"tokenCount": 4}}
    end = shutdown(5, {MODEL: (24210, 0, 24208, 4)}, totalNanoAiu=6056400000, tokenDetails=details)
    (event,) = events(told(tmp_path, start(), end))
    assert event.tokens == TokenCounts(input=2, cache_write=24208, output=4) and event.flags == ()
    assert (event.cost, event.cost_kind) == (Decimal("0.060564"), "estimated")
    assert (event.provider, event.model, event.session) == ("github-copilot", MODEL, "S1")
    assert (event.project, event.branch) == ("/home/ana/notes", "main")
    assert (event.grain, event.quality, event.when.isoformat()[:16]) == (
        "session", "session-total", "2026-07-29T09:00",
    )  # fmt: skip


def test_p1_a_resumed_session_counts_what_its_sums_have_grown_by(tmp_path: Path) -> None:
    found = events(told(tmp_path, start(), shutdown(5, FIRST), resume(60), shutdown(65, SECOND)))
    assert [vector(event) for event in found] == [(60, 0, 40, 20), (100, 0, 50, 30)]
    assert [event.requests for event in found] == [2, 3]
    assert [event.when.hour for event in found] == [9, 10]
    assert sum(event.tokens.total for event in found) == 300


def test_each_model_of_a_run_is_an_event(tmp_path: Path) -> None:
    end = shutdown(5, FIRST | {"gpt-5-mini": (30, 0, 0, 3)})
    found = events(
        told(tmp_path, start(), end, resume(6), shutdown(9, SECOND | {"gpt-5-mini": (30, 0, 0, 3)}))
    )
    assert [(event.model, event.tokens.output) for event in found] == [
        (MODEL, 20),
        ("gpt-5-mini", 3),
        (MODEL, 30),
    ]


def test_a_block_that_stands_there_twice_counts_once(tmp_path: Path) -> None:
    block = [start(), shutdown(5, FIRST), resume(60), shutdown(65, SECOND)]
    assert len(events(told(tmp_path, *block, *block))) == 2


def test_sums_that_begin_anew_are_counted_as_they_are(tmp_path: Path) -> None:
    found = events(told(tmp_path, start(), shutdown(5, SECOND), resume(60), shutdown(65, FIRST)))
    assert [vector(event) for event in found] == [(160, 0, 90, 50), (60, 0, 40, 20)]


def test_details_that_contradict_the_sums_are_believed_and_flagged(tmp_path: Path) -> None:
    names = ("input", "cache_read", "cache_write", "output")
    details = {name: {"tokenCount": 7} for name in names}
    (event,) = events(told(tmp_path, start(), shutdown(5, FIRST, tokenDetails=details)))
    assert vector(event) == (7, 7, 7, 7) and event.flags == ("total_mismatch",)


def test_cached_tokens_beyond_the_input_are_flagged(tmp_path: Path) -> None:
    (event,) = events(told(tmp_path, start(), shutdown(5, {MODEL: (100, 90, 20, 20)})))
    assert event.tokens.input == 0 and event.flags == ("negative_class",)


@pytest.mark.parametrize("metrics", [{}, None, [], "x", {MODEL: None}, {MODEL: {"usage": 7}}, {"": {}}])
def test_an_end_without_counts_tells_nothing(tmp_path: Path, metrics: Any) -> None:
    end = row("session.shutdown", 5, modelMetrics=metrics)
    assert told(tmp_path, start(), end) == []


def test_the_program_is_told_apart_by_no_word_of_a_prompt(tmp_path: Path) -> None:
    assert SECRET not in repr(told(tmp_path, start(), message(1, model=MODEL), shutdown(5, FIRST)))


# --- a run that has not ended -------------------------------------------------------------------


CHECKPOINT = row("session.usage_checkpoint", 3, totalNanoAiu=6056400000, totalPremiumRequests=1)


def test_p2_a_checkpoint_alone_tells_no_tokens(tmp_path: Path) -> None:
    (event,) = events(told(tmp_path, start(selectedModel=MODEL), CHECKPOINT))
    assert (event.tokens, event.quality, event.cost) == (TokenCounts(), "partial", None)


def test_p2_a_checkpoint_of_no_model_that_is_named_is_not_guessed(tmp_path: Path) -> None:
    assert told(tmp_path, start(), CHECKPOINT) == []


@pytest.mark.parametrize("credits", [0, None, "many"])
def test_a_checkpoint_before_anything_was_used_tells_nothing(tmp_path: Path, credits: Any) -> None:
    checkpoint = row("session.usage_checkpoint", 3, totalNanoAiu=credits)
    assert told(tmp_path, start(selectedModel=MODEL), checkpoint) == []


def test_a_run_that_was_killed_tells_its_outputs(tmp_path: Path) -> None:
    rows = [start(selectedModel=MODEL), message(1), message(2, 15), message(3, model="gpt-5-mini")]
    found = events(told(tmp_path, *rows))
    assert [(event.model, event.tokens, event.quality) for event in found] == [
        (MODEL, TokenCounts(output=25), "partial"),
        ("gpt-5-mini", TokenCounts(output=10), "partial"),
    ]


@pytest.mark.parametrize("selected", [None, "auto"])
def test_a_model_that_nobody_names_is_not_guessed(tmp_path: Path, selected: str | None) -> None:
    assert told(tmp_path, start(selectedModel=selected), message(1)) == []


def test_a_model_that_is_chosen_anew_is_the_one_from_there_on(tmp_path: Path) -> None:
    change = row("session.model_change", 2, previousModel=MODEL, newModel="gpt-5-mini")
    found = events(told(tmp_path, start(selectedModel=MODEL), message(1), change, message(3, 12)))
    assert [(event.model, event.tokens.output) for event in found] == [(MODEL, 10), ("gpt-5-mini", 12)]


ROWS = [
    start(selectedModel=MODEL), message(1), CHECKPOINT, shutdown(5, FIRST),
    resume(60), message(61, 12), message(62, 9), shutdown(65, SECOND),
    resume(120), message(121),
]  # fmt: skip


@pytest.mark.parametrize("cut", range(len(ROWS) + 1))
def test_any_split_into_readings_gives_the_same(ledger: Ledger, tmp_path: Path, cut: int) -> None:
    held(ledger, session(tmp_path, *ROWS[:cut]))
    found = held(ledger, session(tmp_path, *ROWS))
    assert found == in_order(events(told(tmp_path, *ROWS)))
    assert [(vector(event), event.quality) for event in found] == [
        ((60, 0, 40, 20), "session-total"),
        ((100, 0, 50, 30), "session-total"),
        ((0, 0, 0, 10), "partial"),
    ]


def test_a_run_that_goes_on_after_a_kill_keeps_its_beginning(ledger: Ledger, tmp_path: Path) -> None:
    rows = [start(selectedModel=MODEL), message(1), resume(60), shutdown(65, FIRST)]
    held(ledger, session(tmp_path, *rows[:2]))
    (event,) = held(ledger, session(tmp_path, *rows))
    assert [event] == in_order(events(told(tmp_path, *rows))) and event.when.hour == 9


def test_copies_of_a_session_count_once(ledger: Ledger, tmp_path: Path) -> None:
    path = session(tmp_path, *ROWS[:8])
    flat = written(path.parents[1] / "S1.jsonl", path.read_text())
    headless = session(tmp_path / "copy", *ROWS[1:8])
    found = held(ledger, path, flat, headless)
    assert [vector(event) for event in found] == [(60, 0, 40, 20), (100, 0, 50, 30)]


# --- the store beside the sessions --------------------------------------------------------------

CALLS = ("session_id", "model", "created_at", "input_tokens", "output_tokens", "cache_read_tokens",
         "cache_write_tokens", "reasoning_tokens", "total_nano_aiu")  # fmt: skip


def call(minute: int, *counts: Any, session: str = "S1", model: Any = MODEL) -> tuple[Any, ...]:
    return (session, model, f"2026-07-29 {9 + minute // 60:02}:{minute % 60:02}:00", *counts)


def store(tmp_path: Path, *calls: tuple[Any, ...], names: tuple[str, ...] = CALLS) -> None:
    path = tmp_path / "session-store.db"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"CREATE TABLE assistant_usage_events (id INTEGER PRIMARY KEY, {', '.join(names)})")
        for row in calls:
            marks = ", ".join("?" * len(row))
            db.execute(f"INSERT INTO assistant_usage_events ({', '.join(names)}) VALUES ({marks})", row)


ONE = call(1, 1000, 10, 600, 100, 4, 2_000_000_000)
TWO = call(2, 2000, 20, 1500, 0, 0, 1_000_000_000)


def test_a_run_that_was_killed_tells_its_calls_by_the_store(tmp_path: Path) -> None:
    store(tmp_path, ONE, TWO, call(3, 9, 9, 0, 0, 0, 0, session="S2"))
    (total,) = events(told(tmp_path, start(), message(1, 10, model=MODEL), message(2, 20, model=MODEL)))
    assert total.tokens == TokenCounts(800, 2100, cache_write=100, output=30, reasoning=4)
    assert (total.quality, total.requests, total.cost) == ("session-total", 2, Decimal("0.03"))


def test_a_run_whose_model_no_message_names_is_told_by_the_store(tmp_path: Path) -> None:
    store(tmp_path, ONE, call(2, 50, 5, 0, 0, 0, 0, model="gpt-5-mini"))
    found = events(told(tmp_path, start(), message(1, 10), message(2, 5)))
    assert {event.model: event.tokens.prompt for event in found} == {MODEL: 1000, "gpt-5-mini": 50}


def test_calls_before_a_kill_are_not_forgotten_when_the_session_goes_on(tmp_path: Path) -> None:
    """No message told an output, so that the store alone knows that something was used."""
    store(tmp_path, call(1, 100, 10, 0, 0, 0, 0), call(31, 50, 5, 0, 0, 0, 0))
    (event,) = events(told(tmp_path, start(), resume(30)))
    assert (event.when.minute, event.tokens.input, event.tokens.output) == (0, 150, 15)


def test_a_run_in_which_nothing_was_used_does_not_date_the_next_one(tmp_path: Path) -> None:
    store(tmp_path, call(31, 50, 5, 0, 0, 0, 0))
    (event,) = events(told(tmp_path, start(), resume(30)))
    assert (event.when.minute, event.tokens.input) == (30, 50)


def test_a_store_that_does_not_know_all_calls_is_not_believed(tmp_path: Path) -> None:
    store(tmp_path, ONE)
    (total,) = events(told(tmp_path, start(), message(1, 10, model=MODEL), message(2, 20, model=MODEL)))
    assert (total.tokens, total.quality) == (TokenCounts(output=30), "partial")


def test_a_run_that_ends_counts_once_and_what_came_before_it_not_again(
    ledger: Ledger, tmp_path: Path
) -> None:
    asked = [start(), message(1, 30, model=MODEL)]
    ended = [*asked, shutdown(5, {MODEL: (3000, 2100, 100, 30)})]
    later = [*ended, resume(60), message(61, 30, model=MODEL)]
    calls = [ONE, TWO, call(61, 300, 30, 0, 0, 0, 0)]
    for rows, known in ((asked, 2), (ended, 2), (later, 3)):
        store(tmp_path, *calls[:known])
        found = held(ledger, session(tmp_path, *rows))
    assert [(event.tokens.prompt, event.tokens.output) for event in found] == [(3000, 30), (300, 30)]


@pytest.mark.parametrize("bad", [*HOSTILE])
def test_odd_calls_in_the_store_are_survived(tmp_path: Path, bad: Any) -> None:
    bad = json.dumps(bad) if isinstance(bad, list | dict) else bad if bad != 10**30 else "1e30"
    store(tmp_path, call(1, *[bad] * 6), call(2, *[bad] * 6, model=bad), ("S1", MODEL, bad, *[7] * 6), TWO)
    found = events(told(tmp_path, start(), message(1, 20, model=MODEL)))
    assert found and all(event.tokens.total < 10**13 for event in found)


def test_a_store_of_another_shape_or_none_at_all_tells_nothing(tmp_path: Path) -> None:
    rows = [start(), message(1, 10, model=MODEL)]
    store(tmp_path, ("S1",), names=("session_id",))
    before = told(tmp_path, *rows)
    written(tmp_path / "session-store.db", "no database")
    assert before == told(tmp_path, *rows) and [event.quality for event in events(before)] == ["partial"]


# --- exported calls -----------------------------------------------------------------------------


def span(ident: str, minute: int, operation: str = "chat", **more: Any) -> Json:
    seconds = 1785315600 + 60 * minute  # 2026-07-29T09:00:00Z
    said: Json = {"gen_ai.operation.name": operation, "gen_ai.conversation.id": "S1"}
    said |= {
        "gen_ai.request.model": "auto",
        "gen_ai.response.model": MODEL,
        "github.copilot.nano_aiu": 250000000,
    }
    said |= {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 20}
    said |= {"gen_ai.usage.cache_read.input_tokens": 60, "gen_ai.usage.cache_creation.input_tokens": 5}
    said |= {"gen_ai.usage.reasoning.output_tokens": 7, "gen_ai.input.messages": SECRET}
    return {
        "type": "span", "traceId": "t1", "spanId": ident, "name": f"{operation} {MODEL}",
        "startTime": [seconds, 500000000], "endTime": [seconds + 4, 0], "attributes": said | more,
    }  # fmt: skip


METRIC = {"type": "metric", "name": "gen_ai.client.token.usage"}


def export(tmp_path: Path, *rows: Json) -> Path:
    (tmp_path / "otel").mkdir(exist_ok=True)
    return written(tmp_path / "otel" / "calls.jsonl", lines(*rows))


def test_an_exported_call_is_told_apart(tmp_path: Path) -> None:
    found = read(CopilotOtel(), export(tmp_path, METRIC, span("a", 1), span("root", 0, "invoke_agent")))
    (call,) = found
    assert isinstance(call, UsageEvent)
    assert call.tokens == TokenCounts(input=35, cache_read=60, cache_write=5, output=20, reasoning=7)
    assert (call.source, call.provider, call.model, call.session) == (
        "copilot",
        "github-copilot",
        MODEL,
        "S1",
    )
    assert (call.session, call.key, call.cost) == ("S1", "copilot:t1:a", Decimal("0.0025"))
    assert call.when.isoformat() == "2026-07-29T09:01:00.500000+00:00" and SECRET not in repr(found)


def test_other_spellings_of_an_export_are_read(tmp_path: Path) -> None:
    more = {"gen_ai.usage.cache_creation.input_tokens": None, "gen_ai.usage.cache_write.input_tokens": 9}
    (call,) = events(read(CopilotOtel(), export(tmp_path, span("a", 1, **more))))
    assert call.tokens.cache_write == 9 and call.tokens.input == 31


def test_the_id_of_an_answer_is_its_key(ledger: Ledger, tmp_path: Path) -> None:
    more = {"gen_ai.response.id": "resp_1"}
    path = export(tmp_path, span("a", 1, **more), span("b", 1, **more), span("c", 2))
    assert len(held(ledger, path, path, by=CopilotOtel())) == 2


def test_a_run_whose_calls_are_exported_is_not_counted_again(ledger: Ledger, tmp_path: Path) -> None:
    rows = [start(), message(1, model=MODEL), shutdown(5, FIRST)]
    exported = export(tmp_path, span("a", 1), span("b", 3))
    held(ledger, session(tmp_path, *rows[:2]))
    held(ledger, exported, by=CopilotOtel())
    found = held(ledger, session(tmp_path, *rows))
    assert [event.grain for event in found] == ["request", "request"]


def test_only_the_runs_of_that_session_are_told_by_an_export(ledger: Ledger, tmp_path: Path) -> None:
    rows = [start(), shutdown(5, FIRST), resume(60), shutdown(65, SECOND)]
    exported = export(tmp_path, span("a", 61), span("b", 2, **{"gen_ai.conversation.id": "S2"}))
    held(ledger, exported, by=CopilotOtel())
    found = held(ledger, session(tmp_path, *rows))
    assert [(event.session, event.grain) for event in found] == [
        ("S1", "session"),
        ("S2", "request"),
        ("S1", "request"),
    ]


def test_an_export_elsewhere_is_known_by_the_environment(tmp_path: Path) -> None:
    elsewhere = written(tmp_path / "calls.jsonl", lines(span("a", 1)))
    reads = Copilot(environ={"COPILOT_OTEL_FILE_EXPORTER_PATH": str(elsewhere)})
    path = session(tmp_path, start(), shutdown(5, FIRST))
    assert read(reads, path) == [] and len(told(tmp_path, start(), shutdown(5, FIRST))) == 1


def test_an_export_that_is_gone_or_damaged_tells_nothing(tmp_path: Path) -> None:
    path = export(tmp_path, {"type": "span", "attributes": 7}, span("a", 1, **{"gen_ai.conversation.id": 7}))
    path.write_text(path.read_text() + "{garbage\n")
    reads = Copilot(environ={"COPILOT_OTEL_FILE_EXPORTER_PATH": str(tmp_path / "gone")})
    assert len(read(reads, session(tmp_path, start(), shutdown(5, FIRST)))) == 1


# --- places -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("home", "environ", "root"),
    [
        ("/home/ana", {}, "/home/ana/.copilot"),
        ("/Users/ana", {"COPILOT_HOME": " "}, "/Users/ana/.copilot"),
        ("C:/Users/ana", {}, "C:/Users/ana/.copilot"),
        ("/home/ana", {"COPILOT_HOME": "/data/c"}, "/data/c"),
        ("/home/ana", {"COPILOT_HOME": "~/c"}, "/home/ana/c"),
    ],
)
def test_places_on_three_systems(home: str, environ: dict[str, str], root: str) -> None:
    assert [place.root for place in collector().places(environ, Path(home))] == [Path(root) / "session-state"]
    assert [place.root for place in CopilotOtel().places(environ, Path(home))] == [Path(root) / "otel"]


def test_what_lies_in_the_places_is_found(tmp_path: Path) -> None:
    home = tmp_path / ".copilot"
    new = session(home, start())
    old = written(home / "session-state" / "S2.jsonl", lines(start()))
    written(new.parent / "workspace.yaml", "cwd: /")
    (inner,) = (export(home, span("a", 1)),)
    outer = written(tmp_path / "calls.jsonl", "")
    environ = {"COPILOT_OTEL_FILE_EXPORTER_PATH": str(outer)}
    sessions = [path for place in collector().places({}, tmp_path) for path in files_of(place)]
    exports = [path for place in CopilotOtel().places(environ, tmp_path) for path in files_of(place)]
    assert sorted(sessions) == sorted([new, old]) and exports == [inner, outer]
    inside = {"COPILOT_OTEL_FILE_EXPORTER_PATH": str(inner)}
    assert len(CopilotOtel().places(inside, tmp_path)) == 1


def test_files_elsewhere_are_known_by_their_heads(tmp_path: Path) -> None:
    ours = LogFile.look(written(tmp_path / "a.jsonl", lines(start())))
    export = LogFile.look(written(tmp_path / "b.jsonl", lines(METRIC, span("a", 1))))
    other = LogFile.look(written(tmp_path / "c.jsonl", lines({"note": json.dumps(start())})))
    assert [(collector().claims(file), CopilotOtel().claims(file)) for file in (ours, export, other)] == [
        (True, False),
        (False, True),
        (False, False),
    ]


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [-1, 1.5, True, "7", [], {}, 10**13, 10**30])
def test_a_bad_count_costs_only_itself(tmp_path: Path, bad: Any) -> None:
    end = shutdown(5, FIRST)
    end["data"]["modelMetrics"][MODEL]["usage"]["cacheReadTokens"] = bad
    (event,) = events(told(tmp_path, start(), end))
    assert vector(event) == (100, 0, 0, 20) and event.flags == ("bad_count",)
    more = {"gen_ai.usage.cache_read.input_tokens": bad}
    (call,) = events(read(CopilotOtel(), export(tmp_path, span("a", 1, **more))))
    assert vector(call) == (95, 5, 0, 20) and call.flags == ("bad_count",)


@pytest.mark.parametrize("bad", [7, None, True, [], {}, "", "\ud800"])
@pytest.mark.parametrize("field", ["sessionId", "context", "selectedModel"])
def test_odd_values_at_the_start_cost_no_counts(tmp_path: Path, field: str, bad: Any) -> None:
    (event,) = events(told(tmp_path, start(**{field: bad}), shutdown(5, FIRST)))
    assert vector(event) == (60, 0, 40, 20) and event.session


@pytest.mark.parametrize("bad", [-1, 1.5, True, "many", [5]])
def test_an_output_that_is_none_is_told(tmp_path: Path, bad: Any) -> None:
    found = told(tmp_path, start(selectedModel=MODEL), message(1), message(2, bad))
    assert rejected(found) == [3] and [event.tokens.output for event in events(found)] == [10]


@pytest.mark.parametrize("bad", [7, None, "noon", []])
def test_a_row_without_a_time_is_told(tmp_path: Path, bad: Any) -> None:
    found = told(tmp_path, start(), shutdown(5, FIRST) | {"timestamp": bad})
    assert rejected(found) == [2] and "timestamp" in issues(found)[0].text
    found = read(CopilotOtel(), export(tmp_path, span("a", 1) | {"startTime": [1, bad]}))
    assert rejected(found) == [1]


@pytest.mark.parametrize("bad", [7, None, [], "x"])
def test_data_that_is_no_object_is_told(tmp_path: Path, bad: Any) -> None:
    found = told(tmp_path, start(), shutdown(5, FIRST) | {"data": bad})
    assert rejected(found) == [2]


def test_every_beginning_is_survived_and_goes_on_to_the_same_end(tmp_path: Path) -> None:
    data = lines(*ROWS).encode()
    ends = [end for end, byte in enumerate(data) if byte == ord("\n")]
    for length in range(len(data)):
        path = session(tmp_path)
        reader = reader_of(written(path, data[:length]))
        found = list(collector().collect(reader))
        assert not issues(found) and not reader.issues
        runs = sum(length >= ends[n] for n in (3, 7))
        assert len([event for event in events(found) if event.quality == "session-total"]) == runs


def test_every_beginning_of_an_export_counts_its_whole_lines(tmp_path: Path) -> None:
    data = lines(METRIC, span("a", 1), span("b", 2)).encode()
    ends = [end for end, byte in enumerate(data) if byte == ord("\n")]
    for length in range(len(data)):
        reader = reader_of(written(tmp_path / "calls.jsonl", data[:length]))
        found = list(CopilotOtel().collect(reader))
        assert len(events(found)) == max(0, sum(end <= length for end in ends) - 1) and not issues(found)


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    path = written(session(tmp_path), lines(start()) + "{half\n" + lines(shutdown(5, FIRST)))
    found = read(collector(), path)
    assert len(events(found)) == 1 and rejected(found) == [2]


# --- what it is called --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("id: S\nname: Poems about moss\nuser_named: true\n", "Poems about moss"),
        ("user_named: true\r\nname: 'Mira''s poems'\r\n", "Mira's poems"),
        ('name: "Poems: \\u00e9 "\nuser_named: true', "Poems: é"),
        ('name: "broken\nuser_named: true', '"broken'),
        ("name: write me poems\nuser_named: false\n", None),
        ("name: write me poems\n", None),
        ("name: |-\n  write me\nuser_named: true\n", None),
        ("name:\nuser_named: true\n", None),
        ("nested:\n  name: Poems\nuser_named: true\n", None),
    ],
)
def test_a_session_shows_by_the_name_that_the_user_gave(tmp_path: Path, text: str, kept: str | None) -> None:
    (tmp_path / "S").mkdir()
    written(tmp_path / "S" / "workspace.yaml", text)
    path = written(tmp_path / "S" / "events.jsonl", lines(start(), shutdown(5, FIRST)))
    (title,) = titled(read(collector(), path)).values() or [None]
    assert title == kept
