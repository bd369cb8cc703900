"""Passing over the bulk of a rollout changes nothing of what it says, however its lines were damaged."""

from __future__ import annotations

import json
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors.rollouts import (
    SECRET,
    Json,
    context,
    count,
    encode,
    event,
    meta,
    read,
    record,
    result,
    row,
)
from vaultsync.collectors.agents import codex
from vaultsync.collectors.agents.codex.bulk import skips
from vaultsync.collectors.reading import LONG_LINE, SEEN_FIRST, SEEN_LAST
from vaultsync.model import UsageEvent

LONG = LONG_LINE + 100
QUOTED = encode([count((9, 0, 0, 9, 0), (9, 0, 0, 9, 0)), record("resp_q", (9, 0, 0, 9, 0))]).decode()
TEXTS = [
    "x",
    SECRET,
    QUOTED,
    '\\"',
    "\\",
    '"}}',
    '"}]}}',
    "\u00e4\U0001f600\x1b[0m",
    '{"type":"token_count"}',
]


def ends(line: bytes) -> tuple[bytes, bytes]:
    return line[:SEEN_FIRST], line.rstrip(b"\n")[-SEEN_LAST:]


def message(text: str) -> Json:
    content = [{"type": "output_text", "text": text}]
    return row("response_item", {"type": "message", "role": "assistant", "content": content})


def compaction(text: str) -> Json:
    history = [{"type": "message", "content": []}, {"type": "compaction", "encrypted_content": text}]
    return row("compacted", {"message": "", "replacement_history": history})


def thought(text: str) -> Json:
    return row("response_item", {"type": "reasoning", "summary": [], "encrypted_content": text})


BULK = [result, message, compaction, thought]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("made", BULK)
def test_results_answers_and_histories_are_passed_over(made: object, text: str) -> None:
    assert callable(made)
    (line,) = encode([made(text + "y" * LONG + text)]).splitlines()
    assert skips(*ends(line))
    (line,) = encode(
        [{"timestamp": "2026-02-23T12:40:00.000Z", "ordinal": 7, **made("y" * LONG)}]
    ).splitlines()
    assert skips(*ends(line))


@pytest.mark.parametrize(
    "line",
    [
        encode([result("y" * LONG)]).rstrip() + encode([count((1, 0, 0, 1, 0), (1, 0, 0, 1, 0))]).rstrip(),
        encode([result("y"), count((1, 0, 0, 1, 0), (1, 0, 0, 1, 0)), result("y" * LONG)]).replace(
            b"\n", b""
        ),
        encode([result("y" * LONG)]).rstrip()[:-2],
        encode([result("y" * LONG)]).rstrip()[:-1] + b',"type":"token_usage_record"}',
        encode([result("y" * LONG)]).rstrip()[:-1] + rb',"\u0074ype":"token_usage_record"}',
        encode([result("y" * LONG)]).replace(b'"type":"response_item"', b'"type": "response_item"'),
        encode([result("y" * LONG)]).replace(b'"type":"response_item"', b'"type":"token_usage_record"'),
        encode([event("agent_message", message="y" * LONG)]),
        encode([context(cwd="y" * LONG), meta(cwd="y" * LONG)]),
        encode([result("y" * (SEEN_LAST - 4))]).rstrip()[:-3] + b'"}}',
    ],
)
def test_any_other_line_is_decoded(line: bytes) -> None:
    first, last = ends(line)
    assert not skips(first, last)


def test_an_escape_that_is_cut_is_not_relied_on() -> None:
    first, last = ends(encode([result("y" * LONG)]))
    closed = rb'\","type":"token_usage_record","note":"'  # the other half of the escape stands before
    assert skips(first, last) and not skips(first, closed + last[len(closed) :])
    assert not skips(first, rb"\"" + last[2:])


def spaced(line: bytes) -> bytes:
    return json.dumps(json.loads(line)).encode()


def escaped(line: bytes) -> bytes:
    return line.replace(b'"type"', rb'"\u0074ype"').replace(b'"token_count"', rb'"token_\u0063ount"')


def sorted_keys(line: bytes) -> bytes:
    return json.dumps(json.loads(line), sort_keys=True, separators=(",", ":")).encode()


def twice(line: bytes) -> bytes:
    return line[:-1] + b',"type":"event_msg","payload":{"type":"agent_message"}}'


def made_a_count(line: bytes) -> bytes:
    """A row whose last keys make it a count."""
    total = encode([count((70, 0, 0, 7, 0), (70, 0, 0, 7, 0))]).strip()
    return line[:-1] + b"," + total[1:]


def begun_as_another(line: bytes) -> bytes:
    return b'{"timestamp":"2026-02-23T12:40:00.000Z","type":"response_item",' + line[1:]


SHAPES = [bytes, bytes, spaced, escaped, sorted_keys, twice, made_a_count, begun_as_another]


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line of a rollout, long ones above all, that something may have happened to."""
    texts = st.sampled_from(TEXTS)
    filler = (
        draw(texts)
        + draw(st.sampled_from('y\\"\n{')) * draw(st.sampled_from([3, LONG, SEEN_LAST]))
        + draw(texts)
    )
    number = draw(st.integers(1, 9))
    of = (100 * number, 0, 0, number, 0)
    rows = [make(filler) for make in BULK]
    rows += [count(of, of) | {"note": filler}, record(f"resp_{number}", of) | {"note": filler}, count(of, of)]
    rows += [event("agent_message", message=filler), event("token_count", message=filler, info=None)]
    line = encode([draw(st.sampled_from(rows))]).strip()
    line = draw(st.sampled_from(SHAPES))(line)
    return line[: draw(st.integers(0, len(line)))] if draw(st.integers(0, 5)) == 0 else line


@st.composite
def rollouts(draw: st.DrawFn) -> bytes:
    """Up to six lines, of which some are two records."""
    made = [encode([meta(), context()])]
    for _ in range(draw(st.integers(0, 6))):
        between = draw(st.sampled_from([None, None, None, b"", b"\0", b" "]))
        made.append(draw(lines()) + (b"" if between is None else between + draw(lines())))
        made.append(draw(st.sampled_from([b"\n", b"\n", b"\r\n"])))
    return b"".join(made)


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=rollouts())
def test_the_same_calls_with_and_without(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(data)
    told, reader = read(path)
    with mock.patch.object(codex, "skips", None):
        all_told, decoded = read(path)
    calls = [each for each in all_told if isinstance(each, UsageEvent)]
    assert [each for each in told if isinstance(each, UsageEvent)] == calls
    assert (reader.end, reader.next_line, reader.state) == (decoded.end, decoded.next_line, decoded.state)
