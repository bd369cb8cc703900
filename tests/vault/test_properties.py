"""Properties are read with the app's types, and a key is written without touching a byte beside it."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from vaultsync.vault import properties
from vaultsync.vault.properties import mentions, read, remove


def block(inside: str, rest: str = "text\n") -> str:
    return f"---\n{inside}---\n{rest}"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"),
        ("NO", "NO"),
        ("true", True),
        ("2026-01-07", "2026-01-07"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("1e3", Decimal(1000)),
        ("12.50", Decimal("12.50")),
        ("0.1", Decimal("0.1")),
        ("0o17", 15),
        ("007", 7),
        ("-3", -3),
        ("", None),
        ("~", None),
        ("$5", "$5"),
        ("1,5", "1,5"),
        ("'5'", "5"),
        ("[a, 'b c']", ["a", "b c"]),
        ("{claude: 5}", {"claude": 5}),
        (".inf", ".inf"),
        ("1e999999", "1e999999"),
        ("[[Note]]", [["Note"]]),
    ],
)
def test_values_have_the_types_of_the_app(written: str, value: object) -> None:
    assert read(block(f"a: {written}\n")) == ({"a": value}, None)


def test_an_unquoted_template_variable_does_not_cost_the_other_properties() -> None:
    found, problem = read(block("date: {{date}}\nllm_budget_usd: 5\n"))
    assert problem is None
    assert found["llm_budget_usd"] == 5


@pytest.mark.parametrize(
    "text", ["", "text", "\ufefftext\n", "---\nA rule above.\n", "---\n---\n", " ---\na: 1\n---\n"]
)
def test_a_note_without_properties(text: str) -> None:
    assert read(text) == ({}, None)


@pytest.mark.parametrize("text", ["\ufeff---\na: 1\n---\n", "---\r\na: 1\r\n---\r\n", "---\na: 1\n---"])
def test_front_matter_in_every_dress(text: str) -> None:
    assert read(text) == ({"a": 1}, None)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\na: 1\n", "never closed"),
        (block("a: 1\na: 2\n"), "'a' stands twice"),
        (block("a: [\n"), "not valid YAML in line"),
        (block("a: 1\n\tb: 2\n"), "not valid YAML"),
        (block("- a\n"), "not a list of properties"),
        (block("a: !!python/name:os.system x\n"), "not valid YAML"),
        (block("a: " + "[" * 100_000 + "\n"), "too deeply nested"),
        (block("- " * 50_000 + "\n"), "too deeply nested"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, problem: str) -> None:
    found, said = read(text)
    assert found == {}
    assert problem in (said or "")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("text\n", "---\ncost: 6.41\nover: true\n---\ntext\n"),
        ("", "---\ncost: 6.41\nover: true\n---\n"),
        ("\ufefftext\r\n", "\ufeff---\r\ncost: 6.41\r\nover: true\r\n---\r\ntext\r\n"),
        (block("# mine\ntags: [b, a]\n"), block("# mine\ntags: [b, a]\ncost: 6.41\nover: true\n")),
        ("---\n---", "---\ncost: 6.41\nover: true\n---"),
        (block("cost: 1 # so far\nz: 1\n"), block("cost: 6.41 # so far\nz: 1\nover: true\n")),
        (block("cost:   '1'\nover:\n"), block("cost:   6.41\nover: true\n")),
        (block("cost: 6.410\nover: true\n"), block("cost: 6.410\nover: true\n")),
        (block('"cost": 1\nover: 1\n'), block('"cost": 6.41\nover: true\n')),
        (block("cost:\n  - 1\n  - 2\nover: false\n"), block("cost: 6.41\nover: true\n")),
        (block("cost:\n- 1\nover: false\n"), block("cost: 6.41\nover: true\n")),
        (block("a: |\n  cost: 1\ncost: 2\n"), block("a: |\n  cost: 1\ncost: 6.41\nover: true\n")),
        ("---\r\ncost: 1\r\n---\r\n", "---\r\ncost: 6.41\r\nover: true\r\n---\r\n"),
        (block("a: 007\nb: 12.50\nc: no\n"), block("a: 007\nb: 12.50\nc: no\ncost: 6.41\nover: true\n")),
        (block("a: |\n  text\n\n"), block("a: |\n  text\n\ncost: 6.41\nover: true\n")),
    ],
)
def test_single_keys_are_set(before: str, after: str) -> None:
    done = properties.set(before, {"cost": Decimal("6.41"), "over": True})
    assert done == properties.Edited(after)


@pytest.mark.parametrize(
    "text",
    [
        "---\ntitle: open\ntext\n",
        block('{"a": 1}\n'),
        block("a: [\n"),
        block("a: 1\na: 2\n"),
        block("- list\n"),
        block("a: 1\n...\n"),
    ],
)
def test_a_block_that_is_not_safe_to_edit_is_left_alone(text: str) -> None:
    done = properties.set(text, {"cost": 1})
    assert done.text == text
    assert done.problem


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("daily", "daily"),
        ("yes", '"yes"'),
        ("2026-01-07", '"2026-01-07"'),
        ("12:30", '"12:30"'),
        ("", '""'),
        ('a "b" \\', '"a \\"b\\" \\\\"'),
        ("a: b # c", '"a: b # c"'),
        ("line\nbreak", '"line\\U0000000abreak"'),
        (7, "7"),
        (False, "false"),
        (Decimal("1E+3"), "1000"),
        (Decimal("0.00001"), "0.00001"),
    ],
)
def test_values_are_written_so_that_they_come_back(value: properties.Value, written: str) -> None:
    done = properties.set("", {"a": value})
    assert done.text == f"---\na: {written}\n---\n"
    assert read(done.text) == ({"a": value}, None)


def test_text_keeps_the_quotes_it_had() -> None:
    assert properties.set(block("a: 'x'\n"), {"a": "it's"}).text == block("a: 'it''s'\n")


def test_a_number_is_no_checkbox() -> None:
    assert properties.set(block("a: 1\n"), {"a": True}).text == block("a: true\n")


def test_keys_are_removed_with_their_lines() -> None:
    assert remove(block("a: 1\nb: 2 # two\nc:\n  - 1\n"), ["b", "c", "d"]).text == block("a: 1\n")


def test_a_block_that_holds_nothing_any_more_goes() -> None:
    assert remove(properties.set("text\r\n", {"a": 1}).text, ["a"]).text == "text\r\n"


def test_words_are_looked_for_without_a_parser() -> None:
    assert mentions(b"---\nllm_cost_usd: 1\n---\n", [b"llm_", b"vaultsync"])
    assert not mentions(b"text", [b"llm_"])


@given(
    st.sampled_from(["", "\ufeff"]),
    st.lists(
        st.sampled_from(["---", "--- ", " ---", "a: 1", "# c", "tags:", "  - a", "", "text", "..."]),
        max_size=6,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_properties_that_are_set_and_taken_out_again_leave_the_bytes_of_before(
    mark: str, lines: list[str], end: str, is_ended: bool
) -> None:
    """But for an empty block, which goes whoever made it."""
    assume([line.rstrip() for line in lines[:2]] != ["---", "---"])
    text = mark + end.join(lines) + end * is_ended
    done = properties.set(text, {"llm_cost_usd": Decimal("2.5"), "llm_period": "daily"})
    if not done.problem:
        assert remove(done.text, ["llm_cost_usd", "llm_period"]) == properties.Edited(text)


INSIDE = st.lists(
    st.sampled_from(
        [
            "title: A",
            "# comment",
            "",
            "tags:",
            "  - a",
            "- b",
            "b: 'x' # c",
            "cost: 1",
            "d: |",
            "  e: 1",
            "f: [1,",
            "  2]",
        ]
    ),
    max_size=8,
)


@given(INSIDE, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_whatever_the_block_only_our_keys_change(lines: list[str], end: str, marked: bool) -> None:
    text = "\ufeff" * marked + end.join(["---", *lines, "---", "text"])
    before, problem = read(text)
    done = properties.set(text, {"cost": Decimal("2.5"), "new": "daily"})
    if done.problem:
        assert done.text == text
        return
    assert problem is None
    assert read(done.text)[0] == {**before, "cost": Decimal("2.5"), "new": "daily"}
    kept = [line for line in text.split(end) if not line.startswith("cost")]
    rest = iter(done.text.split(end))
    assert "cost: 1" in lines or all(line in rest for line in kept)
