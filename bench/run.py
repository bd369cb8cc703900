"""Measure vaultsync on logs of a known size, in one run, beside a native peer and the machine's own speed.

    python bench/run.py                    # 1 GB of transcripts, 5 rounds
    python bench/run.py --size 100MB --runs 9 --only cold --only warm

Each round runs every measurement once, one after another, so that a slow moment of the machine hits all
alike; one round before them is not measured. Told are medians and ranges. Before the first and after the last
round the totals of both programs are compared with those of the generator; a difference ends the run. The
peer is ccusage, installed from npm into a temporary folder; without npm its lines and ratios are left out.
Unix only: peak memory is that of the largest process, told by `wait4`, and never less than that of this
program.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from make_logs import (
    DAYS,
    LAST_DAY,
    Totals,
    append,
    make_codex,
    make_flat,
    make_sessions,
    make_small_files,
    read_size,
)

PEER = "ccusage@20.0.24"
"""The version that is compared with; a package with a program of its own for each system."""
LAST = LAST_DAY.date().isoformat()
SETTLED_SECONDS = 2.5
"""A note that was saved just now is waited for; a scheduled run seldom meets one."""
NOTES_A_DAY = 1 + 1 / 7 + 1 / 30.4 + 1 / 91.3
"""Daily, weekly, monthly and quarterly notes for each day of a backfill."""
NAMES = ("cold", "warm", "appended", "codex", "small", "start", "million", "backfill")
CONFIG = """\
timezone: UTC
locale: en-gb
agents: [claude-code, codex]
logs: []
ledger: ../state/ledger.db
notes:
  daily: {folder: Daily}
  weekly: {folder: Weekly}
  monthly: {folder: Monthly}
  quarterly: {folder: Quarterly}
  dashboard: {path: LLM Costs.md}
"""


@dataclass(frozen=True)
class Took:
    """What one run of a program took."""

    seconds: float
    peak_bytes: int
    output: str


@dataclass
class Measurement:
    """One line of the table."""

    name: str
    what: str
    run: Callable[[], Took]
    base: str | None = None
    """Measurement that it is compared with."""
    goal: float | None = None
    """Largest wanted ratio of its time to that of its base."""
    took: list[Took] = field(default_factory=list)

    @property
    def seconds(self) -> list[float]:
        """Times of all rounds, ascending."""
        return sorted(each.seconds for each in self.took)

    @property
    def peak_bytes(self) -> int:
        """Largest process of all rounds."""
        return max(each.peak_bytes for each in self.took)


class WrongTotals(SystemExit):
    """A program counted something else than was made; no time of it is worth telling."""


def run(command: Sequence[str | Path], environ: dict[str, str], silent: bool = False) -> Took:
    """Run a program to its end.

    Raises:
        SystemExit: It failed.
    """
    out = subprocess.DEVNULL if silent else subprocess.PIPE
    start = time.perf_counter()
    process = subprocess.Popen(list(map(str, command)), env=environ, stdout=out, stderr=subprocess.PIPE)
    output = b"" if process.stdout is None else process.stdout.read()
    errors = process.stderr.read() if process.stderr else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    with process:
        pass
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}:\n{errors.decode()}\n{output.decode()}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Took(seconds, usage.ru_maxrss * unit, output.decode())


class Site:
    """A vault with its ledger, and the logs that are read into it."""

    def __init__(self, folder: Path, data: Path | None, logs: Path | None = None) -> None:
        self.vault, self.state = folder / "vault", folder / "state"
        self.vault.mkdir(parents=True)
        text = CONFIG.replace("logs: []", f"logs: [{json.dumps(str(logs))}]") if logs else CONFIG
        (self.vault / "vaultsync.yaml").write_text(text, encoding="utf-8")
        home = folder / "home"
        home.mkdir()
        roots = {"CLAUDE_CONFIG_DIR": str(data or home), "CODEX_HOME": str(data or home)}
        self.environ = _environ() | {"HOME": str(home)} | roots

    def ours(self, *arguments: str) -> Took:
        """Run vaultsync on the vault."""
        command = [sys.executable, "-m", "vaultsync", *arguments, "--vault", str(self.vault)]
        return run(command, self.environ)

    def cold(self) -> Took:
        """Collect into a new ledger; what is remembered of the program itself stays."""
        for path in self.state.glob("ledger.db*"):
            path.unlink()
        return self.ours("collect")

    def daily(self) -> Took:
        """What a scheduler runs."""
        return self.ours("daily", "--date", LAST)

    def notes(self) -> dict[str, bytes]:
        """All notes."""
        return {path.name: path.read_bytes() for path in sorted(self.vault.rglob("*.md"))}

    def check(self, totals: Totals) -> None:
        """Compare the ledger, after reading what came since, with what was made.

        Raises:
            WrongTotals: They differ.
        """
        self.ours("collect")
        report = self.ours("report", "--by", "model", "--json", "--since", "2000-01-01", "--until", LAST)
        found = json.loads(report.output)
        counts = ("events", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
        told = {name: found["totals"][name] for name in counts}
        made = (totals.calls, totals.input, totals.output, totals.cache_read, totals.cache_write)
        _compare("vaultsync", told, dict(zip(counts, made, strict=True)))
        models = {row["model"]: row["events"] for row in found["rows"]}
        _compare("vaultsync by model", models, totals.models)


class Peer:
    """ccusage, if it can be had here."""

    def __init__(self, folder: Path) -> None:
        self.program = self._install(folder) if shutil.which("npm") and shutil.which("node") else None

    def _install(self, folder: Path) -> Path | None:
        """Install it; the native program itself, for the start of Node is not what is compared."""
        command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), PEER]
        done = subprocess.run(command, capture_output=True, check=False)
        native = sorted(folder.glob("node_modules/@ccusage/*/bin/ccusage"))
        if done.returncode or not native:
            print(f"{PEER} could not be installed; it is left out.", file=sys.stderr)
            return None
        native[0].chmod(0o755)
        return native[0]

    def daily(self, data: Path, agent: str = "claude") -> Took:
        """Its report by day."""
        assert self.program
        roots = {"CLAUDE_CONFIG_DIR": str(data), "CODEX_HOME": str(data)}
        environ = _environ() | roots | {"HOME": str(data), "TZ": "UTC"}
        return run([self.program, agent, "daily", "--json", "--offline"], environ)

    def check(self, data: Path, totals: Totals) -> None:
        """Compare its totals with what was made; see `Site.check`."""
        if self.program:
            found = json.loads(self.daily(data).output)["totals"]
            counts = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens")
            made = (totals.input, totals.output, totals.cache_read, totals.cache_write)
            told = {name: found[name] for name in counts}
            _compare("ccusage", told, dict(zip(counts, made, strict=True)))


class Bench:
    """Everything that is measured; made before the first round."""

    def __init__(self, folder: Path, given: argparse.Namespace) -> None:
        self._folder, self._given = folder, given
        self.wanted = given.only or NAMES
        self.peer = Peer(folder / "peer")
        self.measurements: list[Measurement] = []
        self.checks: list[Callable[[], None]] = []
        self.totals: dict[str, Totals] = {}
        """What was made, by kind of logs."""
        for names, prepare in (
            (("cold", "warm", "appended"), self._sessions),
            (("codex",), self._codex),
            (("small",), self._small),
            (("start",), self._start),
            (("million",), self._million),
            (("backfill",), self._backfill),
        ):
            if not set(names).isdisjoint(self.wanted):
                prepare()
        os.sync()  # what was made is written while nothing is measured

    def measure(self) -> None:
        """Check, run all rounds, the first of them without measuring, check again."""
        for check in self.checks:
            check()
        time.sleep(SETTLED_SECONDS)
        for number in range(self._given.runs + 1):
            for each in self.measurements:
                _say(f"round {number} of {self._given.runs}: {each.name}")
                took = each.run()
                each.took += [took] if number else []
        _say("")
        for check in self.checks:
            check()

    def _add(
        self,
        name: str,
        what: str,
        run: Callable[[], Took],
        base: str | None = None,
        goal: float | None = None,
    ) -> None:
        self.measurements.append(Measurement(name, what, run, base, goal))

    def _native(self, kind: str, data: Path, agent: str = "claude") -> None:
        """The lines to compare with: the machine, and the peer."""
        read = ["find", str(data), "-name", "*.jsonl", "-exec", "cat", "{}", "+"]
        self._add(f"{kind} cat", "all bytes to nowhere", lambda: run(read, _environ(), silent=True))
        if self.peer.program:
            self._add(f"{kind} ccusage", PEER, lambda: self.peer.daily(data, agent))

    def _site(self, name: str, data: Path, totals: Totals) -> Site:
        """A vault that is up to date."""
        site = Site(self._folder / name, data)
        site.daily()
        time.sleep(SETTLED_SECONDS)
        site.daily()
        self.checks.append(lambda: site.check(totals))
        return site

    def _sessions(self) -> None:
        _say(f"making {self._given.size:,} bytes of transcripts")
        data = self._folder / "sessions"
        totals = self.totals["sessions"] = make_sessions(data, self._given.size)
        self.checks.append(lambda: self.peer.check(data, totals))
        self._native("sessions", data)
        if "cold" in self.wanted:
            cold = Site(self._folder / "cold", data)
            cold.cold()
            self.checks.append(lambda: cold.check(totals))
            self._add("cold", "collect into a new ledger", cold.cold, "sessions ccusage", 0.6)
        if {"warm", "appended"} & set(self.wanted):
            self._warm(data, totals)

    def _warm(self, data: Path, totals: Totals) -> None:
        if "warm" in self.wanted:
            site = self._site("warm", data, totals)
            self._add("warm", "daily, nothing new", site.daily, "sessions ccusage", 0.08)
            self._add("show", "show, nothing is collected", lambda: site.ours("show"), "sessions ccusage")
        if "appended" in self.wanted:
            other = self._folder / "appended-sessions"
            shutil.copytree(data, other)
            site = self._site("appended", other, grown := replace(totals, models=dict(totals.models)))
            grow = _Growing(site, max(other.glob("projects/*/*.jsonl")), grown)
            self._add("appended", "a call more, daily, 5 notes anew", grow.run, "sessions ccusage", 0.5)

    def _codex(self) -> None:
        """Rollouts; what the peer counts of them is told, not checked, for it counts replayed calls again."""
        _say(f"making {self._given.size // 2:,} bytes of rollouts")
        data = self._folder / "rollouts"
        totals = self.totals["codex"] = make_codex(data, self._given.size // 2)
        if self.peer.program:
            told = json.loads(self.peer.daily(data, "codex").output)["totals"]["outputTokens"]
            print(f"rollouts: {totals.output:,} output tokens were made, {PEER} counts {told:,}")
        self._native("codex", data, "codex")
        site = Site(self._folder / "codex", data)
        site.cold()
        self.checks.append(lambda: site.check(totals))
        self._add("codex", "collect into a new ledger", site.cold, "codex ccusage")

    def _small(self) -> None:
        _say(f"making {self._given.files:,} small transcripts")
        data = self._folder / "small"
        totals = self.totals["small"] = make_small_files(data, self._given.files)
        self.checks.append(lambda: self.peer.check(data, totals))
        site = self._site("many", data, totals)
        self._native("small", data)
        self._add("small", f"{totals.files:,} files, daily, nothing new", site.daily, "small ccusage", 0.15)

    def _start(self) -> None:
        python, environ = sys.executable, _environ()
        self._add("pass", "python -c pass", lambda: run([python, "-c", "pass"], environ))
        self._add("click", "import click", lambda: run([python, "-c", "import click"], environ), "pass")
        version = [python, "-m", "vaultsync", "--version"]
        self._add("version", "vaultsync --version", lambda: run(version, environ), "pass", 3)
        usage = [python, "-m", "vaultsync", "--help"]
        self._add("help", "vaultsync --help", lambda: run(usage, environ), "pass")

    def _million(self) -> None:
        _say(f"collecting {self._given.events:,} events")
        logs = self._folder / "logs" / "events.jsonl"
        totals = self.totals["events"] = make_flat(logs, self._given.events)
        site = Site(self._folder / "million", None, logs)
        took = site.cold()
        stored = sum(path.stat().st_size for path in site.state.glob("ledger.db*"))
        print(
            f"{totals.calls:,} events: collected in {took.seconds:.1f} s, {stored / totals.calls:.0f} B each"
        )
        self.checks.append(lambda: site.check(totals))
        for period, by in (("day", "model"), ("week", "project"), ("quarter", "session")):
            ask = ("report", period, "--by", by, "--json", "--since", "2025-10-01", "--until", LAST)
            self._add(f"report {period}", f"{totals.calls:,} events by {by}", partial(site.ours, *ask))

    def _backfill(self) -> None:
        days = max(1, round(self._given.notes / NOTES_A_DAY))
        logs = self._folder / "years" / "events.jsonl"
        totals = self.totals["backfill"] = make_flat(logs, days * 20, days)
        site = Site(self._folder / "backfill", None, logs)
        site.cold()
        self.checks.append(lambda: site.check(totals))
        sync = _Backfill(site)
        count = f"about {self._given.notes:,} notes"
        self._add("backfill", f"sync, {count} made", sync.run)
        self._add("again", f"sync, {count} unchanged", sync.again, "backfill")


class _Growing:
    """A transcript that grows by a call before each run."""

    def __init__(self, site: Site, path: Path, totals: Totals) -> None:
        self._site, self._path, self._totals = site, path, totals
        self._seed = 0

    def run(self) -> Took:
        before = self._site.notes()
        time.sleep(SETTLED_SECONDS)
        self._seed += 1
        self._totals.join(append(self._path, self._seed))
        took = self._site.daily()
        after = self._site.notes()
        if sum(after[name] != before.get(name) for name in after) != 5:
            raise WrongTotals("not five notes were written anew.")
        return took


class _Backfill:
    """The same ledger and no notes, again and again."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept = site.state.with_name("kept")
        shutil.copytree(site.state, self._kept)

    def run(self) -> Took:
        for folder in (self._site.state, *filter(Path.is_dir, self._site.vault.iterdir())):
            shutil.rmtree(folder)
        for note in self._site.vault.glob("*.md"):
            note.unlink()
        shutil.copytree(self._kept, self._site.state)
        return self.again()

    def again(self) -> Took:
        return self._site.ours("sync", "--until", LAST)


def _environ() -> dict[str, str]:
    """The environment without what leads a program elsewhere, or keeps Python from compiling only once."""
    left = ("VAULTSYNC_", "CLAUDE_", "XDG_", "PYTHONDONTWRITEBYTECODE")
    return {name: text for name, text in os.environ.items() if not name.startswith(left)}


def _compare(who: str, told: dict[str, int], made: dict[str, int]) -> None:
    if told != made:
        raise WrongTotals(f"{who} counts {told}, but {made} was made.")


def _say(text: str) -> None:
    """What is being done, on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def table(measurements: Sequence[Measurement]) -> str:
    """The measurements as a Markdown table."""
    named = {each.name: each for each in measurements}
    lines = [
        "| | what | median | range | ratio | goal | peak MB | ratio |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in measurements:
        base = named.get(each.base or "")
        ratio = f"{median(each.seconds) / median(base.seconds):.2f}" if base else ""
        is_peer = base is not None and base.what == PEER
        memory = f"{each.peak_bytes / base.peak_bytes:.2f}" if base and is_peer else ""
        goal = f"≤ {each.goal:g}" if base and each.goal else ""
        lines.append(
            f"| {each.name} | {each.what} | {median(each.seconds):.3f} s | {each.seconds[0]:.3f} to "
            f"{each.seconds[-1]:.3f} | {ratio} | {goal} | {each.peak_bytes / 1e6:.0f} | {memory} |"
        )
    return "\n".join(lines)


def as_json(bench: Bench) -> str:
    """All that was measured, for a program."""
    told = {
        "python": platform.python_version(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "days": DAYS,
        "totals": {name: asdict(totals) for name, totals in bench.totals.items()},
        "measurements": [
            {
                "name": each.name,
                "what": each.what,
                "seconds": [took.seconds for took in each.took],
                "peak_bytes": [took.peak_bytes for took in each.took],
                "base": each.base,
                "goal": each.goal,
            }
            for each in bench.measurements
        ],
    }
    return json.dumps(told, indent=1)


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure vaultsync beside ccusage and the machine itself.")
    parser.add_argument("--size", type=read_size, default="1GB", help="of the transcripts: 100MB, 1GB")
    parser.add_argument("--files", type=int, default=20_000, help="small transcripts")
    parser.add_argument("--events", type=int, default=1_000_000, help="events in the large ledger")
    parser.add_argument("--notes", type=int, default=1_000, help="notes of the backfill")
    parser.add_argument("--runs", type=int, default=5, help="rounds")
    parser.add_argument("--only", action="append", choices=NAMES, help="may be repeated")
    parser.add_argument("--json", type=Path, help="file for all single results")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder), given)
        bench.measure()
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {given.runs} rounds\n")
    print(table(bench.measurements))
    if given.json:
        given.json.write_text(as_json(bench) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
