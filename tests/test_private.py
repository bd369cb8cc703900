"""What is ours alone is closed to others, whatever the umask, and open to ourselves."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from vaultsync import cache
from vaultsync.private import open_private, private_folder
from vaultsync.vault.files import write_private

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="rights of files are of POSIX")


@pytest.fixture(params=[0o000, 0o022, 0o777], autouse=True)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_folder_and_those_above_it_are_the_users_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    private_folder(folder)
    assert (mode(folder), mode(folder.parent)) == (0o700, 0o700)


def test_a_folder_that_is_there_keeps_its_rights(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    private_folder(tmp_path)
    assert mode(tmp_path) == 0o755


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.touch()
    with pytest.raises(FileExistsError):
        private_folder(place)


def test_a_file_is_the_users_alone_even_if_it_was_not(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    path.chmod(0o644)
    os.close(open_private(path, os.O_WRONLY))
    os.close(open_private(tmp_path / "new", os.O_WRONLY))
    assert (mode(path), mode(tmp_path / "new")) == (0o600, 0o600)


def test_so_are_kept_files_and_backups_of_notes(tmp_path: Path) -> None:
    cache.keep(tmp_path / "state" / "prices", b"made again")
    write_private(tmp_path / "backups" / "note.md", b"text", sync=False)
    assert [mode(each) for each in sorted(tmp_path.rglob("*"))] == [0o700, 0o600, 0o700, 0o600]
