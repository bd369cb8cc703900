"""Headings, markers and closed-off parts are found where the app finds them."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from vaultsync.vault.outline import scan


def headings(text: str) -> list[tuple[int, int, str]]:
    return [(h.line, h.level, h.text) for h in scan(text).headings]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("# One\n## Two ##\n###### Six\n", [(0, 1, "One"), (1, 2, "Two"), (2, 6, "Six")]),
        ("   # Three spaces\n#\tTab\n#\n", [(0, 1, "Three spaces"), (1, 1, "Tab"), (2, 1, "")]),
        ("#tag\n##NoSpace\n####### seven\n    # code\n\\# no\n", []),
        ("Title\n===\n\nTwo\nlines\n---\n", [(0, 1, "Title"), (3, 2, "Two lines")]),
        ("# C# ##\n# a#\n", [(0, 1, "C#"), (1, 1, "a#")]),
        ("```md\n# in\n~~~\n```\n# out\n", [(4, 1, "out")]),
        ("````\n```\n# in\n````\n# out\n", [(4, 1, "out")]),
        ("~~~\n# in\n```\n", []),
        ("<!--\n# in\n\n# in\n-->\n# out\n", [(5, 1, "out")]),
        ("<div>\n# in\n\n# out\n", [(3, 1, "out")]),
        ("<!-- whole -->\n# out\n", [(1, 1, "out")]),
        ("%%\n# in\n%%\n# out\n", [(3, 1, "out")]),
        ("text\n%%\n# in\n%%\n# out\n", [(4, 1, "out")]),
        ("%% one line %%\n# out\n", [(1, 1, "out")]),
        ("a %% comment\n# in\nends %% here\n# out\n", [(3, 1, "out")]),
        ("%%%%\n# out\n", [(1, 1, "out")]),
        ("`%%` is code\n# out\n", [(1, 1, "out")]),
        ("> # quoted\n> [!note]\n# out\n", [(2, 1, "out")]),
        ("- # listed\n\n  # still\n# out\n", [(3, 1, "out")]),
        ("1. item\n   # in\n  # out\n", [(2, 1, "out")]),
        ("- item\nlazy\n---\n", []),
        ("| a | b |\n|---|---|\n| 1 | 2 |\n---\n# out\n", [(4, 1, "out")]),
        ("- ```\n  # in\n# out\n", [(2, 1, "out")]),
        ("[^1]: note\n---\n# out\n", [(2, 1, "out")]),
        ("---\n# in: yaml\n---\n# out\n", [(3, 1, "out")]),
        ("\ufeff---\na: 1\n---\n# out\n", [(3, 1, "out")]),
        ("\ufeff# first\n", [(0, 1, "first")]),
        ("# CRLF\r\nText\r\n===\r\n", [(0, 1, "CRLF"), (1, 1, "Text")]),
        ("a\u2028# not a line\x0c# nor this\n# out\n", [(1, 1, "out")]),
        ("", []),
    ],
)
def test_headings(text: str, found: list[tuple[int, int, str]]) -> None:
    assert headings(text) == found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a\n```\nb\n", (1, "code fence")),
        ("a\n\n%%\nb\n", (2, "comment %%")),
        ("<!-- a\n", (0, "HTML comment or block")),
        ("---\na: 1\n", (0, "front matter")),
        ("- ```\n  code\n", None),
        ("<div>\n", None),
        ("---\na: 1\n---\n```\n```\n", None),
    ],
)
def test_what_is_open_at_the_end(text: str, what: tuple[int, str] | None) -> None:
    assert scan(text).open == what


def test_a_section_ends_at_the_next_heading_of_its_level_or_above() -> None:
    outline = scan("# A\n## B\n### C\ntext\n> ## quoted\n## D\n")
    a, b, c, d = outline.headings
    assert [outline.section_end(h) for h in (a, b, c, d)] == [6, 5, 5, 6]


@pytest.mark.parametrize(
    "line",
    [
        "%% vaultsync:begin daily 2026-01-07 sum=3f9c2a1b %%",
        "<!-- vaultsync:begin daily 2026-01-07 sum=3f9c2a1b -->",
        "  %%vaultsync:begin   daily 2026-01-07 sum=3f9c2a1b%%  ",
    ],
)
def test_a_begin_marker_is_read(line: str) -> None:
    (marker,) = scan(f"text\n{line}\n").markers
    assert (marker.line, marker.word, marker.kind, marker.label, marker.sum) == (
        1,
        "begin",
        "daily",
        "2026-01-07",
        "3f9c2a1b",
    )


@pytest.mark.parametrize(
    "text",
    [
        "```\n%% vaultsync:begin daily %%\n```\n",
        "<!--\n%% vaultsync:begin daily %%\n-->\n",
        "---\na: |\n  %% vaultsync:begin daily %%\n---\n",
        "    %% vaultsync:begin daily %%\n",
        "Write `%% vaultsync:begin daily %%` there.\n",
        "%% vaultsync is a program %%\n",
        "> ```\n> %% vaultsync:begin daily %%\n> ```\n",
    ],
)
def test_words_about_markers_are_no_markers(text: str) -> None:
    outline = scan(text)
    assert not outline.markers
    assert not outline.damage


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n%% vaultsync:begin daily %% tail\n", 1),
        ("%% vaultsync:begin daily -->\n", 0),
        ("%% vaultsync:begin nightly %%\n", 0),
        ("a\n> %% vaultsync:begin daily %%\n", 1),
        ("- %% vaultsync:end daily %%\n", 0),
        ("a %% open\n%% vaultsync:begin daily %%\n", 1),
    ],
)
def test_a_garbled_or_misplaced_marker_is_damage(text: str, line: int) -> None:
    assert {where for where, _ in scan(text).damage} == {line}


PIECES = """
# H
## H ##
#
#tag
Text
===
---
--
- item
*
* x
1. one
2. two
  # in
    # code
> q
> # h
> ```
> - a
```
~~~
<div>
</div>
<!-- c -->
<!--
-->
<b>x</b>
<b>
  more
  - nested
  ```
* * *
<pre>
</pre>
- # hh
+
a | b
--- | ---
| a | b |
|---|---|
| 1 | 2 |
""".strip("\n").split("\n")


@given(st.lists(st.sampled_from([*PIECES, "", "\t# tab", "   "])))
@example(["+", "   ", "  # in"])
@settings(derandomize=True, max_examples=300)
def test_headings_of_any_mixture_are_those_of_a_markdown_parser(pieces: list[str]) -> None:
    text = "".join(piece + "\n" for piece in ["", *pieces])
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    expected = [
        (t.map[0], int(t.tag[1])) for t in tokens if t.type == "heading_open" and t.level == 0 and t.map
    ]
    assert [(h.line, h.level) for h in scan(text).headings] == expected


def test_a_long_note_is_read_in_no_time() -> None:
    text = "word `code` %% note %% more\n" * 20_000 + "`%%" * 100_000 + "\n# End\n"
    assert headings(text) == [(20_001, 1, "End")]
