"""Bytes become records: fast and careful decoding agree, and ways lead to the records of a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.collectors.support import reader_of, written
from vaultsync.collectors.outline import Lines
from vaultsync.collectors.records import (
    DEEPEST,
    Malformed,
    Repeated,
    below,
    json_document,
    json_values,
    plain_object,
)

TEXTS = st.text(st.sampled_from('ab": \\\t{}[],é\u2028'), max_size=6)
NUMBERS = st.sampled_from(
    ["0", "-0", "7", "1.50", "1e5", "-2.5E-3", "1e400", "1e9999999999999999999", "9" * 30]
)
SPACE = st.sampled_from(["", "", " ", "\t"])


@st.composite
def objects(draw: st.DrawFn, depth: int = 0) -> str:
    """An object as text, perhaps with a key twice and odd spacing."""
    values = st.one_of(TEXTS.map(json.dumps), NUMBERS, st.sampled_from(["null", "true", "[]", "{}"]))
    if depth < 2:
        values |= objects(depth + 1)
        values |= objects(depth + 1).map(lambda text: f"[{text}, 1]")
    pairs = draw(st.lists(st.tuples(st.sampled_from("abc").map(json.dumps) | TEXTS.map(json.dumps), values)))
    return "{" + ",".join(key + draw(SPACE) + ":" + draw(SPACE) + value for key, value in pairs) + "}"


def is_plain(value: Any) -> bool:
    """True where no object has a key twice."""
    if isinstance(value, dict):
        return not isinstance(value, Repeated) and all(map(is_plain, value.values()))
    return all(map(is_plain, value)) if isinstance(value, list) else True


@given(objects(), SPACE, st.sampled_from(["", "", "x", "\0", "{}"]))
def test_quick_decoding_gives_what_careful_decoding_gives_or_steps_back(
    text: str, space: str, more: str
) -> None:
    quick = plain_object((space + text + more).encode())
    if quick is not None:
        (careful,) = json_values(space + text + more)
        assert repr(quick) == repr(careful) and is_plain(careful)


@given(st.text(st.sampled_from('{}[]":,01.eE-+ntabc \t\\u"\x01'), max_size=30))
def test_quick_decoding_takes_nothing_that_careful_decoding_refuses(text: str) -> None:
    if plain_object(text.encode()) is not None:
        assert len(json_values(text)) == 1


@pytest.mark.parametrize("line", ['{"a": 1, "b": {"c": [{"d": 2}]}}', '{"time": "10:30", "a": 1.5}', "{}"])
def test_a_usual_line_is_decoded_quickly(line: str) -> None:
    assert [plain_object(line.encode())] == json_values(line)


@pytest.mark.parametrize(
    "line",
    [b'{"a": 1, "a": 1}', b'{"a" : 1, "a": 1}', b'{"x": {"a": 1, "\\u0061": 2}}', b"[1]", b'{"a": NaN}'],
)
def test_an_unusual_line_is_left_to_careful_decoding(line: bytes) -> None:
    assert plain_object(line) is None


def test_damage_is_malformed_without_a_word_of_it() -> None:
    for text in ('{"secret', "{'secret': 1}", "[" * 100_000, "1" * 5000):
        with pytest.raises(Malformed) as error:
            json_values(text)
        assert "secret" not in str(error.value)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")])
def test_what_nests_too_deep_is_malformed_before_anybody_goes_down_into_it(
    opening: str, closing: str
) -> None:
    for depth in (DEEPEST + 1, 900, 990, 5000, 100_000):
        text = f'{{"x": {opening * depth}1{closing * depth}}}'
        assert plain_object(text.encode()) is None
        with pytest.raises(Malformed, match="nested too deep"):
            json_values(text)


def test_what_nests_as_deep_as_any_log_is_read() -> None:
    text = f'{{"x": {"[" * (DEEPEST - 2)}{"]" * (DEEPEST - 2)}}}'
    assert [plain_object(text.encode())] == json_values(text)


PAGE = {
    "start": 5,
    "data": [{"start": 7, "end": 9, "results": [{"n": 1}, {"n": 2, "end": 3}]}, {"results": []}],
}


def test_records_of_a_page_see_what_stands_around_them() -> None:
    found = list(below(PAGE, "data[].results[]"))
    assert [path for path, _ in found] == [(0, "data", 0, "results", 0), (0, "data", 0, "results", 1)]
    assert found[0][1] == {"n": 1, "^start": 7, "^end": 9} and found[1][1]["end"] == 3


def test_pages_may_be_joined_into_a_list() -> None:
    assert len(list(below([PAGE, PAGE], "data[].results[]"))) == 4


def test_a_way_that_breaks_off_is_not_passed_over() -> None:
    assert list(below({"error": "no"}, "data[].results[]")) == [((0, "data"), None)]


@pytest.mark.parametrize("spoilt", ['{"a": [', '"', "\0", '{"a": 1}}{'])
def test_of_a_damaged_document_the_whole_lines_are_known_by_their_numbers(
    tmp_path: Path, spoilt: str
) -> None:
    reader = reader_of(
        written(tmp_path / "a.json", f'{{"n": 1}}\n{spoilt}\n{{"n": 3}}\0{{"n": 4}}\n{{"n": 5}}\n')
    )
    values, text = json_document(reader)
    lines = Lines(text)
    assert [(value["n"], lines.of((place,))) for place, value in enumerate(values)] == [
        (1, 1),
        (3, 3),
        (4, 3),
        (5, 4),
    ]
    assert [issue.line for issue in reader.issues] == ([] if spoilt == "\0" else [2])
