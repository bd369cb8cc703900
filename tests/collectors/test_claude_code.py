"""What transcripts of Claude Code say: the fixtures C1 to C16 of the format, and laws of damaged input."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vaultsync.collectors.agents.claude_code import ClaudeCode
from vaultsync.collectors.agents.claude_code.calls import provider_of
from vaultsync.collectors.agents.roots import repository_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.model import (
    AgentName,
    FinalOutput,
    Finding,
    Issue,
    SessionTitle,
    SessionTotal,
    TokenCounts,
    UsageEvent,
)

Json = dict[str, Any]
T = TypeVar("T")
MSG_A, MSG_B = "msg_0123456789abcdefA", "msg_0123456789abcdefB"
MODEL = "claude-opus-4-5-20251101"
SECRET = "the secret of the prompt"


# --- rows, as the program writes them -----------------------------------------------------------


def usage(inp: int = 10, write: int = 300, read: int = 2000, out: int = 140, **more: Any) -> Json:
    split = {"ephemeral_5m_input_tokens": write, "ephemeral_1h_input_tokens": 0}
    return {
        "input_tokens": inp,
        "cache_creation_input_tokens": write,
        "cache_read_input_tokens": read,
        "cache_creation": split,
        "output_tokens": out,
        "service_tier": "standard",
    } | more


def answer(ident: str | None = MSG_A, use: Any = None, **more: Any) -> Json:
    """An assistant row; `content`, `model` and `stop_reason` go into its message."""
    message = {
        "model": MODEL,
        "id": ident,
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
    }
    message |= {name: more.pop(name) for name in ("content", "model", "stop_reason") if name in more}
    message["usage"] = usage() if use is None else use
    row = {
        "parentUuid": "u-1",
        "isSidechain": False,
        "cwd": "/home/ana/notes",
        "sessionId": "S1",
        "gitBranch": "main",
        "message": message,
        "requestId": "req_A",
        "type": "assistant",
        "uuid": "u-2",
        "timestamp": "2026-01-05T10:00:02.000Z",
    }
    return row | more


def prompt(content: Any = "please", **more: Any) -> Json:
    row = {"type": "user", "isSidechain": False, "sessionId": "S1", "uuid": "u-0"}
    return row | {"message": {"role": "user", "content": content}} | more


def tool(name: str, ident: str = "toolu_1", **given: Any) -> list[Json]:
    return [{"type": "tool_use", "id": ident, "name": name, "input": given}]


def result(of: str = "toolu_1", **told: Any) -> Json:
    return prompt([{"type": "tool_result", "tool_use_id": of, "content": "done"}], toolUseResult=told)


def command(name: str) -> Json:
    return prompt(f"<command-message>x</command-message>\n<command-name>{name}</command-name>")


def cost_state(start: int, model: str = MODEL, **counts: Any) -> Json:
    return {"type": "cost-state", "sessionId": "S1", "startTime": start, "modelUsage": {model: counts}}


def id_of(number: int) -> str:
    return f"msg_{number:020d}"


# --- reading them -------------------------------------------------------------------------------


def encode(rows: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def read(path: Path, **reader: Any) -> tuple[list[Finding], Reader]:
    opened = Reader(LogFile.look(path), **reader)
    found = list(ClaudeCode(root_of=lambda folder: folder).collect(opened))
    return [*found, *opened.issues], opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "S1" / "subagents").mkdir(parents=True)
    return tmp_path


def found(folder: Path, rows: Iterable[Json] | bytes, name: str = "S1.jsonl") -> list[Finding]:
    path = folder / name
    path.write_bytes(rows if isinstance(rows, bytes) else encode(rows))
    return read(path)[0]


def events(folder: Path, *rows: Json, name: str = "S1.jsonl") -> list[UsageEvent]:
    return only(UsageEvent, found(folder, rows, name))


def event(folder: Path, *rows: Json, name: str = "S1.jsonl") -> UsageEvent:
    (one,) = events(folder, *rows, name=name)
    return one


def only(kind: type[T], findings: Iterable[Finding]) -> list[T]:
    return [finding for finding in findings if isinstance(finding, kind)]


def vector(tokens: TokenCounts) -> tuple[int, int, int, int]:
    """(input, cache_write, cache_read, output), as the list of fixtures writes it."""
    return tokens.input, tokens.cache_writes, tokens.cache_read, tokens.output


def actions(folder: Path, *rows: Json) -> dict[str, tuple[str | None, str | None]]:
    """Number of the message -> action of its call."""
    calls = only(UsageEvent, found(folder, rows))
    return {
        (call.key or "").removeprefix("claude-code:msg_").lstrip("0"): (call.action_type, call.action_name)
        for call in calls
    }


# --- one call -----------------------------------------------------------------------------------

C1 = [answer(use=usage(out=out), uuid=f"u-{n}") for n, out in enumerate((3, 3, 140))]


def test_c1_rows_of_one_call_are_one_event_with_the_largest_counts(folder: Path) -> None:
    assert vector(event(folder, *C1).tokens) == (10, 300, 2000, 140)


def test_c2_the_order_of_rows_does_not_matter(folder: Path) -> None:
    assert events(folder, *reversed(C1)) == events(folder, *C1)


def test_c3_a_copy_in_another_session_has_the_same_key(folder: Path) -> None:
    first = event(folder, *C1)
    copy = event(folder, *(row | {"sessionId": "S2"} for row in C1), name="S2.jsonl")
    assert (copy.key, copy.tokens, copy.when) == (first.key, first.tokens, first.when)
    assert (first.session, copy.session) == ("S1", "S2")


def test_a_forked_row_names_the_session_it_comes_from(folder: Path) -> None:
    row = answer(sessionId="S2", forkedFrom={"sessionId": "S1", "messageUuid": "u-2"})
    assert event(folder, row).origin_session == "S1"


def test_c4_rows_appended_again_add_nothing(folder: Path) -> None:
    assert events(folder, *C1, *C1) == events(folder, *C1)


def test_c5_a_side_question_replays_the_call_under_another_request(folder: Path) -> None:
    replay = answer(requestId="req_B", isSidechain=True)
    assert {call.key for call in events(folder, *C1, replay)} == {f"claude-code:{MSG_A}"}


def test_c6_short_ids_without_a_request_are_told_apart_by_session_and_time(folder: Path) -> None:
    one = answer("gen-1", requestId=None)
    other = answer("gen-1", requestId=None, sessionId="S2", timestamp="2026-01-06T10:00:00.000Z")
    assert len({call.key for call in events(folder, one, other)}) == 2


def test_a_short_id_is_completed_by_its_request(folder: Path) -> None:
    assert event(folder, answer("gen-1")).key == "claude-code:gen-1:req_A"


def test_a_call_without_a_message_id_is_known_by_its_row(folder: Path) -> None:
    assert event(folder, answer(None)).key == "claude-code:u-2"


def test_rows_without_any_id_are_calls_of_their_own_without_a_key(folder: Path) -> None:
    row = answer(None, uuid=None)
    assert [call.key for call in events(folder, row, row)] == [None, None]


def test_c7_what_only_quotes_a_call_is_no_call(folder: Path) -> None:
    synthetic = answer(MSG_A, usage(0, 0, 0, 0), model="<synthetic>", isApiErrorMessage=True)
    progress = {
        "type": "progress",
        "data": {"type": "agent_progress", "message": {"message": answer()["message"]}},
    }
    quoted = json.dumps(answer())
    told = prompt(
        [{"type": "tool_result", "tool_use_id": "t", "content": quoted}], toolUseResult={"file": answer()}
    )
    assert found(folder, [synthetic, progress, told, answer(use={}) | {"message": {"id": MSG_A}}]) == []


def test_c13_a_call_is_dated_by_its_first_row(folder: Path) -> None:
    late = answer(timestamp="2026-01-06T00:00:00.100Z")
    early = answer(timestamp="2026-01-05T23:59:59.900Z")
    assert event(folder, late, early).when == datetime(2026, 1, 5, 23, 59, 59, 900_000, tzinfo=UTC)


def test_c15_calls_carry_the_folder_and_branch_of_their_row(folder: Path) -> None:
    calls = events(folder, answer(MSG_A), answer(MSG_B, cwd="/home/ana/web", gitBranch="fix"))
    assert [(call.project, call.branch) for call in calls] == [
        ("/home/ana/notes", "main"),
        ("/home/ana/web", "fix"),
    ]


def test_an_empty_branch_is_none(folder: Path) -> None:
    assert event(folder, answer(gitBranch="")).branch is None


def test_a_time_with_an_offset_is_turned_to_utc(folder: Path) -> None:
    assert event(folder, answer(timestamp="2026-01-05T01:00:00+02:00")).when == datetime(
        2026, 1, 4, 23, tzinfo=UTC
    )


# --- counts -------------------------------------------------------------------------------------


def split(short: Any, long: Any) -> Json:
    return {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long}


def test_c10_written_tokens_are_split_by_lifetime(folder: Path) -> None:
    call = event(folder, answer(use=usage(write=500, cache_creation=split(200, 300))))
    assert (call.tokens.cache_write_5m, call.tokens.cache_write_1h, call.flags) == (200, 300, ())


@pytest.mark.parametrize("given", [None, split(200, 200)])
def test_c10_without_a_split_that_adds_up_the_shorter_lifetime_is_taken_and_flagged(
    folder: Path, given: Any
) -> None:
    call = event(folder, answer(use=usage(write=500, cache_creation=given)))
    assert (call.tokens.cache_write_5m, call.tokens.cache_write_1h) == (500, 0)
    assert call.flags == ("split_mismatch",)


def test_nothing_written_needs_no_split(folder: Path) -> None:
    assert event(folder, answer(use=usage(write=0, cache_creation=None))).flags == ()


@pytest.mark.parametrize("bad", [None, -5, "12", True, 1.5, [1], {"a": 1}, 10**12 + 1])
def test_c11_a_count_that_is_none_is_zero_and_flagged(folder: Path, bad: Any) -> None:
    call = event(folder, answer(use=usage(input_tokens=bad)))
    assert (call.tokens.input, call.tokens.output, call.flags) == (0, 140, ("bad_count",))


def test_c11_a_missing_count_is_zero_and_flagged(folder: Path) -> None:
    given = usage()
    del given["cache_read_input_tokens"]
    call = event(folder, answer(use=given))
    assert (call.tokens.cache_read, call.flags) == (0, ("bad_count",))


def test_a_whole_float_counts(folder: Path) -> None:
    call = event(folder, answer(use=usage(input_tokens=1500.0)))
    assert (call.tokens.input, call.flags) == (1500, ())


def test_thinking_is_the_part_of_the_output_that_it_is(folder: Path) -> None:
    call = event(folder, answer(use=usage(out=140, output_tokens_details={"thinking_tokens": 100})))
    assert (call.tokens.output, call.tokens.reasoning) == (140, 100)


def test_web_searches_are_counted(folder: Path) -> None:
    call = event(
        folder, answer(use=usage(server_tool_use={"web_search_requests": 2, "web_fetch_requests": 1}))
    )
    assert call.web_searches == 2


def test_a_stated_cost_is_kept_exactly_as_an_estimate(folder: Path) -> None:
    call = event(folder, answer(costUSD=0.1))
    assert (call.cost, call.cost_kind) == (Decimal("0.1"), "estimated")


@pytest.mark.parametrize(
    ("given", "mode"),
    [
        ({"speed": "fast"}, "fast"),
        ({"speed": "standard"}, "standard"),
        ({"service_tier": "batch"}, "batch"),
        ({"service_tier": "priority"}, "priority"),
        ({"service_tier": None}, "standard"),
        ({"speed": "fast", "service_tier": "priority"}, "fast"),
    ],
)
def test_what_changes_the_price_is_the_mode(folder: Path, given: Json, mode: str) -> None:
    assert event(folder, answer(use=usage(**given))).mode == mode


@pytest.mark.parametrize(
    ("given", "region"), [("us", "us"), ("", None), ("not_available", None), ("global", None)]
)
def test_a_region_is_kept_where_one_was_asked_for(folder: Path, given: str, region: str | None) -> None:
    assert event(folder, answer(use=usage(inference_geo=given))).region == region


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("claude-opus-4-5-20251101", "anthropic"),
        ("claude-sonnet-4-5[1m]", "anthropic"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws-bedrock"),
        ("anthropic.claude-3-haiku-v2:0", "aws-bedrock"),
        ("arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4", "aws-bedrock"),
        ("claude-opus-4-5@20251101", "google"),
        ("glm-4.6", "unknown"),
        ("anthropic/claude-haiku-4.5", "unknown"),
    ],
)
def test_the_model_name_tells_who_bills(model: str, provider: str) -> None:
    assert provider_of(model) == provider


def test_a_row_without_a_model_still_counts(folder: Path) -> None:
    assert event(folder, answer(model=None)).model == "unknown"


def test_an_advisor_is_a_call_of_its_own_and_other_iterations_are_not(folder: Path) -> None:
    advice = usage(7, 0, 0, 90) | {"type": "advisor_message", "model": "claude-opus-5"}
    repeat = usage() | {"type": "message"}
    own, advisor = events(folder, *[answer(use=usage(iterations=[repeat, advice]))] * 2)
    assert vector(own.tokens) == (10, 300, 2000, 140)
    assert (advisor.model, vector(advisor.tokens)) == ("claude-opus-5", (7, 0, 0, 90))
    assert advisor.key == f"{own.key}:advisor:1"


@pytest.mark.parametrize(
    ("out", "more", "quality"),
    [
        (8, {}, "partial"),
        (9, {}, "final"),
        (3, {"stop_reason": "end_turn"}, "final"),
        (3, {"use": usage(out=3, server_tool_use={"web_search_requests": 0})}, "final"),
    ],
)
def test_a_tiny_output_without_a_final_mark_is_partial(
    folder: Path, out: int, more: Json, quality: str
) -> None:
    assert event(folder, answer(**({"use": usage(out=out)} | more))).quality == quality


def test_one_final_row_makes_the_call_final(folder: Path) -> None:
    assert event(folder, *C1).quality == "final"


# --- agents -------------------------------------------------------------------------------------


def test_c8_the_parent_tells_the_final_output_of_an_agent_and_adds_nothing(folder: Path) -> None:
    told = result(agentId="a1", status="completed", totalTokens=5000, usage=usage(5, 400, 4000, 595))
    (final,) = found(folder, [told])
    assert isinstance(final, FinalOutput)
    assert (final.agent, vector(final.tokens)) == ("a1", (5, 400, 4000, 595))


def test_c8_calls_of_an_agent_carry_its_id_and_the_session_of_its_parent(folder: Path) -> None:
    rows = [
        answer(MSG_A, usage(6, 900, 0, 1), isSidechain=True, agentId="a1"),
        answer(MSG_B, usage(5, 400, 4000, 1), isSidechain=True, agentId="a1"),
    ]
    calls = events(folder, *rows, name="S1/subagents/agent-a1.jsonl")
    assert [vector(call.tokens) for call in calls] == [(6, 900, 0, 1), (5, 400, 4000, 1)]
    assert {(call.agent, call.session, call.action_type, call.quality) for call in calls} == {
        ("a1", "S1", "agent", "partial")
    }


def test_c9_a_compaction_is_an_agent_of_that_name(folder: Path) -> None:
    path = "S1/subagents/agent-acompact-x.jsonl"
    findings = found(folder, [answer(isSidechain=True, agentId="acompact-x")], path)
    assert AgentName("claude-code", "acompact-x", "compaction") in findings
    assert [call.agent for call in only(UsageEvent, findings)] == ["acompact-x"]


def test_c16_an_older_flat_file_is_an_agent_of_its_session(folder: Path) -> None:
    call = event(folder, answer(), name="agent-1a2b3c4d.jsonl")
    assert (call.agent, call.session, call.action_type) == ("1a2b3c4d", "S1", "agent")


def test_the_file_beside_an_agent_names_its_kind(folder: Path) -> None:
    (folder / "S1/subagents/agent-a1.meta.json").write_text('{"agentType": "Explore", "spawnDepth": 1}')
    findings = found(folder, [answer(agentId="a1")], "S1/subagents/agent-a1.jsonl")
    assert only(AgentName, findings) == [AgentName("claude-code", "a1", "Explore")]


@pytest.mark.parametrize("meta", [b"", b"[]", b'{"agentType": 5}', b"\xff", b"[" * 60_000])
def test_a_damaged_file_beside_an_agent_does_no_harm(folder: Path, meta: bytes) -> None:
    (folder / "S1/subagents/agent-a1.meta.json").write_bytes(meta)
    findings = found(folder, [answer(agentId="a1")], "S1/subagents/agent-a1.jsonl")
    assert [type(finding) for finding in findings] == [UsageEvent]


def test_a_row_names_the_kind_of_its_agent(folder: Path) -> None:
    findings = found(folder, [answer(agentId="a1", attributionAgent="Plan")])
    assert only(AgentName, findings) == [AgentName("claude-code", "a1", "Plan")]


@pytest.mark.parametrize("name", ["Task", "Agent"])
def test_the_parents_question_names_the_kind_of_its_agent(folder: Path, name: str) -> None:
    asked = answer(content=tool(name, subagent_type="reviewer", prompt=SECRET))
    findings = found(folder, [asked, result(agentId="a1", isAsync=True)])
    assert only(AgentName, findings) == [AgentName("claude-code", "a1", "reviewer")]


# --- what a call is done for --------------------------------------------------------------------


def test_a_skill_runs_until_the_next_prompt_and_does_not_hold_the_call_that_starts_it(folder: Path) -> None:
    rows = [
        prompt(),
        answer(id_of(1), content=tool("Skill", skill="pdf")),
        answer(id_of(1)),
        result(success=True),
        prompt("Base directory of this skill: ...", isMeta=True),
        answer(id_of(2)),
        prompt(),
        answer(id_of(3)),
    ]
    assert actions(folder, *rows) == {"1": (None, None), "2": ("skill", "pdf"), "3": (None, None)}


def test_a_call_tells_whether_the_log_names_its_skill_or_only_its_place_does(folder: Path) -> None:
    rows = [
        answer(id_of(1), content=tool("Skill", skill="pdf")),
        answer(id_of(2)),
        answer(id_of(3), attributionSkill="pdf"),
        command("/review"),
        answer(id_of(4)),
    ]
    calls = only(UsageEvent, found(folder, rows))
    assert [call.action_name for call in calls] == [None, "pdf", "pdf", "review"]
    assert [call.flags for call in calls] == [(), ("skill_followed",), (), ()]


def test_the_older_name_of_a_skill_is_read_without_its_arguments(folder: Path) -> None:
    rows = [answer(id_of(1), content=tool("Skill", command=f"pdf {SECRET}")), answer(id_of(2))]
    assert actions(folder, *rows)["2"] == ("skill", "pdf")


def test_the_skill_that_a_row_names_wins(folder: Path) -> None:
    rows = [command("/review"), answer(id_of(1), attributionSkill="docx")]
    assert actions(folder, *rows)["1"] == ("skill", "docx")


def test_a_command_holds_until_the_next_prompt(folder: Path) -> None:
    rows = [command("/review"), prompt("expanded", isMeta=True), answer(id_of(1)), prompt(), answer(id_of(2))]
    assert actions(folder, *rows) == {"1": ("command", "review"), "2": (None, None)}


def test_a_command_in_a_list_of_blocks_is_found(folder: Path) -> None:
    row = prompt([{"type": "text", "text": "<command-name>/review</command-name>"}])
    assert actions(folder, row, answer(id_of(1)))["1"] == ("command", "review")


def test_a_command_that_a_prompt_quotes_is_text(folder: Path) -> None:
    row = prompt("what does <command-name>/review</command-name> do?")
    assert actions(folder, row, answer(id_of(1)))["1"] == (None, None)


@pytest.mark.parametrize(
    "row",
    [
        prompt("<local-command-stdout>ok</local-command-stdout>"),
        prompt([{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]),
        prompt("a summary", isCompactSummary=True),
        prompt("a message", turnOrigin="task_notification"),
        prompt("in a side chain", isSidechain=True),
    ],
)
def test_what_the_program_writes_ends_no_command(folder: Path, row: Json) -> None:
    assert actions(folder, command("/review"), row, answer(id_of(1)))["1"] == ("command", "review")


def test_a_reminder_beside_a_prompt_does_not_hide_it(folder: Path) -> None:
    texts = ["<system-reminder>today</system-reminder>", "please"]
    row = prompt([{"type": "text", "text": text} for text in texts])
    assert actions(folder, command("/review"), row, answer(id_of(1)))["1"] == (None, None)


def test_a_scheduled_turn_is_scheduled(folder: Path) -> None:
    assert actions(folder, prompt(turnOrigin="scheduled"), answer(id_of(1)))["1"] == ("scheduled", None)


# --- the program's own totals -------------------------------------------------------------------


def test_c14_the_last_snapshot_of_each_run_is_told_beside_the_calls(folder: Path) -> None:
    rows = [
        cost_state(1, inputTokens=5, outputTokens=50, costUSD=0.01),
        cost_state(1, inputTokens=9, outputTokens=70, thinkingTokens=30, costUSD=0.03),
        cost_state(2, inputTokens=1, cacheCreationInputTokens=4, webSearchRequests=2),
    ]
    assert found(folder, rows) == [
        SessionTotal(
            "claude-code", "S1", "1", MODEL, TokenCounts(input=9, output=70, reasoning=30), 0, Decimal("0.03")
        ),
        SessionTotal("claude-code", "S1", "2", MODEL, TokenCounts(input=1, cache_write=4), 2, None),
    ]


def test_an_unreadable_total_is_told(folder: Path) -> None:
    (issue,) = found(folder, [{"type": "cost-state", "sessionId": "S1", "modelUsage": SECRET}])
    assert isinstance(issue, Issue) and issue.line == 1 and SECRET not in str(issue)


# --- reading on ---------------------------------------------------------------------------------


def test_c12_a_cut_last_line_waits_until_it_is_whole(folder: Path) -> None:
    path = folder / "S1.jsonl"
    whole = encode(C1)
    path.write_bytes(whole[:-30])
    first, reader = read(path)
    path.write_bytes(whole)
    second, _ = read(path, start=reader.end, first_line=reader.next_line, state=reader.state)
    assert [vector(call.tokens) for call in only(UsageEvent, first)] == [(10, 300, 2000, 3)]
    assert [vector(call.tokens) for call in only(UsageEvent, second)] == [(10, 300, 2000, 140)]
    assert not only(Issue, [*first, *second])


def test_a_whole_last_line_without_a_line_feed_counts(folder: Path) -> None:
    assert len(found(folder, encode([answer()]).rstrip())) == 1


def test_a_packed_transcript_says_the_same(folder: Path) -> None:
    (folder / "S1.jsonl.gz").write_bytes(gzip.compress(encode(C1)))
    assert read(folder / "S1.jsonl.gz")[0] == events(folder, *C1)


CONVERSATION = [
    command("/review"),
    answer(id_of(1), usage(out=2), content=tool("Skill", "toolu_7", skill="pdf")),
    answer(id_of(1), content=tool("Task", "toolu_8", subagent_type="Explore")),
    result("toolu_8", agentId="a1", usage=usage(5, 400, 4000, 595)),
    answer(id_of(2), costUSD=0.5),
    cost_state(1, inputTokens=5, costUSD=0.01),
    prompt(),
    answer(id_of(3), usage(out=1)),
]


def joined(findings: Iterable[Finding]) -> dict[object, object]:
    """Findings as the ledger joins them: by key, the largest counts; the rest as a set."""
    calls: dict[object, object] = {}
    for finding in findings:
        if isinstance(finding, UsageEvent):
            who = (finding.key, finding.session, finding.action_type, finding.action_name)
            before = calls.get(who, finding.tokens)
            assert isinstance(before, TokenCounts)
            calls[who] = finding.tokens.largest(before)
        else:
            calls[finding] = True
    return calls


def pieces(path: Path, data: bytes, cuts: Iterable[int]) -> Iterator[Finding]:
    """Read a file that grows to each of the cuts in turn."""
    at, line, state = 0, 1, {}
    for cut in [*sorted(cuts), len(data)]:
        path.write_bytes(data[:cut])
        findings, reader = read(path, start=at, first_line=line, state=json.loads(json.dumps(state)))
        at, line, state = reader.end, reader.next_line, reader.state
        yield from findings


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(0, len(encode(CONVERSATION))), max_size=4))
def test_any_split_into_readings_says_the_same(tmp_path: Path, cuts: list[int]) -> None:
    data, path = encode(CONVERSATION), tmp_path / "S1.jsonl"
    assert joined(pieces(path, data, cuts)) == joined(found(tmp_path, data, "S0.jsonl"))


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.permutations([*C1, answer(MSG_B), answer(MSG_B, usage(out=9, cache_creation=None))]))
def test_any_order_of_rows_says_the_same(tmp_path: Path, rows: list[Json]) -> None:
    ordered = [*C1, answer(MSG_B), answer(MSG_B, usage(out=9, cache_creation=None))]
    assert set(events(tmp_path, *rows)) == set(events(tmp_path, *ordered))


# --- damaged and foreign lines ------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"<<<<<<< HEAD",
        b"12",
        b"[]",
        b"{}",
        b'"assistant"',
        b"{'type': 'assistant'}",
        b"\0\0\0",
        b"\0" * 1_000_000,
        b"{}" * 1_001,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"type":"assistant","message":{"usage":{"input_tokens":NaN}}}',
        b'{"type":"assistant","message":{"usage":{"input_tokens":' + b"9" * 5000 + b"}}}",
        encode([answer()])[:100] + encode([answer()]).strip(),
        encode([answer(timestamp=None)]).strip(),
        encode([answer(timestamp=SECRET)]).strip(),
        encode([answer(timestamp="1970-01-01T00:00:00.000Z")]).strip(),
        encode([answer(use=[SECRET])]).strip(),
        encode([answer()])
        .strip()
        .replace(b'"output_tokens": 140', b'"output_tokens": 140, "output_tokens": 1'),
    ],
)
def test_a_broken_line_is_told_by_its_number_and_costs_no_other(folder: Path, line: bytes) -> None:
    findings = found(folder, encode([answer(MSG_A)]) + line + b"\n" + encode([answer(MSG_B)]))
    (issue,) = only(Issue, findings)
    assert (issue.line, issue.rejected) == (2, True)
    assert SECRET not in str(issue)
    assert len(only(UsageEvent, findings)) == 2


def test_two_records_on_one_line_both_count(folder: Path) -> None:
    findings = found(folder, encode([answer(MSG_A)]).strip() + encode([answer(MSG_B)]))
    assert [issue.rejected for issue in only(Issue, findings)] == [False]
    assert len(only(UsageEvent, findings)) == 2


def test_nul_bytes_before_a_record_do_not_hide_it(folder: Path) -> None:
    findings = found(folder, b"\0\0" + encode([answer()]))
    assert len(only(UsageEvent, findings)) == len(only(Issue, findings)) == 1


def test_what_is_not_utf8_shows_as_such(folder: Path) -> None:
    call = only(UsageEvent, found(folder, encode([answer(gitBranch="caf#")]).replace(b"#", b"\xe9")))[0]
    assert call.branch == "caf\ufffd"


def test_bad_bytes_in_a_prompt_do_not_hide_that_it_is_one(folder: Path) -> None:
    data = encode([command("/review"), prompt("#"), answer(id_of(1))]).replace(b"#", b"\xff\\ud83d")
    assert only(UsageEvent, found(folder, data))[0].action_type is None


def test_half_a_character_shows_as_such(folder: Path) -> None:
    call = only(UsageEvent, found(folder, encode([answer(gitBranch="#")]).replace(b"#", rb"\ud83d")))[0]
    assert call.branch == "\ufffd"


def test_blank_lines_and_other_line_ends_do_nothing(folder: Path) -> None:
    data = (
        b"\xef\xbb\xbf"
        + encode([answer(MSG_A)])
        + b"\r\n  \n"
        + encode([answer(MSG_B)]).replace(b"\n", b"\r\n")
    )
    assert [type(finding) for finding in found(folder, data)] == [UsageEvent, UsageEvent]


def test_unknown_records_are_nothing(folder: Path) -> None:
    assert found(folder, [{"type": "mode", "mode": "plan"}, {"type": "summary", "summary": SECRET}]) == []


def respelled(value: Any, draw: st.DataObject) -> str:
    """JSON of the same value with other spaces, key order and escapes."""
    space = draw.draw(st.sampled_from(["", " ", "\t", "  "]))
    if isinstance(value, dict):
        keys = draw.draw(st.permutations(sorted(value)))
        inside = f",{space}".join(
            f"{respelled(k, draw)}{space}:{space}{respelled(value[k], draw)}" for k in keys
        )
        return f"{{{space}{inside}{space}}}"
    if isinstance(value, list):
        return f"[{space}{f'{space},'.join(respelled(v, draw) for v in value)}]"
    if isinstance(value, str) and draw.draw(st.booleans()):
        return '"' + "".join(f"\\u{ord(char):04x}" for char in value) + '"'
    return json.dumps(value)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_spelling_of_the_json_hides_a_row(tmp_path: Path, draw: st.DataObject) -> None:
    lines = "".join(respelled(row, draw) + "\n" for row in CONVERSATION)
    assert found(tmp_path, lines.encode()) == found(tmp_path, CONVERSATION)


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.sampled_from(CONVERSATION), st.data())
def test_a_field_of_any_type_never_stops_the_reading(tmp_path: Path, row: Json, draw: st.DataObject) -> None:
    row = json.loads(json.dumps(row))
    place: Any = row
    while True:
        name = draw.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[name], dict) or not place[name] or draw.draw(st.booleans()):
            break
        place = place[name]
    place[name] = draw.draw(ANYTHING)
    findings = found(tmp_path, [row, answer(id_of(9))])
    assert any(isinstance(one, UsageEvent) and one.key == f"claude-code:{id_of(9)}" for one in findings)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.integers(0, 7), st.integers(0, 10_000), st.binary(min_size=1, max_size=3))
def test_damaged_bytes_cost_no_other_line(tmp_path: Path, number: int, at: int, what: bytes) -> None:
    lines = encode(CONVERSATION).splitlines()
    at %= len(lines[number])
    lines[number] = lines[number][:at] + what.replace(b"\n", b"\r") + lines[number][at + 1 :]
    findings = found(tmp_path, b"\n".join([encode([prompt()]).strip(), *lines, encode([answer(id_of(9))])]))
    assert any(isinstance(one, UsageEvent) and one.key == f"claude-code:{id_of(9)}" for one in findings)
    assert len(only(Issue, findings)) <= 1


# --- titles -------------------------------------------------------------------------------------


def titled(kind: str, title: Any, session: Any = "S1") -> Json:
    """A row with a title of a session."""
    field = {"custom-title": "customTitle", "ai-title": "aiTitle", "summary": "summary"}[kind]
    return {"type": kind, field: title, "sessionId": session}


@pytest.mark.parametrize(
    ("rows", "title"),
    [
        ([("ai-title", "a"), ("ai-title", "b")], "b"),
        ([("custom-title", "mine"), ("ai-title", "b")], "mine"),
        ([("custom-title", "mine"), ("custom-title", "another")], "another"),
        ([("ai-title", "a\nb\x1b[0m")], "a b [0m"),
    ],
)
def test_a_session_is_called_as_the_user_or_else_the_program_said_last(
    folder: Path, rows: list[tuple[str, str]], title: str
) -> None:
    findings = found(folder, [*(titled(*row) for row in rows), answer()])
    assert [one.title for one in only(SessionTitle, findings)] == [title]


def test_a_title_that_is_read_later_ranks_higher_unless_the_user_gave_the_first(folder: Path) -> None:
    ranks = []
    for rows in (
        [titled("ai-title", "a")],
        [answer(), titled("ai-title", "b")],
        [titled("custom-title", "c")],
    ):
        ranks += [one.rank for one in only(SessionTitle, found(folder, rows))]
    assert ranks == sorted(set(ranks)) and len(ranks) == 3


@pytest.mark.parametrize(
    "row",
    [
        titled("ai-title", None),
        titled("custom-title", {"text": SECRET}),
        titled("custom-title", " "),
        titled("ai-title", "a", None),
        titled("summary", "a"),
        {"type": "ai-title", "customTitle": "a", "sessionId": "S1"},
    ],
)
def test_what_is_no_title_of_a_session_calls_it_nothing(folder: Path, row: Json) -> None:
    assert only(SessionTitle, found(folder, [row, answer()])) == []


def test_a_title_is_no_longer_than_a_name(folder: Path) -> None:
    (title,) = only(SessionTitle, found(folder, [titled("custom-title", "x" * 5000), answer()]))
    assert len(title.title) <= 200


def test_no_text_of_prompts_or_answers_comes_out(folder: Path) -> None:
    text = [{"type": "text", "text": SECRET}, {"type": "thinking", "thinking": SECRET}]
    rows = [
        {"type": "summary", "summary": SECRET, "leafUuid": "u"},
        prompt(SECRET),
        prompt(f"<command-name>/review</command-name><command-args>{SECRET}</command-args>"),
        answer(content=text, slug=SECRET, error=SECRET),
        answer(
            content=[
                *tool("Skill", skill="pdf", args=SECRET),
                *tool("Agent", subagent_type="x", prompt=SECRET),
            ]
        ),
        result(agentId="a1", prompt=SECRET, content=text, usage=usage()),
        prompt([{"type": "tool_result", "tool_use_id": "toolu_1", "content": SECRET}], toolUseResult=SECRET),
        answer(use=usage(input_tokens=SECRET), timestamp=SECRET),
        answer(use=SECRET),
        cost_state(1, inputTokens=SECRET, costUSD=SECRET),
        {"type": SECRET},
        {"no type": SECRET},
    ]
    (folder / "S1.jsonl").write_bytes(encode(rows) + f'{{"type": "assistant", "{SECRET}\n{SECRET}'.encode())
    findings, reader = read(folder / "S1.jsonl")
    assert findings and SECRET not in repr(findings) and SECRET not in repr(reader.state)


# --- places and claims --------------------------------------------------------------------------


def roots(environ: dict[str, str]) -> list[Path]:
    return [
        place.root
        for place in ClaudeCode().places(environ, Path("/home/ana"))
        if "Library" not in place.root.parts
    ]


def test_both_usual_places_are_read() -> None:
    assert roots({}) == [Path("/home/ana/.claude/projects"), Path("/home/ana/.config/claude/projects")]


def test_the_xdg_folder_is_followed() -> None:
    assert roots({"XDG_CONFIG_HOME": "/cfg"})[1] == Path("/cfg/claude/projects")


def test_moved_places_take_the_place_of_the_usual_ones() -> None:
    moved = roots({"CLAUDE_CONFIG_DIR": "/one, ~/two"})
    assert moved == [Path("/one/projects"), Path("/home/ana/two/projects")]


def test_sessions_of_the_desktop_program_are_found(tmp_path: Path) -> None:
    cowork = ClaudeCode().places({}, tmp_path)[-1]
    log = cowork.root / "a" / "b" / "local_1" / ".claude" / "projects" / "p" / "S1.jsonl"
    log.parent.mkdir(parents=True)
    log.touch()
    assert [hit for pattern in cowork.patterns for hit in cowork.root.glob(pattern)] == [log]


def claimed(folder: Path, rows: Iterable[Json], name: str = "x.jsonl") -> bool:
    (folder / name).write_bytes(encode(rows))
    return ClaudeCode().claims(LogFile.look(folder / name))


def test_a_transcript_is_claimed_by_its_head(folder: Path) -> None:
    assert claimed(folder, [prompt(), answer()])
    assert claimed(folder, [{"type": "summary", "summary": "x", "leafUuid": "u"}])


def test_other_logs_are_not_claimed(folder: Path) -> None:
    assert not claimed(folder, [{"timestamp": "2026-01-05T10:00:00Z", "model_name": "x", "input_tokens": 5}])
    assert not claimed(
        folder, [{"type": "session_meta", "payload": {"id": "x", "note": json.dumps(answer())}}]
    )


@pytest.mark.parametrize(
    "name", ["journal.jsonl", "journal.jsonl.zst", "S1.orphaned.jsonl", "S1.superseded-2.jsonl"]
)
def test_files_that_are_no_longer_in_force_are_left_alone(folder: Path, name: str) -> None:
    assert not claimed(folder, [answer()], name)
    assert found(folder, [answer()], name) == []


# --- repositories -------------------------------------------------------------------------------


def test_a_folder_belongs_to_the_repository_above_it(tmp_path: Path) -> None:
    (tmp_path / "web" / ".git").mkdir(parents=True)
    (tmp_path / "web" / "src" / "ui").mkdir(parents=True)
    assert repository_of(str(tmp_path / "web" / "src" / "ui")) == str(tmp_path / "web")


def test_a_worktree_belongs_to_its_main_repository(tmp_path: Path) -> None:
    (tmp_path / "web" / ".git" / "worktrees" / "fix").mkdir(parents=True)
    (tmp_path / "fix" / "src").mkdir(parents=True)
    (tmp_path / "fix" / ".git").write_text(f"gitdir: {tmp_path}/web/.git/worktrees/fix\n")
    assert repository_of(str(tmp_path / "fix" / "src")) == str(tmp_path / "web")


@pytest.mark.parametrize("root", ["/no/such/web", "C:\\Users\\ana\\web"])
def test_a_worktree_that_is_gone_belongs_to_the_repository_around_it(root: str) -> None:
    slash = "\\" if "\\" in root else "/"
    assert repository_of(slash.join([root, ".claude", "worktrees", "blue-fox", "src"])) == root


def test_a_submodule_is_its_own_repository(tmp_path: Path) -> None:
    (tmp_path / "web" / "lib").mkdir(parents=True)
    (tmp_path / "web" / ".git").mkdir()
    (tmp_path / "web" / "lib" / ".git").write_text("gitdir: ../.git/modules/lib\n")
    assert repository_of(str(tmp_path / "web" / "lib")) == str(tmp_path / "web" / "lib")


@pytest.mark.parametrize(
    "folder", ["/no/such/folder", "C:\\Users\\ana\\web", "//server/share", "relative", "a\0b"]
)
def test_a_folder_that_is_not_here_stays_as_it_is(folder: str) -> None:
    assert repository_of(folder) == folder


def test_each_folder_is_looked_up_once(folder: Path) -> None:
    asked: list[str] = []
    (folder / "S1.jsonl").write_bytes(encode([answer(id_of(n)) for n in range(5)]))
    collector = ClaudeCode(root_of=lambda path: asked.append(path) or path)  # type: ignore[func-returns-value]
    list(collector.collect(Reader(LogFile.look(folder / "S1.jsonl"))))
    assert asked == ["/home/ana/notes"]
