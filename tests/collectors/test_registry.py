"""Which files are looked at, and which collector gets them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest

from tests.collectors.support import written
from vaultsync.collectors.finding import find_files, matches
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place, agent_of, files_of, is_wanted, match
from vaultsync.model import Finding, Issue


class Claimer:
    """A collector that claims files whose name contains its own."""

    kind: Literal["lines", "document"] = "lines"

    def __init__(self, name: str = "claimer") -> None:
        self.name = name

    def claims(self, file: LogFile) -> bool:
        """Say whether the file is its own."""
        return self.name in file.name

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Nothing."""
        return iter(())

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere."""
        return ()


class Point:
    """An entry point of a package that may be broken."""

    def __init__(self, name: str, what: Any) -> None:
        self.name, self.what = name, what

    def load(self) -> Any:
        """The object, or its failure."""
        if isinstance(self.what, Exception):
            raise self.what
        return self.what


def told(found: Iterator[Path | Issue], root: Path) -> list[str]:
    """Relative paths, those of issues with a mark before them."""
    return [
        f"! {Path(f.path).relative_to(root)}" if isinstance(f, Issue) else str(f.relative_to(root))
        for f in found
    ]


def test_one_claim_wins(tmp_path: Path) -> None:
    file, one = LogFile.look(written(tmp_path / "a.log", "x")), Claimer("a.")
    assert match(file, [one, Claimer("b")]) is one


def test_two_claims_are_an_issue_naming_both(tmp_path: Path) -> None:
    found = match(LogFile.look(written(tmp_path / "ab", "x")), [Claimer("a"), Claimer("b")])
    assert isinstance(found, Issue) and found.text.startswith("a and b both claim this file.")


def test_mapping_of_the_user_wins(tmp_path: Path) -> None:
    file, mapped = LogFile.look(written(tmp_path / "ab", "x")), Claimer("b")
    assert match(file, [mapped, Claimer("a")], mapped=1) is mapped


def test_no_claim_is_an_issue_with_a_way_out(tmp_path: Path) -> None:
    found = match(LogFile.look(written(tmp_path / "x.csv", "x")), [Claimer("a")])
    assert isinstance(found, Issue) and found.rejected and "Add a mapping" in found.text


def test_prose_is_no_rejected_log(tmp_path: Path) -> None:
    found = match(LogFile.look(written(tmp_path / "note.md", "words")), [Claimer("a")])
    assert isinstance(found, Issue) and not found.rejected


def test_failing_collector_is_an_issue_without_text_of_the_log(tmp_path: Path) -> None:
    class Failing(Claimer):
        def claims(self, file: LogFile) -> bool:
            raise KeyError(file.head)

    found = match(LogFile.look(written(tmp_path / "x", "secret")), [Failing("a")])
    assert isinstance(found, Issue) and found.text == "the collector a failed on it (KeyError). Update it."


def test_files_come_in_one_order_without_hidden_and_temporary_ones(tmp_path: Path) -> None:
    for name in (
        "b/2.csv",
        "b/1.csv",
        "a.json",
        ".git/x.json",
        "c.json~",
        "d.swp",
        ".hidden.json",
        "e 2.jsonl",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        written(tmp_path / name, "x")
    assert told(find_files([tmp_path]), tmp_path) == ["a.json", "b/1.csv", "b/2.csv", "e 2.jsonl"]


def test_file_named_twice_is_found_once(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", "x")
    assert list(find_files([path, tmp_path, tmp_path])) == [path]


def test_missing_folder_is_told_but_nothing_is_lost(tmp_path: Path) -> None:
    (found,) = find_files([tmp_path / "gone"])
    assert isinstance(found, Issue) and not found.rejected and "does not exist" in found.text


def test_pipes_and_sockets_are_named_and_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket.jsonl")
        assert told(find_files([tmp_path]), tmp_path) == ["! pipe.jsonl", "! socket.jsonl"]


def test_looking_at_a_pipe_fails_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        LogFile.look(tmp_path / "pipe")


def test_link_out_of_the_logs_is_an_issue(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "out.json").symlink_to(written(tmp_path / "secret.json", "x"))
    (logs / "up").symlink_to(tmp_path)
    assert told(find_files([logs]), logs) == ["! out.json", "! up"]


def test_loops_and_broken_links_are_issues(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to(tmp_path / "gone")
    assert told(find_files([tmp_path]), tmp_path) == ["! a", "! b", "! c"]


def test_links_within_the_logs_add_nothing(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    written(tmp_path / "sub" / "a.json", "x")
    (tmp_path / "again").symlink_to(tmp_path)
    (tmp_path / "z.json").symlink_to(tmp_path / "sub" / "a.json")
    assert told(find_files([tmp_path]), tmp_path) == ["sub/a.json"]


def test_logs_folder_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    written(tmp_path / "real" / "a.json", "x")
    (tmp_path / "logs").symlink_to(tmp_path / "real")
    assert told(find_files([tmp_path / "logs"]), tmp_path) == ["logs/a.json"]


def test_unreadable_folder_is_an_issue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    written(tmp_path / "open.json", "x")
    listdir = os.listdir

    def refuse(path: str) -> list[str]:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    assert told(find_files([tmp_path]), tmp_path) == ["! closed", "open.json"]


def test_place_has_only_the_files_of_its_patterns(tmp_path: Path) -> None:
    for name in ("p/1.jsonl", "p/q/2.jsonl", "p/3.txt", "4.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        written(tmp_path / name, "x")
    assert told(files_of(Place(tmp_path, ("*/*.jsonl",))), tmp_path) == ["p/1.jsonl"]
    assert told(files_of(Place(tmp_path, ("**/*.jsonl",))), tmp_path) == [
        "4.jsonl",
        "p/1.jsonl",
        "p/q/2.jsonl",
    ]
    assert not list(files_of(Place(tmp_path / "gone", ("*",))))


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        *(
            ("*.csv", True),
            ("gateway-?.csv", True),
            ("logs/*.csv", True),
            ("logs/**", True),
            ("/home/me/logs/*.csv", True),
        ),
        *(
            ("/logs/*.csv", False),
            ("*.json", False),
            ("me/*.csv", False),
            ("ateway-1.csv", False),
            ("/home/**/*.csv", True),
        ),
    ],
)
def test_glob_of_a_mapping(pattern: str, fits: bool) -> None:
    assert matches(Path("/home/me/logs/gateway-1.csv"), pattern) is fits
    assert matches(Path("/home/me/logs/gateway-1.csv.gz"), pattern) is fits


def test_folders_deeper_than_the_patterns_reach_are_not_even_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.db", "storage/b.db", "storage/part/1/c.db"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        written(tmp_path / name, "x")
    listed: list[str] = []
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or listdir(path))
    assert told(files_of(Place(tmp_path, ("*.db",))), tmp_path) == ["a.db"]
    assert told(files_of(Place(tmp_path, ("*.db", "*/*.db"))), tmp_path) == ["a.db", "storage/b.db"]
    assert [Path(path).name for path in listed] == [tmp_path.name, tmp_path.name, "storage"]


class Further(Claimer):
    """A second collector of an agent."""

    agent = "claimer"


def test_a_collector_reads_for_its_agent_or_is_one_itself() -> None:
    assert [agent_of(Claimer("amp")), agent_of(Further("claimer-store"))] == ["amp", "claimer"]


@pytest.mark.parametrize(
    ("agents", "read"),
    [
        ("auto", ["claimer", "claimer-store"]),
        ("none", []),
        (("claimer",), ["claimer", "claimer-store"]),
        (("claimer-store",), ["claimer-store"]),
        (("other",), []),
    ],
)
def test_naming_an_agent_names_all_that_read_for_it(agents: Any, read: list[str]) -> None:
    assert [c.name for c in (Claimer(), Further("claimer-store")) if is_wanted(c, agents)] == read
