"""Read the token counts of a record into disjoint classes, by its names' family and the sum test.

Source: the usage objects of Anthropic's Messages API, of OpenAI's Chat Completions and Responses APIs and of
xAI's chat completions, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from vaultsync.collectors.values import BadField, count
from vaultsync.model import TOKEN_CLASSES, TokenCounts

Family = Literal["disjoint", "exclusive", "inclusive"]
"""How the prompt count relates to the cached ones. `disjoint`: our own names, cached tokens are never in it.
`exclusive` (Anthropic's names) and `inclusive` (OpenAI's): by default, unless the total shows otherwise."""

COUNTS = (
    "input",
    "output",
    "total",
    "cache_writes",
    *(n for n in TOKEN_CLASSES if n not in ("input", "output")),
)
"""Fields that hold token counts."""


class Found(NamedTuple):
    """The raw values of a record by field, and how its prompt count is meant."""

    values: dict[str, object]
    family: Family = "disjoint"


def label(field: str) -> str:
    """Name of a field in a message: `output tokens`, `timestamp`."""
    if field in COUNTS:
        return f"{field.replace('_', ' ')} tokens"
    return {"when": "timestamp"}.get(field, field.replace("_", " "))


class Split(NamedTuple):
    """Token counts of a record, made disjoint."""

    tokens: TokenCounts
    unsplit: int = 0
    flags: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def split(found: Found, *, separators: bool = False) -> Split:
    """Read the token counts of a record into disjoint classes.

    A stated total decides whether the prompt count holds the cached tokens (not under our own names, where it
    never does) and whether reasoning is outside the output count; a total that fits no reading is flagged and
    otherwise let be. A total alone is `unsplit`.

    Args:
        separators: Accept `1,500`.

    Raises:
        BadField: A count is bad, or input or output is missing and no total makes up for it.
    """
    given = {
        name: count(found.values[name], label(name), separators=separators)
        for name in COUNTS
        if name != "total" and name in found.values
    }
    total, remarks = _total(found.values, given, separators)
    if not given and total is not None:
        return Split(TokenCounts(), total, ("total_only",))
    flags = ["bad_count"] if remarks else []
    lifetimes = sum(given.get(f"cache_write_{life}", 0) for life in ("5m", "30m", "1h", "12h"))
    if "cache_writes" in given:
        rest = given.pop("cache_writes") - lifetimes
        given["cache_write"] = given.get("cache_write", 0) + max(0, rest)
        flags += ["split_mismatch"] if rest < 0 else []
    _complete(given, total, lifetimes, found.family)
    prompt, output, reasoning = given["input"], given["output"], given.get("reasoning", 0)
    beside = given.get("cache_read", 0) + given.get("cache_write", 0) + lifetimes
    inclusive, outside, fits = _reading(
        found.family, prompt, beside, given.get("cache_read", 0), output, reasoning, total
    )
    given["input"] = max(0, prompt - beside) if inclusive else prompt
    given["output"] = output + reasoning if outside else output
    if inclusive and beside > prompt:
        flags.append("negative_class")
    tokens = _bounded(TokenCounts(**given))
    if not fits:
        flags.append("total_mismatch")
        remarks.append(
            f"total tokens is {total:,}, but its parts add up to {tokens.total:,}. The parts count."
        )
    return Split(tokens, 0, tuple(flags), tuple(remarks))


def _total(
    values: Mapping[str, object], given: Mapping[str, int], separators: bool
) -> tuple[int | None, list[str]]:
    """The stated total; a bad one is only remarked where the parts are known."""
    if "total" not in values:
        return None, []
    try:
        return count(values["total"], label("total"), separators=separators), []
    except BadField as error:
        if "input" in given and "output" in given:
            return None, [f"{error} The parts count."]
        raise


def _complete(given: dict[str, int], total: int | None, lifetimes: int, family: Family) -> None:
    """Fill in input or output where the total tells it: embeddings have no output."""
    missing = [name for name in ("input", "output") if name not in given]
    if not missing:
        return
    known = given.get("input", 0) + given.get("output", 0)
    if family != "inclusive":
        known += given.get("cache_read", 0) + given.get("cache_write", 0) + lifetimes
    if len(missing) == 2 or total is None or total < known:
        what = "token counts" if len(missing) == 2 and len(given) == 0 else f"{missing[0]} tokens"
        raise BadField(f"{what} are missing.")
    given[missing[0]] = total - known


def _reading(
    family: Family, prompt: int, beside: int, read: int, output: int, reasoning: int, total: int | None
) -> tuple[bool, bool, bool]:
    """Say how counts are meant: (cached inside the prompt, reasoning outside output, the total fits)."""
    inclusive = family == "inclusive" and read <= prompt
    outside = reasoning > output
    if total is None:
        return inclusive, outside, True
    kinds = (inclusive,) if family == "disjoint" else (inclusive, not inclusive)
    for inside in kinds:
        if inside and beside > prompt:
            continue
        for out in (outside,) if outside else (False, True):
            if total == prompt + output + (0 if inside else beside) + (reasoning if out else 0):
                return inside, out, True
    return inclusive, outside, False


def _bounded(tokens: TokenCounts) -> TokenCounts:
    """Keep parts within what they are parts of."""
    if not (tokens.input_audio or tokens.output_audio or tokens.cache_read_audio):
        return tokens
    counts = {name: getattr(tokens, name) for name in TOKEN_CLASSES}
    for part, whole in (
        ("input_audio", "input"),
        ("output_audio", "output"),
        ("cache_read_audio", "cache_read"),
    ):
        counts[part] = min(counts[part], counts[whole])
    return TokenCounts(**counts)
