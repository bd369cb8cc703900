"""Passing over large results of tools gives the same events as decoding every line, however it looks."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.collectors.support import reader_of
from vaultsync.collectors.agents.claude_code import ClaudeCode, Reading
from vaultsync.collectors.agents.claude_code.bulk import Bulk
from vaultsync.collectors.agents.claude_code.counts import counted, counted_carefully
from vaultsync.collectors.lines import LONG_LINE
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

Json = dict[str, Any]
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 2000,
    "cache_creation": {"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 140,
    "service_tier": "standard",
}


def row(number: int, kind: str, message: Json, **more: Any) -> Json:
    """A row with its keys in the program's own order."""
    head = {"parentUuid": f"u{number - 1}", "isSidechain": False, "userType": "external", "cwd": "/w/notes"}
    head |= {"sessionId": "S1", "version": "2.1.5", "gitBranch": "main"}
    tail = {"uuid": f"u{number}", "timestamp": f"2026-01-05T10:00:{number:02d}.000Z"}
    if kind == "assistant":
        return head | {"message": message, "requestId": f"req_{number}", "type": kind} | tail | more
    return head | {"type": kind, "message": message} | tail | more


def answer(number: int, *, tool: str, **given: Any) -> Json:
    """An answer that starts a tool."""
    block = {"type": "tool_use", "id": f"toolu_{number}", "name": tool, "input": given}
    message = {"model": "claude-opus-4-5", "id": f"msg_0123456789abcdef_{number}", "type": "message"}
    message |= {"role": "assistant", "content": [block], "stop_reason": "tool_use", "usage": USAGE}
    return row(number, "assistant", message)


def result(number: int, text: str, **told: Any) -> Json:
    """What the tool returned."""
    block = {"tool_use_id": f"toolu_{number}", "type": "tool_result", "content": text}
    return row(number, "user", {"role": "user", "content": [block]}, toolUseResult=told or {"stdout": text})


def dense(value: Any) -> str:
    """JSON as the program writes it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


QUOTED = dense(answer(7, tool="Read"))
BODY = f"line of text\t{QUOTED} \x1b[0m ünï\n" * 40
AGENT = {"status": "completed", "agentId": "a1", "totalTokens": 5, "usage": USAGE}
SESSION = [
    {
        "type": "file-history-snapshot",
        "messageId": "m",
        "snapshot": {"text": BODY},
        "isSnapshotUpdate": False,
    },
    row(1, "user", {"role": "user", "content": "<command-name>/plan</command-name>"}),
    answer(2, tool="Read", file_path="a.md"),
    result(2, BODY, type="text", file={"content": BODY, "numLines": 40}),
    answer(3, tool="Task", subagent_type="explorer"),
    result(3, BODY, prompt=BODY, **AGENT),
    answer(4, tool="mcp__notes__find", usage="input_tokens"),
    result(4, BODY, matches=[{"usage": USAGE, "type": "assistant"}] * 30),
    answer(5, tool="Unheard"),
    result(5, BODY, agentId="a2", output=BODY),
    row(6, "user", {"role": "user", "content": "go on " + BODY}),
    answer(7, tool="Bash", command="ls"),
    result(7, BODY),
    answer(8, tool="Bash", command="ls"),
    {name: of for name, of in result(8, BODY).items() if name != "toolUseResult"},
    answer(9, tool="Bash", command="ls"),
]
OTHERS = [
    row(50, "user", {"role": "user", "content": "<command-name>/other</command-name>"}),
    answer(51, tool="Read"),
    answer(52, tool="Task", subagent_type="other"),
    result(3, "short", **AGENT | {"agentId": "a9"}),
    {"type": "cost-state", "sessionId": "S1", "modelUsage": {"claude-opus-4-5": {"inputTokens": 5}}},
]


def found(path: Path) -> list[Finding]:
    """What a transcript says, beside complaints: what is not decoded is not complained of."""
    told = ClaudeCode(root_of=lambda folder: folder).collect(reader_of(path))
    return [finding for finding in told if not isinstance(finding, Issue)]


def as_is(value: Json, chance: random.Random) -> str:
    return dense(value)


def spaced(value: Json, chance: random.Random) -> str:
    return json.dumps(value, ensure_ascii=False)


def pretty_inside(value: Json, chance: random.Random) -> str:
    """One key alone with a space."""
    keys = list(value)
    key = f'"{chance.choice(keys)}":'
    return dense(value).replace(key, key + " ", 1)


def shuffled(value: Json, chance: random.Random) -> str:
    pairs = list(value.items())
    chance.shuffle(pairs)
    return dense(dict(pairs))


def escaped(value: Json, chance: random.Random) -> str:
    """One letter of one word of the format written as an escape, wherever it stands."""
    text = dense(value)
    word = chance.choice(
        ["type", "assistant", "user", "usage", "message", "agentId", "tool_result", "toolUseResult"]
    )
    places = [at for at in range(len(text)) if text.startswith(f'"{word}"', at)]
    if not places:
        return text
    at = chance.choice(places) + 1 + chance.randrange(len(word))
    return f"{text[:at]}\\u{ord(text[at]):04x}{text[at + 1 :]}"


def doubled(value: Json, chance: random.Random) -> str:
    """Keys come twice, with the values of another row, somewhere at the top level."""
    other = chance.choice(OTHERS)
    keys = chance.choice([["type"], ["message"], ["type", "message"], ["toolUseResult"], [*other]])
    pairs = [f"{dense(name)}:{dense(of)}" for name, of in value.items()]
    at = chance.randrange(len(pairs) + 1)
    pairs[at:at] = [f"{dense(key)}:{dense(other.get(key, 1))}" for key in keys]
    return "{" + ",".join(pairs) + "}"


def spliced(value: Json, chance: random.Random) -> str:
    """The line feed before the next record was lost, perhaps with the end of this one."""
    text = dense(value)
    if chance.random() < 0.5:
        text = text[: chance.randrange(len(text))]
    return text + chance.choice(["", "\0\0", " "]) + dense(chance.choice(OTHERS))


def broken(value: Json, chance: random.Random) -> str:
    """A line feed too many, perhaps where a reader of several lines would not notice."""
    text = dense(value)
    places = [at for at in range(len(text)) if text.startswith(("},", "{", "}"), at)]
    at = chance.choice(places) + chance.randrange(2)
    return text[:at] + chance.choice(["\n", "\r\n", "\n\n"]) + text[at:]


def cut(value: Json, chance: random.Random) -> str:
    text = dense(value)
    return text[: chance.randrange(len(text))]


MUTATIONS: list[Callable[[Json, random.Random], str]] = [
    as_is,
    spaced,
    pretty_inside,
    shuffled,
    escaped,
    doubled,
    spliced,
    broken,
    cut,
]


@settings(max_examples=400, deadline=None)
@given(st.randoms(use_true_random=False))
def test_passing_over_gives_the_same_events_as_decoding(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random
) -> None:
    lines = [
        (
            chance.choice(MUTATIONS)
            if chance.random() < (0.6 if len(str(value)) > LONG_LINE else 0.2)
            else as_is
        )(value, chance)
        for value in SESSION
    ]
    path = tmp_path_factory.mktemp("session") / "S1.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    passed_over = found(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Bulk, "skips", lambda bulk, first, last: False)
        patch.setattr(Reading, "read_at_once", lambda reading, piece: False)
        assert passed_over == found(path)
    assert sum(isinstance(finding, UsageEvent) for finding in passed_over) >= 1


def test_the_results_of_tools_are_really_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    skipped: list[bool] = []
    skips = Bulk.skips
    monkeypatch.setattr(
        Bulk, "skips", lambda bulk, *ends: bool(skipped.append(told := skips(bulk, *ends)) or told)
    )
    path = tmp_path / "S1.jsonl"
    path.write_text("".join(dense(value) + "\n" for value in SESSION), encoding="utf-8", newline="\n")
    assert len(dense(SESSION[3])) > LONG_LINE
    assert sum(isinstance(finding, UsageEvent) for finding in found(path)) == 7
    # The snapshot, Read, Bash twice; not agents, tools of others and prompts.
    assert skipped == [True, True, False, False, False, False, True, True]


COUNTS = st.one_of(
    st.integers(-2, 10**13), st.none(), st.booleans(), st.floats(), st.just(12.0), st.text(max_size=2)
)
USAGES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
            st.one_of(st.just(300), COUNTS),
        ),
        "cache_creation": st.one_of(
            st.just({"ephemeral_5m_input_tokens": 300, "ephemeral_1h_input_tokens": 0}),
            st.dictionaries(
                st.sampled_from(["ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens"]), COUNTS
            ),
            COUNTS,
        ),
        "service_tier": st.sampled_from(["standard", "batch", "priority", None, 1]),
        "speed": st.sampled_from(["fast", "standard", None]),
        "inference_geo": st.sampled_from(["us", "", "global", None, 3]),
        "server_tool_use": st.one_of(st.just({"web_search_requests": 2}), st.none(), COUNTS),
        "output_tokens_details": st.one_of(st.just({"thinking_tokens": 200}), st.none(), COUNTS),
        "iterations": st.sampled_from(
            [[], None, [{"type": "message"}], [{"type": "advisor_message", "model": "m", "input_tokens": 3}]]
        ),
        "max_tokens": st.just(4),
    },
)


def read_by(reads: Callable[[bytes], object], data: bytes) -> object:
    """What a reading gives, trouble included."""
    try:
        return reads(data)
    except BadField as fault:
        return str(fault)


@settings(max_examples=400)
@given(USAGES, st.sampled_from(["", '"input_tokens":7', '"output_tokens":140']))
def test_usage_of_the_usual_shape_is_read_as_any_other(usage: Json, again: str) -> None:
    text = dense(usage)
    if again and usage:
        text = "{" + again + "," + text[1:]
    if text != "{}":
        assert read_by(counted, text.encode()) == read_by(counted_carefully, text.encode())
