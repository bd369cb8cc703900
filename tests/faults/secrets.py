"""Plant a secret phrase wherever a log may hold what was said, and look for it in all that is left and shown.

Of a log only listed names may be kept: `LISTED` is that list, and `LISTED_THERE` what is a name in one format
only. Of any other value, of a count that is a text, of a line that is damaged nothing may be found again.
"""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import click

from tests.collectors.support import NOW
from tests.faults import planting
from tests.faults.specimens import Specimen, specimens
from vaultsync.collectors.reading import LogFile, Reader, capped
from vaultsync.model import Issue, UsageEvent

ROOT = Path(__file__).parent.parent.parent
WORD = b"quittenmus"
"""What is looked for, in whatever case."""
PHRASES = (
    "Das Geheimnis lautet Quittenmus, sag es niemandem.",
    "quittenmus@example.org",
    "sk-ant-api03-Quittenmus-0123456789",
    "QUITTENMUS\n| zweite | Zeile |",
)
_MODELS = "model modelname modelid modelversion engine canonicalmodel mainmodel selectedmodel resolvedmodel"
_MODELS += " requestmodel responsemodel providedmodelname modelpermaslug lineitem"
_PROVIDERS = "provider vendor modelprovider providerid providername billingprovider providerlock"
_PROVIDERS += " customllmprovider servicetier usagetype region inferencegeo"
_PROJECTS = "project projectid cwd workingdir folderpaths gitroot worktreepath repository appname"
_PROJECTS += " userapikeyalias branch gitbranch currentbranch"
_SESSIONS = (
    "sessionid conversationid gen_ai.conversation.id threadid parentsessionid parentid agentid responseid"
)
_ACTIONS = "actiontype actionname runtype runlog agent subagenttype operationtype skill"
_ATTRIBUTES = "service.name genai.provider.name genai.system genai.request.model genai.response.model"
_ATTRIBUTES += " genai.conversation.id session.id conversation.id modeldeploymentname"
_ATTRIBUTES += " goog-generativelanguage-model"
_NAMES = (_MODELS, _PROVIDERS, _PROJECTS, _SESSIONS, _ACTIONS, _ATTRIBUTES)
LISTED = frozenset(" ".join(_NAMES).split())
"""Last parts of the places of names that are kept, in lower case and without underscores."""
LISTED_THERE: Mapping[str, frozenset[str]] = {
    name: frozenset(places.split())
    for name, places in {
        "amp": ".title",
        "claude-code": ".message.content[].id .startTime",
        "cline-sessions": ".messages[].modelInfo.id",
        "codex": ".payload.id .payload.cli_version",
        "codex-names": ".thread_name",
        "copilot": ".id",
        "copilot-otel": ".attributes.gen_ai.conversation.id .attributes.gen_ai.response.model",
        "goose": ".sessions.id .sessions.name .usage_ledger.session_id",
        "google_billing_export.jsonl": ".project.id",
        "hermes": ".sessions.id .sessions.title .session_model_usage.task",
        "kilo-cli": ".session.id .session.title",
        "ledger-events": ".source .mode .flags",
        "mimo-code": ".session.id .session.title",
        "openclaw": ".id",
        "opencode": ".session.id .session.title",
        "pi": ".id",
        "qwen-code": ".source",
        "zed": ".threads.id .threads.summary",
    }.items()
}
"""The same of single formats: titles of sessions, ids, and words that mean something else elsewhere."""


def is_listed(specimen: str, place: str) -> bool:
    """Say whether what stands at a place may be kept."""
    pair = re.search(r"\[([^\]]+)\]\.value(\.\w+)?$", place)
    last = pair[1] if pair else re.split(r"[.~]", place)[-1]
    return last.lower().replace("_", "") in LISTED or place in LISTED_THERE.get(specimen, ())


class Leak(NamedTuple):
    """The phrase was found."""

    where: str
    """In what."""
    planted: str
    """At which place of which log."""


# --- what a collector takes from a log ----------------------------------------------------------


def taken(specimen: Specimen, path: Path) -> Iterator[str]:
    """Names of what holds the phrase of all that a reading would keep or say; ids are kept as hashes only."""
    now = int(NOW.timestamp() * 1e9)
    reader = Reader(LogFile.look(path), UTC, now_ns=now, last_modified_ns=now - 10**14)
    if not specimen.collector.claims(reader.file):
        return
    found: list[Any] = [*capped(specimen.collector.collect(reader), reader), *reader.issues]
    for each in found:
        if isinstance(each, UsageEvent):
            each = each._replace(key=None)
        if _is_in(str(each) if isinstance(each, Issue) else repr(each)):
            yield type(each).__name__
    if _is_in(json.dumps(dict(reader.state))):
        yield "the state of the file"


def _is_in(text: str) -> bool:
    return WORD in text.lower().encode("utf-8", "replace")


@cache
def places(name: str) -> tuple[str, ...]:
    """All places of a specimen that are not listed."""
    with tempfile.TemporaryDirectory() as folder:
        return tuple(p for p in planting.places(_specimen(name), Path(folder)) if not is_listed(name, p))


def _specimen(name: str) -> Specimen:
    return next(one for one in specimens() if one.name == name)


def is_added(place: str) -> bool:
    """True for a place that the log itself does not have."""
    return ".+" in place


def one_by_one(name: str, phrase: str, *, is_long: bool) -> tuple[int, list[Leak]]:
    """Plant a phrase at each place of a specimen alone, at all together, and damage the log there.

    Args:
        is_long: Each of the places that a log does not have alone, too.

    Returns:
        How many logs were read, and what was found.
    """
    specimen, leaks, count = _specimen(name), [], 0
    every = places(name)
    groups = [{place} for place in every if is_long or not is_added(place)]
    groups += [set(every), {place for place in every if is_added(place)}]
    with tempfile.TemporaryDirectory() as folder:
        for group in groups:
            path = planting.plant(specimen, Path(folder), group.__contains__, phrase)
            damaged = [None, *planting.cut(path.read_bytes(), phrase.encode())] if len(group) > 1 else [None]
            for data in damaged if specimen.form != "store" else [None]:
                if data is not None:
                    path.write_bytes(data)
                shown = min(group) if len(group) == 1 else f"{len(group)} places"
                leaks += [Leak(where, f"{name}: {shown}") for where in taken(specimen, path)]
                count += 1
    return count, leaks


# --- what the program leaves and says -----------------------------------------------------------

COMMANDS = (
    ("collect", "-v"),
    ("daily", "-v", "--date", "2026-01-07"),
    ("report", "--by", "provider,model,project,session,branch,action,source", "--json"),
    ("show",),
    ("reconcile",),
    ("doctor", "-v"),
    ("ledger", "check"),
    ("ledger", "backup"),
    ("ledger", "rebuild"),
)
"""The last one meets a damaged ledger."""
NOTE = "# Day\n\n## 💰 Token Usage Today\n"


def everything(folder: Path, names: Sequence[str], phrases: Sequence[str]) -> tuple[int, list[Leak]]:
    """Let the program read all planted logs under an open umask, and search whatever it leaves and says.

    Returns:
        How many files and outputs were searched, and what was found.
    """
    vault = folder / "vault"
    (vault / ".obsidian").mkdir(parents=True)
    (vault / "2026-01-07.md").write_text(NOTE, encoding="utf-8")
    (vault / "vaultsync.yaml").write_text(
        "timezone: UTC\nlocale: en-gb\nagents: none\nlogs: [../logs]\nledger: ../state/vaultsync/ledger.db\n"
    )
    for name in names:
        _lay(_specimen(name), folder / "logs" / name.replace(".", "-"), phrases)
    leaks = []
    said = folder / "said"
    said.mkdir()
    for number, command in enumerate(COMMANDS):
        if command[1:] == ("rebuild",):
            _spoil(folder / "state" / "vaultsync" / "ledger.db")
        code = _run(folder, command, said / f"{number}-{'-'.join(command[:2])}")
        if code not in (0, 3):
            leaks.append(Leak(f"exit code {code}", " ".join(command)))
    (checked,) = said.glob("*-ledger-check")
    counted = re.search(r"([0-9,]+) events, no damage", checked.read_text())
    if not counted or int(counted[1].replace(",", "")) < len(names):
        leaks.append(Leak("few events were counted, so little was tried", checked.read_text()))
    searched = [path for path in _files(folder) if not path.is_relative_to(folder / "logs")]
    leaks += [Leak(str(path.relative_to(folder)), "all logs") for path in searched if holds(path)]
    leaks += [Leak(f"{path.relative_to(folder)}: {mode}", "rights") for path, mode in _open_to_others(folder)]
    return len(searched), leaks


def _lay(specimen: Specimen, folder: Path, phrases: Sequence[str]) -> None:
    """A log with the phrase in all texts that are no names, with it in all else, and damaged there."""
    every = places(specimen.name)
    for number, phrase in enumerate(phrases):
        planting.plant(
            specimen, folder / f"texts{number}", {p for p in every if is_added(p)}.__contains__, phrase
        )
        path = planting.plant(specimen, folder / f"all{number}", {*every}.__contains__, phrase)
        if specimen.form == "store":
            continue
        for place, data in enumerate(planting.cut(path.read_bytes(), phrase.encode())):
            damaged = specimen.put(folder / f"cut{number}{place}")
            damaged.write_bytes(data)


def _run(folder: Path, command: Sequence[str], output: Path) -> int:
    environ = {"PATH": os.environ["PATH"], "LANG": "C", "HOME": str(folder / "home")}
    environ |= {"XDG_STATE_HOME": str(folder / "state"), "PYTHONPATH": str(ROOT)}
    environ |= {"TMPDIR": str(folder / "tmp"), "SQLITE_TMPDIR": str(folder / "tmp")}
    for name in ("home", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    program = [sys.executable, "-c", "import os; os.umask(0)\nfrom vaultsync.__main__ import main\nmain()"]
    with output.open("wb") as stream:
        return subprocess.run(
            [*program, *command], cwd=folder / "vault", env=environ, stdout=stream, stderr=stream, check=False
        ).returncode


def _spoil(ledger: Path) -> None:
    """Overwrite a page in the middle, as a bad disk does."""
    with ledger.open("r+b") as stream:
        stream.seek(ledger.stat().st_size // 2 // 4096 * 4096)
        stream.write(b"\xa5" * 4096)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def holds(path: Path) -> bool:
    """Say whether a file holds the phrase, or has it in its name."""
    return WORD in path.read_bytes().lower() or WORD in os.fsencode(path.name).lower()


def _open_to_others(folder: Path) -> Iterator[tuple[Path, str]]:
    """What others may enter or read in the state folder; a note that lost its name there keeps its rights."""
    state = folder / "state" / "vaultsync"
    for path in (state, *sorted(state.rglob("*"))):
        is_note = path.parent.parent.name == "replaced" and path.suffix != ".json"
        if os.name == "posix" and path.stat().st_mode & 0o077 and not is_note:
            yield path, stat.filemode(path.stat().st_mode)


# --- the program --------------------------------------------------------------------------------


def _one(task: tuple[str, str, bool]) -> tuple[int, list[Leak]]:
    name, phrase, is_long = task
    return one_by_one(name, phrase, is_long=is_long)


def run(names: Iterable[str], phrases: Sequence[str], *, is_long: bool, jobs: int) -> tuple[int, list[Leak]]:
    """Plant phrases into specimens, some at the same time."""
    tasks = [(name, phrase, is_long) for name in names for phrase in phrases]
    context = get_context("fork" if os.name == "posix" else "spawn")
    with context.Pool(jobs) as pool:
        found = list(pool.imap_unordered(_one, tasks))
    return sum(count for count, _ in found), [leak for _, leaks in found for leak in leaks]


@click.command()
@click.option("--long", "is_long", is_flag=True, help="Every phrase at every place alone.")
@click.option("--only", multiple=True, metavar="NAME", help="Only these formats; may be repeated.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True)
def main(is_long: bool, only: Sequence[str], jobs: int) -> None:
    """Plant a secret phrase in every field of every format, and look for it everywhere."""
    begun = time.monotonic()
    names = [one.name for one in specimens() if not only or one.name in only]
    phrases = PHRASES if is_long else PHRASES[:1]
    read, leaks = run(names, phrases, is_long=is_long, jobs=jobs)
    click.echo(f"secrets: {len(names)} logs, {read:,} times with a phrase planted; {len(leaks)} leaks")
    with tempfile.TemporaryDirectory(prefix="secrets-") as folder:
        searched, more = everything(Path(folder), names, phrases)
    click.echo(
        f"secrets: {len(COMMANDS)} commands over all of them, {searched:,} files and outputs searched; "
        f"{len(more)} leaks; {time.monotonic() - begun:.0f} s"
    )
    for leak in (leaks + more)[:100]:
        click.echo(f"  LEAK {leak.planted}: {leak.where}")
    raise SystemExit(1 if leaks or more else 0)
