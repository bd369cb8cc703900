"""The benchmark's logs hold exactly what their generator says, as far as vaultsync can tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from vaultsync.cli import main
from vaultsync.ledger import Ledger

BENCH = Path(__file__).parent.parent / "bench"
Counted = Callable[[], dict[str, Any]]


@pytest.fixture
def make_logs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The generator."""
    monkeypatch.syspath_prepend(str(BENCH))
    return import_module("make_logs")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The measuring program."""
    monkeypatch.syspath_prepend(str(BENCH))
    return import_module("run")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Where the logs go."""
    return tmp_path / "data"


@pytest.fixture
def counted(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Collect what is there, and sum the whole ledger."""
    vault, ledger = tmp_path / "vault", tmp_path / "ledger.db"
    vault.mkdir()
    (vault / "vaultsync.yaml").write_text("timezone: UTC\n")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.setenv(name, str(data))

    def count() -> dict[str, Any]:
        logs = [f"--logs={path}" for path in data.glob("*.jsonl")]
        done = CliRunner().invoke(main, ["collect", f"--vault={vault}", f"--ledger={ledger}", *logs])
        assert done.exit_code == 0, done.output
        with Ledger.open(ledger) as opened:
            columns: Any = opened.rows(
                datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
            ).columns
        models: dict[str, int] = {}
        for model, events in zip(columns["model"], columns["events"], strict=True):
            models[model] = models.get(model, 0) + events
        counts = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
        return {"calls": sum(columns["events"]), "models": models, **{n: sum(columns[n]) for n in counts}}

    return count


def made(totals: Any) -> dict[str, Any]:
    """The part of the totals that a ledger knows."""
    told = asdict(totals)
    return {name: told[name] for name in told if name not in ("rows", "files", "bytes")}


@pytest.mark.parametrize("seed", [1, 3, 6])
def test_the_ledger_holds_exactly_the_calls_of_the_rollouts(
    make_logs: ModuleType, data: Path, counted: Counted, seed: int
) -> None:
    totals = make_logs.make_codex(data, 4_000_000, seed)
    assert counted() == made(totals)


def test_rollouts_hold_what_makes_them_hard_to_count(make_logs: ModuleType, data: Path) -> None:
    totals = make_logs.make_codex(data, 4_000_000, seed=6)
    texts = [path.read_bytes() for path in data.rglob("rollout-*.jsonl")]
    assert (len(texts), sum(map(len, texts))) == (totals.files, totals.bytes)
    for mark in (b'"forked_from_id"', b'"agent_role"', b'"type":"token_usage_record"', b'\\"token_count\\"'):
        assert any(mark in text for text in texts)
    assert sum(text.count(b'"session_meta"') for text in texts) > totals.files
    assert totals.rows > 2 * totals.calls


def test_the_ledger_holds_exactly_the_calls_of_the_transcripts(
    make_logs: ModuleType, data: Path, counted: Counted
) -> None:
    totals = make_logs.make_sessions(data, 5_000_000)
    assert counted() == made(totals)


def test_the_ledger_holds_exactly_the_calls_of_many_small_files(
    make_logs: ModuleType, data: Path, counted: Counted
) -> None:
    totals = make_logs.make_small_files(data, 40)
    assert totals.files == 40
    assert counted() == made(totals)


def test_the_ledger_holds_exactly_the_events_of_a_flat_log(
    make_logs: ModuleType, data: Path, counted: Counted
) -> None:
    totals = make_logs.make_flat(data / "events.jsonl", 300)
    assert counted() == made(totals)


def test_an_appended_call_is_one_call_more(make_logs: ModuleType, data: Path, counted: Counted) -> None:
    totals = make_logs.make_small_files(data, 3)
    counted()
    for seed in (1, 2):
        totals.join(make_logs.append(next(data.rglob("*.jsonl")), seed))
    assert totals.calls == 5
    assert counted() == made(totals)


def test_transcripts_have_all_that_makes_counting_hard(make_logs: ModuleType, data: Path) -> None:
    totals = make_logs.make_sessions(data, 5_000_000)
    files = {path: path.read_bytes() for path in data.rglob("*.jsonl")}
    written = b"".join(files.values())
    assert totals.rows > totals.calls, "calls of several rows"
    assert written.count(b'"requestId":') > totals.rows, "copied rows"
    assert any("subagents" in path.parts for path in files)
    assert b"agent_progress" in written and b"toolUseResult" in written and b"msg_quoted" in written
    assert len(totals.models) == 3 and totals.cache_write_5m and totals.cache_write_1h


def test_sizes_are_as_asked(make_logs: ModuleType, data: Path) -> None:
    totals = make_logs.make_sessions(data, 5_000_000)
    files = list(data.rglob("*.jsonl"))
    assert (len(files), sum(path.stat().st_size for path in files)) == (totals.files, totals.bytes)
    assert 5_000_000 <= totals.bytes < 10_000_000


def test_one_seed_makes_the_same_bytes(make_logs: ModuleType, tmp_path: Path) -> None:
    def bytes_of(name: str, seed: int) -> list[tuple[str, bytes]]:
        make_logs.make_sessions(tmp_path / name, 500_000, seed)
        return sorted((path.name, path.read_bytes()) for path in (tmp_path / name).rglob("*.jsonl"))

    assert bytes_of("one", 7) == bytes_of("two", 7)
    assert bytes_of("one", 7) != bytes_of("three", 8)


@pytest.mark.parametrize(("text", "size"), [("100MB", 10**8), ("1 gb", 10**9), ("5", 5)])
def test_sizes_are_read(make_logs: ModuleType, text: str, size: int) -> None:
    assert make_logs.read_size(text) == size


def test_the_table_tells_medians_ranges_and_ratios(bench: ModuleType) -> None:
    peer = bench.Measurement("peer", bench.PEER, lambda: None)
    ours = bench.Measurement("cold", "collect", lambda: None, base="peer", goal=0.6)
    peer.took = [bench.Took(seconds, 200_000_000, "") for seconds in (2.0, 4.0, 3.0)]
    ours.took = [bench.Took(seconds, 100_000_000, "") for seconds in (1.5, 1.0, 9.0)]
    line = bench.table([peer, ours]).splitlines()[-1]
    assert line == "| cold | collect | 1.500 s | 1.000 to 9.000 | 0.50 | ≤ 0.6 | 100 | 0.50 |"
