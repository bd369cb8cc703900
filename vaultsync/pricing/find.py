"""Find the entries that a provider and a model name mean, over all price lists, the user's first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from vaultsync.pricing.layer import Layer
from vaultsync.pricing.names import RESELLERS, candidates, maker

_Lookup = Callable[[Layer, str, str], int | None]


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry of one list, and the name by which it was found."""

    layer: Layer
    number: int
    name: str
    step: int
    """How many names were tried before."""


@dataclass(frozen=True, slots=True)
class Found:
    """The entries that may price an event, best first, or why there are none."""

    tried: tuple[str, ...]
    hits: tuple[Hit, ...] = ()
    flags: tuple[str, ...] = ()
    reason: str | None = None


def find(layers: Sequence[Layer], provider: str, model: str, day: date, *, aliases: bool = True) -> Found:
    """Look a model up.

    Args:
        layers: The list that is asked first comes first.
        provider: Its usual name, or empty where the log does not say.
        model: As logged.
        day: UTC day, for aliases.

    Returns:
        Hits of one provider. Of several lists, each replaces those after it, which are asked only for days
        that it has no block for.
    """
    written = model.strip().lower()
    if aliases and not _is_known(layers, provider, written):
        for layer in layers:
            if meant := layer.alias(written, day):
                other = find(layers, meant[1] or provider, meant[0], day, aliases=False)
                return replace(other, tried=(written, *other.tried))
    if not provider:
        return _anywhere(layers, model)
    found = _at(layers, provider, model)
    who = maker(model)
    if found.hits or provider not in RESELLERS or who in ("", provider):
        return found
    second = _at(layers, who, model)
    tried = tuple(dict.fromkeys((*found.tried, *second.tried)))
    return replace(second, tried=tried, flags=("maker_price",) if second.hits else ())


def _is_known(layers: Sequence[Layer], provider: str, name: str) -> bool:
    if provider:
        return any(layer.find(provider, name) is not None for layer in layers)
    return any(layer.named(each, name) is not None for layer in layers for each in layer.providers)


def _anywhere(layers: Sequence[Layer], model: str) -> Found:
    """Accept the model's maker, or the only provider that has it."""
    providers = dict.fromkeys(provider for layer in layers for provider in layer.providers)
    found = {provider: _at(layers, provider, model, Layer.named) for provider in providers}
    having = [provider for provider in found if found[provider].hits]
    who = maker(model)
    if who in having:
        return found[who]
    if len(having) == 1:
        return found[having[0]]
    reason = "ambiguous_provider" if having else "unknown_model"
    return Found(tuple(candidates(model, who)), reason=reason)


def _at(layers: Sequence[Layer], provider: str, model: str, look: _Lookup = Layer.find) -> Found:
    names = tuple(candidates(model, provider))
    hits: list[Hit] = []
    for layer in layers:
        for step, name in enumerate(names):
            if (number := look(layer, provider, name)) is not None:
                _insert(hits, Hit(layer, number, name, step), provider)
                break
    return Found(names, tuple(hits), reason=None if hits else "unknown_model")


def _insert(hits: list[Hit], hit: Hit, provider: str) -> None:
    """Put a hit behind those of the lists before it, unless it knows the fuller name as a model of its own.

    A user's `gpt-4o` replaces the shipped `gpt-4o`, whatever date the log adds, but not `gpt-4o-2024-05-13`,
    which the shipped list prices apart.
    """
    place = len(hits)
    for index, other in enumerate(hits):
        if hit.step < other.step and hit.layer.find(provider, other.name) not in (None, hit.number):
            place = index
            break
    hits.insert(place, hit)
