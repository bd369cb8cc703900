"""What rollouts of Codex say: the fixtures X1 to X8 of the format, and laws of damaged input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors.rollouts import (
    MODEL,
    SECRET,
    Json,
    at,
    calls,
    context,
    count,
    encode,
    event,
    found,
    meta,
    read,
    record,
    result,
    row,
    usage,
    uuid7,
    vectors,
    write,
)
from vaultsync.collectors.agents.codex import Codex
from vaultsync.collectors.reading import LogFile
from vaultsync.model import Issue, UsageEvent

ONE, TWO, THREE = (600, 200, 0, 40, 20), (900, 800, 0, 50, 20), (1000, 900, 0, 10, 0)
"""Calls."""
SUM1, SUM2, SUM3 = ONE, (1500, 1000, 0, 90, 40), (2500, 1900, 0, 100, 40)
"""Running sums after them."""
FIRST, SECOND, THIRD = (400, 0, 200, 40), (100, 0, 800, 50), (100, 0, 900, 10)
"""The same calls, disjoint."""
SESSION = [meta(), context(when=1)]


# --- one call -----------------------------------------------------------------------------------


def test_x1_repeats_of_the_same_sum_count_once(tmp_path: Path) -> None:
    rows = [count(SUM1, ONE, 5), count(SUM2, TWO, 9), count(SUM2, TWO, 69)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, SECOND]


def test_a_repeat_whose_sum_is_damaged_is_no_second_call(tmp_path: Path) -> None:
    repeat = count(SUM2, TWO, 69)
    repeat["payload"]["info"]["total_token_usage"]["output_tokens"] = "forty"
    told = found(tmp_path, *SESSION, count(SUM1, ONE, 5), count(SUM2, TWO, 9), repeat)
    assert vectors([each for each in told if isinstance(each, UsageEvent)]) == [FIRST, SECOND]
    assert [each.line for each in told if isinstance(each, Issue)] == [5]


def test_a_repeat_counts_once_however_late_and_whatever_stands_between(tmp_path: Path) -> None:
    rows = [
        count(SUM1, ONE, 5),
        result(),
        context(when=6),
        count(SUM1, ONE, 42_000),
        count(SUM2, TWO, 42_009),
    ]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, SECOND]


def test_equal_calls_that_move_the_sum_are_two(tmp_path: Path) -> None:
    rows = [count(ONE, ONE, 5), count((1200, 400, 0, 80, 40), ONE, 6)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, FIRST]


def test_x2_limits_of_a_plan_are_no_call(tmp_path: Path) -> None:
    limits = event("token_count", 3, info=None, rate_limits={"primary": {"used_percent": 3.0}})
    assert calls(tmp_path, *SESSION, limits) == []


def test_x3_a_sum_without_parts_is_a_guess_and_counts_nothing(tmp_path: Path) -> None:
    full = count(SUM1, (0, 0, 0, 0, 0), 6)
    full["payload"]["info"]["last_token_usage"]["total_tokens"] = 940_499
    rows = [count(SUM1, ONE, 5), full, full | {"timestamp": at(8)}, count(SUM2, TWO, 9)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, SECOND]


def test_x3_a_changed_total_alone_is_no_call(tmp_path: Path) -> None:
    guess = count(SUM1, None, 6)
    guess["payload"]["info"]["total_token_usage"]["total_tokens"] = 258_400
    assert vectors(calls(tmp_path, *SESSION, count(SUM1, ONE, 5), guess)) == [FIRST]


def test_x4_a_sum_that_begins_anew_counts_its_last_call_once(tmp_path: Path) -> None:
    rows = [count(SUM2, TWO, 5), count(ONE, ONE, 60), count(ONE, ONE, 61), count(SUM2, TWO, 62)]
    told = calls(tmp_path, *SESSION, *rows)
    assert vectors(told) == [SECOND, FIRST, SECOND]


def test_a_sum_alone_tells_its_calls_by_what_it_grows(tmp_path: Path) -> None:
    rows = [count(SUM1, None, 5), count(SUM1, None, 6), count(SUM2, None, 7), count(ONE, None, 8)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, SECOND, FIRST]


def test_a_sum_that_grows_without_a_last_call_tells_what_it_grew_by(tmp_path: Path) -> None:
    rows = [count(SUM1, ONE, 5), count(SUM2, (0, 0, 0, 0, 0), 6), count(ONE, (0, 0, 0, 0, 0), 7)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, SECOND]


def test_the_first_sum_of_a_fork_alone_tells_nothing(tmp_path: Path) -> None:
    fork = meta(forked_from_id="P")
    assert vectors(calls(tmp_path, fork, count(SUM1, None, 5), count(SUM2, None, 6))) == [SECOND]


def test_calls_without_a_sum_count(tmp_path: Path) -> None:
    rows = [count(None, ONE, 5), count(None, ONE, 6), count(None, TWO, 7)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, SECOND]


def test_x6_an_answer_told_by_id_and_by_count_is_one_call(tmp_path: Path) -> None:
    rows = [record("resp_1", TWO, 5), count(TWO, TWO, 5.1), count(TWO, TWO, 9)]
    (call,) = calls(tmp_path, *SESSION, *rows)
    assert (vectors([call]), call.key) == ([SECOND], "codex:resp_1")


def test_the_order_of_the_two_does_not_matter(tmp_path: Path) -> None:
    rows = [count(ONE, ONE, 5), record("resp_1", ONE, 5.1), count(SUM2, TWO, 7), record("resp_2", TWO, 7.1)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, SECOND]


def test_old_counts_and_new_records_in_one_rollout(tmp_path: Path) -> None:
    old = [count(SUM1, ONE, 5), count(SUM1, ONE, 6)]
    new = [count(SUM1, ONE, 90), record("resp_2", TWO, 95), count(SUM2, TWO, 95.1), count(SUM3, THREE, 99)]
    assert vectors(calls(tmp_path, *SESSION, *old, *new)) == [FIRST, SECOND, THIRD]


def test_an_equal_call_of_an_older_program_counts_too(tmp_path: Path) -> None:
    new = [record("resp_1", ONE, 5), count(ONE, ONE, 5.1), record("resp_1", ONE, 6)]
    old = [count((1200, 400, 0, 80, 40), ONE, 90)]
    assert len({call.key for call in calls(tmp_path, *SESSION, *new, *old)}) == 2


def test_a_remote_compaction_has_a_record_alone(tmp_path: Path) -> None:
    rows = [
        record("resp_1", ONE, 5),
        count(SUM1, ONE, 5.1),
        record("resp_c", THREE, 6),
        count(SUM1, ONE, 6.1),
    ]
    rows += [record("resp_2", TWO, 7), count(SUM2, TWO, 7.1)]
    assert vectors(calls(tmp_path, *SESSION, *rows)) == [FIRST, THIRD, SECOND]


def test_two_answers_of_equal_size_are_two_calls(tmp_path: Path) -> None:
    rows = [record("resp_1", ONE, 5), record("resp_2", ONE, 6), record("resp_2", ONE, 7)]
    assert {call.key for call in calls(tmp_path, *SESSION, *rows)} == {"codex:resp_1", "codex:resp_2"}


def test_x7_a_record_inside_a_compaction_does_not_count(tmp_path: Path) -> None:
    inner = record("resp_1", ONE)["payload"]
    history = [count(SUM1, ONE), record("resp_1", ONE)]
    payload = {"message": "", "latest_token_usage_record": inner, "replacement_history": history}
    assert calls(tmp_path, *SESSION, row("compacted", payload)) == []


def test_x8_cached_tokens_are_inside_the_input(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, *SESSION, record("resp_1", (900, 800, 60, 50, 20), 5))
    assert vectors([call]) == [(40, 60, 800, 50)]
    assert (call.tokens.reasoning, call.flags) == (20, ())


@pytest.mark.parametrize(
    ("said", "expected", "flags"),
    [
        ({"cached_input_tokens": 1000}, (0, 0, 1000, 40), ("negative_class",)),
        ({"reasoning_output_tokens": 90}, FIRST, ("split_mismatch",)),
        ({"total_tokens": 7}, FIRST, ("total_mismatch",)),
        ({"total_tokens": 840}, (600, 0, 200, 40), ()),
        ({"total_tokens": None, "cached_input_tokens": None}, (600, 0, 0, 40), ()),
        ({"total_tokens": "640"}, FIRST, ("bad_count",)),
        ({"output_tokens": None, "total_tokens": None}, (400, 0, 200, 0), ("bad_count", "split_mismatch")),
        ({"cached_input_tokens": -1}, (600, 0, 0, 40), ("bad_count",)),
        ({"cached_input_tokens": "200"}, (600, 0, 0, 40), ("bad_count",)),
        ({"cached_input_tokens": True}, (600, 0, 0, 40), ("bad_count",)),
        ({"cached_input_tokens": 200.0}, FIRST, ()),
        ({"cached_input_tokens": 10**13}, (600, 0, 0, 40), ("bad_count",)),
    ],
)
def test_odd_counts_are_mended_and_flagged(
    tmp_path: Path, said: Json, expected: tuple[int, ...], flags: tuple[str, ...]
) -> None:
    odd = count(SUM1, ONE, 5)
    odd["payload"]["info"]["last_token_usage"] = usage(ONE, **said)
    (call,) = calls(tmp_path, *SESSION, odd)
    assert (vectors([call]), call.flags) == ([expected], flags)


def test_a_count_named_twice_is_rejected(tmp_path: Path) -> None:
    twice = encode([count(SUM1, ONE, 5)]).replace(
        b'"output_tokens":40', b'"output_tokens":40,"output_tokens":4'
    )
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode(SESSION) + twice + encode([count(SUM2, TWO, 6)]))
    told, _ = read(path)
    assert [issue.line for issue in told if isinstance(issue, Issue)] == [3]
    assert vectors(call for call in told if isinstance(call, UsageEvent)) == [SECOND]


# --- who made it, and with what -----------------------------------------------------------------


def test_a_call_knows_its_model_project_branch_and_session(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, *SESSION, count(SUM1, ONE, 5))
    assert (call.source, call.provider, call.model, call.mode) == ("codex", "openai", MODEL, "standard")
    assert (call.project, call.branch, call.session) == ("/home/ana/notes", "main", "S1")
    assert (call.when.isoformat(), call.quality) == ("2026-02-23T12:40:05+00:00", "final")
    assert (call.action_type, call.agent) == (None, None)


def test_the_latest_turn_tells_the_model_and_the_folder(tmp_path: Path) -> None:
    rows = [
        count(SUM1, ONE, 5),
        context(model="gpt-6-sol", cwd="/home/ana/poems", when=6),
        count(SUM2, TWO, 7),
    ]
    told = calls(tmp_path, *SESSION, *rows)
    assert [call.model for call in told] == [MODEL, "gpt-6-sol"]
    assert [call.project for call in told] == ["/home/ana/notes", "/home/ana/poems"]


@pytest.mark.parametrize("context_row", [[], [context(model=None)]])
def test_a_model_that_is_not_named_is_not_guessed(tmp_path: Path, context_row: list[Json]) -> None:
    (call,) = calls(tmp_path, meta(), *context_row, count(SUM1, ONE, 5))
    assert call.model == "unknown"


@pytest.mark.parametrize(
    ("tier", "mode"),
    [
        ("priority", "priority"),
        ("fast", "priority"),
        ("flex", "flex"),
        ("default", "standard"),
        (None, "standard"),
        ([], "standard"),
    ],
)
def test_the_service_tier_is_the_mode(tmp_path: Path, tier: Any, mode: str) -> None:
    changed = event("thread_settings_applied", 2, thread_settings={"service_tier": tier})
    (call,) = calls(tmp_path, *SESSION, changed, count(SUM1, ONE, 5))
    assert call.mode == mode


def test_the_provider_is_the_one_of_the_session(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, meta(model_provider="Ollama"), count(SUM1, ONE, 5))
    assert call.provider == "ollama"
    (call,) = calls(tmp_path, meta(model_provider=None), count(SUM1, ONE, 5))
    assert call.provider == "unknown"


SPAWN = {"parent_thread_id": "S1", "depth": 1, "agent_nickname": "Ada", "agent_role": "explorer"}


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"source": {"subagent": {"thread_spawn": SPAWN}}}, "explorer"),
        ({"source": {"subagent": {"thread_spawn": {"parent_thread_id": "S1"}}}}, None),
        ({"source": {"subagent": "review"}, "parent_thread_id": "S1"}, "review"),
        ({"source": {"subagent": {"other": "guardian"}}, "session_id": "S1"}, "guardian"),
        ({"thread_source": "subagent", "agent_nickname": "Ada", "forked_from_id": "S1"}, "Ada"),
    ],
)
def test_a_subagent_works_for_its_parent(tmp_path: Path, told: Json, name: str | None) -> None:
    (call,) = calls(tmp_path, meta("C1", **told), context(), count(SUM1, ONE, 5))
    assert (call.session, call.agent) == ("S1", "C1")
    assert (call.action_type, call.action_name) == ("agent", name)


def test_a_rollout_without_its_first_row_is_known_by_its_name(tmp_path: Path) -> None:
    ident = uuid7(0)
    told = found(tmp_path, count(SUM1, ONE, 5), name=f"rollout-2026-02-23T13-40-00-{ident}.jsonl")
    whole = found(tmp_path, meta(ident), count(SUM1, ONE, 5), name="whole.jsonl")
    keys = [call.key for call in (*told, *whole) if isinstance(call, UsageEvent)]
    assert len(keys) == 2 and keys[0] == keys[1]


# --- what is no call ----------------------------------------------------------------------------


def test_rows_quoted_in_texts_do_not_count(tmp_path: Path) -> None:
    quoted = encode([count(SUM1, ONE), record("resp_1", ONE)]).decode()
    rows = [result(quoted), event("agent_message", message=quoted), row("world_state", count(SUM1, ONE))]
    rows += [row("response_item", {"type": "message", "content": [count(SUM1, ONE)]})]
    assert calls(tmp_path, *SESSION, *rows) == []


def test_rows_of_the_first_versions_are_let_be(tmp_path: Path) -> None:
    rows: list[Json] = [{"id": "S1", "timestamp": at(0), "instructions": None}, {"record_type": "state"}]
    rows += [{"type": "message", "role": "user", "content": []}]
    assert calls(tmp_path, *rows) == []


@pytest.mark.parametrize("line", ["{}", "7", "[]", "null", '"x"', "{'type': 1}", "<<<<<<< HEAD", '{"type":'])
def test_a_line_that_is_no_record_is_rejected_alone(tmp_path: Path, line: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode(SESSION) + line.encode() + b"\n" + encode([count(SUM1, ONE, 5)]))
    told, _ = read(path)
    assert [issue.line for issue in told if isinstance(issue, Issue) and issue.rejected] == [3]
    assert sum(isinstance(call, UsageEvent) for call in told) == 1


@pytest.mark.parametrize(
    "bad",
    [
        row("event_msg", "token_count", 5),
        row("event_msg", {"type": "token_count", "info": []}, 5),
        row("event_msg", {"type": "token_count", "info": {"last_token_usage": 7}}, 5),
        row("token_usage_record", None, 5),
        row("token_usage_record", {"response_id": "r", "usage": "12"}, 5),
        row("turn_context", 3, 5),
        row("session_meta", [], 5),
        record("resp_1", ONE) | {"timestamp": "yesterday"},
        record("resp_1", ONE) | {"timestamp": None},
    ],
)
def test_a_row_that_cannot_be_read_is_rejected_alone(tmp_path: Path, bad: Json) -> None:
    told = found(tmp_path, *SESSION, bad, count(SUM1, ONE, 6))
    assert [issue.line for issue in told if isinstance(issue, Issue) and issue.rejected] == [3]
    assert sum(isinstance(call, UsageEvent) for call in told) == 1


def test_a_row_that_says_twice_what_it_is_is_rejected(tmp_path: Path) -> None:
    """Long ones would have been passed over as what they begin with."""
    second = encode([count(SUM1, ONE, 5)]).strip()[1:]
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode([*SESSION, result()]).strip()[:-1] + b"," + second + b"\n")
    told, _ = read(path)
    assert [(each.line, each.rejected) for each in told if isinstance(each, Issue)] == [(3, True)]
    assert len(told) == 1


def test_two_records_on_one_line_count_and_are_told_of(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(encode([*SESSION, result()]).rstrip(b"\n") + b"\0\0" + encode([count(SUM1, ONE, 5)]))
    told, _ = read(path)
    assert [(issue.line, issue.rejected) for issue in told if isinstance(issue, Issue)] == [(3, False)]
    assert sum(isinstance(call, UsageEvent) for call in told) == 1


def test_no_text_of_a_prompt_is_kept(tmp_path: Path) -> None:
    rows = [*SESSION, result(), event("user_message", message=SECRET), count(SUM1, ONE, 5)]
    rows += [row("event_msg", {"type": SECRET}), row(SECRET, SECRET), {"type": None, "payload": SECRET}]
    rows += [record("resp_1", ONE) | {"timestamp": SECRET}]
    told, reader = read(write(tmp_path / "r.jsonl", *rows))
    assert len(told) == 3
    assert "secret" not in repr(told) + json.dumps(reader.state)


# --- which files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "rows", "is_rollout"),
    [
        ("r.jsonl", SESSION, True),
        ("r.jsonl.gz", SESSION, True),
        ("r.jsonl.zst", SESSION, True),
        ("rollout-2025-06-01T10-00-00-abc.jsonl", [{"id": "S1"}], True),
        ("r.jsonl", [{"type": "user", "sessionId": "S1"}], False),
        ("r.json", SESSION, False),
    ],
)
def test_a_rollout_is_known_by_its_name_or_its_head(
    tmp_path: Path, name: str, rows: list[Json], is_rollout: bool
) -> None:
    assert Codex().claims(LogFile.look(write(tmp_path / name, *rows))) is is_rollout


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({}, ".codex"),
        ({"CODEX_HOME": " "}, ".codex"),
        ({"CODEX_HOME": "~/c"}, "c"),
        ({"CODEX_HOME": "/srv/codex"}, "/srv/codex"),
    ],
)
def test_places(tmp_path: Path, environ: dict[str, str], folder: str) -> None:
    places = Codex().places(environ, tmp_path)
    assert [place.root for place in places] == [
        tmp_path / folder / name for name in ("sessions", "archived_sessions")
    ]


# --- laws ---------------------------------------------------------------------------------------

WHOLE = [
    meta(uuid7(0), git={"branch": "main"}),
    context(uuid7(1)),
    event("task_started", 1, turn_id=uuid7(1)),
    event("token_count", 2, info=None),
    count(SUM1, ONE, 5),
    result('a quoted "token_count" \\ \u00e4 \U0001f600 '),
    count(SUM1, ONE, 6),
    record("resp_2", TWO, 9),
    count(SUM2, TWO, 9.1),
    event("thread_settings_applied", 9.2, thread_settings={"service_tier": "fast"}),
    row("compacted", {"message": "", "replacement_history": []}, 10),
    meta(uuid7(0), 11),
    count(SUM3, THREE, 12),
]


def told_in_parts(path: Path, data: bytes, cuts: list[int]) -> list[UsageEvent]:
    """The calls of a file that grows and is read on."""
    events: list[UsageEvent] = []
    start, line, state = 0, 1, "{}"
    for cut in [*sorted(cuts), len(data)]:
        path.write_bytes(data[:cut])
        told, reader = read(path, start=start, first_line=line, state=json.loads(state))
        events += [call for call in told if isinstance(call, UsageEvent)]
        start, line, state = reader.end, reader.next_line, json.dumps(reader.state)
    return events


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(encode(WHOLE))), max_size=6))
def test_reading_may_be_split_anywhere(tmp_path: Path, cuts: list[int]) -> None:
    data = encode(WHOLE)
    assert told_in_parts(tmp_path / "r.jsonl", data, cuts) == told_in_parts(tmp_path / "r.jsonl", data, [])


def test_every_truncation_is_reported_and_never_raises(tmp_path: Path) -> None:
    data, path = encode(WHOLE), tmp_path / "r.jsonl"
    expected = told_in_parts(path, data, [])
    assert vectors(expected) == [FIRST, SECOND, THIRD]
    for length in range(len(data)):
        path.write_bytes(data[:length])
        told, reader = read(path)
        assert told == expected[: len(told)] and reader.end <= length


def test_every_truncation_in_the_middle_costs_its_own_line(tmp_path: Path) -> None:
    path, last = tmp_path / "r.jsonl", encode([count((9000, 0, 0, 900, 0), (70, 0, 0, 7, 0), 20)])
    lines = encode(WHOLE).splitlines(keepends=True)
    for number, line in enumerate(lines):
        for length in range(1, len(line) - 1, 7):
            path.write_bytes(b"".join(lines[:number]) + line[:length] + b"\n" + last)
            told, _ = read(path)
            assert [each.line for each in told if isinstance(each, Issue)] == [number + 1]
            assert isinstance(told[-1], UsageEvent) and vectors([told[-1]]) == [(70, 0, 0, 7)]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_mutation_is_survived(tmp_path: Path, data: st.DataObject) -> None:
    whole = encode(WHOLE)
    start = data.draw(st.integers(0, len(whole)))
    end = start + data.draw(st.sampled_from([0, 1, 3, 40]))
    junk = data.draw(
        st.one_of(st.binary(max_size=12), st.sampled_from([b"null", b'"', b"\\u0000", b"[" * 9999]))
    )
    path = tmp_path / "r.jsonl"
    path.write_bytes(whole[:start] + junk + whole[end:])
    told, reader = read(path)
    assert all(isinstance(each, Issue | UsageEvent) for each in told)
    assert len(json.dumps(reader.state)) < 8_000


def test_what_is_remembered_stays_small(tmp_path: Path) -> None:
    rows = [meta(f"S{number}", forked_from_id=f"P{number}") for number in range(500)]
    rows += [record(f"resp_{number}", (number + 1, 0, 0, 1, 0), 5) for number in range(500)]
    rows += [context(f"turn-{number}", cwd="/x" * 50_000) for number in range(20)]
    _, reader = read(write(tmp_path / "r.jsonl", *rows))
    assert len(json.dumps(reader.state)) < 12_000
