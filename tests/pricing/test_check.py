"""Every mistake in a price list stops with file, line and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pricing.conftest import SAMPLE, Priced
from vaultsync.errors import ConfigError
from vaultsync.pricing import load
from vaultsync.pricing.check import check

HEAD = """\
version: 1
providers:
  acme:
    models:
      - id: one
"""
RATES = HEAD + "        rates:\n"

MISTAKES = [
    ("", None, "is empty."),
    ("currency: USD", None, "has no version. Begin with `version: 1`."),
    ("version: 2", 1, "version is '2'. Allowed are 1."),
    ("version: 1\nprovider: {}", 2, "unknown key 'provider'. Did you mean 'providers'?"),
    ("version: 1\nqqq: {}", 2, "unknown key 'qqq'. Known are version, currency,"),
    ("version: 1\nversion: 1", 2, "duplicate key 'version', first in line 1. Keep one."),
    ("version: 1\nunit: 100", 2, "unit is '100'. Allowed are 1000000, 1000."),
    ("version: 1\ncurrency: Euro", 2, "currency is 'EURO'. Write its three letters"),
    ("version: 1\non_missing_mode: free", 2, "on_missing_mode is 'free'. Allowed are standard, unpriced."),
    ("version: 1\nproviders: []", 2, "providers is not a map."),
    ("version: 1\n---\nversion: 1", 3, "has a second document."),
    ("version: !!int 1", 1, "has a tag (tag:yaml.org,2002:int)."),
    ("version: &v 1", 1, "has an anchor (&v)."),
    ("version: 1\nproviders: *v", 2, "has an alias (*v)."),
    ("version: 1\nproviders: {a: b: c}", 2, "is not YAML"),
    ("version: 1\n\tproviders: {}", 2, "is not YAML"),
    ("? [a]\n: 1", 1, "a list or map cannot be a key."),
    (HEAD, 5, "'one' has no rates. Add `rates:`, or `free: true`."),
    (HEAD.replace("id: one", "free: true"), 5, "model has no 'id'."),
    (HEAD + "        free: true\n        rates: []", 7, "'one' is free and has rates."),
    (HEAD + "        free: yes", 6, "free is 'yes'. Allowed are true, false."),
    (HEAD + "        match: []\n        free: true", 6, "match is empty."),
    (HEAD + "        math: [a]\n        free: true", 6, "unknown key 'math'. Did you mean 'match'?"),
    (HEAD + "        free: true\n      - {id: ONE, free: true}", 7, "duplicate id 'ONE', first in line 5."),
    (HEAD + "        free: true\n  ACME: {models: []}", 7, "'ACME' is 'acme' of line 4."),
    (HEAD + "        free: true\n        energy: {watts: '9'}", 7, "energy has no 'price_per_kwh'."),
    (RATES + "          - {inptu: '1'}", 7, "unknown key 'inptu'. Did you mean 'input'?"),
    (RATES + "          - {input: '-3'}", 7, "input is -3; it cannot be negative."),
    (RATES + "          - {input: free}", 7, "input is 'free'; that is no decimal number."),
    (RATES + "          - {input: .nan}", 7, "input is '.nan'; that is no decimal number."),
    (RATES + "          - {input: .inf}", 7, "input is '.inf'; that is no decimal number."),
    (RATES + "          - {input: '1,5'}", 7, "input is '1,5'; that is no decimal number."),
    (RATES + "          - {input: 1e30}", 7, "input is 1e30; that is too large."),
    (RATES + "          - {input: }", 7, "input is not a text."),
    (RATES + "          - {valid_from: 2026-01-01}", 7, "a block has no rate."),
    (RATES + "          - {valid_from: 2026-02-30, input: '1'}", 7, "valid_from is '2026-02-30'"),
    (RATES + "          - {valid_from: 2026-02-01T10:00, input: '1'}", 7, "that is no date."),
    (
        RATES
        + "          - valid_from: 2026-02-01\n            valid_to: 2026-02-01\n            input: '1'",
        8,
        "valid_to 2026-02-01 is not after valid_from 2026-02-01.",
    ),
    (
        RATES
        + "          - {valid_to: 2026-02-01, input: '1'}\n          - {valid_from: 2026-01-31, input: '2'}",
        8,
        "this block of 'one' overlaps with the one in line 7.",
    ),
    (RATES + "          - {input: '1'}\n          - {input: '2'}", 8, "overlaps with the one in line 7."),
    (RATES + "          - {input: '1', tiers: [{input: '2'}]}", 7, "a tier needs exactly one of above,"),
    (RATES + "          - {input: '1', tiers: [{above: 0, input: '2'}]}", 7, "above is '0'"),
    (RATES + "          - {input: '1', tiers: [{above: 9}]}", 7, "a tier has no rate."),
    (
        RATES + "          - {input: '1', tiers: [{above: 9, input: '2'}, {at_or_above: 9, input: '3'}]}",
        7,
        "two tiers begin at 9.",
    ),
    (
        RATES + "          - {input: '1', modifiers: {batch: {multiplier: '2', input: '1'}}}",
        7,
        "modifier 'batch' has a multiplier and rates.",
    ),
    (RATES + "          - {input: '1', modifiers: {batch: {}}}", 7, "has neither a multiplier nor rates."),
    (
        RATES + "          - {input: '1', modifiers: {batch: {web_search_per_1k: '2'}}}",
        7,
        "unknown key 'web_search_per_1k'.",
    ),
    (RATES + "          - {input: '1', regions: {us: fast}}", 7, "us is 'fast'"),
    (RATES + "          - {input: '1', time_windows: [{input: '2'}]}", 7, "time window has no 'hours_utc'."),
    (
        RATES + "          - {input: '1', time_windows: [{hours_utc: ['22:00-02:00'], input: '2'}]}",
        7,
        "which ends before it begins. Write two spans around midnight.",
    ),
    (
        RATES + "          - {input: '1', time_windows: [{hours_utc: ['22:00-24:01'], input: '2'}]}",
        7,
        "no day has that time.",
    ),
    (
        RATES + "          - {input: '1', time_windows: [{hours_utc: ['1:00-2:00'], input: '2'}]}",
        7,
        "hours_utc has '1:00-2:00'.",
    ),
    (
        RATES
        + "          - {input: '1', time_windows: [{hours_utc: ['01:00-02:00'], weekdays: [0], input: '2'}]}",
        7,
        "weekdays is '0'.",
    ),
    (
        "version: 1\nproviders:\n  acme:\n    adjust:\n      - {multiplier: '1'}\n      - {multiplier: '2'}",
        6,
        "this adjust overlaps with the one in line 5.",
    ),
    ("version: 1\naliases:\n  opus: [{modell: a}]", 3, "unknown key 'modell'. Did you mean 'model'?"),
    ("version: 1\naliases:\n  opus: [{model: a}, {model: b}]", 3, "begins on the same day as in line 3."),
    ("version: 1\nfx: {EUR: [{rate: '0'}]}", 2, "the rate of EUR is 0."),
    ("version: 1\nfx: {Euros: [{rate: '1'}]}", 2, "fx is 'EUROS'."),
]


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES, ids=[m[2][:40] for m in MISTAKES])
def test_a_mistake_is_named(text: str, line: int | None, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load([path], SAMPLE)
    place = f"{path}:{line}: " if line else f"{path}: "
    assert str(caught.value).startswith(place)
    assert message in str(caught.value)
    assert caught.value.remedy


def test_the_message_reads_as_one(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(RATES + "          - {outputt: '1'}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load([path], SAMPLE)
    assert str(caught.value) == f"{path}:7: unknown key 'outputt'. Did you mean 'output'?"


def test_an_unquoted_pattern_is_told_to_be_quoted(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(HEAD + "        match: [*]\n        free: true", encoding="utf-8")
    with pytest.raises(ConfigError, match=r":6: .*Quote text that begins with `\*`"):
        load([path], SAMPLE)


def test_a_missing_list_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read: .*Correct `pricing`"):
        load([tmp_path / "none.yaml"], SAMPLE)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version: 1\n# \xff", ":2: is not UTF-8"),
        (b"version: 1\n#" + b" " * 1_000_000, "has 1000012 bytes"),
        (b"[" * 100_000, "nested too deeply|nesting depth"),  # who sees it first, we or the parser
        (b"version: 1\n# \x00", r":2: is not YAML: it holds '\\x00'"),
        ("version: 1".encode("utf-16"), ":1: is not UTF-8"),
    ],
)
def test_bytes_that_are_no_list_are_refused(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        load([path], SAMPLE)


@pytest.mark.parametrize(
    ("rates", "warning"),
    [
        ("{input: '5', output: '2'}", "own0.yaml:7: the output rate 2 is below the input rate 5."),
        ("{input: '5', cache_read: '6'}", "own0.yaml:7: the cache read rate 6 is above the input rate 5."),
    ],
)
def test_an_odd_rate_warns(rates: str, warning: str, laid_over: Priced) -> None:
    (found,) = laid_over(f"{RATES}          - {rates}").warnings
    assert found.endswith(warning)


def test_an_embedding_without_an_output_price_does_not_warn(laid_over: Priced) -> None:
    assert laid_over(f"{RATES}          - {{input: '5', output: '0'}}").warnings == ()


def test_a_pattern_that_never_wins_warns(laid_over: Priced) -> None:
    text = HEAD + "        match: ['x*']\n        free: true\n      - {id: two, match: ['x*'], free: true}"
    (found,) = laid_over(text).warnings
    assert found.endswith("own0.yaml:8: the pattern 'x*' never wins; it belongs to 'one' already.")


@given(st.text(alphabet="version: 1\n{}[]-*&!'\"|>#,?%@ratesinpumdl", max_size=60))
def test_any_text_is_checked_without_a_traceback(text: str) -> None:
    try:
        check(Path("own.yaml"), text.encode())
    except ConfigError as error:
        assert str(error).startswith("own.yaml")


@given(st.binary(max_size=60))
def test_any_bytes_are_checked_without_a_traceback(content: bytes) -> None:
    try:
        check(Path("own.yaml"), content)
    except ConfigError as error:
        assert str(error).startswith("own.yaml")
