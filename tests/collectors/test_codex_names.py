"""Names of Codex's threads: given or made, but never the first prompt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut
from tests.collectors.support import read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.codex.names import CodexNames
from vaultsync.collectors.registry import files_of

NAMES = CodexNames()
THREAD = "01890a5d-ac96-774b-bcce-b302099a8057"
PROMPT = "write me poems\nabout moss"


def rollout(home: Path, *said: Any, folder: str = "sessions/2026/01/05", thread: str = THREAD) -> None:
    path = home / folder / f"rollout-2026-01-05T09-00-00-{thread}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [{"timestamp": "2026-01-05T09:00:00Z", "type": "session_meta", "payload": {"id": thread}}]
    rows += [{"type": "event_msg", "payload": {"type": "user_message", "message": text}} for text in said]
    written(path, "{half\n" + "".join(f"{json.dumps(row)}\n" for row in rows))


def index(home: Path, *names: Any, thread: Any = THREAD) -> Path:
    rows = [
        {"id": thread, "thread_name": name, "updated_at": f"2026-01-05T09:0{minute}:00.123456Z"}
        for minute, name in enumerate(names)
    ]
    return written(home / "session_index.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))


@pytest.mark.parametrize("folder", ["sessions/2026/01/05", "archived_sessions"])
def test_a_thread_shows_by_its_last_name(tmp_path: Path, folder: str) -> None:
    rollout(tmp_path, PROMPT, folder=folder)
    assert titled(read(NAMES, index(tmp_path, "Zebras", "Poems"))) == {THREAD: "Poems"}


@pytest.mark.parametrize(
    "said", [PROMPT, f"# Context from my IDE setup:\n- a.md\n## My request for Codex:\n{PROMPT}"]
)
def test_the_first_prompt_is_no_name(tmp_path: Path, said: str) -> None:
    rollout(tmp_path, said, "and odes")
    assert titled(read(NAMES, index(tmp_path, "write me poems about…"))) == {}
    assert titled(read(NAMES, index(tmp_path, "write me poems about…", "Poems"))) == {THREAD: "Poems"}


def test_where_the_prompt_is_not_known_the_name_may_be_it(tmp_path: Path) -> None:
    assert titled(read(NAMES, index(tmp_path, "Poems"))) == {}
    rollout(tmp_path)
    assert titled(read(NAMES, index(tmp_path, "Poems"))) == {}


@pytest.mark.parametrize("value", HOSTILE, ids=str)
def test_odd_values_are_survived(tmp_path: Path, value: Any) -> None:
    rollout(tmp_path, value, PROMPT)
    index(tmp_path, "Poems", thread=value)
    path = written(
        tmp_path / "session_index.jsonl",
        (tmp_path / "session_index.jsonl").read_text() + index(tmp_path, value, "Poems").read_text(),
    )
    assert titled(read(NAMES, path)) in ({THREAD: "Poems"}, {})


def test_every_truncation_is_survived(tmp_path: Path) -> None:
    rollout(tmp_path, PROMPT)
    data = index(tmp_path, "Poems", "Odes").read_bytes()
    for length, found, _ in cut(NAMES, tmp_path / "session_index.jsonl", data):
        assert rejected(found) == [] and titled(found) in ({}, {THREAD: "Poems"}, {THREAD: "Odes"})
        assert length < len(data) - 1 or titled(found) == {THREAD: "Odes"}


def test_the_usual_place(tmp_path: Path) -> None:
    for home, environ in ((tmp_path / ".codex", {}), (tmp_path / "x", {"CODEX_HOME": str(tmp_path / "x")})):
        home.mkdir()
        path = index(home, "Poems")
        (place,) = NAMES.places(environ, tmp_path)
        assert list(files_of(place)) == [path] and NAMES.claims(reader_of(path).file)
