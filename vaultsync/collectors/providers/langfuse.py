"""Read the observations that Langfuse exports or its API returns: those of models and embeddings.

    {"id", "project_id", "type": "GENERATION", "start_time": "2026-02-10 09:00:00.000000",
     "provided_model_name", "session_id", "latency", "total_cost",
     "usage_details": {"input": 4, "input_cached_tokens": 54161, "input_cache_creation_5m": 1200,
                       "output": 812, "total": 56177}}

Facts of the formats. The API writes the same in camel case; in CSV the maps are JSON in a cell. Times without
a zone are UTC. Anybody may make up keys of `usage_details`, so they are read by the words in them. By custom
they do not overlap and `total` is their sum; where `total` is that of `input` and `output` alone, those hold
the others. The cost is by Langfuse's price list, or what the program sent. Who serves a model is told by its
name at most.

Source: exports of observations to blob storage, and `GET /api/public/observations`, read in November 2026.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import Shape, getter, scaled
from vaultsync.collectors.outline import first_record, head_of
from vaultsync.collectors.providers.responses.openai import maker_of
from vaultsync.collectors.reading import LogFile
from vaultsync.collectors.records import Repeated, json_object
from vaultsync.collectors.tables import CsvTable, JsonTable
from vaultsync.collectors.values import BadField, count, is_zero

NAMES = ("usage_details", "usageDetails")
TYPES = ("GENERATION", "EMBEDDING")
"""Kinds of observations that have usage of their own."""
MODEL = getter(("provided_model_name", "providedModelName", "model"))


def _provider(record: Mapping[str, Any]) -> str | None:
    return maker_of(str(MODEL(record)).lower())


SHAPE = Shape(
    {
        "when": ("start_time", "startTime"),
        "id": "id",
        "session": ("session_id", "sessionId"),
        "project": ("project_id", "projectId"),
        "model": MODEL,
        "provider": _provider,
        "duration_ms": scaled("latency", 3),
        "cost": ("total_cost", "totalCost", "calculatedTotalCost"),
    },
    {"cost_kind": "estimated"},
)
INSIDE = {"input": ("input_audio", "input_other"), "output": ("reasoning", "output_audio", "output_other")}
"""Class -> counts that lie inside it, or beside it, depending on the total."""


class _Observations:
    """What all forms share."""

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for anything but calls of models that used something."""
        return str(record.get("type")).upper() in TYPES and not all(map(is_zero, _details(record).values()))

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """The call, with its counts made disjoint."""
        found = SHAPE.find(record)
        if is_zero(found.values.get("cost")):
            found.values.pop("cost", None)
        details = _details(record)
        if isinstance(details, Repeated):
            raise BadField("a count stands twice in the usage details.")
        counts, flags = disjoint(details)
        if str(record.get("type")).upper() == "EMBEDDING":
            counts.setdefault("output", 0)
        found.values.update(counts)
        return (found._replace(flags=flags),)


class Langfuse(_Observations, JsonTable):
    """Observations line by line or in an array."""

    name = "langfuse"
    way = ""

    def claims(self, file: LogFile) -> bool:
        """True when the first record has usage under either name."""
        first = first_record(head_of(file))
        return any(first.shows(f"{self.way}{name}") for name in NAMES)


class LangfusePages(Langfuse):
    """Observations in pages of the API."""

    name = "langfuse-pages"
    source = Langfuse.name
    records = "data[]"
    way = "data[]."


class LangfuseCsv(_Observations, CsvTable):
    """Observations as CSV."""

    name = "langfuse-csv"
    source = Langfuse.name
    signs = ("usage_details", "start_time")


def _details(record: Mapping[str, Any]) -> dict[str, Any]:
    return json_object(next((record[name] for name in NAMES if record.get(name)), None))


def class_of(key: str) -> str:
    """The class of tokens that a key of the usage details stands for, by the words in it."""
    name = key.lower()
    side = "output" if "output" in name or "completion" in name else "input"
    if name.startswith("total"):
        return "total"
    if "cache" in name and ("creation" in name or "write" in name):
        lifetime = next((life for life in ("5m", "30m", "1h", "12h") if f"_{life}" in name), "")
        return f"cache_write_{lifetime}" if lifetime else "cache_write"
    if "cache" in name:
        return "cache_read"
    if "audio" in name:
        return f"{side}_audio"
    if "reasoning" in name:
        return "reasoning"
    return side if name in (side, f"{side}_tokens", "prompt_tokens", "completion_tokens") else f"{side}_other"


def disjoint(details: Mapping[str, object]) -> tuple[dict[str, object], tuple[str, ...]]:
    """Make counts of usage details disjoint: the counts, and flags.

    Raises:
        BadField: One of them is no count.
    """
    given: Counter[str] = Counter()
    for key, value in details.items():
        if value is not None and value != "":
            given[class_of(key)] += count(value, f"'{class_of(key)}' tokens")
    total = given.pop("total", None)
    if not given:
        return {"total": total}, ()
    beside = sum(n for name, n in given.items() if name.startswith("cache"))
    inside, apart, fits = _reading(given, beside, total)
    counts: dict[str, object] = {name: n for name, n in given.items() if not name.endswith("_other")}
    for side in INSIDE:
        if side in given or total is not None:
            counts[side] = given[side] + (_sum(given, side) if apart[side] else 0)
    if inside:
        counts["input"] = max(0, given["input"] - beside)
    flags = () if fits else ("total_mismatch",)
    return counts, (*flags, *(("negative_class",) if inside and beside > given["input"] else ()))


def _reading(given: Counter[str], beside: int, total: int | None) -> tuple[bool, dict[str, bool], bool]:
    """How counts are meant: the cached inside the input; side -> its parts beside it; the total fits."""
    parts, more = _sum(given, "input"), _sum(given, "output")
    for inside, of_input, of_output in (
        *((False, True, True), (True, False, False)),
        *((False, True, False), (False, False, True), (False, False, False), (True, False, True)),
    ):
        told = given["input"] + given["output"] + (0 if inside else beside)
        if total in (None, told + of_input * parts + of_output * more):
            return inside, {"input": of_input, "output": of_output}, True
    return False, {"input": True, "output": True}, False


def _sum(given: Counter[str], side: str) -> int:
    return sum(given[name] for name in INSIDE[side])
