"""LiteLLM: one row is one call in every form, and its own cache costs nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import SAMPLES, events, read, written
from vaultsync.collectors.providers.litellm import LiteLlm, LiteLlmDump, LiteLlmPages
from vaultsync.model import TokenCounts, UsageEvent

ROW: dict[str, Any] = json.loads((SAMPLES / "litellm.jsonl").read_text().split("\n")[0])


def told(folder: Path, **changed: Any) -> list[UsageEvent]:
    """What a row says that differs from the first of the sample."""
    return events(read(LiteLlm(), written(folder / "a.jsonl", json.dumps({**ROW, **changed}) + "\n")))


def test_a_row_is_one_call_in_every_form() -> None:
    rows, pages, dump = (
        events(read(collector, SAMPLES / name))[0]
        for collector, name in (
            (LiteLlm(), "litellm.jsonl"),
            (LiteLlmPages(), "litellm_pages.json"),
            (LiteLlmDump(), "litellm_dump.csv"),
        )
    )
    assert rows == pages == dump and rows.key == "response:chatcmpl-Example11"


@pytest.mark.parametrize("mark", ["True", True, "true"])
def test_what_the_gateway_answered_itself_is_a_free_call_of_its_own(tmp_path: Path, mark: object) -> None:
    (bought,), (hit,) = told(tmp_path), told(tmp_path, cache_hit=mark, spend=0)
    assert hit.tokens == bought.tokens and (hit.cost, hit.cost_kind) == (Decimal(0), "charged")
    assert hit.key != bought.key


@pytest.mark.parametrize("mark", ["False", False, None, "None", ""])
def test_no_spend_means_that_the_price_was_not_known(tmp_path: Path, mark: object) -> None:
    (event,) = told(tmp_path, cache_hit=mark, spend=0)
    assert event.cost is None and event.cost_kind is None


def test_without_details_all_of_the_prompt_is_input(tmp_path: Path) -> None:
    (event,) = told(tmp_path, metadata=None)
    assert event.tokens == TokenCounts(55665, output=812) and event.flags == ("cache_unknown",)


def test_calls_that_failed_count_if_they_used_anything(tmp_path: Path) -> None:
    nothing = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "spend": 0}
    assert told(tmp_path, status="failure", **nothing) == []
    assert len(told(tmp_path, status="failure")) == 1
