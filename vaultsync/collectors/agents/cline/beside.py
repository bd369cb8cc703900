"""Find out what lies beside the messages of a task: which model was asked, and in which folder."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.lines import decoded, id_of, name_of

T = TypeVar("T")
SIZE_LIMIT = 256 * 1024 * 1024
CONVERSATION = "api_conversation_history.json"
_models_in = re.compile(rb"<model>([^<>\\\"]{1,200})</model>").findall
"""The environment that a program describes to the model, at the end of what a person says."""
_folder_in = re.compile(rb'# Current (?:Working|Workspace) Directory \(((?:[^"\\()]|\\\\){1,1000})\)').search


class Model(NamedTuple):
    """A model and who serves it, as far as is known."""

    name: str | None = None
    provider: str | None = None


class _Turn(msgspec.Struct, gc=False):
    """What was sent to a model, or came from it."""

    role: Any = None
    ts: Any = None


class _Item(msgspec.Struct, gc=False):
    """What a program's list of tasks says of one."""

    id: Any = None
    cwd: Any = msgspec.field(default=None, name="cwdOnTaskInitialization")
    workspace: Any = None
    model: Any = msgspec.field(default=None, name="modelId")


class _Usage(msgspec.Struct, gc=False):
    """What is noted when the model changes."""

    model_usage: list[dict[str, Any]] = []


_turns = msgspec.json.Decoder(list[Raw]).decode
_turn = msgspec.json.Decoder(_Turn).decode
_items = msgspec.json.Decoder(list[_Item]).decode
_item = msgspec.json.Decoder(_Item).decode
_usage = msgspec.json.Decoder(_Usage).decode


class Beside:
    """The files beside the messages of a task; each is opened only when it is asked for."""

    def __init__(self, folder: Path, task: str | None) -> None:
        self._folder, self._task = folder, task

    def model(self, until: Any) -> Model:
        """The last model that was set before a time, as logged; the last of all where there is none."""
        told = [model for at, model in self._models if not isinstance(until, int | float) or at < until]
        return told[-1] if told else Model(name_of(self._item.model))

    @cached_property
    def folder(self) -> str | None:
        """The working folder."""
        listed = id_of(self._item.workspace) or id_of(self._item.cwd)
        if listed is None and (found := _folder_in(self._conversation)):
            with suppress(ValueError):
                listed = id_of(json.loads(b'"%b"' % found[1]))
        return listed

    @cached_property
    def _item(self) -> _Item:
        own = _read(self._folder / "history_item.json", _item)
        if own:
            return own
        listed = _tasks(self._folder.parent.parent / "state" / "taskHistory.json")
        return listed.get(self._task or "") or _Item()

    @cached_property
    def _models(self) -> list[tuple[float, Model]]:
        """When which model was set, in order of time."""
        noted = _read(self._folder / "task_metadata.json", _usage)
        found = [_noted(each) for each in noted.model_usage] if noted else []
        if not found:
            found = [_asked(each) for each in decoded(_turns, Raw(self._conversation)) or ()]
        return sorted((each for each in found if each), key=lambda each: each[0])

    @cached_property
    def _conversation(self) -> bytes:
        """All that was said to and by the model; of it only names of models and the folder are looked for."""
        return _bytes(self._folder / CONVERSATION)


def _noted(said: Mapping[str, Any]) -> tuple[float, Model] | None:
    name, at = name_of(said.get("model_id")), said.get("ts", 0)
    return (at, Model(name, name_of(said.get("model_provider_id")))) if name and _is_time(at) else None


def _asked(raw: Raw) -> tuple[float, Model] | None:
    turn, names = decoded(_turn, raw), _models_in(bytes(raw))
    if turn is None or turn.role != "user" or not names or not _is_time(turn.ts):
        return None
    return turn.ts, Model(name_of(names[-1].decode("utf-8", "replace")))


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@lru_cache(maxsize=16)
def _tasks(path: Path) -> Mapping[str, _Item]:
    """A program's list of its tasks."""
    return {item.id: item for item in _read(path, _items) or () if isinstance(item.id, str)}


def _read(path: Path, decode: Callable[[bytes], T]) -> T | None:
    data = _bytes(path)
    return decoded(decode, Raw(data)) if data else None


def _bytes(path: Path) -> bytes:
    """A file, if it is there and not absurdly large."""
    try:
        with path.open("rb") as stream:
            data = stream.read(SIZE_LIMIT + 1)
    except OSError:
        return b""
    return data if len(data) <= SIZE_LIMIT else b""
