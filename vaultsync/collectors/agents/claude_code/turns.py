"""Follow what user and model have started: a command, a skill, a subagent; keeps names and ids, no text."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from vaultsync.collectors.agents.claude_code.bulk import Bulk
from vaultsync.collectors.agents.claude_code.rows import Block, Message, Row, blocks_of
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of

AGENT_TOOLS = ("Task", "Agent")
MACHINE_TEXTS = ("<local-command-", "<bash-", "<task-notification", "<system-reminder")
"""What the program itself writes in a user row."""
OPEN_TAG, CLOSE_TAG = "<command-name>", "</command-name>"
MOST_ASKED = 256


class Action(NamedTuple):
    """What a call is done for."""

    kind: str | None = None
    name: str | None = None
    is_followed: bool = False
    """The log does not say it of the call: a skill was started before, and no prompt came since."""


class ToolInput(msgspec.Struct, gc=False):
    """The names among a tool's arguments."""

    skill: Any = None
    command: Any = None
    subagent_type: Any = None


_input = msgspec.json.Decoder(ToolInput).decode


class Turn:
    """What is running in a main conversation, kept in the reader's state from one reading to the next."""

    def __init__(self, state: dict[str, Any], bulk: Bulk) -> None:
        self._state = state
        self._bulk = bulk
        self.changes = 0
        """How often something began or ended; what `action` says may be another thing then."""

    def action(self, attributed: str | None, key: str | None) -> Action:
        """What a call is done for.

        Args:
            attributed: Skill that the row itself names; it wins.
            key: Key of the call; the call that starts a skill is not yet part of it.
        """
        if attributed:
            return Action("skill", attributed)
        skill, starter = self._state.get("skill", (None, None))
        if skill and starter != key:
            return Action("skill", skill, is_followed=True)
        return Action(*self._state.get("action", ()))

    def see_prompt(self, row: Row) -> None:
        """Begin a new turn when a row is a prompt: what ran before has ended."""
        if row.isSidechain is True or row.isMeta is True or row.isCompactSummary is True:
            return
        if row.turnOrigin in ("task_notification", "peer") or not isinstance(row.message, Message):
            return
        texts = _prompt(row.message)
        if texts is None or (texts and all(text.startswith(MACHINE_TEXTS) for text in texts)):
            return
        command = next(filter(None, map(_command, texts)), None)
        self.changes += 1
        self._state.pop("skill", None)
        self._state.pop("action", None)
        if command:
            self._state["action"] = ["command", command]
        elif row.turnOrigin == "scheduled":
            self._state["action"] = ["scheduled", None]

    def see_tools(self, row: Row, key: str | None) -> None:
        """Note the tools, skills and subagents that an answer starts."""
        if not isinstance(row.message, Message):
            return
        content = bytes(row.message.content)
        if b"tool_use" not in content and b"\\u" not in content:  # an escape may stand for any letter
            return
        for block in blocks_of(row.message.content):
            if block.type == "tool_use":
                self._bulk.see(block.name, id_of(block.id))
            if block.type == "tool_use" and block.name == "Skill" and row.isSidechain is not True:
                given = _arguments(block)
                if skill := _first_word(given.skill) or _first_word(given.command):
                    self._state["skill"] = [skill, key]
                    self.changes += 1
            elif block.type == "tool_use" and block.name in AGENT_TOOLS:
                self._ask(id_of(block.id), name_of(_arguments(block).subagent_type))

    def agent_asked_for(self, row: Row) -> str | None:
        """Kind of the subagent whose result a row brings, if the question for it was seen."""
        asked: dict[str, str] = self._state.get("asked", {})
        if not asked or not isinstance(row.message, Message):
            return None
        ids = (id_of(block.tool_use_id) for block in blocks_of(row.message.content))
        return next((asked[name] for name in ids if name in asked), None)

    def _ask(self, tool_use: str | None, kind: str | None) -> None:
        if tool_use and kind:
            asked = self._state.setdefault("asked", {})
            asked[tool_use] = kind
            if len(asked) > MOST_ASKED:
                del asked[next(iter(asked))]


def _prompt(message: Message) -> list[str] | None:
    """The texts of a prompt; None when the row brings the result of a tool."""
    content = message.content
    blocks = blocks_of(content)
    if any(block.type == "tool_result" for block in blocks):
        return None
    if blocks or content == NOTHING:
        return [block.text.lstrip() for block in blocks if type(block.text) is str]
    text = decoded(msgspec.json.decode, content)
    return [text.lstrip()] if isinstance(text, str) else None


def _command(text: str) -> str | None:
    """Name of the slash command that a prompt begins with, without its slash; a quoted one is only text."""
    if not text.startswith("<command-") or OPEN_TAG not in text:
        return None
    name, end, _ = text.partition(OPEN_TAG)[2].partition(CLOSE_TAG)
    return _first_word(name.strip().removeprefix("/")) if end else None


def _arguments(block: Block) -> ToolInput:
    return decoded(_input, block.input) or ToolInput()


def _first_word(value: Any) -> str | None:
    """A name without the arguments that may follow it."""
    name = name_of(value)
    words = name.split(maxsplit=1) if name else []
    return words[0] if words else None
