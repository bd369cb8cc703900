"""Damage the ledger anywhere: a run ends with the right figures or with 1, and a rebuild makes them right.

Between the damage and the rebuild logs grow and documents are edited, as they are in life.
"""

from __future__ import annotations

import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from tests.faults import scene as scenes
from tests.faults import warm
from tests.faults.acts import calamities
from tests.faults.limits import limited
from tests.faults.scene import TODAY, Done, Scene

REPORT = ("report", "--json", "--since", "2026-01-01", "--until", "2026-01-31", "--by", "model,project")
COLLECT = ("collect", "-q")
PAGE = 4096
SECONDS = 30
"""Of processor time, in which a run ends."""
SHOWN = 60
"""Broken promises that are told."""


def bit(data: bytearray, chance: random.Random) -> None:
    """Turn one bit over."""
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def some_bytes(data: bytearray, chance: random.Random) -> None:
    """Write anything over a few bytes."""
    at, count = chance.randrange(len(data)), chance.choice([1, 2, 8, 100])
    data[at : at + count] = chance.randbytes(len(data[at : at + count]))


def digit(data: bytearray, chance: random.Random) -> None:
    """Change a byte to one near it: a letter to a letter, a small number to a small one."""
    at = chance.randrange(len(data))
    data[at] = (data[at] + chance.choice([1, 2, -1])) % 256


def zeros(data: bytearray, chance: random.Random) -> None:
    """Lose a sector, or a part of one."""
    at, count = chance.randrange(len(data)), chance.choice([16, 512, PAGE])
    at -= at % count
    data[at : at + count] = bytes(len(data[at : at + count]))


def page(data: bytearray, chance: random.Random) -> None:
    """Write anything over a page."""
    at = chance.randrange(len(data) // PAGE) * PAGE
    data[at : at + PAGE] = chance.randbytes(PAGE)


def two_pages(data: bytearray, chance: random.Random) -> None:
    """Write a page where another one belongs, as a disk does that loses its way."""
    one, other = (chance.randrange(len(data) // PAGE) * PAGE for _ in range(2))
    data[one : one + PAGE] = data[other : other + PAGE]


def cut(data: bytearray, chance: random.Random) -> None:
    """Cut the file short, anywhere."""
    del data[chance.randrange(len(data)) :]


DAMAGES = (bit, bit, bit, some_bytes, digit, digit, zeros, page, two_pages, cut)
"""Ways to change some bytes; small changes, which are hard to see, are the commonest."""


class Life(NamedTuple):
    """What goes on in the logs, before the damage and after it."""

    name: str
    go_on: Callable[[Scene], None]


def _nothing(scene: Scene) -> None:
    """All stays as it is."""


def _new_calls(scene: Scene) -> None:
    scene.log("calls.jsonl", [scenes.call(TODAY, hour) for hour in range(8, 12)])
    scene.log("known.jsonl", [scenes.call(TODAY, hour, id=f"today{hour}") for hour in range(8, 12)])


def _edited(scene: Scene) -> None:
    document(scene, 6, 100, 200, 333)
    table(scene, [100, 200, 303])


LIVES = (Life("nothing", _nothing), Life("new calls", _new_calls), Life("edited", _edited))


def document(scene: Scene, day: int, *counts: int) -> None:
    """A day with a run for each number of tokens, and results."""
    runs = [
        {
            "timestamp": f"2026-01-{day:02}T09:{minute:02}:00Z",
            "run_type": "manual",
            "model": "claude-opus-4-5",
            "provider": "anthropic",
            "tokens": {"input": count, "output": minute},
            "metrics": {"poems": minute + 1},
        }
        for minute, count in enumerate(counts)
    ]
    told = {"date": f"2026-01-{day:02}", "runs": runs}
    scene.write(f"../logs/day-{day}.json", json.dumps(told).encode())


def table(scene: Scene, counts: list[int]) -> None:
    """A table of calls that a person may edit."""
    rows = ["timestamp,model_provider,model_name,input_tokens,output_tokens,project"]
    rows += [f"2026-01-05T1{n}:00:00Z,openai,gpt-5.1,{count},{n},poems" for n, count in enumerate(counts)]
    scene.write("../logs/table.csv", ("\n".join(rows) + "\n").encode())


def build(root: Path) -> Scene:
    """A scene with calls with and without an id, documents, a table, results and stated costs."""
    scene = scenes.build(root)
    for day in range(5, 9):
        scene.log("known.jsonl", (_known(day, number) for number in range(40)))
        document(scene, day, 100, 200, 300, *range(day, day + 20))
    table(scene, [100, 200, 300])
    return scene


def _known(day: int, number: int) -> Mapping[str, Any]:
    more: dict[str, Any] = {"id": f"{day}-{number}", "project": f"p{number % 5}"}
    if number % 7 == 0:
        more |= {"cost_usd": "0.25", "outcomes": {"poems": 3}}
    return scenes.call(f"2026-01-{day:02}", number % 24, **more)


class Ground(NamedTuple):
    """A scene with a whole ledger, and what is right for each life after it."""

    scene: Scene
    saved: Path
    right: dict[str, str]

    @classmethod
    def build(cls, folder: Path) -> Ground:
        scene, saved = build(folder / "scene"), folder / "saved"
        for arguments in (COLLECT, REPORT, ("ledger", "check"), ("ledger", "rebuild"), ("daily",)):
            if (done := warm.learn(scene, arguments)).code:
                raise AssertionError(f"{arguments} ends with {done.code}: {done.said}")
        scene.save(saved)
        right = {}
        for life in LIVES:
            scene.restore(saved)
            life.go_on(scene)
            warm.run(scene, COLLECT)
            right[life.name] = warm.run(scene, REPORT).said
        scene.restore(saved)
        alone = _figures(warm.run(scene, REPORT).said)
        if len({*right.values()}) != len(LIVES) or alone != _figures(right["nothing"]):
            raise AssertionError("a report without damage is not what it must be")
        return cls(scene, saved, right)

    def round(self, seed: str) -> tuple[str, list[str]]:
        """Damage the ledger once; what was met, and what was broken."""
        chance = random.Random(seed)
        self.scene.restore(self.saved)
        damage, life = chance.choice(DAMAGES), chance.choice(LIVES)
        data = bytearray(self.scene.ledger.read_bytes())
        before = bytes(data)
        damage(data, chance)
        if data == before:
            return "no change", []
        self.scene.ledger.write_bytes(data)
        met, found = self._look(life)
        return met, [f"{seed}, {damage.__name__}, {life.name}: {each}" for each in found]

    def _look(self, life: Life) -> tuple[str, list[str]]:
        found: list[str] = []
        told = self._run(REPORT)
        found += self._wrong("the report", told, self.right["nothing"])
        life.go_on(self.scene)
        ran = self._run(COLLECT)
        found += calamities(ran)
        if ran.code not in (0, 1):
            found.append(f"collect ends with {ran.code}: {ran.said}")
        if ran.code == 0:
            after = self._run(REPORT)
            found += self._wrong("the report after the next run", after, self.right[life.name])
        checked = self._run(("ledger", "check"))
        found += calamities(checked)
        if checked.code == 0:
            if ran.code:  # a report may have met sums made ahead, which the run then made anew
                found.append(f"check finds nothing, but a run ended with 1: {ran.said}")
            return "harmless", found
        rebuilt = self._run(("ledger", "rebuild"))
        found += calamities(rebuilt)
        if rebuilt.code:
            found.append(f"rebuild ends with {rebuilt.code}: {rebuilt.said}")
        at_last = self._run(REPORT)
        found += self._wrong("the report after the rebuild", at_last, self.right[life.name], must=True)
        self._run(COLLECT)
        at_last = self._run(REPORT)
        found += self._wrong("the report at last", at_last, self.right[life.name], must=True)
        return "refused" if told.code else "found by check", found

    def _run(self, arguments: Sequence[str]) -> Done:
        """Run the program; one that looks for what can be read of a ledger must come to an end."""
        return warm.start(self.scene, arguments, limited("RLIMIT_CPU", SECONDS)).wait()

    def _wrong(self, what: str, done: Done, right: str, *, must: bool = False) -> Iterator[str]:
        yield from calamities(done)
        if done.code not in (0, 1) or (must and done.code):
            yield f"{what} ends with {done.code}: {done.said}"
        if done.code == 1 and not done.said.startswith(str(self.scene.ledger)):
            yield f"{what} ends with 1 and says {done.said}"
        if done.code == 0 and _figures(done.said) != _figures(right):
            yield f"{what} is wrong: {_difference(done.said, right)}"


def _figures(said: str) -> object:
    """What a report says but for the books of reading: events that were saved count as told once more."""
    try:
        report = json.loads(said, parse_float=str)
    except ValueError:
        return said
    del report["coverage"]["lines"], report["coverage"]["rejected"]
    return report


def _difference(said: str, right: str) -> str:
    """Where two reports differ, in a few words."""
    try:
        now, then = json.loads(said), json.loads(right)
    except ValueError:
        return said[:300]
    found = [key for key in then if now.get(key) != then[key]]
    totals = [
        f"{key} {now['totals'][key]} not {value}"
        for key, value in then["totals"].items()
        if now["totals"].get(key) != value
    ]
    return f"{', '.join(found)}: {', '.join(totals) or 'only their lines'}"


@click.command(help=__doc__)
@click.option("--rounds", "count", default=300, show_default=True)
@click.option("--seed", default="1", show_default=True)
@click.option("--only", help="One round, by its number.")
def main(count: int, seed: str, only: str | None) -> None:
    begun = time.perf_counter()
    met: Counter[str] = Counter()
    broken: list[str] = []
    with tempfile.TemporaryDirectory(prefix="rot-") as folder:
        ground = Ground.build(Path(folder))
        for number in [only] if only else range(count):
            what, found = ground.round(f"{seed}.{number}")
            met[what] += 1
            broken += found
        shutil.rmtree(ground.scene.root)
    told = ", ".join(f"{what} {number:,}" for what, number in sorted(met.items()))
    click.echo(
        f"rot: {met.total():,} damages ({told}); {len(broken)} promises broken; "
        f"{time.perf_counter() - begun:.0f} s"
    )
    for line in broken[:SHOWN]:
        click.echo(line)
    sys.exit(bool(broken))
