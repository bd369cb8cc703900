"""What the head of a JSON file shows without being decoded."""

from __future__ import annotations

import json

import pytest

from vaultsync.collectors.outline import Lines, first_record

PAGE = {"object": "page", "data": [{"results": [{"object": "usage.result", "amount": {"value": 1.5}}]}]}


@pytest.mark.parametrize(
    ("sign", "is_shown"),
    [
        ("object", True),
        ("object=page", True),
        ("object=pag", False),
        ("object=pa*", True),
        ("data[].results[].amount.value", True),
        ("data[].results[].amount.value=1.5", True),
        ("data[].results[].object=usage.*", True),
        ("results", False),
        ("data.results", False),
    ],
)
def test_signs_of_the_first_record(sign: str, is_shown: bool) -> None:
    assert first_record(json.dumps(PAGE)).shows(sign) is is_shown
    assert first_record(json.dumps([PAGE, {"results": 1}], indent=2)).shows(sign) is is_shown


def test_signs_are_seen_in_a_cut_head() -> None:
    assert first_record(json.dumps(PAGE)[:70]).shows("data[].results[].object")


def test_a_sign_may_be_looked_for_inside_a_wrapper() -> None:
    assert first_record('{"body": {"id": "msg_1"}}').shows("id=msg_*", "body.")


def test_only_the_first_record_counts() -> None:
    assert not first_record('{"a": 1} {"b": 2}').shows("b")


def test_leaves_are_values_that_hold_no_others() -> None:
    text = '{"input": {"text": "x"}, "runs": [{"n": 1}], "tags": ["a"], "empty": {}}'
    assert first_record(text).leaves == {"input.text", "runs[].n", "empty"}


@pytest.mark.parametrize("text", ["", "words", "5", '"a"'])
def test_other_text_shows_nothing(text: str) -> None:
    assert first_record(text) == ("", {})


def test_lines_of_values_and_of_what_is_too_deep() -> None:
    lines = Lines('{\n"a": [\n1,\n{"b": 2}]}')
    assert [lines.of((0, "a")), lines.of((0, "a", 1, "b")), lines.of((0, "a", 1, "b", "c"))] == [2, 4, 4]
    assert lines.of((1,)) is None
