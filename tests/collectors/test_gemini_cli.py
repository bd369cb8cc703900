"""The chats of Gemini CLI: each answer once, in whatever form and how often it is written down."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import events, issues, read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.gemini_cli import GeminiCli
from vaultsync.collectors.logs.flat_events import FlatArray, FlatEvents
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import files_of
from vaultsync.ledger import Batch, Ledger
from vaultsync.model import Finding, TokenCounts, UsageEvent

Json = dict[str, Any]
FOLDER = "/home/ana/notes"
HASH = hashlib.sha256(FOLDER.encode()).hexdigest()
SECRET = "the secret of the prompt"
UNIQUE = "0b9f7d0e-0000-4000-8000-00000000000a"
TOKENS = {"input": 12000, "output": 70, "cached": 8000, "thoughts": 230, "tool": 0, "total": 12300}
COUNTED = TokenCounts(input=4000, cache_read=8000, output=300, reasoning=230)


def answer(ident: str = "m-2", tokens: Any = TOKENS, **more: Any) -> Json:
    when = "2026-01-20T09:00:04.000Z"
    row = {
        "id": ident,
        "timestamp": when,
        "type": "gemini",
        "content": SECRET,
        "model": "gemini-3-pro-preview",
    }
    return row | {"tokens": tokens} | more


def meta(session: str = "S1", **more: Any) -> Json:
    times = {"startTime": "2026-01-20T09:00:00.000Z", "lastUpdated": "2026-01-20T09:00:05.000Z"}
    return {"sessionId": session, "projectHash": HASH} | times | more


def lines(*rows: Json) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def document(*messages: Json, **more: Any) -> str:
    question = {"id": "m-1", "timestamp": "2026-01-20T09:00:00.000Z", "type": "user", "content": SECRET}
    return json.dumps(meta(**more) | {"messages": [question, *messages]}, indent=2)


def collector() -> GeminiCli:
    return GeminiCli(root_of=lambda folder: folder)


def told(path: Path) -> list[Finding]:
    return read(collector(), path)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def held(ledger: Ledger, *paths: Path) -> list[UsageEvent]:
    """What a ledger holds once it has taken in these files, by size."""
    for path in paths:
        reader = reader_of(path)
        ledger.record(Batch("gemini-cli", reader, list(collector().collect(reader))))
    return sorted((stored.event for stored in ledger.latest(50)), key=lambda event: event.tokens.total)


# --- what is read -------------------------------------------------------------------------------


@pytest.mark.parametrize("era", ["json", "jsonl"])
def test_an_answer_is_a_call_with_its_thoughts_outside_and_its_cache_inside(tmp_path: Path, era: str) -> None:
    text = document(answer()) if era == "json" else lines(meta(), answer())
    (call,) = told(written(tmp_path / f"session.{era}", text))
    assert isinstance(call, UsageEvent)
    assert (call.tokens, call.provider, call.model) == (COUNTED, "google", "gemini-3-pro-preview")
    assert (call.session, call.key, call.flags) == ("S1", "gemini-cli:S1:m-2", ())
    assert call.when.isoformat() == "2026-01-20T09:00:04+00:00"


def test_tokens_of_tools_are_sent_too(tmp_path: Path) -> None:
    tokens = TOKENS | {"tool": 500, "total": 12800}
    (call,) = events(told(written(tmp_path / "s.jsonl", lines(meta(), answer(tokens=tokens)))))
    assert call.tokens == TokenCounts(input=4500, cache_read=8000, output=300, reasoning=230)


def test_no_word_of_a_chat_is_kept(tmp_path: Path) -> None:
    rows = [
        meta(memoryScratchpad=SECRET),
        answer(),
        answer("m-3", tokens=SECRET),
        answer("m-4", timestamp=SECRET),
    ]
    assert SECRET not in repr(told(written(tmp_path / "s.jsonl", lines(*rows))))


def test_messages_without_counts_are_no_calls(tmp_path: Path) -> None:
    rows = [meta(), answer(tokens=None), answer("m-3", type="user"), {"id": "m-4", "type": "info"}]
    assert told(written(tmp_path / "s.jsonl", lines(*rows))) == []


@pytest.mark.parametrize("era", ["json", "jsonl"])
def test_an_answer_that_counts_nothing_is_a_call_of_which_nothing_is_known(tmp_path: Path, era: str) -> None:
    none = answer("m-3", dict.fromkeys(TOKENS, 0))
    rows = [answer(), none, answer(tokens=none["tokens"])]
    text = document(*rows) if era == "json" else lines(meta(), *rows)
    first, second = events(told(written(tmp_path / f"session.{era}", text)))
    assert (first.tokens, first.quality) == (COUNTED, "final")
    assert (second.tokens, second.quality) == (TokenCounts(), "partial")


# --- each answer once ---------------------------------------------------------------------------


def test_g1_an_answer_that_is_written_again_is_one_call_as_it_was_last(tmp_path: Path) -> None:
    more = TOKENS | {"output": 90, "total": 12320}
    rows = [meta(), answer(tokens=None), answer(), answer(tokens=more), answer(tokens=None, toolCalls=[])]
    (call,) = events(told(written(tmp_path / "s.jsonl", lines(*rows))))
    assert call.tokens.output == 320


def test_g1_rewound_answers_were_paid_for(tmp_path: Path) -> None:
    rows = [meta(), answer(), answer("m-3"), {"$rewindTo": "m-3"}, answer("m-4")]
    keys = [call.key for call in events(told(written(tmp_path / "s.jsonl", lines(*rows))))]
    assert keys == ["gemini-cli:S1:m-2", "gemini-cli:S1:m-3", "gemini-cli:S1:m-4"]


def test_messages_that_are_set_anew_are_the_same_and_take_nothing_back(tmp_path: Path) -> None:
    changes = {
        "$set": {"messages": [answer("m-3"), answer("m-4")], "lastUpdated": "2026-01-20T10:00:00.000Z"}
    }
    rows = [meta(), answer(), answer("m-3"), changes]
    assert len(events(told(written(tmp_path / "s.jsonl", lines(*rows))))) == 3


def test_g1_a_session_that_was_moved_to_lines_counts_once(ledger: Ledger, tmp_path: Path) -> None:
    old = written(tmp_path / "s.json", document(answer(), answer("m-3")))
    new = written(tmp_path / "s.jsonl", lines(meta(), answer(), answer("m-3"), answer("m-4")))
    assert len(held(ledger, old, new, old)) == 3


def test_growing_copies_of_a_session_give_each_message_once(ledger: Ledger, tmp_path: Path) -> None:
    messages = [answer(f"m-{n}", TOKENS | {"input": 12000 + n, "total": 12300 + n}) for n in range(9)]
    copies = [written(tmp_path / f"{n}.json", document(*messages[:n])) for n in (3, 9, 6)]
    others = [written(tmp_path / f"o{n}.json", document(answer(), sessionId=f"O{n}")) for n in range(3)]
    calls = held(ledger, *copies, *others)
    assert len(calls) == 12 and sum(call.tokens.total for call in calls) == 12 * 12300 + sum(range(9))


def test_what_a_rewritten_session_has_forgotten_stays_counted(ledger: Ledger, tmp_path: Path) -> None:
    path = written(tmp_path / "s.json", document(answer(), answer("m-3")))
    held(ledger, path)
    assert len(held(ledger, written(path, document(answer("m-4"))))) == 3


def test_an_id_that_is_unique_everywhere_needs_no_session(ledger: Ledger, tmp_path: Path) -> None:
    whole = written(tmp_path / "a.jsonl", lines(meta(), answer(UNIQUE)))
    rest = written(tmp_path / "b.jsonl", lines(answer(UNIQUE)))
    (call,) = held(ledger, whole, rest)
    assert call.session == "S1"


def test_short_ids_of_two_sessions_are_two_calls(ledger: Ledger, tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{s}.jsonl", lines(meta(s), answer())) for s in ("S1", "S2")]
    assert len(held(ledger, *paths)) == 2


def test_answers_without_any_id_count_by_what_they_say(ledger: Ledger, tmp_path: Path) -> None:
    path = written(
        tmp_path / "s.jsonl", lines(meta(), answer(""), answer("", timestamp="2026-01-20T09:01:00Z"))
    )
    assert len(held(ledger, path, path)) == 2


# --- who and where ------------------------------------------------------------------------------


def chats(tmp_path: Path, project: str = HASH) -> Path:
    folder = tmp_path / ".gemini" / "tmp" / project / "chats"
    folder.mkdir(parents=True)
    return folder


def project_of(path: Path) -> str | None:
    (call,) = events(told(path))
    return call.project


def test_the_folder_is_told_by_the_mark_beside_the_chats(tmp_path: Path) -> None:
    folder = chats(tmp_path, "notes")
    (folder.parent / ".project_root").write_text(FOLDER + "\n")
    assert project_of(written(folder / "s.jsonl", lines(meta(), answer()))) == FOLDER


@pytest.mark.parametrize("name", [HASH, "notes"])
def test_the_folder_is_told_by_the_list_of_projects(tmp_path: Path, name: str) -> None:
    folder = chats(tmp_path, name)
    (tmp_path / ".gemini" / "projects.json").write_text(json.dumps({"projects": {FOLDER: "notes"}}))
    assert project_of(written(folder / "s.json", document(answer()))) == FOLDER


@pytest.mark.parametrize("content", ["", "[]", '{"projects": 7}', '{"projects": {"/x": 7}}', '{"projects"'])
def test_a_hash_that_nobody_knows_is_no_project(tmp_path: Path, content: str) -> None:
    folder = chats(tmp_path)
    (tmp_path / ".gemini" / "projects.json").write_text(content)
    assert project_of(written(folder / "s.json", document(answer()))) is None


def test_a_subagent_works_for_the_session_whose_folder_it_lies_in(tmp_path: Path) -> None:
    folder = chats(tmp_path, "notes") / "S1"
    folder.mkdir()
    (folder.parents[1] / ".project_root").write_text(FOLDER)
    (call,) = events(told(written(folder / "A1.jsonl", lines(meta("A1", kind="subagent"), answer()))))
    assert (call.session, call.agent, call.action_type, call.project) == ("S1", "A1", "agent", FOLDER)


# --- places -------------------------------------------------------------------------------------


def test_sessions_are_found_below_the_home_folder(tmp_path: Path) -> None:
    folder = chats(tmp_path)
    (folder / "S1").mkdir()
    names = ["session-1.json", "session-2.jsonl", "S1/agent.jsonl"]
    for name in names:
        written(folder / name, "{}")
    written(folder.parent / "checkpoint-a.json", "{}")
    written(folder.parent / "logs.json", "[]")
    found = [path for place in collector().places({}, tmp_path) for path in files_of(place)]
    assert sorted(found) == sorted(folder / name for name in names)


@pytest.mark.parametrize(
    ("home", "environ", "root"),
    [
        ("/home/ana", {}, "/home/ana/.gemini/tmp"),
        ("/Users/ana", {"GEMINI_CLI_HOME": ""}, "/Users/ana/.gemini/tmp"),
        ("C:/Users/ana", {}, "C:/Users/ana/.gemini/tmp"),
        ("/home/ana", {"GEMINI_CLI_HOME": "/data/g"}, "/data/g/.gemini/tmp"),
        ("/home/ana", {"GEMINI_CLI_HOME": "~/g"}, "/home/ana/g/.gemini/tmp"),
    ],
)
def test_places_on_three_systems(home: str, environ: dict[str, str], root: str) -> None:
    assert [place.root for place in collector().places(environ, Path(home))] == [Path(root)]


@pytest.mark.parametrize(
    ("name", "content", "is_ours"),
    [
        ("a.jsonl", lines(meta(), answer()), True),
        ("a.json", document(answer()), True),
        ("a.txt", document(answer()), False),
        ("a.jsonl", json.dumps({"type": "user", "text": json.dumps(meta())}), False),
        ("telemetry.log", '{"attributes": {"event.name": "gemini_cli.api_response"}}', False),
        ("a.json", '{"attributes": {"event.name": "gemini_cli.api_response", "session.id": "S1"}}', False),
    ],
)
def test_a_session_is_known_by_its_beginning(tmp_path: Path, name: str, content: str, is_ours: bool) -> None:
    assert collector().claims(LogFile.look(written(tmp_path / name, content))) is is_ours


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_session_is_no_log_of_flat_events(tmp_path: Path, name: str) -> None:
    text = lines(meta(), answer()) if name == "a.jsonl" else document(answer())
    file = LogFile.look(written(tmp_path / name, text))
    assert not FlatEvents().claims(file) and not FlatArray().claims(file)


# --- bad input ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [-1, 1.5, True, "70", [], {}, 10**13, 10**30])
def test_a_bad_count_costs_only_itself(tmp_path: Path, bad: Any) -> None:
    tokens = TOKENS | {"cached": bad}
    (call,) = events(told(written(tmp_path / "s.jsonl", lines(meta(), answer(tokens=tokens)))))
    assert call.tokens == TokenCounts(input=12000, output=300, reasoning=230) and call.flags == ("bad_count",)


@pytest.mark.parametrize("field", ["id", "model", "timestamp", "type", "tokens"])
@pytest.mark.parametrize("value", [7, None, True, [], {}, "", "\ud800", 1e400])
@pytest.mark.parametrize("era", ["json", "jsonl"])
def test_odd_values_never_cost_the_other_messages(tmp_path: Path, field: str, value: Any, era: str) -> None:
    messages = [answer("m-1") | {field: value}, answer()]
    text = document(*messages) if era == "json" else lines(meta(), *messages)
    assert "gemini-cli:S1:m-2" in [
        call.key for call in events(told(written(tmp_path / f"s.{era}", text.replace("Infinity", "1e400"))))
    ]


def test_a_message_without_a_time_is_told(tmp_path: Path) -> None:
    found = told(written(tmp_path / "s.jsonl", lines(meta(), answer(timestamp="noon"))))
    assert rejected(found) == [2] and "timestamp is a text" in issues(found)[0].text


def test_a_count_that_is_named_twice_is_refused(tmp_path: Path) -> None:
    text = lines(meta(), answer()).replace('"output": 70', '"output": 70, "output": 7000')
    found = told(written(tmp_path / "s.jsonl", text))
    assert rejected(found) == [2] and "tokens names output twice" in issues(found)[0].text


def test_a_damaged_line_costs_only_itself(tmp_path: Path) -> None:
    text = lines(meta(), answer()) + '{"id": "m-3", "tok\n[]\n' + lines(answer("m-4"))
    found = told(written(tmp_path / "s.jsonl", text))
    assert len(events(found)) == 2 and rejected(found) == [3, 4]


def test_a_message_that_is_none_is_told(tmp_path: Path) -> None:
    text = json.dumps(meta() | {"messages": [7, answer()]})
    found = told(written(tmp_path / "s.json", text))
    assert len(events(found)) == 1 and "message 1 is not an object" in issues(found)[0].text


def test_every_beginning_of_a_file_of_lines_counts_its_whole_lines(tmp_path: Path) -> None:
    data = lines(meta(), answer(), answer("m-3"), {"$set": {"messages": [answer()]}}).encode()
    ends = [end for end, byte in enumerate(data) if byte == ord("\n")]
    for length in range(len(data)):
        reader = reader_of(written(tmp_path / "s.jsonl", data[:length]))
        found = list(collector().collect(reader))
        whole = sum(end <= length for end in ends)
        assert len(events(found)) == max(0, min(whole, 3) - 1) and not issues(found) and not reader.issues
        assert reader.end == (
            length if length in ends else max((e + 1 for e in ends if e < length), default=0)
        )


def test_every_beginning_of_a_document_is_told_and_counts_nothing(tmp_path: Path) -> None:
    data = document(answer(), answer("m-3")).encode()
    for length in range(1, len(data)):
        path = written(tmp_path / "s.json", data[:length])
        reader = reader_of(path)
        assert list(collector().collect(reader)) == []
        assert reader.verdict == "damaged" and len(reader.issues) == 1
        reader = reader_of(path, rested=5)
        assert list(collector().collect(reader)) == [] and reader.verdict == "pending"


def test_packed_sessions_are_read(tmp_path: Path) -> None:
    assert len(events(told(written(tmp_path / "s.jsonl.gz", lines(meta(), answer()))))) == 1


# --- what it is called --------------------------------------------------------------------------


def test_a_session_shows_by_its_summary(tmp_path: Path) -> None:
    as_lines = lines(meta(summary="Zebras"), answer(), {"$set": {"summary": "Poems"}})
    for name, text in (("s.jsonl", as_lines), ("s.json", document(answer(), summary="Poems"))):
        assert titled(told(written(tmp_path / name, text))) == {"S1": "Poems"}


def test_a_subagents_summary_is_not_that_of_the_session(tmp_path: Path) -> None:
    rows = [meta("S2", kind="subagent", summary="Rhymes"), answer()]
    assert titled(told(written(tmp_path / "s.jsonl", lines(*rows)))) == {}
