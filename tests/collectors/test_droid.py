"""Sessions of Droid: one sum each, which only grows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.enduring import HOSTILE, cut, held
from tests.collectors.support import events, read, reader_of, rejected, titled, written
from vaultsync.collectors.agents.droid import Droid
from vaultsync.collectors.reading import LogFile
from vaultsync.ledger import Ledger
from vaultsync.model import TokenCounts

DROID = Droid()


def settings(since: Any = "2026-01-05T09:00:00Z", model: Any = "claude-opus-4-5", **more: Any) -> str:
    counts = {"inputTokens": 1234, "outputTokens": 567, "cacheCreationTokens": 89, "cacheReadTokens": 12}
    said: dict[str, Any] = {"model": model, "providerLock": "anthropic", "autonomyMode": "normal"}
    said |= {"providerLockTimestamp": since, "tokenUsage": counts | {"thinkingTokens": 34} | more}
    return json.dumps({key: value for key, value in said.items() if value is not None})


def session(tmp_path: Path, text: str) -> Path:
    return written(tmp_path / "s-1.settings.json", text)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state" / "ledger.db") as opened:
        yield opened


def test_a_session_is_one_sum(tmp_path: Path) -> None:
    (total,) = events(read(DROID, session(tmp_path, settings())))
    assert total.tokens == TokenCounts(input=1234, cache_read=12, cache_write=89, output=567, reasoning=34)
    assert (total.when, total.provider) == (datetime(2026, 1, 5, 9, tzinfo=UTC), "anthropic")
    assert (total.session, total.grain, total.quality) == ("s-1", "session", "session-total")
    assert total.flags == ()


def test_thinking_that_is_more_than_the_output_stands_beside_it(tmp_path: Path) -> None:
    (total,) = events(read(DROID, session(tmp_path, settings(outputTokens=10, thinkingTokens=30))))
    assert (total.tokens.output, total.tokens.reasoning) == (40, 30)


def test_a_session_without_a_time_has_that_of_its_file_and_says_so(tmp_path: Path) -> None:
    (total,) = events(read(DROID, session(tmp_path, settings(since=None)), rested=86_400))
    assert total.flags == ("assumed_date",)
    assert total.when == datetime(2026, 2, 14, 12, tzinfo=UTC)


def test_a_session_that_goes_on_is_counted_once_with_the_larger_sum(tmp_path: Path, ledger: Ledger) -> None:
    path = session(tmp_path, settings())
    held(ledger, DROID, path)
    session(tmp_path, settings(outputTokens=900, model="gpt-5"))
    (total,) = held(ledger, DROID, path)
    assert total.tokens.output == 900


@pytest.mark.parametrize(
    "text", ['{"model": "x"}', "{}", "", settings(inputTokens=0, outputTokens=0)[:-2] + "}}"]
)
def test_a_session_without_counts_is_nothing(tmp_path: Path, text: str) -> None:
    reader = reader_of(session(tmp_path, text.replace("89", "0").replace("12,", "0,").replace("34", "0")))
    assert [*DROID.collect(reader), *reader.issues] == []


def test_settings_that_are_cut_anywhere_are_set_aside_and_named(tmp_path: Path) -> None:
    for length, found, reader in cut(DROID, tmp_path / "s.settings.json", settings().encode()):
        assert events(found) == []
        assert (reader.verdict, len(rejected(found))) == (("damaged", 1) if length else ("read", 0))


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("key", ["inputTokens", "cacheReadTokens", "thinkingTokens", "since", "model"])
def test_odd_values_are_left_out_or_named(tmp_path: Path, key: str, value: Any) -> None:
    found = read(DROID, session(tmp_path, settings(**{key: value})))
    assert len(events(found)) + len(rejected(found)) == 1


def test_only_settings_with_counts_are_claimed(tmp_path: Path) -> None:
    assert DROID.claims(LogFile.look(session(tmp_path, settings())))
    assert not DROID.claims(LogFile.look(session(tmp_path, "{}")))
    assert not DROID.claims(LogFile.look(written(tmp_path / "x.json", settings())))


def test_the_usual_place_and_the_variable_that_moves_it() -> None:
    (usual,) = DROID.places({}, Path("/home/ana"))
    assert usual.root == Path("/home/ana/.factory/sessions")
    (moved,) = DROID.places({"DROID_SESSIONS_DIR": "/data"}, Path("/home/ana"))
    assert moved.root == Path("/data")


@pytest.mark.parametrize(
    ("start", "kept"),
    [
        ({"title": "Poems", "isSessionTitleManuallySet": True}, {"s-1": "Poems"}),
        ({"title": "write me poems", "isSessionTitleManuallySet": False}, {}),
        ({"title": "write me poems"}, {}),
        ({"title": 5, "isSessionTitleManuallySet": True}, {}),
        (["Poems"], {}),
    ],
    ids=str,
)
def test_a_session_shows_by_the_title_that_the_user_gave(
    tmp_path: Path, start: Any, kept: dict[str, str]
) -> None:
    written(tmp_path / "s-1.jsonl", json.dumps(start) + '\n{"type": "message"}\n')
    found = read(DROID, session(tmp_path, settings()))
    assert titled(found) == kept and len(events(found)) == 1
