"""Laws of the ledger: no order of files, split into runs or repetition changes what it says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ledger.making import EVER, NOON, picture, record
from vaultsync.ledger import Ledger, Usage
from vaultsync.ledger.identity import Sighting, join, sight
from vaultsync.model import AgentName, FinalOutput, Finding, SessionTotal, TokenCounts, UsageEvent

small = st.integers(0, 3)
names = st.sampled_from([None, "a", "b"])
counts = st.builds(
    lambda **said: TokenCounts(**said),
    input=small,
    cache_read=small,
    cache_write_5m=small,
    output=st.integers(0, 9),
)
whens = st.integers(0, 5).map(lambda n: NOON + timedelta(minutes=5 * n))
costs = st.sampled_from([None, Decimal("0"), Decimal("0.10"), Decimal("0.1"), Decimal("2")])


def usage(keys: st.SearchStrategy[str | None]) -> st.SearchStrategy[UsageEvent]:
    return st.builds(
        lambda **said: UsageEvent(**said),  # all else as it is where a log says nothing
        when=whens,
        source=st.just("claude-code"),
        provider=st.sampled_from(["anthropic", "unknown"]),
        model=st.sampled_from(["opus", "haiku"]),
        tokens=counts,
        key=keys,
        mode=st.sampled_from(["standard", "batch"]),
        duration_ms=st.sampled_from([None, 5, 9]),
        cost=costs,
        currency=st.sampled_from(["USD", "EUR"]),
        cost_kind=st.sampled_from([None, "billed"]),
        session=st.sampled_from([None, "S1", "S2", "S3"]),
        project=names,
        branch=names,
        action_type=st.sampled_from([None, "agent", "skill"]),
        action_name=names,
        agent=st.sampled_from([None, "x", "y"]),
        quality=st.sampled_from(["final", "partial", "estimate"]),
        flags=st.sampled_from([(), ("future",), ("future", "split_mismatch")]),
        outcomes=st.sampled_from([(), (("poems", 1),), (("errors", 0), ("poems", 2))]),
        origin_session=st.sampled_from([None, None, None, "S1", "S2"]),
    )


any_usage = usage(st.sampled_from([None, "k1", "k2", "k3", "k4"]))
facts = st.one_of(
    st.builds(AgentName, st.just("claude-code"), st.sampled_from("xy"), st.sampled_from(["explore", "plan"])),
    st.builds(FinalOutput, st.just("claude-code"), st.sampled_from("xy"), counts),
    st.builds(
        SessionTotal,
        *(
            st.just("claude-code"),
            st.sampled_from(["S1", "S2"]),
            st.just("r"),
            st.just("m"),
            counts,
            small,
            costs,
        ),
    ),
)
files = st.lists(st.lists(st.one_of(any_usage, any_usage, facts), max_size=6), min_size=1, max_size=4)


@given(any_usage, any_usage, any_usage)
def test_joining_rows_of_a_call_is_commutative_associative_and_idempotent(
    a: UsageEvent, b: UsageEvent, c: UsageEvent
) -> None:
    x, y, z = map(sight, (a, b, c))
    assert join(x, y) == join(y, x)
    assert join(join(x, y), z) == join(x, join(y, z))
    assert join(x, x) == x
    assert join(join(x, y), y) == join(x, y)


@given(any_usage, any_usage)
def test_joining_never_lowers_a_count_nor_makes_a_call_later(a: UsageEvent, b: UsageEvent) -> None:
    x, y = sight(a), sight(b)
    joined: Sighting = join(x, y)
    assert all(n >= m for n, m in zip(joined.counts, x.counts, strict=True))
    assert joined.at == min(x.at, y.at)


@contextmanager
def new_ledger() -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as folder, Ledger.open(Path(folder) / "ledger.db") as ledger:
        yield ledger


def told(ledger: Ledger) -> tuple[object, ...]:
    """All that a ledger says."""
    return picture(ledger), ledger.session_totals(*EVER)


def read_in_pieces(ledger: Ledger, contents: Sequence[Sequence[Finding]], random: Random) -> None:
    """Read all files as several runs would: interleaved, in pieces, some again, some prepared elsewhere; odd
    ones are documents."""
    places = [0] * len(contents)
    while any(place < len(content) for place, content in zip(places, contents, strict=True)):
        number = random.randrange(len(contents))
        is_document = number % 2 == 1
        start = 0 if is_document or random.random() < 0.2 else places[number]
        end = len(contents[number]) if is_document else random.randint(start, len(contents[number]))
        said = contents[number][start:end]
        elsewhere = random.random() < 0.5
        record(
            ledger, *said, path=str(number), start=start, end=end, replaces=is_document, elsewhere=elsewhere
        )
        places[number] = end
        if random.random() < 0.3:
            ledger.settle()
    ledger.settle()


@settings(deadline=None, max_examples=60)
@given(files, st.randoms(use_true_random=False))
def test_order_of_files_split_into_runs_and_repetition_do_not_matter(
    contents: list[list[Finding]], random: Random
) -> None:
    with new_ledger() as one, new_ledger() as two:
        for number, content in enumerate(contents):
            record(one, *content, path=str(number), end=len(content), replaces=number % 2 == 1)
        one.settle()
        read_in_pieces(two, contents, random)
        assert told(one) == told(two)
        assert two.check() == []


documents = st.lists(st.lists(usage(st.sampled_from([None, "k1", "k2"])), max_size=5), min_size=1, max_size=4)


@settings(deadline=None, max_examples=40)
@given(documents, st.randoms(use_true_random=False))
def test_sums_made_ahead_equal_the_sums_of_the_events(
    contents: list[list[UsageEvent]], random: Random
) -> None:
    with new_ledger() as ledger:
        for content in contents:
            record(ledger, *content, path=f"{random.randrange(2)}.json", replaces=random.random() < 0.7)
            if random.random() < 0.5:
                ledger.settle()
            ahead = ledger.rows(*EVER, thresholds=[4])
            odd = EVER[0] + timedelta(microseconds=1)
            direct = ledger.rows(odd, EVER[1], thresholds=[4])
            assert lines(ahead) == lines(direct)


def lines(usage_rows: Usage) -> list[tuple[object, ...]]:
    columns = [list(column) for column in usage_rows.columns.values()]
    outcomes: dict[int, list[tuple[str, int]]] = {}
    for row, name, amount in usage_rows.outcomes:
        outcomes.setdefault(row, []).append((name, amount))
    return sorted(
        ((*line, outcomes.get(n, [])) for n, line in enumerate(zip(*columns, strict=True))), key=repr
    )
