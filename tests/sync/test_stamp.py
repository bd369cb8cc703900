"""The stamp of an idle run: it answers only what the run itself would answer, whatever has happened since."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from tests.sync.conftest import CONFIG, World, event
from vaultsync import __main__ as front
from vaultsync import idle
from vaultsync.capture.log import usual
from vaultsync.collectors import loading
from vaultsync.sync.looked import APP_FILES
from vaultsync.vault import app

IDLE = "Nothing to do: all notes are up to date.\n"
DAY = "2026-01-09"


@dataclass(frozen=True)
class Answer:
    """What one call of the program did."""

    code: int
    out: str
    err: str
    is_quick: bool
    """The stamp held, and the program was not even loaded."""


@dataclass
class Door:
    """The front door of the program: the command line of a process, and the stamps beside the ledger."""

    world: World
    monkeypatch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]
    options: tuple[str, ...] = ()

    @property
    def stamps(self) -> Path:
        return self.world.root / "home/.local/state/vaultsync/idle"

    def ask(self, *arguments: str) -> Answer:
        """Call the program with the options and these arguments."""
        answers: list[str | None] = []
        asked = idle.answer
        command = ["vaultsync", *(arguments or ("daily", "--date", DAY)), *self.options]
        with self.monkeypatch.context() as patch:
            patch.setattr("sys.argv", command)
            patch.setattr(front, "time", SimpleNamespace(time=self.world.now.timestamp))
            patch.setattr(idle, "answer", lambda *a: answers.append(asked(*a)) or answers[-1])
            code = 0
            try:
                front.main()
            except SystemExit as end:
                code = int(end.code or 0)
        out, err = self.capture.readouterr()
        return Answer(code, out, err, any(answer is not None for answer in answers))

    def settle(self, *arguments: str) -> Answer:
        """Call the program until it answers from its stamp, which an idle run left."""
        for _ in range(4):
            answer = self.ask(*arguments)
            if answer.is_quick:
                return answer
        raise AssertionError(f"no stamp holds: {answer}")

    def plainly(self, *arguments: str) -> Answer:
        """Call the program without its stamps."""
        shutil.rmtree(self.stamps, ignore_errors=True)
        return self.ask(*arguments)


@pytest.fixture
def door(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Iterator[Door]:
    """A vault with a log and its notes, some days after the last change of any file: all of it is at rest."""
    world.log("a.jsonl", event("2026-01-08T08:00:00Z"), event("2026-01-09T08:00:00Z"))
    last = datetime.fromtimestamp((tmp_path / "vault/logs/a.jsonl").stat().st_ctime, UTC)
    world.now = datetime.combine(last.date() + timedelta(days=2), time(12), UTC)
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR", "LC_ALL", "LC_TIME", "TZ"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.chdir(tmp_path)
    yield Door(world, monkeypatch, capsys, ("--vault", str(world.vault)))


# --- it answers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"), [([], IDLE), (["-q"], ""), (["--check"], ""), (["--only"], IDLE), (["-v"], IDLE)]
)
def test_an_idle_run_is_answered_by_its_stamp(door: Door, arguments: list[str], said: str) -> None:
    door.plainly()
    door.plainly("daily", "--date", DAY, "--only")
    assert door.settle("daily", "--date", DAY, *arguments) == Answer(0, said, "", True)


def test_an_answer_from_the_stamp_loads_nothing(door: Door) -> None:
    door.settle()
    code = (
        f"import sys\nsys.path[:] = {sys.path!r}\n"
        f"sys.argv[:] = {['vaultsync', 'daily', '--date', DAY, *door.options]!r}\n"
        "from vaultsync import __main__ as front, idle\nbefore = set(sys.modules)\n"
        f"front.time = type('', (), {{'time': staticmethod(lambda: {door.world.now.timestamp()})}})\n"
        "front.main()\nprint(*set(sys.modules) - before)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"{IDLE}\n", "")


def test_a_scheduler_may_name_the_vault_in_any_way(door: Door) -> None:
    door.settle("daily")
    door.options = ()
    door.monkeypatch.chdir(door.world.vault / "logs")
    assert door.settle("daily").out == IDLE
    door.monkeypatch.chdir(door.world.root)
    door.monkeypatch.setenv("VAULTSYNC_VAULT", "vault")
    door.monkeypatch.setenv("VAULTSYNC_QUIET", "1")
    assert door.settle("daily").out == ""


def test_only_a_run_with_nothing_to_do_leaves_a_stamp(door: Door) -> None:
    assert "created" in door.ask().out
    assert not door.stamps.exists()


def test_without_a_home_no_stamp_is_left(door: Door) -> None:
    door.monkeypatch.delenv("HOME")
    door.ask()
    assert door.ask().out == IDLE
    assert not door.ask().is_quick


def test_a_stamp_is_for_its_owner_alone(door: Door) -> None:
    door.settle()
    (stamp,) = door.stamps.iterdir()
    assert [path.stat().st_mode & 0o077 for path in (stamp, door.stamps)] == [0, 0]


def test_stamps_do_not_pile_up(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "KEPT", 2)
    door.settle("daily", "-q", "--date", DAY)
    door.settle()
    door.settle("daily", "-v", "--date", DAY)
    assert len(list(door.stamps.iterdir())) == 2


def test_damaged_and_foreign_stamps_are_passed_over(door: Door) -> None:
    door.settle()
    (stamp,) = door.stamps.iterdir()
    whole = stamp.read_bytes()
    for data in (b"", whole[:-1], whole[:20] + b"\xff" + whole[21:], b"{}" * 400):
        stamp.write_bytes(data)
        answer = door.ask()
        assert (answer.out, answer.is_quick) == (IDLE, False)


@pytest.mark.parametrize(
    "arguments", [("daily", "--date", "2026-01-08"), ("daily", "--date", DAY, "--force")]
)
def test_another_command_line_is_not_answered(door: Door, arguments: tuple[str, ...]) -> None:
    door.settle()
    assert not door.ask(*arguments).is_quick


# --- what is not at rest leaves no stamp -------------------------------------------------------


def just_changed(door: Door, path: str, age: float) -> None:
    """Let a file have been changed some seconds ago, and make that known to the ledger."""
    door.world.write(path, (door.world.vault / path).read_bytes(), age=age)
    door.ask()


@pytest.mark.parametrize("path", ["logs/a.jsonl", "vaultsync.yaml", f"Daily/{DAY}.md"])
def test_what_changed_as_the_run_began_may_change_again_unseen(door: Door, path: str) -> None:
    door.settle()
    just_changed(door, path, age=1)  # a time in whole seconds: such a clock may be two seconds behind
    assert [door.ask().is_quick for _ in range(3)] == [False] * 3
    just_changed(door, path, age=3)
    door.settle()


def test_a_run_that_says_more_than_nothing_says_it_every_time(door: Door) -> None:
    door.world.write("logs/odd.txt", "no calls\n")
    for _ in range(3):
        answer = door.ask()
        assert "no collector knows this format" in answer.err
        assert not answer.is_quick


def test_a_line_that_is_still_being_written_is_looked_at_every_time(door: Door) -> None:
    door.world.write("logs/b.jsonl", b'{"timestamp": "2026-01-09T09:00:00Z", "model_na')
    door.ask()
    assert [door.ask().is_quick for _ in range(3)] == [False] * 3


def test_a_skipped_note_is_named_every_time(door: Door) -> None:
    door.settle()
    note = f"Daily/{DAY}.md"
    door.world.write(note, door.world.read(note).replace("claude-opus-4-5", "mine"))
    door.world.log("b.jsonl", event("2026-01-09T09:00:00Z"))
    for _ in range(3):
        answer = door.ask()
        assert (answer.code, answer.is_quick) == (3, False)


def test_beside_a_collector_from_elsewhere_there_is_no_stamp(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Foreign:
        name, kind = "foreign", "lines"
        claims = places = lambda *_: ()
        collect = iter

    def load(extra: object, memory: object) -> object:
        collectors, issues = whole(extra, memory)  # type: ignore[arg-type]
        return [*collectors, Foreign()], issues

    whole = loading.load
    monkeypatch.setattr(loading, "load", load)
    door.ask()
    assert [door.ask().is_quick for _ in range(2)] == [False] * 2


# --- whatever changes, the run looks itself ----------------------------------------------------

COUNT = itertools.count()


def append(w: World) -> None:
    log = w.vault / "logs/a.jsonl"
    more = event(f"2026-01-09T09:{next(COUNT) % 60:02d}:00Z", next(COUNT))
    w.log("more.jsonl", more)
    w.write("logs/a.jsonl", log.read_bytes() + (w.vault / "logs/more.jsonl").read_bytes())
    (w.vault / "logs/more.jsonl").unlink()


def new_log(w: World) -> None:
    w.log(f"sub/{next(COUNT)}.jsonl", event("2026-01-08T10:00:00Z", next(COUNT)))


def touch_log(w: World) -> None:
    w.write("logs/a.jsonl", (w.vault / "logs/a.jsonl").read_bytes(), age=next(COUNT) + 100)


def rename_log(w: World) -> None:
    (w.vault / "logs/a.jsonl").rename(w.vault / "logs/b.jsonl")
    shutil.copy(w.vault / "logs/b.jsonl", w.vault / "logs/a.jsonl")


def delete_log(w: World) -> None:
    w.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    for path in (w.vault / "logs/sub").glob("*.jsonl"):
        path.unlink()


def link_in(w: World) -> None:
    w.log(".aside.jsonl", event("2026-01-09T11:00:00Z", next(COUNT)))
    link = w.vault / "logs/link.jsonl"
    link.unlink(missing_ok=True)
    link.symlink_to(".aside.jsonl")


def behind_the_link(w: World) -> None:
    link_in(w)
    w.log(".aside.jsonl", event("2026-01-09T12:00:00Z", next(COUNT)), event("2026-01-09T12:30:00Z"))


def link_out(w: World) -> None:
    with suppress(FileExistsError):
        (w.vault / "logs/out.jsonl").symlink_to(w.vault.parent)


def edit_note(w: World) -> None:
    note = w.vault / f"Daily/{DAY}.md"
    w.write(f"Daily/{DAY}.md", note.read_bytes() + b"x\n" if note.exists() else b"# new\n")


def break_block(w: World) -> None:
    note = w.vault / f"Daily/{DAY}.md"
    w.write(f"Daily/{DAY}.md", note.read_bytes().replace(b"opus", b"mine") if note.exists() else b"")


def delete_note(w: World) -> None:
    (w.vault / f"Daily/{DAY}.md").unlink(missing_ok=True)


def move_note(w: World) -> None:
    note, there = w.vault / f"Daily/{DAY}.md", w.vault / f"Daily/old/{DAY}.md"
    there.parent.mkdir(exist_ok=True)
    if note.exists():
        note.replace(there)


def new_note(w: World) -> None:
    w.write("Monthly/2026-01.md", "# January\n")
    w.write("2026-01.md", f"# January {next(COUNT)}\n")


def budget(w: World) -> None:
    w.write("LLM Costs.md", f"---\nllm_budget_daily_usd: {next(COUNT)}\n---\n")


def project_note(w: World) -> None:
    w.write("Work/p.md", f"---\nllm_project: p\nllm_budget_usd: {next(COUNT)}\n---\n")


def config(w: World) -> None:
    w.write("vaultsync.yaml", f"{CONFIG}outcomes: [a{next(COUNT)}]\n")


def same_size_and_time(w: World) -> None:
    text = w.read("vaultsync.yaml")
    other = text.replace("en-gb", "en-us") if "en-gb" in text else text.replace("en-us", "en-gb")
    info = (w.vault / "vaultsync.yaml").stat()
    (w.vault / "vaultsync.yaml").write_text(other)
    os.utime(w.vault / "vaultsync.yaml", ns=(info.st_atime_ns, info.st_mtime_ns))


def broken_config(w: World) -> None:
    w.write("vaultsync.yaml", "timezon: UTC\n")


def app_settings(w: World) -> None:
    w.write(".obsidian/daily-notes.json", f'{{"folder": "D{next(COUNT)}"}}')
    w.write(".obsidian/core-plugins.json", '{"daily-notes": true}')
    w.write("vaultsync.yaml", CONFIG.replace("  daily: {folder: Daily}\n", ""))


def renamed_app_folder(w: World) -> None:
    w.write(".app/app.json", "{}")
    w.write(".app/core-plugins.json", f'{{"daily-notes": {["true", "false"][next(COUNT) % 2]}}}')


def prices(w: World) -> None:
    rate = f"{{valid_from: 2020-01-01, rate: '1.{next(COUNT)}'}}"
    w.write("pricing.yaml", f"version: 1\nfx:\n  EUR: [{rate}]\n")


def template(w: World) -> None:
    w.write("_templates/vaultsync/daily.md.j2", f"Spent {next(COUNT)}.\n")


def hidden_template(w: World) -> None:
    w.write("_templates/vaultsync/.parts/x.j2", f"Spent {next(COUNT)}.\n")


def other_run(w: World) -> None:
    new_log(w)
    w.run("collect")


def gone_ledger(w: World) -> None:
    shutil.rmtree(w.root / "state", ignore_errors=True)


def zone(world: World) -> None:
    world.write("vaultsync.yaml", world.read("vaultsync.yaml").replace("Europe/Berlin", "Europe/Athens"))


CHANGES: list[Callable[[World], None]] = [
    append, new_log, touch_log, rename_log, delete_log, link_in, behind_the_link, link_out,
    edit_note, break_block, delete_note, move_note, new_note, budget, project_note,
    config, zone, same_size_and_time, broken_config, app_settings, renamed_app_folder, prices, template,
    hidden_template, other_run, gone_ledger,
]  # fmt: skip
ENDURING = (link_out, break_block, broken_config)
"""After these no run is idle before somebody mends it."""


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_after_a_change_the_stamp_holds_no_longer(door: Door, change: Callable[[World], None]) -> None:
    door.settle()
    change(door.world)
    assert not door.ask().is_quick


def test_nor_where_a_link_to_the_ledger_leads_to_another(door: Door) -> None:
    w = door.world
    w.run("collect")
    real, link = w.root / "state/ledger.db", w.root / "link.db"
    other = shutil.copy(real, w.root / "other.db")
    link.symlink_to(real)
    w.write("vaultsync.yaml", w.read("vaultsync.yaml").replace("../state/ledger.db", "../link.db"))
    door.settle()
    link.unlink()
    link.symlink_to(other)
    assert not door.ask().is_quick


@pytest.mark.parametrize("seed", range(6))
def test_with_and_without_stamps_the_outcome_is_the_same(door: Door, seed: int) -> None:
    """Whatever the stamp answers, the run itself says the same at that moment, and changes nothing."""
    rng = random.Random(seed)
    held = 0
    for _ in range(5):
        rng.choice([change for change in CHANGES if change not in ENDURING])(door.world)
        if rng.random() < 0.2:
            door.world.now += timedelta(hours=rng.choice([1, 11, 13]))
        arguments = ("daily", *rng.choice([("--date", DAY), ("--date", DAY, "-q")]))
        for _ in range(3):
            answer, notes = door.ask(*arguments), door.world.notes()
            if answer.is_quick:
                held += 1
                without = door.plainly(*arguments)
                assert (without.code, without.out, without.err) == (answer.code, answer.out, answer.err)
                assert door.world.notes() == notes
                break
    assert held


def test_the_next_day_is_another_day(door: Door) -> None:
    door.settle("daily")
    noon = door.world.now
    midnight = datetime.combine(noon.date() + timedelta(days=1), time(), ZoneInfo("Europe/Berlin"))
    for moment, is_quick in ((midnight - timedelta(seconds=1), True), (midnight, False), (noon, True)):
        door.world.now = moment.astimezone(UTC)
        assert idle.answer(str(next(door.stamps.iterdir())), door.world.now.timestamp()) == (
            IDLE.strip() if is_quick else None
        )
    door.world.now = noon - timedelta(days=1)
    assert not door.ask("daily").is_quick


@pytest.mark.parametrize(
    "name", ["TZ", "LC_ALL", "VAULTSYNC_LOGS", "VAULTSYNC_VERBOSE", "LOGS_BASE", "XDG_STATE_HOME"]
)
def test_another_environment_is_another_question(door: Door, name: str) -> None:
    """Also of a variable that only the settings mention."""
    door.monkeypatch.setenv("LOGS_BASE", "logs")
    door.world.write("vaultsync.yaml", CONFIG.replace("logs: [logs]", "logs: [$LOGS_BASE]"))
    door.settle()
    door.monkeypatch.setenv(name, {"TZ": "Asia/Tokyo", "LC_ALL": "de_DE"}.get(name, str(door.world.vault)))
    assert not door.ask().is_quick


@pytest.mark.parametrize("name", APP_FILES)
def test_what_the_app_and_its_plugins_say_is_watched(door: Door, name: str) -> None:
    path = f".obsidian/{name}"
    door.world.write(path, "[]")
    door.settle()
    door.world.write(path, "{}")
    assert not door.ask().is_quick
    door.settle()
    (door.world.vault / path).unlink()
    assert not door.ask().is_quick


def test_a_log_outside_the_vault_is_watched_with_what_waits_beside_it(door: Door) -> None:
    shutil.copy(door.world.vault / "logs/a.jsonl", door.world.root / "calls.jsonl")
    for log in (door.world.root / "calls.jsonl", door.world.root / "calls.jsonl-wal"):
        door.world.write("vaultsync.yaml", CONFIG.replace("[logs]", "[../calls.jsonl]"))
        door.settle()
        log.write_bytes(log.read_bytes() + b"\n" if log.exists() else b"x")
        assert not door.ask().is_quick


def test_an_agent_that_leaves_its_first_log_is_seen(door: Door) -> None:
    door.world.write("vaultsync.yaml", CONFIG.replace("agents: none", "agents: auto"))
    door.settle()
    (door.world.root / "home/.claude/projects/p").mkdir(parents=True)
    assert not door.ask().is_quick


@pytest.mark.parametrize("name", ["CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCLAW_DIR"])
def test_an_agent_that_is_told_to_live_elsewhere_is_seen(door: Door, name: str) -> None:
    """Also where its usual places are only remembered, and no collector is loaded that asks for it."""
    door.monkeypatch.delenv(name, raising=False)
    door.world.write("vaultsync.yaml", CONFIG.replace("agents: none", "agents: auto"))
    door.settle()
    door.plainly()
    assert door.ask().is_quick
    door.monkeypatch.setenv(name, str(door.world.root))
    assert not door.ask().is_quick


def test_a_script_that_notes_its_first_call_is_seen(door: Door) -> None:
    door.monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    door.world.write("vaultsync.yaml", CONFIG.replace("agents: none", "agents: auto"))
    door.settle()
    line = json.dumps(event("2026-01-09T12:00:00Z"))
    place = Path(usual(os.environ))
    assert place.is_relative_to(door.world.root)
    place.mkdir(parents=True)
    (place / "2026-01.jsonl").write_text(f"{line}\n")
    answer = door.ask()
    assert not answer.is_quick and answer.out != IDLE


def test_of_a_shallow_place_only_what_may_be_read_is_watched(door: Door) -> None:
    """A file of another kind in a folder of its own changes nothing; a database that comes does."""
    door.world.write("vaultsync.yaml", CONFIG.replace("agents: none", "agents: [opencode]"))
    data = door.world.root / "home/.local/share/opencode"
    (data / "log").mkdir(parents=True)
    door.settle()
    (data / "log/today.log").write_text("words")
    assert door.ask().is_quick
    (data / "opencode.db").write_text("")
    assert not door.ask().is_quick


def test_a_nearer_vault_is_found(door: Door) -> None:
    door.options = ()
    here = door.world.vault / "logs/sub"
    here.mkdir()
    door.monkeypatch.chdir(here)
    door.settle()
    door.world.write("logs/.own/app.json", "{}")
    assert not door.ask().is_quick


def test_a_package_that_is_installed_may_bring_a_collector(door: Door, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    door.monkeypatch.setattr(sys, "path", ["", str(packages), *sys.path, str(tmp_path / "missing.zip")])
    door.settle()
    (packages / "new-1.0.dist-info").mkdir()
    assert not door.ask().is_quick


def test_all_that_the_app_is_asked_for_is_watched(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A settings file of the app that is read but not watched would change unseen."""
    asked: set[str] = set()
    read = app._App.load
    monkeypatch.setattr(app._App, "load", lambda self, name: asked.add(name) or read(self, name))
    world.write(".obsidian/app.json", "{}")
    app.read_settings(world.vault, environ={})
    assert asked <= set(APP_FILES)
    assert asked >= {"app.json", "plugins/periodic-notes/data.json", "plugins/templater-obsidian/data.json"}
