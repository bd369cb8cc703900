"""Turn the user's mappings of foreign logs into collectors."""

from __future__ import annotations

from vaultsync.collectors.registry import Collector
from vaultsync.errors import ConfigError
from vaultsync.settings import Settings


def mapping_collectors(settings: Settings) -> list[Collector]:
    """One collector per mapping.

    Raises:
        ConfigError: A mapping that cannot be used, with its file and line.
    """
    if not settings.mappings:
        return []
    from vaultsync.collectors.logs.mapping import BadMapping, MappedLog, MappingSpec

    found: list[Collector] = []
    for raw in settings.mappings:
        try:
            found.append(MappedLog(MappingSpec.from_dict(raw.values)))
        except BadMapping as trouble:
            line = raw.lines.get(trouble.key, raw.line)
            raise ConfigError(raw.file, line, str(trouble), "See the README on mappings.") from trouble
    return found
