"""A script notes its calls: one whole line each, with its labels, and never an exception."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.capture.answers import SECRET, anthropic, chat, gemini, mistral, ollama, response
from tests.collectors.support import events, issues, read, rejected
from vaultsync import capture
from vaultsync.capture import labels, record
from vaultsync.capture import log as written
from vaultsync.collectors.logs.flat_events import FlatEvents

Line = dict[str, Any]
FEBRUARY = 1_770_714_000.25


@pytest.fixture(autouse=True)
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A script of its own: a log, a clock that stands, and nobody was warned yet."""
    monkeypatch.setenv(written.VARIABLE, str(tmp_path / "calls.jsonl"))
    monkeypatch.setattr(time, "time", lambda: FEBRUARY)
    monkeypatch.setattr(time, "gmtime", lambda at=FEBRUARY, real=time.gmtime: real(at))
    monkeypatch.setattr(capture, "_warned", set())
    yield
    assert capture._chain.get() is None


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def lines(log: Path) -> list[Line]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


# --- what is noted, and read again ---


def test_what_is_noted_is_read_by_vaultsync(log: Path) -> None:
    for answer in (anthropic(), chat(), response(), gemini(), mistral(), ollama()):
        assert record(answer, project="letters", action=("command", "reply"), session="s1", branch="main")
    found = read(FlatEvents(), log)
    assert issues(found) == [] and SECRET not in log.read_text(encoding="utf-8")
    calls = events(found)
    assert [call.provider for call in calls] == [
        "anthropic",
        "openai",
        "openai",
        "google",
        "mistral",
        "ollama",
    ]
    assert [call.tokens.total for call in calls] == [56577, 3500, 21500, 13000, 4600, 768]
    assert [call.key for call in calls[:2]] == ["flat-events:msg_01", "flat-events:chatcmpl-1"]
    assert {(call.project, call.action_type, call.action_name) for call in calls} == {
        ("letters", "command", "reply")
    }
    assert {(call.session, call.branch, call.flags) for call in calls} == {("s1", "main", ())}


def test_outcomes_belong_to_their_call(log: Path) -> None:
    record(chat(), outcomes={"poems": 2})
    record(ollama())
    first, second = events(read(FlatEvents(), log))
    assert (first.outcomes, second.outcomes) == ((("poems", 2),), ())


def test_names_of_every_kind_stay_on_one_line(log: Path) -> None:
    odd = 'a\nb\r\u2028"\ud800'
    assert record(chat(), project=odd, action=odd, id=odd)
    assert log.read_bytes().count(b"\n") == 1
    assert len(events(read(FlatEvents(), log))) == 1


# --- where ---


def test_a_folder_gets_a_file_a_month(tmp_path: Path) -> None:
    assert record(chat(), to=tmp_path / "logs" / "deep")
    assert [path.name for path in (tmp_path / "logs" / "deep").iterdir()] == ["2026-02.jsonl"]


@pytest.mark.parametrize("name", ["calls.d", "calls"])
def test_what_is_there_says_whether_it_is_a_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert record(chat(), to=tmp_path / name)
    assert (tmp_path / name / "2026-02.jsonl").is_file()
    (tmp_path / "plain").touch()
    assert record(chat(), to=str(tmp_path / "plain"))
    assert lines(tmp_path / "plain")


def test_the_usual_place_lies_in_the_data_folder_of_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert written.usual({"HOME": "/home/ana"}) == "/home/ana/.local/share/vaultsync/capture"
    assert written.usual({"XDG_DATA_HOME": "/data", "HOME": "/x"}) == "/data/vaultsync/capture"
    assert written.usual({"VAULTSYNC_CAPTURE": "~/c.jsonl", "HOME": "/home/ana"}) == "/home/ana/c.jsonl"
    monkeypatch.setattr(sys, "platform", "darwin")
    place = "/Users/ana/Library/Application Support/vaultsync/capture"
    assert written.usual({"HOME": "/Users/ana"}) == place


def test_the_usual_place_is_that_of_the_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs import user_data_path

    monkeypatch.delenv(written.VARIABLE)
    assert Path(written.usual(os.environ)) == user_data_path("vaultsync", appauthor=False) / "capture"


def test_only_its_owner_reads_the_log(tmp_path: Path) -> None:
    record(chat(), to=tmp_path / "new")
    (file,) = (tmp_path / "new").iterdir()
    assert (file.stat().st_mode & 0o777, (tmp_path / "new").stat().st_mode & 0o777) == (0o600, 0o700)


# --- labels ---


def test_inner_labels_are_laid_over_outer_ones(log: Path) -> None:
    with labels(project="letters", action=("command", "reply"), session="s1"):
        with labels(action="rewrite", branch="main"):
            record(chat(), session="s2")
        record(chat())
    record(chat())
    inner, outer, none = lines(log)
    names = ("project", "action_type", "action_name", "session_id", "branch")
    assert [inner.get(name) for name in names] == ["letters", "command", "rewrite", "s2", "main"]
    assert [outer.get(name) for name in names] == ["letters", "command", "reply", "s1", None]
    assert [none.get(name) for name in names] == [None] * 5


def test_labels_end_when_what_runs_inside_fails(log: Path) -> None:
    with pytest.raises(KeyError), labels(project="a"):
        raise KeyError
    record(chat())
    assert "project" not in lines(log)[0]


def test_a_function_and_a_coroutine_are_labelled_while_they_run(log: Path) -> None:
    @labels(project="a")
    def plain(number: int) -> int:
        """Says what it does."""
        record(chat())
        return plain(number - 1) if number else 7

    @labels(project="b")
    async def later() -> int:
        await asyncio.sleep(0)
        record(chat())
        return 8

    assert (plain(1), plain.__name__, plain.__doc__) == (7, "plain", "Says what it does.")
    assert asyncio.run(later()) == 8
    record(chat())
    assert [line.get("project") for line in lines(log)] == ["a", "a", "b", None]


def test_a_generator_cannot_be_labelled() -> None:
    with pytest.raises(TypeError, match="inside it"):

        @labels(project="a")
        def pieces() -> Iterator[int]:
            yield 1


def test_tasks_do_not_see_each_others_labels(log: Path) -> None:
    async def work(name: str) -> None:
        with labels(action=name):
            await asyncio.sleep(0)
            record(chat(), id=name)

    async def both() -> None:
        with labels(project="all"):
            await asyncio.gather(*(work(f"w{n}") for n in range(8)))

    asyncio.run(both())
    noted = lines(log)
    assert len(noted) == 8
    assert all(line["action_name"] == line["id"] and line["project"] == "all" for line in noted)


def test_threads_do_not_see_each_others_labels(log: Path) -> None:
    meet = threading.Barrier(4)

    def work(name: str) -> None:
        with labels(action=name):
            meet.wait()
            record(chat(), id=name)

    with labels(project="main"):
        threads = [threading.Thread(target=work, args=(f"t{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert all(line["action_name"] == line["id"] and "project" not in line for line in lines(log))


# --- many at once ---

WRITER = """
import sys
from vaultsync.capture import record
for n in range(1000):
    done = record(
        {"model": "m", "usage": {"prompt_tokens": n + 1, "completion_tokens": 1}},
        id=f"{sys.argv[1]}-{n}", project="p" * 150, to=sys.argv[2],
    )
    assert done
"""


def test_two_processes_write_whole_lines(log: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", WRITER, name, str(log)]) for name in ("a", "b")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    noted = lines(log)
    assert {line["id"] for line in noted} == {f"{name}-{n}" for name in "ab" for n in range(1000)}
    assert len(noted) == 2000 and all(line["project"] == "p" * 150 for line in noted)


# --- nothing is raised ---


def complaint(answer: Any, **more: Any) -> str:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert record(answer, **more) is False
    return str(told[0].message) if told else ""


def test_an_odd_answer_is_warned_about_once(log: Path) -> None:
    assert complaint(object()) == "vaultsync has not noted a call: object is no answer with token counts"
    assert complaint(object()) == ""
    assert "prompt_tokens is no count" in complaint(chat(prompt_tokens=SECRET))
    assert not log.exists()


def test_the_warning_points_into_the_script() -> None:
    with pytest.warns(RuntimeWarning) as told:
        record(object())
    assert told[0].filename == __file__


def test_where_warnings_are_errors_the_script_goes_on() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert record(object()) is False


def test_a_piece_of_a_stream_is_no_reason_to_warn(log: Path) -> None:
    assert complaint({"choices": [], "usage": None}) == "" and not log.exists()


def test_an_answer_that_fails_when_it_is_looked_at_is_survived() -> None:
    class Failing:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(SECRET)

    said = complaint(Failing())
    assert "RuntimeError" in said and SECRET not in said


@pytest.mark.parametrize(
    "more", [{"outcomes": {"a": object()}}, {"outcomes": 3}, {"action": ("a",)}, {"to": 3}]
)
def test_odd_labels_are_survived(more: Line) -> None:
    assert complaint(chat(), **more) != ""


def test_a_log_that_cannot_be_written_is_survived(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file" in complaint(chat(), to=tmp_path / "file" / "calls.jsonl")


def test_a_full_disk_costs_no_other_line(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert record(ollama())
    real = os.write
    monkeypatch.setattr(os, "write", lambda number, data: real(number, data[:20]))
    assert "disk full" in complaint(chat())
    monkeypatch.undo()
    assert record(chat(), to=log)
    found = read(FlatEvents(), log)
    assert [call.model for call in events(found)] == ["llama3.2:3b", "gpt-5-2025-08-07"]
    assert rejected(found) == [2]


# --- light ---


def test_importing_it_loads_next_to_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules)\nimport vaultsync.capture\n"
        "print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ours = {"vaultsync", "vaultsync.capture", "vaultsync.capture.members"}
    assert set(done.stdout.split()) <= {*ours, "__future__", "contextvars", "_contextvars"}


def test_noting_a_call_loads_no_logging_and_nothing_that_was_installed(log: Path) -> None:
    code = (
        "import sys; before = set(sys.modules)\nfrom vaultsync.capture import record\n"
        "assert record({'usage': {'prompt_tokens': 1}}, to=sys.argv[1])\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(log)], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "logging" not in loaded and "asyncio" not in loaded
    assert loaded - sys.stdlib_module_names == {"vaultsync"}
