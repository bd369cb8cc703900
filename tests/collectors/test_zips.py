"""The files in a ZIP: each a log of its own, its name only a name, and never more than is believed."""

from __future__ import annotations

import struct
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.collectors.support import reader_of
from vaultsync.collectors import reading, zips
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.zips import members

CALLS = b'{"calls": 1}\n{"calls": 2}\n'


def zipped(path: Path, *files: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> Path:
    """Make a ZIP of files, in whose names anything may stand."""
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in files:
            info = zipfile.ZipInfo("x", (2026, 1, 7, 12, 30, 2))
            info.filename, info.compress_type = name, how
            archive.writestr(info, data)
    return path


def taken(path: Path) -> tuple[dict[str, bytes], list[str]]:
    """What stands in the files of a ZIP, by their paths below it, and what is refused."""
    reader = reader_of(path)
    found = {}
    for file in members(reader):
        inner = Reader(file)
        lines = b"".join(line.data + b"\n" for line in inner.lines())
        found[file.path.relative_to(path).as_posix()] = lines
        reader.issues += inner.issues
    place = str(path.parent)
    return found, [str(issue).removeprefix(place) for issue in reader.issues]


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_each_file_has_its_name_its_beginning_and_its_lines(tmp_path: Path, how: int) -> None:
    path = zipped(tmp_path / "a.zip", ("calls.jsonl", CALLS), ("2026/01/more.csv", b"x"), how=how)
    first, second = members(reader_of(path))
    assert (first.name, first.head, first.path) == ("calls.jsonl", CALLS, path / "calls.jsonl")
    assert (second.name, second.head, second.path) == ("more.csv", b"x", path / "2026/01/more.csv")
    assert taken(path) == ({"calls.jsonl": CALLS, "2026/01/more.csv": b"x\n"}, [])


def test_a_zip_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    assert LogFile.look(zipped(tmp_path / "export", ("a", b""))).is_zip
    assert LogFile.look(zipped(tmp_path / "empty")).is_zip


def test_a_file_was_written_by_the_clock_of_who_packed_it(tmp_path: Path) -> None:
    reader = reader_of(zipped(tmp_path / "a.zip", ("a", b"")), zone=ZoneInfo("Europe/Berlin"))
    (file,) = members(reader)
    assert file.mtime_ns == int(datetime(2026, 1, 7, 11, 30, 2, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize("date", [(1980, 1, 1, 0, 0, 0), (2026, 0, 0, 0, 0, 0)])
def test_a_file_without_a_time_has_that_of_its_zip(
    tmp_path: Path, date: tuple[int, int, int, int, int, int]
) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("a", date), b"")
    (file,) = members(reader_of(path))
    assert file.mtime_ns == path.stat().st_mtime_ns


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../secret.csv", "%2e%2e/%2e%2e/secret.csv"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\mira\\a.csv", "C%3a/Users/mira/a.csv"),
        ("\\\\server\\share\\a.csv", "server/share/a.csv"),
        ("a/./b//c.csv", "a/b/c.csv"),
    ],
)
def test_a_name_that_leads_out_is_only_a_name(tmp_path: Path, name: str, shown: str) -> None:
    assert taken(zipped(tmp_path / "a.zip", (name, CALLS)))[0] == {shown: CALLS}


def test_folders_and_hidden_files_are_passed_over(tmp_path: Path) -> None:
    names = ("folder/", "__MACOSX/._a.csv", ".git/a.csv", "a.csv~", "b.part", "/")
    assert taken(zipped(tmp_path / "a.zip", *((name, b"") for name in names))) == ({}, [])


@pytest.mark.parametrize("name", ["inner.zip", "Inner.ZIP", "calls.jsonl.gz", "calls.jsonl.zst"])
def test_what_is_packed_once_more_is_refused(tmp_path: Path, name: str) -> None:
    found, refused = taken(zipped(tmp_path / "a.zip", (name, b"x"), ("calls.jsonl", CALLS)))
    assert found == {"calls.jsonl": CALLS}
    assert refused == [f"/a.zip/{name}: it is packed once more inside the ZIP. Unpack it."]


def test_of_two_files_with_one_name_the_second_is_refused(tmp_path: Path) -> None:
    found, refused = taken(zipped(tmp_path / "a.zip", ("a", b"1"), ("./a", b"2")))
    assert found == {"a": b"1\n"}
    assert refused == ["/a.zip/a: its name stands twice in the ZIP. Unpack it."]


def patched(path: Path, offset: int, value: int) -> Path:
    """Change a number of two bytes in the list of files of a ZIP of one file."""
    data = bytearray(path.read_bytes())
    place = data.rfind(b"PK\1\2") + offset
    data[place : place + 2] = struct.pack("<H", value)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("offset", "value", "why"),
    [(8, 0x1, "encrypted"), (8, 0x41, "encrypted"), (10, 14, "packed in a way that is not read here")],
)
def test_what_cannot_be_unpacked_is_refused(tmp_path: Path, offset: int, value: int, why: str) -> None:
    path = patched(zipped(tmp_path / "a.zip", ("a.csv", CALLS)), offset, value)
    assert taken(path) == ({}, [f"/a.zip/a.csv: it is {why}. Unpack it."])


def test_of_a_damaged_file_what_came_before_counts(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip", ("a.jsonl", CALLS * 100_000), ("b.jsonl", CALLS), how=zipfile.ZIP_STORED
    )
    data = bytearray(path.read_bytes())
    data[2_500_000] ^= 1
    path.write_bytes(data)
    found, (refused,) = taken(path)
    assert found["b.jsonl"] == CALLS and len(found["a.jsonl"]) > 2_000_000
    assert "the ZIP data is damaged" in refused and "What came before it counts." in refused


def test_a_zip_that_is_cut_is_damaged_once_it_rests(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("a.jsonl", CALLS))
    path.write_bytes(path.read_bytes()[:-10])
    fresh, rested = reader_of(path, rested=5), reader_of(path)
    assert [*members(fresh), *fresh.issues] == [] and fresh.verdict == "pending"
    assert [*members(rested)] == [] and rested.verdict == "damaged"
    assert "Restore the file." in str(rested.issues[0])


SMALL = [("a.csv", CALLS), ("b/c.json", b'{"x": 1}' * 50)]


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=6))
def test_damage_is_told_and_never_raised(tmp_path: Path, changes: list[tuple[float, int]]) -> None:
    data = bytearray(zipped(tmp_path / "a.zip", *SMALL).read_bytes())
    for place, value in changes:
        data[int(len(data) * place)] = value
    (tmp_path / "a.zip").write_bytes(data)
    taken(tmp_path / "a.zip")


def test_every_cut_is_survived(tmp_path: Path) -> None:
    data = zipped(tmp_path / "a.zip", *SMALL).read_bytes()
    for end in range(len(data)):
        (tmp_path / "a.zip").write_bytes(data[:end])
        assert taken(tmp_path / "a.zip")[0] == {}


# --- bounds ---


def test_a_bomb_is_read_up_to_a_hundred_times_its_size(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("bomb", bytes(1000) * 30_000), ("calls", CALLS), ("more", CALLS))
    believed = path.stat().st_size * 100
    tracemalloc.start()
    try:
        found, refused = taken(path)
        assert tracemalloc.get_traced_memory()[1] < believed + 20_000_000
    finally:
        tracemalloc.stop()
    assert len(found) == 1 and refused[0].startswith("/a.zip/bomb:1: it unpacks to over 1 GB or 100 times")
    assert "/a.zip/calls: this file and those behind it would unpack to over" in refused[1]
    assert len(refused) == 2


def test_many_files_together_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "UNPACKED_LIMIT", 250_000)
    path = zipped(tmp_path / "a.zip", *((f"{n}.jsonl", CALLS * 4000) for n in range(9)))
    found, refused = taken(path)
    assert sum(map(len, found.values())) <= 250_000
    assert len(found) == 3 and "/a.zip/3.jsonl: this file and those behind it" in refused[-1]


def test_a_file_that_nobody_reads_takes_nothing_from_the_others(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", ("film.mp4", bytes(30_000_000)), ("calls", CALLS))
    reader = reader_of(path)
    _, calls = members(reader)
    assert calls.head == CALLS and not reader.issues


def test_too_many_files_are_not_even_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", *((f"{n}.csv", b"") for n in range(50)))
    monkeypatch.setattr(zips, "DIRECTORY_LIMIT", 1000)
    assert taken(path) == ({}, ["/a.zip: it may hold over 10,000 files. Unpack it."])


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zipped(tmp_path / "a.zip", *((f"{n}.csv", b"") for n in range(50)))
    monkeypatch.setattr(zips, "MOST_FILES", 49)
    assert taken(path) == ({}, ["/a.zip: it holds over 49 files. Unpack it."])


def test_a_large_list_of_files_behind_a_second_end_is_seen(tmp_path: Path) -> None:
    """A list may be larger than its end record says, if the record of a large ZIP stands before that."""
    path = zipped(tmp_path / "a.zip", ("a.csv", CALLS))
    data = path.read_bytes()
    end, size = data.rfind(b"PK\5\6"), zips.DIRECTORY_LIMIT + 1
    large = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    path.write_bytes(data[:end] + large + locator + data[end:])
    assert taken(path) == ({}, ["/a.zip: it may hold over 10,000 files. Unpack it."])


def test_refused_files_past_the_limit_are_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "REJECTED_LIMIT", 2)
    refused = taken(zipped(tmp_path / "a.zip", *((f"{n}.zip", b"") for n in range(5))))[1]
    assert len(refused) == 3 and refused[2] == "/a.zip: 3 more files in it are refused."
