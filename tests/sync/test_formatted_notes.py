"""A section that an editor, a plugin or its owner moved or formatted is renewed in its place, once."""

from __future__ import annotations

import re

import pytest

from tests.sync.conftest import World, event

NAME = "Daily/2026-01-09.md"


@pytest.fixture
def told(world: World) -> str:
    """A note with its section, and then another call that it does not tell of yet."""
    world.write(NAME, "# Friday\n\nmine\n")
    world.log("a.jsonl", event("2026-01-09T08:00:00Z"))
    world.run("daily")
    world.log("b.jsonl", event("2026-01-09T09:00:00Z", 5000))
    return world.read(NAME)


def padded(text: str) -> str:
    """Tables as a plugin aligns them."""
    return re.sub(r"^\|.*\|$", lambda row: row.group().replace("|", "  |   ").strip(), text, flags=re.M)


def dashed(text: str) -> str:
    return re.sub(r"-{3,}(?=:? *\|)", "----------", text)


def indented(text: str) -> str:
    return re.sub(r"^\|", "  |", text, flags=re.M)


def trailing(text: str) -> str:
    return re.sub(r"$", "  ", text, flags=re.M)


def spread(text: str) -> str:
    return re.sub(r"\n\n", "\n\n\n\n", text)


def crlf(text: str) -> str:
    return text.replace("\n", "\r\n")


def moved(text: str) -> str:
    """The section above all else, its heading renamed."""
    at = text.index("## 💰")
    front, body = re.fullmatch(r"(---\n.*?\n---\n)(.*)", text[:at], flags=re.S).groups()  # type: ignore[union-attr]
    return f"{front}{text[at:].replace('## 💰 Token Usage Today', '### Costs')}\n{body}"


def bare(text: str) -> str:
    """The heading deleted, the block kept."""
    return text.replace("## 💰 Token Usage Today\n\n", "")


@pytest.mark.parametrize(
    "change", [padded, dashed, indented, trailing, spread, crlf, moved, bare], ids=lambda f: f.__name__
)
def test_it_is_renewed_where_it_stands_and_all_else_stays(world: World, told: str, change: object) -> None:
    changed = change(told)  # type: ignore[operator]
    assert changed != told
    world.write(NAME, changed, age=60)
    world.run("daily")
    after = world.read(NAME)
    assert without_block(after) == without_block(changed)
    assert "| 6,000 |" in after
    assert after.count("vaultsync:begin daily") == 1
    world.write(NAME, after, age=30)
    assert world.run("daily").output.startswith("Nothing to do")
    assert world.read(NAME) == after


def without_block(text: str) -> str:
    """All that is the user's: no block, and of our properties only that they are there."""
    text = re.sub(r"%% vaultsync:begin daily.*%% vaultsync:end daily %% *", "BLOCK", text, flags=re.S)
    return re.sub(r"^(llm_\w+):[^\r\n]*", r"\1", text, flags=re.M)
