"""Read the token counts of a record into disjoint classes, by its family's rule and the sum test.

| family | prompt count | cached tokens | reasoning | of |
|---|---|---|---|---|
| `disjoint` | without cached tokens, whatever the total says | beside it | inside output | our own names |
| `exclusive` | without cached tokens | beside it | inside output | Anthropic, Bedrock |
| `inclusive` | with cached tokens | a part of it | inside output | OpenAI and its likes, Ollama |
| `outside` | with cached tokens | a part of it | beside output | Gemini, xAI |

A stated total overrules the last three where it fits only the other reading.

Source: the usage objects of Anthropic's Messages API, of OpenAI's Chat Completions and Responses APIs, of the
Gemini API and of xAI's chat completions, read in November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from vaultsync.collectors.values import BadField, count
from vaultsync.model import MAX_COUNT, TOKEN_CLASSES, TokenCounts

Family = Literal["disjoint", "exclusive", "inclusive", "outside"]
"""How the counts of a record relate to each other; see the table above."""

PARTS = ("input", "output", "cache_writes", *(n for n in TOKEN_CLASSES if n not in ("input", "output")))
"""Fields that hold token counts which add up; `cache_writes` is the sum over all lifetimes."""
COUNTS = (*PARTS[:2], "total", *PARTS[2:])
"""Fields that hold token counts."""
_AUDIO = (("input_audio", "input"), ("output_audio", "output"), ("cache_read_audio", "cache_read"))
"""Counts that cannot be larger than what they are parts of."""


class Found(NamedTuple):
    """The raw values of a record by field, and how its counts are meant."""

    values: dict[str, object]
    family: Family = "disjoint"
    flags: tuple[str, ...] = ()
    """What is known to be amiss with every record of the format, such as `cache_unknown`."""


def is_given(value: object) -> bool:
    """Say whether a value of a record tells anything that a field could hold."""
    return not (value is None or value == "" or isinstance(value, _NESTED))


_NESTED = (dict, list)


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
    values = found.values
    given: dict[str, int] = {}
    for name in PARTS:
        if name in values:
            value = values[name]
            given[name] = (
                value
                if type(value) is int and 0 <= value <= MAX_COUNT
                else count(value, label(name), separators=separators)
            )
    total, flags, remarks = _total(values, given, separators) if "total" in values else _NO_TOTAL
    if not given and total is not None:
        return Split(TokenCounts(), total, ("total_only",))
    get = given.get
    lifetimes = get("cache_write_5m", 0) + get("cache_write_30m", 0)
    lifetimes += get("cache_write_1h", 0) + get("cache_write_12h", 0)
    if "cache_writes" in given:
        rest = given.pop("cache_writes") - lifetimes
        given["cache_write"] = get("cache_write", 0) + max(0, rest)
        flags += ("split_mismatch",) if rest < 0 else ()
    if "input" not in given or "output" not in given:
        _complete(given, total, lifetimes, found.family)
    prompt, output, reasoning, read = (
        given["input"],
        given["output"],
        get("reasoning", 0),
        get("cache_read", 0),
    )
    beside = read + get("cache_write", 0) + lifetimes
    inside, outside, fits = _reading(found.family, prompt, beside, read, output, reasoning, total)
    if inside:
        given["input"] = max(0, prompt - beside)
        flags += ("negative_class",) if beside > prompt else ()
    if outside:
        given["output"] = output + reasoning
    for part, whole in _AUDIO:
        if part in given:
            given[part] = min(given[part], get(whole, 0))
    tokens = TokenCounts(**given)
    if not fits:
        flags += ("total_mismatch",)
        text = f"total tokens is {total:,}, but its parts add up to {tokens.total:,}. The parts count."
        remarks += (text,)
    return Split(tokens, 0, flags, remarks)


_Total = tuple[int | None, tuple[str, ...], tuple[str, ...]]
_NO_TOTAL: _Total = (None, (), ())


def _total(values: Mapping[str, object], given: Mapping[str, int], separators: bool) -> _Total:
    """The stated total, flags, remarks; a bad one is only remarked where the parts are known."""
    try:
        return count(values["total"], label("total"), separators=separators), (), ()
    except BadField as error:
        if "input" in given and "output" in given:
            return None, ("bad_count",), (f"{error} The parts count.",)
        raise


def _complete(given: dict[str, int], total: int | None, lifetimes: int, family: Family) -> None:
    """Fill in input or output where the total tells it: embeddings have no output."""
    missing = [name for name in ("input", "output") if name not in given]
    known = given.get("input", 0) + given.get("output", 0)
    if family in ("disjoint", "exclusive"):
        known += given.get("cache_read", 0) + given.get("cache_write", 0) + lifetimes
    if len(missing) == 2 or total is None or total < known:
        what = "token counts" if len(missing) == 2 and len(given) == 0 else f"{missing[0]} tokens"
        raise BadField(f"{what} are missing.")
    given[missing[0]] = total - known


def _reading(
    family: Family, prompt: int, beside: int, read: int, output: int, reasoning: int, total: int | None
) -> tuple[bool, bool, bool]:
    """Say how counts are meant: (cached inside the prompt, reasoning outside output, the total fits)."""
    inside = family in ("inclusive", "outside") and read <= prompt
    outside = reasoning > output or (family == "outside" and reasoning > 0)
    if total is None:
        return inside, outside, True
    for cached in (inside,) if family == "disjoint" else (inside, not inside):
        if cached and beside > prompt:
            continue
        for apart in (outside,) if reasoning > output else (outside, not outside):
            if total == prompt + output + (0 if cached else beside) + (reasoning if apart else 0):
                return cached, apart, True
    return inside, outside, False
