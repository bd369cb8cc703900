"""Make pricing.yaml from the price table of genai-prices, with our corrections; `--check` only compares.

The same source gives the same bytes. Each correction names its ground; a price that changes is a new block.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

from genai_prices import types as source
from genai_prices.data import providers as source_providers

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from vaultsync.pricing.names import candidates  # noqa: E402

TARGET = ROOT / "pricing.yaml"
SOURCE_VERSION = "0.2.3"
SOURCE_DATE = "22 November 2026"
WIDTH = 130

PROVIDERS = {
    "anthropic": "anthropic",
    "openai": "openai",
    "google": "google",
    "x-ai": "xai",
    "mistral": "mistral",
    "deepseek": "deepseek",
    "groq": "groq",
    "cohere": "cohere",
    "perplexity": "perplexity",
    "moonshotai": "moonshot",
    "zai": "zai",
    "zhipuai": "zhipu",
    "minimax": "minimax",
    "meta": "meta",
    "voyageai": "voyage",
    "cerebras": "cerebras",
    "together": "together",
    "fireworks": "fireworks",
    "azure": "azure",
    "aws": "aws-bedrock",
    "cursor": "cursor",
    "openrouter": "openrouter",
}

CLASSES = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "input_audio",
    "output_audio_mtok": "output_audio",
    "cache_audio_read_mtok": "cache_read_audio",
}
FEES = {"web_searches_kcount": "web_search_per_1k", "requests_kcount": "request_per_1k"}
ORDER = (
    "input", "output", "cache_read", "cache_write", "cache_write_5m", "cache_write_30m", "cache_write_1h",
    "cache_write_12h", "reasoning", "input_audio", "output_audio", "cache_read_audio",
)  # fmt: skip
RECORDED = (date(2026, 10, 12), date(2026, 10, 14), date(2026, 10, 15))
"""Days on which the source began to record modes; they had been there before."""

HEADER = f"""\
# Prices of language models, in USD per million tokens, dated. Read the README on prices before editing.
#
# Made by .ci/make_pricing.py from genai-prices {SOURCE_VERSION}, state of {SOURCE_DATE}
# (MIT licence, copyright Pydantic Services Inc. 2025 to present). Your own prices belong into a file of
# your own, which is laid over this one.
#
# Differences from the source, each for its reason:
#   - o3 before 2025-06-10: cached input 2.50, as the table of that time had it.
#   - gpt-6-astra: 12-hour cache writes at 25, over 272,000 tokens at 50.
#   - Claude from Opus 4.6 and Sonnet 4.6 on: inference in the US only costs 1.1 times as much.
#   - OpenAI from gpt-5.4 on: data residency in the EU or the US costs 1.1 times as much.
#   - DeepSeek V4: peak hours on weekdays only, from 2026-08-17 (pro) and 2026-09-10 (flash).
#   - deepseek-chat, deepseek-reasoner: 0.28 / 0.42, cached 0.028 in late 2025; its first day is assumed.
#   - Batch, flex and priority prices hold before October 2026 too, when the source began to record them.
#   - Claude models that were retired by then: batch at half price, as all others.
#   - OpenAI's batch sheets without a cached rate: cached input pays the batch input rate.
#   - xAI's long-context prices begin at 200,000 tokens inclusive.
"""

LOCAL = """\
  # Servers on your own machine cost nothing per token. For an estimate of the energy put an entry like these
  # into your own price list, with: energy: {watts: "90", price_per_kwh: "0.32", currency: EUR}
  ollama:
    models:
      - {id: local, match: ["*"], free: true}
  lm-studio:
    models:
      - {id: local, match: ["*"], free: true}
  llama.cpp:
    models:
      - {id: local, match: ["*"], free: true}
  vllm:
    models:
      - {id: local, match: ["*"], free: true}
"""


@dataclass
class Sheet:
    """Rates, and per threshold the rates that replace them."""

    rates: dict[str, Decimal] = field(default_factory=dict)
    tiers: dict[int, dict[str, Decimal]] = field(default_factory=dict)

    def times(self, factor: Decimal) -> Sheet:
        return Sheet(
            {name: rate * factor for name, rate in self.rates.items()},
            {
                start: {name: rate * factor for name, rate in tier.items()}
                for start, tier in self.tiers.items()
            },
        )

    def factor_of(self, base: Sheet) -> Decimal | None:
        """The one number that turns a base into this sheet, if there is one with few decimals."""
        if not base.rates.get("input") or "input" not in self.rates:
            return None
        factor = (self.rates["input"] / base.rates["input"]).normalize()
        exponent = factor.as_tuple().exponent
        short = isinstance(exponent, int) and exponent >= -4
        return factor if short and base.times(factor) == self else None


@dataclass
class Block:
    """Prices from a day on."""

    start: date | None
    sheet: Sheet
    fees: dict[str, Decimal] = field(default_factory=dict)
    windows: list[dict[str, Any]] = field(default_factory=list)
    modes: dict[str, Decimal | Sheet] = field(default_factory=dict)
    regions: dict[str, str] = field(default_factory=dict)


@dataclass
class Model:
    """One entry of the list."""

    id: str
    match: list[str]
    blocks: list[Block]


# --- from the source -----------------------------------------------------------------------------


def sheet_of(prices: Any, provider: str, model: str) -> Sheet:
    """Token rates of a price set; Anthropic's plain cache writes live for five minutes."""
    sheet = Sheet()
    for key, value in prices.__dict__.items():
        name = CLASSES.get(key)
        if name is None or value is None:
            continue
        if name == "cache_write" and "claude" in model:
            name = "cache_write_5m"
        if isinstance(value, Decimal):
            sheet.rates[name] = value
        else:
            sheet.rates[name] = value.base
            for tier in value.tiers:
                sheet.tiers.setdefault(tier.start, {})[name] = tier.price
    return sheet


def overlaid(base: Sheet, variant: Sheet, *, inherits_cache: bool) -> Sheet:
    """A variant replaces the rates that it lists, with their tiers; the others stay and are written out."""
    stays = {
        n: r
        for n, r in base.rates.items()
        if n not in variant.rates and (inherits_cache or n != "cache_read")
    }
    tiers: dict[int, dict[str, Decimal]] = {}
    for start, tier in base.tiers.items():
        tiers[start] = {n: r for n, r in tier.items() if n in stays}
    for start, tier in variant.tiers.items():
        tiers.setdefault(start, {}).update(tier)
    return Sheet({**stays, **variant.rates}, {start: tier for start, tier in tiers.items() if tier})


def blocks_of(provider: str, info: Any) -> list[Block]:
    """Dated blocks of a model; daily price intervals become windows of the last one."""
    prices = info.prices if isinstance(info.prices, list) else [source.ConditionalPrice(prices=info.prices)]
    blocks: list[Block] = []
    for part in prices:
        sheet = sheet_of(part.prices, provider, info.id)
        fees = {
            ours: value for key, ours in FEES.items() if (value := part.prices.__dict__.get(key)) is not None
        }
        if isinstance(part.constraint, source.TimeOfDateConstraint):
            span = f"{part.constraint.start_time:%H:%M}-{part.constraint.end_time:%H:%M}"
            add_window(blocks[-1], span, sheet)
        else:
            blocks.append(Block(part.constraint.start_date if part.constraint else None, sheet, fees))
    for mode in ("batch", "flex", "priority", "fast"):
        add_mode(provider, info, blocks, mode)
    return blocks


def add_window(block: Block, span: str, sheet: Sheet) -> None:
    for window in block.windows:
        if window["rates"] == sheet.rates:
            window["hours"].append(span)
            return
    block.windows.append({"hours": [span], "rates": sheet.rates, "weekdays": None})


def add_mode(provider: str, info: Any, blocks: list[Block], mode: str) -> None:
    """Give each block its price of a mode: the variant of its time, else a later one if it is a factor."""
    variants = [v for v in info.price_variants or () if mode in v.when.values() and len(v.when) == 1]
    if not variants:
        return
    dated = sorted(
        (v.constraint.start_date if v.constraint else date.min, number) for number, v in enumerate(variants)
    )
    known: list[tuple[int, Decimal | Sheet]] = []
    for index, (block, after) in enumerate(pairwise([*blocks, None])):
        assert block is not None
        end = after.start if after and after.start else date.max
        active = [number for start, number in dated if start < end]
        if not active:
            continue
        start = dated[len(active) - 1][0]
        assert start in RECORDED or start <= (block.start or date.min), (
            f"{info.id}: {mode} begins within a block"
        )
        variant = sheet_of(variants[active[-1]].prices, provider, info.id)
        full = overlaid(block.sheet, variant, inherits_cache=not (provider == "openai" and mode == "batch"))
        factor = full.factor_of(block.sheet)
        block.modes[mode] = full if factor is None else factor
        known.append((index, block.modes[mode]))
    first, price = known[0]
    if isinstance(price, Decimal):
        for block in blocks[:first]:
            block.modes[mode] = price


# --- names ---------------------------------------------------------------------------------------


def patterns_of(clause: Any, model: str, provider: str) -> Iterator[str]:
    """Names and wildcards that a match rule of the source stands for."""
    if isinstance(clause, source.ClauseOr):
        for part in clause.or_:
            yield from patterns_of(part, model, provider)
    elif isinstance(clause, source.ClauseAnd):
        yield from patterns_of(clause.and_[0], model, provider)
    elif isinstance(clause, source.ClauseEquals):
        yield clause.equals
    elif isinstance(clause, source.ClauseEndsWith):
        yield clause.ends_with.lstrip("/")
    elif isinstance(clause, source.ClauseStartsWith):
        yield from open_end(clause.starts_with, provider)
    elif isinstance(clause, source.ClauseContains):
        yield from contained(clause.contains, model, provider)
    else:
        yield from spelled_out(clause.regex)


def open_end(start: str, provider: str) -> Iterator[str]:
    """Gemini's `-lite`, `-8b` or `-tts` are other models, so an open end takes only previews and versions."""
    if provider == "google" and re.fullmatch(r"gemini-[\d.]+-(pro|flash|flash-lite)", start):
        yield from (start, f"{start}-0*", f"{start}-exp*", f"{start}-preview*")
    elif start == "deepseek-r1":
        yield start  # the distilled ones are other models
    else:
        yield f"{start}*"


def contained(part: str, model: str, provider: str) -> Iterator[str]:
    if part.startswith(("claude", "gemini")) or provider == "aws":
        yield from open_end(part, provider)
    elif provider == "azure":
        yield part
    else:
        yield f"*{part}" if model.lower().endswith(part.lower()) else f"*{part}*"


def spelled_out(regex: str) -> Iterator[str]:
    """Dates at the end are taken off by the program anyhow; what remains is a name or its version."""
    plain = (
        regex.removeprefix("^").removesuffix("$").replace("\\.", ".").replace("\\[", "[").replace("\\]", "]")
    )
    if plain.endswith("-\\d"):
        yield plain.removesuffix("\\d") + "0*"
    elif "\\" not in plain and "?" not in plain:
        yield plain


def bedrock(names: Iterable[str]) -> Iterator[str]:
    """Bedrock's names without the geography of the region, which the program takes off and remembers."""
    for name in names:
        yield re.sub(r"^(us-gov|us|eu|apac|jp|au|in|regional)\.", "", name)


def needed(names: Iterable[str], model: str, provider: str) -> list[str]:
    """Leave out what the program finds anyhow: the id, other spellings and dates of a name in the list."""
    found = list(dict.fromkeys(name.lower() for name in names))
    kept: list[str] = []
    for name in found:
        others = {model.lower(), *(other for other in found if other != name and other not in kept), *kept}
        stem = name.removesuffix("@*") if name.endswith("@*") else name
        reached = set(candidates(stem, PROVIDERS[provider])) - ({name} if stem == name else set())
        if "claude" in stem and model.lower() in set(candidates(stem.rstrip("*"), PROVIDERS[provider])) - {
            stem.rstrip("*")
        }:
            continue  # another order of words or a dot, which the program knows
        if name != model.lower() and not reached & (others - {name}):
            kept.append(name)
    if any(c in name for name in kept for c in "*?") and f"{model.lower()}*" in kept:
        kept = [name for name in kept if name == f"{model.lower()}*" or not name.startswith(model.lower())]
    return kept


RENAMED = {
    "claude-3-5-haiku-latest": "claude-3-5-haiku",
    "claude-3-7-sonnet-latest": "claude-3-7-sonnet",
    "claude-3-opus-latest": "claude-3-opus",
    "gemini-flash-1.5-8b": "gemini-1.5-flash-8b",
}


def id_of(provider: str, model: str) -> str:
    """The plain id; of Bedrock's Claude only the name, so that another date or version finds it too."""
    if provider != "aws":
        return RENAMED.get(model, model)
    name = re.sub(r"-v\d+:\d+$|:\d+$", "", model.removeprefix("regional."))
    if name.startswith("amazon.titan"):
        return model.removesuffix(":0")
    if "anthropic." in name:
        name = re.sub(r"-v\d+$|-20\d{6}$", "", re.sub(r"-v\d+$", "", name))
        return name if name.startswith("global.") else name.removeprefix("anthropic.")
    return name


def models_of(provider: Any) -> list[Model]:
    """Models of a provider that have a price per token, ordered by name."""
    found: dict[str, Model] = {}
    for info in provider.models:
        if provider.id == "openrouter" and ("/" not in info.id or info.id.startswith("~")):
            continue  # without a maker in front these are other providers' names
        blocks = blocks_of(provider.id, info)
        if not any("input" in block.sheet.rates or "output" in block.sheet.rates for block in blocks):
            continue
        name = id_of(provider.id, info.id)
        if name in found:
            name = re.sub(r"-v\d+:\d+$", "", info.id.rpartition("anthropic.")[2])
        names = list(patterns_of(info.match, info.id, provider.id))
        if provider.id == "aws":
            names = list(bedrock(names))
        names.append(info.id if provider.id != "aws" else name)
        model = Model(name, needed(names, name, provider.id), blocks)
        correct(PROVIDERS[provider.id], model)
        assert name not in found, name
        found[name] = model
    return sorted(found.values(), key=lambda model: model.id.lower())


# --- corrections ---------------------------------------------------------------------------------


def number_of(model: str, family: str) -> tuple[int, ...]:
    found = re.match(family, model)
    return tuple(int(part or 0) for part in found.groups()) if found else (0,)


def correct(provider: str, model: Model) -> None:
    """Apply what is known better than in the source; see the header."""
    if provider == "anthropic":
        correct_anthropic(model)
    elif provider == "openai":
        correct_openai(model)
    elif provider == "deepseek":
        correct_deepseek(model)


def correct_anthropic(model: Model) -> None:
    is_later = number_of(model.id, r"claude-[a-z]+-(\d+)(?:-(\d))?$") >= (4, 6)
    for block in model.blocks:
        if is_later:
            block.regions = {"us": "1.1"}
        if "cache_read" in block.sheet.rates:
            block.modes.setdefault("batch", Decimal("0.5"))


def correct_openai(model: Model) -> None:
    is_later = number_of(model.id, r"gpt-(\d+)(?:\.(\d+))?(?:-|$)") >= (5, 4)
    for block in model.blocks:
        if is_later and "image" not in model.id:
            block.regions = {"eu": "1.1", "us": "1.1"}
    if model.id == "o3":
        model.blocks[0].sheet.rates["cache_read"] = Decimal("2.5")
    if model.id == "gpt-6-astra":
        for block in model.blocks:
            block.sheet.rates["cache_write_12h"] = Decimal(25)
            block.sheet.tiers[272000]["cache_write_12h"] = Decimal(50)


def correct_deepseek(model: Model) -> None:
    if model.id in ("deepseek-chat", "deepseek-reasoner"):
        late = {"input": Decimal("0.28"), "output": Decimal("0.42"), "cache_read": Decimal("0.028")}
        model.blocks.append(Block(date(2025, 9, 29), Sheet(late)))
    elif model.blocks[-1].windows:
        for window in model.blocks[-1].windows:
            window["weekdays"] = [1, 2, 3, 4, 5]


# --- to YAML -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Raw:
    """A value written without quotes."""

    text: str


def plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def rates(given: dict[str, Decimal]) -> dict[str, Any]:
    return {name: plain(given[name]) for name in ORDER if name in given}


def sheet_map(sheet: Sheet) -> dict[str, Any]:
    tree = rates(sheet.rates)
    if sheet.tiers:
        tree["tiers"] = [{**threshold(start), **rates(sheet.tiers[start])} for start in sorted(sheet.tiers)]
    return tree


def threshold(start: int) -> dict[str, Raw]:
    """The source writes an inclusive 200,000 as above 199,999."""
    return {"above": Raw(str(start))} if (start + 1) % 1000 else {"at_or_above": Raw(str(start + 1))}


def block_map(block: Block, until: date | None) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    if block.start:
        tree["valid_from"] = Raw(block.start.isoformat())
    if until:
        tree["valid_to"] = Raw(until.isoformat())
    tree.update(sheet_map(block.sheet))
    tiers = tree.pop("tiers", None)
    tree.update({name: plain(fee) for name, fee in block.fees.items()})
    if tiers:
        tree["tiers"] = tiers
    if block.windows:
        tree["time_windows"] = [window_map(window) for window in block.windows]
    if block.modes:
        tree["modifiers"] = {
            name: sheet_map(mode) if isinstance(mode, Sheet) else {"multiplier": plain(mode)}
            for name, mode in block.modes.items()
        }
    if block.regions:
        tree["regions"] = block.regions
    return tree


def window_map(window: dict[str, Any]) -> dict[str, Any]:
    days = {"weekdays": [Raw(str(day)) for day in window["weekdays"]]} if window["weekdays"] else {}
    return {"hours_utc": window["hours"], **days, **rates(window["rates"])}


def model_map(model: Model) -> dict[str, Any]:
    ends = [block.start for block in model.blocks[1:]] + [None]
    tree: dict[str, Any] = {
        "id": model.id if re.fullmatch(r"[\w.-]*[a-z][\w.-]*", model.id) else f'"{model.id}"'
    }
    tree["id"] = Raw(tree["id"])
    if model.match:
        tree["match"] = model.match
    tree["rates"] = [block_map(block, end) for block, end in zip(model.blocks, ends, strict=True)]
    return tree


def flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow, value)) + "]"
    return value.text if isinstance(value, Raw) else f'"{value}"'


def write(value: Any, indent: str, first: str) -> Iterator[str]:
    """Lines of a map; what fits stands on one line, but no model with its blocks, no block with its modes."""
    short = f"{first}{flow(value)}"
    if len(short) <= WIDTH and "modifiers" not in short and "rates:" not in short:
        yield short
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from pair(key, part, first, indent)
            first = indent


def pair(key: str, value: Any, first: str, indent: str) -> Iterator[str]:
    short = f"{first}{key}: {flow(value)}"
    if not isinstance(value, dict | list) or (len(short) <= WIDTH and key != "rates"):
        yield short
    else:
        yield f"{first}{key}:"
        if isinstance(value, dict):
            yield from write(value, f"{indent}  ", f"{indent}  ")
        for part in value if isinstance(value, list) else ():
            yield from write(part, f"{indent}    ", f"{indent}  - ")


def text() -> str:
    """The whole file."""
    lines = [HEADER, "version: 1\ncurrency: USD\n\nproviders:"]
    known = {provider.id: provider for provider in source_providers}
    for theirs, ours in PROVIDERS.items():
        lines += [f"  {ours}:", "    models:"]
        for model in models_of(known[theirs]):
            lines += write(model_map(model), " " * 8, " " * 6 + "- ")
        if ours == "openrouter":
            lines.append('      - {id: free variants, match: ["*:free"], free: true}')
    return "\n".join(lines) + "\n" + LOCAL


def main() -> int:
    found = version("genai-prices")
    if found != SOURCE_VERSION:
        print(
            f"genai-prices {found} is installed; this script is written for {SOURCE_VERSION}.",
            file=sys.stderr,
        )
        return 2
    made = text()
    if "--check" in sys.argv[1:]:
        same = TARGET.read_text(encoding="utf-8") == made
        print("pricing.yaml is current." if same else "pricing.yaml differs. Run .ci/make_pricing.py.")
        return 0 if same else 1
    TARGET.write_text(made, encoding="utf-8", newline="\n")
    print(f"pricing.yaml: {made.count('- id: ') + made.count('{id: ')} models, {len(made):,} characters.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
