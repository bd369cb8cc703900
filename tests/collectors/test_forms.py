"""Whatever form a file comes in, it says the same; and what stands in it beside the figures is never told."""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.collectors.support import SAMPLES, plain, read, reader_of
from tests.collectors.test_samples import COLLECTORS
from vaultsync.collectors.cells import headers
from vaultsync.collectors.outline import head_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.zips import members

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Form = Callable[[bytes], bytes]
FORMS: dict[str, Form] = {
    "byte-order mark": lambda data: b"\xef\xbb\xbf" + data,
    "carriage returns": lambda data: data.replace(b"\n", b"\r\n"),
    "both": lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"),
    "gzip": gzip.compress,
    "Zstandard": zstd.compress,
}
TABLES = [name for name in COLLECTORS if name.endswith(".csv")]
RECORDS = [name for name in COLLECTORS if name.endswith(("jsonl", "json"))]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", COLLECTORS)
def test_every_form_says_the_same(tmp_path: Path, name: str, form: str) -> None:
    path = tmp_path / name
    path.write_bytes(FORMS[form]((SAMPLES / name).read_bytes().removeprefix(b"\xef\xbb\xbf")))
    assert plain(read(COLLECTORS[name], path)) == plain(read(COLLECTORS[name], SAMPLES / name))


@pytest.mark.parametrize("name", COLLECTORS)
def test_a_file_in_a_zip_says_the_same(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SAMPLES / name, name)
    outside = reader_of(SAMPLES / name)
    for file in members(reader_of(tmp_path / "a.zip")):
        assert COLLECTORS[name].claims(file)
        inside = Reader(file, now_ns=outside.now_ns, last_modified_ns=outside.last_modified_ns)
        found = [*COLLECTORS[name].collect(inside), *inside.issues]
    assert plain(found) == plain(read(COLLECTORS[name], SAMPLES / name))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_without_rows_is_known_and_says_nothing(tmp_path: Path, name: str) -> None:
    lines = (SAMPLES / name).read_bytes().splitlines(keepends=True)
    head = max(headers(head_of(LogFile.look(SAMPLES / name))), key=lambda head: len(head.names))
    path = tmp_path / name
    path.write_bytes(b"".join(lines[: head.line]))
    assert read(COLLECTORS[name], path) == []


def marked(value: Any, mark: str) -> Any:
    """A value with fields that hold words of a person, wherever there may be some."""
    if isinstance(value, list):
        return [marked(each, mark) for each in value]
    if not isinstance(value, dict):
        return value
    words = {"messages": [{"content": mark}], "prompt": mark, "input_text": {"parts": [mark]}, mark: mark}
    return {**{key: marked(each, mark) for key, each in value.items()}, **words}


@pytest.mark.parametrize("name", RECORDS)
def test_words_beside_the_figures_are_never_told(tmp_path: Path, name: str) -> None:
    """Not even where they are so many that something of the record is rejected."""
    text, mark = (SAMPLES / name).read_text("utf-8"), "xyzzy sk-secret"
    path = tmp_path / name
    if name.endswith(".jsonl"):
        path.write_text("\n".join(_line(line, mark) for line in text.splitlines()), "utf-8")
    else:
        path.write_text(json.dumps(marked(json.loads(text), mark)), "utf-8")
    found = read(COLLECTORS[name], path) if COLLECTORS[name].claims(LogFile.look(path)) else []
    assert found and mark not in repr(found)


def _line(line: str, mark: str) -> str:
    try:
        return json.dumps(marked(json.loads(line), mark))
    except ValueError:
        return line
