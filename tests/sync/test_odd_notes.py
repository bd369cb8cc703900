"""Whatever a note holds or is: its section comes in beside all that was there, or it is left and named."""

from __future__ import annotations

import os
import sys
import unicodedata
from pathlib import Path

import pytest

from tests.sync.conftest import World, event
from vaultsync.vault import properties, section

posix = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and modes of POSIX")
NAME = "Daily/2026-01-09.md"
BEGIN, END = "%% vaultsync:begin daily 2026-01-09 sum=3f9c2a1b %%", "%% vaultsync:end daily %%"


@pytest.fixture(autouse=True)
def used(world: World) -> None:
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))


def without_ours(text: str) -> str:
    """A note without all that we wrote into it."""
    text = section.remove(text, "daily").text
    known, _ = properties.read(text)
    return properties.remove(text, [key for key in known if key.startswith("llm_")]).text


def state_of(path: Path) -> tuple[bytes, int, int, int]:
    info = path.lstat()
    return path.read_bytes(), info.st_mtime_ns, info.st_mode, info.st_ino


KEPT = {
    "empty": b"",
    "no last newline": b"# Friday",
    "only spaces": b"  \n\t\n ",
    "CRLF": b"# Friday\r\n\r\ntext\r\n",
    "mixed ends": b"a\r\nb\nc\r\n\n",
    "BOM": b"\xef\xbb\xbf# Friday\n",
    "BOM alone": b"\xef\xbb\xbf",
    "BOM and front matter": b"\xef\xbb\xbf---\r\na: 1\r\n---\r\ntext\r\n",
    "NUL": b"a\0b, and then some more text\n",
    "NFD": unicodedata.normalize("NFD", "é ü 가\n").encode(),
    "NFC": unicodedata.normalize("NFC", "é ü 가\n").encode(),
    "U+2028, U+0085, form feed": "a\u2028b\u0085c\x0cd\n".encode(),
    "escape sequences": b"\x1b[31mred\x1b[0m\x07\x08\n",
    "100,000 lines": b"a line of a long note\n\n" * 50_000,
    "a line of 5 MB": b"x" * 5_000_000 + b"\n",
    "a table of 5 MB in one line": b"| a " * 1_250_000 + b"|\n",
    "a heading twice": "## 💰 Token Usage Today\n\ntext\n\n## 💰 Token Usage Today\n".encode(),
    "front matter with comments": b"---\n# mine\nb: 1\na: [2]  # two\n---\ntext",
    "markers in code": f"```\n{BEGIN}\n{END}\n```\n".encode(),
    "markers in front matter": f"---\na: |\n  {BEGIN}\n  {END}\n---\ntext\n".encode(),
    "markers in an HTML comment": f"<!--\n{BEGIN}\n{END}\n-->\ntext\n".encode(),
    "trailing spaces": b"text  \n\n# A  \n",
}


@pytest.mark.parametrize("name", KEPT)
def test_a_note_gets_its_section_and_not_one_byte_beside_it_changes(world: World, name: str) -> None:
    path = world.write(NAME, KEPT[name])
    path.chmod(0o640)
    world.run("daily")
    once = state_of(path)
    assert once[0].count(b"vaultsync:begin daily 2026-01-09 sum=") == 1 + (b"vaultsync:begin" in KEPT[name])
    assert without_ours(once[0].decode()).encode() == KEPT[name]
    world.run("sync")
    assert state_of(path) == once
    world.run("undo", NAME)
    assert path.read_bytes() == KEPT[name]
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o640


SKIPPED = {
    "UTF-16": ("# Friday\n".encode("utf-16"), 1, "it is not UTF-8"),
    "UTF-16 without a mark": ("# Friday\n".encode("utf-16-le"), None, "it looks like UTF-16"),
    "UTF-16, big end first": ("# Friday\n".encode("utf-16-be"), None, "it looks like UTF-16"),
    "Latin-1": ("# Café\n".encode("latin-1"), 1, "it is not UTF-8 (byte 0xe9)"),
    "lone CR": (b"a\rb\rc\r", 1, "lone carriage return"),
    "a lone CR among others": (b"a\r\nb\rc\n", 2, "lone carriage return"),
    "a git conflict": (b"a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> x\n", 2, "merge conflict"),
    "begin alone": (f"{BEGIN}\nx\n".encode(), 1, "has no end marker after it"),
    "end alone": (f"x\n{END}\n".encode(), 2, "has no begin marker before it"),
    "swapped": (f"{END}\nx\n{BEGIN}\n".encode(), 1, "has no begin marker before it"),
    "twice": (f"{BEGIN}\n{END}\n\n{BEGIN}\n{END}\n".encode(), 4, "stands here a second time"),
    "nested": (f"{BEGIN}\n{BEGIN}\n{END}\n{END}\n".encode(), 2, "stands inside another block"),
    "nested kinds": (
        f"%% vaultsync:begin weekly 2026-W02 %%\n{BEGIN}\n{END}\n%% vaultsync:end weekly %%\n".encode(),
        2,
        "stands inside another block",
    ),
    "two begins, one end": (f"{BEGIN}\nmine\n{BEGIN}\nx\n{END}\n".encode(), 3, "stands inside another block"),
    "one begin, two ends": (f"{BEGIN}\nx\n{END}\nmine\n{END}\n".encode(), 5, "has no begin marker"),
    "the end in a fence": (f"{BEGIN}\n```\n{END}\n```\n".encode(), 1, "has no end marker"),
    "the end in a comment": (f"{BEGIN}\n%%\n{END}\n%%\n".encode(), 3, "inside the comment %%"),
    "garbled by a merge": (f"{BEGIN}{END}\nx\n".encode(), 1, "not a whole marker alone on its line"),
    "half a marker": (f"{BEGIN[:-3]}\nx\n{END}\n".encode(), 1, "not a whole marker alone on its line"),
    "in a quote": (f"> {BEGIN}\n> x\n> {END}\n".encode(), 1, "inside a quote or a list"),
    "an open fence": (b"text\n```\ncode\n", 2, "a code fence is opened here and never closed"),
    "an open comment": (b"text\n\n%%\nmine\n", 3, "a comment %% is opened here and never closed"),
    "an open HTML comment": (b"<!-- mine\n", 1, "opened here and never closed"),
    "a rule on top": (b"---\n\ntext\n", 1, "a front matter is opened here and never closed"),
    "open front matter": (b"---\na: 1\n", 1, "a front matter is opened here and never closed"),
    "edited by hand": (f"{BEGIN}\n\nmine\n\n{END}\n".encode(), 1, "edited by hand"),
}


@pytest.mark.parametrize("name", SKIPPED)
def test_a_note_that_is_not_safe_to_write_is_left_and_named_and_the_rest_is_done(
    world: World, name: str
) -> None:
    data, line, reason = SKIPPED[name]
    path = world.write(NAME, data)
    world.write("Weekly/2026-W02.md", "# Week\n")
    before = state_of(path)
    done = world.run("daily", code=3)
    place = f"{NAME}:{line}: " if line else f"{NAME}: "
    assert any(said.startswith(place) and reason in said for said in done.stderr.splitlines()), done.stderr
    assert state_of(path) == before
    assert "vaultsync:begin weekly" in world.read("Weekly/2026-W02.md")
    assert [p.name for p in path.parent.iterdir()] == [path.name]


# --- what stands in a note's place ----------------------------------------------------------------


def skipped(world: World, *reasons: str) -> None:
    """Run; nothing of a day's note is written, and each reason is named."""
    done = world.run("daily", code=3)
    for reason in reasons:
        assert reason in done.stderr


@posix
@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling link", "loop", "link to a folder"])
@pytest.mark.parametrize("name", [NAME, "LLM Costs.md"])
def test_what_is_no_file_is_left_and_named(world: World, name: str, kind: str) -> None:
    path = world.vault / name
    path.parent.mkdir(exist_ok=True)
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to({"loop": path.name, "dangling link": "nowhere.md", "link to a folder": "."}[kind])
    before = path.lstat()
    skipped(world, name)
    assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode)
    assert not (path.parent / "nowhere.md").exists()


@posix
@pytest.mark.parametrize("is_folder", [True, False])
def test_a_link_out_of_the_vault_is_left_with_its_target(world: World, is_folder: bool) -> None:
    outside = world.root / "outside"
    outside.mkdir()
    (outside / "2026-01-09.md").write_bytes(b"not yours\n")
    if is_folder:
        (world.vault / "Daily").symlink_to(outside)
    else:
        (world.vault / "Daily").mkdir()
        (world.vault / NAME).symlink_to(outside / "2026-01-09.md")
    skipped(world, "it leads out of the vault")
    assert [p.name for p in outside.iterdir()] == ["2026-01-09.md"]
    assert (outside / "2026-01-09.md").read_bytes() == b"not yours\n"


@posix
@pytest.mark.parametrize("is_folder", [True, False])
def test_a_link_within_the_vault_stays_one_and_its_target_is_told(world: World, is_folder: bool) -> None:
    target = world.write("Real/2026-01-09.md", "# Friday\n")
    link = world.vault / ("Daily" if is_folder else NAME)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target.parent if is_folder else "../Real/2026-01-09.md")
    aim = link.readlink()
    world.run("daily")
    assert link.is_symlink() and link.readlink() == aim
    assert "vaultsync:begin daily" in target.read_text()
    assert world.run("daily").output.startswith("Nothing to do")
    world.run("undo", NAME)
    assert link.is_symlink()
    assert target.read_text() == "# Friday\n"


def test_a_note_that_is_in_the_cloud_is_not_made_again(world: World) -> None:
    world.write("Daily/.2026-01-09.md.icloud", b"bplist")
    world.write(".LLM Costs.md.icloud", b"bplist")
    skipped(world, "2026-01-09.md: it is in iCloud", "LLM Costs.md: it is in iCloud")
    assert [p.name for p in (world.vault / "Daily").iterdir()] == [".2026-01-09.md.icloud"]


@posix
def test_a_read_only_note_is_left(world: World) -> None:
    path = world.write(NAME, "# Friday\n")
    path.chmod(0o444)
    before = state_of(path)
    skipped(world, f"{NAME}: it cannot be written: the file is read-only.")
    assert state_of(path) == before


@posix
def test_a_note_with_several_names_is_left(world: World) -> None:
    path = world.write(NAME, "# Friday\n")
    os.link(path, world.vault / "twin.md")
    skipped(world, f"{NAME}: it has several names (hard links)")
    assert path.samefile(world.vault / "twin.md")
    assert path.read_text() == "# Friday\n"


BESIDE = [
    "2026-01-09 (conflicted copy 2026-01-09 101010).md",
    "2026-01-09.sync-conflict-20260109-101010-ABCDEFG.md",
    "2026-01-09 (Case Conflict).md",
    "2026-01-09 2.md",
    "2026-01-09.md~",
    "~2026-01-09.md",
    ".2026-01-09.md.swp",
    ".syncthing.2026-01-09.md.tmp",
    "~syncthing~2026-01-09.md.tmp",
    "2026-01-09.md.icloud",
    ".2026-01-09.md.0a1b2c3d.tmp",
]


def test_copies_and_scratch_files_beside_a_note_are_never_touched(world: World) -> None:
    world.write(NAME, "# Friday\n")
    text = f"---\nllm_budget_usd: 0.01\n---\n# Friday\n{BEGIN}\nold\n"
    others = [world.write(f"Daily/{name}", text) for name in BESIDE]
    before = [state_of(path) for path in others]
    world.run("daily", code=None)
    world.run("sync", code=None)
    assert "vaultsync:begin" in world.read(NAME)
    assert "llm_over_budget: true" not in world.read(NAME)
    world.run("undo", NAME)
    assert [state_of(path) for path in others] == before
    assert sorted(p.name for p in (world.vault / "Daily").iterdir()) == sorted([*BESIDE, "2026-01-09.md"])


# --- names and paths --------------------------------------------------------------------------------


def config(world: World, name: str, folder: str = "Daily") -> None:
    old = "daily: {folder: Daily}"
    new = f"daily: {{folder: '{folder}', format: '[{name}]YYYY-MM-DD'}}"
    world.write("vaultsync.yaml", world.read("vaultsync.yaml").replace(old, new))


@pytest.mark.parametrize("length", [200, 240, 249, 255])
@pytest.mark.parametrize("exists", [True, False])
def test_a_name_of_any_length_that_a_file_may_have(world: World, length: int, exists: bool) -> None:
    prefix = "é" * ((length - 13) // 2) + "x" * ((length - 13) % 2)
    name = f"{prefix}2026-01-09.md"
    assert len(name.encode()) == length
    config(world, prefix)
    (world.vault / "Daily").mkdir()
    if exists:
        world.write(f"Daily/{name}", "# Friday\n")
    world.run("daily")
    assert [p.name for p in (world.vault / "Daily").iterdir()] == [name]
    assert "vaultsync:begin daily" in world.read(f"Daily/{name}")
    world.run("undo", f"Daily/{name}")
    assert [p.read_text() for p in (world.vault / "Daily").iterdir()] == ["# Friday\n"] * exists


def test_a_name_that_is_too_long_is_refused(world: World) -> None:
    config(world, "x" * 243)
    skipped(world, "a part of its path is too long")


@posix
def test_a_path_that_is_too_long_is_refused(world: World) -> None:
    config(world, "x", "/".join(["f" * 200] * 25))
    skipped(world, "File name too long. Make it shorter.")
    assert not (world.vault / ("f" * 200)).exists()


@posix
def test_a_dashboard_out_of_reach_is_left_and_the_rest_is_done(world: World) -> None:
    long = "/".join(["f" * 200] * 25)
    world.write(
        "vaultsync.yaml", world.read("vaultsync.yaml").replace("LLM Costs.md", f"{long}/LLM Costs.md")
    )
    skipped(world, "LLM Costs.md: it cannot be read: File name too long")
    assert "vaultsync:begin daily" in world.read(NAME)


def test_a_deep_folder_is_no_trouble(world: World) -> None:
    config(world, "", "/".join("abcdefghij" * 5))
    world.run("daily")
    assert world.run("daily").output.startswith("Nothing to do")


@pytest.mark.parametrize("name", ["daily/2026-01-09.MD", "DAILY/2026-01-09.md"])
def test_another_letter_case_makes_no_second_note(world: World, name: str) -> None:
    world.write(name, "# Friday\n")
    world.run("daily")
    assert "vaultsync:begin daily" in world.read(name)
    assert len([p for p in world.vault.rglob("*") if p.name.lower() == "2026-01-09.md"]) == 1
