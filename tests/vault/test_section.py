"""A block goes in, is renewed and comes out, and not one byte of the rest changes."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultsync.errors import NoteSkipped
from vaultsync.vault.block import checksum, normal_form
from vaultsync.vault.section import Change, remove, replace

HEADING = "## 💰 Token Usage Today"
BODY = "> [!info] $1.23 · 4 calls\n\n| Model | Cost |\n|---|---:|\n| opus | 1.23 |"
BLOCK = """%% vaultsync:begin daily 2026-01-07 sum=SUM %%

> [!info] $1.23 · 4 calls

| Model | Cost |
|---|---:|
| opus | 1.23 |

%% vaultsync:end daily %%
"""


def put(text: str, body: str = BODY, **options: bool) -> Change:
    return replace(text, "daily", "2026-01-07", HEADING, body, where="2026-01-07.md", **options)


def shown(text: str) -> str:
    """The text with its checksum left out, for comparing by eye."""
    return re.sub(r"sum=[0-9a-f]{8}", "sum=SUM", text)


CASES = {
    "heading alone": (f"# Wed\n\n{HEADING}\n", f"# Wed\n\n{HEADING}\n\n{BLOCK}"),
    "a blank line and text below the heading": (f"{HEADING}\n\nMine.\n", f"{HEADING}\n\n{BLOCK}\nMine.\n"),
    "text right below the heading": (f"{HEADING}\nMine.\n# N\n", f"{HEADING}\n\n{BLOCK}\nMine.\n# N\n"),
    "next heading right below": (f"{HEADING}\n## Next\n", f"{HEADING}\n\n{BLOCK}\n## Next\n"),
    "no final newline": (HEADING, f"{HEADING}\n\n{BLOCK[:-1]}"),
    "no heading": ("Mine.\n", f"Mine.\n\n{HEADING}\n\n{BLOCK}"),
    "no heading, no final newline": ("Mine.", f"Mine.\n\n{HEADING}\n\n{BLOCK[:-1]}"),
    "an empty note": ("", f"{HEADING}\n\n{BLOCK}"),
    "front matter only": ("---\na: 1\n---\n", f"---\na: 1\n---\n\n{HEADING}\n\n{BLOCK}"),
    "the same heading twice": (f"{HEADING}\n\n{HEADING}\n", f"{HEADING}\n\n{BLOCK}\n{HEADING}\n"),
    "the heading in a fence": (
        f"```\n{HEADING}\n```\n\n{HEADING}\n",
        f"```\n{HEADING}\n```\n\n{HEADING}\n\n{BLOCK}",
    ),
    "another level first": (
        "# 💰 Token Usage Today\n## 💰 Token Usage Today\n",
        f"# 💰 Token Usage Today\n## 💰 Token Usage Today\n\n{BLOCK}",
    ),
    "only another level": (
        "#### 💰 Token Usage Today ####\n",
        f"#### 💰 Token Usage Today ####\n\n{BLOCK}",
    ),
    "spelled otherwise": (
        "## 💰\ufe0f  token usage TODAY\n",
        f"## 💰\ufe0f  token usage TODAY\n\n{BLOCK}",
    ),
    "setext": (
        "💰 Token Usage Today\n---\nMine.\n",
        f"💰 Token Usage Today\n---\n\n{BLOCK}\nMine.\n",
    ),
    "a placeholder": ("# A\n\n%% vaultsync daily %%\n\nMine.\n", f"# A\n\n{BLOCK}\nMine.\n"),
    "a placeholder between lines": ("A\n%% vaultsync daily %%\nB", f"A\n\n{BLOCK}\nB"),
    "a placeholder at the end": ("%% vaultsync daily %%", BLOCK[:-1]),
    "a byte-order mark": (f"\ufeff{HEADING}\n", f"\ufeff{HEADING}\n\n{BLOCK}"),
    "a byte-order mark alone": ("\ufeff", f"\ufeff{HEADING}\n\n{BLOCK}"),
    "a placeholder after a byte-order mark": ("\ufeff%% vaultsync daily %%\n", f"\ufeff{BLOCK}"),
    "a placeholder of another kind": (
        f"%% vaultsync weekly %%\n\n{HEADING}\n",
        f"%% vaultsync weekly %%\n\n{HEADING}\n\n{BLOCK}",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_first_block(name: str) -> None:
    before, after = CASES[name]
    assert shown(put(before).text) == after


@pytest.mark.parametrize("name", CASES)
def test_the_first_block_of_a_crlf_note(name: str) -> None:
    before, after = (text.replace("\n", "\r\n") for text in CASES[name])
    ended = before.count("\n") > 0  # a note without any line end gets LF
    assert shown(put(before).text) == (after if ended else after.replace("\r\n", "\n"))


@pytest.mark.parametrize("name", CASES)
def test_a_second_run_changes_nothing(name: str) -> None:
    once = put(CASES[name][0])
    assert put(once.text).action == "unchanged"
    assert put(once.text).text == once.text


@pytest.mark.parametrize("name", CASES)
def test_removing_gives_back_the_note_of_before(name: str) -> None:
    for before in (CASES[name][0], CASES[name][0].replace("\n", "\r\n")):
        renewed = put(put(before).text, "Another body.")
        assert remove(renewed.text, "daily").text == before


def test_the_line_of_the_block_is_told() -> None:
    change = put(f"# A\n\n{HEADING}\n")
    assert change.text.split("\n")[change.line - 1].startswith("%% vaultsync:begin")


def test_new_lines_end_as_the_line_before_them() -> None:
    change = put(f"unix\n{HEADING}\r\nunix\n")
    assert change.text.startswith(f"unix\n{HEADING}\r\n\r\n%% vaultsync:begin")
    assert change.text.endswith("%% vaultsync:end daily %%\r\n\r\nunix\n")


def test_a_renewed_block_stays_where_it_is() -> None:
    moved = f"Top\n\n{put(HEADING).text}\n\nBelow\n".replace(HEADING, "## Costs")
    change = put(moved, "New body.")
    assert shown(change.text) == "Top\n\n## Costs\n\n" + (
        "%% vaultsync:begin daily 2026-01-07 sum=SUM %%\n\nNew body.\n\n%% vaultsync:end daily %%\n\nBelow\n"
    )


def test_a_block_of_another_kind_is_left_alone() -> None:
    weekly = replace("# W\n", "weekly", "2026-W02", "## Week", "Seven days.").text
    both = put(weekly).text
    assert both.startswith(weekly)
    assert remove(both, "daily").text == weekly


def test_html_markers_are_kept_as_html() -> None:
    html = replace(f"{HEADING}\n", "daily", "2026-01-07", HEADING, BODY, style="<!--").text
    assert "<!-- vaultsync:end daily -->\n" in html
    assert "<!-- vaultsync:end daily -->\n" in put(html, "New.").text


def test_a_copied_note_gets_its_own_label() -> None:
    old = put(f"{HEADING}\n").text.replace("2026-01-07", "2026-01-06")
    assert "begin daily 2026-01-07 sum=" in put(old).text


# --- a person's edit, a formatter's edit ---------------------------------------------------------


def test_a_block_edited_by_hand_is_left_alone() -> None:
    text = put(f"# A\n\n{HEADING}\n").text.replace("opus", "opus (mine)")
    with pytest.raises(NoteSkipped, match=r"^2026-01-07.md:5: the daily block was edited by hand"):
        put(text, "New.")


def test_force_replaces_a_block_edited_by_hand() -> None:
    text = put(f"{HEADING}\n").text.replace("opus", "opus (mine)")
    change = put(text, "New.", force=True)
    assert change.action == "forced"
    assert "mine" not in change.text


def test_a_line_added_in_the_block_is_an_edit() -> None:
    text = put(f"{HEADING}\n").text.replace("%% vaultsync:end", "Remember this.\n\n%% vaultsync:end")
    with pytest.raises(NoteSkipped, match="edited by hand"):
        remove(text, "daily")


PADDED = """>  [!info]   $1.23 · 4 calls



|  Model   |    Cost |
| :------- | ------: |
| opus     |    1.23 |
"""


def test_a_formatter_does_not_count_as_an_edit() -> None:
    body = "> [!info] $1.23 · 4 calls\n\n| Model | Cost |\n|:---|---:|\n| opus | 1.23 |"
    assert checksum(body) == checksum(PADDED)
    text = put(f"{HEADING}\n", body).text.replace(body, PADDED.replace("\n", "  \r\n"))
    assert put(text, body).action == "unchanged"
    assert put(text, "New.").action == "renewed"


def test_a_formatter_does_not_break_removal() -> None:
    before = "Mine."
    text = put(before).text.replace("| Model | Cost |", "| Model |   Cost |")
    assert remove(text, "daily").text == before


@pytest.mark.parametrize(
    ("one", "other"),
    [("| a | 1 |", "| a | 2 |"), ("a b", "ab"), ("|:---|", "|---:|"), ("- a", "a"), ("a\\|b", "a|b")],
)
def test_the_normal_form_tells_content_apart(one: str, other: str) -> None:
    assert normal_form(one) != normal_form(other)


def test_an_empty_block_made_by_hand_is_filled() -> None:
    text = f"{HEADING}\n\n%% vaultsync:begin daily %%\n%% vaultsync:end daily %%\n"
    assert shown(put(text).text) == f"{HEADING}\n\n{BLOCK}"


# --- notes that are not safe to change -----------------------------------------------------------

BEGIN, END = "%% vaultsync:begin daily 2026-01-07 sum=3f9c2a1b %%", "%% vaultsync:end daily %%"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (f"a\n{BEGIN}\nx\n", 2, "begin marker of the daily block has no end marker"),
        (f"a\n\nx\n{END}\n", 4, "end marker of the daily block has no begin marker"),
        (f"{END}\nx\n{BEGIN}\n", 1, "has no begin marker"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n", 2, "stands inside another block"),
        (f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n", 3, "stands here a second time"),
        (f"{BEGIN}\n{END}\n{END}\n", 3, "has no begin marker"),
        (f"{BEGIN}\n<!-- vaultsync:end daily -->\n", 2, "has no begin marker"),
        (f"{BEGIN}\n%% vaultsync:end weekly %%\n", 2, "has no begin marker"),
        (f"{BEGIN} x\n{END}\n", 1, "not a whole marker alone on its line"),
        (f"> {BEGIN}\n> {END}\n", 1, "inside a quote or a list"),
        (f"50 %% off\n{BEGIN}\n{END}\n", 2, "inside the comment %% that line 1 opens"),
        (f"{BEGIN}\n```\n{END}\n", 1, "has no end marker"),
    ],
)
def test_damaged_markers_are_named_with_their_line(text: str, line: int, reason: str) -> None:
    with pytest.raises(NoteSkipped) as caught:
        put(text)
    assert str(caught.value).startswith(f"2026-01-07.md:{line}: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize("text", ["```\ncode\n", "<!-- a\n\nb\n", "a\n\n%%\nb\n", "---\na: 1\n"])
def test_nothing_is_appended_inside_something_open(text: str) -> None:
    with pytest.raises(NoteSkipped, match="never closed"):
        put(text)


@pytest.mark.parametrize(
    "body",
    [
        "```\nx",
        "<!-- x",
        "%% x",
        "a\n%% vaultsync:end daily %%\nb",
        "%% vaultsync weekly %%",
        "> %% vaultsync:end x",
    ],
)
def test_a_body_that_would_not_stay_closed_is_refused(body: str) -> None:
    with pytest.raises(NoteSkipped, match="Mend the template"):
        put(f"{HEADING}\n", body)


def test_a_missing_heading_may_be_left_missing() -> None:
    with pytest.raises(NoteSkipped, match="there is no heading"):
        put("Mine.\n", append=False)


# --- adopting, encodings -------------------------------------------------------------------------


def test_adopt_replaces_the_old_text_of_the_section() -> None:
    change = put(f"Top\n{HEADING}\nold\n### sub\nold\n## Next\nmine\n", adopt=True)
    assert shown(change.text) == f"Top\n{HEADING}\n\n{BLOCK}\n## Next\nmine\n"


def test_adopt_keeps_a_missing_final_newline_missing() -> None:
    assert shown(put(f"{HEADING}\nold", adopt=True).text) == f"{HEADING}\n\n{BLOCK[:-1]}"


def test_adopt_does_not_swallow_another_block() -> None:
    text = f"{HEADING}\n\n%% vaultsync:begin weekly %%\n%% vaultsync:end weekly %%\n"
    with pytest.raises(NoteSkipped, match="weekly block"):
        put(text, adopt=True)


def test_adopt_leaves_an_existing_block_and_its_neighbours() -> None:
    once = put(f"{HEADING}\n\nMine.\n").text
    assert put(once, adopt=True).action == "unchanged"


@pytest.mark.parametrize("wrong", ["ðŸ’°", "ğŸ’°", "đź’°"])
def test_a_heading_in_a_wrong_encoding_is_known_and_left(wrong: str) -> None:
    text = f"## {wrong} Token Usage Today\n"
    change = put(text)
    assert shown(change.text) == f"{text}\n{BLOCK}"
    assert "wrong encoding" in change.remark


# --- laws ----------------------------------------------------------------------------------------

LINES = [
    "",
    "text",
    "# A",
    "## B",
    HEADING,
    "## 💰 Token Usage Today ##",
    "```",
    "%%",
    "%% c %%",
    "<!-- c -->",
    "---",
    "- item",
    "  # in",
    "> quote",
    "| a | b |",
    "|---|---|",
    "%% vaultsync daily %%",
    "%% vaultsync weekly %%",
    "\t",
    "    code",
    "<div>",
]
NOTES = st.builds(
    lambda mark, lines, last: mark + "".join(a + b for a, b in lines) + last,
    st.sampled_from(["", "\ufeff"]),
    st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(["\n", "\r\n"])), max_size=8),
    st.sampled_from(["", "end", HEADING, " "]),
)


@given(NOTES, st.sampled_from([BODY, "", "One line.", "- a\n  - b", "```mermaid\npie\n```"]))
@settings(max_examples=400)
def test_insert_then_remove_is_identity(note: str, body: str) -> None:
    try:
        change = put(note, body)
    except NoteSkipped:
        return
    assert put(change.text, body).action == "unchanged"
    assert remove(change.text, "daily").text == note
    assert remove(put(change.text, "Something else.").text, "daily").text == note


@given(NOTES)
def test_the_lines_of_the_user_stay_in_order(note: str) -> None:
    try:
        after = put(note).text
    except NoteSkipped:
        return
    rest = iter(words(after))
    assert all(line in rest for line in words(note) if line != "%% vaultsync daily %%")


def words(text: str) -> list[str]:
    """Lines that are not blank, without their ends."""
    return [line for line in text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n") if line]
