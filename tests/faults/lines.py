"""Damage log lines, documents and stores of every collector, a million times if need be.

Whatever a log holds: nothing is raised, no count is out of bounds, what is wrong is told with its file and
its line and without a word of it, the other lines of the log count as they would without it, and it takes no
time.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from multiprocessing import get_context
from pathlib import Path

import click

from tests.faults.damaging import Bench, Damage, tokens
from tests.faults.kinds import KINDS, stumbles
from tests.faults.laws import LEDGERS, LINKED, event_faults, issue_faults, name_faults
from tests.faults.specimens import Said, specimens

SECONDS = 0.5
"""Processor time that a line may take, and as much again for each quarter of a megabyte."""
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112
"""Where files cost no waiting for a disk."""


@dataclass(slots=True)
class Tally:
    """What became of the damaged lines of one specimen."""

    lines: int = 0
    counted: int = 0
    rejected: int = 0
    held: int = 0
    passed: int = 0
    """Neither counted nor told: not about usage any more."""
    slowest: float = 0.0
    broken: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add what another process found."""
        for name in ("lines", "counted", "rejected", "held", "passed"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.slowest = max(self.slowest, other.slowest)
        self.broken += other.broken


def damage(names: Sequence[str], seed: int, numbers: range) -> dict[str, Tally]:
    """Damage lines in turn, each by its number and the seed alone."""
    tallies = {name: Tally() for name in names}
    known = {one.name: one for one in specimens()}
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        benches = {name: Bench(known[name], Path(folder) / str(n)) for n, name in enumerate(names)}
        for number in numbers:
            name = names[number % len(names)]
            one(benches[name], random.Random(f"{seed}/{name}/{number}"), number, tallies[name])
    return tallies


def one(bench: Bench, chance: random.Random, number: int, tally: Tally) -> None:
    """Damage one line and hold what is said of it against the laws."""
    damaged = bench.damaged(chance)
    rested = chance.choice((1e5, 1e5, 1e5, 1e5, 0.0))
    began = time.process_time()
    tally.lines += 1
    try:
        said = bench.read(damaged.data, rested)
    except OSError:
        tally.rejected += 1  # what a run tells of a file that cannot be looked at
        return
    except Exception:
        tally.broken.append(f"{number} {damaged.what}: raised\n{traceback.format_exc()}")
        return
    took = time.process_time() - began
    tally.slowest = max(tally.slowest, took)
    if took > SECONDS * (1 + len(damaged.data) / 250_000):
        tally.broken.append(f"{number} {damaged.what}: took {took:.2f} s")
    tally.broken += [f"{number} {damaged.what}: {fault}" for fault in faults(bench, damaged, said)]
    if said.rejected:
        tally.rejected += 1
    elif said.held:
        tally.held += 1
    elif sum(said.events.values()) >= sum(bench.base.events.values()):
        tally.counted += 1
    else:
        tally.passed += 1


def faults(bench: Bench, damaged: Damage, said: Said) -> Iterator[str]:
    """What is not as it should be."""
    for event in said.events:
        yield from event_faults(event, is_saved=bench.specimen.name == LEDGERS)
    for fact in said.facts:
        yield from name_faults({each.name: getattr(fact, each.name) for each in fields(fact)})
    lines = damaged.data.count(b"\n") + 1 if not said.reader.file.packed else None
    for issue in said.issues:
        yield from issue_faults(issue, bench.path, lines)
    if not 0 <= said.reader.end <= len(damaged.data) and not said.reader.file.packed:
        yield f"it is read to {said.reader.end}"
    if not said.is_claimed or said.reader.verdict != "read":
        return
    is_told = said.told - bench.base.told or said.held or said.flags - bench.base.flags
    is_harmless = not damaged.is_broken and tokens(said.events) == tokens(bench.base.events)
    if damaged.must_tell and not is_told and not is_harmless and not _is_told_at(said, damaged.line):
        yield "nothing is said about it"
    linked = bench.specimen.name in LINKED and not damaged.is_broken
    if damaged.others is not None and not linked:
        if lost := damaged.others.events - said.events:
            yield f"{lost.total()} events of other lines are lost or changed"
        if untold := damaged.others.told - said.told:
            yield f"of another line it is no longer told that {min(untold)}"


def _is_told_at(said: Said, line: int | None) -> bool:
    return any(issue.line == line and issue.rejected for issue in said.issues)


def shares(count: int, size: int) -> Iterator[range]:
    """Numbers from 0 to a count, some at a time."""
    return (range(start, min(start + size, count)) for start in range(0, count, size))


def _work(given: tuple[Sequence[str], int, range]) -> dict[str, Tally]:
    return damage(*given)


def run(names: Sequence[str], seed: int, count: int, processes: int = 1) -> dict[str, Tally]:
    """Damage so many lines, in several processes."""
    total = {name: Tally() for name in names}
    work = [(names, seed, numbers) for numbers in shares(count, 4_000)]
    context = get_context("fork" if os.name == "posix" else "spawn")
    with context.Pool(min(processes, len(work))) as pool:
        for found in pool.imap_unordered(_work, work):
            for name, tally in found.items():
                total[name].add(tally)
    return total


def _try_kinds(given: tuple[str, int, int]) -> list[str]:
    name, seed, kinds = given
    (specimen,) = (each for each in specimens() if each.name == name)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        return [f"  BROKEN {name}, {text}" for text in stumbles(Bench(specimen, Path(folder)), kinds, seed)]


def try_kinds(names: Sequence[str], seed: int, kinds: int, processes: int = 1) -> list[str]:
    """Put values of so many other kinds into every place; what is broken by it."""
    context = get_context("fork" if os.name == "posix" else "spawn")
    with context.Pool(processes) as pool:
        found = pool.imap_unordered(_try_kinds, [(name, seed, kinds) for name in names])
        return [text for texts in found for text in texts]


@click.command()
@click.option("--rounds", default=20_000, show_default=True, help="Lines to damage.")
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--collector", "only", multiple=True, metavar="NAME", help="Only these specimens; may be repeated."
)
@click.option("--number", type=int, help="Only the line of this number, with all that is said of it.")
@click.option(
    "--kinds",
    default=4,
    show_default=True,
    help=f"Values of another kind in every place; {len(KINDS)} are all.",
)
@click.option("--processes", default=os.cpu_count() or 1, show_default=True)
def main(rounds: int, seed: int, only: Sequence[str], number: int | None, kinds: int, processes: int) -> None:
    """Damage log lines, documents and stores of every collector: none may break a promise."""
    every = [one.name for one in specimens()]
    if number is not None:
        (name,) = only
        raise SystemExit(_show(name, seed, number))
    began = time.monotonic()
    names = [name for name in every if not only or name in only]
    swapped = try_kinds(names, seed, min(kinds, len(KINDS)), processes)
    for text in swapped[:20]:
        click.echo(text)
    found = run(names, seed, rounds, processes)
    total = Tally(broken=swapped)
    for name in sorted(found):
        tally = found[name]
        total.add(tally)
        click.echo(_figures(name, tally))
        for text in tally.broken[:5]:
            click.echo(f"  BROKEN --collector {name} --seed {seed} --number {text}")
    click.echo(
        f"{_figures('all', total)}; {time.monotonic() - began:.0f} s, seed {seed}, {len(total.broken)} broken"
    )
    raise SystemExit(1 if total.broken else 0)


def _figures(name: str, tally: Tally) -> str:
    counts = f"{tally.counted:,} counted, {tally.rejected:,} rejected, {tally.held:,} pending"
    counts += f", {tally.passed:,} no usage"
    return f"{name}: {tally.lines:,} damaged: {counts}; slowest {tally.slowest * 1000:.0f} ms"


def _show(name: str, seed: int, number: int) -> int:
    """Damage one line again and print everything."""
    (specimen,) = (one for one in specimens() if one.name == name)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        bench, tally = Bench(specimen, Path(folder)), Tally()
        one(bench, random.Random(f"{seed}/{name}/{number}"), number, tally)
        damaged = bench.damaged(random.Random(f"{seed}/{name}/{number}"))
        click.echo(damaged.data[:20_000].decode("utf-8", "backslashreplace"))
        said = bench.read(damaged.data)
        for what in (*said.events.elements(), *said.issues, *tally.broken):
            click.echo(f"> {what}")
        for lost in damaged.others.events - said.events if damaged.others else ():
            click.echo(f"- {lost}")
    return 1 if tally.broken else 0
