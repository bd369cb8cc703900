"""Where things are and how they are wanted: built-in < `vaultsync.yaml` < environment < options."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final, Literal, NoReturn
from zoneinfo import ZoneInfo

from vaultsync import __version__
from vaultsync.capture.log import usual as captured_in
from vaultsync.errors import ConfigError
from vaultsync.periods import NoteKind
from vaultsync.settings.document import Source, Value, read, scalar
from vaultsync.settings.keys import (
    READERS,
    Create,
    NoteSettings,
    RawMapping,
    Tellings,
    read_keys,
    resolve_notes,
)
from vaultsync.settings.places import (
    CONFIG_NAME,
    check_vault,
    default_ledger,
    followed,
    has_config_folder,
    is_vault,
    nearest_vault,
    searched,
    shipped,
    vault_marks,
)
from vaultsync.settings.projects import Rule, project_name

__all__ = [
    "CONFIG_NAME",
    "Create",
    "NoteSettings",
    "RawMapping",
    "Settings",
    "Tellings",
    "check_vault",
    "has_config_folder",
    "is_vault",
    "load",
    "nearest_vault",
    "shipped",
    "vault_marks",
]

DEFAULTS: Final[Mapping[str, Any]] = {
    "locale": None,
    "currency": "USD",
    "logs": (),
    "agents": "auto",
    "mappings": (),
    "projects": (),
    "cost": "auto",
    "create": "auto",
    "properties": True,
    "quarter": "calendar",
    "outcomes": (),
    "tellings": Tellings(),
}
TEMPLATES = "_templates/vaultsync"
OUTSIDE: Final = ("vault", "config", "logs", "ledger", "timezone")
"""Settings that an option or a VAULTSYNC_ variable can name."""
UNRENDERED: Final = {
    "vault",
    "config_file",
    "zone",
    "logs",
    "agents",
    "mappings",
    "ledger",
    "names_ledger",
    "pricing",
    "templates",
    "looked",
    "lines",
}
"""Fields that do not influence a note, or do so by what lies there."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of a run, checked; every path is absolute."""

    vault: Path
    """An existing folder."""
    config_file: Path | None
    """The `vaultsync.yaml` that was read; None: there is none."""
    zone: tzinfo
    zone_name: str
    locale: str | None
    """Moment.js locale, lower case; None: the vault's, else the system's."""
    currency: str
    """Three capital letters."""
    logs: tuple[Path, ...]
    """Files and folders; they may be missing. What scripts have captured is among them, if it is there."""
    agents: Literal["auto", "none"] | tuple[str, ...]
    """Names of collectors, unchecked."""
    mappings: tuple[RawMapping, ...]
    """Unchecked."""
    projects: tuple[Rule, ...]
    ledger: Path
    names_ledger: bool
    """False: it is the default one."""
    pricing: tuple[Path, ...]
    """Existing files, laid over the shipped price list in this order."""
    cost: Literal["auto", "calculated", "reported"]
    templates: Path
    """Looked up first; may be missing."""
    notes: Mapping[NoteKind, NoteSettings]
    """Every kind is there."""
    create: Create
    properties: bool
    quarter: Literal["calendar", "weeks"]
    outcomes: tuple[str, ...]
    tellings: Tellings
    looked: tuple[Path, ...] = ()
    """What was looked at to find the settings, whether or not it is there."""
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each key that stands in the file."""

    def refuse(self, key: str, what: str, remedy: str) -> NoReturn:
        """Raise the error of a key whose value only others could check."""
        raise ConfigError(self.config_file or CONFIG_NAME, self.lines.get(key), what, remedy)

    @property
    def state(self) -> Path:
        """The folder of the ledger: backups and locks live there, too."""
        return self.ledger.parent

    def project_name(self, logged: str | None) -> str | None:
        """The name that a project is shown under: the first rule that fits, else its last path component."""
        return project_name(self.projects, logged)

    def digest(self) -> str:
        """A fingerprint of what settings add to a rendered note: values, price lists, templates, program."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in UNRENDERED}
        values["projects"] = [(rule.name, rule.pattern) for rule in self.projects]
        mark = hashlib.blake2b(f"{__version__} {sorted(values.items())}".encode(), digest_size=16)
        shelf = shipped()
        templates = [*sorted((shelf / "templates").glob("*.j2")), *sorted(self.templates.glob("**/*.j2"))]
        for path in (shelf / "pricing.yaml", *self.pricing, *templates):
            if path.is_file():
                mark.update(f"\0{path.name}\0".encode(errors="surrogateescape") + path.read_bytes())
        return mark.hexdigest()


def load(options: Mapping[str, Any], environ: Mapping[str, str], cwd: Path) -> Settings:
    """Put the layers together and check them.

    Args:
        options: `vault`, `config`, `ledger`, `timezone`: text; `logs`: texts. None or empty: not given.
        environ: VAULTSYNC_VAULT, _CONFIG, _LEDGER, _TIMEZONE, _LOGS (separated like PATH), _CAPTURE; and
            what paths refer to.
        cwd: Where options and variables begin their relative paths, and where the search for a vault begins.

    Raises:
        ConfigError: A key, a type or a value that cannot be used; names file and line, or option or variable.
        VaultNotFoundError: No vault named and none above `cwd`, or the named one is missing or empty.
    """
    outside = _environment(environ, cwd) | _options(options, environ, cwd)
    config_file, written = _config(outside, environ, cwd)
    config = read_keys(written)
    home = config_file.parent if config_file else None
    named = read_keys({key: value for key, value in outside.items() if key != "config"})
    vault = named.get("vault") or config.get("vault") or home or nearest_vault(cwd)
    chosen = {**DEFAULTS, **config, **named, "vault": check_vault(Path(os.path.abspath(vault)))}  # noqa: PTH100
    is_named = "vault" in outside or "config" in outside
    looked = [config_file or chosen["vault"] / CONFIG_NAME] if is_named else searched(cwd)
    if "logs" not in outside and chosen["agents"] != "none":
        looked.append(captured := cwd / captured_in(environ))
        chosen["logs"] += (captured,) if captured.exists() else ()
    lines = {key: value.line for key, value in written.items() if value.line}
    return Settings(**_complete(chosen, config_file, looked), lines=lines)


def _complete(chosen: dict[str, Any], config_file: Path | None, looked: Sequence[Path]) -> dict[str, Any]:
    """Add what follows from other settings."""
    folder = config_file.parent if config_file else chosen["vault"]
    own_prices = folder / "pricing.yaml"
    if os.path.lexists(own_prices) and not own_prices.is_file() and "pricing" not in chosen:
        raise ConfigError(
            own_prices, None, "is not a regular file.", "Mend it, or name others with `pricing`."
        )
    zone_name = chosen.pop("timezone", None)
    zone, zone_name = (ZoneInfo(zone_name), zone_name) if zone_name else _machine_zone()
    chosen.setdefault("ledger", None)
    chosen.setdefault("templates", folder / TEMPLATES)
    chosen.setdefault("pricing", (own_prices,) if own_prices.is_file() else ())
    ledger = chosen["ledger"] or default_ledger()
    return chosen | {
        "config_file": config_file,
        "zone": zone,
        "zone_name": zone_name,
        "ledger": followed(ledger),
        "names_ledger": bool(chosen["ledger"]),
        "notes": resolve_notes(chosen.get("notes", {}), chosen),
        "looked": (*looked, ledger, own_prices, *chosen["pricing"]),
    }


def _config(
    outside: Mapping[str, Value], environ: Mapping[str, str], cwd: Path
) -> tuple[Path | None, Mapping[str, Value]]:
    """The configuration file, if there is one, and what it says by key."""
    if "config" in outside:
        file = outside["config"].path()
    else:
        file = (outside["vault"].path() if "vault" in outside else nearest_vault(cwd)) / CONFIG_NAME
        if not os.path.lexists(file):
            return None, {}
    file = Path(os.path.abspath(file))  # noqa: PTH100 - links stay as they are
    return file, read(Source(file, file.parent, environ)).table(READERS)


def _environment(environ: Mapping[str, str], cwd: Path) -> dict[str, Value]:
    """Settings given as VAULTSYNC_ variables; an empty one is not given."""
    given = {}
    for key in OUTSIDE:
        name = f"VAULTSYNC_{key.upper()}"
        if text := environ.get(name):
            parts = text.split(os.pathsep) if key == "logs" else [text]
            given[key] = _outer(Source(name, cwd, environ), key, parts)
    return given


def _options(options: Mapping[str, Any], environ: Mapping[str, str], cwd: Path) -> dict[str, Value]:
    """Settings given as options."""
    given = {}
    for key in OUTSIDE:
        if chosen := options.get(key):
            parts = (
                [os.fspath(chosen)]
                if isinstance(chosen, str | Path)
                else [os.fspath(part) for part in chosen]
            )
            given[key] = _outer(Source(f"--{key}", cwd, environ), key, parts)
    return given


def _outer(source: Source, key: str, parts: list[str]) -> Value:
    """A value from outside the file; `logs` is a list."""
    values = tuple(scalar(source, key, part) for part in parts if part)
    return Value(source, None, key, "list", values) if key == "logs" else values[0]


def _machine_zone() -> tuple[tzinfo, str]:
    """The time zone of this machine and its name.

    Raises:
        ConfigError: The system's own settings contradict each other or name an unknown zone.
    """
    from tzlocal import get_localzone, get_localzone_name

    try:
        zone = get_localzone()
        return zone, get_localzone_name() or str(zone)
    except (KeyError, ValueError, OSError, ImportError) as error:
        why = " ".join(str(error.args[0] if error.args else error).split()).rstrip(".")
        raise ConfigError(
            CONFIG_NAME,
            None,
            f"the machine's time zone is not clear: {why}.",
            "Write `timezone: Europe/Berlin` here.",
        ) from error
