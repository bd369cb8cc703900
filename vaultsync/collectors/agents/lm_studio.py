"""Read the server logs of LM Studio: the answers that its local server printed into them.

Odd facts of the format (public readers, October 2026; never seen whole): text, each entry under a local time
in brackets, with requests and answers as JSON over many lines, and streamed answers as JSON on one. An answer
is known by its id; a streamed one has counts only where the client asked for them. Text of requests stands
there too, and is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.counts import counts_of, object_of
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.reading import Line, LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

SOURCE = "lm-studio"
PATTERNS = ("*/*.log", "*.log")
LARGEST = 8 * 1024 * 1024
"""Bytes of one answer that are held; what is longer is passed over and named."""
COUNTS = {
    "input": ("prompt_tokens", "input_tokens"),
    "output": ("completion_tokens", "output_tokens"),
    "total": ("total_tokens",),
}
KEYS = tuple(key for keys in COUNTS.values() for key in keys)
_entry = re.compile(rb"\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\]").match
_is_answer = re.compile(r"(?:chatcmpl-|cmpl-|resp_).+").fullmatch


class Details(msgspec.Struct, gc=False):
    """Parts of a count."""

    cached: Any = msgspec.field(default=None, name="cached_tokens")
    reasoning: Any = msgspec.field(default=None, name="reasoning_tokens")


class Parts(msgspec.Struct, gc=False):
    """The usage, as far as it tells parts of its counts."""

    prompt: Details | None = msgspec.field(default=None, name="prompt_tokens_details")
    input: Details | None = msgspec.field(default=None, name="input_tokens_details")
    completion: Details | None = msgspec.field(default=None, name="completion_tokens_details")
    output: Details | None = msgspec.field(default=None, name="output_tokens_details")


class Answer(msgspec.Struct, gc=False):
    """An answer, or the last piece of a streamed one; every field may hold anything."""

    id: Any = None
    model: Any = None
    created: Any = None
    created_at: Any = None
    usage: Raw = NOTHING
    response: Raw = NOTHING
    """The answer within the last event of a streamed response."""


_answer = msgspec.json.Decoder(Answer).decode
_parts = msgspec.json.Decoder(Parts).decode


class LmStudio:
    """Collect the server logs of LM Studio."""

    name = SOURCE
    kind: Literal["lines"] = "lines"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a server log, by name and first line."""
        return (
            file.name.endswith(".log") and _entry(file.head) is not None and b"LM STUDIO" in file.head.upper()
        )

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder of server logs."""
        return [Place(home / ".lmstudio" / "server-logs", PATTERNS)]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the answers in their order; one that is not finished is left for the next run."""
        block = Block()
        for line in reader.lines():
            if line.complete:
                yield from _taken(block, line, reader)
            elif block.first is None:
                reader.hold(line)
        if block.first is not None:
            reader.hold(block.first)


class Block:
    """JSON that goes over several lines."""

    def __init__(self) -> None:
        self.first: Line | None = None
        self.size = 0
        self._lines: list[bytes] = []

    def begin(self, line: Line, data: bytes) -> None:
        """Its first line, from the brace on."""
        self.first, self.size, self._lines = line, len(data), [data]

    def add(self, data: bytes) -> None:
        """A further line."""
        self.size += len(data)
        if self.size <= LARGEST:
            self._lines.append(data)

    def end(self) -> bytes:
        """All of it; nothing of one that is too long."""
        data = b"\n".join(self._lines) if self.size <= LARGEST else b""
        self.first, self._lines = None, []
        return data


def _taken(block: Block, line: Line, reader: Reader) -> Iterator[Finding]:
    """Take in one whole line."""
    path, first = reader.file.path, block.first
    entry = _entry(line.data)
    if entry:
        reader.state["time"] = entry[1].decode()
        if first is not None and b'"usage"' in block.end():
            text = "the answer breaks off, so it is not counted. Nothing can be done."
            yield Issue(path, first.number, text)
    elif first is not None:
        block.add(line.data)
        if line.data != b"}":
            return
        if block.size > LARGEST:
            yield Issue(path, first.number, "the answer is over 8 MB, so it is not counted.")
        yield from _counted(block.end(), first.number, reader)
        return
    start = line.data.find(b"{")
    if start < 0:
        return
    data = line.data[start:]
    if data == b"{":
        block.begin(line, data)
    elif b'"usage"' in data:
        yield from _counted(data, line.number, reader)


def _counted(data: bytes, number: int, reader: Reader) -> Iterator[Finding]:
    """The call of an answer; JSON that is none is passed over."""
    answer = decoded(_answer, Raw(data))
    if answer is not None and bytes(answer.response):
        answer = decoded(_answer, answer.response)
    ident = id_of(answer.id) if answer else None
    if answer is None or ident is None or not _is_answer(ident):
        return
    try:
        yield from _event(answer, ident, reader)
    except BadField as fault:
        yield Issue(reader.file.path, number, f"{fault} The answer is not counted; restore it.")


def _event(answer: Answer, ident: str, reader: Reader) -> Iterator[UsageEvent]:
    usage = object_of(answer.usage, "usage", KEYS)
    parts = (decoded(_parts, answer.usage) if usage else None) or Parts()
    prompt = parts.prompt or parts.input or Details()
    output = parts.completion or parts.output or Details()
    values = usage | {"cached": prompt.cached, "reasoning": output.reasoning}
    fields = COUNTS | {"cache_read": ("cached",), "reasoning": ("reasoning",)}
    counts = counts_of(values, fields, "inclusive")
    if counts is None:
        return
    made = answer.created if answer.created is not None else answer.created_at
    yield UsageEvent(
        when=time_of(reader.state.get("time") if made is None else made, reader.zone),
        source=SOURCE,
        provider=SOURCE,
        model=name_of(answer.model) or "unknown",
        tokens=counts.tokens,
        key=f"{SOURCE}:{ident}",
        unsplit=counts.unsplit,
        flags=counts.flags,
    )
