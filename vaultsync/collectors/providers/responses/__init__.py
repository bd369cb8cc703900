"""Read saved answers of model APIs, as they came or inside the records of a log or a batch.

Each record is read by the API that it is from, so a log may hold answers of several. Facts that all share: an
answer is known by the id that its provider gave it, so a gateway's log or a transcript that holds the same id
tells of the same call; one that is streamed in pieces repeats its id, and the largest counts are true. Where
neither the answer nor what stands around it tells a time, that of the file is taken and flagged. Answers
without usage, errors, and whatever stands between them say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vaultsync.collectors.aliases import is_usage
from vaultsync.collectors.answers import WRAPPERS, api_of, shows_answer
from vaultsync.collectors.families import Found
from vaultsync.collectors.fields import at
from vaultsync.collectors.outline import First, first_record, head_of
from vaultsync.collectors.providers.responses import anthropic, gemini, ollama, openai
from vaultsync.collectors.providers.responses.common import TIMES
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.tables import JsonTable, is_lines
from vaultsync.collectors.values import BadField

LOOKED_AT = 20
"""Lines of the head among which an answer must be."""
LOOKS = {
    "anthropic": anthropic.look,
    "chat": openai.chat,
    "responses": openai.response,
    "gemini": gemini.look,
    "ollama": ollama.look,
}
"""API -> how its answers are read."""
API = "^api"
"""Where a record holds the name of its API."""
USAGES = ("usage", "usageMetadata", "usage_metadata")
"""Names of the object with the counts."""
COUNTS = ("eval_count", "prompt_eval_count")
"""Names of counts where there is no such object."""


class Responses(JsonTable):
    """Answers line by line."""

    name = "responses"
    wrappers = WRAPPERS

    def claims(self, file: LogFile) -> bool:
        """True when one of the first lines holds an answer, and none before it a home-made event."""
        told = (_is_ours(first) for first in _first_lines(file) if _is_telling(first))
        return is_lines(file) and next(told, False)

    def is_counted(self, record: Mapping[str, Any]) -> bool:
        """False for what is no answer, or one without usage."""
        return record.get(API) is not None and _has_usage(record)

    def unwrapped(self, record: dict[str, Any]) -> dict[str, Any]:
        """The answer inside a record, unless the record is one itself; it knows its API from then on."""
        api = api_of(record)
        if api is None and (inner := super().unwrapped(record)) is not record:
            record, api = inner, api_of(inner)
        record[API] = api
        return record

    def beside(self, reader: Reader) -> dict[str, Any]:
        """When the file was last written."""
        return {"modified": reader.last_modified_ns}

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """The call that an answer tells of, and the calls inside it."""
        has_time = any(at(record, path) is not None for path in TIMES)
        for found in LOOKS[record[API]](record):
            yield found if has_time else found._replace(flags=(*found.flags, "assumed_date"))


class ResponseFiles(Responses):
    """Answers that are printed over several lines, one or more to a file, or stand in an array."""

    name = "response-files"
    source = Responses.name
    kind = "store"

    def claims(self, file: LogFile) -> bool:
        """True when the first record of a file that does not consist of lines is an answer."""
        return not is_lines(file) and _is_ours(first_record(head_of(file)))

    def look(self, record: Mapping[str, Any]) -> Iterable[Found]:
        """The same, but for an answer that could not be known again when the file is written anew."""
        for found in super().look(record):
            if "response" not in found.values and "assumed_date" in found.flags:
                raise BadField("the answer tells neither its id nor a time.")
            yield found


def _first_lines(file: LogFile) -> Iterator[First]:
    for line in head_of(file).split("\n", LOOKED_AT)[:LOOKED_AT]:
        yield first_record(line)


def _is_telling(first: First) -> bool:
    return _is_ours(first) or is_usage(first.leaves)


def _is_ours(first: First) -> bool:
    """False, too, for the log of a gateway that itself says what the answers in it used."""
    if shows_answer(first):
        return True
    return any(shows_answer(first, wrapper) for wrapper in WRAPPERS) and not is_usage(first.leaves)


def _has_usage(record: Mapping[str, Any]) -> bool:
    has_counts = any(record.get(name) is not None for name in COUNTS)
    return has_counts or any(isinstance(record.get(name), dict) for name in USAGES)
