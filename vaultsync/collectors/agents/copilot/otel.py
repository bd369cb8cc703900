"""Read the calls of Copilot CLI in files that it exports by OpenTelemetry.

Each line is a span or a metric. Calls of a model are the spans of the operation `chat`; `invoke_agent`
repeats their sum. Input holds the cached tokens, output the reasoning. These files are written only if the
user asks for them (`COPILOT_OTEL_ENABLED`); they tell each call apart, which the session files do not.

Source: public exports of versions 1.0.70 to 1.0.91, October 2026.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from vaultsync.collectors.agents.copilot import PROVIDER, SOURCE
from vaultsync.collectors.agents.copilot.spans import (
    CONVERSATION,
    FILE,
    FOLDER,
    PATTERN,
    Span,
    decode,
    moment,
)
from vaultsync.collectors.agents.copilot.totals import credit_cost
from vaultsync.collectors.agents.counts import counts_of, number, object_of
from vaultsync.collectors.agents.lines import id_of, name_of
from vaultsync.collectors.agents.roots import folder_of
from vaultsync.collectors.agents.rows import rows_in
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Place
from vaultsync.collectors.values import BadField
from vaultsync.model import Finding, Issue, UsageEvent

COUNTS = {name: (name,) for name in ("input", "output", "cache_read", "cache_write", "reasoning")}
SPELLINGS = {
    "input": ("gen_ai.usage.input_tokens",),
    "output": ("gen_ai.usage.output_tokens",),
    "cache_read": ("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
    "cache_write": (
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
    ),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
}
"""Count -> names of the attribute, of which the first that is given holds."""
OPERATION = "gen_ai.operation.name"
MODELS = ("gen_ai.response.model", "gen_ai.request.model")


class CopilotOtel:
    """Collect what Copilot CLI exports to files."""

    name = "copilot-otel"
    agent = SOURCE
    kind: Literal["lines"] = "lines"

    def claims(self, file: LogFile) -> bool:
        """Say whether a file holds exported spans of Copilot, by name and head."""
        is_export = OPERATION.encode() in file.head and b'"github.copilot' in file.head
        is_enveloped = b'"resourceSpans"' in file.head  # as a collector of OpenTelemetry writes it
        return file.name.endswith(".jsonl") and is_export and not is_enveloped

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """The folder beside the sessions, and the file that `COPILOT_OTEL_FILE_EXPORTER_PATH` names."""
        usual = folder_of(environ, home, "COPILOT_HOME", ".copilot") / FOLDER
        elsewhere = folder_of(environ, home, FILE, "")
        is_elsewhere = bool(environ.get(FILE, "").strip()) and usual not in elsewhere.parents
        more = [Place(elsewhere.parent, (elsewhere.name,))] if is_elsewhere else []
        return [Place(usual, (PATTERN,)), *more]

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield the calls of a file in their order."""
        for found in rows_in(reader, decode):
            if isinstance(found, Issue):
                yield found
                continue
            line, span = found
            try:
                yield from _call(span)
            except BadField as fault:
                yield Issue(reader.file.path, line, f"{fault} The span is not counted; restore it.")


def _call(span: Span) -> Iterator[UsageEvent]:
    """The call that a span tells, if it tells one.

    Raises:
        BadField: It cannot be counted.
    """
    said = object_of(span.attributes, "attributes", (name for names in SPELLINGS.values() for name in names))
    if said.get(OPERATION) != "chat":
        return
    counts = counts_of({name: _first(said, names) for name, names in SPELLINGS.items()}, COUNTS, "inclusive")
    if counts is None:
        return
    trace, ident = id_of(span.trace), id_of(span.span)
    own = id_of(said.get("gen_ai.response.id")) or (f"{trace}:{ident}" if trace and ident else None)
    cost = credit_cost(number(said.get("github.copilot.nano_aiu"), set()) or 0)
    yield UsageEvent(
        when=moment(span.start),
        source=SOURCE,
        provider=PROVIDER,
        model=name_of(_first(said, MODELS)) or "unknown",
        tokens=counts.tokens,
        key=own and f"{SOURCE}:{own}",
        unsplit=counts.unsplit,
        cost=cost,
        cost_kind="estimated" if cost else None,
        session=name_of(said.get(CONVERSATION)),
        flags=counts.flags,
    )


def _first(values: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)
