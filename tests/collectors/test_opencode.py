"""OpenCode and its kin: each message one call, in whichever store, session and program it stands."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import NOW, events, issues, read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.opencode import KiloCli, MimoCode, OpenCode
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.registry import Collector, files_of
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts, UsageEvent

OPENCODE = OpenCode(root_of=lambda folder: folder)
Json = dict[str, Any]
JANUARY = 1_767_603_600_000
NINE = datetime(2026, 1, 5, 9, tzinfo=UTC)
JUNE = 1_780_304_400_000
UNNAMED = "New session - 2026-01-05T09:00:00.000Z"


def counts(i: Any = 100, o: Any = 60, r: Any = 0, read: Any = 0, write: Any = 0, **more: Any) -> Json:
    return {"input": i, "output": o, "reasoning": r, "cache": {"read": read, "write": write}} | more


def message(ident: str = "msg_1", session: str = "ses_1", at: Any = JANUARY, **more: Any) -> Json:
    return {
        "id": ident,
        "sessionID": session,
        "role": "assistant",
        "parentID": "msg_0",
        "modelID": "glm-5.1",
        "providerID": "zai",
        "mode": "build",
        "agent": "build",
        "path": {"cwd": "/home/ana/notes", "root": "/"},
        "time": {"created": at, "completed": at + 7000 if isinstance(at, int) else None},
        "cost": 0,
        "tokens": counts(),
        "finish": "stop",
    } | more


def tree(root: Path, *messages: Json, **parents: str) -> list[Path]:
    """A tree of JSON files; the paths of its messages."""
    for session, parent in parents.items():
        path = root / "storage" / "session" / "p1" / f"{session}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"id": session, "title": UNNAMED, "parentID": parent}))
    paths = []
    for each in messages:
        path = root / "storage" / "message" / each["sessionID"] / f"{each['id']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        paths.append(written(path, json.dumps(each)))
    return paths


def base(path: Path, *messages: Any, **parents: str) -> Path:
    """A database of the same."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE IF NOT EXISTS message (id TEXT, session_id TEXT, time_created, data TEXT)")
        db.execute("CREATE TABLE IF NOT EXISTS session (id TEXT, parent_id TEXT, directory TEXT, title TEXT)")
        for each in messages:
            if isinstance(each, dict):
                rest = {key: value for key, value in each.items() if key not in ("id", "sessionID")}
                row = (each["id"], each["sessionID"], 0, json.dumps(rest))
            else:
                row = ("msg_x", "ses_1", 0, each)
            db.execute("INSERT INTO message VALUES (?, ?, ?, ?)", row)
        for session in {*parents, *(each["sessionID"] for each in messages if isinstance(each, dict))}:
            row = (session, parents.get(session), "/home/ana/opened", UNNAMED)
            db.execute("INSERT INTO session VALUES (?, ?, ?, ?)", row)
    return path


def calls(tmp_path: Path, *messages: Json, **parents: str) -> list[UsageEvent]:
    """What both stores say of the messages, which is the same."""
    from_files = [
        event for path in tree(tmp_path, *messages, **parents) for event in events(read(OPENCODE, path))
    ]
    from_base = events(read(OPENCODE, base(tmp_path / "opencode.db", *messages, **parents)))
    assert from_files == from_base
    return from_base


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


# --- one call -----------------------------------------------------------------------------------


def test_a_message_of_a_model_is_a_call(tmp_path: Path) -> None:
    said = message(tokens=counts(7578, 60, 26, 8320, total=15958), cost=0.0123)
    (call,) = calls(tmp_path, message("msg_0", role="user", tokens=None), said)
    assert (call.when, call.source, call.provider, call.model) == (NINE, "opencode", "zai", "glm-5.1")
    assert (call.session, call.project) == ("ses_1", "/home/ana/notes")
    assert (call.action_type, call.action_name, call.agent) == (None, None, None)
    assert (call.cost, call.cost_kind, call.quality) == (Decimal("0.0123"), "estimated", "final")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (counts(7413, 11, 22, 64, total=7510), TokenCounts(7413, 64, output=33, reasoning=22)),
        (counts(7578, 60, 26, 8320, total=15958), TokenCounts(7578, 8320, output=60, reasoning=26)),
        (counts(9000, 50, 20, 8000, 500, total=9070), TokenCounts(500, 8000, 0, 0, 0, 0, 500, 70, 20)),
        (counts(9000, 50, 20, 8000, total=9050), TokenCounts(1000, 8000, output=50, reasoning=20)),
    ],
)
def test_o1_the_total_tells_how_the_counts_are_meant(
    tmp_path: Path, said: Json, expected: TokenCounts
) -> None:
    (call,) = calls(tmp_path, message(tokens=said))
    assert (call.tokens, call.flags) == (expected, ())
    assert call.tokens.total == said["total"]


@pytest.mark.parametrize(("at", "output"), [(JANUARY, 60), (JUNE, 86)])
def test_without_a_total_the_time_tells_and_it_shows(tmp_path: Path, at: int, output: int) -> None:
    path = tree(tmp_path, message(at=at, tokens=counts(r=26)), message("msg_2", at=at))
    (doubtful,), (plain,) = (events(read(OPENCODE, each)) for each in path)
    assert (doubtful.tokens.output, doubtful.flags) == (output, ("reasoning_unknown",))
    assert (plain.tokens.output, plain.flags) == (60, ())


def test_reasoning_beyond_the_output_stands_beside_it(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, message(tokens=counts(89, 47, 104, 31488)))
    assert call.tokens == TokenCounts(89, 31488, output=151, reasoning=104)


def test_a_total_that_fits_nothing_is_flagged(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, message(tokens=counts(total=5)))
    assert (call.tokens, call.flags) == (TokenCounts(100, output=60), ("total_mismatch",))


@pytest.mark.parametrize("cost", [0, None, 0.0])
def test_a_cost_of_nothing_is_unknown(tmp_path: Path, cost: Any) -> None:
    (call,) = calls(tmp_path, message(cost=cost))
    assert (call.cost, call.cost_kind, call.flags) == (None, None, ())


def test_a_call_that_counted_nothing_is_none(tmp_path: Path) -> None:
    failed = message(tokens=counts(0, 0), error={"name": "APIError", "data": {"message": "SECRET"}})
    assert calls(tmp_path, failed, message("msg_2", tokens=None)) == []


def test_a_failed_call_with_counts_is_one(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, message(error={"name": "MessageAbortedError"}))
    assert call.tokens.total == 160


def test_a_session_tells_the_folder_where_the_message_does_not(tmp_path: Path) -> None:
    (call,) = events(read(OPENCODE, base(tmp_path / "opencode.db", message(path=None))))
    assert call.project == "/home/ana/opened"


# --- who made it --------------------------------------------------------------------------------


def test_subagents_work_for_the_first_session(tmp_path: Path) -> None:
    said = [message(), message("msg_2", "ses_2", agent="general"), message("msg_3", "ses_3", agent="explore")]
    main, child, grandchild = calls(tmp_path, *said, ses_2="ses_1", ses_3="ses_2")
    assert (main.session, main.agent) == ("ses_1", None)
    assert (child.session, child.agent, child.action_type, child.action_name) == (
        "ses_1", "ses_2", "agent", "general",
    )  # fmt: skip
    assert (grandchild.session, grandchild.agent, grandchild.action_name) == ("ses_1", "ses_3", "explore")


def test_sessions_that_work_for_each_other_end_somewhere(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, message(), ses_1="ses_2", ses_2="ses_1")[:1]
    assert call.agent == "ses_1"


@pytest.mark.parametrize("how", [{"summary": True}, {"agent": "compaction", "mode": "compaction"}])
def test_a_compaction_shows_as_such(tmp_path: Path, how: Json) -> None:
    (call,) = calls(tmp_path, message(**how))
    assert (call.action_type, call.action_name, call.agent) == ("agent", "compaction", None)


def test_a_session_id_that_is_no_name_is_looked_up_nowhere(tmp_path: Path) -> None:
    (path,) = tree(tmp_path, message())
    path.write_text(json.dumps(message(session="../../../*")))
    (call,) = events(read(OPENCODE, path))
    assert call.agent is None


# --- what it is called --------------------------------------------------------------------------


def test_a_session_shows_by_its_title_and_not_by_that_of_its_subagents(tmp_path: Path) -> None:
    said, named = [message(), message("msg_2", "ses_2")], {}
    path = base(tmp_path / "opencode.db", *said, ses_2="ses_1")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE session SET title = 'Poems of ' || id")
    for each in tree(tmp_path, *said, ses_1="", ses_2="ses_1"):
        for told in (tmp_path / "storage" / "session" / "p1").iterdir():
            told.write_text(told.read_text().replace(UNNAMED, f"Poems of {told.stem}"))
        named |= titled(read(OPENCODE, each))
    assert named == titled(read(OPENCODE, path)) == {"ses_1": "Poems of ses_1"}


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("New session - 2026-01-05T09:00:00.000Z", {}),
        ("Child session - 2026-01-05T09:00:00.000Z", {}),
        ("New session - plans", {"ses_1": "New session - plans"}),
        ("Two\nlines", {"ses_1": "Two lines"}),
        (" ", {}),
        (None, {}),
        (b"\xff", {}),
        (5, {}),
    ],
    ids=str,
)
def test_what_a_session_is_called_by_itself_is_no_title(tmp_path: Path, title: Any, kept: Any) -> None:
    path = base(tmp_path / "opencode.db", message())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE anew (id, title)")
        db.execute("INSERT INTO anew VALUES ('ses_1', ?)", (title,))
        db.execute("DROP TABLE session")
        db.execute("ALTER TABLE anew RENAME TO session")
    assert titled(read(OPENCODE, path)) == kept


def test_the_title_that_was_given_last_counts(tmp_path: Path, ledger: Ledger) -> None:
    path = base(tmp_path / "opencode.db", message())
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("ALTER TABLE session ADD COLUMN time_updated INTEGER")
    for number, title in enumerate(("Zebras", "Odes")):
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE session SET title = ?, time_updated = ?", (title, JANUARY + number))
        held(ledger, OPENCODE, path)
    assert ledger.titles() == {("opencode", "ses_1"): "Odes"}


# --- each once ----------------------------------------------------------------------------------


def test_o2_a_message_in_both_stores_is_one_call(tmp_path: Path, ledger: Ledger) -> None:
    said = [message(), message("msg_2", at=JANUARY + 9000)]
    stores = [*tree(tmp_path, *said), base(tmp_path / "opencode.db", *said)]
    assert len(held(ledger, OPENCODE, *stores)) == 2
    assert len(held(ledger, OPENCODE, *reversed(stores))) == 2


@pytest.mark.parametrize("is_copy_first", [True, False])
def test_o3_the_copies_of_a_forked_session_are_no_calls(
    tmp_path: Path, ledger: Ledger, is_copy_first: bool
) -> None:
    own = [message(), message("msg_2", at=JANUARY + 9000), message("msg_3", at=JANUARY + 20000)]
    copies = [message("msg_7", "ses_2"), message("msg_8", "ses_2", at=JANUARY + 9000)]
    fork = [*copies, message("msg_9", "ses_2", at=JANUARY + 99000)]
    said = [*fork, *own] if is_copy_first else [*own, *fork]
    found = held(ledger, OPENCODE, base(tmp_path / "opencode.db", *said))
    assert [call.session for call in found] == ["ses_1", "ses_1", "ses_1", "ses_2"]


def test_calls_that_began_together_are_two(tmp_path: Path, ledger: Ledger) -> None:
    later = {"created": JANUARY, "completed": JANUARY + 8000}
    path = base(tmp_path / "opencode.db", message(), message("msg_2", time=later))
    assert len(held(ledger, OPENCODE, path)) == 2


def test_a_growing_store_is_counted_once_and_keeps_what_it_forgets(tmp_path: Path, ledger: Ledger) -> None:
    path = base(tmp_path / "opencode.db", message())
    assert len(held(ledger, OPENCODE, path)) == 1
    base(path, message("msg_2", at=JANUARY + 9000))
    assert len(held(ledger, OPENCODE, path)) == 2
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM message")
    assert len(held(ledger, OPENCODE, path)) == 2


def test_a_message_that_is_still_being_written_waits(tmp_path: Path) -> None:
    just_now = int(NOW.timestamp() * 1000) - 3_600_000
    for path in (
        *tree(tmp_path, message(at=just_now, time={"created": just_now})),
        base(tmp_path / "opencode.db", message(at=just_now, time={"created": just_now}), message("msg_2")),
    ):
        reader = reader_of(path)
        told = list(OPENCODE.collect(reader))
        assert [event.when for event in events(told)] == ([NINE] if path.suffix == ".db" else [])
        assert reader.end < reader.file.size and reader.verdict == "read"


def test_a_message_that_nobody_completes_counts_after_a_day(tmp_path: Path) -> None:
    (call,) = calls(tmp_path, message(time={"created": JANUARY}))
    assert call.tokens.total == 160


# --- bad input ----------------------------------------------------------------------------------


def test_what_cannot_be_read_is_named_and_the_rest_counts(tmp_path: Path) -> None:
    no_time = message("msg_2", time={"completed": 5})
    twice = '{"role": "assistant", "tokens": {"input": 5, "input": 6}, "time": {"created": 1767603600000}}'
    path = base(tmp_path / "opencode.db", "{broken", b"\xff", None, twice, no_time, message())
    told = read(OPENCODE, path)
    assert len(events(told)) == 1 and len(rejected(told)) == 5
    assert "names input twice" in str(issues(told)[3]) and "timestamp is missing" in str(issues(told)[4])


@pytest.mark.parametrize("key", ["input", "output", "reasoning", "cache", "total"])
@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_counts_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    told = read(OPENCODE, tree(tmp_path, message(tokens=counts(total=160) | {key: value}))[0])
    assert all(event.tokens.total < 10**12 for event in events(told)) and len(told) == 1


@pytest.mark.parametrize(
    "key",
    [
        "id",
        "sessionID",
        "role",
        "modelID",
        "providerID",
        "agent",
        "path",
        "time",
        "cost",
        "tokens",
        "summary",
    ],
)
@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_hostile_values_are_survived(tmp_path: Path, key: str, value: Any) -> None:
    said = message() | {key: value}
    from_file = read(OPENCODE, written(tmp_path / "msg_1.json", json.dumps(said)))
    rest = {name: value for name, value in said.items() if name not in ("id", "sessionID")}
    from_base = read(OPENCODE, base(tmp_path / "opencode.db", json.dumps(rest)))
    assert len(from_file) <= 1 and len(from_base) <= 1


def test_every_truncation_is_survived_and_reported(tmp_path: Path) -> None:
    data = json.dumps(message()).encode()
    for length, told, reader in cut(OPENCODE, tmp_path / "msg_1.json", data):
        assert not events(told) and len(rejected(told)) == (length > 0)
        assert reader.verdict == ("damaged" if length else "read")


def test_every_page_of_a_cut_database_is_survived(tmp_path: Path) -> None:
    said = [message(f"msg_{n}", at=JANUARY + n) for n in range(60)]
    data = base(tmp_path / "opencode.db", *said).read_bytes()
    for length in range(16, len(data), 512):
        path = written(tmp_path / "opencode-cut.db", data[:length])
        reader = reader_of(path)
        told = [*OPENCODE.collect(reader), *reader.issues]
        assert len(events(told)) == 60 or (reader.verdict == "damaged" and rejected(told))


def test_a_database_without_messages_is_named(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "opencode.db")) as db, db:
        db.execute("CREATE TABLE other (id TEXT)")
    told = read(OPENCODE, tmp_path / "opencode.db")
    assert len(told) == 1 and "holds no messages as opencode keeps them" in str(told[0])


def test_no_words_are_kept(tmp_path: Path) -> None:
    said = message(error={"data": {"message": "SECRET"}}, summary={"title": "SECRET"})
    path = base(tmp_path / "opencode.db", said, '{"role": "assistant", "tokens": "SECRET"}')
    assert "SECRET" not in repr(read(OPENCODE, path))


# --- where it is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("collector", "folder", "files"),
    [
        (OpenCode(), "opencode", ["opencode.db", "opencode-dev.db", "storage/message/ses_1/msg_1.json"]),
        (KiloCli(), "kilo", ["kilo.db", "kilo-dev.db", "storage/message/ses_1/msg_1.json"]),
        (MimoCode(), "mimocode", ["mimocode.db"]),
    ],
)
@pytest.mark.parametrize("environ", [{}, {"XDG_DATA_HOME": "{}/data"}])
def test_the_usual_places(
    tmp_path: Path, collector: Collector, folder: str, files: list[str], environ: dict[str, str]
) -> None:
    top = (tmp_path / "data" if environ else tmp_path / ".local" / "share") / folder
    for name in (*files, "log/2026.log", "storage/part/msg_1/prt_1.json", "storage/session/p1/ses_1.json"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        written(top / name, "{}")
    places = collector.places({key: value.format(tmp_path) for key, value in environ.items()}, tmp_path)
    found = [str(path) for place in places for path in files_of(place)]
    assert sorted(found) == sorted(str(top / name) for name in files)


@pytest.mark.parametrize("moved", ["elsewhere.db", "{}/elsewhere.db"])
def test_a_database_may_be_moved(tmp_path: Path, moved: str) -> None:
    root = tmp_path if "{" in moved else tmp_path / ".local" / "share" / "opencode"
    root.mkdir(parents=True, exist_ok=True)
    written(root / "elsewhere.db", "")
    places = OPENCODE.places({"OPENCODE_DB": moved.format(tmp_path)}, tmp_path)
    assert [path for place in places for path in files_of(place)] == [root / "elsewhere.db"]


def test_mimo_has_a_home_of_its_own(tmp_path: Path) -> None:
    assert MimoCode().places({"MIMOCODE_HOME": "/m"}, tmp_path)[0].root == Path("/m/data")


def test_each_program_claims_its_own_databases(tmp_path: Path) -> None:
    for name, owner in (("opencode-beta.db", "opencode"), ("kilo.db", "kilo-cli"), ("other.db", None)):
        file = LogFile.look(base(tmp_path / name, message()))
        claims = [each.name for each in (OPENCODE, KiloCli(), MimoCode()) if each.claims(file)]
        assert claims == ([owner] if owner else [])
    assert not OPENCODE.claims(LogFile.look(written(tmp_path / "opencode.db", "no database")))
    assert not OPENCODE.claims(LogFile.look(written(tmp_path / "msg_1.json", '{"id": 1}')))
