"""Lines of CSV become rows."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultsync.collectors.cells import cells, header, headers
from vaultsync.collectors.records import Malformed


@given(st.text(st.sampled_from("ab1,;\t '\\\"\r\0é\u2028"), max_size=20), st.sampled_from(",;\t"))
def test_a_line_is_cut_as_the_standard_library_cuts_it(line: str, delimiter: str) -> None:
    try:
        expected = next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        with pytest.raises(Malformed):
            cells(line, delimiter)
    else:
        assert cells(line, delimiter) == expected


@pytest.mark.parametrize(("line", "delimiter"), [("a,b", ","), ("a;b,c;d", ";"), ("a\tb", "\t")])
def test_delimiter_is_the_one_that_gives_most_columns(line: str, delimiter: str) -> None:
    found = header(line)
    assert found and found.delimiter == delimiter


@pytest.mark.parametrize("line", ["", "one column", "a,b,a", '"a,b'])
def test_what_cannot_be_a_header_is_none(line: str) -> None:
    assert header(line) is None


def test_a_header_that_is_wrapped_in_quotes_as_a_whole_is_read_within_them() -> None:
    found = header('"date,""net amount"",model"')
    assert found and found.names == ("date", "net amount", "model")


def test_headers_near_the_top_come_with_their_lines() -> None:
    assert [(head.line, head.names) for head in headers("A report\n\na,b\r\n1,2\n")] == [
        (3, ("a", "b")),
        (4, ("1", "2")),
    ]
