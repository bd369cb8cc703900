"""Every kind of bad line: what counts, what is rejected by its number, what is only told; the rest counts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.sync.conftest import World, event

FIRST, LAST = event("2026-01-09T07:00:00Z", 1), event("2026-01-09T09:00:00Z", 2)
ODD = event("2026-01-09T08:00:00Z", 1000)
WHOLE = json.dumps(ODD)
DEEP = 100_000


def figures(world: World, by: str = "none") -> list[dict[str, Any]]:
    """The rows of a report on everything."""
    said = world.run("report", "--since", "2020-01-01", "--until", "2026-12-31", "--by", by, "--json").output
    return list(json.loads(said)["rows"])


def counted(world: World) -> tuple[int, int]:
    """Events and input tokens of everything."""
    return next(((row["events"], row["input_tokens"]) for row in figures(world)), (0, 0))


def told(world: World, name: str) -> list[int]:
    """Lines of a log that the run tells of, in order; 0 is the file."""
    done = world.run("collect", "-v")
    assert "Traceback" not in done.stderr and all(line.isprintable() for line in done.stderr.splitlines())
    return [int(line or 0) for line in re.findall(rf"{re.escape(name)}:(?:(\d+):)? ", done.stderr)]


def is_strictly_fine(world: World) -> bool:
    """True when no line of what is read anew was rejected."""
    return world.run("collect", "--strict", code=None).exit_code == 0


def between(line: str | bytes) -> bytes:
    """A log with a line between two good ones."""
    data = line if isinstance(line, bytes) else line.encode("utf-8", "surrogatepass")
    return json.dumps(FIRST).encode() + b"\n" + data + b"\n" + json.dumps(LAST).encode() + b"\n"


def with_input(value: str) -> str:
    """A line whose input count is written so."""
    return WHOLE.replace('"input_tokens": 1000', f'"input_tokens": {value}')


INPUTS = (
    *("-5", "-0.5", "1.5", "true", "false", "null", "NaN", "Infinity", "-Infinity", "1e400", "1e9999999"),
    *('"1,500"', '"1_000"', '"0x10"', '"１５"', '"-5"', '"1.5"', '"NaN"', '"a"', '""', '"null"', "[5]", "{}"),
    *("1e13", "1000000000001", "9" * 5000, f'"{"9" * 5000}"', "0" * 5000, "0x10", "1_000", "'5'", "[]"),
)
TIMES = (
    *("0000-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z"),
    *("2026-02-30T08:00:00Z", "2026-01-09T25:00:00Z", "2026-01-09T08:00:00+99:99", "٢٠٢٦-01-09T08:00:00Z"),
    *("soon", ""),
)
REJECTED = {
    "cut": WHOLE[:60],
    "end of one": WHOLE[60:],
    "spliced": WHOLE[:60] + WHOLE[20:],
    "garbage": "lorem ipsum \x07",
    "merge": "<<<<<<< HEAD",
    "scalar": "5",
    "text": '"x"',
    "array": "[1, 2]",
    "empty object": "{}",
    "single quotes": WHOLE.replace('"', "'"),
    "trailing comma": WHOLE[:-1] + ",}",
    "deep lists": "[" * DEEP,
    "deep objects": '{"a":' * DEEP,
    "deep inside": WHOLE[:-1] + ', "x": ' + "[" * DEEP + "]" * DEEP + "}",
    "UTF-16": WHOLE.encode("utf-16-le"),
    "double key": WHOLE[:-1] + ', "input_tokens": 999}',
    "double key, escaped": WHOLE[:-1] + ', "input_\\u0074okens": 999}',
    "double object of counts": json.dumps({**ODD, "usage": {"input": 5}})[:-1] + ', "usage": {"input": 5}}',
    "missing": json.dumps({name: value for name, value in ODD.items() if name != "input_tokens"}),
    "no time": json.dumps({name: value for name, value in ODD.items() if name != "timestamp"}),
    **{f"input {value}"[:30]: with_input(value) for value in INPUTS},
    **{f"time {when}": WHOLE.replace("2026-01-09T08:00:00Z", when) for when in TIMES},
}


def test_bad_lines_are_rejected_and_their_neighbours_count(world: World) -> None:
    good = [json.dumps(event("2026-01-09T07:00:00Z", 10 + n)).encode() for n in range(len(REJECTED) + 1)]
    lines = [good[0]]
    for line, after in zip(REJECTED.values(), good[1:], strict=True):
        lines += [line if isinstance(line, bytes) else line.encode(), after]
    world.write("logs/a.jsonl", b"\n".join(lines) + b"\n")
    rejected = told(world, "a.jsonl")
    assert [name for n, name in enumerate(REJECTED) if rejected.count(2 * n + 2) != 1] == []
    assert not [line for line in rejected if line % 2] and counted(world)[0] == len(good)


COUNTS = {
    "two records": (WHOLE + " " + WHOLE, 4, [2]),
    "NUL before it": ("\0" * 40 + WHOLE, 3, [2]),
    "with a point": (with_input("1000.0"), 3, []),
    "with an exponent": (with_input("1e3"), 3, []),
    "as text": (with_input('"1000"'), 3, []),
    "blank": ("  \t", 2, []),
    "CRLF": (WHOLE + "\r", 3, []),
    "not UTF-8": (WHOLE[:-1].encode() + b', "project": "caf\xe9"}', 3, []),
    "lone surrogate": (WHOLE[:-1] + ', "project": "a\\ud800b"}', 3, []),
    "U+0000": (WHOLE[:-1] + ', "project": "a\\u0000b"}', 3, []),
    "line separators": (WHOLE[:-1] + ', "note": "a\u2028b\u0085c\x0cd\x1ce"}', 3, []),
    "control characters": (WHOLE[:-1] + ', "note": "a\x07\tb"}', 3, []),
    "other total": (WHOLE[:-1] + ', "total_tokens": 7}', 3, [2]),
    "bad total": (WHOLE[:-1] + ', "total_tokens": -7}', 3, [2]),
    "bad cost": (WHOLE[:-1] + ', "cost_usd": "much"}', 3, [2]),
    "double key of no count": (WHOLE[:-1] + ', "note": 1, "note": 2}', 3, []),
    "leap second": (WHOLE.replace("08:00:00", "08:59:60"), 3, []),
    "future": (WHOLE.replace("2026-01-09T08", "2026-02-09T08"), 3, [2]),
    "long text": (WHOLE[:-1] + f', "prompt": "{"x" * 3_000_000}"}}', 3, []),
    "many keys": (WHOLE[:-1] + "".join(f', "k{n}": {n}' for n in range(50_000)) + "}", 3, []),
    "many double keys": (WHOLE[:-1] + "".join(f', "k{n % 2500}": {n}' for n in range(50_000)) + "}", 3, []),
    "numbers of 5,000 digits elsewhere": (WHOLE[:-1] + f', "note": {"9" * 4000}}}', 3, []),
}


@pytest.mark.parametrize("name", COUNTS)
def test_an_odd_line_counts_and_is_told_where_it_matters(world: World, name: str) -> None:
    line, events, lines = COUNTS[name]
    world.write("logs/a.jsonl", between(line))
    assert told(world, "a.jsonl") == lines
    found, tokens = counted(world)
    assert (found, tokens) == (events, 3 + 1000 * (events - 2))
    assert is_strictly_fine(world)


@pytest.mark.parametrize(
    ("value", "shown"), [("caf\xe9", "caf\ufffd"), ("a\\ud800b", "a\ufffdb"), ("a\\u0000b", "a\ufffdb")]
)
def test_what_is_no_text_in_a_name_is_shown_as_a_replacement(world: World, value: str, shown: str) -> None:
    line = WHOLE[:-1].encode() + b', "project": "' + value.encode("latin-1") + b'"}'
    world.write("logs/a.jsonl", between(line))
    world.run("collect")
    assert {row["project"] for row in figures(world, "project")} == {None, shown}


def test_a_name_is_shown_as_it_is_written(world: World) -> None:
    names = ["-", "0", "00123", "1e5", "NA", "None", "nan", "null", "true"]
    world.log("a.jsonl", FIRST, *(ODD | {"model_name": name, "project": name} for name in names))
    world.run("collect")
    assert [row["model"] for row in figures(world, "model")] == sorted(["claude-opus-4-5", *names])
    assert {row["project"] for row in figures(world, "project")} == {None, *names}


def test_without_names_no_row_is_lost(world: World) -> None:
    nameless = [ODD | {"model_name": name} for name in ("", " ", None, [], {})] + [dict(ODD)]
    del nameless[-1]["model_name"]
    world.log("a.jsonl", FIRST, *nameless)
    assert told(world, "a.jsonl") == []
    for by in ("model", "project", "branch", "action", "session", "machine", "model,project,action"):
        assert sum(row["events"] for row in figures(world, by)) == 1 + len(nameless)
    assert {row["model"] for row in figures(world, "model")} == {"claude-opus-4-5", "unknown"}
    assert "(none)" in world.run("report", "--since", "2020-01-01", "--by", "project").output


def test_a_byte_order_mark_blank_lines_and_carriage_returns_have_no_effect(world: World) -> None:
    world.write("logs/a.jsonl", b"\xef\xbb\xbf" + between(WHOLE).replace(b"\n", b"\r\n\r\n \r\n"))
    assert told(world, "a.jsonl") == []
    assert counted(world) == (3, 1003)


@pytest.mark.parametrize(
    ("last", "events"), [(WHOLE, 2), (WHOLE[:-1], 1), (WHOLE[:-3], 1), (WHOLE + "\0", 2)]
)
def test_a_last_line_without_line_feed_counts_if_it_is_whole(world: World, last: str, events: int) -> None:
    world.write("logs/a.jsonl", json.dumps(FIRST) + "\n" + last)
    assert [line for line in told(world, "a.jsonl") if last[-1] != "\0"] == []
    assert counted(world)[0] == events


HEAD = "timestamp,model_provider,model_name,input_tokens,output_tokens,note"
ROW = "2026-01-09T0{}:00:00Z,openai,gpt-5,{},100,x"
CELLS = {
    "too few": ROW.format(8, 1000).rpartition(",")[0],
    "too many": ROW.format(8, 1000) + ",y",
    "unclosed quote": ROW.format(8, 1000)[:-1] + '"x',
    "quote within": ROW.format(8, 1000)[:-1] + '"x"y',
    "header again": HEAD,
    "semicolons": ROW.format(8, 1000).replace(",", ";"),
    "thousands": ROW.format(8, '"1,500"'),
    "negative": ROW.format(8, "-5"),
    "formula": ROW.format(8, "=1+1"),
    "empty count": ROW.format(8, ""),
    "NUL in it": ROW.format(8, "1\0"),
    "5,000 digits": ROW.format(8, "9" * 5000),
    "100,000 quotes": '"' * DEEP,
    "100,000 commas": "," * DEEP,
}


def test_bad_rows_of_a_table_are_rejected_and_their_neighbours_count(world: World) -> None:
    rows = [HEAD, ROW.format(7, 1)]
    for n, row in enumerate(CELLS.values()):
        rows += [row, ROW.format(9, 10 + n)]
    world.write("logs/a.csv", "\n".join(rows) + "\n")
    rejected = told(world, "a.csv")
    assert [name for n, name in enumerate(CELLS) if rejected.count(2 * n + 3) != 1] == []
    assert len(rejected) == len(CELLS) and counted(world)[0] == len(CELLS) + 1


@pytest.mark.parametrize("text", [ROW.format(8, 5) + "\n" + ROW.format(9, 5) + "\n", "a;b\n1;2\n", HEAD])
def test_a_table_without_a_usable_header_is_rejected_as_a_file(world: World, text: str) -> None:
    world.write("logs/a.csv", text)
    assert (told(world, "a.csv"), counted(world)) == ([] if text == HEAD else [0], (0, 0))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_rejected_as_a_file(world: World, encoding: str) -> None:
    names = ["a.csv", "a.json", "a.jsonl", "a.md"]
    for name in names:
        world.write(f"logs/{name}", (HEAD + "\n" + WHOLE + "\n").encode(encoding))
    done = world.run("collect")
    assert re.findall(r"(a\.\w+): the file is UTF-16", done.stderr) == names and counted(world) == (0, 0)


RUN = '{"timestamp": "2026-01-09T08:00:00Z", "model": "gpt-5", "tokens": {"input": 5, "output": 5}}'
TWICE = {
    "runs": f'{{"date": "2026-01-09", "runs": [{RUN}], "runs": [{RUN}, {RUN}]}}',
    "totals": f'{{"date": "2026-01-09", "runs": [{RUN}], "totals": {{}}, "totals": {{}}}}',
    "a count": '{"date": "2026-01-09", "runs": [' + RUN.replace('"output"', '"input": 6, "output"') + "]}",
    "the list": f'{{"events": [{WHOLE}], "events": [{WHOLE}, {WHOLE}]}}',
}


@pytest.mark.parametrize("name", TWICE)
def test_what_stands_twice_in_a_document_is_rejected(world: World, name: str) -> None:
    world.write("logs/a.json", TWICE[name])
    assert (told(world, "a.json"), counted(world)) == ([1], (0, 0))


DOCUMENTS = {
    "array": "[" * DEEP,
    "object": '{"a":' * DEEP,
    "array of events": f"[{WHOLE}, " + "[" * DEEP + "]" * DEEP + "]",
    "day": '{"date": "2026-01-09", "runs": ' + "[" * DEEP + "]" * DEEP + "}",
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_that_nests_too_deep_is_rejected(world: World, name: str) -> None:
    world.write("logs/a.json", DOCUMENTS[name])
    assert told(world, "a.json") in ([0], [1]) and counted(world)[0] <= 1


PROSE = {
    "quotes": "> " * DEEP,
    "lists": "\n".join("  " * n + "- a" for n in range(1500)),
    "brackets": "[" * DEEP,
    "stars": "**" * DEEP,
    "front matter of lists": "---\na: " + "[" * DEEP + "\n---\n",
    "front matter of maps": "---\n" + "\n".join(" " * n + "a:" for n in range(1500)) + "\n---\n",
}


@pytest.mark.parametrize("name", PROSE)
def test_a_note_that_nests_deep_counts_what_it_tells(world: World, name: str) -> None:
    head, _, body = PROSE[name].rpartition("---\n")
    said = "# Session 1\n\n- Date: 2026-01-09\n- Model: gpt-5\n- Input tokens: 1000\n- Output tokens: 100\n"
    world.write("logs/a.md", f"{head}{'---' if head else ''}\n{said}\n## More\n\n{body}\n")
    world.run("collect")
    assert counted(world) == (1, 1000)


def test_declared_totals_are_only_compared_with_the_runs(world: World) -> None:
    run = {"timestamp": "2026-01-09T08:00:00Z", "model": "gpt-5", "tokens": {"input": 1000, "output": 100}}
    day = {
        "date": "2026-01-09",
        "runs": [run],
        "totals": {"runs": 1, "input_tokens": 900, "output_tokens": 100},
    }
    world.write("logs/a.json", json.dumps(day))
    assert told(world, "a.json") == [1]
    assert counted(world) == (1, 1000) and is_strictly_fine(world)


def test_no_word_beside_the_counts_is_kept_or_told(world: World) -> None:
    secret = "plainly-secret-words"
    bad = [with_input(f'"{secret}"'), WHOLE[:-1] + f', "prompt": "{secret}"', secret, f'{{"{secret}": 1}}']
    good = json.dumps(ODD | {"prompt": secret, "messages": [{"role": "user", "content": secret}]})
    world.write("logs/a.jsonl", between("\n".join([*bad, good])))
    done = world.run("daily")
    kept = [path.read_bytes() for path in (world.root / "state").rglob("*") if path.is_file()]
    assert len(re.findall(r"a\.jsonl:\d+:", done.stderr)) == 4 and counted(world)[0] == 3
    assert not any(secret.encode() in data for data in (*kept, *world.notes().values(), done.output.encode()))
