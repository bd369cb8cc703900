"""Read logs of flat events: one call per JSON line, CSV line, or element of a JSON array.

    {"timestamp": "2026-01-07T14:30:00Z", "model_provider": "anthropic", "model_name": "claude-opus-4-5",
     "input_tokens": 15000, "output_tokens": 3000, "total_tokens": 18000}

and optionally `id, session_id, action_type, action_name, project, branch, cost_usd, cache_read_tokens,
cache_write_tokens, cache_write_5m_tokens, cache_write_30m_tokens, cache_write_1h_tokens,
cache_write_12h_tokens, reasoning_tokens, input_audio_tokens, output_audio_tokens, web_search_requests, mode`
(or `service_tier`) and `region`; in JSON also `outcomes`, an object of counted results. Under these names the
token classes are disjoint; other spellings are in `aliases.ALIASES`. Any other name, `note` above all, is
neither kept nor shown.

Facts of the format. A `total_tokens` that differs from the sum is reported, and the parts count. A total
alone cannot be priced and is kept as `unsplit`. A stated cost is an estimate unless `cost_kind` says `billed`
or `charged`. A mere date as time makes a bucket of one day. Lines and arrays give events of the same source,
so a log that was re-formatted counts once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

from vaultsync.collectors.aliases import find, is_usage
from vaultsync.collectors.answers import shows_answer
from vaultsync.collectors.cells import Header, csv_lines, header
from vaultsync.collectors.events import Origin, events
from vaultsync.collectors.families import COUNTS, Found
from vaultsync.collectors.outline import BLANK, Lines, first_record, head_of
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.records import Repeated, json_document, json_lines, json_values
from vaultsync.collectors.registry import Place
from vaultsync.model import Finding, Issue

SOURCE = "flat-events"
LISTS = ("data", "results", "items", "events", "records", "entries")
"""Keys under which a JSON object may hold the list of its events."""
EXPORTS = frozenset(
    {
        *("num_model_requests", "applied_cost_per_quantity", "usage_details", "usageDetails", "schemaType"),
        *("model_permaslug", "custom_llm_provider"),
        *("usageScope", "projectHash", "authType", "Input (w/ Cache Write)", "modelUsage", "ledger_event"),
    }
)
"""Names of exports of providers and Cursor, and of what some agents write, in which known names mean
something else: an `input_tokens` that includes the cached ones, an `input` that is the prompt. Whoever reads
such an export has a collector of its own, as have the answers of model APIs."""
OUTCOMES = "outcomes"
"""Key of an object of counted results: `{"poems": 2}`."""
LOOKED_AT = 20
"""Lines of the head among which the first good one must be."""


class _Flat:
    """What both collectors of flat events share."""

    def __init__(self, default_model: str | None = None, default_provider: str | None = None) -> None:
        self._model, self._provider = default_model, default_provider

    def places(self, environ: Mapping[str, str], home: Path) -> Sequence[Place]:
        """Nowhere in particular."""
        return ()

    def _origin(self, reader: Reader) -> Origin:
        return Origin(SOURCE, reader.zone, reader.now_ns, model=self._model, provider=self._provider)


class FlatEvents(_Flat):
    """Flat events as JSON lines, or as CSV with a header."""

    name = SOURCE
    kind: Literal["lines", "document"] = "lines"

    def claims(self, file: LogFile) -> bool:
        """True when one of the first lines is a JSON record or a CSV header with a time and a token count."""
        return _shape(file) is not None

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield an event per line, in order."""
        origin = self._origin(reader)
        shape = _shape(reader.file)
        for found in csv_lines(reader, shape) if isinstance(shape, Header) else json_lines(reader):
            if isinstance(found, Issue):
                yield found
            else:
                number, record = found
                yield from events(record, number, reader, origin, _look, OUTCOMES)


class FlatArray(_Flat):
    """Flat events as one JSON array, as an object that holds such a list, or as pretty-printed objects."""

    name = "flat-array"
    source = SOURCE
    kind: Literal["lines", "document"] = "document"

    def claims(self, file: LogFile) -> bool:
        """True when the first record of the document has a time and a token count."""
        first = first_record(head_of(file))
        if shows_answer(first):
            return False
        if first.opening == "[":
            return is_event(first.leaves)
        lists = [
            {n.removeprefix(f"{key}[].") for n in first.leaves if n.startswith(f"{key}[].")} for key in LISTS
        ]
        return any(map(is_event, lists)) or (is_event(first.leaves) and _shape(file) is None)

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield an event per element, in order."""
        origin = self._origin(reader)
        values, text = json_document(reader)
        lines = Lines(text)
        for path, record in _elements(values):
            if isinstance(record, Repeated) and not record.repeated.isdisjoint(LISTS):
                text = "the list of events stands twice in the object. Join them, or remove one."
                yield Issue(reader.file.path, lines.of(path), text)
            elif isinstance(record, dict):
                yield from events(record, partial(lines.of, path), reader, origin, _look, OUTCOMES)
            else:
                yield Issue(reader.file.path, lines.of(path), "the element is not an object. Remove it.")


def _look(record: Mapping[str, Any]) -> tuple[Found]:
    return (find(record),)


def is_event(names: frozenset[str] | set[str]) -> bool:
    """Say whether names are those of one flat event, not of a day with its runs or of somebody's export."""
    outer = {name.partition(".")[0].removesuffix("[]") for name in names}
    return is_usage(names) and outer.isdisjoint({"runs", "totals"} | EXPORTS)


def _shape(file: LogFile) -> Header | Literal["json"] | None:
    """How the lines of a file are written, by its head; None when it does not consist of lines of events."""
    if file.name.lower().endswith((".md", ".markdown")):
        return None  # prose may quote a log
    for number, line in enumerate(head_of(file).split("\n", LOOKED_AT)[:LOOKED_AT], 1):
        bare = line.strip(BLANK)
        if bare.startswith("["):
            return None
        if bare.startswith("{"):
            if bare.endswith(("{", "[", ",")):  # printed over several lines
                return None
            first = first_record(bare)
            names = first.leaves
            if not EXPORTS.isdisjoint(names) or shows_answer(first):
                return None
            if is_event(names) and _counts(bare):
                return "json"
        elif (head := header(line.rstrip("\r"), number)) and is_event(set(head.names)):
            return head
    return None


def _counts(line: str) -> bool:
    """False when only prose stands under `input` and `output`; damaged lines are let pass."""
    try:
        (record,) = json_values(line)
        values = find(record).values
    except ValueError:
        return True
    counted = [values[name] for name in COUNTS if name in values]
    return any(not isinstance(value, str) or value.strip().isdigit() for value in counted)


def _elements(values: list[Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The records of a document, each with its path."""
    for root, value in enumerate(values):
        if isinstance(value, dict):
            held = next((key for key in LISTS if isinstance(value.get(key), list)), None)
            if held is None or (isinstance(value, Repeated) and held in value.repeated):
                yield (root,), value
            else:
                yield from (((root, held, n), element) for n, element in enumerate(value[held]))
        elif isinstance(value, list):
            yield from (((root, n), element) for n, element in enumerate(value))
        else:
            yield (root,), value
