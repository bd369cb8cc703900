"""The README names all there is, and every example in it works as it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import entry_points
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from vaultsync import budget, pricing, settings
from vaultsync.cli import COMMANDS, common, main, program
from vaultsync.cli.reconciled import row_of
from vaultsync.cli.report import DIMENSIONS
from vaultsync.collectors import loading, registry
from vaultsync.collectors.logs.mapping import FIELDS, KEYS, MappedLog, MappingSpec
from vaultsync.collectors.reading import LogFile, Reader
from vaultsync.collectors.registry import Collector
from vaultsync.errors import ConfigError
from vaultsync.model import TOKEN_CLASSES, Issue, UsageEvent
from vaultsync.periods import Calendar
from vaultsync.pricing.sheets import FEES, RATES
from vaultsync.reconcile import REASONS, Row, Share
from vaultsync.render import view
from vaultsync.report.notices import FLAGS
from vaultsync.settings.keys import READERS, NoteSettings
from vaultsync.table import MEASURES, SCHEMA

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
NOW = datetime(2026, 1, 7, 22, tzinfo=UTC)
NAMES = [name for section in COMMANDS.values() for name in section]


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    language: str
    mark: str
    """The HTML comment on the line before it, without its arrows."""
    text: str


def blocks() -> Iterator[Block]:
    """All fenced blocks in order."""
    found = re.finditer(r"(?:^<!-- ([^\n]*) -->\n)?^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return (Block(match[2], match[1] or "", match[3]) for match in found)


BLOCKS = list(blocks())
CONFIGS = [block.text for block in BLOCKS if block.text.startswith("# vaultsync.yaml\n")]
PRICES = [block.text for block in BLOCKS if block.text.startswith("# pricing.yaml\n")]
LOGS = [block for block in BLOCKS if block.mark.startswith("log: ")]


def one(start: str) -> str:
    """The text of the one block that begins so."""
    (found,) = (block.text for block in BLOCKS if block.text.startswith(start))
    return found


def section(title: str) -> str:
    """A section of the README, up to the next heading of its level; a # in code is no heading."""
    level, inside, fenced, found = title.index(" "), False, False, []
    for line in README.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and re.match(rf"#{{1,{level}}} ", line):
            inside = line == title
        if inside:
            found.append(line)
    assert found, f"there is no section {title}"
    return "\n".join(found)


def named(word: str, text: str = README) -> bool:
    """Say whether a word stands in code: alone between backticks, or within a block or a phrase of code."""
    codes = [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^```\w+\n(.*?)^```", text, re.M | re.S)]
    return any(re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", code) for code in codes)


def options_of(command: click.Command) -> list[str]:
    """All option names of a command."""
    return [
        name for p in command.params if isinstance(p, click.Option) for name in (*p.opts, *p.secondary_opts)
    ]


# --- everything is named -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_in_the_table_of_commands(name: str) -> None:
    rows = [line for line in section("## Commands").splitlines() if line.startswith("| `")]
    assert any(named(name, row.split(" | ")[0]) for row in rows)


@pytest.mark.parametrize("name", ["", *NAMES])
def test_every_option_is_named_among_the_commands(name: str) -> None:
    command = main.get_command(click.Context(main), name) if name else main
    assert command
    text = section("## Commands")
    assert [option for option in options_of(command) if not named(option, text)] == []


def test_every_command_in_an_example_is_one() -> None:
    told = re.findall(r"\bvaultsync ([a-z]+)\b(?= |$)", "\n".join(codes()), re.MULTILINE)
    assert set(told) - set(NAMES) == set()


def codes() -> list[str]:
    """What a person would type: console blocks and code in sentences."""
    typed = [
        line[2:]
        for b in BLOCKS
        if b.language == "console"
        for line in b.text.splitlines()
        if line[:2] == "$ "
    ]
    return [*typed, *re.findall(r"`(vaultsync [^`\n]+)`", README)]


@pytest.mark.parametrize("key", READERS)
def test_every_setting_is_named(key: str) -> None:
    assert named(key, section("## Configuration")) or f"\n{key}:" in section("## Configuration")


@pytest.mark.parametrize("key", [field.name for field in fields(NoteSettings)])
def test_every_setting_of_a_note_is_shown(key: str) -> None:
    assert f"{key}:" in CONFIGS[0]


@pytest.mark.parametrize("code", [0, *program.WORSE])
def test_every_exit_code_is_explained(code: int) -> None:
    assert re.search(rf"^\| {code} \| [\w`]", section("## Commands"), re.MULTILINE)


def test_every_shipped_collector_is_in_the_table() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = project["project"]["entry-points"][loading.GROUP]
    assert [name for name in shipped if not re.search(rf"^\| `{name}` \|", README, re.MULTILINE)] == []


@pytest.mark.parametrize("name", TOKEN_CLASSES)
def test_every_token_class_of_flat_events_is_explained(name: str) -> None:
    assert f"`{name}_tokens`" in section("### Flat events: JSON lines, a JSON array, CSV")


def test_every_key_of_a_mapping_is_named() -> None:
    text = section("### Foreign logs by a mapping")
    assert [key for key in KEYS if not named(key, text)] == []


def test_every_field_of_a_mapping_is_named() -> None:
    text = section("### Foreign logs by a mapping")
    others = FIELDS - set(TOKEN_CLASSES) | {"input", "output"}
    assert [name for name in sorted(others) if not named(name, text)] == []


def test_every_rate_and_fee_is_named() -> None:
    assert [name for name in (*RATES, *FEES) if not named(name, section("## Prices"))] == []


@pytest.mark.parametrize("name", [*DIMENSIONS, *MEASURES, SCHEMA])
def test_every_column_of_a_report_is_named(name: str) -> None:
    assert named(name, section("## Commands") + section("## `report --json`"))


def test_every_block_and_name_of_a_template_is_listed() -> None:
    base = (ROOT / "templates" / "base.md.j2").read_text(encoding="utf-8")
    of_view = re.findall(r'^        "(\w+)":', Path(view.__file__).read_text(encoding="utf-8"), re.MULTILINE)
    text = section("## Templates")
    names = {*re.findall(r"{% block (\w+)", base), *of_view}
    assert {name for name in names if not re.search(rf"`{name}[`(]", text)} == set()


def test_uncertainties_are_quoted_as_notes_say_them() -> None:
    said = " ".join([*FLAGS.values(), *(ROOT / "vaultsync/report/notices.py").read_text().split("\n")])
    table = section("## How counts and costs are made")
    quoted = re.findall(r"^\| `([^`]+)`", table, re.MULTILINE)
    assert len(quoted) > 5
    assert [text for text in quoted if text.removesuffix("…") not in said] == []


@pytest.mark.parametrize(
    "word", ["vaultsync:", *(f"llm_{w}" for w in ("cost_usd", "tokens", "requests", "period"))]
)
def test_every_property_is_named(word: str) -> None:
    assert word in section("## Notes and sections")


def test_links_within_the_page_lead_somewhere() -> None:
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", README, flags=re.M | re.S), re.MULTILINE)
    known = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", README)) - known == set()


# --- every example works -----------------------------------------------------------------------


def test_first_two_shell_blocks_are_the_two_commands() -> None:
    shell = [block.text for block in BLOCKS if block.language == "sh"]
    assert len(shell) == 2
    assert "vaultsync daily" in shell[0] and "pytest" in shell[1]


def test_shell_blocks_are_those_that_the_checks_take() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (awk,) = re.findall(r"awk -v want=\"\$1\" '(.*?)' README.md", script)
    for number, block in enumerate((b for b in BLOCKS if b.language == "sh"), 1):
        done = subprocess.run(
            ["awk", "-v", f"want={number}", awk, "README.md"], cwd=ROOT, capture_output=True, check=True
        )
        assert done.stdout.decode() == block.text


@pytest.fixture
def vault(tmp_path: Path) -> Path:
    """An empty vault with the price list of the README."""
    folder = tmp_path / "vault"
    (folder / ".obsidian").mkdir(parents=True)
    (folder / "pricing.yaml").write_text(PRICES[0], encoding="utf-8")
    return folder


def test_there_are_examples_of_settings_and_prices() -> None:
    assert len(CONFIGS) == 2 and len(PRICES) == 1


@pytest.mark.parametrize("text", CONFIGS)
def test_settings_can_be_loaded(text: str, vault: Path) -> None:
    (vault / "vaultsync.yaml").write_text(text, encoding="utf-8")
    loaded = settings.load({"vault": str(vault)}, {"HOME": str(vault)}, vault)
    assert loaded.config_file == vault / "vaultsync.yaml"
    for raw in loaded.mappings:
        MappingSpec.from_dict(raw.values)


def test_example_of_settings_shows_every_key() -> None:
    shown = set(yaml.safe_load(CONFIGS[0]))
    assert set(READERS) - shown == {"vault"}


def test_prices_can_be_loaded(vault: Path) -> None:
    prices = pricing.load([vault / "pricing.yaml"], ROOT / "pricing.yaml")
    assert prices.warnings == ()
    assert prices.convert(Decimal(2), "EUR", NOW.date()) == Decimal("2.16")


def test_unknown_keys_are_refused_so_that_loading_proves_something(vault: Path) -> None:
    (vault / "vaultsync.yaml").write_text(CONFIGS[0] + "colour: red\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        settings.load({"vault": str(vault)}, {"HOME": str(vault)}, vault)


def collectors() -> tuple[list[Collector], int]:
    """The mappings of the README and the shipped collectors, and how many mappings there are."""
    mapped: list[Any] = [
        MappedLog(MappingSpec.from_dict(each))
        for text in CONFIGS
        for each in yaml.safe_load(text).get("mappings") or ()
    ]
    loaded, broken = loading.load(mapped)
    assert broken == [] and {c.name for c in loaded} >= {p.name for p in entry_points(group=loading.GROUP)}
    return loaded, len(mapped)


@pytest.mark.parametrize("block", LOGS, ids=lambda block: block.mark)
def test_log_is_claimed_by_one_collector_and_gives_its_events(block: Block, tmp_path: Path) -> None:
    _, name, collector, count = block.mark.split()
    path = tmp_path / name
    path.write_text(block.text, encoding="utf-8")
    file = LogFile.look(path)
    loaded, mapped = collectors()
    found = registry.match(file, loaded, mapped)
    assert not isinstance(found, Issue), found
    now = int(datetime(2026, 2, 1, tzinfo=UTC).timestamp() * 1e9)
    reader = Reader(file, now_ns=now, last_modified_ns=now - 10**13)
    said = [*found.collect(reader), *reader.issues]
    assert found.name == collector
    assert [issue for issue in said if isinstance(issue, Issue)] == []
    assert sum(isinstance(each, UsageEvent) for each in said) == int(count)


def test_mapped_log_is_read_as_its_comments_say(tmp_path: Path) -> None:
    (block,) = (b for b in LOGS if " gateway " in b.mark)
    path = tmp_path / block.mark.split()[1]
    path.write_text(block.text, encoding="utf-8")
    (event,) = collectors()[0][0].collect(Reader(LogFile.look(path), now_ns=10**19, last_modified_ns=1))
    assert isinstance(event, UsageEvent)
    assert (event.tokens.input, event.tokens.cache_read, event.cost) == (1000, 500, Decimal("0.00095"))


def test_every_shipped_format_has_an_example() -> None:
    assert {block.mark.split()[2] for block in LOGS} == {
        "daily-json", "flat-array", "flat-events", "gateway", "markdown"
    }  # fmt: skip


def test_budgets_of_the_example_are_read() -> None:
    text = one("# Properties of the note LLM Costs.md\n")
    found, problems = budget.read(yaml.safe_load(text), "LLM Costs.md", "dashboard", None, "USD")
    assert problems == []
    assert {(b.kind, b.provider, b.limit) for b in found} == {
        ("day", None, Decimal(3)), ("month", None, Decimal(60)), ("month", "anthropic", Decimal(40))
    }  # fmt: skip
    as_map = yaml.safe_load(text.partition("as a map: ")[2])
    same, problems = budget.read(as_map, "LLM Costs.md", "dashboard", None, "USD")
    assert problems == []
    assert {(b.kind, b.provider, b.limit) for b in same} == {(b.kind, b.provider, b.limit) for b in found}


def test_share_of_a_month_is_as_calculated() -> None:
    calendar = Calendar()
    (monthly,), _ = budget.read({"llm_budget_usd": 60}, "LLM Costs.md", "dashboard", None, "USD")
    week = calendar.named("week", "2026-W02")
    limit = budget._closest([monthly], week, calendar)
    assert limit and round(limit[1], 2) == Decimal("13.55")
    assert "60 × 7 / 31 = 13.55" in README


@pytest.fixture
def run(vault: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Call the program on the vault as of 7 January 2026, with all logs of the README."""
    for name in [n for n in os.environ if n.startswith("VAULTSYNC_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(common, "now", lambda: NOW)
    logs = vault.parent / "logs"
    logs.mkdir()
    for block in LOGS:
        (logs / block.mark.split()[1]).write_text(block.text, encoding="utf-8")
    here = "timezone: Europe/Berlin\nagents: none\nlogs: [../logs]\nledger: ../state/ledger.db\n"
    (vault / "vaultsync.yaml").write_text(CONFIGS[1] + here, encoding="utf-8")
    for path in vault.parent.rglob("*.*"):
        os.utime(path, (NOW.timestamp() - 3600,) * 2)

    def call(*arguments: str) -> str:
        done = CliRunner().invoke(main, [*arguments, "--vault", str(vault)])
        assert done.exit_code == 0, done.output
        return done.output

    return call


def test_template_of_the_example_changes_two_blocks(run: Any, vault: Path) -> None:
    templates = vault / "_templates" / "vaultsync"
    templates.mkdir(parents=True)
    (templates / "daily.md.j2").write_text(one("{# _templates/vaultsync/daily.md.j2 #}\n"), encoding="utf-8")
    run("daily")
    note = (vault / "2026-01-07.md").read_text(encoding="utf-8")
    assert re.search(r"^\*8 calls for \\\$\d.*, counted by vaultsync\.\*$", note, re.MULTILINE)
    assert "| Action |" not in note and "| Project |" in note
    assert "About these figures" in note


def test_explained_price_is_as_shown(run: Any, vault: Path) -> None:
    (shown,) = (b.text for b in BLOCKS if b.language == "console" and "prices explain" in b.text)
    command, _, rest = shown.partition("prices explain ")[2].partition("\n")
    told = run("prices", "explain", *command.split())

    def plain(text: str) -> str:
        return re.sub(r"pricing\.yaml:\d+", "pricing.yaml", text).strip()

    assert plain(told) == plain(rest)


def test_reconciled_example_is_as_shown(run: Any, vault: Path) -> None:
    files = {b.mark.partition(": ")[2]: b.text for b in BLOCKS if b.mark.startswith("reconciled: ")}
    logs = vault.parent / "reconciled"
    logs.mkdir()
    for name, text in files.items():
        (logs / name).write_text(text, encoding="utf-8")
        os.utime(logs / name, (NOW.timestamp() - 3600,) * 2)
    where = ("--logs", str(logs), "--ledger", str(vault / "two.db"), "--timezone", "UTC")
    run("collect", *where)
    (shown,) = (b.text for b in BLOCKS if b.text.startswith("$ vaultsync reconcile "))
    command, _, rest = shown.partition("\n")
    assert run(*command.split()[2:], *where) == rest


def test_every_reason_and_column_of_a_comparison_is_named() -> None:
    text = section("### The same spend told twice") + section("### `reconcile --json`")
    names = [*REASONS, *row_of(Row("", "", None, None)), *Share._fields]
    assert [name for name in names if not named(name, text)] == []


def test_excerpt_stands_in_the_note() -> None:
    (block,) = (b for b in BLOCKS if b.mark.startswith("excerpt: "))
    note = (ROOT / block.mark.removeprefix("excerpt: ")).read_text(encoding="utf-8").splitlines()
    shown = [line for line in block.text.splitlines() if line != "…"]
    assert [line for line in shown if line not in note] == []


def test_the_example_of_a_script_notes_its_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = {"input_tokens": 20, "output_tokens": 300, "cache_read_input_tokens": 0}
    said = {"id": "msg_1", "model": "claude-haiku-4-5", "usage": usage}
    client = SimpleNamespace(
        messages=SimpleNamespace(create=lambda **asked: said | {"model": asked["model"]})
    )
    monkeypatch.setitem(sys.modules, "anthropic", SimpleNamespace(Anthropic=lambda: client))
    monkeypatch.setenv("VAULTSYNC_CAPTURE", str(tmp_path / "calls.jsonl"))
    exec(one("from anthropic import"), {})
    reader = Reader(LogFile.look(tmp_path / "calls.jsonl"))
    owner = registry.match(reader.file, loading.load()[0])
    assert not isinstance(owner, Issue)
    (event,) = owner.collect(reader)
    assert isinstance(event, UsageEvent)
    assert (event.project, event.action_name, event.outcomes) == ("letters", "reply", (("letters", 1),))
    assert event.tokens.total == 320


def test_collector_of_the_example_collects(tmp_path: Path) -> None:
    scope: dict[str, Any] = {"__name__": "quill"}
    exec(compile(one("# quill.py\n"), "quill.py", "exec"), scope)
    (line,) = re.findall(r"^`(2026-\S+ quill-2 \d+ \d+)`:$", README, re.MULTILINE)
    path = tmp_path / "a.quill"
    path.write_text(f"{line}\nbad line\n{line.replace('1200', '-1')}\n{line}", encoding="utf-8")
    quill = scope["Quill"]()
    loading._check(quill, [])
    reader = Reader(LogFile.look(path))
    assert registry.match(reader.file, [*loading.load()[0], quill]) is quill
    event, *issues = quill.collect(reader)
    assert (event.tokens.input, event.tokens.output, event.model) == (1200, 300, "quill-2")
    assert [issue.line for issue in issues] == [2, 3]
    assert reader.next_line == 4
