"""End runs at random moments: every note is old or new, the ledger whole, the next run puts all right."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import click

from tests.faults.acts import ACTS, LEDGER_ACTS, Stage

TO_THE_END_EVERY = 4
"""Rounds of which one is looked at to the very end, which takes a third run."""
EVERY = (*ACTS, *LEDGER_ACTS)
NAMES = tuple(act.name for act in EVERY)
MEASURED_EVERY = 100
"""Rounds after which it is measured anew how long an act takes, for the machine has other things to do."""


PATIENCE = 5.0
"""Seconds in which a run stops that is asked to."""


class Figures(NamedTuple):
    """What came of some rounds."""

    killed: Counter[str]
    """Runs that were ended, by act."""
    ended: int
    """Runs that were over before."""
    broken: list[str]


def rounds(count: int, seed: str, name: str, folder: Path, acts: Sequence[str] = NAMES) -> Figures:
    """Disturb acts in turn until so many runs were ended.

    Args:
        name: Of the signal.
        folder: New; where the scenes are set.
    """
    stages = [Stage.build(act, folder / act.name) for act in EVERY if act.name in acts]
    chance = random.Random(seed)
    killed: Counter[str] = Counter()
    ended, broken, number = 0, [], 0
    usual: dict[str, float] = {}
    while killed.total() < count:
        stage = stages[number % len(stages)]
        if number % MEASURED_EVERY < len(stages):
            usual[stage.act.name] = stage.seconds()
        moment = chance.uniform(0, usual[stage.act.name])
        found, was_killed = one(stage, moment, name, chance.randrange(TO_THE_END_EVERY) == 0)
        killed[stage.act.name] += was_killed
        ended += not was_killed
        broken += [
            f"{seed} round {number}, {stage.act.name}, {name} after {moment:.5f} s: {f}" for f in found
        ]
        number += 1
    return Figures(killed, ended, broken)


def one(stage: Stage, moment: float, name: str, to_the_end: bool) -> tuple[list[str], bool]:
    """End an act some seconds after its start; what was broken, and whether it was still at work."""
    running = stage.start()
    time.sleep(moment)
    found = []
    if name == "KILL":
        running.kill()
    elif not running.stop(signal.Signals[f"SIG{name}"], PATIENCE):
        found.append(f"it does not stop within {PATIENCE:g} s")
    done = running.wait()
    return [*found, *stage.broken(done, to_the_end=to_the_end)], done.code != 0


@click.command(help=__doc__)
@click.option("--rounds", "count", default=400, show_default=True, help="Runs to be ended.")
@click.option("--signal", "name", type=click.Choice(["KILL", "TERM", "INT", "HUP"]), default="KILL")
@click.option("--act", "acts", multiple=True, type=click.Choice(NAMES), default=NAMES, help="Only these.")
@click.option("--seed", default="1", show_default=True)
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Rounds at the same time.")
def main(count: int, name: str, acts: tuple[str, ...], seed: str, jobs: int) -> None:
    begun = time.perf_counter()
    context = multiprocessing.get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="kills-") as folder,
        ProcessPoolExecutor(jobs, mp_context=context) as pool,
    ):
        shares = [len(range(number, count, jobs)) for number in range(jobs)]
        tasks = [
            pool.submit(rounds, share, f"{seed}.{number}", name, Path(folder, str(number)), acts)
            for number, share in enumerate(shares)
        ]
        told = [task.result() for task in tasks]
    total = sum((each.killed for each in told), Counter())
    ended = sum(each.ended for each in told)
    broken = [line for each in told for line in each.broken]
    acts = ", ".join(f"{act} {number:,}" for act, number in sorted(total.items()))
    click.echo(
        f"kills: {total.total():,} runs ended by SIG{name} ({acts}), {ended:,} ended before; "
        f"{len(broken)} promises broken; {time.perf_counter() - begun:.0f} s"
    )
    for line in broken[:50]:
        click.echo(line)
    sys.exit(bool(broken))
