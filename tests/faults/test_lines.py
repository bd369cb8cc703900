"""A few thousand damaged lines of every collector; `python -m tests.faults lines` damages any number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults import lines, specimens
from tests.faults.damaging import Bench
from tests.faults.kinds import stumbles
from tests.faults.lines import damage
from tests.faults.specimens import Specimen
from vaultsync.collectors import loading
from vaultsync.collectors.reading import Reader
from vaultsync.model import Finding, Issue

NAMES = [one.name for one in specimens.specimens()]
DAMAGED = 60


def test_every_collector_has_a_specimen() -> None:
    known = {one.collector.name for one in specimens.specimens()}
    assert known >= {each.name for each in loading.load()[0]}


@pytest.mark.parametrize("name", NAMES)
def test_no_damage_breaks_a_promise(name: str) -> None:
    (tally,) = damage([name], 0, range(DAMAGED)).values()
    assert not tally.broken and tally.lines == DAMAGED


class Careless:
    """A collector that is what a collector must not be."""

    name = "careless"
    kind = "lines"

    def __init__(self, sound: Specimen, fault: str) -> None:
        self._sound, self._fault = sound.collector, fault
        self.claims, self.places = self._sound.claims, self._sound.places

    def collect(self, reader: Reader) -> Iterator[Finding]:
        """Yield what a careful one finds, but for one thing."""
        found = list(self._sound.collect(reader))
        bad = [finding for finding in found if isinstance(finding, Issue) and finding.rejected]
        if bad and self._fault == "raises":
            raise ValueError
        if self._fault == "stops" and bad:
            found = [*bad]
        if self._fault == "is silent":
            found = [finding for finding in found if not isinstance(finding, Issue)]
        if self._fault == "quotes":
            found = [replace(f, text="it says SECRET.") if isinstance(f, Issue) else f for f in found]
        if self._fault == "miscounts" and bad:
            found = [f._replace(requests=-1) if not isinstance(f, Issue) else f for f in found]  # type: ignore[union-attr]
        yield from found


@pytest.mark.parametrize("fault", ["raises", "stops", "is silent", "quotes", "miscounts"])
def test_a_careless_collector_is_found_out(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (sound,) = (one for one in specimens.specimens() if one.name == "aider")
    careless: Any = replace(sound, collector=Careless(sound, fault))
    monkeypatch.setattr(lines, "specimens", lambda: (careless,))
    (tally,) = damage(["aider"], 0, range(DAMAGED)).values()
    assert tally.broken


def test_a_broken_promise_can_be_repeated(tmp_path: Path) -> None:
    first, again = (damage(["events.csv"], 7, range(40)) for _ in range(2))
    assert [t.rejected for t in first.values()] == [t.rejected for t in again.values()]


@pytest.mark.parametrize("name", NAMES)
def test_a_value_of_another_kind_in_any_place_costs_its_record_at_most(name: str, tmp_path: Path) -> None:
    (specimen,) = (one for one in specimens.specimens() if one.name == name)
    assert list(stumbles(Bench(specimen, tmp_path), kinds=2)) == []
