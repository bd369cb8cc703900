"""A ZIP among the logs is read without being unpacked: its files count as if they lay there themselves."""

from __future__ import annotations

import io
import json
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.sync.conftest import CONFIG, World, event
from vaultsync.collectors import zips
from vaultsync.sync import crew

DAY = "u-1,2026-01-07T00:00:00+00:00,2026-01-08T00:00:00+00:00,deepseek-v4-pro"
AMOUNTS = "user_id,start_time_iso,end_time_iso,model,api_key_name,api_key,type,price,amount\r\n"
AMOUNTS += f"{DAY},notes,sk-****,input_cache_miss_tokens,0.00000066,100000\r\n"
AMOUNTS += f"{DAY},notes,sk-****,output_tokens,0.00000198,50000\r\n"
COSTS = "user_id,start_time_iso,end_time_iso,model,wallet_type,cost,currency\r\n"
COSTS += f"{DAY},topped_up,0.165,USD\r\n"


def lines(*events: dict[str, object]) -> str:
    return "".join(json.dumps(each) + "\n" for each in events)


def zipped(files: dict[str, str | bytes]) -> bytes:
    """A ZIP as bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def export(world: World, name: str = "export.zip", **files: str | bytes) -> Path:
    """Write a ZIP into the logs; files are `amounts`, `costs`, or calls under a name of their own."""
    names = {"amounts": "amount-2026-1.csv", "costs": "cost-2026-1.csv"}
    inner = {names.get(key, f"{key}.jsonl"): "\ufeff" + data if key in names else data  # type: ignore[operator]
             for key, data in files.items()}  # fmt: skip
    return world.write(f"logs/{name}", zipped(inner))


def totals(world: World) -> dict[str, object]:
    """Totals of all time."""
    whole = world.run("report", "--since", "2020-01-01", "--until", "2026-12-31", "--json").output
    return dict(json.loads(whole)["totals"])


def counted(world: World) -> tuple[object, object]:
    found = totals(world)
    return found["events"], found["input_tokens"]


MORNING, EVENING = event("2026-01-09T08:00:00Z", 700), event("2026-01-09T18:00:00Z", 80)


def test_the_export_of_deepseek_is_read_as_it_was_downloaded(world: World) -> None:
    export(world, amounts=AMOUNTS, costs=COSTS)
    done = world.run("collect")
    assert "deepseek-amounts" in done.stdout and "deepseek-costs" in done.stdout and not done.stderr
    assert counted(world) == (1, 100_000)


def test_an_unchanged_zip_is_counted_and_not_opened(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    export(world, amounts=AMOUNTS, one=lines(MORNING), two=lines(EVENING))
    first = world.run("collect", "-v").stdout
    monkeypatch.delattr(zips, "members")
    second = world.run("collect", "-v")
    assert not second.stderr and counted(world) == (3, 100_780)
    for name, files in (("flat-events", 2), ("deepseek-amounts", 1)):
        for said in (first, second.stdout):
            (line,) = [line for line in said.splitlines() if line.startswith(name)]
            assert line.split()[1] == str(files)


def test_a_zip_that_changed_is_read_again(world: World) -> None:
    export(world, one=lines(MORNING))
    world.run("collect")
    export(world, one=lines(MORNING), two=lines(EVENING))
    world.run("collect")
    assert counted(world) == (2, 780)


def test_a_document_in_a_zip_replaces_what_it_said_before(world: World) -> None:
    export(world, amounts=AMOUNTS)
    world.run("collect")
    export(world, amounts=AMOUNTS.replace(",100000", ",90000"))
    world.run("collect")
    assert counted(world) == (1, 90_000)


@pytest.mark.parametrize("how", ["renamed", "copied", "unpacked", "packed again"])
def test_what_a_zip_holds_counts_once_wherever_it_stands(world: World, how: str) -> None:
    path = export(world, amounts=AMOUNTS, one=lines(MORNING, MORNING), two=lines(EVENING))
    world.run("collect")
    before = counted(world)
    if how == "renamed":
        path.rename(path.with_name("other.zip"))
    elif how == "copied":
        path.with_name("other.zip").write_bytes(path.read_bytes())
    elif how == "unpacked":
        with zipfile.ZipFile(path) as archive:
            archive.extractall(path.parent / "unpacked")
    else:
        export(world, "other.zip", three=lines(EVENING, MORNING, MORNING))
    for _ in range(2):
        world.run("collect")
    assert counted(world) == before == (4, 101_480)


def test_files_with_one_beginning_are_kept_apart(world: World) -> None:
    """A file that comes later into the same ZIP is not taken for one that begins as it does."""
    head = AMOUNTS.splitlines(keepends=True)[0]
    path = export(world, amounts=head)
    world.run("collect")
    with zipfile.ZipFile(path, "a") as archive:  # in its place on the disk
        archive.writestr("amount-2026-0.csv", AMOUNTS)
    world.run("collect")
    path.unlink()
    path = export(world, amounts=AMOUNTS.replace("-07T", "-05T").replace("-08T", "-06T"))
    world.run("collect")
    assert counted(world) == (2, 200_000)


def test_files_of_one_name_in_two_zips_are_kept_apart(world: World) -> None:
    export(world, "a.zip", amounts=AMOUNTS)
    world.run("collect")
    export(world, "b.zip", amounts=AMOUNTS.replace("-07T", "-05T").replace("-08T", "-06T"))
    world.run("collect")
    export(world, "a.zip", amounts=AMOUNTS.replace(",100000", ",90000"))
    world.run("collect")
    assert counted(world) == (2, 190_000)


def test_a_zip_that_was_moved_and_revised_replaces_what_it_said(world: World) -> None:
    export(world, "a.zip", amounts=AMOUNTS).unlink()
    export(world, "a.zip", amounts=AMOUNTS)
    world.run("collect")
    (world.vault / "logs/a.zip").unlink()
    export(world, "b.zip", amounts=AMOUNTS.replace(",notes,", ",letters,"))
    world.run("collect")
    assert counted(world) == (1, 100_000)


# --- what is left alone, what is named ---


def test_files_that_nobody_knows_are_left_alone_without_a_word(world: World) -> None:
    world.write(
        "logs/a.zip", zipped({"readme.txt": "hello", "film.mp4": b"\0" * 999, "c.jsonl": lines(MORNING)})
    )
    done = world.run("collect")
    assert not done.stderr and counted(world) == (1, 700)


def test_a_zip_of_which_nobody_knows_anything_is_named_each_time(world: World) -> None:
    world.write("logs/a.zip", zipped({"readme.txt": "hello"}))
    for _ in range(2):
        assert "a.zip: no collector knows a file in it. Add a mapping" in world.run("collect").stderr


def test_a_new_mapping_finds_its_file_in_a_zip_that_was_read(world: World) -> None:
    strange = "wann;wieviel;antwort\n2026-01-07T09:00:00Z;40;4\n"
    world.write("logs/a.zip", zipped({"calls.jsonl": lines(MORNING), "gateway-1.csv": strange}))
    world.run("collect")
    assert counted(world) == (1, 700)
    columns = "{when: wann, input: wieviel, output: antwort}"
    mapping = f"mappings: [{{name: gateway, files: gateway-*.csv, columns: {columns}}}]\n"
    world.write("vaultsync.yaml", CONFIG + mapping)
    world.run("collect")
    assert counted(world) == (2, 740)


def test_lines_that_do_not_count_are_named_by_zip_file_and_line(world: World) -> None:
    export(world, one=lines(MORNING) + '{"timestamp": \n')
    done = world.run("collect")
    assert "logs/export.zip/one.jsonl:2: " in done.stderr and counted(world) == (1, 700)
    assert "export.zip/one.jsonl" in world.run("doctor").stdout


def test_refused_files_are_named_and_the_others_count(world: World) -> None:
    files: dict[str, str | bytes] = {"a.jsonl": lines(MORNING), "b.jsonl.gz": b"x", "c.zip": b"y"}
    world.write("logs/a.zip", zipped(files))
    done = world.run("collect")
    assert "a.zip/b.jsonl.gz: it is packed once more" in done.stderr and "a.zip/c.zip: " in done.stderr
    assert counted(world) == (1, 700)
    assert "a.zip" in world.run("doctor").stdout
    assert not world.run("collect").stderr, "named once, when it is read"


def test_a_database_in_a_zip_is_refused(world: World) -> None:
    base = world.root / "logs.db"
    with closing(sqlite3.connect(base)) as db:
        db.execute("CREATE TABLE responses (id TEXT, model TEXT, resolved_model TEXT, input_tokens INTEGER)")
        db.commit()
    world.write("logs/a.zip", zipped({"io.datasette.llm/logs.db": base.read_bytes()}))
    assert "logs.db: a database inside a ZIP is not read. Unpack it." in world.run("collect").stderr


def test_a_damaged_document_counts_once_it_is_whole(world: World) -> None:
    path = export(world, amounts=AMOUNTS, one=lines(MORNING))
    good, bad = path.read_bytes(), bytearray(path.read_bytes())
    bad[120] ^= 0xFF
    world.write("logs/export.zip", bytes(bad))
    assert "amount-2026-1.csv: the ZIP data is damaged" in world.run("collect").stderr
    assert counted(world) == (1, 700)
    world.write("logs/export.zip", good)
    assert not world.run("collect").stderr and counted(world) == (2, 100_700)


def test_a_zip_that_still_arrives_is_not_spoken_of(world: World) -> None:
    data = zipped({"a.jsonl": lines(MORNING)})
    world.write("logs/a.zip", data[:-20], age=5)
    assert not world.run("collect").stderr
    world.write("logs/a.zip", data, age=5)
    world.run("collect")
    assert counted(world) == (1, 700)


def test_a_hostile_name_is_shown_as_text(world: World) -> None:
    world.write("logs/a.zip", zipped({"../../\x1b[31m.jsonl": "{\n", "b.jsonl": lines(MORNING)}))
    world.write("logs/b.zip", zipped({"../../../\x1b[31m.zip": ""}))
    said = world.run("collect").stderr
    assert "\x1b" not in said and "b.zip/%2e%2e/%2e%2e/%2e%2e/\\x1b[31m.zip: it is packed once" in said


def test_several_processes_find_what_one_finds(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        day = f"2026-01-0{number + 1}T08:00:00Z"
        inner: dict[str, str | bytes] = {
            "a.jsonl": lines(event(day)),
            "b.jsonl": lines(event(day), event(day, 5)),
            "c.zip": b"",
        }
        world.write(f"logs/{number}.zip", zipped(inner))
    alone = world.run("collect", "-v"), counted(world)
    (world.root / "state" / "ledger.db").unlink()
    monkeypatch.setattr(crew, "MUCH", 1)
    monkeypatch.setattr(crew, "SHARE", 4000)
    monkeypatch.setattr(crew, "_cores", lambda: 2)
    many = world.run("collect", "-v"), counted(world)
    assert (many[0].stdout, many[0].stderr, many[1]) == (alone[0].stdout, alone[0].stderr, alone[1])
    assert many[1] == (8, 4 * 1005)
