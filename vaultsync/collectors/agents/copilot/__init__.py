"""Read the sessions of GitHub Copilot CLI: what each run of a session has used, per model.

Odd facts of the format (public session files and tests of versions 1.0.54 to 1.0.91, October 2026): counts
are written when the program ends, as sums of the session so far, which a resumed session goes on with; a
block may stand there twice. Input holds the tokens read from and written to a cache. Cost is told in credits
of 0.01 USD. A run that was killed tells only the outputs of its messages, and by its checkpoints, which tell
no tokens, that something was used. Where the program also exports each call (see `otel`), those calls count,
and not their sum.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Raw

from vaultsync.collectors.agents.copilot.names import names
from vaultsync.collectors.agents.copilot.spans import Exported
from vaultsync.collectors.agents.copilot.store import used_since
from vaultsync.collectors.agents.copilot.totals import Growth, Totals, Used, credit_cost, snapshots
from vaultsync.collectors.agents.counts import number
from vaultsync.collectors.agents.lines import NOTHING, decoded, id_of, name_of, time_of
from vaultsync.collectors.agents.roots import folder_of, repository_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField, quote, text
from vaultsync.model import Finding, Issue, Quality, TokenCounts, UsageEvent

SOURCE = "copilot"
PROVIDER = "github-copilot"
EVENTS = "events.jsonl"
PATTERNS = (f"*/{EVENTS}", "*.jsonl")
MARKS = (b'"copilotVersion"', b'"copilot-agent"')
"""Words of which one stands in the first row of every session."""
BEGINNING = 4096
PATH_LIMIT = 1000
RUNS = ("session.start", "session.resume")
CHOICE = "auto"
"""What stands in the place of a model that the program chooses."""


class Row(msgspec.Struct, gc=False):
    """One line; every field may hold anything, so that none fails as a whole."""

    type: Any = None
    id: Any = None
    timestamp: Any = None
    data: Raw = NOTHING


class Data(msgspec.Struct, gc=False):
    """What a row says, as far as it matters."""

    session: Any = msgspec.field(default=None, name="sessionId")
    selected: Any = msgspec.field(default=None, name="selectedModel")
    context: Any = None
    model: Any = None
    changed: Any = msgspec.field(default=None, name="newModel")
    output: Any = msgspec.field(default=None, name="outputTokens")
    metrics: Any = msgspec.field(default=None, name="modelMetrics")
    credits: Any = msgspec.field(default=None, name="totalNanoAiu")


_row = msgspec.json.Decoder(Row).decode
_data = msgspec.json.Decoder(Data).decode


class Copilot:
    """Collect what Copilot CLI leaves in its `session-state` folder."""

    name = SOURCE
    kind: Literal["lines"] = "lines"

    def __init__(
        self, root_of: Callable[[str], str] = repository_of, environ: Mapping[str, str] = os.environ
    ) -> None:
        """Make a collector.

        Args:
            root_of: Working folder, as logged -> root of its repository; asked once per folder.
            environ: Where it is told to which file calls are exported.
        """
        self._project_of = lru_cache(maxsize=4096)(lambda folder: text(root_of(folder), PATH_LIMIT))
        self._exported = Exported(environ)

    def claims(self, file: LogFile) -> bool:
        """Say whether a file is a session, by name and first row."""
        beginning = file.head[:BEGINNING]
        is_session = b'"session.start"' in beginning and any(mark in beginning for mark in MARKS)
        return file.name.endswith(".jsonl") and is_session

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder of sessions of this machine; `COPILOT_HOME` takes the place of the usual one."""
        return [Place(folder_of(environ, home, "COPILOT_HOME", ".copilot") / "session-state", PATTERNS)]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield what each run of a session has used, also one that has not ended, and the session's name."""
        reading = Reading(reader, self._project_of, self._exported)
        for found in rows_in(reader, _row):
            if isinstance(found, Issue):
                yield found
                continue
            number, row = found
            try:
                yield from reading.take(row)
            except BadField as fault:
                yield Issue(reader.file.path, number, f"{fault} The row is not counted; restore it.")
        yield from reading.rest()
        if reader.file.name == EVENTS:
            written = reader.last_modified_ns // 10**6
            yield from names(SOURCE, reader.file.path.parent, reading.session, written)


class Reading:
    """One reading of one session; what is to be known later is kept in the reader's state."""

    def __init__(self, reader: Reader, project_of: Callable[[str], str | None], exported: Exported) -> None:
        self._reader, self._state, self._project_of = reader, reader.state, project_of
        self._totals = Totals(reader.state)
        self._exported = exported.beside(reader.file.path)

    def take(self, row: Row) -> Iterator[UsageEvent]:
        """Take in one row; yield what its run has used if that ends with it.

        Raises:
            BadField: The row cannot be understood.
        """
        if row.type in RUNS:
            self._begin(row)
        elif row.type == "session.model_change":
            self._state["model"] = _model(_data_of(row).changed)
        elif row.type == "assistant.message":
            self._answer(row)
        elif row.type == "session.usage_checkpoint":
            self._checkpoint(row)
        elif row.type == "session.shutdown":
            yield from self._end(row)

    def _begin(self, row: Row) -> None:
        data, now = _data_of(row), self._instant(row)
        self._state["session"] = id_of(data.session) or self.session
        self._state["model"] = _model(data.selected) if data.selected else self._state.get("model")
        if "began" not in self._state or not self._has_used(time_of(now, self._reader.zone)):
            self._state["began"] = now  # else a run was killed, and what it used is summed up with this one
        if isinstance(data.context, dict):
            folder = id_of(data.context.get("gitRoot")) or id_of(data.context.get("cwd"))
            self._state |= {"folder": folder, "branch": name_of(data.context.get("branch"))}

    def _has_used(self, until: datetime) -> bool:
        """Say whether the present run has used anything, up to a time."""
        if "outputs" in self._state:
            return True
        return bool(used_since(self._reader.file.path, self.session, self._began, until))

    def _answer(self, row: Row) -> None:
        """Note the output of a message, in case its run never ends.

        Raises:
            BadField: It is no count.
        """
        data, amiss = _data_of(row), set[str]()
        self._state.setdefault("began", self._instant(row))
        model, output = _model(data.model) or self._state.get("model"), number(data.output, amiss)
        if amiss:
            raise BadField(f"output tokens is {quote(data.output)}.")
        if model and output:
            outputs: dict[str, int] = self._state.setdefault("outputs", {})
            outputs[model] = outputs.get(model, 0) + output

    def _checkpoint(self, row: Row) -> None:
        """Note that something was used, in case its run never ends."""
        model = self._state.get("model")
        self._state.setdefault("began", self._instant(row))
        if model and number(_data_of(row).credits, set()):
            self._state.setdefault("outputs", {}).setdefault(model, 0)

    def _end(self, row: Row) -> Iterator[UsageEvent]:
        data, now = _data_of(row), self._instant(row)
        self._state.setdefault("began", now)
        is_told = self._exported.tells(self.session, self._began, time_of(now, self._reader.zone))
        for model, used in snapshots(data.metrics):
            growth = self._totals.grow(model, used, id_of(row.id))
            if growth is not None and not is_told:
                yield self._event(model, growth, "session-total")
        if isinstance(data.metrics, dict):
            self._state.pop("outputs", None)
            self._state.pop("began", None)

    def rest(self) -> Iterator[UsageEvent]:
        """What is known of a run that has not ended, and perhaps never will: its calls in the store.

        Where that does not tell them all, the outputs of its messages. Its end tells the same event, with
        counts that are as large or larger.
        """
        if "began" not in self._state or self._exported.tells(self.session, self._began):
            return
        stored = used_since(self._reader.file.path, self.session, self._began)
        outputs = {**dict.fromkeys(stored, 0), **self._state.get("outputs", {})}
        for model, output in outputs.items():
            used, place = stored.get(model), self._totals.place(model)
            if used and used.tokens.output >= output:
                yield self._event(model, Growth(used, place), "session-total")
            else:
                yield self._event(model, Growth(Used(TokenCounts(output=output)), place), "partial")

    def _event(self, model: str, growth: Growth, quality: Quality) -> UsageEvent:
        used, folder = growth.used, self._state.get("folder")
        cost = credit_cost(used.nano_credits)
        return UsageEvent(
            when=self._began,
            source=SOURCE,
            provider=PROVIDER,
            model=model,
            tokens=used.tokens,
            key=f"{SOURCE}:{self.session}:{model}:{growth.place}",
            grain="session",
            requests=max(1, used.requests),
            cost=cost,
            cost_kind="estimated" if cost else None,
            session=name_of(self.session),
            project=self._project_of(folder) if folder else None,
            branch=self._state.get("branch"),
            quality=quality,
            flags=used.flags,
        )

    @property
    def session(self) -> str:
        """Id of the session; files, or their folders, are named after it."""
        path = self._reader.file.path
        return self._state.get("session") or (
            path.parent.name if self._reader.file.name == EVENTS else path.name.partition(".")[0]
        )

    @property
    def _began(self) -> datetime:
        """When the present run began."""
        return time_of(self._state["began"], self._reader.zone)

    def _instant(self, row: Row) -> str:
        """The time of a row, as text."""
        return time_of(row.timestamp, self._reader.zone).isoformat()


def _model(value: Any) -> str | None:
    """The name of a model; None where the program chooses one."""
    name = name_of(value)
    return None if name == CHOICE else name


def _data_of(row: Row) -> Data:
    """What a row says.

    Raises:
        BadField: It is no object.
    """
    data = decoded(_data, row.data) if bytes(row.data) else None
    if data is None:
        raise BadField(f"the data of {row.type} is not a readable object.")
    return data
