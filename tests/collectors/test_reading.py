"""Bytes of a log: whole lines, whole documents, gzip, and what is not believed."""

from __future__ import annotations

import gzip
import os
import re
import sys
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors.support import reader_of, written
from vaultsync.collectors import lines, reading
from vaultsync.collectors.reading import LogFile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Pack = Callable[[bytes], bytes]


def bomb(size: int) -> bytes:
    """Gzip data of `size` zeros."""
    packer = zlib.compressobj(9, wbits=31)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


def test_lines_end_at_line_feeds_only(tmp_path: Path) -> None:
    reader = reader_of(written(tmp_path / "a", "a\rb\u2028c\x0cd\x85\r\n\nlast"))
    assert [(line.number, line.data.decode(), line.complete) for line in reader.lines()] == [
        (1, "a\rb\u2028c\x0cd\x85", True),
        (2, "", True),
        (3, "last", False),
    ]


def test_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    reader = reader_of(written(tmp_path / "a", "\ufeffa\n\ufeffb\n"))
    assert [line.data.decode() for line in reader.lines()] == ["a", "\ufeffb"]


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=60).map(lambda data: data.replace(b"\0", b"\n")), share=st.floats(0, 1))
def test_reading_on_gives_each_line_once(tmp_path: Path, data: bytes, share: float) -> None:
    path, cut = tmp_path / "a", int(len(data) * share)
    path.write_bytes(data[:cut])
    first, found = reader_of(path), []
    for line in first.lines():
        if line.complete:
            found.append((line.number, line.data))
        else:
            first.hold(line)
    path.write_bytes(data)
    second = reader_of(path, start=first.end, first_line=first.next_line)
    found += [(line.number, line.data) for line in second.lines()]
    assert found == [(line.number, line.data) for line in reader_of(path).lines()]


packings = pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])


@packings
def test_packed_data_is_known_by_its_first_bytes(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(pack(b"a\nb\n"))
    reader = reader_of(path)
    assert reader.file.packed and reader.file.head == b"a\nb\n"
    assert [line.data for line in reader.lines()] == [b"a", b"b"]


@packings
def test_the_beginning_is_at_hand_however_badly_it_packs(tmp_path: Path, pack: Pack) -> None:
    data = os.urandom(300_000)
    path = tmp_path / "log.jsonl"
    path.write_bytes(pack(data))
    assert LogFile.look(path).head == data[: reading.HEAD_SIZE]


@packings
def test_cut_data_counts_what_came_before_the_cut(tmp_path: Path, pack: Pack) -> None:
    data = pack(b"".join(os.urandom(30).hex().encode() + b"\n" for _ in range(20_000)))
    path = tmp_path / "log.gz"
    path.write_bytes(data[: len(data) // 2])
    reader = reader_of(path)
    assert sum(1 for line in reader.lines() if line.complete) > 2500
    assert len(reader.issues) == 1 and f"{reader.file.packed} data is damaged" in reader.issues[0].text


@packings
def test_damaged_packed_document_says_nothing(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "log.gz"
    path.write_bytes(pack(b"x" * 1000)[:-6])
    reader = reader_of(path)
    assert reader.content() == b"" and reader.verdict == "damaged" and len(reader.issues) == 1


@pytest.mark.parametrize("beginning", [b"\x1f\x8b", b"\x28\xb5\x2f\xfd"])
def test_what_only_begins_like_packed_data_cannot_be_looked_at(tmp_path: Path, beginning: bytes) -> None:
    with pytest.raises(OSError, match="a damaged"):
        LogFile.look(written(tmp_path / "a", beginning + b"garbage" * 50))


def test_without_the_library_a_zstandard_file_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "backports", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    path = written(tmp_path / "a", zstd.compress(b"a\n"))
    is_own = sys.version_info >= (3, 14)  # for which that package is not to be had
    remedy = "use a Python that was built with it" if is_own else "install the package backports.zstd"
    with pytest.raises(OSError, match=re.escape(remedy)):
        LogFile.look(path)


def zstd_bomb(size: int) -> bytes:
    """Zstandard data of `size` zeros."""
    packer = zstd.ZstdCompressor()
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()


@pytest.mark.parametrize("line_by_line", [True, False])
@pytest.mark.parametrize("made", [bomb, zstd_bomb])
def test_bomb_stops_early_and_small(tmp_path: Path, line_by_line: bool, made: Callable[[int], bytes]) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(made(256 << 20))
    tracemalloc.start()
    reader = reader_of(path)
    assert not [line for line in reader.lines() if line.data] if line_by_line else reader.content() == b""
    assert tracemalloc.get_traced_memory()[1] < 100 << 20
    tracemalloc.stop()
    assert len(reader.issues) == 1 and "100 times its size" in reader.issues[0].text


def test_endless_line_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LINE_LIMIT", 1000)
    monkeypatch.setattr(lines, "PIECE", 64)
    reader = reader_of(written(tmp_path / "a", "first\n" + "x" * 5000 + "\nlast\n"))
    assert [(line.number, line.data) for line in reader.lines()] == [(1, b"first"), (3, b"last")]
    assert [issue.line for issue in reader.issues] == [2]


def test_huge_document_is_rejected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "CONTENT_LIMIT", 1000)
    reader = reader_of(written(tmp_path / "a", "x" * 1001))
    assert reader.content() == b"" and reader.verdict == "damaged"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_rejected_as_a_file(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "a", '{"timestamp": "2026-01-07"}\n'.encode(encoding))
    by_line, whole = reader_of(path), reader_of(path)
    assert not list(by_line.lines()) and not whole.content()
    assert by_line.issues == whole.issues and "UTF-16" in whole.issues[0].text


def test_one_line_in_another_encoding_is_no_utf_16(tmp_path: Path) -> None:
    data = b'{"a": 1}\n' + '{"a": 2, "b": "some text"}'.encode("utf-16-le") * 20
    assert not LogFile.look(written(tmp_path / "a", data)).is_utf16


def test_nul_bytes_alone_are_no_utf_16(tmp_path: Path) -> None:
    assert not LogFile.look(written(tmp_path / "a", b"\0" * 500 + b"text")).is_utf16


def test_end_of_a_long_file_is_at_hand(tmp_path: Path) -> None:
    file = LogFile.look(written(tmp_path / "a", "x" * 100_000 + "end"))
    assert len(file.head) == reading.HEAD_SIZE and file.tail.endswith(b"xend")


def test_file_that_went_away_is_an_issue(tmp_path: Path) -> None:
    path = written(tmp_path / "a", "x\n")
    reader = reader_of(path)
    path.unlink()
    assert (
        not list(reader.lines()) and reader.verdict == "damaged" and "cannot be read" in reader.issues[0].text
    )


@settings(max_examples=60)
@given(
    st.lists(st.sampled_from([b"", b"a", b"\r", b"one", b"two two", b"x" * 40, b"\xff\x00"]), max_size=12),
    st.booleans(),
    st.booleans(),
    st.integers(1, 50),
    st.integers(1, 50),
)
def test_lines_are_the_same_however_the_file_is_cut(
    tmp_path_factory: pytest.TempPathFactory,
    texts: list[bytes],
    is_open: bool,
    is_packed: bool,
    piece: int,
    long: int,
) -> None:
    texts = [b"a log of one byte a character", *texts]
    data = b"\n".join(texts) if is_open else b"".join(text + b"\n" for text in texts)
    path = tmp_path_factory.mktemp("cut") / "log"
    path.write_bytes(gzip.compress(data) if is_packed else data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "PIECE", piece)
        patch.setattr(lines, "_spare", [])
        patch.setattr(lines, "LONG_LINE", long)
        reader = reader_of(path)
        found = [(line.number, line.data, line.complete, line.offset) for line in reader.lines()]
        ends = reader_of(path)
        sizes = [line.offset + line.size == ends.end for line in ends.lines()]
    expected, offset = [], 0
    for number, text in enumerate(_by_feed(data), 1):
        expected.append((number, text.rstrip(b"\r\n"), text.endswith(b"\n"), offset))
        offset += len(text)
    assert found == expected and reader.end == len(data) and all(sizes)


def _by_feed(data: bytes) -> list[bytes]:
    *whole, rest = data.split(b"\n")
    return [*(text + b"\n" for text in whole), *([rest] if rest else [])]


def test_long_line_is_passed_over_by_its_ends(tmp_path: Path) -> None:
    size = reading.LONG_LINE
    texts = ["short", "keep" + "a" * size, "skip" + "b" * size + "end", "last", "skip" + "c" * size]
    asked = []

    def skip(first: bytes, last: bytes) -> bool:
        asked.append((len(first), len(last), last[-1:]))
        return first.startswith(b"skip")

    reader = reader_of(written(tmp_path / "a", "\n".join(texts)))
    found = [(line.number, line.complete) for line in reader.lines(skip)]
    # The last one is not whole yet, so nobody may say that nothing is in it.
    assert found == [(1, True), (2, True), (4, True), (5, False)]
    assert asked == [(reading.SEEN_FIRST, reading.SEEN_LAST - 1, last) for last in (b"a", b"d")]
    assert reader.end == sum(map(len, texts)) + 4
