"""Bedrock: what a model is called, and what only the answer tells."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import SAMPLES, events, read, written
from vaultsync.collectors.identity import response_key
from vaultsync.collectors.providers.bedrock import Bedrock

LINES = [json.loads(line) for line in (SAMPLES / "bedrock.jsonl").read_text().splitlines()]
SONNET = "claude-sonnet-4-5-20250929"


def told(folder: Path, name: str = "a.jsonl", **changed: Any) -> Any:
    """What a record says that differs from the first of the sample."""
    (event,) = events(read(Bedrock(), written(folder / name, json.dumps({**LINES[0], **changed}) + "\n")))
    return event


@pytest.mark.parametrize(
    ("logged", "model", "region"),
    [
        (f"anthropic.{SONNET}-v1:0", SONNET, None),
        (f"eu.anthropic.{SONNET}-v1:0", SONNET, "eu"),
        (f"global.anthropic.{SONNET}-v1:0", SONNET, None),
        (f"arn:aws:bedrock:us-east-1::foundation-model/anthropic.{SONNET}-v1:0", SONNET, None),
        (f"arn:aws:bedrock:us-east-1:0:inference-profile/us.anthropic.{SONNET}-v1:0", SONNET, "us"),
        ("us.amazon.nova-lite-v1:0", "amazon.nova-lite-v1:0", "us"),
        ("arn:aws:bedrock:us-east-1:0:application-inference-profile/abc", "abc", None),
        (None, "unknown", None),
    ],
)
def test_a_model_is_known_by_its_name_alone(
    tmp_path: Path, logged: str, model: str, region: str | None
) -> None:
    event = told(tmp_path, modelId=logged)
    assert (event.model, event.region) == (model, region)


@pytest.mark.parametrize("line", [1, 2])
def test_an_answer_of_claude_tells_lifetimes_and_the_id_of_its_message(tmp_path: Path, line: int) -> None:
    counts = {"inputTokenCount": 4}  # the others may be absent
    event = told(tmp_path, **{**LINES[line], "input": counts})
    assert (event.tokens.cache_write_5m, event.tokens.cache_write_1h, event.tokens.cache_write) == (
        1200,
        300,
        0,
    )
    assert event.tokens.cache_read == 54161
    assert event.key == response_key(f"msg_bdrk_01Example000{line}aaaaaaaa")


def test_packed_logs_say_the_same(tmp_path: Path) -> None:
    assert told(tmp_path, "a.json.gz") == told(tmp_path)
