"""A call is known by the id of its response, whoever logged it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vaultsync.collectors.events import Origin, build
from vaultsync.collectors.families import Found
from vaultsync.collectors.identity import response_key

LONG = "msg_01AbcdefghijklmnopqrstuvW"
WHEN = datetime(2026, 2, 10, tzinfo=UTC).isoformat()


@pytest.mark.parametrize(
    ("ident", "key"),
    [
        (LONG, f"claude-code:{LONG}"),
        (f"{LONG}:compaction:1", f"claude-code:{LONG}:compaction:1"),
        ("msg_1", "response:msg_1"),
        ("msg_1:compaction:12345678", "response:msg_1:compaction:12345678"),
        ("chatcmpl-AbcdefghijklmnopqrstuvW", "response:chatcmpl-AbcdefghijklmnopqrstuvW"),
    ],
)
def test_key_of_a_response(ident: str, key: str) -> None:
    assert response_key(ident) == key


def test_response_names_a_call_whatever_the_source_and_its_own_id() -> None:
    values = {"when": WHEN, "input": 1, "output": 2, "id": "7", "response": "resp_1"}
    keys = {build(Found(values), Origin(source)).event.key for source in ("one", "other")}
    assert keys == {"response:resp_1"}
    assert build(Found({**values, "response": "\n"}), Origin("one")).event.key == "one:7"
