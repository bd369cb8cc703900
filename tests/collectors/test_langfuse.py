"""Langfuse: the words in a key say what is counted, the total says how."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.collectors.support import SAMPLES, events, issues, read, written
from vaultsync.collectors.providers.langfuse import Langfuse, LangfuseCsv, LangfusePages, class_of, disjoint


def test_an_observation_is_the_same_event_in_every_form() -> None:
    lines, pages, rows = (
        events(read(collector, SAMPLES / name))[0]
        for collector, name in (
            (Langfuse(), "langfuse.jsonl"),
            (LangfusePages(), "langfuse_pages.json"),
            (LangfuseCsv(), "langfuse.csv"),
        )
    )
    assert lines == pages == rows


@pytest.mark.parametrize(
    ("key", "known"),
    [
        *(("input", "input"), ("prompt_tokens", "input"), ("output_tokens", "output"), ("total", "total")),
        *(("input_cached_tokens", "cache_read"), ("cache_read_input_tokens", "cache_read")),
        *(("input_cache_creation", "cache_write"), ("cache_creation_1h_tokens", "cache_write_1h")),
        *(("input_cache_write_5m", "cache_write_5m"), ("output_audio_tokens", "output_audio")),
        *(("output_reasoning", "reasoning"), ("input_image", "input_other")),
    ],
)
def test_a_key_is_read_by_its_words(key: str, known: str) -> None:
    assert class_of(key) == known


def test_what_lies_beside_the_input_is_added_to_it_unless_the_total_says_otherwise() -> None:
    assert disjoint({"input": 10, "input_image": 5, "output": 1})[0]["input"] == 15
    assert disjoint({"input": 10, "input_image": 5, "output": 1, "total": 11})[0]["input"] == 10


def test_a_count_that_stands_twice_is_rejected(tmp_path: Path) -> None:
    row = json.loads((SAMPLES / "langfuse.jsonl").read_text().split("\n")[0])
    text = json.dumps(row).replace('"input": 4,', '"input": 4, "input": 5,')
    found = read(Langfuse(), written(tmp_path / "a.jsonl", text + "\n"))
    assert not events(found) and "twice" in issues(found)[0].text
